//! Whether a runtime still runs tasks: a task of it beats, and other threads look how long ago that was.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

/// How often it beats.
const BEAT_EVERY: Duration = Duration::from_secs(1);
/// A runtime whose last heartbeat is older than this is stuck.
pub const STUCK_AFTER: Duration = Duration::from_secs(30);

/// The heartbeat of a runtime.
#[derive(Debug)]
pub struct Heartbeat {
    started: Instant,
    /// The last heartbeat, in milliseconds after `started`.
    last: AtomicU64,
    ended: AtomicBool,
}

impl Default for Heartbeat {
    fn default() -> Self {
        Self { started: Instant::now(), last: AtomicU64::new(0), ended: AtomicBool::new(false) }
    }
}

impl Heartbeat {
    /// Beats until dropped. It must run as a task.
    pub(crate) async fn beat(&self) {
        loop {
            self.last.store(self.now(), Ordering::Release);
            tokio::time::sleep(BEAT_EVERY).await;
        }
    }

    /// The runtime has ended as it should: no heartbeat is expected from now on.
    pub(crate) fn end(&self) {
        self.ended.store(true, Ordering::Release);
    }

    /// The age of the last heartbeat, or the time since the start if there was none.
    pub fn age(&self) -> Duration {
        Duration::from_millis(self.now().saturating_sub(self.last.load(Ordering::Acquire)))
    }

    /// Whether the last heartbeat is recent, or none is expected any more.
    pub fn is_alive(&self) -> bool {
        self.ended.load(Ordering::Acquire) || self.age() <= STUCK_AFTER
    }

    fn now(&self) -> u64 {
        u64::try_from(self.started.elapsed().as_millis()).unwrap_or(u64::MAX)
    }

    /// A heartbeat whose last beat was so long ago.
    #[cfg(test)]
    pub(crate) fn of_age(age: Duration) -> Self {
        Self { started: Instant::now().checked_sub(age).unwrap(), ..Self::default() }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::system::runtime::{runtime, tests::hang};

    /// The thing that must end in a restart: both threads of the runtime hang in something that does not await.
    #[test]
    fn it_stops_while_every_thread_of_the_runtime_hangs() {
        let runtime = runtime(2).unwrap();
        let heartbeat: Arc<Heartbeat> = Arc::default();
        let beating = heartbeat.clone();
        runtime.spawn(async move { beating.beat().await });
        let releases = hang(&runtime, 2);
        let until = Instant::now() + Duration::from_secs(20);
        while heartbeat.age() < BEAT_EVERY * 2 {
            assert!(Instant::now() < until, "it still beats");
            std::thread::sleep(Duration::from_millis(10));
        }
        drop(releases);
        while heartbeat.age() > BEAT_EVERY {
            assert!(Instant::now() < until, "it does not beat again");
            std::thread::sleep(Duration::from_millis(10));
        }
    }

    #[test]
    fn it_is_alive_for_30_s_and_after_a_clean_end() {
        assert!(Heartbeat::of_age(Duration::from_secs(29)).is_alive());
        let stuck = Heartbeat::of_age(Duration::from_secs(31));
        assert!(!stuck.is_alive());
        stuck.end();
        assert!(stuck.is_alive());
    }
}
