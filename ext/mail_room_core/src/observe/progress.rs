//! How far a mailbox has got, for whoever looks on: a progress bar, a service manager, an exit status. Decides nothing.

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
    /// It connects again, or waits until it may.
    Disconnected,
    /// It sweeps.
    Working,
    /// It waits until its target is up again.
    Paused,
    /// It waits for mail.
    Idle,
    /// It was worked through, and that was all it was to be.
    Finished,
    /// It was to be worked through, and could not be.
    GivenUp,
}

/// How far it has got.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Snapshot {
    /// What it is doing.
    pub state: State,
    /// Messages delivered since the start.
    pub delivered: u64,
    /// Messages that nobody wanted, only marked.
    pub ignored: u64,
    /// Messages rejected, whether their senders were told or not.
    pub rejected: u64,
    /// Messages given up.
    pub set_aside: u64,
    /// Messages that somebody else had delivered, only marked.
    pub elsewhere: u64,
    /// Messages found that are still to be decided.
    pub left: u64,
    /// What went wrong last.
    pub trouble: Option<String>,
}

/// What becomes of a message, to be counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fate {
    /// The target has taken it.
    Delivered,
    /// Nobody wanted it.
    Ignored,
    /// It was rejected, and its sender told unless there was a reason not to.
    Rejected,
    /// It was given up.
    SetAside,
    /// Somebody else had delivered it.
    Elsewhere,
}

/// The progress of one mailbox, over all its connections.
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

    /// How far it has got by now.
    pub fn snapshot(&self) -> Snapshot {
        self.inner().snapshot.clone()
    }

    /// Whether there was a first attempt at connecting, well or ill.
    pub fn attempted(&self) -> bool {
        self.inner().attempted
    }

    /// How long nothing has got on: no message was fetched for the first time, decided, or tried in a way that
    /// counts.
    pub fn still_for(&self) -> Duration {
        self.inner().moved.elapsed()
    }

    /// Turns to something else.
    pub(crate) fn turn(&self, state: State) {
        let mut inner = self.inner();
        inner.attempted |= state != State::Starting;
        // What was given up stays so, whatever is still tidied up.
        if inner.snapshot.state != State::GivenUp {
            inner.snapshot.state = state;
        }
    }

    /// Something went wrong.
    pub(crate) fn trouble(&self, state: State, what: &str) {
        self.turn(state);
        self.inner().snapshot.trouble = Some(what.to_owned());
    }

    /// A search has found that so many are to be decided.
    pub(crate) fn left(&self, left: usize) {
        let left = u64::try_from(left).unwrap_or(u64::MAX);
        let mut inner = self.inner();
        if left < inner.snapshot.left {
            inner.moved = Instant::now();
        }
        inner.snapshot.left = left;
    }

    /// A message's fate is decided.
    pub(crate) fn count(&self, fate: Fate) {
        let mut inner = self.inner();
        let counter = match fate {
            Fate::Delivered => &mut inner.snapshot.delivered,
            Fate::Ignored => &mut inner.snapshot.ignored,
            Fate::Rejected => &mut inner.snapshot.rejected,
            Fate::SetAside => &mut inner.snapshot.set_aside,
            Fate::Elsewhere => &mut inner.snapshot.elsewhere,
        };
        *counter = counter.saturating_add(1);
        inner.snapshot.left = inner.snapshot.left.saturating_sub(1);
        inner.moved = Instant::now();
    }

    /// A message has got nearer to its end.
    pub(crate) fn moved(&self) {
        self.inner().moved = Instant::now();
    }

    /// A panic elsewhere leaves it as it was: every change is one step.
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
        for fate in [Fate::Delivered, Fate::Delivered, Fate::SetAside, Fate::Ignored] {
            progress.count(fate);
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
