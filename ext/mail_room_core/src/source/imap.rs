//! A mailbox on an IMAP server (RFC 3501, RFC 9051). async-imap speaks the protocol, over a stream of ours that gives every
//! byte a bound and every wait a deadline. One session, one mailbox, one command after the other.
//!
//! From the wire up: `stream` framing, async-imap, `session` conversation; then one file per thing a session does.

mod capabilities;
pub(crate) mod check;
mod command;
mod connect;
mod connector;
mod data;
mod fetch;
mod gate;
mod identity;
mod idle;
mod list;
mod login;
mod namespace;
mod narrow;
mod notes;
mod party;
mod placeholder;
mod refusal;
mod sasl;
mod search;
mod search_program;
mod select;
mod session;
mod set_aside;
mod silent_idle;
mod status;
mod store;
mod stream;
mod tcp;
mod text;
mod uid_set;
mod utf7;

use std::collections::BTreeMap;
use std::fmt;
use std::time::{Duration, Instant};

use connect::Opened;
pub use connect::{Deadlines, Event};
pub use connector::ImapConnector;
pub use gate::Gate;
#[cfg(fuzzing)]
pub use stream::harness;

use crate::config::Mailbox;
use crate::error::{Error, Result};
use crate::limits::shutdown::Stop;
use crate::message::MessageId;
use crate::source::{AbsentFlags, Fetched, Mark, Source};
use crate::system::random::hex_128;
use crate::transport::oauth::Tokens;
use idle::Waited;
use party::Party;
use search_program::SearchProgram;
use session::Session;
use set_aside::Failed;
use silent_idle::{Announcements, SilentIdle};

/// An open session on a selected mailbox.
pub struct Imap {
    session: Session,
    program: SearchProgram,
    scope: String,
    idle_timeout: Duration,
    failed: Failed,
    complaint: Option<String>,
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
    /// Connects, logs in and selects the mailbox, within 30 s after `gate` let us through; `stop` ends it at once with
    /// [`Error::Stopped`]. Each step is told to `events` before it is taken.
    pub async fn connect(
        mailbox: &Mailbox,
        stop: &Stop,
        gate: &Gate,
        events: &mut (dyn FnMut(Event) + Send),
    ) -> Result<Self> {
        Self::connect_within(mailbox, &Deadlines::default(), stop, gate, events).await
    }

    /// [`connect`](Self::connect) with other deadlines.
    pub async fn connect_within(
        mailbox: &Mailbox,
        deadlines: &Deadlines,
        stop: &Stop,
        gate: &Gate,
        events: &mut (dyn FnMut(Event) + Send),
    ) -> Result<Self> {
        let tokens = mailbox.auth.as_ref().map(Tokens::new);
        Self::connect_with(tokens.as_ref(), mailbox, deadlines, stop, gate, events).await
    }

    /// [`connect_within`](Self::connect_within) with tokens that are kept from one connection to the next.
    pub(crate) async fn connect_with(
        tokens: Option<&Tokens>,
        mailbox: &Mailbox,
        deadlines: &Deadlines,
        stop: &Stop,
        gate: &Gate,
        events: &mut (dyn FnMut(Event) + Send),
    ) -> Result<Self> {
        let program = SearchProgram::new(&mailbox.search_command)?;
        let session = tokio::select! {
            biased;
            () = stop.wait() => return Err(Error::Stopped),
            session = login_with(tokens, mailbox, deadlines, gate, events) => session?,
        };
        let Mailbox { host, port, email, .. } = mailbox;
        let validity = session.uid_validity.unwrap_or(0);
        let mut scope = text::scope(host, *port, email, &session.mailbox, validity);
        if validity == 0 {
            // UIDs end with the session: what is noted of them must never be taken for another session's.
            scope.push('-');
            scope.push_str(&hex_128());
        }
        // Zero would search without pause.
        let idle_timeout = Duration::from_secs(mailbox.idle_timeout.max(1));
        let failed = Failed::new(mailbox.failed_mailbox.clone());
        Ok(Self {
            session,
            program,
            scope,
            idle_timeout,
            failed,
            complaint: None,
            looked_for_leftovers: false,
            announcements: Announcements::default(),
            silent_idle: SilentIdle::default(),
        })
    }

    /// With what other mailboxes of this process have learned of servers.
    pub(crate) fn sharing(mut self, silent_idle: SilentIdle) -> Self {
        self.silent_idle = silent_idle;
        self
    }

    fn blamed<T>(&self, result: Result<T>) -> Result<T> {
        result.map_err(|error| self.session.party.blame(error))
    }
}

/// Connects and logs in; with a token once more if it was refused and another one is to be had. Tokens are asked for before
/// there is a connection: nobody waits for them at the server or at the gate.
async fn login_with(
    tokens: Option<&Tokens>,
    mailbox: &Mailbox,
    deadlines: &Deadlines,
    gate: &Gate,
    events: &mut (dyn FnMut(Event) + Send),
) -> Result<Session> {
    let Mailbox { host, port, email, .. } = mailbox;
    let (Some(auth), Some(tokens)) = (&mailbox.auth, tokens) else {
        let party = Party::new(host, *port, email, mailbox.password.clone());
        return match open(mailbox, &party, deadlines, gate, events).await? {
            Opened::Session(session) => Ok(session),
            Opened::TokenRefused(text) => Err(party.blame(Error::Refused(text))),
        };
    };
    let mut token = tokens.token().await?;
    let mut again = true;
    loop {
        let party = Party::with_token(auth.mechanism, host, *port, email, token.secret().clone());
        let refused = match open(mailbox, &party, deadlines, gate, events).await? {
            Opened::Session(session) => return Ok(session),
            Opened::TokenRefused(text) => party.blame(Error::Refused(text)),
        };
        // A token may be revoked, or the server's clock be ahead of ours. Once: asking too often locks accounts.
        if !std::mem::take(&mut again) {
            return Err(refused);
        }
        token = tokens.instead_of(&token).await?.ok_or(refused)?;
    }
}

