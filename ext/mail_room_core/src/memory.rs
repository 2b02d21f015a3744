//! What this process knows of one mailbox's messages, across reconnects and even across a crash of the watcher. It is
//! what keeps a message from being delivered twice while the server has not yet heard that it was.

use std::collections::{BTreeMap, BTreeSet, HashSet, VecDeque};
use std::time::{Duration, Instant};

use crate::failures::{Failure, Failures};
use crate::message::MessageId;
use crate::source::Mark;
use crate::ungiven::{Setback, Ungiven, UngivenMessages};

/// Ids that are texts and are remembered as done; some 6 MB.
const TEXTS: usize = 100_000;
/// First and longest delay before the server is asked again to mark a message that it did not mark.
const UNMARKED: (Duration, Duration) = (Duration::from_secs(5), Duration::from_secs(600));

/// The memory of one mailbox. Forgets everything when the scope (UIDVALIDITY) changes: the ids have lost their meaning.
#[derive(Debug, Default)]
pub struct Memory {
    scope: String,
    done: IdSet,
    fetched: IdSet,
    unacknowledged: BTreeMap<MessageId, Mark>,
    /// Those of them that the server did not mark: not to be asked for before then, and how often it was.
    unmarked: BTreeMap<MessageId, (Instant, u32)>,
    waiting: BTreeMap<MessageId, Instant>,
    ungiven: UngivenMessages,
    failures: Failures,
    /// How often the target was down just when it was given this message.
    struck: BTreeMap<MessageId, u32>,
    probing: bool,
    to_expunge: BTreeSet<MessageId>,
}

/// What is to be done about the messages that a search found.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Sorted {
    /// To be delivered, in the order found.
    pub todo: Vec<MessageId>,
    /// Long decided, but the server does not know or has forgotten: to be marked, and nothing else.
    pub to_mark: Vec<(MessageId, Mark)>,
    /// How many are to be delivered later: in backoff, or claimed by somebody else.
    pub waiting: usize,
}

impl Memory {
    /// Turns to the mailbox as it is called now.
    pub fn enter(&mut self, scope: &str) {
        if self.scope != scope {
            *self = Self { scope: scope.to_owned(), ..Self::default() };
        }
    }

    /// Whether what is known is about this mailbox, as it is called.
    pub(crate) fn is_about(&self, scope: &str) -> bool {
        self.scope == scope
    }

    /// Sorts out what a search found. `shows_unmarked`: the search finds a message only while it is not marked, so
    /// finding one that is done means the server has lost the mark. What the target was down for comes last: should it be
    /// the message that brings it down, the others do not wait for it.
    pub fn sort_out(&mut self, found: &[MessageId], shows_unmarked: Option<Mark>, now: Instant) -> Sorted {
        self.forget_unlisted(found, shows_unmarked.is_some());
        self.waiting.retain(|_, until| *until > now);
        let mut sorted = Sorted::default();
        for id in found {
            if let Some(mark) = self.unacknowledged.get(id) {
                if self.is_to_mark(id, now) {
                    sorted.to_mark.push((id.clone(), *mark));
                }
            } else if self.done.contains(id) {
                if let Some(mark) = shows_unmarked {
                    sorted.to_mark.push((id.clone(), mark));
                }
            } else if self.waiting.contains_key(id) {
                sorted.waiting = sorted.waiting.saturating_add(1);
            } else {
                sorted.todo.push(id.clone());
            }
        }
        if !self.struck.is_empty() {
            sorted.todo.sort_by_key(|id| self.struck.get(id).copied().unwrap_or(0));
        }
        sorted
    }

    /// What is noted of messages the server no longer lists serves nobody. That they are done stays known.
    fn forget_unlisted(&mut self, found: &[MessageId], marked_are_unlisted: bool) {
        let noted = self.ungiven.len() + self.failures.len() + self.unacknowledged.len() + self.struck.len();
        if noted == 0 {
            return;
        }
        let listed: BTreeSet<&MessageId> = found.iter().collect();
        self.ungiven.retain(|id| listed.contains(id));
        self.failures.retain(|id| listed.contains(id));
        self.struck.retain(|id, _| listed.contains(id));
        if marked_are_unlisted {
            self.unacknowledged.retain(|id, _| listed.contains(id));
            self.unmarked.retain(|id, _| listed.contains(id));
        }
    }

