//! What this process knows of one mailbox's messages, across reconnects and across a crash of the watcher. It keeps a
//! message from being delivered twice until the server has marked it.

mod acknowledgements;
mod id_set;
mod mark_retries;

use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};

use crate::message::MessageId;
use crate::outcome::FailureClass;
use crate::source::{AbsentFlags, Mark};
use crate::track::arrivals::Arrivals;
use crate::track::failures::{Failure, Failures};
use crate::track::fetch_failures::{FetchFailure, FetchFailures, FetchRetry};
use acknowledgements::{Acknowledgements, Listed};
use id_set::IdSet;

/// The ledger of one mailbox. It is cleared when the scope (UIDVALIDITY) changes, because the ids then name other messages.
#[derive(Debug, Default)]
pub struct Ledger {
    scope: String,
    acknowledgements: Acknowledgements,
    fetched: IdSet,
    waiting: BTreeMap<MessageId, Instant>,
    fetch_failures: FetchFailures,
    failures: Failures,
    arrivals: Arrivals,
    /// How often the target went down while it was given this message alone. Such a message may be a poison message.
    suspects: BTreeMap<MessageId, u32>,
    half_open: bool,
    /// Messages found marked deleted. It is not known yet whether we marked them.
    pub(crate) leftovers: Vec<MessageId>,
    newest_first: bool,
    /// The next search result is not complete.
    in_part: bool,
}

/// What is to be done about the messages that a search listed.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Sorted {
    /// To be delivered, in the order listed.
    pub todo: Vec<MessageId>,
    /// How many are to be delivered later: in backoff, or claimed by another process.
    pub waiting: usize,
    /// Messages in `todo` that were set aside before a person marked them unread.
    pub tried_again: Vec<MessageId>,
    /// Decided messages that the server has marked, as the search shows, although it never confirmed that.
    pub known: Vec<(MessageId, Mark)>,
    /// Messages whose marks the server confirmed and did not keep: it lists them all the same.
    pub unkept: Vec<MessageId>,
}

impl Ledger {
    /// Switches to the mailbox of this scope.
    pub fn enter(&mut self, scope: &str) {
        if self.scope != scope {
            *self = Self { scope: scope.to_owned(), ..Self::default() };
        }
    }

    /// Whether the ledger is about the mailbox of this scope.
    pub(crate) fn is_about(&self, scope: &str) -> bool {
        self.scope == scope
    }

    /// The next search result is not complete: a message that it does not list may still exist.
    pub(crate) fn listed_in_part(&mut self) {
        self.in_part = true;
    }

