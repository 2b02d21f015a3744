//! When a request may be sent: at most four of one mailbox are on their way (Graph's own limit for an app and a mailbox),
//! none while Graph wants to be left alone, and fewer while others take up the limit. Whatever is configured for one
//! mailbox (several folders) shares its lane, and lanes outlive sessions. Sends nothing.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::sleep_until;

use crate::limits::backoff::Backoff;

/// Requests on their way at a time.
pub(crate) const PLACES: u32 = 4;
/// Pauses where the answer does not say for how long, first and longest.
const PAUSE: (Duration, Duration) = (Duration::from_secs(1), Duration::from_secs(60));
/// Good answers after which one more request is tried at a time.
const GOOD: u32 = 50;
/// A pause that grows by less is no news.
const NEWS: Duration = Duration::from_secs(1);

/// The lanes of a process, by mailbox.
#[derive(Debug, Default)]
pub(crate) struct Lanes(HashMap<String, Arc<Lane>>);

impl Lanes {
    /// The lane of `mailbox`.
    pub(crate) fn of(&mut self, mailbox: &str) -> Arc<Lane> {
        self.0.entry(mailbox.to_owned()).or_default().clone()
    }
}

/// A right to have a request on its way, given back on drop.
pub(crate) type Place = OwnedSemaphorePermit;

/// The way to one mailbox.
#[derive(Debug)]
pub(crate) struct Lane {
    places: Arc<Semaphore>,
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    not_before: Option<Instant>,
    backoff: Backoff,
    /// Places that a request takes: 1, 2 or 4.
    width: u32,
    good: u32,
}

impl Default for Lane {
    fn default() -> Self {
        let backoff = Backoff::new(PAUSE.0, PAUSE.1);
        let state = State { not_before: None, backoff, width: 1, good: 0 };
        Self { places: Arc::new(Semaphore::new(PLACES as usize)), state: Mutex::new(state) }
    }
}

impl Lane {
    /// Waits for a place, or for all of them to be `alone`, and for the end of a pause unless that lasts longer than
    /// `patience`: then returns what is left of it.
    pub(crate) async fn enter(&self, alone: bool, patience: Duration) -> Result<Place, Duration> {
        loop {
            if let Some(until) = self.pause() {
                let left = until.saturating_duration_since(Instant::now());
                if left > patience {
                    return Err(left);
                }
                sleep_until(until.into()).await;
            }
            let width = if alone { PLACES } else { self.state().width };
            let Ok(place) = self.places.clone().acquire_many_owned(width).await else {
                // Only if the semaphore were closed, which nobody does.
                return Err(PAUSE.0);
            };
            // While we waited for a place somebody may have been told to stay away.
            if self.pause().is_none() {
                return Ok(place);
            }
        }
    }

    /// An answer says that it is too much, and perhaps for how long to stay away. Returns how long that is, if it is
    /// news.
    pub(crate) fn hold(&self, asked: Option<Duration>) -> Option<Duration> {
        let mut state = self.state();
        let now = Instant::now();
        let under_way = state.not_before.filter(|until| *until > now);
        // Nobody can ask for a shorter pause than ours.
        let pause = match (asked, under_way) {
            (_, None) => state.backoff.delay().max(asked.unwrap_or_default()),
            (Some(pause), Some(_)) => pause,
            (None, Some(_)) => return None,
        };
        if under_way.is_none() {
            state.width = state.width.saturating_mul(2).min(PLACES);
        }
        state.good = 0;
        let until = now + pause;
        state.not_before = Some(under_way.map_or(until, |before| before.max(until)));
        let news = under_way.is_none_or(|before| until > before + NEWS);
        news.then_some(pause)
    }

    /// How long nothing may be sent.
    pub(crate) fn left(&self) -> Duration {
        self.pause().map_or(Duration::ZERO, |until| until.saturating_duration_since(Instant::now()))
    }

    /// A request was answered.
    pub(crate) fn went_well(&self) {
        let mut state = self.state();
        state.backoff.reset();
        state.good = state.good.saturating_add(1);
        if state.good >= GOOD && state.width > 1 {
            state.width /= 2;
            state.good = 0;
        }
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
        let lane = Lane::default();
        let mut places = Vec::new();
        for _ in 0..4 {
            places.push(lane.enter(false, PATIENCE).await.unwrap());
        }
        assert!(tokio::time::timeout(Duration::from_millis(50), lane.enter(false, PATIENCE)).await.is_err());
        places.clear();
        let alone = lane.enter(true, PATIENCE).await.unwrap();
        assert!(tokio::time::timeout(Duration::from_millis(50), lane.enter(false, PATIENCE)).await.is_err());
        drop(alone);
        assert!(lane.hold(Some(Duration::from_millis(1))).is_some());
        lane.state().not_before = None;
        let two = [lane.enter(false, PATIENCE).await.unwrap(), lane.enter(false, PATIENCE).await.unwrap()];
        assert!(tokio::time::timeout(Duration::from_millis(50), lane.enter(false, PATIENCE)).await.is_err());
        drop(two);
        (0..GOOD).for_each(|_| lane.went_well());
        assert_eq!(lane.state().width, 1);
    }

    #[tokio::test]
    async fn nobody_enters_before_a_pause_ends() {
        let lane = Lane::default();
        let begun = Instant::now();
        assert_eq!(lane.hold(Some(Duration::from_millis(1300))), Some(Duration::from_millis(1300)));
        // Neither news nor shorter.
        assert_eq!(lane.hold(Some(Duration::from_millis(10))), None);
        assert_eq!(lane.hold(None), None);
        drop(lane.enter(false, PATIENCE).await.unwrap());
        assert!(begun.elapsed() >= Duration::from_millis(1300));
        lane.hold(Some(Duration::from_secs(60)));
        let left = lane.enter(false, PATIENCE).await.unwrap_err();
        assert!(left > Duration::from_secs(59) && left <= Duration::from_secs(60));
    }

    #[test]
    fn pauses_double_and_nobody_can_ask_for_shorter_ones() {
        for asked in [None, Some(Duration::ZERO), Some(Duration::from_millis(1))] {
            let lane = Lane::default();
            for step in [1.0, 2.0, 4.0] {
                let pause = lane.hold(asked).unwrap().as_secs_f64();
                assert!((step / 2.0..=step).contains(&pause), "{pause} is not in the step of {step}");
                lane.state().not_before = None;
            }
            assert_eq!(lane.hold(Some(Duration::from_secs(9))), Some(Duration::from_secs(9)));
            lane.state().not_before = None;
            lane.went_well();
            assert!(lane.hold(asked).unwrap() <= Duration::from_secs(1));
        }
    }
}
