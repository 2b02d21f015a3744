//! Decides whether the message or the target is at fault when a delivery fails: what counts against a message, and when the
//! circuit breaker opens. A single answer does not show it; what happened to other messages does. Delivers nothing and waits
//! for nothing.
//!
//! A failure counts against a message only if the target is proven to work: another message was delivered between two
//! attempts of this one. After that, further failures of the same class count too, until a message without such a proof
//! fails: then the target may be at fault again, and each failure needs a new proof. If [`BREAKER_THRESHOLD`] different
//! messages in a row fail, the target is at fault: the circuit breaker opens, and the failures since the last delivery do
//! not count after all.
//!
//! An HTTP status is evidence as well, see [`FailureKind`]. A refusal by a rule (403) that is proven to be about the message
//! does not count towards the circuit breaker. A request to come back later (503) counts only if it has lasted for
//! [`LATER_FOR`], and needs a new proof each time.

use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};

use crate::message::MessageId;
use crate::outcome::{FailureClass, FailureKind};

/// Different messages that fail in a row before the circuit breaker opens.
const BREAKER_THRESHOLD: usize = 3;
/// How long a message must be told to come back later before that counts: a target that limits its rate tells this to any
/// message.
const LATER_FOR: Duration = Duration::from_secs(60);

/// The failed deliveries of one mailbox.
#[derive(Debug, Default)]
pub(crate) struct Failures {
    /// A logical clock: answers of the target so far.
    clock: u64,
    /// When a message was last delivered.
    success: u64,
    /// Messages that failed since the last delivery, without those that are proven to be at fault.
    consecutive: BTreeSet<MessageId>,
    /// Whether the target could not be reached at some time since the last delivery.
    outage: bool,
    attempts: BTreeMap<MessageId, Attempts>,
}

#[derive(Debug, Default)]
struct Attempts {
    failures: u32,
    counted: u32,
    /// How many of these counted since the last delivery. They may still turn out to be the target's fault.
    provisional: u32,
    /// Whether another message was delivered between two failures of the same class.
    proven: bool,
    failed_at: Option<u64>,
    /// The class of the last failure, and when the first failure of this class was.
    class: Option<(FailureClass, Instant)>,
}

/// One failure, and what is known of the message's earlier ones.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Failure {
    /// Failures of this message so far, whether or not they count.
    pub(crate) failures: u32,
    /// Whether this one counts against the message.
    pub(crate) counts: bool,
    /// How many failures count so far.
    pub(crate) counted: u32,
    /// Whether the target is proven to work for other messages.
    pub(crate) proven: bool,
}

impl Failures {
    /// `id` was delivered.
    pub(crate) fn succeeded(&mut self, id: &MessageId) {
        self.clock = self.clock.saturating_add(1);
        self.success = self.clock;
        self.outage = false;
        self.consecutive.clear();
        self.attempts.values_mut().for_each(|attempts| attempts.provisional = 0);
        self.attempts.remove(id);
    }

    /// The target refused `id` itself. This counts at once and says nothing about the target.
    pub(crate) fn refused(&mut self, id: &MessageId) -> Failure {
        let attempts = self.attempts.entry(id.clone()).or_default();
        attempts.failures = attempts.failures.saturating_add(1);
        attempts.counted = attempts.counted.saturating_add(1);
        Failure { failures: attempts.failures, counts: true, counted: attempts.counted, proven: true }
    }

    /// The delivery of `id` failed, because of the message or of the target.
    pub(crate) fn failed(&mut self, id: &MessageId, class: FailureClass, now: Instant) -> Failure {
        self.clock = self.clock.saturating_add(1);
        let (clock, success) = (self.clock, self.success);
        let is_proven = |other: &MessageId| self.attempts.get(other).is_some_and(|attempts| attempts.proven);
        let others_fail = self.consecutive.iter().any(|other| other != id && !is_proven(other));
        let attempts = self.attempts.entry(id.clone()).or_default();
        let alike = attempts.class.filter(|(before, _)| before.status == class.status);
        let since = alike.map_or(now, |(_, since)| since);
        let proof = attempts.failed_at.is_some_and(|failed_at| success > failed_at);
        attempts.proven = alike.is_some() && (proof || attempts.proven);
        attempts.class = Some((class, since));
        attempts.failed_at = Some(clock);
        attempts.failures = attempts.failures.saturating_add(1);
        let proven = proof || attempts.proven;
        // A refusal that is proven to be about this message says nothing about the target.
        if class.kind != FailureKind::ByRule || !attempts.proven {
            self.consecutive.insert(id.clone());
        }
        let breaker_opens = self.consecutive.len() >= BREAKER_THRESHOLD;
        let counts = match class.kind {
            FailureKind::Configuration => false,
            // Even if it was proven before: by now the target may answer any message like this.
            _ if breaker_opens || self.outage => false,
            FailureKind::Ambiguous | FailureKind::ByRule => proof || (attempts.proven && !others_fail),
            FailureKind::RetryLater => proof && now.saturating_duration_since(since) >= LATER_FOR,
        };
        attempts.counted = attempts.counted.saturating_add(u32::from(counts));
        attempts.provisional = attempts.provisional.saturating_add(u32::from(counts));
        let mut failure = Failure { failures: attempts.failures, counts, counted: attempts.counted, proven };
        if breaker_opens {
            failure.counted = attempts.counted.saturating_sub(attempts.provisional);
            self.discard_provisional();
        }
        failure
    }

