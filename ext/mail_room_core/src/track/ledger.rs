//! What this process knows of one mailbox's messages, across reconnects and even across a crash of the watcher. It is
//! what keeps a message from being delivered twice while the server has not yet heard that it was.

mod id_set;
mod marks;
mod trouble;

use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};

use crate::message::MessageId;
use crate::outcome::Symptom;
use crate::source::{AbsentFlags, Mark};
use crate::track::failures::{Failure, Failures};
use crate::track::ungiven::{Setback, Ungiven, UngivenMessages};
use id_set::IdSet;
use marks::{Listed, Marks};

/// The memory of one mailbox. Forgets everything when the scope (UIDVALIDITY) changes: the ids have lost their meaning.
#[derive(Debug, Default)]
pub struct Ledger {
    scope: String,
    marks: Marks,
    fetched: IdSet,
    waiting: BTreeMap<MessageId, Instant>,
    ungiven: UngivenMessages,
    failures: Failures,
    /// How often the target was down just when it was given this message.
    struck: BTreeMap<MessageId, u32>,
    probing: bool,
    /// Found marked deleted, and not yet known whether by us.
    pub(crate) leftovers: Vec<MessageId>,
    newest_first: bool,
    /// The list that is sorted out next does not hold all there is.
    in_part: bool,
}

/// What is to be done about the messages that a search found.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Sorted {
    /// To be delivered, in the order found.
    pub todo: Vec<MessageId>,
    /// How many are to be delivered later: in backoff, or claimed by somebody else.
    pub waiting: usize,
    /// Those of `todo` that were set aside, until a person marked them unread.
    pub tried_again: Vec<MessageId>,
    /// Decided and, as the search shows, marked by the server, although its acknowledgement never came.
    pub known: Vec<(MessageId, Mark)>,
    /// The server acknowledged the mark of these and yet lists them: it does not keep it.
    pub unkept: Vec<MessageId>,
}

impl Ledger {
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

    /// What the search found that is sorted out next is not all there is: what it does not list says nothing.
    pub(crate) fn found_in_part(&mut self) {
        self.in_part = true;
    }

    /// Sorts out what a search found that asks for messages without the `absent` flags. What the target was down for comes
    /// last: should it be the message that brings it down, the others do not wait for it.
    pub fn sort_out(&mut self, found: &[MessageId], absent: AbsentFlags, now: Instant) -> Sorted {
        let known = if std::mem::take(&mut self.in_part) { Vec::new() } else { self.forget_unlisted(found, absent) };
        self.waiting.retain(|_, until| *until > now);
        let mut sorted = Sorted { known, ..Sorted::default() };
        for id in found {
            match self.marks.listed(id, absent, now, &mut sorted.unkept) {
                Listed::Decided => continue,
                Listed::TryAgain => sorted.tried_again.push(id.clone()),
                Listed::TryLater(until) => _ = self.waiting.insert(id.clone(), until),
                Listed::New => {}
            }
            if self.waiting.contains_key(id) {
                sorted.waiting = sorted.waiting.saturating_add(1);
            } else {
                sorted.todo.push(id.clone());
            }
        }
        if !self.struck.is_empty() {
            sorted.todo.sort_by_key(|id| self.strikes(id));
        }
        // If those at the head are at fault and not the target, the newest gets through.
        if std::mem::take(&mut self.newest_first) || self.doubts_target() {
            let fewest = sorted.todo.first().map_or(0, |id| self.strikes(id));
            let head = sorted.todo.iter().take_while(|id| self.strikes(id) == fewest).count();
            if let Some(head) = sorted.todo.get_mut(..head) {
                head.rotate_right(1.min(head.len()));
            }
        }
        sorted
    }

    fn strikes(&self, id: &MessageId) -> u32 {
        self.struck.get(id).copied().unwrap_or(0)
    }

