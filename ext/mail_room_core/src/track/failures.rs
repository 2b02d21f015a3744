//! Whose fault is a failure, the message's or the target's? One answer of a target does not tell; what became of other
//! messages does. Decides what counts against a message and when the target is doubted; delivers and waits for nothing.
//!
//! A failure counts against a message only with proof that the target works: another message was delivered between two of
//! its tries. Once proven, further failures of the same kind count with new proof, or as long as no message without such a
//! proof has failed since the latest delivery: from then on it may be the target. When [`DOUBT_AFTER`] different messages in
//! a row fail, it is the target, and nothing counts that counted since the latest delivery.
//!
//! An HTTP answer adds evidence of its own, see [`Weight`]: a refusal by rule (403) that is proven to be about the message
//! casts no doubt on the target; "come back later" (503) counts only after it has lasted for [`LATER_FOR`], and with new
//! proof each time.

use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};

use crate::message::MessageId;
use crate::outcome::{Symptom, Weight};

/// Different messages that fail in a row before the target is taken to be down.
const DOUBT_AFTER: usize = 3;
/// How long a message has to be answered "later" before that counts: a target that limits its rate says so to any message.
const LATER_FOR: Duration = Duration::from_secs(60);

/// What is known of failures in one mailbox.
#[derive(Debug, Default)]
pub(crate) struct Failures {
    /// Answers so far; a point in time.
    clock: u64,
    /// When the latest delivery was.
    success: u64,
    /// Messages that failed with no success between.
    row: BTreeSet<MessageId>,
    /// Whether the target could not be reached since the latest delivery.
    outage: bool,
    tries: BTreeMap<MessageId, Tries>,
}

#[derive(Debug, Default)]
struct Tries {
    failures: u32,
    counted: u32,
    /// How many of these since the latest delivery: they may still turn out to be the target's.
    provisional: u32,
    /// Whether another message got through between two failures like `symptom`.
    proven: bool,
    failed_at: Option<u64>,
    /// Of the last failure, and when the first like it was.
    symptom: Option<(Symptom, Instant)>,
}

/// A failure as it stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Failure {
    /// Failures of this message so far, counted or not.
    pub(crate) failures: u32,
    /// Whether this one counts against the message.
    pub(crate) counts: bool,
    /// How many counted so far.
    pub(crate) counted: u32,
    /// Whether the target is known to work for other messages.
    pub(crate) proven: bool,
}

impl Failures {
    /// `id` was delivered.
    pub(crate) fn succeeded(&mut self, id: &MessageId) {
        self.clock = self.clock.saturating_add(1);
        self.success = self.clock;
        self.outage = false;
        self.row.clear();
        self.tries.values_mut().for_each(|tries| tries.provisional = 0);
        self.tries.remove(id);
    }

    /// The target refused `id` itself: counts at once, and says nothing about the target.
    pub(crate) fn refused(&mut self, id: &MessageId) -> Failure {
        let tries = self.tries.entry(id.clone()).or_default();
        tries.failures = tries.failures.saturating_add(1);
        tries.counted = tries.counted.saturating_add(1);
        Failure { failures: tries.failures, counts: true, counted: tries.counted, proven: true }
    }

