//! What the server said in the exchange that is under way, as far as the library does not keep it: the texts of refusals, codes
//! that it does not know, news that arrive while it waits for something else.

use std::collections::VecDeque;

use super::capabilities::Capabilities;
use super::out_of_step;
use super::status::{Kind, Status};
use crate::error::{Error, Result};
use crate::observe::log::Log;
use crate::transport::credentials::Credentials;

/// Untagged status responses that are kept of one exchange.
const KEPT: usize = 64;
/// Dropped responses that are logged of one connection. A server may send any number.
const LOGGED: u32 = 100;

/// Notes of one connection. Those of an exchange are cleared when the next one begins.
#[derive(Debug, Default)]
pub(crate) struct Notes {
    /// Kept out of the server's words.
    pub(super) credentials: Option<Credentials>,
    /// For dropped responses.
    pub(super) log: Option<Log>,
    /// Why the connection cannot be used any more. Set once, for good.
    pub(crate) failure: Option<Error>,
    /// Untagged status responses of this exchange.
    pub(crate) untagged: VecDeque<Status>,
    /// The answers of this exchange, each with its tag.
    pub(crate) answers: Vec<(String, Status)>,
    /// Tags of commands that are not answered yet.
    pub(super) outstanding: Vec<String>,
    /// The body of the FETCH response that was read last.
    pub(crate) body: Option<Vec<u8>>,
    /// The NAMESPACE or MYRIGHTS response of this exchange.
    pub(crate) kept: Option<String>,
    /// Something may have come in since the last search began.
    pub(crate) news: bool,
    /// The capabilities that the server listed last.
    pub(super) capabilities: Capabilities,
    /// How often it listed them.
    pub(crate) capability_updates: u32,
    /// The UIDVALIDITY in the last status response that had one.
    pub(crate) uid_validity: Option<u32>,
    /// The last complaint of the server since it last answered a command.
    pub(super) last_complaint: Option<String>,
    /// SEARCH responses of this exchange.
    pub(crate) search_responses: u32,
    /// We sent LOGOUT: BYE is an answer and no hang-up.
    pub(crate) logging_out: bool,
    pub(super) dropped: u32,
}

impl Notes {
    /// An exchange begins.
    pub(super) fn begin(&mut self) {
        self.untagged.clear();
        self.answers.clear();
        self.body = None;
        self.kept = None;
        self.search_responses = 0;
    }

    /// The arguments of the last response code `code` in this exchange.
    pub(crate) fn code_arguments(&self, code: &str) -> Option<&str> {
        let status = self.untagged.iter().rev().find(|status| status.code == code);
        status.map(|status| status.arguments.as_str())
    }

    /// Notes an untagged status response.
    pub(super) fn note_untagged(&mut self, mut status: Status) -> Result<()> {
        self.note_code(&mut status);
        if matches!(status.kind, Kind::No | Kind::Bad) {
            self.last_complaint = Some(status.text.clone());
        }
        if status.kind == Kind::Bye && !self.logging_out {
            return Err(Error::Reconnect(format!("the server hung up: {}", status.text)));
        }
        if self.untagged.len() < KEPT {
            self.untagged.push_back(status);
        }
        Ok(())
    }

    /// Notes the answer to the command with `tag`.
    pub(super) fn note_tagged(&mut self, tag: &str, mut status: Status) -> Result<()> {
        let index = self.outstanding.iter().position(|outstanding| outstanding == tag).ok_or_else(out_of_step)?;
        self.outstanding.swap_remove(index);
        self.note_code(&mut status);
        self.last_complaint = None;
        self.answers.push((tag.to_owned(), status));
        Ok(())
    }

    fn note_code(&mut self, status: &mut Status) {
        if let Some(credentials) = &self.credentials {
            status.text = credentials.redact(&status.text);
        }
        if status.code == "CAPABILITY" && matches!(status.kind, Kind::Ok | Kind::Preauth) {
            self.note_capabilities(&status.arguments);
        }
        if status.code == "UIDVALIDITY" {
            self.uid_validity = status.arguments.trim().parse().ok();
        }
    }

    /// Notes the words after `CAPABILITY`.
    pub(super) fn note_capabilities(&mut self, words: &str) {
        self.capabilities = Capabilities::parse(words);
        self.capability_updates = self.capability_updates.wrapping_add(1);
    }

    /// Notes an untagged response that was dropped; `name` says which.
    pub(super) fn note_dropped(&mut self, name: &str) {
        self.dropped = self.dropped.saturating_add(1);
        if let (Some(log), Some(credentials), ..=LOGGED) = (&self.log, &self.credentials, self.dropped) {
            log.debug("Response dropped", &[("response", credentials.redact(name).into())]);
        }
    }
}
