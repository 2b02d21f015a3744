//! What the server said in the exchange that is under way. The library keeps none of it, or not all: the words of refusals,
//! codes it does not know, news that come while it waits for something else.

use std::collections::VecDeque;

use super::capabilities::Capabilities;
use super::party::Party;
use super::status::{Kind, Status};
use crate::error::{Error, Result};

/// Untagged status responses that are kept of one exchange.
const KEPT: usize = 64;

/// Notes of one connection; those of an exchange are cleared when the next one begins.
#[derive(Debug, Default)]
pub(crate) struct Notes {
    /// Whom we talk to: keeps the password out of the server's words.
    pub(super) party: Option<Party>,
    /// Why the connection is of no use any more. Set once, for good.
    pub(crate) failure: Option<Error>,
    /// Untagged status responses of this exchange.
    pub(crate) said: VecDeque<Status>,
    /// The answers of this exchange, each with its tag.
    pub(crate) answers: Vec<(String, Status)>,
    /// Tags of commands that are not answered yet.
    pub(super) outstanding: Vec<String>,
    /// The body of the FETCH response that was read last.
    pub(crate) body: Option<Vec<u8>>,
    /// What follows `* `, if the server told its namespaces in this exchange.
    pub(crate) namespace: Option<String>,
    /// Something may have come in since the last search began.
    pub(crate) news: bool,
    /// What the server last said it can do.
    pub(crate) capabilities: Option<Capabilities>,
    /// How often it did.
    pub(crate) learned: u32,
    /// The UIDVALIDITY that a status response told last.
    pub(crate) uid_validity: Option<u32>,
    /// What the server complained of last, since it last answered a command.
    pub(super) last_words: Option<String>,
    /// SEARCH responses of this exchange.
    pub(crate) found: u32,
    /// We asked to leave: BYE is an answer and no hang-up.
    pub(crate) leaving: bool,
    /// Responses that could not be read and that nobody needed.
    pub(crate) dropped: u64,
}

impl Notes {
    /// An exchange begins.
    pub(super) fn begin(&mut self) {
        self.said.clear();
        self.answers.clear();
        self.body = None;
        self.namespace = None;
        self.found = 0;
    }

    /// The arguments of the response code `code` that was told last in this exchange.
    pub(crate) fn told(&self, code: &str) -> Option<&str> {
        let status = self.said.iter().rev().find(|status| status.code == code);
        status.map(|status| status.arguments.as_str())
    }

    /// Takes note of an untagged status response.
    pub(super) fn hear(&mut self, mut status: Status) -> Result<()> {
        self.consider(&mut status);
        if matches!(status.kind, Kind::No | Kind::Bad) {
            self.last_words = Some(status.text.clone());
        }
        if status.kind == Kind::Bye && !self.leaving {
            return Err(Error::Reconnect(format!("the server hung up: {}", status.text)));
        }
        if self.said.len() < KEPT {
            self.said.push_back(status);
        }
        Ok(())
    }

    /// Takes note of the answer to the command with `tag`.
    pub(super) fn answer(&mut self, tag: &str, mut status: Status) -> Result<()> {
        let Some(index) = self.outstanding.iter().position(|outstanding| outstanding == tag) else {
            return Err(Error::Reconnect("the server answered something we have not asked".into()));
        };
        self.outstanding.swap_remove(index);
        self.consider(&mut status);
        self.last_words = None;
        self.answers.push((tag.to_owned(), status));
        Ok(())
    }

    fn consider(&mut self, status: &mut Status) {
        if let Some(party) = &self.party {
            status.text = party.server_text(&status.text);
        }
        if status.code == "CAPABILITY" && matches!(status.kind, Kind::Ok | Kind::Preauth) {
            self.learn(&status.arguments);
        }
        if status.code == "UIDVALIDITY" {
            self.uid_validity = status.arguments.trim().parse().ok();
        }
    }

    /// Takes note of what the server can do.
    pub(super) fn learn(&mut self, words: &str) {
        self.capabilities = Some(Capabilities::parse(words));
        self.learned = self.learned.wrapping_add(1);
    }
}
