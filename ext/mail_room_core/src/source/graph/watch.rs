//! Whether the watched folder still is the one that its name means: somebody may rename or delete it and make another one of
//! that name, and Graph goes on listing the old one by its id.

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
    /// The `folder` was found under `name` just now.
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
            return Err(client.reconnect(&format!("the folder {:?} is another one now; it is opened anew", self.name)));
        }
        self.looked = Instant::now();
        Ok(())
    }
}