    /// What is noted of messages the server no longer lists serves nobody. That they are done stays known.
    fn forget_unlisted(&mut self, found: &[MessageId], absent: AbsentFlags) -> Vec<(MessageId, Mark)> {
        self.marks.confirm_unlisted(found);
        let noted = self.ungiven.len() + self.failures.len() + self.marks.noted() + self.struck.len();
        if noted == 0 {
            return Vec::new();
        }
        let listed: BTreeSet<&MessageId> = found.iter().collect();
        self.ungiven.retain(|id| listed.contains(id));
        self.failures.retain(|id| listed.contains(id));
        self.struck.retain(|id, _| listed.contains(id));
        self.marks.unlisted(&listed, absent)
    }

    /// The message's fate is decided; from now on it is at most marked on the server, never delivered again.
    pub fn decided(&mut self, id: &MessageId, mark: Mark) {
        self.marks.decided(id, mark);
        self.waiting.remove(id);
        self.ungiven.forget(id);
        self.struck.remove(id);
        self.failures.forget(id);
    }

    /// The server has acknowledged the mark. Returns those of which the arbiter may be told; it must not forget the others.
    pub fn acknowledged(&mut self, ids: &[MessageId], mark: Mark) -> Vec<MessageId> {
        self.marks.acknowledged(ids, mark)
    }

    /// Whether it is time to warn that the server does not keep the marks of `unkept`. `late`: it may list a message for a
    /// moment after it was marked.
    pub(crate) fn tells_unkept(&mut self, unkept: &[MessageId], late: bool, now: Instant) -> bool {
        self.marks.tells_unkept(unkept, late, now)
    }

    /// Messages we have marked deleted and that are to be expunged now.
    pub fn to_expunge(&self, now: Instant) -> Vec<MessageId> {
        self.marks.to_expunge(now)
    }

    /// The server has expunged these, or never is to.
    pub fn expunged(&mut self, ids: &[MessageId]) {
        self.marks.expunged(ids);
    }

    /// The server did not expunge: ask again, ever later. Returns when that is.
    pub(crate) fn not_expunged(&mut self, now: Instant) -> Duration {
        self.marks.not_expunged(now)
    }

    /// These bear \Deleted and were delivered by us, in this process or in an earlier one.
    pub(crate) fn found_deleted(&mut self, ids: impl Iterator<Item = MessageId>) {
        self.marks.found_deleted(ids);
    }

    /// Whether `id` was meant to be deleted; `None` if nothing is known of it.
    pub(crate) fn is_deleted_by_us(&self, id: &MessageId) -> Option<bool> {
        self.marks.is_deleted_by_us(id)
    }

    /// Messages of `found` that were delivered, and of which the arbiter must be told now that it must not forget them.
    pub(crate) fn unremembered(&mut self, found: &[MessageId], now: Instant) -> Vec<MessageId> {
        self.marks.unremembered(found, now)
    }

