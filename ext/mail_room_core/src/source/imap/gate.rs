//! How many mailboxes of this process may do a costly thing at a time: ask for a name, log in. Waiting here has no
//! deadline; dropping the future (a stop) ends it.

use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::error::{Error, Result};

/// Logins at once: a server with 200 mailboxes of ours must not see 200 handshakes in one second.
const LOGINS: usize = 20;
/// Lookups of one name at once. A lookup holds one of the runtime's few blocking threads until the system's resolver
/// gives up, and no deadline of ours can end it.
const LOOKUPS_PER_NAME: usize = 3;

/// One per process, shared by all mailboxes; clones are the same gate.
#[derive(Clone)]
pub struct Gate {
    logins: Arc<Semaphore>,
    lookups: Arc<Mutex<HashMap<String, Arc<Semaphore>>>>,
}

impl Gate {
    /// A gate nobody has passed yet.
    pub fn new() -> Self {
        Self { logins: Arc::new(Semaphore::new(LOGINS)), lookups: Arc::default() }
    }

    /// Waits for leave to connect and log in, given back on drop.
    pub(super) async fn login(&self) -> Result<OwnedSemaphorePermit> {
        Arc::clone(&self.logins).acquire_owned().await.map_err(|_| closed())
    }

    /// Waits for leave to look `host` up, given back on drop.
    pub(super) async fn lookup(&self, host: &str) -> Result<OwnedSemaphorePermit> {
        let name = {
            let mut lookups = self.lookups.lock().unwrap_or_else(PoisonError::into_inner);
            let name = lookups.entry(host.to_lowercase());
            Arc::clone(name.or_insert_with(|| Arc::new(Semaphore::new(LOOKUPS_PER_NAME))))
        };
        name.acquire_owned().await.map_err(|_| closed())
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
