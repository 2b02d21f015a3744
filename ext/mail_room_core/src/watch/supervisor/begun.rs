//! A supervisor that runs, or is about to, on whatever thread.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use super::Supervisor;
use crate::error::Result;

/// A supervisor that has begun. It has ended when this is dropped: also if a thread for it cannot be had, or its thread panics.
#[derive(Debug)]
pub struct Begun(pub(super) Arc<Supervisor>);

impl Begun {
    /// Runs all watchers; returns when all have ended. Blocks the calling thread.
    ///
    /// # Errors
    /// [`Error::Configuration`](crate::Error::Configuration) if a log or a delivery cannot be opened.
    pub fn run(self) -> Result<()> {
        self.0.run_once()
    }
}

impl Drop for Begun {
    fn drop(&mut self) {
        self.0.monitor.heartbeat.end();
        // Wakes the app's threads that wait for calls or log lines: there will be none.
        self.0.calls.iter().for_each(|calls| calls.close());
        self.0.lines.iter().for_each(|lines| lines.close());
        self.0.events.close();
        self.0.ended.store(true, Ordering::Release);
    }
}
