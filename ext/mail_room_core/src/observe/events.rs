//! Events for the app's own subscribers. A Ruby thread fetches them and publishes them. If it does not keep up, events are dropped
//! and counted: no mailbox waits for a subscriber.

use std::collections::VecDeque;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::task::Poll;

use serde::Serialize;
use serde_json::{Map, Value};

use crate::ruby::waker::Waker;

/// Events that wait, at most.
const MOST: usize = 1_000;
/// Events fetched at a time.
const AT_A_TIME: usize = 100;

/// Something that happened to a mailbox.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Event {
    /// Its name: `deliver`, `set_aside` or `connection`.
    pub name: &'static str,
    /// What is known of it. Nothing of senders and subjects.
    pub payload: Map<String, Value>,
}

/// The events of a supervisor.
#[derive(Debug, Default)]
pub struct Events {
    /// Wakes the thread for each event, and at the end.
    pub waker: Waker,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    waiting: VecDeque<Event>,
    dropped: u64,
    closed: bool,
}

impl Events {
    pub(super) fn push(&self, event: Event) {
        {
            let mut state = self.state();
            if state.waiting.len() >= MOST {
                state.dropped = state.dropped.saturating_add(1);
                return;
            }
            state.waiting.push_back(event);
        }
        self.waker.wake();
    }

    /// Some of the events that wait, the oldest first, and how many were dropped since the last call; does not wait itself.
    /// Pending if there are none yet: the waker tells when to fetch again. `None` if there will be no more.
    pub fn fetch(&self) -> Poll<Option<(Vec<Event>, u64)>> {
        let mut state = self.state();
        if state.waiting.is_empty() {
            return if state.closed { Poll::Ready(None) } else { Poll::Pending };
        }
        let some = state.waiting.len().min(AT_A_TIME);
        let events = state.waiting.drain(..some).collect();
        Poll::Ready(Some((events, std::mem::take(&mut state.dropped))))
    }

    /// There will be no more events.
    pub(crate) fn close(&self) {
        self.state().closed = true;
        self.waker.wake();
    }

    /// A panic of another thread does no harm: each change is one step.
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_nobody_fetches_is_dropped_and_counted() {
        let events = Events::default();
        assert!(events.fetch().is_pending());
        (0..MOST + 7).for_each(|_| events.push(Event { name: "deliver", payload: Map::new() }));
        events.close();
        let (mut fetched, mut dropped) = (0, 0);
        while let Poll::Ready(Some((some, lost))) = events.fetch() {
            assert!(some.len() <= AT_A_TIME);
            fetched += some.len();
            dropped += lost;
        }
        assert_eq!((fetched, dropped), (MOST, 7));
        assert_eq!(events.fetch(), Poll::Ready(None));
    }
}
