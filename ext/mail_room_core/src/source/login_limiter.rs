//! Limits how many mailboxes of this process log in at the same time. The wait has no deadline of its own; dropping the future (on a
//! stop) ends it.

use std::fmt;
use std::sync::Arc;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::error::{Error, Result};

/// Logins at the same time. A server with 200 of our mailboxes must not see 200 handshakes within a second.
const LOGINS: usize = 20;

/// One per process, shared by all mailboxes. Clones share the limit.
#[derive(Clone)]
pub struct LoginLimiter {
    logins: Arc<Semaphore>,
}

impl LoginLimiter {
    /// Nobody is logging in yet.
    pub fn new() -> Self {
        Self { logins: Arc::new(Semaphore::new(LOGINS)) }
    }

    /// Waits for a permit to connect and log in. It is given back on drop.
    pub(crate) async fn login(&self) -> Result<OwnedSemaphorePermit> {
        Arc::clone(&self.logins).acquire_owned().await.map_err(|_| closed())
    }
}

impl Default for LoginLimiter {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for LoginLimiter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LoginLimiter").field("logins_left", &self.logins.available_permits()).finish_non_exhaustive()
    }
}

fn closed() -> Error {
    Error::Reconnect("no more logins are permitted".into())
}
