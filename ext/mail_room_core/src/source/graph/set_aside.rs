//! The folder that messages are moved to when they are given up; made if it is missing, when it is first needed.

use super::answer::printable;
use super::client::Client;
use super::folder::{Folder, find_or_make};
use super::mark::Step;
use crate::error::Result;

/// failed_mailbox.
pub(super) struct FailedFolder {
    name: String,
    found: Option<Folder>,
}

impl FailedFolder {
    pub(super) fn new(name: &str) -> Self {
        Self { name: name.to_owned(), found: None }
    }

    /// What is done to set a message aside. A folder that cannot be had is a `complaint`: messages stay where they are.
    pub(super) async fn step(
        &mut self,
        client: &Client,
        watched: &Folder,
        complaint: &mut Option<String>,
    ) -> Result<Step> {
        if self.found.is_none() {
            match find_or_make(client, &self.name).await? {
                Ok(folder) => self.found = Some(folder),
                Err(why) => *complaint = Some(self.complaint(&why)),
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