    /// The hand-over of `id` failed, and nobody knows whose fault it was.
    pub(crate) fn failed(&mut self, id: &MessageId, symptom: Symptom, now: Instant) -> Failure {
        self.clock = self.clock.saturating_add(1);
        let (clock, success) = (self.clock, self.success);
        let is_proven = |other: &MessageId| self.tries.get(other).is_some_and(|tries| tries.proven);
        let others_fail = self.row.iter().any(|other| other != id && !is_proven(other));
        let tries = self.tries.entry(id.clone()).or_default();
        let alike = tries.symptom.filter(|(before, _)| before.status == symptom.status);
        let since = alike.map_or(now, |(_, since)| since);
        let proof = tries.failed_at.is_some_and(|failed_at| success > failed_at);
        tries.proven = alike.is_some() && (proof || tries.proven);
        tries.symptom = Some((symptom, since));
        tries.failed_at = Some(clock);
        tries.failures = tries.failures.saturating_add(1);
        let proven = proof || tries.proven;
        // What is known to be about this message says nothing about the target.
        if symptom.weight != Weight::Ruled || !tries.proven {
            self.row.insert(id.clone());
        }
        let doubted = self.row.len() >= DOUBT_AFTER;
        let counts = match symptom.weight {
            Weight::Configuration => false,
            // Also for what was proven before: by now the target may answer so to any message.
            _ if doubted || self.outage => false,
            Weight::Open | Weight::Ruled => proof || (tries.proven && !others_fail),
            Weight::Later => proof && now.saturating_duration_since(since) >= LATER_FOR,
        };
        tries.counted = tries.counted.saturating_add(u32::from(counts));
        tries.provisional = tries.provisional.saturating_add(u32::from(counts));
        let mut failure = Failure { failures: tries.failures, counts, counted: tries.counted, proven };
        if doubted {
            failure.counted = tries.counted.saturating_sub(tries.provisional);
            self.nothing_counts_since_the_latest_delivery();
        }
        failure
    }

    /// The target cannot be reached at all, or is down for a reason that has nothing to do with any message.
    pub(crate) fn outage(&mut self) {
        self.outage = true;
    }

    fn nothing_counts_since_the_latest_delivery(&mut self) {
        for tries in self.tries.values_mut() {
            tries.counted = tries.counted.saturating_sub(std::mem::take(&mut tries.provisional));
        }
    }

    /// Whether the target is taken to be down.
    pub(crate) fn doubted(&self) -> bool {
        self.row.len() >= DOUBT_AFTER
    }

    /// The message's fate is decided otherwise.
    pub(crate) fn forget(&mut self, id: &MessageId) {
        self.tries.remove(id);
        self.row.remove(id);
    }

    /// How many messages something is noted of.
    pub(crate) fn len(&self) -> usize {
        self.tries.len()
    }

