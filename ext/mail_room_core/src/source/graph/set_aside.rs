//! The folder that messages are moved to when they are given up; made if it is missing, when it is first needed.

use super::answer::printable;
use super::client::Client;
use super::folder::{Folder, find_or_make};
use super::mark::Step;
use crate::error::{Error, Result};

/// failed_mailbox.
pub(super) struct FailedFolder {
    name: String,
    found: Option<Folder>,
    failures: u32,
}

/// Failures to look for the folder, or to make it, after which messages are set aside without it.
const TRIES: u32 = 2;

impl FailedFolder {
    pub(super) fn new(name: &str) -> Self {
        Self { name: name.to_owned(), found: None, failures: 0 }
    }

    /// What is done to set a message aside. A folder that cannot be had is a `complaint`: messages stay where they are.
    ///
    /// # Errors
    /// If the folder cannot be looked for, which may pass.
    pub(super) async fn step(
        &mut self,
        client: &Client,
        watched: &Folder,
        complaint: &mut Option<String>,
    ) -> Result<Step> {
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
                Step::Flag
            }
            Some(folder) => Step::Move(folder.id().to_owned()),
            None => Step::Flag,
        })
    }

    /// The folder took no message: next time it is looked for again.
    pub(super) fn forget(&mut self) {
        self.found = None;
    }

    /// What to tell a person.
    pub(super) fn complaint(&self, why: &str) -> String {
        let name = printable(&self.name, 200);
        format!("messages cannot be moved to {name}: {why}; they are left flagged and read (check failed_mailbox)")
    }
}
