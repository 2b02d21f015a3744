//! Waiting with the GVL released: the one place where Ruby's other threads get their turn. A wait ends when the work is
//! done, or with the exception that an interrupt (Thread#kill, Thread#raise, a signal) brings.
//!
//! No Rust value that needs Drop lives in the frames that an interrupt could unwind: it is checked through magnus, which
//! turns it into an `Err`.

use std::ffi::c_void;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{self, Thread};

use magnus::{Error, Ruby};

/// The result of work on another thread, and the Ruby thread that waits for it. Made on the thread that waits.
#[derive(Debug)]
pub(crate) struct Completion<T> {
    value: Mutex<Option<T>>,
    waiter: Waiter,
}

#[derive(Debug)]
struct Waiter {
    done: AtomicBool,
    woken: AtomicBool,
    thread: Thread,
}

impl<T> Completion<T> {
    /// Nothing done yet; the current thread will wait.
    pub(crate) fn new() -> Arc<Self> {
        let waiter = Waiter { done: AtomicBool::new(false), woken: AtomicBool::new(false), thread: thread::current() };
        Arc::new(Self { value: Mutex::new(None), waiter })
    }

    /// The work is done. Called from any thread.
    pub(crate) fn complete(&self, value: T) {
        *self.value.lock().unwrap_or_else(PoisonError::into_inner) = Some(value);
        self.waiter.done.store(true, Ordering::Release);
        self.waiter.thread.unpark();
    }

    /// Waits with the GVL released until the work is done.
    ///
    /// # Errors
    /// The exception of an interrupt. The work goes on; waiting again is allowed.
    pub(crate) fn wait(&self, ruby: &Ruby) -> Result<Option<T>, Error> {
        while !self.waiter.done.load(Ordering::Acquire) {
            self.waiter.release_gvl();
            ruby.thread_check_ints()?;
        }
        Ok(self.value.lock().unwrap_or_else(PoisonError::into_inner).take())
    }
}

impl Waiter {
    /// One wait: returns when done or woken. May return without having waited at all (rb_thread_call_without_gvl2 does
    /// when an interrupt is pending).
    fn release_gvl(&self) {
        let waiter: *const Self = self;
        let data = waiter.cast_mut().cast::<c_void>();
        // SAFETY: called with the GVL held, on a Ruby thread. `self` outlives the call, which returns only after `block`
        // has; both functions only touch atomics and a thread handle, never Ruby, and never panic.
        unsafe {
            rb_sys::rb_thread_call_without_gvl2(Some(block), data, Some(wake), data);
        }
    }
}

/// Runs without the GVL.
unsafe extern "C" fn block(data: *mut c_void) -> *mut c_void {
    // SAFETY: `data` is the waiter of `release_gvl`, which is alive until we return.
    let waiter = unsafe { &*data.cast::<Waiter>() };
    while !waiter.done.load(Ordering::Acquire) && !waiter.woken.swap(false, Ordering::AcqRel) {
        thread::park();
    }
    std::ptr::null_mut()
}

/// Ruby wants the thread back. May come before the wait, several times, on any thread: sticky.
unsafe extern "C" fn wake(data: *mut c_void) {
    // SAFETY: Ruby calls this only while `rb_thread_call_without_gvl2` has not returned.
    let waiter = unsafe { &*data.cast::<Waiter>() };
    waiter.woken.store(true, Ordering::Release);
    waiter.thread.unpark();
}