    /// Keeps only what is noted of messages that the server still lists.
    pub(crate) fn retain(&mut self, listed: impl Fn(&MessageId) -> bool) {
        self.tries.retain(|id, _| listed(id));
        self.row.retain(|id| listed(id));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn uid(uid: u32) -> MessageId {
        MessageId::Uid(uid)
    }

    fn fail(failures: &mut Failures, id: u32) -> Failure {
        failures.failed(&uid(id), Symptom::UNKNOWN, Instant::now())
    }

    /// Whether it counts, how many did, and whether the target is known to work.
    fn answered(failures: &mut Failures, id: u32, (weight, status): (Weight, u16), at: Instant) -> (bool, u32, bool) {
        let failure = failures.failed(&uid(id), Symptom { status: Some(status), weight }, at);
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
    fn once_proven_it_goes_on_counting_while_nothing_else_fails() {
        let mut failures = Failures::default();
        fail(&mut failures, 1);
        succeed(&mut failures, 2);
        for counted in 1..=5 {
            assert_eq!(fail(&mut failures, 1).counted, counted);
        }
        fail(&mut failures, 3);
        assert!(!fail(&mut failures, 1).counts, "another message fails, too: it may be the target");
    }

    #[test]
    fn three_in_a_row_are_the_targets_fault_and_nothing_of_it_counts() {
        let mut failures = Failures::default();
        fail(&mut failures, 1);
        succeed(&mut failures, 9);
        assert_eq!(fail(&mut failures, 1).counted, 1);
        fail(&mut failures, 2);
        assert!(!failures.doubted());
        fail(&mut failures, 3);
        assert!(failures.doubted());
        for id in 1..=3 {
            for _ in 0..20 {
                assert_eq!(fail(&mut failures, id).counted, 0);
            }
        }
        succeed(&mut failures, 4);
        assert!(!failures.doubted());
        assert_eq!(fail(&mut failures, 1).counted, 1);
    }

    #[test]
    fn two_that_are_proven_go_on_counting_side_by_side_and_a_third_makes_it_the_target() {
        let mut failures = Failures::default();
        (1..=2).for_each(|id| _ = fail(&mut failures, id));
        succeed(&mut failures, 9);
        for counted in 1..=4 {
            for id in 1..=2 {
                assert_eq!(fail(&mut failures, id).counted, counted);
            }
        }
        assert!(!fail(&mut failures, 3).counts);
        // Nothing counts that counted since the delivery: all of it may be the target's.
        for id in 1..=3 {
            assert_eq!(fail(&mut failures, id).counted, 0);
        }
    }

    #[test]
    fn a_refusal_counts_at_once_and_does_not_cast_doubt_on_the_target() {
        let mut failures = Failures::default();
        for counted in 1..=4 {
            assert_eq!(
                failures.refused(&uid(counted)),
                Failure { failures: 1, counts: true, counted: 1, proven: true }
            );
        }
        assert_eq!(failures.refused(&uid(1)).counted, 2);
        assert!(!failures.doubted());
    }

    #[test]
    fn what_the_server_no_longer_lists_is_forgotten() {
        let mut failures = Failures::default();
        (1..=3).for_each(|id| _ = fail(&mut failures, id));
        failures.retain(|id| *id == uid(1));
        assert_eq!((failures.len(), failures.doubted()), (1, false));
        failures.forget(&uid(1));
        assert_eq!(failures.len(), 0);
    }

    #[test]
    fn a_rule_that_is_proven_to_be_about_the_message_stays_so_and_says_nothing_about_the_target() {
        let (mut failures, now) = (Failures::default(), Instant::now());
        let forbidden = (Weight::Ruled, 403);
        for id in 1..=4 {
            assert_eq!(answered(&mut failures, id, forbidden, now), (false, 0, false));
        }
        assert!(failures.doubted());
        succeed(&mut failures, 9);
        for counted in 1..=5 {
            for id in 1..=4 {
                assert_eq!(answered(&mut failures, id, forbidden, now), (true, counted, true));
            }
        }
        assert!(!failures.doubted());
        // Another status is another matter, without new proof.
        assert_eq!(answered(&mut failures, 1, (Weight::Ruled, 401), now), (false, 5, false));
    }

    #[test]
    fn what_is_proven_to_be_about_the_message_may_still_be_the_targets_by_now() {
        let (mut failures, now) = (Failures::default(), Instant::now());
        let forbidden = (Weight::Ruled, 403);
        for id in 1..=2 {
            assert_eq!(answered(&mut failures, id, forbidden, now), (false, 0, false));
        }
        succeed(&mut failures, 9);
        for id in 1..=2 {
            assert_eq!(answered(&mut failures, id, forbidden, now), (true, 1, true));
        }
        // Then it answers so to every message.
        assert_eq!(answered(&mut failures, 3, forbidden, now), (false, 0, false));
        for _ in 0..20 {
            for id in 1..=2 {
                assert_eq!(answered(&mut failures, id, forbidden, now), (false, 1, true));
            }
        }
        // Or cannot be reached.
        succeed(&mut failures, 3);
        failures.outage();
        assert_eq!(answered(&mut failures, 1, forbidden, now), (false, 1, true));
        // It is well again.
        succeed(&mut failures, 4);
        for id in 1..=2 {
            assert_eq!(answered(&mut failures, id, forbidden, now), (true, 2, true));
        }
    }

    #[test]
    fn an_outage_counts_against_no_message_that_failed_before_it() {
        for weight in [Weight::Open, Weight::Ruled, Weight::Later, Weight::Configuration] {
            let (mut failures, now) = (Failures::default(), Instant::now());
            answered(&mut failures, 1, (Weight::Open, 500), now);
            succeed(&mut failures, 2);
            failures.outage();
            // Proven to be the message's, but not to count: for all we know the target is down now.
            for proven in [true, false, false] {
                assert_eq!(answered(&mut failures, 1, (weight, 502), now), (false, 0, proven));
            }
        }
    }

    #[test]
    fn later_counts_once_it_has_lasted_and_with_new_proof_each_time() {
        let (mut failures, start) = (Failures::default(), Instant::now());
        let busy = (Weight::Later, 503);
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
            assert_eq!(answered(&mut failures, 1, (Weight::Configuration, 415), now), (false, 0, id > 2));
            succeed(&mut failures, id);
        }
    }
}
