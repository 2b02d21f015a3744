//! The bounds of an answer, and what an answer comes to that is not the one hoped for.

use super::parse::{Kind, Status};
use crate::error::{Error, Result};

/// Lines and octets (literals aside) that may come in answer to one command. A million changed flags are plausible.
const LINES: u32 = 2_000_000;
const OCTETS: usize = 128 << 20;

/// What a server may still say in answer to one command.
pub(super) struct Budget {
    lines: u32,
    octets: usize,
}

impl Budget {
    pub(super) fn new() -> Self {
        Self { lines: LINES, octets: OCTETS }
    }

    pub(super) fn spend(&mut self, octets: usize) -> Result<()> {
        let left = self.lines.checked_sub(1).zip(self.octets.checked_sub(octets));
        (self.lines, self.octets) =
            left.ok_or_else(|| Error::Reconnect("the server talks without end and does not answer".into()))?;
        Ok(())
    }
}

/// NO and BAD are errors after which the connection is not to be trusted with more.
pub(super) fn ok(status: Status, command: &str) -> Result<()> {
    match status.kind {
        Kind::Ok => Ok(()),
        _ => Err(Error::Reconnect(format!("the server refused {command}: {}", status.text))),
    }
}

/// The UIDs have lost their meaning: what is known of them must not be acted upon.
pub(super) fn replaced() -> Error {
    Error::Reconnect("the mailbox was replaced by another one of the same name".into())
}

pub(super) fn out_of_step() -> Error {
    Error::Reconnect("the server answered something we have not asked".into())
}

/// What a server says in a conversation within a command.
pub(super) enum Challenge {
    /// It wants something, and says what.
    Text(String),
    /// The command is over.
    Over(Status),
}
