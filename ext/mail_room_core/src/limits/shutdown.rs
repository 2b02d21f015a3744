//! The one signal from outside: stop. Sticky, idempotent, callable from any thread.

use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::sync::watch;

/// How long a stop may take: what is in flight is finished within it, the rest is released.
pub const STOP_WITHIN: Duration = Duration::from_secs(25);

/// Asks for a stop and tells whether one was asked for.
#[derive(Debug, Clone)]
pub struct Stop {
    asked: Arc<watch::Sender<Option<Instant>>>,
}

impl Default for Stop {
    fn default() -> Self {
        Self::new()
    }
}

impl Stop {
    /// Nobody has asked yet.
    pub fn new() -> Self {
        Self { asked: Arc::new(watch::Sender::new(None)) }
    }

    /// Asks. Once asked, always asked; the clock of [`STOP_WITHIN`] starts with the first call.
    pub fn ask(&self) {
        self.asked.send_if_modified(|asked| {
            let first = asked.is_none();
            asked.get_or_insert_with(Instant::now);
            first
        });
    }

    /// Whether a stop was asked for.
    pub fn asked(&self) -> bool {
        self.asked.borrow().is_some()
    }

    /// Returns when a stop was asked for; at once if it already was. Cancel safe.
    pub async fn wait(&self) {
        // The sender lives as long as self: the channel cannot close under us.
        let _ = self.asked.subscribe().wait_for(Option::is_some).await;
    }

    /// Returns `within` after a stop was asked for. Cancel safe.
    pub async fn wait_and(&self, within: Duration) {
        self.wait().await;
        let asked = *self.asked.borrow();
        if let Some(asked) = asked {
            tokio::time::sleep_until((asked + within).into()).await;
        }
    }

    /// Sleeps for `duration`, or until a stop is asked for. Tells whether the whole duration passed.
    pub async fn sleep(&self, duration: Duration) -> bool {
        tokio::time::timeout(duration, self.wait()).await.is_err()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn asking_wakes_every_waiter_now_and_later() {
        let stop = Stop::new();
        assert!(!stop.asked());
        let waiter = tokio::spawn({
            let stop = stop.clone();
            async move { stop.sleep(Duration::from_secs(3600)).await }
        });
        stop.ask();
        stop.ask();
        assert!(!waiter.await.unwrap());
        assert!(stop.asked());
        stop.wait().await;
    }
}
