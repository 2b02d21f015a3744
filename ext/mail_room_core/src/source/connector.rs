//! Opens sessions on a mailbox. `Account` is what that needs to know.

use std::future::Future;
use std::sync::Arc;

use super::Source;
use crate::config;
use crate::error::Result;
use crate::limits::shutdown::Stop;
use crate::observe::log::Log;
use crate::observe::progress::Progress;
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
    /// What monitoring is told.
    pub progress: Arc<Progress>,
}

impl Account {
    /// Connects to nothing yet.
    pub fn new(config: config::Mailbox, log: Log, stop: Stop) -> Self {
        Self { tokens: config.auth.as_ref().map(Tokens::new), config, log, stop, progress: Arc::default() }
    }

    /// Tells `progress` from now on.
    pub(crate) fn report_to(&mut self, progress: &Arc<Progress>) {
        self.progress.clone_from(progress);
        if let Some(tokens) = &mut self.tokens {
            tokens.report_to(progress);
        }
    }
}

/// Opens sessions on one mailbox.
pub trait Connector: Send + Sync {
    /// The type of its sessions.
    type Source: Source;

    /// Opens a session. Has a deadline of its own.
    fn connect(&self, account: &Account) -> impl Future<Output = Result<Self::Source>> + Send;
}
