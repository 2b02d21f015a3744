//! How many mailboxes of this process may log in at their servers at a time. Waiting here has no deadline; dropping the future (a stop) ends it.

use std::fmt;
use std::sync::Arc;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::error::{Error, Result};

/// Logins at once: a server with 200 mailboxes of ours must not see 200 handshakes in one second.
const LOGINS: usize = 20;

/// One per process, shared by all mailboxes; clones are the same gate.
#[derive(Clone)]
pub struct Gate {
    logins: Arc<Semaphore>,
}

impl Gate {
    /// A gate nobody has passed yet.
    pub fn new() -> Self {
        Self { logins: Arc::new(Semaphore::new(LOGINS)) }
    }

    /// Waits for leave to connect and log in, given back on drop.
    pub(crate) async fn login(&self) -> Result<OwnedSemaphorePermit> {
        Arc::clone(&self.logins).acquire_owned().await.map_err(|_| closed())
    }
}

impl Default for Gate {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for Gate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Gate").field("logins_left", &self.logins.available_permits()).finish_non_exhaustive()
    }
}

fn closed() -> Error {
    Error::Reconnect("the gate of logins is closed".into())
}
