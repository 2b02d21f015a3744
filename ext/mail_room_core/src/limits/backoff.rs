//! How long to wait before the next try. The delay doubles, and jitter shortens it, so that many mailboxes do not come back
//! together.

use std::time::Duration;

/// A delay that doubles. It does not sleep: the caller does, and can be woken.
#[derive(Debug, Clone)]
pub struct Backoff {
    first: Duration,
    last: Duration,
    next: Duration,
}

impl Backoff {
    /// Delays from `first`, doubling up to `last`.
    pub fn new(first: Duration, last: Duration) -> Self {
        Self { first, last, next: first }
    }

    /// The next delay: between a half and the whole of the current step.
    pub fn delay(&mut self) -> Duration {
        let step = self.next;
        self.next = step.saturating_mul(2).min(self.last);
        step.mul_f64(rand::random_range(0.5..=1.0))
    }

    /// The next delay, or what the other end asked for if that is longer. Nobody outside can make it shorter.
    pub fn at_least(&mut self, asked: Option<Duration>) -> Duration {
        self.delay().max(asked.unwrap_or_default())
    }

    /// Starts again at the first delay, after a success.
    pub fn reset(&mut self) {
        self.next = self.first;
    }
}

/// A delay as logs show it: seconds, rounded to a tenth.
pub(crate) fn seconds(delay: Duration) -> serde_json::Value {
    ((delay.as_secs_f64() * 10.0).round() / 10.0).into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_other_end_can_only_ask_for_more() {
        let mut backoff = Backoff::new(Duration::from_secs(1), Duration::from_secs(4));
        assert!(backoff.at_least(Some(Duration::ZERO)) >= Duration::from_millis(500));
        assert!(backoff.at_least(None) >= Duration::from_secs(1));
        assert_eq!(backoff.at_least(Some(Duration::from_secs(9))), Duration::from_secs(9));
        assert!(backoff.at_least(Some(Duration::from_millis(1))) >= Duration::from_secs(2));
    }

    #[test]
    fn doubles_with_jitter_up_to_the_last_step_and_resets() {
        let mut backoff = Backoff::new(Duration::from_secs(1), Duration::from_secs(5));
        for step in [1.0, 2.0, 4.0, 5.0, 5.0] {
            let delay = backoff.delay().as_secs_f64();
            assert!((step / 2.0..=step).contains(&delay), "{delay} is not in the step of {step}");
        }
        backoff.reset();
        assert!(backoff.delay() <= Duration::from_secs(1));
    }
}
