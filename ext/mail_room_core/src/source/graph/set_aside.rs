//! A folder that messages are moved to: those set aside, or those delivered. It is created when it is first needed, if it is
//! missing.

use super::answer::printable;
use super::client::Client;
use super::folder::{Folder, find_or_make, same};
use super::operation::Operation;
use crate::error::{Error, Result};

/// The folder of `failed_mailbox` or `delivered_mailbox`.
pub(super) struct Destination {
    name: String,
    option: &'static str,
    /// What is done to a message that stays.
    in_place: Operation,
    found: Option<Folder>,
    /// It is the folder that messages come from. Moving them there would make them new ones, under new ids.
    is_watched: bool,
    failures: u32,
}

/// Failures to find or to create the folder, after which messages stay where they are.
const TRIES: u32 = 2;

impl Destination {
    /// For messages that were set aside.
    pub(super) fn failed(name: &str) -> Self {
        Self {
            name: name.to_owned(),
            option: "failed_mailbox",
            in_place: Operation::Flag,
            found: None,
            is_watched: false,
            failures: 0,
        }
    }

    /// For messages that were delivered.
    pub(super) fn delivered(name: &str) -> Self {
        Self {
            name: name.to_owned(),
            option: "delivered_mailbox",
            in_place: Operation::Read,
            found: None,
            is_watched: false,
            failures: 0,
        }
    }

    /// The operation on a message that stays.
    pub(super) fn in_place(&self) -> Operation {
        self.in_place.clone()
    }

    /// The operation that moves a message. If the folder cannot be found or created, that is a `complaint`, and messages
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
            match self.find(client, watched).await {
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
            Some(_) if self.is_watched => {
                *complaint = Some(self.complaint("it is the folder that is watched"));
                self.in_place()
            }
            Some(folder) => Operation::Move(folder.id().to_owned()),
            None => self.in_place(),
        })
    }

    async fn find(&mut self, client: &Client, watched: &Folder) -> Result<std::result::Result<Folder, String>> {
        let found = find_or_make(client, &self.name).await?;
        if let Ok(folder) = &found {
            self.is_watched = same(client, folder, watched).await?;
        }
        Ok(found)
    }

    /// Looks the folder up again next time, as it did not take a message.
    pub(super) fn forget(&mut self) {
        self.found = None;
    }

    /// The warning for an administrator.
    pub(super) fn complaint(&self, why: &str) -> String {
        let (name, option) = (printable(&self.name, 200), self.option);
        let stay = if matches!(self.in_place, Operation::Flag) { "flagged and read" } else { "read" };
        format!("messages cannot be moved to {name}: {why}; they stay, {stay}; check {option}")
    }
}
