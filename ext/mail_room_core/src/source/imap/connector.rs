//! Opens IMAP sessions for a watcher, each step in its log. All watchers of a process share one gate.

use super::super::connector::{Account, Connector};
use super::silent_idle::SilentIdle;
use super::{Deadlines, Event, Gate, Imap};
use crate::error::Result;

/// Opens sessions on IMAP servers.
#[derive(Debug, Default)]
pub struct ImapConnector {
    gate: Gate,
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
        let mut tell = |event: Event| {
            if let Some(action) = event.action() {
                account.log.info(action, &[]);
            }
            if let Event::CertificateExpires(at) = event {
                account.progress.certificate(u64::try_from(at).unwrap_or(0));
            }
        };
        let (tokens, deadlines) = (account.tokens.as_ref(), Deadlines::default());
        let imap =
            Imap::connect_with(tokens, &account.config, &deadlines, &account.stop, &self.gate, &mut tell).await?;
        Ok(imap.sharing(self.silent_idle.clone()))
    }
}
