//! A mailbox on an IMAP server (RFC 3501, RFC 9051). async-imap speaks the protocol, over `transport::imap_stream`, which bounds
//! every octet and every wait. One session has one mailbox and runs one command after the other.
//!
//! `session` holds the conversation. Each thing that a session does has a file of its own.

mod absent;
pub(crate) mod connect;
mod connector;
mod deadlines;
mod fetch;
mod identity;
pub(crate) mod idle;
pub(crate) mod list;
pub(crate) mod login;
pub(crate) mod namespace;
pub(crate) mod search;
mod select;
pub(crate) mod session;
mod set_aside;
mod silent_idle;
mod store;

use std::collections::BTreeMap;
use std::fmt;
use std::time::{Duration, Instant};

pub use super::login_limiter::LoginLimiter;
pub use connect::Progress;
pub use connector::ImapConnector;
pub use deadlines::Deadlines;

use crate::config::Mailbox;
use crate::error::{Error, Result};
use crate::limits::shutdown::Stop;
use crate::message::MessageId;
use crate::observe::text::part;
use crate::source::connector::Account;
use crate::source::{AbsentFlags, Attributes, Fetched, Mark, Source};
use crate::system::random::hex_128;
use crate::transport::imap_syntax::search_program::SearchProgram;
use session::Session;
use set_aside::Destination;
use silent_idle::{Announcements, SilentIdle};

/// An open session on a selected mailbox.
pub struct Imap {
    session: Session,
    /// The server's host and port, for errors.
    address: String,
    program: SearchProgram,
    scope: String,
    idle_timeout: Duration,
    failed: Destination,
    /// Present if delivered messages are moved.
    delivered: Option<Destination>,
    mark_warning: Option<String>,
    looked_for_leftovers: bool,
    announcements: Announcements,
    silent_idle: SilentIdle,
}

impl fmt::Debug for Imap {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Imap").field("scope", &self.scope).finish_non_exhaustive()
    }
}

impl Imap {
    /// Connects, logs in and selects the mailbox, within `deadlines.connect` (30 s) after `limiter` let us through. The account's
    /// stop ends it at once.
    ///
    /// # Errors
    /// [`Error::Stopped`], [`Error::Configuration`], [`Error::Refused`] and [`Error::NoMailbox`] if somebody has to act,
    /// [`Error::Reconnect`] if it may pass.
    pub async fn connect(
        account: &Account,
        deadlines: &Deadlines,
        limiter: &LoginLimiter,
        progress: &mut dyn Progress,
    ) -> Result<Self> {
        let mailbox = &account.config;
        let program = SearchProgram::new(&mailbox.search_command)?;
        let session = tokio::select! {
            biased;
            () = account.stop.wait() => return Err(Error::Stopped),
            session = connect::connect(account, deadlines, limiter, progress) => session?,
        };
        let failed = Destination::new(mailbox.failed_mailbox.clone(), Mark::SetAside);
        let delivered = mailbox.delivered_mailbox.clone().map(|name| Destination::new(Some(name), Mark::Seen));
        Ok(Self {
            address: format!("{}:{}", mailbox.host, mailbox.port),
            scope: scope(mailbox, &session),
            session,
            program,
            // Zero would search without pause.
            idle_timeout: Duration::from_secs(mailbox.idle_timeout.max(1)),
            failed,
            delivered,
            mark_warning: None,
            looked_for_leftovers: false,
            announcements: Announcements::default(),
            silent_idle: SilentIdle::default(),
        })
    }

    /// An error names the server, and is no message's fault.
    fn named<T>(&self, result: Result<T>) -> Result<T> {
        result.map_err(|error| error.into_reconnect().at(&self.address))
    }

    async fn marked(&mut self, uids: &[u32], mark: Mark) -> Result<()> {
        self.session.unmarked.clear();
        identity::confirm_lately(&mut self.session).await?;
        match (mark, &mut self.delivered) {
            (Mark::SetAside, _) => self.mark_warning = self.failed.take(&mut self.session, uids).await?,
            (Mark::Seen, Some(delivered)) => self.mark_warning = delivered.take(&mut self.session, uids).await?,
            _ => store::mark(&mut self.session, uids, mark).await?,
        }
        if self.session.unmarked.is_empty() {
            return Ok(());
        }
        // Servers also refuse because the mailbox is gone.
        identity::confirm(&mut self.session).await
    }

    async fn expunged(&mut self, uids: &[u32]) -> Result<()> {
        identity::confirm_lately(&mut self.session).await?;
        store::expunge(&mut self.session, uids).await
    }