    /// The target cannot be reached, or is down for a reason that has nothing to do with any message.
    pub(crate) fn outage(&mut self) {
        self.outage = true;
    }

    fn discard_provisional(&mut self) {
        for attempts in self.attempts.values_mut() {
            attempts.counted = attempts.counted.saturating_sub(std::mem::take(&mut attempts.provisional));
        }
    }

    /// Whether the circuit breaker is open: the target is taken to be down.
    pub(crate) fn is_breaker_open(&self) -> bool {
        self.consecutive.len() >= BREAKER_THRESHOLD
    }

    /// Forgets `id`, which is decided.
    pub(crate) fn forget(&mut self, id: &MessageId) {
        self.attempts.remove(id);
        self.consecutive.remove(id);
    }

    /// How many messages have failed.
    pub(crate) fn len(&self) -> usize {
        self.attempts.len()
    }

    /// Keeps only messages that the server still lists.
    pub(crate) fn retain(&mut self, listed: impl Fn(&MessageId) -> bool) {
        self.attempts.retain(|id, _| listed(id));
        self.consecutive.retain(|id| listed(id));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn uid(uid: u32) -> MessageId {
        MessageId::Uid(uid)
    }

    fn fail(failures: &mut Failures, id: u32) -> Failure {
        failures.failed(&uid(id), FailureClass::UNKNOWN, Instant::now())
    }

    /// Whether the failure counts, how many do, and whether the target is proven to work.
    fn answered(
        failures: &mut Failures,
        id: u32,
        (kind, status): (FailureKind, u16),
        at: Instant,
    ) -> (bool, u32, bool) {
        let failure = failures.failed(&uid(id), FailureClass { status: Some(status), kind }, at);
        (failure.counts, failure.counted, failure.proven)
    }

    fn succeed(failures: &mut Failures, id: u32) {
        failures.succeeded(&uid(id));
    }

    #[test]
    fn a_failure_counts_once_another_message_got_through_between_two_tries() {
        let mut failures = Failures::default();
        assert_eq!(fail(&mut failures, 1), Failure { failures: 1, counts: false, counted: 0, proven: false });
        assert_eq!(fail(&mut failures, 1), Failure { failures: 2, counts: false, counted: 0, proven: false });
        succeed(&mut failures, 2);
        assert_eq!(fail(&mut failures, 1), Failure { failures: 3, counts: true, counted: 1, proven: true });
        succeed(&mut failures, 3);
        assert_eq!(fail(&mut failures, 1).counted, 2);
    }

    #[test]
    fn once_proven_it_keeps_counting_while_nothing_else_fails() {
        let mut failures = Failures::default();
        fail(&mut failures, 1);
        succeed(&mut failures, 2);
        for counted in 1..=5 {
            assert_eq!(fail(&mut failures, 1).counted, counted);
        }
        fail(&mut failures, 3);
        assert!(!fail(&mut failures, 1).counts, "another message fails as well: the target may be at fault");
    }

    #[test]
    fn three_in_a_row_open_the_breaker_and_do_not_count() {
        let mut failures = Failures::default();
        fail(&mut failures, 1);
        succeed(&mut failures, 9);
        assert_eq!(fail(&mut failures, 1).counted, 1);
        fail(&mut failures, 2);
        assert!(!failures.is_breaker_open());
        fail(&mut failures, 3);
        assert!(failures.is_breaker_open());
        for id in 1..=3 {
            for _ in 0..20 {
                assert_eq!(fail(&mut failures, id).counted, 0);
            }
        }
        succeed(&mut failures, 4);
        assert!(!failures.is_breaker_open());
        assert_eq!(fail(&mut failures, 1).counted, 1);
    }

    #[test]
    fn two_that_are_proven_keep_counting_and_a_third_opens_the_breaker() {
        let mut failures = Failures::default();
        (1..=2).for_each(|id| _ = fail(&mut failures, id));
        succeed(&mut failures, 9);
        for counted in 1..=4 {
            for id in 1..=2 {
                assert_eq!(fail(&mut failures, id).counted, counted);
            }
        }
        assert!(!fail(&mut failures, 3).counts);
        // The failures since the delivery do not count after all: the target may be at fault for all of them.
        for id in 1..=3 {
            assert_eq!(fail(&mut failures, id).counted, 0);
        }
    }

    #[test]
    fn a_refusal_counts_at_once_and_does_not_open_the_breaker() {
        let mut failures = Failures::default();
        for counted in 1..=4 {
            assert_eq!(
                failures.refused(&uid(counted)),
                Failure { failures: 1, counts: true, counted: 1, proven: true }
            );
        }
        assert_eq!(failures.refused(&uid(1)).counted, 2);
        assert!(!failures.is_breaker_open());
    }

    #[test]
    fn what_the_server_no_longer_lists_is_forgotten() {
        let mut failures = Failures::default();
        (1..=3).for_each(|id| _ = fail(&mut failures, id));
        failures.retain(|id| *id == uid(1));
        assert_eq!((failures.len(), failures.is_breaker_open()), (1, false));
        failures.forget(&uid(1));
        assert_eq!(failures.len(), 0);
    }

    #[test]
    fn a_rule_that_is_proven_to_be_about_the_message_stays_so_and_says_nothing_about_the_target() {
        let (mut failures, now) = (Failures::default(), Instant::now());
        let forbidden = (FailureKind::ByRule, 403);
        for id in 1..=4 {
            assert_eq!(answered(&mut failures, id, forbidden, now), (false, 0, false));
        }
        assert!(failures.is_breaker_open());
        succeed(&mut failures, 9);
        for counted in 1..=5 {
            for id in 1..=4 {
                assert_eq!(answered(&mut failures, id, forbidden, now), (true, counted, true));
            }
        }
        assert!(!failures.is_breaker_open());
        // Another status needs a new proof.
        assert_eq!(answered(&mut failures, 1, (FailureKind::ByRule, 401), now), (false, 5, false));
    }

    #[test]
    fn a_message_that_was_proven_to_be_at_fault_does_not_count_while_the_target_is_down() {
        let (mut failures, now) = (Failures::default(), Instant::now());
        let forbidden = (FailureKind::ByRule, 403);
        for id in 1..=2 {
            assert_eq!(answered(&mut failures, id, forbidden, now), (false, 0, false));
        }
        succeed(&mut failures, 9);
        for id in 1..=2 {
            assert_eq!(answered(&mut failures, id, forbidden, now), (true, 1, true));
        }
        // Then it answers every message like this.
        assert_eq!(answered(&mut failures, 3, forbidden, now), (false, 0, false));
        for _ in 0..20 {
            for id in 1..=2 {
                assert_eq!(answered(&mut failures, id, forbidden, now), (false, 1, true));
            }
        }
        // Or it cannot be reached.
        succeed(&mut failures, 3);
        failures.outage();
        assert_eq!(answered(&mut failures, 1, forbidden, now), (false, 1, true));
        // It works again.
        succeed(&mut failures, 4);
        for id in 1..=2 {
            assert_eq!(answered(&mut failures, id, forbidden, now), (true, 2, true));
        }
    }

    #[test]
    fn an_outage_counts_against_no_message_that_failed_before_it() {
        for kind in [FailureKind::Ambiguous, FailureKind::ByRule, FailureKind::RetryLater, FailureKind::Configuration] {
            let (mut failures, now) = (Failures::default(), Instant::now());
            answered(&mut failures, 1, (FailureKind::Ambiguous, 500), now);
            succeed(&mut failures, 2);
            failures.outage();
            // It was proven to be the message, but does not count: the target may be down now.
            for proven in [true, false, false] {
                assert_eq!(answered(&mut failures, 1, (kind, 502), now), (false, 0, proven));
            }
        }
    }

    #[test]
    fn later_counts_once_it_has_lasted_and_with_new_proof_each_time() {
        let (mut failures, start) = (Failures::default(), Instant::now());
        let busy = (FailureKind::RetryLater, 503);
        assert_eq!(answered(&mut failures, 1, busy, start), (false, 0, false));
        succeed(&mut failures, 2);
        assert_eq!(answered(&mut failures, 1, busy, start + LATER_FOR / 2), (false, 0, true));
        succeed(&mut failures, 3);
        assert_eq!(answered(&mut failures, 1, busy, start + LATER_FOR), (true, 1, true));
        assert_eq!(answered(&mut failures, 1, busy, start + LATER_FOR * 2), (false, 1, true));
        succeed(&mut failures, 4);
        assert_eq!(answered(&mut failures, 1, busy, start + LATER_FOR * 3), (true, 2, true));
    }

    #[test]
    fn a_wrong_configuration_never_counts() {
        let (mut failures, now) = (Failures::default(), Instant::now());
        for id in 2..=20 {
            assert_eq!(answered(&mut failures, 1, (FailureKind::Configuration, 415), now), (false, 0, id > 2));
            succeed(&mut failures, id);
        }
    }
}
