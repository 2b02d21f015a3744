//! Rejected messages whose notices are still to be sent. The queue is short; a message that does not fit is looked at again
//! later.

use std::collections::VecDeque;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use tokio::sync::Notify;
use tokio::time::timeout;

use super::lock;
use super::notice::Rejected;
use crate::limits::shutdown::Stop;
use crate::matching::matcher::Match;
use crate::message::MessageId;
use crate::system::clock;
use crate::track::tracker::Tracker;

/// Most messages in the queue, and most octets where the app wants to see the messages. A larger one waits alone.
const CAPACITY: (usize, usize) = (100, 8 << 20);

/// A rejected message whose sender is to be notified.
#[derive(Debug)]
pub(crate) struct Pending {
    pub(super) scope: String,
    pub(super) id: MessageId,
    pub(super) rejected: Rejected,
    pub(super) found: Match,
    /// The message, for the app's own class; empty otherwise.
    pub(super) raw: Vec<u8>,
    pub(super) until: Instant,
    /// When the message was looked at, in time since boot.
    pub(super) considered: Duration,
}

impl Pending {
    /// The message's id.
    pub(crate) fn id(&self) -> &MessageId {
        &self.id
    }

    /// When the message is looked at again at the latest.
    pub(crate) fn until(&self) -> Instant {
        self.until
    }

    /// How long the message has been waiting.
    pub(super) fn age(&self) -> Duration {
        clock::since_boot().saturating_sub(self.considered)
    }

    /// Whether so much time has passed since the message was looked at that another process may have notified the sender,
    /// and the arbiter may have forgotten it.
    pub(super) fn is_outdated(&self, tracker: &Tracker) -> bool {
        let age = self.age();
        tracker.arbiter.search_is_good_for().is_some_and(|good_for| age > good_for)
    }
}

/// The queue, and whether one of its messages is in flight.
#[derive(Debug, Default)]
pub(super) struct Queue {
    waiting: Mutex<VecDeque<Pending>>,
    added: Notify,
    in_flight: AtomicBool,
    idle: Notify,
}

impl Queue {
    /// Whether a message of `octets` fits behind those that wait and `ahead` others.
    pub(super) fn has_room(&self, ahead: usize, octets: usize) -> bool {
        let waiting = lock(&self.waiting);
        let is_first = waiting.is_empty() && ahead == 0;
        let waiting_octets: usize = waiting.iter().map(|pending| pending.raw.len()).sum();
        is_first || (waiting.len() + ahead < CAPACITY.0 && waiting_octets.saturating_add(octets) <= CAPACITY.1)
    }

    /// Adds these.
    pub(super) fn extend(&self, pending: Vec<Pending>) {
        if !pending.is_empty() {
            lock(&self.waiting).extend(pending);
            self.added.notify_one();
        }
    }

    /// Takes the next message, which is in flight until [`done`](Self::done). Waits while the queue is empty, and for ever
    /// once a stop was asked for.
    pub(super) async fn next(&self, stop: &Stop) -> Pending {
        loop {
            let added = self.added.notified();
            {
                // The flag is set while the queue is locked: a message that is neither waiting nor in flight is decided.
                let mut waiting = lock(&self.waiting);
                let next = if stop.asked() { None } else { waiting.pop_front() };
                self.in_flight.store(next.is_some(), Ordering::Release);
                if let Some(next) = next {
                    return next;
                }
            }
            added.await;
        }
    }

    /// The message in flight is dealt with.
    pub(super) fn done(&self) {
        self.in_flight.store(false, Ordering::Release);
        self.idle.notify_waiters();
    }

    /// Whether a message is waiting or in flight.
    pub(super) fn is_busy(&self) -> bool {
        self.in_flight.load(Ordering::Acquire) || !lock(&self.waiting).is_empty()
    }

    /// Returns when no message is in flight, after `within` at the latest.
    pub(super) async fn idle(&self, within: Duration) {
        let idle = async {
            loop {
                let idle = self.idle.notified();
                if !self.in_flight.load(Ordering::Acquire) {
                    return;
                }
                idle.await;
            }
        };
        timeout(within, idle).await.ok();
    }
}