    /// The message's fate is decided; from now on it is at most marked on the server, never delivered again.
    pub fn decided(&mut self, id: &MessageId, mark: Mark) {
        self.done.insert(id);
        self.unacknowledged.insert(id.clone(), mark);
        self.waiting.remove(id);
        self.ungiven.forget(id);
        self.struck.remove(id);
        self.failures.forget(id);
    }

    /// The server has acknowledged the mark.
    pub fn acknowledged(&mut self, ids: &[MessageId], mark: Mark) {
        for id in ids {
            self.unacknowledged.remove(id);
            self.unmarked.remove(id);
            if mark == Mark::Deleted {
                self.to_expunge.insert(id.clone());
            }
        }
    }

    /// Messages we have marked deleted and that are not expunged yet.
    pub fn to_expunge(&self) -> &BTreeSet<MessageId> {
        &self.to_expunge
    }

    /// The server has expunged these.
    pub fn expunged(&mut self, ids: &[MessageId]) {
        for id in ids {
            self.to_expunge.remove(id);
        }
    }

    /// Not before `until`: in backoff, or claimed by somebody else.
    pub fn wait(&mut self, id: &MessageId, until: Instant) {
        self.waiting.insert(id.clone(), until);
    }

    /// The server listed the message and did not give it. It waits until it is asked for again.
    pub(crate) fn ungiven(&mut self, id: &MessageId, how: Ungiven, others_arrived: bool, now: Instant) -> Setback {
        let setback = self.ungiven.ungiven(id, how, others_arrived);
        self.waiting.insert(id.clone(), now + setback.backoff);
        setback
    }

    /// What is known of messages that the server did not give.
    pub(crate) fn ungiven_messages(&mut self) -> &mut UngivenMessages {
        &mut self.ungiven
    }

    /// `id` was delivered; `mark` is how the server is told.
    pub fn delivered(&mut self, id: &MessageId, mark: Mark) {
        self.failures.succeeded(id);
        self.probing = false;
        self.decided(id, mark);
    }

    /// A hand-over failed. `refused`: the message itself was refused, no doubt about it.
    pub(crate) fn failed(&mut self, id: &MessageId, refused: bool) -> Failure {
        if refused { self.failures.refused(id) } else { self.failures.failed(id) }
    }

    /// The target was down when it was given this message alone.
    pub fn strike(&mut self, id: &MessageId) {
        let times = self.struck.entry(id.clone()).or_default();
        *times = times.saturating_add(1);
    }

    /// Whether so many messages failed in a row that the target is taken to be down.
    pub fn doubts_target(&self) -> bool {
        self.failures.doubted()
    }

    /// The target is down, or taken to be: until a message is delivered, one at a time is tried.
    pub fn probe(&mut self) {
        self.probing = true;
    }

    /// Whether one message at a time is tried.
    pub fn is_probing(&self) -> bool {
        self.probing
    }

    /// What is decided and not yet known to the server, as far as it is to be told now.
    pub fn unacknowledged(&self) -> Vec<(MessageId, Mark)> {
        let now = Instant::now();
        let due = self.unacknowledged.iter().filter(|(id, _)| self.is_to_mark(id, now));
        due.map(|(id, mark)| (id.clone(), *mark)).collect()
    }

    fn is_to_mark(&self, id: &MessageId, now: Instant) -> bool {
        self.unmarked.get(id).is_none_or(|(until, _)| *until <= now)
    }

    /// The server did not mark the message though it marks others: ask again, ever later. Returns when that is.
    pub fn unmarked(&mut self, id: &MessageId, now: Instant) -> Duration {
        let (until, times) = self.unmarked.entry(id.clone()).or_insert((now, 0));
        let delay = UNMARKED.0.saturating_mul(2_u32.saturating_pow(*times)).min(UNMARKED.1);
        *until = now + delay;
        *times = times.saturating_add(1);
        delay
    }

