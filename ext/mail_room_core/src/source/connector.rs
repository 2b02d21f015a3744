//! How sessions on a mailbox are opened, and what opening one needs to know.

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
    /// What to log in with where there is no password.
    pub tokens: Option<Tokens>,
    /// This mailbox's log.
    pub log: Log,
    /// Asked to stop?
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
    /// The sessions.
    type Source: Source;

    /// Connects, within a deadline of its own.
    fn connect(&self, account: &Account) -> impl Future<Output = Result<Self::Source>> + Send;
}
