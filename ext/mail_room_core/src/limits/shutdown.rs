//! The request to stop. It cannot be taken back, may be made twice, and may come from any thread.

use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::sync::watch;

/// How long a stop may take. Messages in flight are finished within it; the others are released.
pub const STOP_WITHIN: Duration = Duration::from_secs(25);

/// A request to stop, and whether it was made.
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
    /// No stop is asked for yet.
    pub fn new() -> Self {
        Self { asked: Arc::new(watch::Sender::new(None)) }
    }

    /// Asks for a stop. [`STOP_WITHIN`] counts from the first call.
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

    /// Returns once a stop was asked for. Cancel safe.
    pub async fn wait(&self) {
        // The sender lives as long as self, so the channel does not close.
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
