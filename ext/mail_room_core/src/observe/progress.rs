//! The progress of a mailbox: for a progress bar, a service manager, an exit status. It decides nothing. A number that is to be
//! watched is counted here.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use serde::Serialize;

/// What a mailbox is doing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum State {
    /// It connects for the first time.
    #[default]
    Starting,
    /// It reconnects, or waits before it does.
    Disconnected,
    /// It sweeps.
    Working,
    /// It waits for its target to come back.
    Paused,
    /// It waits for mail.
    Idle,
    /// It was to be worked through once, and was.
    Finished,
    /// It was to be worked through once, and could not be.
    GivenUp,
}

/// The progress at one moment.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Snapshot {
    /// What it is doing.
    pub state: State,
    /// Messages delivered since the start.
    pub delivered: u64,
    /// Messages that were ignored: only marked.
    pub ignored: u64,
    /// Messages rejected, whether or not their senders were notified.
    pub rejected: u64,
    /// Messages set aside.
    pub set_aside: u64,
    /// Messages that another process had delivered: only marked.
    pub elsewhere: u64,
    /// Messages found and not yet decided.
    pub left: u64,
    /// The last error.
    pub trouble: Option<String>,
}

/// The end of a message, to be counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// The target has taken it.
    Delivered,
    /// It was ignored.
    Ignored,
    /// It was rejected. Its sender was notified, unless there was a reason not to.
    Rejected,
    /// It was set aside.
    SetAside,
    /// Another process had delivered it.
    Elsewhere,
}

/// The progress of one mailbox, across its connections.
#[derive(Debug)]
pub struct Progress {
    inner: Mutex<Inner>,
}

#[derive(Debug)]
struct Inner {
    snapshot: Snapshot,
    attempted: bool,
    moved: Instant,
}

impl Default for Progress {
    fn default() -> Self {
        Self::new()
    }
}

impl Progress {
    /// Nothing has happened yet.
    pub fn new() -> Self {
        let inner = Inner { snapshot: Snapshot::default(), attempted: false, moved: Instant::now() };
        Self { inner: Mutex::new(inner) }
    }

    /// The progress now.
    pub fn snapshot(&self) -> Snapshot {
        self.inner().snapshot.clone()
    }

    /// Whether a first connection was tried, with or without success.
    pub fn attempted(&self) -> bool {
        self.inner().attempted
    }

    /// How long there was no progress: no message was fetched for the first time, decided, or tried in a way that counts.
    pub fn still_for(&self) -> Duration {
        self.inner().moved.elapsed()
    }

    /// Changes the state.
    pub(crate) fn turn(&self, state: State) {
        let mut inner = self.inner();
        inner.attempted |= state != State::Starting;
        // A mailbox that was given up stays so during cleanup.
        if inner.snapshot.state != State::GivenUp {
            inner.snapshot.state = state;
        }
    }

    /// Notes an error and the state that it leads to.
    pub(crate) fn trouble(&self, state: State, what: &str) {
        self.turn(state);
        self.inner().snapshot.trouble = Some(what.to_owned());
    }

    /// Notes how many messages a search found that are still to be decided.
    pub(crate) fn left(&self, left: usize) {
        let left = u64::try_from(left).unwrap_or(u64::MAX);
        let mut inner = self.inner();
        if left < inner.snapshot.left {
            inner.moved = Instant::now();
        }
        inner.snapshot.left = left;
    }

    /// Counts a message that was decided.
    pub(crate) fn count(&self, outcome: Outcome) {
        let mut inner = self.inner();
        let counter = match outcome {
            Outcome::Delivered => &mut inner.snapshot.delivered,
            Outcome::Ignored => &mut inner.snapshot.ignored,
            Outcome::Rejected => &mut inner.snapshot.rejected,
            Outcome::SetAside => &mut inner.snapshot.set_aside,
            Outcome::Elsewhere => &mut inner.snapshot.elsewhere,
        };
        *counter = counter.saturating_add(1);
        inner.snapshot.left = inner.snapshot.left.saturating_sub(1);
        inner.moved = Instant::now();
    }

    /// Notes progress with a message.
    pub(crate) fn moved(&self) {
        self.inner().moved = Instant::now();
    }

    /// A panic of another thread does no harm: each change is one step.
    fn inner(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_and_what_is_left() {
        let progress = Progress::new();
        assert!(!progress.attempted());
        progress.left(5);
        progress.turn(State::Working);
        for outcome in [Outcome::Delivered, Outcome::Delivered, Outcome::SetAside, Outcome::Ignored] {
            progress.count(outcome);
        }
        let Snapshot { state, delivered, ignored, set_aside, left, .. } = progress.snapshot();
        assert_eq!((state, delivered, ignored, set_aside, left), (State::Working, 2, 1, 1, 1));
        assert!(progress.attempted());
    }

    #[test]
    fn what_was_given_up_stays_so() {
        let progress = Progress::new();
        progress.trouble(State::GivenUp, "why");
        progress.turn(State::Working);
        let snapshot = progress.snapshot();
        assert_eq!((snapshot.state, snapshot.trouble.as_deref()), (State::GivenUp, Some("why")));
    }
}