    /// The message has arrived. Tells whether it is the first time.
    pub fn fetched(&mut self, id: &MessageId) -> bool {
        let first = !self.fetched.contains(id);
        self.fetched.insert(id);
        first
    }

    /// When the next message that waits may be tried again, or marked.
    pub fn next_try(&self) -> Option<Instant> {
        self.waiting.values().chain(self.unmarked.values().map(|(until, _)| until)).min().copied()
    }
}

/// A set of ids. UIDs come in long runs and are kept as ranges: years of mail take a few octets. Of texts the last
/// [`TEXTS`] are kept, as their hashes: older ones have long been marked on the server.
#[derive(Debug, Default)]
struct IdSet {
    /// First UID of a range to its last; ranges neither touch nor overlap.
    uids: BTreeMap<u32, u32>,
    texts: HashSet<[u8; HASH]>,
    /// In the order they came.
    oldest: VecDeque<[u8; HASH]>,
}

/// Octets of a text's hash: enough that no two texts share one.
const HASH: usize = 16;

fn hash(text: &str) -> [u8; HASH] {
    let digest = ring::digest::digest(&ring::digest::SHA256, text.as_bytes());
    let mut hash = [0; HASH];
    hash.iter_mut().zip(digest.as_ref()).for_each(|(to, from)| *to = *from);
    hash
}

impl IdSet {
    fn contains(&self, id: &MessageId) -> bool {
        match id {
            MessageId::Uid(uid) => self.uids.range(..=uid).next_back().is_some_and(|(_, last)| last >= uid),
            MessageId::Text(text) => self.texts.contains(&hash(text)),
        }
    }

    fn insert(&mut self, id: &MessageId) {
        let uid = match id {
            MessageId::Uid(uid) => *uid,
            MessageId::Text(text) => return self.insert_text(hash(text)),
        };
        if self.contains(id) {
            return;
        }
        let first = match self.uids.range(..uid).next_back() {
            Some((&first, &last)) if last.checked_add(1) == Some(uid) => first,
            _ => uid,
        };
        let last = uid.checked_add(1).and_then(|next| self.uids.remove(&next)).unwrap_or(uid);
        self.uids.insert(first, last);
    }

