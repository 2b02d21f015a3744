//! Limits the requests to one mailbox: at most four in flight (Graph's own limit per app and mailbox), none during a pause that
//! Graph asked for, and fewer while other clients use up the limit. All folders of one mailbox share its throttle. Throttles
//! outlive sessions. Sends nothing.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::sleep_until;

use crate::limits::backoff::Backoff;

/// Requests in flight at a time.
pub(crate) const MAX_IN_FLIGHT: u32 = 4;
/// Backoff if the answer names no pause, first and longest.
const PAUSE: (Duration, Duration) = (Duration::from_secs(1), Duration::from_secs(60));
/// Successes after which the number of requests in flight is raised.
const GOOD: u32 = 50;
/// A pause that grows by less is not logged again.
const NEWS: Duration = Duration::from_secs(1);

/// The throttles of a process, by mailbox.
#[derive(Debug, Default)]
pub(crate) struct Throttles(HashMap<String, Arc<Throttle>>);

impl Throttles {
    /// The throttle of `mailbox`.
    pub(crate) fn of(&mut self, mailbox: &str) -> Arc<Throttle> {
        self.0.entry(mailbox.to_owned()).or_default().clone()
    }
}

/// Permits one request in flight, until it is dropped.
pub(crate) type Permit = OwnedSemaphorePermit;

/// The throttle of one mailbox.
#[derive(Debug)]
pub(crate) struct Throttle {
    permits: Arc<Semaphore>,
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    not_before: Option<Instant>,
    backoff: Backoff,
    /// Permits that a request takes: 1, 2 or 4.
    width: u32,
    good: u32,
    successes: u64,
}

impl Default for Throttle {
    fn default() -> Self {
        let backoff = Backoff::new(PAUSE.0, PAUSE.1);
        let state = State { not_before: None, backoff, width: 1, good: 0, successes: 0 };
        Self { permits: Arc::new(Semaphore::new(MAX_IN_FLIGHT as usize)), state: Mutex::new(state) }
    }
}

impl Throttle {
    /// Waits for a permit, or for all of them to be `alone`, and for the end of a pause. If the pause lasts longer than
    /// `patience`, returns what is left of it.
    pub(crate) async fn enter(&self, alone: bool, patience: Duration) -> Result<Permit, Duration> {
        loop {
            if let Some(until) = self.pause() {
                let left = until.saturating_duration_since(Instant::now());
                if left > patience {
                    return Err(left);
                }
                sleep_until(until.into()).await;
            }
            let width = if alone { MAX_IN_FLIGHT } else { self.state().width };
            let Ok(permit) = self.permits.clone().acquire_many_owned(width).await else {
                // The semaphore is never closed.
                return Err(PAUSE.0);
            };
            // A pause may have begun meanwhile.
            if self.pause().is_none() {
                return Ok(permit);
            }
        }
    }

    /// Waits for the end of a pause, if it is no longer than `patience`, and then lets other requests that wait for it go first.
    /// Otherwise a request that is always refused would begin the next pause before any other request is sent.
    pub(crate) async fn yield_to_others(&self, patience: Duration) {
        let Some(until) = self.pause() else { return };
        if until.saturating_duration_since(Instant::now()) <= patience {
            sleep_until(until.into()).await;
            tokio::task::yield_now().await;
        }
    }

    /// Begins a pause, of the length that the answer `asked` for if it did. Returns its length, if it is to be logged.
    pub(crate) fn hold(&self, asked: Option<Duration>) -> Option<Duration> {
        let mut state = self.state();
        let now = Instant::now();
        let under_way = state.not_before.filter(|until| *until > now);
        // The server cannot ask for a shorter pause than our own.
        let pause = match (asked, under_way) {
            (_, None) => state.backoff.delay().max(asked.unwrap_or_default()),
            (Some(pause), Some(_)) => pause,
            (None, Some(_)) => return None,
        };
        if under_way.is_none() {
            state.width = state.width.saturating_mul(2).min(MAX_IN_FLIGHT);
        }
        state.good = 0;
        let until = now + pause;
        state.not_before = Some(under_way.map_or(until, |before| before.max(until)));
        let news = under_way.is_none_or(|before| until > before + NEWS);
        news.then_some(pause)
    }

