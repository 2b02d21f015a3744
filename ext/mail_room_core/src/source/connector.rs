//! Opens sessions on a mailbox. `Account` is what that needs to know.

use std::future::Future;

use super::Source;
use crate::config;
use crate::error::Result;
use crate::limits::shutdown::Stop;
use crate::observe::log::Log;
use crate::transport::oauth::Tokens;

/// A mailbox as its server knows it: where it is, and how to log in.
#[derive(Debug)]
pub struct Account {
    /// Its configuration.
    pub config: config::Mailbox,
    /// OAuth2 tokens for the login, if `auth` is configured.
    pub tokens: Option<Tokens>,
    /// This mailbox's log.
    pub log: Log,
    /// Set when the program stops.
    pub stop: Stop,
}

impl Account {
    /// Connects to nothing yet.
    pub fn new(config: config::Mailbox, log: Log, stop: Stop) -> Self {
        Self { tokens: config.auth.as_ref().map(Tokens::new), config, log, stop }
    }
}

/// Opens sessions on one mailbox.
pub trait Connector: Send + Sync {
    /// The type of its sessions.
    type Source: Source;

    /// Opens a session. Has a deadline of its own.
    fn connect(&self, account: &Account) -> impl Future<Output = Result<Self::Source>> + Send;
}
