//! The circuit breaker of the notices: open while no notice can be sent, whoever its sender.

use std::sync::Mutex;
use std::time::{Duration, Instant};

use super::lock;
use crate::limits::backoff::Backoff;

/// First and longest pause while no notice can be sent.
const PAUSE: (Duration, Duration) = (Duration::from_secs(1), Duration::from_secs(60));

/// When notices may be sent again.
#[derive(Debug)]
pub(super) struct Pause(Mutex<Inner>);

#[derive(Debug)]
struct Inner {
    until: Instant,
    backoff: Backoff,
}

impl Pause {
    /// No pause.
    pub(super) fn new() -> Self {
        Self(Mutex::new(Inner { until: Instant::now(), backoff: Backoff::new(PAUSE.0, PAUSE.1) }))
    }

    /// The end of the current pause; `None` if there is none.
    pub(super) fn end(&self, now: Instant) -> Option<Instant> {
        Some(lock(&self.0).until).filter(|until| *until > now)
    }

    /// Begins a pause, longer than the one before. Returns its end and its length.
    pub(super) fn begin(&self) -> (Instant, Duration) {
        let mut inner = lock(&self.0);
        let delay = inner.backoff.delay();
        inner.until = Instant::now() + delay;
        (inner.until, delay)
    }

    /// A notice was sent: the next pause is a short one again.
    pub(super) fn reset(&self) {
        lock(&self.0).backoff.reset();
    }
}