    /// The arbiter was told to remember these.
    pub(crate) fn remembered(&mut self, ids: &[MessageId]) {
        self.marks.remembered(ids);
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

    /// The message itself was refused, no doubt about it.
    pub(crate) fn refused(&mut self, id: &MessageId) -> Failure {
        self.failures.refused(id)
    }

    /// A hand-over failed, and it may be the message's fault or the target's.
    pub(crate) fn failed(&mut self, id: &MessageId, symptom: Symptom) -> Failure {
        self.failures.failed(id, symptom, Instant::now())
    }

    /// The target is down for a reason that has nothing to do with any message.
    pub(crate) fn outage(&mut self) {
        self.failures.outage();
    }

    /// Something new has come while the target was left alone: the newest message is tried first, once.
    pub(crate) fn newest_first(&mut self) {
        self.newest_first = true;
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

    /// What is decided and the server is to be told, but for what it gave trouble with.
    pub fn to_mark(&self) -> Vec<(MessageId, Mark)> {
        self.marks.fresh()
    }

    /// What the server gave trouble with and is to be asked again now, in groups: what is in one group may be marked by one
    /// command.
    pub(crate) fn to_mark_again(&self, now: Instant) -> Vec<Vec<(MessageId, Mark)>> {
        self.marks.in_trouble(now)
    }

    /// Whether the server is to be told now what was decided.
    pub fn is_to_mark(&self, now: Instant) -> bool {
        self.marks.is_due(now)
    }

    /// The server did not mark the message though it answers: ask again, ever later. Returns when that is.
    pub fn unmarked(&mut self, id: &MessageId, now: Instant) -> Duration {
        self.marks.unmarked(id, now)
    }

    /// The connection ended while these were marked. They are marked last from now on, in ever smaller groups.
    /// Returns when the last of them is.
    pub(crate) fn cut_while_marking(&mut self, ids: &[MessageId], now: Instant) -> Duration {
        self.marks.cut(ids, now)
    }

    /// The message has arrived. Tells whether it is the first time.
    pub fn fetched(&mut self, id: &MessageId) -> bool {
        let first = !self.fetched.contains(id);
        self.fetched.insert(id);
        first
    }

    /// When the next message that waits may be tried again, or marked.
    pub fn next_try(&self) -> Option<Instant> {
        self.waiting.values().copied().chain(self.marks.next_try()).min()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOTHING: AbsentFlags = AbsentFlags { seen: false, deleted: false, flagged: false };
    const UNSEEN: AbsentFlags = AbsentFlags { seen: true, ..NOTHING };
    const UNDELETED: AbsentFlags = AbsentFlags { deleted: true, ..NOTHING };

    fn uid(uid: u32) -> MessageId {
        MessageId::Uid(uid)
    }

    #[test]
    fn what_the_target_was_down_for_comes_last() {
        let mut memory = Ledger::default();
        let found: Vec<_> = (1..=4).map(uid).collect();
        memory.strike(&uid(1));
        memory.strike(&uid(1));
        memory.strike(&uid(2));
        let now = Instant::now();
        assert_eq!(memory.sort_out(&found, NOTHING, now).todo, [uid(3), uid(4), uid(2), uid(1)]);
        memory.decided(&uid(2), Mark::Seen);
        assert_eq!(memory.sort_out(&found, NOTHING, now).todo, [uid(3), uid(4), uid(1)]);
        // One that is gone from the mailbox is forgotten.
        memory.sort_out(&found[1..], NOTHING, now);
        assert_eq!(memory.sort_out(&found, NOTHING, now).todo, [uid(1), uid(3), uid(4)]);
    }

    #[test]
    fn a_decided_message_is_marked_until_acknowledged_and_never_done_again() {
        let now = Instant::now();
        let mut memory = Ledger::default();
        memory.decided(&uid(1), Mark::Seen);
        let sorted = memory.sort_out(&[uid(1), uid(2)], NOTHING, now);
        assert_eq!(sorted, Sorted { todo: vec![uid(2)], ..Sorted::default() });
        for found in [vec![uid(1)], vec![]] {
            memory.sort_out(&found, UNSEEN, now);
            assert_eq!(memory.to_mark(), [(uid(1), Mark::Seen)], "listed or not");
        }
        assert_eq!(memory.acknowledged(&[uid(1)], Mark::Seen), [uid(1)]);
        assert!(memory.to_mark().is_empty() && !memory.is_to_mark(now));
        assert_eq!(memory.sort_out(&[uid(1)], NOTHING, now), Sorted::default());
        assert!(!memory.is_to_mark(now));
    }

    /// Decides, has the server acknowledge it, and sees that it is not listed any more.
    fn settle(memory: &mut Ledger, id: u32, mark: Mark, absent: AbsentFlags) {
        memory.decided(&uid(id), mark);
        memory.acknowledged(&[uid(id)], mark);
        assert_eq!(memory.sort_out(&[], absent, Instant::now()), Sorted::default());
    }

    #[test]
    fn a_message_set_aside_that_a_person_marks_unread_is_tried_again_from_the_start() {
        let mut now = Instant::now();
        let mut memory = Ledger::default();
        for minutes in [1, 2, 4] {
            assert_eq!(memory.refused(&uid(1)).counted, 1);
            settle(&mut memory, 1, Mark::SetAside, UNSEEN);
            let sorted = memory.sort_out(&[uid(1)], UNSEEN, now);
            let expected = Sorted { todo: vec![uid(1)], tried_again: vec![uid(1)], ..Sorted::default() };
            assert_eq!(sorted, expected);
            assert!(memory.to_mark().is_empty() && memory.to_expunge(now).is_empty());
            // It may be the server that has lost the mark: ever later, and not marked meanwhile.
            settle(&mut memory, 1, Mark::SetAside, UNSEEN);
            let waiting = Sorted { waiting: 1, ..Sorted::default() };
            assert_eq!(memory.sort_out(&[uid(1)], UNSEEN, now + Duration::from_secs(60 * minutes - 1)), waiting);
            now += Duration::from_secs(60 * minutes);
            assert_eq!(memory.next_try(), Some(now));
        }
    }

    #[test]
    fn a_list_that_is_cut_short_says_nothing_of_what_it_does_not_list() {
        let now = Instant::now();
        let mut memory = Ledger::default();
        assert_eq!([1, 2].map(|_| memory.refused(&uid(2)).counted), [1, 2]);
        memory.found_in_part();
        memory.sort_out(&[uid(1)], UNSEEN, now);
        assert_eq!(memory.refused(&uid(2)).counted, 3);
        memory.sort_out(&[uid(1)], UNSEEN, now);
        assert_eq!(memory.refused(&uid(2)).counted, 1);
    }

    #[test]
    fn a_delivered_message_that_a_person_marks_unread_is_marked_again_as_it_was_meant() {
        let now = Instant::now();
        for mark in [Mark::Seen, Mark::Deleted] {
            let mut memory = Ledger::default();
            settle(&mut memory, 1, mark, UNSEEN);
            assert_eq!(memory.sort_out(&[uid(1)], UNSEEN, now), Sorted::default());
            assert_eq!(memory.to_mark(), [(uid(1), mark)]);
        }
    }

    #[test]
    fn a_search_that_lists_marked_messages_says_nothing_of_a_person() {
        let now = Instant::now();
        for (mark, absent) in [
            (Mark::Seen, UNDELETED),
            (Mark::SetAside, UNDELETED),
            (Mark::SetAside, NOTHING),
            (Mark::Deleted, AbsentFlags { flagged: true, ..NOTHING }),
        ] {
            let mut memory = Ledger::default();
            settle(&mut memory, 1, mark, absent);
            assert_eq!(memory.sort_out(&[uid(1)], absent, now), Sorted::default(), "{mark:?}");
            assert!(!memory.is_to_mark(now), "{mark:?}");
        }
        let mut memory = Ledger::default();
        settle(&mut memory, 1, Mark::SetAside, AbsentFlags { flagged: true, ..NOTHING });
        let sorted = memory.sort_out(&[uid(1)], AbsentFlags { flagged: true, ..NOTHING }, now);
        assert_eq!(sorted.tried_again, [uid(1)], "no longer flagged");
    }

    #[test]
    fn a_mark_that_the_server_does_not_keep_is_told_and_set_again_ever_later() {
        let mut now = Instant::now();
        for mark in [Mark::Seen, Mark::SetAside] {
            let mut memory = Ledger::default();
            memory.decided(&uid(1), mark);
            assert_eq!(memory.acknowledged(&[uid(1)], mark), [uid(1)]);
            for (round, delay) in [5, 10, 20, 40].into_iter().enumerate() {
                let sorted = memory.sort_out(&[uid(1)], UNSEEN, now);
                assert_eq!(sorted, Sorted { unkept: vec![uid(1)], ..Sorted::default() });
                assert_eq!(memory.tells_unkept(&sorted.unkept, false, now), round == 0, "said once");
                let next = now + Duration::from_secs(delay);
                assert_eq!((memory.is_to_mark(now), memory.next_try()), (false, Some(next)));
                assert_eq!(memory.sort_out(&[uid(1)], UNSEEN, now), Sorted::default(), "not before it is set again");
                now = next;
                assert_eq!(memory.to_mark_again(now), [[(uid(1), mark)]]);
                assert!(memory.acknowledged(&[uid(1)], mark).is_empty(), "the arbiter must not forget it");
                assert_eq!(memory.next_try(), None);
            }
            now += Duration::from_secs(600);
            memory.sort_out(&[uid(1)], UNSEEN, now);
            assert!(memory.tells_unkept(&[uid(1)], false, now), "and ever more rarely");
        }
    }

    #[test]
    fn a_server_that_lists_late_is_not_accused_at_once() {
        let now = Instant::now();
        let mut memory = Ledger::default();
        memory.decided(&uid(1), Mark::Seen);
        memory.acknowledged(&[uid(1)], Mark::Seen);
        memory.sort_out(&[uid(1)], UNSEEN, now);
        assert!(!memory.tells_unkept(&[uid(1)], true, now));
        memory.acknowledged(&[uid(1)], Mark::Seen);
        memory.sort_out(&[uid(1)], UNSEEN, now);
        assert!(memory.tells_unkept(&[uid(1)], true, now));
    }

    #[test]
    fn what_ended_the_connection_is_marked_last_and_alone_in_the_end() {
        let now = Instant::now();
        let mut memory = Ledger::default();
        let all: Vec<_> = (1..=100).map(uid).collect();
        all.iter().for_each(|id| memory.decided(id, Mark::Seen));
        memory.cut_while_marking(&all, now);
        memory.decided(&uid(101), Mark::Seen);
        assert_eq!(memory.to_mark(), [(uid(101), Mark::Seen)], "new ones first");
        let sizes = |memory: &Ledger, now| memory.to_mark_again(now).iter().map(Vec::len).collect::<Vec<_>>();
        assert_eq!(sizes(&memory, now), [32, 32, 32, 4], "once may be the network's fault: tried again at once");
        // The 40th ends the connection whenever it is marked.
        memory.acknowledged(&all[..32], Mark::Seen);
        memory.cut_while_marking(&all[32..64], now);
        assert_eq!(sizes(&memory, now), [32, 4]);
        memory.acknowledged(&all[64..], Mark::Seen);
        let later = now + Duration::from_secs(5);
        assert_eq!((sizes(&memory, now), memory.next_try()), (vec![], Some(later)));
        assert_eq!(sizes(&memory, later), [1; 32]);
        memory.acknowledged(&all[32..39], Mark::Seen);
        assert_eq!(memory.cut_while_marking(&all[39..40], later), Duration::from_secs(10));
        assert_eq!(memory.to_mark_again(later).last(), Some(&vec![(uid(64), Mark::Seen)]), "the others first");
        memory.acknowledged(&all[40..64], Mark::Seen);
        assert_eq!(sizes(&memory, later + Duration::from_secs(10)), [1]);
        // Marked after all, as a search shows, or by a person.
        assert_eq!(memory.sort_out(&[], UNSEEN, now).known, [(uid(40), Mark::Seen)]);
        memory.acknowledged(&[uid(101)], Mark::Seen);
        assert_eq!((memory.next_try(), memory.is_to_mark(now)), (None, false));
    }

    #[test]
    fn what_is_marked_deleted_is_expunged_even_if_the_acknowledgement_was_lost() {
        let now = Instant::now();
        let mut memory = Ledger::default();
        memory.decided(&uid(1), Mark::Deleted);
        memory.acknowledged(&[uid(1)], Mark::Deleted);
        memory.decided(&uid(2), Mark::Deleted);
        memory.cut_while_marking(&[uid(2)], now);
        assert_eq!(memory.sort_out(&[], UNSEEN, now).known, [(uid(2), Mark::Deleted)]);
        assert_eq!(memory.to_expunge(now), [uid(1), uid(2)]);
        let delay = memory.not_expunged(now);
        assert_eq!((memory.to_expunge(now), memory.next_try()), (vec![], Some(now + delay)));
        assert_eq!(memory.to_expunge(now + delay), [uid(1), uid(2)]);
        memory.expunged(&[uid(1), uid(2)]);
        assert_eq!((memory.to_expunge(now), memory.next_try()), (vec![], None));
        memory.decided(&uid(3), Mark::SetAside);
        let known = [1, 3, 4].map(|id| memory.is_deleted_by_us(&uid(id)));
        assert_eq!(known, [Some(true), Some(false), None]);
    }

    #[test]
    fn the_arbiter_is_told_once_an_hour_of_a_delivered_message_that_is_listed() {
        let now = Instant::now();
        let mut memory = Ledger::default();
        memory.decided(&uid(1), Mark::Seen);
        memory.decided(&uid(2), Mark::SetAside);
        let found: Vec<_> = (1..=3).map(uid).collect();
        assert_eq!(memory.unremembered(&found, now), [uid(1)]);
        assert_eq!(memory.unremembered(&found, now), [uid(1)], "it could not be told");
        memory.remembered(&[uid(1)]);
        assert!(memory.unremembered(&found, now + Duration::from_secs(3599)).is_empty());
        assert_eq!(memory.unremembered(&found, now + Duration::from_secs(3600)), [uid(1)]);
        memory.remembered(&[uid(1)]);
        memory.acknowledged(&[uid(1)], Mark::Seen);
        let soon = now + Duration::from_secs(3601);
        assert_eq!(memory.unremembered(&found, soon), [uid(1)], "the arbiter was told that it may forget");
    }

    #[test]
    fn a_message_arrives_for_the_first_time_once() {
        let mut memory = Ledger::default();
        memory.enter("a");
        assert_eq!([1, 2, 1].map(|id| memory.fetched(&uid(id))), [true, true, false]);
    }

    #[test]
    fn what_the_server_does_not_mark_is_asked_for_again_ever_later() {
        let now = Instant::now();
        let first = Duration::from_secs(5);
        let mut memory = Ledger::default();
        memory.decided(&uid(1), Mark::Seen);
        assert_eq!(memory.unmarked(&uid(1), now), first);
        assert_eq!(memory.unmarked(&uid(1), now), 2 * first);
        let later = now + 2 * first;
        assert_eq!((memory.to_mark(), memory.next_try()), (vec![], Some(later)));
        assert!(memory.to_mark_again(now).is_empty() && !memory.is_to_mark(now));
        assert_eq!(memory.sort_out(&[uid(1)], UNSEEN, now), Sorted::default());
        assert_eq!(
            (memory.to_mark_again(later).concat(), memory.is_to_mark(later)),
            (vec![(uid(1), Mark::Seen)], true)
        );
        assert_eq!(memory.acknowledged(&[uid(1)], Mark::Seen), [uid(1)]);
        assert_eq!((memory.next_try(), memory.unmarked(&uid(1), now)), (None, first));
        assert_eq!(memory.sort_out(&[], UNSEEN, now), Sorted::default());
        memory.decided(&uid(2), Mark::Seen);
        memory.sort_out(&[uid(2)], UNSEEN, now);
        assert_eq!(memory.next_try(), None);
        (0..20).for_each(|_| assert!(memory.unmarked(&uid(2), now) <= Duration::from_secs(600)));
    }

    #[test]
    fn a_waiting_message_comes_back_when_its_time_is_over() {
        let now = Instant::now();
        let later = now + Duration::from_secs(5);
        let mut memory = Ledger::default();
        memory.wait(&uid(1), later);
        assert_eq!(memory.next_try(), Some(later));
        assert_eq!(memory.sort_out(&[uid(1)], NOTHING, now), Sorted { waiting: 1, ..Sorted::default() });
        assert_eq!(memory.sort_out(&[uid(1)], NOTHING, later).todo, vec![uid(1)]);
        assert_eq!(memory.next_try(), None);
    }

    #[test]
    fn everything_is_forgotten_when_the_ids_lose_their_meaning() {
        let mut memory = Ledger::default();
        memory.enter("a");
        memory.decided(&uid(1), Mark::Seen);
        memory.enter("a");
        assert_eq!(memory.sort_out(&[uid(1)], NOTHING, Instant::now()).todo, vec![]);
        memory.enter("b");
        assert_eq!(memory.sort_out(&[uid(1)], NOTHING, Instant::now()).todo, vec![uid(1)]);
    }
}
