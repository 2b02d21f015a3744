//! Opens IMAP sessions for a watcher, each step in its log. All watchers of a process share one gate.

use super::silent_idle::SilentIdle;
use super::{Deadlines, Gate, Imap};
use crate::error::Result;
use crate::watch::mailbox::Watched;
use crate::watch::watcher::Connector;

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

    async fn connect(&self, watched: &Watched) -> Result<Imap> {
        let mut tell = |event: super::Event| watched.log.info(event.action(), &[]);
        let (tokens, deadlines) = (watched.tokens.as_ref(), Deadlines::default());
        let imap =
            Imap::connect_with(tokens, &watched.config, &deadlines, &watched.stop, &self.gate, &mut tell).await?;
        Ok(imap.sharing(self.silent_idle.clone()))
    }
}