    fn insert_text(&mut self, hash: [u8; HASH]) {
        if !self.texts.insert(hash) {
            return;
        }
        self.oldest.push_back(hash);
        if self.oldest.len() > TEXTS
            && let Some(oldest) = self.oldest.pop_front()
        {
            self.texts.remove(&oldest);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn uid(uid: u32) -> MessageId {
        MessageId::Uid(uid)
    }

    #[test]
    fn what_the_target_was_down_for_comes_last() {
        let mut memory = Memory::default();
        let found: Vec<_> = (1..=4).map(uid).collect();
        memory.strike(&uid(1));
        memory.strike(&uid(1));
        memory.strike(&uid(2));
        let now = Instant::now();
        assert_eq!(memory.sort_out(&found, None, now).todo, [uid(3), uid(4), uid(2), uid(1)]);
        memory.decided(&uid(2), Mark::Seen);
        assert_eq!(memory.sort_out(&found, None, now).todo, [uid(3), uid(4), uid(1)]);
        // One that is gone from the mailbox is forgotten.
        memory.sort_out(&found[1..], None, now);
        assert_eq!(memory.sort_out(&found, None, now).todo, [uid(1), uid(3), uid(4)]);
    }

    #[test]
    fn id_set_keeps_runs_as_ranges() {
        let mut set = IdSet::default();
        for id in [5, 3, 4, 9, 1, 2, u32::MAX, u32::MAX - 1, 4] {
            set.insert(&uid(id));
        }
        assert_eq!(set.uids, BTreeMap::from([(1, 5), (9, 9), (u32::MAX - 1, u32::MAX)]));
        for id in [1, 5, 9, u32::MAX] {
            assert!(set.contains(&uid(id)));
        }
        for id in [6, 8, 10, u32::MAX - 2] {
            assert!(!set.contains(&uid(id)));
        }
        let text = MessageId::Text("AAMk=".into());
        assert!(!set.contains(&text));
        set.insert(&text);
        assert!(set.contains(&text));
        assert!(!set.contains(&MessageId::Text("aamk=".into())));
    }

    #[test]
    fn id_set_forgets_the_oldest_texts() {
        let text = |number: usize| MessageId::Text(number.to_string().into());
        let mut set = IdSet::default();
        (0..=TEXTS).for_each(|number| set.insert(&text(number)));
        set.insert(&text(TEXTS));
        assert!(!set.contains(&text(0)) && set.contains(&text(1)) && set.contains(&text(TEXTS)));
        assert_eq!((set.texts.len(), set.oldest.len()), (TEXTS, TEXTS));
    }

    #[test]
    fn a_decided_message_is_marked_until_acknowledged_and_never_done_again() {
        let now = Instant::now();
        let mut memory = Memory::default();
        memory.enter("a");
        memory.decided(&uid(1), Mark::Seen);
        let sorted = memory.sort_out(&[uid(1), uid(2)], None, now);
        assert_eq!(sorted, Sorted { todo: vec![uid(2)], to_mark: vec![(uid(1), Mark::Seen)], waiting: 0 });
        memory.acknowledged(&[uid(1)], Mark::Seen);
        assert_eq!(memory.sort_out(&[uid(1)], None, now), Sorted::default());
        assert_eq!(memory.sort_out(&[uid(1)], Some(Mark::Seen), now).to_mark, vec![(uid(1), Mark::Seen)]);
    }

    #[test]
    fn a_message_arrives_for_the_first_time_once() {
        let mut memory = Memory::default();
        memory.enter("a");
        assert_eq!([1, 2, 1].map(|id| memory.fetched(&uid(id))), [true, true, false]);
    }

    #[test]
    fn what_the_server_does_not_mark_is_asked_for_again_ever_later() {
        let now = Instant::now();
        let mut memory = Memory::default();
        memory.enter("a");
        memory.decided(&uid(1), Mark::Seen);
        assert_eq!(memory.unmarked(&uid(1), now), UNMARKED.0);
        assert_eq!(memory.unmarked(&uid(1), now), 2 * UNMARKED.0);
        let later = now + 2 * UNMARKED.0;
        assert_eq!((memory.unacknowledged(), memory.next_try()), (vec![], Some(later)));
        assert_eq!(memory.sort_out(&[uid(1)], Some(Mark::Seen), now), Sorted::default());
        assert_eq!(memory.sort_out(&[uid(1)], Some(Mark::Seen), later).to_mark, vec![(uid(1), Mark::Seen)]);
        memory.acknowledged(&[uid(1)], Mark::Seen);
        assert_eq!((memory.next_try(), memory.unmarked(&uid(1), now)), (None, UNMARKED.0));
        assert_eq!(memory.sort_out(&[], Some(Mark::Seen), now), Sorted::default());
        memory.decided(&uid(2), Mark::Seen);
        memory.sort_out(&[uid(2)], Some(Mark::Seen), now);
        assert_eq!(memory.next_try(), None);
    }

    #[test]
    fn a_waiting_message_comes_back_when_its_time_is_over() {
        let now = Instant::now();
        let later = now + Duration::from_secs(5);
        let mut memory = Memory::default();
        memory.wait(&uid(1), later);
        assert_eq!(memory.next_try(), Some(later));
        assert_eq!(memory.sort_out(&[uid(1)], None, now), Sorted { waiting: 1, ..Sorted::default() });
        assert_eq!(memory.sort_out(&[uid(1)], None, later).todo, vec![uid(1)]);
        assert_eq!(memory.next_try(), None);
    }

    #[test]
    fn everything_is_forgotten_when_the_ids_lose_their_meaning() {
        let mut memory = Memory::default();
        memory.enter("a");
        memory.decided(&uid(1), Mark::Seen);
        memory.enter("a");
        assert_eq!(memory.sort_out(&[uid(1)], None, Instant::now()).todo, vec![]);
        memory.enter("b");
        assert_eq!(memory.sort_out(&[uid(1)], None, Instant::now()).todo, vec![uid(1)]);
    }
}
