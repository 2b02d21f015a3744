//! Opens IMAP sessions for watchers, and writes the steps into the log of the mailbox.

use super::silent_idle::SilentIdle;
use super::{Deadlines, Imap, LoginLimiter};
use crate::error::Result;
use crate::source::connector::{Account, Connector};

/// Opens sessions on IMAP servers.
#[derive(Debug, Default)]
pub struct ImapConnector {
    limiter: LoginLimiter,
    silent_idle: SilentIdle,
}

impl ImapConnector {
    /// One for all mailboxes of a process: lookups and logins are limited together.
    pub fn new() -> Self {
        Self::default()
    }
}

impl Connector for ImapConnector {
    type Source = Imap;

    async fn connect(&self, account: &Account) -> Result<Imap> {
        // Actions of the original. It has none for TLS from the first byte.
        let mut progress = |step: &'static str| match step {
            "start_tls" => account.log.info("Starting TLS session", &[]),
            "logged_in" => account.log.info("Logging into mailbox", &[]),
            "mailbox" => account.log.info("Setting mailbox", &[]),
            _ => {}
        };
        let mut imap = Imap::connect(account, &Deadlines::default(), &self.limiter, &mut progress).await?;
        imap.silent_idle = self.silent_idle.clone();
        Ok(imap)
    }
}
