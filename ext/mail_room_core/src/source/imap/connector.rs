//! Opens IMAP sessions for watchers, and writes the steps into the log of the mailbox.

use super::silent_idle::SilentIdle;
use super::{Deadlines, Imap, LoginLimiter, Progress};
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
        let mut imap = Imap::connect(account, &Deadlines::default(), &self.limiter, &mut Steps(account)).await?;
        imap.silent_idle = self.silent_idle.clone();
        Ok(imap)
    }
}

/// Writes the steps into the log, and notes when the server's certificate expires.
struct Steps<'a>(&'a Account);

impl Progress for Steps<'_> {
    // Actions of the original. It has none for TLS from the first byte.
    fn step(&mut self, step: &'static str) {
        match step {
            "start_tls" => self.0.log.info("Starting TLS session", &[]),
            "logged_in" => self.0.log.info("Logging into mailbox", &[]),
            "mailbox" => self.0.log.info("Setting mailbox", &[]),
            _ => {}
        }
    }

    fn fact(&mut self, name: &'static str, value: serde_json::Value) {
        if let ("not_after", Some(expires)) = (name, value.as_u64()) {
            self.0.progress.certificate(expires);
        }
    }
}
