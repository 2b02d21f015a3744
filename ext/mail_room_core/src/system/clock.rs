//! A clock that also runs while the machine is suspended. `Instant` stands still then, so it would make what is old look young.

use std::time::Duration;

use rustix::time::{ClockId, clock_gettime};

#[cfg(any(target_os = "linux", target_os = "android"))]
const CLOCK: ClockId = ClockId::Boottime;
/// Other systems have no better one. macOS counts suspension.
#[cfg(not(any(target_os = "linux", target_os = "android")))]
const CLOCK: ClockId = ClockId::Monotonic;

/// The time since the machine booted, including suspension.
pub(crate) fn since_boot() -> Duration {
    let now = clock_gettime(CLOCK);
    let now = Duration::new(u64::try_from(now.tv_sec).unwrap_or(0), u32::try_from(now.tv_nsec).unwrap_or(0));
    #[cfg(test)]
    let now = now + tests::AHEAD.get();
    now
}

#[cfg(test)]
pub(crate) mod tests {
    use std::cell::Cell;

    use super::*;

    thread_local! {
        /// By how much the clock of this thread is ahead.
        pub(crate) static AHEAD: Cell<Duration> = const { Cell::new(Duration::ZERO) };
    }

    /// Lets time pass for this thread, as it does for a process that is stopped.
    pub(crate) fn pass(time: Duration) {
        AHEAD.set(AHEAD.get() + time);
    }

    #[test]
    fn it_never_runs_backwards() {
        let before = since_boot();
        assert!(since_boot() >= before);
        pass(Duration::from_secs(600));
        assert!(since_boot() >= before + Duration::from_secs(600));
    }
}
