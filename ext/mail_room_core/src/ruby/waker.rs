//! Wakes a thread of the app's that waits outside of the runtime. The thread brings the way to wake it; we ring.

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

type Ring = Arc<dyn Fn() + Send + Sync>;

/// A bell without a rope until somebody waits.
#[derive(Default)]
pub struct Bell(Mutex<Option<Ring>>);

impl fmt::Debug for Bell {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Bell")
    }
}

impl Bell {
    /// From now on `ring` is called for whatever is new. It must not block.
    pub fn hang(&self, ring: impl Fn() + Send + Sync + 'static) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(Arc::new(ring));
    }

    /// There is something new.
    pub(crate) fn ring(&self) {
        let ring = self.0.lock().unwrap_or_else(PoisonError::into_inner).clone();
        if let Some(ring) = ring {
            ring();
        }
    }
}