    /// The rest of the pause.
    pub(crate) fn left(&self) -> Duration {
        self.pause().map_or(Duration::ZERO, |until| until.saturating_duration_since(Instant::now()))
    }

    /// A request succeeded.
    pub(crate) fn succeeded(&self) {
        let mut state = self.state();
        state.backoff.reset();
        state.successes = state.successes.wrapping_add(1);
        state.good = state.good.saturating_add(1);
        if state.good >= GOOD && state.width > 1 {
            state.width /= 2;
            state.good = 0;
        }
    }

    /// Requests that succeeded since the start of the process.
    pub(crate) fn successes(&self) -> u64 {
        self.state().successes
    }

    fn pause(&self) -> Option<Instant> {
        let now = Instant::now();
        self.state().not_before.filter(|until| *until > now)
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PATIENCE: Duration = Duration::from_secs(5);

    #[tokio::test]
    async fn four_at_a_time_and_fewer_after_a_complaint() {
        let throttle = Throttle::default();
        let mut permits = Vec::new();
        for _ in 0..4 {
            permits.push(throttle.enter(false, PATIENCE).await.unwrap());
        }
        assert!(tokio::time::timeout(Duration::from_millis(50), throttle.enter(false, PATIENCE)).await.is_err());
        permits.clear();
        let alone = throttle.enter(true, PATIENCE).await.unwrap();
        assert!(tokio::time::timeout(Duration::from_millis(50), throttle.enter(false, PATIENCE)).await.is_err());
        drop(alone);
        assert!(throttle.hold(Some(Duration::from_millis(1))).is_some());
        throttle.state().not_before = None;
        let two = [throttle.enter(false, PATIENCE).await.unwrap(), throttle.enter(false, PATIENCE).await.unwrap()];
        assert!(tokio::time::timeout(Duration::from_millis(50), throttle.enter(false, PATIENCE)).await.is_err());
        drop(two);
        (0..GOOD).for_each(|_| throttle.succeeded());
        assert_eq!(throttle.state().width, 1);
    }

    #[tokio::test]
    async fn nobody_enters_before_a_pause_ends() {
        let throttle = Throttle::default();
        let begun = Instant::now();
        assert_eq!(throttle.hold(Some(Duration::from_millis(1300))), Some(Duration::from_millis(1300)));
        // Neither news nor shorter.
        assert_eq!(throttle.hold(Some(Duration::from_millis(10))), None);
        assert_eq!(throttle.hold(None), None);
        drop(throttle.enter(false, PATIENCE).await.unwrap());
        assert!(begun.elapsed() >= Duration::from_millis(1300));
        throttle.hold(Some(Duration::from_secs(60)));
        let left = throttle.enter(false, PATIENCE).await.unwrap_err();
        assert!(left > Duration::from_secs(59) && left <= Duration::from_secs(60));
    }

    #[test]
    fn pauses_double_and_nobody_can_ask_for_shorter_ones() {
        for asked in [None, Some(Duration::ZERO), Some(Duration::from_millis(1))] {
            let throttle = Throttle::default();
            for step in [1.0, 2.0, 4.0] {
                let pause = throttle.hold(asked).unwrap().as_secs_f64();
                assert!((step / 2.0..=step).contains(&pause), "{pause} is not in the step of {step}");
                throttle.state().not_before = None;
            }
            assert_eq!(throttle.hold(Some(Duration::from_secs(9))), Some(Duration::from_secs(9)));
            throttle.state().not_before = None;
            throttle.succeeded();
            assert!(throttle.hold(asked).unwrap() <= Duration::from_secs(1));
        }
    }
}
