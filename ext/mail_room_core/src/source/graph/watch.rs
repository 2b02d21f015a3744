//! Checks that the watched folder is still the one of the configured name. It may have been renamed or deleted and another
//! created under that name, while Graph goes on listing the old one by its id.

use std::time::{Duration, Instant};

use super::client::Client;
use super::folder::{self, Folder};
use crate::error::Result;

/// How often the name is looked up again, at most.
const LOOK_EVERY: Duration = Duration::from_secs(60);

/// The folder that a session watches.
#[derive(Debug)]
pub(super) struct Watch {
    pub(super) folder: Folder,
    name: String,
    looked: Instant,
}

impl Watch {
    /// Watches `folder`, which was just found under `name`.
    pub(super) fn new(name: &str, folder: Folder) -> Self {
        Self { folder, name: name.to_owned(), looked: Instant::now() }
    }

    /// Looks the name up again if that was long ago.
    ///
    /// # Errors
    /// [`Error::Reconnect`](crate::Error::Reconnect) if it means another folder by now;
    /// [`Error::Refused`](crate::Error::Refused) if it means none.
    pub(super) async fn check(&mut self, client: &Client) -> Result<()> {
        if self.folder.is_well_known() || self.looked.elapsed() < LOOK_EVERY {
            return Ok(());
        }
        let found = folder::find(client, &self.name).await?;
        if found != self.folder {
            return Err(
                client.reconnect(&format!("the name {:?} now means another folder; it is opened again", self.name))
            );
        }
        self.looked = Instant::now();
        Ok(())
    }
}
