//! Work that may hang in a system call for ever: reading files, looking up names, writing. Each piece of work runs on a thread
//! of its own and never on the runtime's, so that one that hangs holds up nothing else. A thread that hangs cannot be ended. It
//! ends with the process, and does not keep the process from ending.

use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError, mpsc};
use std::time::Duration;
use std::{fmt, io, process, thread};

use tokio::sync::{OwnedSemaphorePermit, Semaphore, oneshot, watch};
use tokio::time::{Instant, timeout};

/// Octets of a thread's stack. Name resolvers load modules of other vendors, which need stack.
const STACK: usize = 512 << 10;
/// Work that takes longer gives up its place, so that other work can begin.
const SLOW_AFTER: Duration = Duration::from_millis(100);
/// How long a caller waits for work that others have already waited for in vain.
const KNOWN_TO_HANG: Duration = Duration::from_millis(500);
/// Threads of [`start`] at a time, at most.
const STARTED_AT_MOST: usize = 256;

static STARTED: AtomicUsize = AtomicUsize::new(0);

/// Why there is no result.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum BlockingError {
    /// It was not done within this time. It goes on.
    Late(Duration),
    /// Too much other work hangs; this was not begun.
    Full,
    /// The system cannot start a thread.
    NoThread(String),
    /// The work panicked.
    Broken,
}

impl fmt::Display for BlockingError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Late(within) => write!(f, "not done within {} s", within.as_secs_f32()),
            Self::Full => f.write_str("too much other work hangs"),
            Self::NoThread(error) => write!(f, "the system gives no thread for it: {error}"),
            Self::Broken => f.write_str("broken off by a bug in mail_room"),
        }
    }
}

/// Runs `work` on a thread of its own. The result is dropped if nobody waits for it.
///
/// # Errors
/// If the system gives no thread, or too many threads of this kind hang.
pub(crate) fn start<R: Send + 'static>(
    name: &str,
    work: impl FnOnce() -> R + Send + 'static,
) -> io::Result<oneshot::Receiver<R>> {
    let (done, result) = oneshot::channel();
    let counted = Counted::new().ok_or_else(|| io::Error::other("too many threads hang already"))?;
    spawn(name, move || {
        let _counted = counted;
        // The receiver may be gone.
        _ = done.send(work());
    })?;
    Ok(result)
}

/// Runs `work` on a thread of its own and waits for it, `within` at most. `None` if it has not ended by then. For use without a
/// runtime.
///
/// # Errors
/// If the system gives no thread.
pub(crate) fn wait<R: Send + 'static>(
    name: &str,
    within: Duration,
    work: impl FnOnce() -> R + Send + 'static,
) -> io::Result<Option<R>> {
    let (done, result) = mpsc::sync_channel(1);
    spawn(name, move || _ = done.send(work()))?;
    Ok(result.recv_timeout(within).ok())
}

fn spawn(name: &str, work: impl FnOnce() + Send + 'static) -> io::Result<()> {
    thread::Builder::new().name(name.into()).stack_size(STACK).spawn(work).map(drop)
}

/// Counts a thread of [`start`] until it ends.
struct Counted;

impl Counted {
    fn new() -> Option<Self> {
        let more = |count: usize| (count < STARTED_AT_MOST).then_some(count + 1);
        STARTED.fetch_update(Ordering::AcqRel, Ordering::Acquire, more).ok().map(|_| Self)
    }
}

impl Drop for Counted {
    fn drop(&mut self) {
        STARTED.fetch_sub(1, Ordering::AcqRel);
    }
}

/// Threads for one kind of work. Each piece of work has a key, and runs once at a time for each key: callers that ask for the same
/// key share the result. Few pieces run at the same time, not counting slow ones.
#[derive(Debug)]
pub(crate) struct Threads<T: 'static> {
    name: &'static str,
    at_a_time: usize,
    at_most: usize,
    state: Mutex<Option<State<T>>>,
}

#[derive(Debug)]
struct State<T> {
    /// The process that this state belongs to. A forked child has none of its threads.
    process: u32,
    places: Arc<Semaphore>,
    running: BTreeMap<OsString, Running<T>>,
}

#[derive(Debug)]
struct Running<T> {
    since: Instant,
    result: watch::Receiver<Option<Arc<T>>>,
}

impl<T> Clone for Running<T> {
    fn clone(&self) -> Self {
        Self { since: self.since, result: self.result.clone() }
    }
}

/// What a caller does: share work that runs, or wait for a place to begin it.
enum Turn<T> {
    Shared(Running<T>),
    Wait(Arc<Semaphore>),
}