/// Opens a connection, and names the server in errors.
async fn open(
    mailbox: &Mailbox,
    party: &Party,
    deadlines: &Deadlines,
    gate: &Gate,
    events: &mut (dyn FnMut(Event) + Send),
) -> Result<Opened> {
    let opened = connect::open(mailbox, party, deadlines, gate, events).await;
    opened.map_err(|error| party.blame(as_reconnect(error)))
}

/// Only in answer to a FETCH is an unreadable answer some message's fault.
fn as_reconnect(error: Error) -> Error {
    match error {
        Error::Unparseable(text) => Error::Reconnect(text),
        error => error,
    }
}

/// Flags that no message bears that `search_command` finds; none if it has no meaning, which connecting tells.
pub(crate) fn absent_flags(search_command: &str) -> AbsentFlags {
    SearchProgram::new(search_command).map(|program| program.absent()).unwrap_or_default()
}

fn uids(ids: &[MessageId]) -> Vec<u32> {
    ids.iter()
        .filter_map(|id| match id {
            MessageId::Uid(uid) => Some(*uid),
            MessageId::Text(_) => None,
        })
        .collect()
}

impl Source for Imap {
    fn scope(&self) -> &str {
        &self.scope
    }

    async fn search(&mut self) -> Result<Vec<MessageId>> {
        let found = identity::search(&mut self.session, &self.program).await.map_err(as_reconnect);
        let found = self.blamed(found)?;
        if self.announcements.found(&found, self.session.party.address(), &self.silent_idle) {
            self.session.notes.remarks.push(("IDLE", silent_idle::REMARK.to_owned()));
        }
        Ok(found.into_iter().map(MessageId::Uid).collect())
    }

    async fn sizes(&mut self, ids: &[MessageId]) -> Result<Vec<(MessageId, u64)>> {
        let sizes = fetch::sizes(&mut self.session, &uids(ids)).await;
        self.blamed(sizes.map(|sizes| sizes.into_iter().map(|(uid, size)| (MessageId::Uid(uid), size)).collect()))
    }

    async fn fetch(&mut self, ids: &[MessageId], limit: u64, sink: &mut (dyn FnMut(Fetched) + Send)) -> Result<()> {
        let fetched = fetch::fetch(&mut self.session, &uids(ids), limit, sink).await;
        self.blamed(fetched)
    }

    async fn mark(&mut self, ids: &[MessageId], mark: Mark) -> Result<()> {
        self.session.notes.unmarked.clear();
        let same = identity::confirm_lately(&mut self.session).await.map_err(as_reconnect);
        self.blamed(same)?;
        let marked = match mark {
            Mark::SetAside => {
                let set_aside = self.failed.set_aside(&mut self.session, &uids(ids)).await;
                set_aside.map(|complaint| self.complaint = complaint)
            }
            mark => store::mark(&mut self.session, &uids(ids), mark).await,
        };
        self.blamed(marked.map_err(as_reconnect))?;
        if self.session.notes.unmarked.is_empty() {
            return Ok(());
        }
        // Servers also refuse because the mailbox is gone.
        let same = identity::confirm(&mut self.session).await.map_err(as_reconnect);
        self.blamed(same)
    }

    fn remarks(&mut self) -> Vec<(&'static str, String)> {
        std::mem::take(&mut self.session.notes.remarks)
    }

    fn complaint(&mut self) -> Option<String> {
        self.complaint.take()
    }

    fn unmarked(&mut self) -> Vec<(MessageId, String)> {
        let unmarked: BTreeMap<_, _> = std::mem::take(&mut self.session.notes.unmarked).into_iter().collect();
        unmarked.into_iter().map(|(uid, why)| (MessageId::Uid(uid), why)).collect()
    }

    fn unexpunged(&mut self) -> Option<String> {
        self.session.notes.unexpunged.take()
    }

    fn expunges_only_given(&self) -> bool {
        self.session.capabilities.uid_expunge
    }

    async fn leftovers(&mut self) -> Result<Vec<MessageId>> {
        if std::mem::replace(&mut self.looked_for_leftovers, true) {
            return Ok(Vec::new());
        }
        let found = search::deleted(&mut self.session).await.map_err(as_reconnect);
        self.blamed(found.map(|uids| uids.into_iter().map(MessageId::Uid).collect()))
    }

    async fn expunge(&mut self, ids: &[MessageId]) -> Result<()> {
        let same = identity::confirm_lately(&mut self.session).await.map_err(as_reconnect);
        self.blamed(same)?;
        let expunged = store::expunge(&mut self.session, &uids(ids)).await.map_err(as_reconnect);
        self.blamed(expunged)
    }

    async fn wait(&mut self, until: Instant, stop: &Stop) -> Result<()> {
        let often = self.silent_idle.is_known_of(self.session.party.address());
        let idle_timeout = if often { self.idle_timeout.min(self.session.deadlines.poll) } else { self.idle_timeout };
        let waited = idle::wait(&mut self.session, idle_timeout, until.into(), stop).await.map_err(as_reconnect);
        match self.blamed(waited)? {
            Waited::Silent => self.announcements.silent(),
            Waited::News | Waited::Quiet => self.announcements.announced(),
        }
        if stop.asked() {
            return Ok(());
        }
        let same = identity::after_wait(&mut self.session, idle_timeout).await.map_err(as_reconnect);
        self.blamed(same)
    }

    async fn logout(self) {
        let limit = self.session.deadlines.logout;
        self.session.logout(limit).await;
    }
}
