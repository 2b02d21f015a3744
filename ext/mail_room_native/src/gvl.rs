//! Waits with the GVL released, so that Ruby's other threads can run. A wait ends when it is signalled, or with the exception of
//! an interrupt (Thread#kill, Thread#raise, a signal). The only `unsafe` code that calls Ruby's threads is here.
//!
//! Interrupts are checked through magnus, which turns them into an `Err`. So no interrupt unwinds a frame that holds a Rust value
//! that needs Drop.

use std::ffi::c_void;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::{self, Thread};

use magnus::{Error, Ruby};

/// Something that one Ruby thread at a time waits for. It stays raised: if it was raised before the wait, the wait ends at once.
#[derive(Debug, Default)]
pub(crate) struct Signal {
    raised: AtomicBool,
    waiter: Mutex<Option<Arc<Waiter>>>,
}

impl Signal {
    /// Raises it. May be called from any thread. Blocks no longer than another such call takes.
    pub(crate) fn raise(&self) {
        self.raised.store(true, Ordering::Release);
        if let Some(waiter) = &*self.waiter() {
            waiter.wake();
        }
    }

    /// Waits with the GVL released until it is raised, and resets it.
    ///
    /// # Errors
    /// The exception of an interrupt. Waiting again is allowed.
    pub(crate) fn wait(&self, ruby: &Ruby) -> Result<(), Error> {
        loop {
            let waiter = Arc::new(Waiter { woken: AtomicBool::new(false), thread: thread::current() });
            *self.waiter() = Some(waiter.clone());
            // From here on `raise` wakes the waiter. If it was raised before, there is nothing to wait for.
            if self.raised.swap(false, Ordering::AcqRel) {
                return Ok(());
            }
            waiter.release_gvl();
            ruby.thread_check_ints()?;
        }
    }

    fn waiter(&self) -> MutexGuard<'_, Option<Arc<Waiter>>> {
        self.waiter.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The result of work on another thread, which one Ruby thread waits for.
#[derive(Debug)]
pub(crate) struct Completion<T> {
    value: Mutex<Option<T>>,
    done: AtomicBool,
    signal: Signal,
}

impl<T> Completion<T> {
    /// Not done yet.
    pub(crate) fn new() -> Arc<Self> {
        Arc::new(Self { value: Mutex::new(None), done: AtomicBool::new(false), signal: Signal::default() })
    }

    /// Stores the result of the work, if there is one. May be called from any thread.
    fn complete(&self, value: Option<T>) {
        *self.value.lock().unwrap_or_else(PoisonError::into_inner) = value;
        self.done.store(true, Ordering::Release);
        self.signal.raise();
    }

    /// Ends one [`step`](Self::step) without being done.
    pub(crate) fn nudge(&self) {
        self.signal.raise();
    }

    /// Waits with the GVL released until the work is done, or until [`nudge`](Self::nudge). Tells whether it is done.
    ///
    /// # Errors
    /// The exception of an interrupt. The work goes on; waiting again is allowed.
    pub(crate) fn step(&self, ruby: &Ruby) -> Result<bool, Error> {
        if !self.is_done() {
            self.signal.wait(ruby)?;
        }
        Ok(self.is_done())
    }

    /// Waits with the GVL released until the work is done. `None` if it ended without a result, by a panic.
    ///
    /// # Errors
    /// As [`step`](Self::step).
    pub(crate) fn wait(&self, ruby: &Ruby) -> Result<Option<T>, Error> {
        while !self.step(ruby)? {}
        Ok(self.value.lock().unwrap_or_else(PoisonError::into_inner).take())
    }

    fn is_done(&self) -> bool {
        self.done.load(Ordering::Acquire)
    }
}

/// Completes in any case, also if the work panics or is dropped: the Ruby thread must not wait for ever.
pub(crate) struct Finish<T> {
    completion: Arc<Completion<T>>,
    result: Option<T>,
}

impl<T> Finish<T> {
    pub(crate) fn new(completion: &Arc<Completion<T>>) -> Self {
        Self { completion: completion.clone(), result: None }
    }

    /// Sets the result, which is told of when this is dropped.
    pub(crate) fn with(&mut self, result: T) {
        self.result = Some(result);
    }
}

impl<T> Drop for Finish<T> {
    fn drop(&mut self) {
        self.completion.complete(self.result.take());
    }
}

/// One wait of one thread.
#[derive(Debug)]
struct Waiter {
    woken: AtomicBool,
    thread: Thread,
}

impl Waiter {
    fn wake(&self) {
        self.woken.store(true, Ordering::Release);
        self.thread.unpark();
    }

    /// Returns when woken. May return without a wait: rb_thread_call_without_gvl2 does so if an interrupt is pending.
    fn release_gvl(&self) {
        let waiter: *const Self = self;
        let data = waiter.cast_mut().cast::<c_void>();
        // SAFETY: called with the GVL held, on a Ruby thread. `self` outlives the call, which returns only after `block`
        // has; both functions only touch an atomic and a thread handle, never Ruby, and never panic.
        unsafe {
            rb_sys::rb_thread_call_without_gvl2(Some(block), data, Some(wake), data);
        }
    }
}

/// Runs without the GVL.
unsafe extern "C" fn block(data: *mut c_void) -> *mut c_void {
    // SAFETY: `data` is the waiter of `release_gvl`, which is alive until we return.
    let waiter = unsafe { &*data.cast::<Waiter>() };
    while !waiter.woken.load(Ordering::Acquire) {
        thread::park();
    }
    std::ptr::null_mut()
}

/// Ruby asks for the thread. It may do so before the wait, several times, and on any thread, so the flag stays set.
unsafe extern "C" fn wake(data: *mut c_void) {
    // SAFETY: Ruby calls this only while `rb_thread_call_without_gvl2` has not returned.
    let waiter = unsafe { &*data.cast::<Waiter>() };
    waiter.wake();
}
