//! The runtime that everything runs on, and whether the system gives the threads for it. Knows nothing of what it runs.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::mpsc;
use std::time::{Duration, Instant};

use tokio::runtime::{Builder, Runtime};

use crate::error::{Error, Result};

/// The name of the threads that run the watchers, by which contrib/init.d knows that watching has begun. At most 15 octets.
const WORKER_NAME: &str = "mail_room watch";
/// How long they may take to start.
const WORKERS_START_WITHIN: Duration = Duration::from_secs(10);
/// Threads for what libraries do that blocks. What we do has threads of its own.
const BLOCKING: usize = 1;
/// Threads that are needed beside the workers sooner or later: for names, files and log lines.
const SPARE: usize = 3;

/// A runtime of our own; never a global one, whose threads a fork would leave behind. All its workers run when it is returned.
///
/// # Errors
/// [`Error::Configuration`] if the system gives no threads.
pub fn runtime(workers: usize) -> Result<Runtime> {
    let refused = |why: &str| {
        Error::Configuration(format!(
            "cannot start threads: {why}; raise the limit of processes for this user or service (ulimit -u, TasksMax, pids.max)"
        ))
    };
    // Tokio panics without a first worker, and waits for ever for a second one.
    spare_threads(workers + SPARE).map_err(|error| refused(&error.to_string()))?;
    let (started, starting) = mpsc::channel();
    let build = || {
        Builder::new_multi_thread()
            .worker_threads(workers)
            .max_blocking_threads(BLOCKING)
            .thread_name(WORKER_NAME)
            .on_thread_start(move || _ = started.send(()))
            .enable_all()
            .build()
    };
    let runtime = catch_unwind(AssertUnwindSafe(build)).map_err(|_| refused("there is none for a first worker"))?;
    let runtime = runtime.map_err(|error| refused(&error.to_string()))?;
    let until = Instant::now() + WORKERS_START_WITHIN;
    for _ in 0..workers {
        if starting.recv_timeout(until.saturating_duration_since(Instant::now())).is_err() {
            runtime.shutdown_background();
            return Err(refused("not every worker has started"));
        }
    }
    Ok(runtime)
}

/// Threads of this process; 0 where the system does not tell.
pub(crate) fn threads() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let threads = status.lines().find_map(|line| line.strip_prefix("Threads:"));
    threads.and_then(|threads| threads.trim().parse().ok()).unwrap_or(0)
}

/// Whether the system would give `count` threads right now.
fn spare_threads(count: usize) -> std::io::Result<()> {
    let mut release = Vec::new();
    let mut threads = Vec::new();
    let mut tried = Ok(());
    for _ in 0..count {
        let (hold, held) = mpsc::channel::<()>();
        match std::thread::Builder::new().name("mail_room spare".into()).spawn(move || _ = held.recv()) {
            Ok(thread) => threads.push(thread),
            Err(error) => tried = Err(error),
        }
        release.push(hold);
    }
    drop(release);
    threads.into_iter().for_each(|thread| _ = thread.join());
    tried
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    /// Has all `workers` of the runtime hang in something that does not await, and returns once they do. They go on when the result
    /// is dropped.
    pub(crate) fn hang(runtime: &Runtime, workers: usize) -> Vec<mpsc::Sender<()>> {
        let (hangs, hanging) = mpsc::channel();
        let releases = (0..workers)
            .map(|_| {
                let (release, released) = mpsc::channel::<()>();
                let hangs = hangs.clone();
                runtime.spawn(async move {
                    hangs.send(()).unwrap();
                    released.recv().ok()
                });
                release
            })
            .collect();
        (0..workers).for_each(|_| hanging.recv_timeout(Duration::from_secs(20)).unwrap());
        releases
    }
}