    async fn waited(&mut self, until: Instant, stop: &Stop) -> Result<()> {
        let often = self.silent_idle.contains(&self.address);
        let idle_timeout = if often { self.idle_timeout.min(self.session.deadlines.poll) } else { self.idle_timeout };
        self.announcements.silent = idle::wait(&mut self.session, idle_timeout, until.into(), stop).await?;
        if stop.asked() {
            return Ok(());
        }
        identity::after_wait(&mut self.session, idle_timeout).await
    }
}

/// Tells a mailbox's UIDs from those of any other: host:port/email/mailbox/UIDVALIDITY, each part percent-encoded so that none
/// can imitate a separator.
fn scope(mailbox: &Mailbox, session: &Session) -> String {
    let Mailbox { host, port, email, .. } = mailbox;
    let name = if session.mailbox.eq_ignore_ascii_case("INBOX") { "INBOX" } else { &session.mailbox };
    let validity = session.uid_validity.unwrap_or(0);
    let scope = format!("{}:{port}/{}/{}/{validity}", part(&host.to_lowercase()), part(email), part(name));
    // UIDs end with the session: what is noted of them must never be taken for another session's.
    if validity == 0 { format!("{scope}-{}", hex_128()) } else { scope }
}

/// Flags that a message found by `search_command` surely does not have. None if the command is wrong: connecting reports that.
pub(crate) fn absent_flags(search_command: &str) -> AbsentFlags {
    SearchProgram::new(search_command).map(|program| absent::absent(&program)).unwrap_or_default()
}

fn uids(ids: &[MessageId]) -> Vec<u32> {
    let uid = |id: &MessageId| match id {
        MessageId::Uid(uid) => Some(*uid),
        MessageId::Text(_) => None,
    };
    ids.iter().filter_map(uid).collect()
}

fn ids(uids: Vec<u32>) -> Vec<MessageId> {
    uids.into_iter().map(MessageId::Uid).collect()
}

impl Source for Imap {
    fn scope(&self) -> &str {
        &self.scope
    }

    async fn search(&mut self) -> Result<Vec<MessageId>> {
        let found = identity::search(&mut self.session, &self.program).await;
        let found = self.named(found)?;
        if self.announcements.found(&found, &self.address, &self.silent_idle) {
            self.session.warnings.push(("IDLE", silent_idle::WARNING.to_owned()));
        }
        Ok(ids(found))
    }

    fn limit_since(&mut self, day: &str) -> Result<bool> {
        if self.program.is_limited() {
            return Ok(false);
        }
        self.program.limit_since(day)?;
        Ok(true)
    }

    async fn sizes(&mut self, ids: &[MessageId]) -> Result<Vec<Attributes>> {
        fetch::sizes(&mut self.session, &uids(ids)).await.map_err(|error| error.at(&self.address))
    }

    async fn fetch(&mut self, ids: &[MessageId], limit: u64, sink: &mut (dyn FnMut(Fetched) + Send)) -> Result<()> {
        fetch::fetch(&mut self.session, &uids(ids), limit, sink).await.map_err(|error| error.at(&self.address))
    }

    async fn mark(&mut self, ids: &[MessageId], mark: Mark) -> Result<()> {
        let marked = self.marked(&uids(ids), mark).await;
        self.named(marked)
    }

    fn warnings(&mut self) -> Vec<(&'static str, String)> {
        std::mem::take(&mut self.session.warnings)
    }

    fn mark_warning(&mut self) -> Option<String> {
        self.mark_warning.take()
    }

    fn unmarked(&mut self) -> Vec<(MessageId, String)> {
        let unmarked: BTreeMap<_, _> = std::mem::take(&mut self.session.unmarked).into_iter().collect();
        unmarked.into_iter().map(|(uid, why)| (MessageId::Uid(uid), why)).collect()
    }

    fn unexpunged(&mut self) -> Option<String> {
        self.session.unexpunged.take()
    }

    fn expunges_only_given(&self) -> bool {
        self.session.control.has("UIDPLUS")
    }

    async fn leftovers(&mut self) -> Result<Vec<MessageId>> {
        if std::mem::replace(&mut self.looked_for_leftovers, true) {
            return Ok(Vec::new());
        }
        let found = search::deleted(&mut self.session).await;
        self.named(found).map(ids)
    }

    async fn expunge(&mut self, ids: &[MessageId]) -> Result<()> {
        let expunged = self.expunged(&uids(ids)).await;
        self.named(expunged)
    }

    async fn wait(&mut self, until: Instant, stop: &Stop) -> Result<()> {
        let waited = self.waited(until, stop).await;
        self.named(waited)
    }

    async fn logout(self) {
        let limit = self.session.deadlines.logout;
        self.session.logout(limit).await;
    }
}
