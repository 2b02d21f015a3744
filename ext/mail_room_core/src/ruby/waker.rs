//! Wakes a Ruby thread that waits outside of the runtime. The thread supplies the function that wakes it.

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

type Wake = Arc<dyn Fn() + Send + Sync>;

/// Wakes the thread that waits, if there is one.
#[derive(Default)]
pub struct Waker(Mutex<Option<Wake>>);

impl fmt::Debug for Waker {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Waker")
    }
}

impl Waker {
    /// Calls `wake` from now on when there is something new. It must not block.
    pub fn on_wake(&self, wake: impl Fn() + Send + Sync + 'static) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(Arc::new(wake));
    }

    /// Tells the thread that there is something new.
    pub(crate) fn wake(&self) {
        let wake = self.0.lock().unwrap_or_else(PoisonError::into_inner).clone();
        if let Some(wake) = wake {
            wake();
        }
    }
}
