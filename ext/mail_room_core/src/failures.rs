//! Whose fault is a failure, the message's or the target's? One answer of a target does not tell; what became of other
//! messages does. Decides what counts against a message and when the target is doubted; delivers and waits for nothing.
//!
//! A failure counts against a message only with proof that the target works: another message was delivered between two of
//! its tries. Once proven, further failures count as long as the last that is known of the
//! target from others is a success. When [`DOUBT_AFTER`] different messages in a row fail, it is the target, and nothing
//! of that row counts.

use std::collections::{BTreeMap, BTreeSet};

use crate::message::MessageId;

/// Different messages that fail in a row before the target is taken to be down.
const DOUBT_AFTER: usize = 3;

/// What is known of failures in one mailbox.
#[derive(Debug, Default)]
pub(crate) struct Failures {
    /// Answers so far; a point in time.
    clock: u64,
    /// When the latest delivery was.
    success: u64,
    /// Messages that failed with no success between.
    row: BTreeSet<MessageId>,
    tries: BTreeMap<MessageId, Tries>,
}

#[derive(Debug, Default)]
struct Tries {
    failures: u32,
    counted: u32,
    /// Whether the last failure counted and may still turn out to be the target's.
    provisional: bool,
    proven: bool,
    failed_at: Option<u64>,
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
}

impl Failures {
    /// `id` was delivered.
    pub(crate) fn succeeded(&mut self, id: &MessageId) {
        self.clock = self.clock.saturating_add(1);
        self.success = self.clock;
        for id in std::mem::take(&mut self.row) {
            if let Some(tries) = self.tries.get_mut(&id) {
                tries.provisional = false;
            }
        }
        self.tries.remove(id);
    }

    /// The target refused `id` itself: counts at once, and says nothing about the target.
    pub(crate) fn refused(&mut self, id: &MessageId) -> Failure {
        let tries = self.tries.entry(id.clone()).or_default();
        tries.failures = tries.failures.saturating_add(1);
        tries.counted = tries.counted.saturating_add(1);
        Failure { failures: tries.failures, counts: true, counted: tries.counted }
    }

    /// The hand-over of `id` failed, and nobody knows whose fault it was.
    pub(crate) fn failed(&mut self, id: &MessageId) -> Failure {
        self.clock = self.clock.saturating_add(1);
        self.row.insert(id.clone());
        let alone = self.row.len() == 1;
        let doubted = self.doubted();
        let (clock, success) = (self.clock, self.success);
        let tries = self.tries.entry(id.clone()).or_default();
        let proof = tries.failed_at.is_some_and(|failed_at| success > failed_at);
        tries.proven |= proof;
        let counts = !doubted && (proof || (tries.proven && alone));
        tries.failures = tries.failures.saturating_add(1);
        tries.failed_at = Some(clock);
        tries.counted = tries.counted.saturating_add(u32::from(counts));
        // Alone in the row and proven: what counted before stands.
        tries.provisional = counts;
        let failure = Failure { failures: tries.failures, counts, counted: tries.counted };
        if doubted {
            self.nothing_of_the_row_counts();
        }
        failure
    }

    fn nothing_of_the_row_counts(&mut self) {
        for id in &self.row {
            if let Some(tries) = self.tries.get_mut(id)
                && std::mem::take(&mut tries.provisional)
            {
                tries.counted = tries.counted.saturating_sub(1);
            }
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
        failures.failed(&uid(id))
    }

    fn succeed(failures: &mut Failures, id: u32) {
        failures.succeeded(&uid(id));
    }

    #[test]
    fn a_failure_counts_once_another_message_got_through_between_two_tries() {
        let mut failures = Failures::default();
        assert_eq!(fail(&mut failures, 1), Failure { failures: 1, counts: false, counted: 0 });
        assert_eq!(fail(&mut failures, 1), Failure { failures: 2, counts: false, counted: 0 });
        succeed(&mut failures, 2);
        assert_eq!(fail(&mut failures, 1), Failure { failures: 3, counts: true, counted: 1 });
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
    fn a_refusal_counts_at_once_and_does_not_cast_doubt_on_the_target() {
        let mut failures = Failures::default();
        for counted in 1..=4 {
            assert_eq!(failures.refused(&uid(counted)), Failure { failures: 1, counts: true, counted: 1 });
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
}