impl<T: Send + Sync + 'static> Threads<T> {
    /// Threads called `name`: `at_a_time` that are not slow, and `at_most` in all.
    pub(crate) const fn new(name: &'static str, at_a_time: usize, at_most: usize) -> Self {
        Self { name, at_a_time, at_most, state: Mutex::new(None) }
    }

    /// The result of `work`, or of the same key's work that is under way, `within` this time. Cancel safe: the work goes on.
    ///
    /// # Errors
    /// See [`BlockingError`].
    pub(crate) async fn run(
        &'static self,
        key: &OsStr,
        within: Duration,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<Arc<T>, BlockingError> {
        timeout(within, self.finish(key, within, work)).await.unwrap_or(Err(BlockingError::Late(within)))
    }

    async fn finish(
        &'static self,
        key: &OsStr,
        within: Duration,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<Arc<T>, BlockingError> {
        let mut running = match self.turn(key) {
            Turn::Shared(running) => running,
            Turn::Wait(places) => {
                // Never closed.
                let place = places.acquire_owned().await.map_err(|_| BlockingError::Broken)?;
                self.begin(key, place, work)?
            }
        };
        let patience = if running.since.elapsed() >= within { KNOWN_TO_HANG.min(within) } else { within };
        match timeout(patience, running.result.wait_for(Option::is_some)).await {
            Ok(Ok(result)) => result.clone().ok_or(BlockingError::Broken),
            Ok(Err(_)) => Err(BlockingError::Broken),
            Err(_) => Err(BlockingError::Late(within)),
        }
    }

    fn turn(&self, key: &OsStr) -> Turn<T> {
        self.with_state(|state| match state.running.get(key) {
            Some(running) => Turn::Shared(running.clone()),
            None => Turn::Wait(Arc::clone(&state.places)),
        })
    }

    /// Starts the thread, unless another caller did while we waited for a place.
    fn begin(
        &'static self,
        key: &OsStr,
        place: OwnedSemaphorePermit,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<Running<T>, BlockingError> {
        let (done, result) = watch::channel(None);
        let running = Running { since: Instant::now(), result };
        let others = self.with_state(|state| match state.running.get(key) {
            Some(others) => Some(Ok(others.clone())),
            None if state.running.len() >= self.at_most => Some(Err(BlockingError::Full)),
            None => {
                state.running.insert(key.to_owned(), running.clone());
                None
            }
        });
        if let Some(others) = others {
            return others;
        }
        let end = End { threads: self, key: key.to_owned() };
        let started = spawn(self.name, move || {
            let result = work();
            // First, so that whoever asks from now on gets a newer result.
            drop(end);
            done.send_replace(Some(Arc::new(result)));
        });
        started.map_err(|error| BlockingError::NoThread(error.to_string()))?;
        let mut result = running.result.clone();
        tokio::spawn(async move {
            let _place = place;
            _ = timeout(SLOW_AFTER, result.changed()).await;
        });
        Ok(running)
    }

    fn with_state<R>(&self, act: impl FnOnce(&mut State<T>) -> R) -> R {
        let mut slot = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let process = process::id();
        let mut state = slot.take().filter(|state| state.process == process).unwrap_or_else(|| State {
            process,
            places: Arc::new(Semaphore::new(self.at_a_time)),
            running: BTreeMap::new(),
        });
        let done = act(&mut state);
        *slot = Some(state);
        done
    }
}

/// Ends a key's work on drop, after a panic, too.
struct End<T: Send + Sync + 'static> {
    threads: &'static Threads<T>,
    key: OsString,
}

impl<T: Send + Sync + 'static> Drop for End<T> {
    fn drop(&mut self) {
        self.threads.with_state(|state| _ = state.running.remove(&self.key));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LONG: Duration = Duration::from_secs(20);

    /// Work that hangs until the sender is dropped.
    fn hanging() -> (mpsc::Sender<()>, impl FnOnce() -> u32 + Send + 'static) {
        let (release, released) = mpsc::channel::<()>();
        (release, move || {
            _ = released.recv();
            1
        })
    }

    #[tokio::test]
    async fn one_piece_a_key_whose_result_is_shared() {
        static THREADS: Threads<u32> = Threads::new("test", 2, 64);
        let (release, work) = hanging();
        let key = OsStr::new("a");
        let first = tokio::spawn(THREADS.run(key, LONG, work));
        while THREADS.with_state(|state| state.running.is_empty()) {
            tokio::task::yield_now().await;
        }
        let others: Vec<_> = (0..50).map(|_| tokio::spawn(THREADS.run(key, LONG, || 2))).collect();
        tokio::task::yield_now().await;
        drop(release);
        assert_eq!(first.await.unwrap().as_deref(), Ok(&1));
        for other in others {
            other.await.unwrap().unwrap();
        }
        // What is asked for later is done anew.
        assert_eq!(THREADS.run(key, LONG, || 3).await.as_deref(), Ok(&3));
    }

    #[tokio::test]
    async fn what_hangs_holds_up_nothing_else_and_is_known() {
        static THREADS: Threads<u32> = Threads::new("test", 2, 21);
        let short = Duration::from_millis(300);
        let mut releases = Vec::new();
        let mut hang = |number| {
            let (release, work) = hanging();
            releases.push(release);
            tokio::spawn(async move { THREADS.run(OsStr::new(&format!("hangs {number}")), LONG, work).await })
        };
        let mut hung: Vec<_> = (0..20).map(&mut hang).collect();
        // Each is begun when those before it are slow.
        let begun = |count| async move {
            while THREADS.with_state(|state| state.running.len()) < count {
                tokio::time::sleep(Duration::from_millis(1)).await;
            }
        };
        timeout(LONG, begun(10)).await.unwrap();
        assert_eq!(THREADS.run(OsStr::new("sound"), LONG, || 2).await.as_deref(), Ok(&2));
        hung.push(hang(20));
        timeout(LONG, begun(21)).await.unwrap();
        assert_eq!(THREADS.run(OsStr::new("one more"), LONG, || 2).await, Err(BlockingError::Full));
        let late = THREADS.run(OsStr::new("hangs 0"), short, || 2).await;
        assert_eq!(late, Err(BlockingError::Late(short)));
        drop(releases);
        for ended in hung {
            assert_eq!(ended.await.unwrap().as_deref(), Ok(&1));
        }
        assert_eq!(THREADS.run(OsStr::new("hangs 0"), LONG, || 2).await.as_deref(), Ok(&2));
    }

    #[tokio::test]
    async fn a_panic_is_an_error_and_no_more() {
        static THREADS: Threads<u32> = Threads::new("test", 2, 64);
        let key = OsStr::new("a");
        assert_eq!(THREADS.run(key, LONG, || panic!("injected")).await, Err(BlockingError::Broken));
        assert_eq!(THREADS.run(key, LONG, || 1).await.as_deref(), Ok(&1));
    }
}
