//! From nothing to a selected mailbox: name, TCP, TLS, greeting, login, SELECT, all within one deadline.

use std::sync::Arc;
use std::time::Duration;

use rustls::ClientConfig;
use secrecy::ExposeSecret;
use tokio::time::{Instant, timeout_at};

use super::gate::Gate;
use super::login::{self, Greeting, Login};
use super::party::Party;
use super::select;
use super::session::{Client, Session};
use super::stream::Io;
use super::tcp;
use crate::config::{Mailbox, Security};
use crate::error::{Error, Result};
use crate::transport::tls;

/// Every limit of time towards an IMAP server. A server that fell silent is noticed within two minutes in every state:
/// commands after `silence`, IDLE after `idle_silence` + `done`, polling after `poll` + `done`.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Deadlines {
    /// Name, TCP, TLS, greeting, login and SELECT together, without the wait at the [`Gate`]: 30 s.
    pub connect: Duration,
    /// The name's share of it: 10 s.
    pub dns: Duration,
    /// Without a single byte of an answer that is due: 60 s.
    pub silence: Duration,
    /// The whole answer to a command, plus a second for every 16 KiB of messages: 5 min.
    pub command: Duration,
    /// The answer to DONE and to NOOP, and to IDLE itself: 15 s.
    pub done: Duration,
    /// After which IDLE ends at the latest: 5 min.
    pub idle: Duration,
    /// Without a byte in IDLE, before the server must show that it is there: 90 s.
    pub idle_silence: Duration,
    /// Between two looks where there is no IDLE, or one that announces nothing: 60 s.
    pub poll: Duration,
    /// LOGOUT, and the DONE before it: 1 s.
    pub logout: Duration,
}

impl Default for Deadlines {
    fn default() -> Self {
        Self {
            connect: Duration::from_secs(30),
            dns: Duration::from_secs(10),
            silence: Duration::from_secs(60),
            command: Duration::from_secs(300),
            done: Duration::from_secs(15),
            idle: Duration::from_secs(300),
            idle_silence: Duration::from_secs(90),
            poll: Duration::from_secs(60),
            logout: Duration::from_secs(1),
        }
    }
}

/// A step of connecting, for the log. Each is told before it is taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Event {
    /// STARTTLS; not told for TLS from the first byte, as in the original.
    StartingTls,
    /// LOGIN or AUTHENTICATE.
    LoggingIn,
    /// SELECT.
    SettingMailbox,
}

impl Event {
    /// The action of the log line.
    pub fn action(self) -> &'static str {
        match self {
            Self::StartingTls => "Starting TLS session",
            Self::LoggingIn => "Logging into mailbox",
            Self::SettingMailbox => "Setting mailbox",
        }
    }
}

/// What became of a connection.
#[expect(clippy::large_enum_variant, reason = "taken apart at once")]
pub(super) enum Opened {
    /// The mailbox is selected.
    Session(Session),
    /// The server did not take the token; the text says why.
    TokenRefused(String),
}

/// Connects. The caller names the server in errors and ends it on a stop by dropping it.
pub(super) async fn open(
    mailbox: &Mailbox,
    party: &Party,
    deadlines: &Deadlines,
    gate: &Gate,
    events: &mut (dyn FnMut(Event) + Send),
) -> Result<Opened> {
    sendable(mailbox)?;
    let lookup_limit = deadlines.dns.min(deadlines.connect);
    let (addresses, took) = tcp::resolve(&mailbox.host, mailbox.port, lookup_limit).await?;
    // A name that does not resolve and a file that cannot be read must not take a login's place.
    let tls = match mailbox.security {
        Security::Plain => None,
        Security::Tls | Security::StartTls => Some(tls::client_config(&mailbox.tls).await?),
    };
    let _leave = gate.login().await?;
    let until = Instant::now() + deadlines.connect.saturating_sub(took);
    let stream: Box<dyn Io> = Box::new(tcp::connect(&addresses, until).await?);
    let stream = match (&tls, mailbox.security) {
        (Some(tls), Security::Tls) => encrypted(mailbox, tls, stream, until).await?,
        _ => stream,
    };
    let mut client = Client::new(stream, deadlines, party, until);
    let mut greeting = login::greeting(&mut client).await?;
    if let (Some(tls), Security::StartTls) = (&tls, mailbox.security) {
        events(Event::StartingTls);
        login::start_tls(&mut client, greeting).await?;
        greeting = Greeting::Ok;
        // RFC 3501 section 6.2.1 and CVE-2011-0411: whatever lies here was not protected, so somebody slipped it in.
        let stream = client.imap.into_inner().into_io().ok_or_else(|| {
            Error::Refused(
                "the server sent something between STARTTLS and the handshake: somebody may be in between".into(),
            )
        })?;
        // What was said in clear may have been said by anybody: nothing of it is known to the new one.
        client = Client::new(encrypted(mailbox, tls, stream, until).await?, deadlines, party, until);
    }
    if greeting == Greeting::Ok {
        events(Event::LoggingIn);
    }
    let mechanism = mailbox.auth.as_ref().map(|auth| auth.mechanism);
    let secure = mailbox.security != Security::Plain;
    let mut session = match login::login(client, greeting, &mailbox.email, mechanism, secure).await? {
        Login::Done(session) => session,
        Login::TokenRefused(text) => return Ok(Opened::TokenRefused(text)),
    };
    events(Event::SettingMailbox);
    select::open(&mut session, &mailbox.name).await?;
    session.control.released();
    Ok(Opened::Session(session))
}

async fn encrypted(
    mailbox: &Mailbox,
    tls: &Arc<ClientConfig>,
    stream: Box<dyn Io>,
    until: Instant,
) -> Result<Box<dyn Io>> {
    match timeout_at(until, tls::connect(Arc::clone(tls), &mailbox.host, stream)).await {
        Ok(stream) => Ok(Box::new(stream?)),
        Err(_) => Err(Error::Reconnect(
            "the TLS handshake did not end in time (does this port speak TLS? see ssl and start_tls)".into(),
        )),
    }
}

/// Refuses what would end a line or a string early: nothing of the configuration becomes a command.
pub(super) fn sendable(mailbox: &Mailbox) -> Result<()> {
    let fields =
        [("email", mailbox.email.as_str()), ("password", mailbox.password.expose_secret()), ("name", &mailbox.name)];
    for (field, value) in fields {
        if value.contains(['\r', '\n', '\0']) {
            return Err(Error::Configuration(format!("{field} must not contain CR, LF or NUL")));
        }
    }
    Ok(())
}
