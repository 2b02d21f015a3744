//! Whether a mailbox is in trouble for long, or well again. Knows nothing of notices.

use std::time::{Duration, Instant};

use crate::observe::progress::{Snapshot, State};

/// A change that somebody is told of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Change {
    /// The mailbox has been in trouble for the time that was asked for.
    Trouble,
    /// It is well again after that.
    Well,
}

/// The condition of one mailbox.
#[derive(Debug)]
pub(super) struct Condition {
    after: Duration,
    /// When the trouble began, and how many messages were delivered by then.
    trouble: Option<(Instant, u64)>,
    told: bool,
}

impl Condition {
    /// Trouble counts `after` this time.
    pub(super) fn new(after: Duration) -> Self {
        Self { after, trouble: None, told: false }
    }

    /// Looks at the progress. A mailbox that works is well only once it has delivered something: every try of a target that is
    /// down begins that way.
    pub(super) fn look(&mut self, snapshot: &Snapshot, now: Instant) -> Option<Change> {
        let (began, delivered) = match (snapshot.state, self.trouble) {
            (State::Disconnected | State::Paused | State::GivenUp, None) => {
                *self.trouble.insert((now, snapshot.delivered))
            }
            (State::Idle | State::Finished, _) => return self.well(),
            (_, Some(trouble)) => trouble,
            (_, None) => return None,
        };
        if snapshot.state == State::Working && snapshot.delivered > delivered {
            return self.well();
        }
        let due = !self.told && now.saturating_duration_since(began) >= self.after;
        self.told |= due;
        due.then_some(Change::Trouble)
    }

    fn well(&mut self) -> Option<Change> {
        self.trouble = None;
        std::mem::take(&mut self.told).then_some(Change::Well)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_trouble_is_told_once_and_its_end_once() {
        let began = Instant::now();
        let mut condition = Condition::new(Duration::from_secs(900));
        let mut at = |second: u64, state: State, delivered: u64| {
            let snapshot = Snapshot { state, delivered, ..Snapshot::default() };
            condition.look(&snapshot, began + Duration::from_secs(second))
        };
        // Short trouble is nobody's business.
        assert_eq!(at(0, State::Disconnected, 0), None);
        assert_eq!(at(899, State::Disconnected, 0), None);
        assert_eq!(at(899, State::Idle, 0), None);
        // Each try works for a moment, and fails.
        assert_eq!(at(1000, State::Paused, 7), None);
        assert_eq!(at(1500, State::Working, 7), None);
        assert_eq!(at(1899, State::Paused, 7), None);
        assert_eq!(at(1900, State::Working, 7), Some(Change::Trouble));
        assert_eq!(at(9000, State::Disconnected, 7), None, "told once");
        assert_eq!(at(9001, State::Working, 8), Some(Change::Well));
        assert_eq!(at(9002, State::Idle, 8), None);
        assert_eq!(at(9003, State::Paused, 8), None);
        assert_eq!(at(9903, State::Paused, 8), Some(Change::Trouble));
        assert_eq!(at(9904, State::Idle, 8), Some(Change::Well));
    }
}
