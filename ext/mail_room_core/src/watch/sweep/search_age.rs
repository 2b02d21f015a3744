//! How old the result of a search is, and when it is too old to act upon. A process that was stopped, or whose machine was
//! suspended, holds old results: another process may have delivered these messages, and the arbiter may have forgotten it.

use std::time::Duration;

use crate::system::clock;
use crate::track::tracker::Tracker;

/// When a search began, and how long its answer took.
#[derive(Debug, Clone, Copy)]
pub(super) struct SearchAge {
    begun: Duration,
    took: Duration,
}

impl SearchAge {
    /// The age of a search that begins now.
    pub(super) fn starts() -> Self {
        Self { begun: clock::since_boot(), took: Duration::ZERO }
    }

    /// How long ago the search began.
    pub(super) fn age(&self) -> Duration {
        clock::since_boot().saturating_sub(self.begun)
    }

    /// Records that the answer has arrived.
    pub(super) fn answered(self) -> Self {
        Self { took: self.age(), ..self }
    }

    /// Whether the result is too old to act upon. The time that the answer took is added to the limit, up to a bound, so
    /// that the result of a slow search is not too old on arrival.
    pub(super) fn is_outdated(&self, tracker: &Tracker) -> bool {
        let Some(good_for) = tracker.arbiter.search_is_good_for() else { return false };
        let most = good_for.saturating_mul(9) / 5;
        self.age() > good_for.saturating_add(self.took).min(most)
    }
}