    /// Sorts the result of a search for messages without the `absent` flags. Suspected poison messages come last, so that
    /// the others do not wait for them.
    pub fn sort_out(&mut self, found: &[MessageId], absent: AbsentFlags, now: Instant) -> Sorted {
        let known = if std::mem::take(&mut self.in_part) { Vec::new() } else { self.forget_unlisted(found, absent) };
        self.waiting.retain(|_, until| *until > now);
        let mut sorted = Sorted { known, ..Sorted::default() };
        for id in found {
            match self.acknowledgements.listed(id, absent, now, &mut sorted.unkept) {
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
        if !self.suspects.is_empty() {
            sorted.todo.sort_by_key(|id| self.suspicion(id));
        }
        // If the first messages are at fault and not the target, the newest one gets through.
        if std::mem::take(&mut self.newest_first) || self.is_breaker_open() {
            let fewest = sorted.todo.first().map_or(0, |id| self.suspicion(id));
            let head = sorted.todo.iter().take_while(|id| self.suspicion(id) == fewest).count();
            if let Some(head) = sorted.todo.get_mut(..head) {
                head.rotate_right(1.min(head.len()));
            }
        }
        sorted
    }

    fn suspicion(&self, id: &MessageId) -> u32 {
        self.suspects.get(id).copied().unwrap_or(0)
    }

    /// Forgets the failures of messages that the server no longer lists. Decisions are kept.
    fn forget_unlisted(&mut self, found: &[MessageId], absent: AbsentFlags) -> Vec<(MessageId, Mark)> {
        self.acknowledgements.confirm_unlisted(found);
        let others = self.fetch_failures.len() + self.failures.len() + self.suspects.len() + self.arrivals.len();
        if others + self.acknowledgements.noted() == 0 {
            return Vec::new();
        }
        let listed: BTreeSet<&MessageId> = found.iter().collect();
        self.fetch_failures.retain(|id| listed.contains(id));
        self.failures.retain(|id| listed.contains(id));
        self.suspects.retain(|id, _| listed.contains(id));
        self.arrivals.retain(|id| listed.contains(id));
        self.acknowledgements.unlisted(&listed, absent)
    }

    /// The message is decided: from now on it is only marked on the server, never delivered again.
    pub fn decided(&mut self, id: &MessageId, mark: Mark) {
        self.acknowledgements.decided(id, mark);
        self.waiting.remove(id);
        self.fetch_failures.forget(id);
        self.suspects.remove(id);
        self.failures.forget(id);
        self.arrivals.forget(id);
    }

    /// The server has confirmed the mark. Returns the messages of which the arbiter may be told. It must not forget the
    /// others.
    pub fn acknowledged(&mut self, ids: &[MessageId], mark: Mark) -> Vec<MessageId> {
        self.acknowledgements.acknowledged(ids, mark)
    }

    /// Whether to warn now that the server does not keep the marks of `unkept`. `late` means that the server may list a
    /// message for a moment after it was marked.
    pub(crate) fn warns_of_unkept(&mut self, unkept: &[MessageId], late: bool, now: Instant) -> bool {
        self.acknowledgements.warns_of_unkept(unkept, late, now)
    }

    /// Messages that we have marked deleted and that are to be expunged now.
    pub fn to_expunge(&self, now: Instant) -> Vec<MessageId> {
        self.acknowledgements.to_expunge(now)
    }

    /// These are expunged, or are not to be.
    pub fn expunged(&mut self, ids: &[MessageId]) {
        self.acknowledgements.expunged(ids);
    }

    /// The server did not expunge. Returns the backoff before the next attempt.
    pub(crate) fn not_expunged(&mut self, now: Instant) -> Duration {
        self.acknowledgements.not_expunged(now)
    }

    /// These have the \Deleted flag and were delivered by this process or an earlier one.
    pub(crate) fn found_deleted(&mut self, ids: impl Iterator<Item = MessageId>) {
        self.acknowledgements.found_deleted(ids);
    }

    /// Whether `id` is to be deleted; `None` if it is unknown.
    pub(crate) fn is_deleted_by_us(&self, id: &MessageId) -> Option<bool> {
        self.acknowledgements.is_deleted_by_us(id)
    }

    /// Delivered messages among `found` that the arbiter must be told to remember now.
    pub(crate) fn unremembered(&mut self, found: &[MessageId], now: Instant) -> Vec<MessageId> {
        self.acknowledgements.unremembered(found, now)
    }

    /// The arbiter remembers these.
    pub(crate) fn remembered(&mut self, ids: &[MessageId]) {
        self.acknowledgements.remembered(ids);
    }

    /// When the messages that wait arrived.
    pub(crate) fn arrivals(&mut self) -> &mut Arrivals {
        &mut self.arrivals
    }

    /// The message waits until `until`: it is in backoff, or claimed by another process.
    pub fn wait(&mut self, id: &MessageId, until: Instant) {
        self.waiting.insert(id.clone(), until);
    }

    /// The server listed the message and did not send it. It waits for its backoff.
    pub(crate) fn fetch_failed(
        &mut self,
        id: &MessageId,
        how: FetchFailure,
        others_arrived: bool,
        now: Instant,
    ) -> FetchRetry {
        let retry = self.fetch_failures.failed(id, how, others_arrived);
        self.waiting.insert(id.clone(), now + retry.backoff);
        retry
    }

    /// The messages that the server did not send.
    pub(crate) fn fetch_failures(&mut self) -> &mut FetchFailures {
        &mut self.fetch_failures
    }

    /// `id` was delivered and is to be marked with `mark`.
    pub fn delivered(&mut self, id: &MessageId, mark: Mark) {
        self.failures.succeeded(id);
        self.half_open = false;
        self.decided(id, mark);
    }

    /// The target refused this very message.
    pub(crate) fn refused(&mut self, id: &MessageId) -> Failure {
        self.failures.refused(id)
    }

    /// A delivery failed. The message or the target may be at fault.
    pub(crate) fn failed(&mut self, id: &MessageId, class: FailureClass) -> Failure {
        self.failures.failed(id, class, Instant::now())
    }

    /// The target is down, for a reason that has nothing to do with any message.
    pub(crate) fn outage(&mut self) {
        self.failures.outage();
    }

    /// New mail has arrived during a pause: the newest message is tried first, once.
    pub(crate) fn newest_first(&mut self) {
        self.newest_first = true;
    }

    /// The target went down when it was given this message alone. It may be a poison message.
    pub fn suspect(&mut self, id: &MessageId) {
        let times = self.suspects.entry(id.clone()).or_default();
        *times = times.saturating_add(1);
    }

    /// Whether the circuit breaker is open: so many messages failed in a row that the target is probably down.
    pub fn is_breaker_open(&self) -> bool {
        self.failures.is_breaker_open()
    }

    /// Sets the circuit breaker to half-open: one message at a time is tried until one is delivered.
    pub fn half_open(&mut self) {
        self.half_open = true;
    }

    /// Whether the circuit breaker is half-open: one message at a time is tried.
    pub fn is_half_open(&self) -> bool {
        self.half_open
    }

    /// Decided messages to be marked, without those that the server failed to mark before.
    pub fn to_mark(&self) -> Vec<(MessageId, Mark)> {
        self.acknowledgements.fresh()
    }

    /// Messages that the server failed to mark and that are due again, in groups. One command may mark a group.
    pub(crate) fn to_mark_again(&self, now: Instant) -> Vec<Vec<(MessageId, Mark)>> {
        self.acknowledgements.due_again(now)
    }

    /// Whether a decided message is to be marked now.
    pub fn is_to_mark(&self, now: Instant) -> bool {
        self.acknowledgements.is_due(now)
    }

    /// The server answered and did not mark the message. Returns the backoff before the next attempt.
    pub fn unmarked(&mut self, id: &MessageId, now: Instant) -> Duration {
        self.acknowledgements.unmarked(id, now)
    }

    /// The connection ended while these were being marked. From now on they are marked last, in smaller and smaller groups.
    /// Returns the longest backoff among them.
    pub(crate) fn cut_while_marking(&mut self, ids: &[MessageId], now: Instant) -> Duration {
        self.acknowledgements.cut(ids, now)
    }

    /// The message has arrived. Returns whether for the first time.
    pub fn fetched(&mut self, id: &MessageId) -> bool {
        let first = !self.fetched.contains(id);
        self.fetched.insert(id);
        first
    }

    /// When the next waiting message may be tried again or marked.
    pub fn next_try(&self) -> Option<Instant> {
        self.waiting.values().copied().chain(self.acknowledgements.next_try()).min()
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
        let mut ledger = Ledger::default();
        let found: Vec<_> = (1..=4).map(uid).collect();
        ledger.suspect(&uid(1));
        ledger.suspect(&uid(1));
        ledger.suspect(&uid(2));
        let now = Instant::now();
        assert_eq!(ledger.sort_out(&found, NOTHING, now).todo, [uid(3), uid(4), uid(2), uid(1)]);
        ledger.decided(&uid(2), Mark::Seen);
        assert_eq!(ledger.sort_out(&found, NOTHING, now).todo, [uid(3), uid(4), uid(1)]);
        // One that is gone from the mailbox is forgotten.
        ledger.sort_out(&found[1..], NOTHING, now);
        assert_eq!(ledger.sort_out(&found, NOTHING, now).todo, [uid(1), uid(3), uid(4)]);
    }

    #[test]
    fn a_decided_message_is_marked_until_acknowledged_and_never_done_again() {
        let now = Instant::now();
        let mut ledger = Ledger::default();
        ledger.decided(&uid(1), Mark::Seen);
        let sorted = ledger.sort_out(&[uid(1), uid(2)], NOTHING, now);
        assert_eq!(sorted, Sorted { todo: vec![uid(2)], ..Sorted::default() });
        for found in [vec![uid(1)], vec![]] {
            ledger.sort_out(&found, UNSEEN, now);
            assert_eq!(ledger.to_mark(), [(uid(1), Mark::Seen)], "listed or not");
        }
        assert_eq!(ledger.acknowledged(&[uid(1)], Mark::Seen), [uid(1)]);
        assert!(ledger.to_mark().is_empty() && !ledger.is_to_mark(now));
        assert_eq!(ledger.sort_out(&[uid(1)], NOTHING, now), Sorted::default());
        assert!(!ledger.is_to_mark(now));
    }

    /// Decides, has the server acknowledge it, and sees that it is not listed any more.
    fn settle(ledger: &mut Ledger, id: u32, mark: Mark, absent: AbsentFlags) {
        ledger.decided(&uid(id), mark);
        ledger.acknowledged(&[uid(id)], mark);
        assert_eq!(ledger.sort_out(&[], absent, Instant::now()), Sorted::default());
    }

    #[test]
    fn a_message_set_aside_that_a_person_marks_unread_is_tried_again_from_the_start() {
        let mut now = Instant::now();
        let mut ledger = Ledger::default();
        for minutes in [1, 2, 4] {
            assert_eq!(ledger.refused(&uid(1)).counted, 1);
            settle(&mut ledger, 1, Mark::SetAside, UNSEEN);
            let sorted = ledger.sort_out(&[uid(1)], UNSEEN, now);
            let expected = Sorted { todo: vec![uid(1)], tried_again: vec![uid(1)], ..Sorted::default() };
            assert_eq!(sorted, expected);
            assert!(ledger.to_mark().is_empty() && ledger.to_expunge(now).is_empty());
            // It may be the server that has lost the mark: ever later, and not marked meanwhile.
            settle(&mut ledger, 1, Mark::SetAside, UNSEEN);
            let waiting = Sorted { waiting: 1, ..Sorted::default() };
            assert_eq!(ledger.sort_out(&[uid(1)], UNSEEN, now + Duration::from_secs(60 * minutes - 1)), waiting);
            now += Duration::from_secs(60 * minutes);
            assert_eq!(ledger.next_try(), Some(now));
        }
    }

    #[test]
    fn a_list_that_is_cut_short_says_nothing_of_what_it_does_not_list() {
        let now = Instant::now();
        let mut ledger = Ledger::default();
        assert_eq!([1, 2].map(|_| ledger.refused(&uid(2)).counted), [1, 2]);
        ledger.listed_in_part();
        ledger.sort_out(&[uid(1)], UNSEEN, now);
        assert_eq!(ledger.refused(&uid(2)).counted, 3);
        ledger.sort_out(&[uid(1)], UNSEEN, now);
        assert_eq!(ledger.refused(&uid(2)).counted, 1);
    }

    #[test]
    fn a_delivered_message_that_a_person_marks_unread_is_marked_again_as_it_was_meant() {
        let now = Instant::now();
        for mark in [Mark::Seen, Mark::Deleted] {
            let mut ledger = Ledger::default();
            settle(&mut ledger, 1, mark, UNSEEN);
            assert_eq!(ledger.sort_out(&[uid(1)], UNSEEN, now), Sorted::default());
            assert_eq!(ledger.to_mark(), [(uid(1), mark)]);
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
            let mut ledger = Ledger::default();
            settle(&mut ledger, 1, mark, absent);
            assert_eq!(ledger.sort_out(&[uid(1)], absent, now), Sorted::default(), "{mark:?}");
            assert!(!ledger.is_to_mark(now), "{mark:?}");
        }
        let mut ledger = Ledger::default();
        settle(&mut ledger, 1, Mark::SetAside, AbsentFlags { flagged: true, ..NOTHING });
        let sorted = ledger.sort_out(&[uid(1)], AbsentFlags { flagged: true, ..NOTHING }, now);
        assert_eq!(sorted.tried_again, [uid(1)], "no longer flagged");
    }

    #[test]
    fn a_mark_that_the_server_does_not_keep_is_told_and_set_again_ever_later() {
        let mut now = Instant::now();
        for mark in [Mark::Seen, Mark::SetAside] {
            let mut ledger = Ledger::default();
            ledger.decided(&uid(1), mark);
            assert_eq!(ledger.acknowledged(&[uid(1)], mark), [uid(1)]);
            for (round, delay) in [5, 10, 20, 40].into_iter().enumerate() {
                let sorted = ledger.sort_out(&[uid(1)], UNSEEN, now);
                assert_eq!(sorted, Sorted { unkept: vec![uid(1)], ..Sorted::default() });
                assert_eq!(ledger.warns_of_unkept(&sorted.unkept, false, now), round == 0, "said once");
                let next = now + Duration::from_secs(delay);
                assert_eq!((ledger.is_to_mark(now), ledger.next_try()), (false, Some(next)));
                assert_eq!(ledger.sort_out(&[uid(1)], UNSEEN, now), Sorted::default(), "not before it is set again");
                now = next;
                assert_eq!(ledger.to_mark_again(now), [[(uid(1), mark)]]);
                assert!(ledger.acknowledged(&[uid(1)], mark).is_empty(), "the arbiter must not forget it");
                assert_eq!(ledger.next_try(), None);
            }
            now += Duration::from_secs(600);
            ledger.sort_out(&[uid(1)], UNSEEN, now);
            assert!(ledger.warns_of_unkept(&[uid(1)], false, now), "and ever more rarely");
        }
    }

    #[test]
    fn a_server_that_lists_late_is_not_accused_at_once() {
        let now = Instant::now();
        let mut ledger = Ledger::default();
        ledger.decided(&uid(1), Mark::Seen);
        ledger.acknowledged(&[uid(1)], Mark::Seen);
        ledger.sort_out(&[uid(1)], UNSEEN, now);
        assert!(!ledger.warns_of_unkept(&[uid(1)], true, now));
        ledger.acknowledged(&[uid(1)], Mark::Seen);
        ledger.sort_out(&[uid(1)], UNSEEN, now);
        assert!(ledger.warns_of_unkept(&[uid(1)], true, now));
    }

    #[test]
    fn what_ended_the_connection_is_marked_last_and_alone_in_the_end() {
        let now = Instant::now();
        let mut ledger = Ledger::default();
        let all: Vec<_> = (1..=100).map(uid).collect();
        all.iter().for_each(|id| ledger.decided(id, Mark::Seen));
        ledger.cut_while_marking(&all, now);
        ledger.decided(&uid(101), Mark::Seen);
        assert_eq!(ledger.to_mark(), [(uid(101), Mark::Seen)], "new ones first");
        let sizes = |ledger: &Ledger, now| ledger.to_mark_again(now).iter().map(Vec::len).collect::<Vec<_>>();
        assert_eq!(sizes(&ledger, now), [32, 32, 32, 4], "once may be the network's fault: tried again at once");
        // The 40th ends the connection whenever it is marked.
        ledger.acknowledged(&all[..32], Mark::Seen);
        ledger.cut_while_marking(&all[32..64], now);
        assert_eq!(sizes(&ledger, now), [32, 4]);
        ledger.acknowledged(&all[64..], Mark::Seen);
        let later = now + Duration::from_secs(5);
        assert_eq!((sizes(&ledger, now), ledger.next_try()), (vec![], Some(later)));
        assert_eq!(sizes(&ledger, later), [1; 32]);
        ledger.acknowledged(&all[32..39], Mark::Seen);
        assert_eq!(ledger.cut_while_marking(&all[39..40], later), Duration::from_secs(10));
        assert_eq!(ledger.to_mark_again(later).last(), Some(&vec![(uid(64), Mark::Seen)]), "the others first");
        ledger.acknowledged(&all[40..64], Mark::Seen);
        assert_eq!(sizes(&ledger, later + Duration::from_secs(10)), [1]);
        // Marked after all, as a search shows, or by a person.
        assert_eq!(ledger.sort_out(&[], UNSEEN, now).known, [(uid(40), Mark::Seen)]);
        ledger.acknowledged(&[uid(101)], Mark::Seen);
        assert_eq!((ledger.next_try(), ledger.is_to_mark(now)), (None, false));
    }

    #[test]
    fn what_is_marked_deleted_is_expunged_even_if_the_acknowledgement_was_lost() {
        let now = Instant::now();
        let mut ledger = Ledger::default();
        ledger.decided(&uid(1), Mark::Deleted);
        ledger.acknowledged(&[uid(1)], Mark::Deleted);
        ledger.decided(&uid(2), Mark::Deleted);
        ledger.cut_while_marking(&[uid(2)], now);
        assert_eq!(ledger.sort_out(&[], UNSEEN, now).known, [(uid(2), Mark::Deleted)]);
        assert_eq!(ledger.to_expunge(now), [uid(1), uid(2)]);
        let delay = ledger.not_expunged(now);
        assert_eq!((ledger.to_expunge(now), ledger.next_try()), (vec![], Some(now + delay)));
        assert_eq!(ledger.to_expunge(now + delay), [uid(1), uid(2)]);
        ledger.expunged(&[uid(1), uid(2)]);
        assert_eq!((ledger.to_expunge(now), ledger.next_try()), (vec![], None));
        ledger.decided(&uid(3), Mark::SetAside);
        let known = [1, 3, 4].map(|id| ledger.is_deleted_by_us(&uid(id)));
        assert_eq!(known, [Some(true), Some(false), None]);
    }

    #[test]
    fn the_arbiter_is_told_once_an_hour_of_a_delivered_message_that_is_listed() {
        let now = Instant::now();
        let mut ledger = Ledger::default();
        ledger.decided(&uid(1), Mark::Seen);
        ledger.decided(&uid(2), Mark::SetAside);
        let found: Vec<_> = (1..=3).map(uid).collect();
        assert_eq!(ledger.unremembered(&found, now), [uid(1)]);
        assert_eq!(ledger.unremembered(&found, now), [uid(1)], "it could not be told");
        ledger.remembered(&[uid(1)]);
        assert!(ledger.unremembered(&found, now + Duration::from_secs(3599)).is_empty());
        assert_eq!(ledger.unremembered(&found, now + Duration::from_secs(3600)), [uid(1)]);
        ledger.remembered(&[uid(1)]);
        ledger.acknowledged(&[uid(1)], Mark::Seen);
        let soon = now + Duration::from_secs(3601);
        assert_eq!(ledger.unremembered(&found, soon), [uid(1)], "the arbiter was told that it may forget");
    }

    #[test]
    fn a_message_arrives_for_the_first_time_once() {
        let mut ledger = Ledger::default();
        ledger.enter("a");
        assert_eq!([1, 2, 1].map(|id| ledger.fetched(&uid(id))), [true, true, false]);
    }

    #[test]
    fn what_the_server_does_not_mark_is_asked_for_again_ever_later() {
        let now = Instant::now();
        let first = Duration::from_secs(5);
        let mut ledger = Ledger::default();
        ledger.decided(&uid(1), Mark::Seen);
        assert_eq!(ledger.unmarked(&uid(1), now), first);
        assert_eq!(ledger.unmarked(&uid(1), now), 2 * first);
        let later = now + 2 * first;
        assert_eq!((ledger.to_mark(), ledger.next_try()), (vec![], Some(later)));
        assert!(ledger.to_mark_again(now).is_empty() && !ledger.is_to_mark(now));
        assert_eq!(ledger.sort_out(&[uid(1)], UNSEEN, now), Sorted::default());
        assert_eq!(
            (ledger.to_mark_again(later).concat(), ledger.is_to_mark(later)),
            (vec![(uid(1), Mark::Seen)], true)
        );
        assert_eq!(ledger.acknowledged(&[uid(1)], Mark::Seen), [uid(1)]);
        assert_eq!((ledger.next_try(), ledger.unmarked(&uid(1), now)), (None, first));
        assert_eq!(ledger.sort_out(&[], UNSEEN, now), Sorted::default());
        ledger.decided(&uid(2), Mark::Seen);
        ledger.sort_out(&[uid(2)], UNSEEN, now);
        assert_eq!(ledger.next_try(), None);
        (0..20).for_each(|_| assert!(ledger.unmarked(&uid(2), now) <= Duration::from_secs(600)));
    }

    #[test]
    fn a_waiting_message_comes_back_when_its_time_is_over() {
        let now = Instant::now();
        let later = now + Duration::from_secs(5);
        let mut ledger = Ledger::default();
        ledger.wait(&uid(1), later);
        assert_eq!(ledger.next_try(), Some(later));
        assert_eq!(ledger.sort_out(&[uid(1)], NOTHING, now), Sorted { waiting: 1, ..Sorted::default() });
        assert_eq!(ledger.sort_out(&[uid(1)], NOTHING, later).todo, vec![uid(1)]);
        assert_eq!(ledger.next_try(), None);
    }

    #[test]
    fn everything_is_forgotten_when_the_ids_lose_their_meaning() {
        let mut ledger = Ledger::default();
        ledger.enter("a");
        ledger.decided(&uid(1), Mark::Seen);
        ledger.enter("a");
        assert_eq!(ledger.sort_out(&[uid(1)], NOTHING, Instant::now()).todo, vec![]);
        ledger.enter("b");
        assert_eq!(ledger.sort_out(&[uid(1)], NOTHING, Instant::now()).todo, vec![uid(1)]);
    }
}
