//! The folder that undeliverable messages are moved to. It is created when it is first needed, if it is missing.

use super::answer::printable;
use super::client::Client;
use super::folder::{Folder, find_or_make};
use super::operation::Operation;
use crate::error::{Error, Result};

/// The folder of `failed_mailbox`.
pub(super) struct FailedFolder {
    name: String,
    found: Option<Folder>,
    failures: u32,
}

/// Failures to find or to create the folder, after which messages are set aside without it.
const TRIES: u32 = 2;

impl FailedFolder {
    pub(super) fn new(name: &str) -> Self {
        Self { name: name.to_owned(), found: None, failures: 0 }
    }

    /// The operation that sets a message aside. If the folder cannot be found or created, that is a `complaint`, and messages
    /// stay where they are.
    ///
    /// # Errors
    /// If the folder cannot be looked up, which may pass.
    pub(super) async fn operation(
        &mut self,
        client: &Client,
        watched: &Folder,
        complaint: &mut Option<String>,
    ) -> Result<Operation> {
        if self.found.is_none() {
            match find_or_make(client, &self.name).await {
                Ok(Ok(folder)) => self.found = Some(folder),
                Ok(Err(why)) => *complaint = Some(self.complaint(&why)),
                Err(error @ (Error::Throttled { .. } | Error::Stopped)) => return Err(error),
                Err(error) => {
                    self.failures = self.failures.saturating_add(1);
                    if self.failures < TRIES {
                        return Err(error);
                    }
                    *complaint = Some(self.complaint(&error.to_string()));
                }
            }
        }
        Ok(match &self.found {
            Some(folder) if folder == watched => {
                *complaint = Some(self.complaint("it is the folder that is watched"));
                Operation::Flag
            }
            Some(folder) => Operation::Move(folder.id().to_owned()),
            None => Operation::Flag,
        })
    }

    /// Looks the folder up again next time, as it did not take a message.
    pub(super) fn forget(&mut self) {
        self.found = None;
    }

    /// The warning for an administrator.
    pub(super) fn complaint(&self, why: &str) -> String {
        let name = printable(&self.name, 200);
        format!("messages cannot be moved to {name}: {why}; they stay, flagged and read; check failed_mailbox")
    }
}
