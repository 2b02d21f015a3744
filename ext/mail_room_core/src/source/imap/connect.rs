//! From nothing to a login, and to a selected mailbox: name, TCP, TLS, greeting, login, SELECT, all within one deadline.

use std::sync::Arc;
use std::time::Duration;

use rustls::ClientConfig;
use serde_json::Value;
use tokio::time::{Instant, timeout_at};

use super::login::{self, Login, TokenRefused};
use super::select;
use super::session::{Client, Session};
use super::stream::{Io, Kind, Party};
use crate::config::{Mailbox, Security};
use crate::error::{Error, Result};
use crate::source::gate::Gate;
use crate::transport::oauth::Tokens;
use crate::transport::tcp;
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
        let [connect, dns, silence, command, done, idle, idle_silence, poll, logout] =
            [30, 10, 60, 300, 15, 300, 90, 60, 1].map(Duration::from_secs);
        Self { connect, dns, silence, command, done, idle, idle_silence, poll, logout }
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
    /// Not a step of its own: when the certificate that the server showed expires, in seconds since 1970.
    CertificateExpires(i64),
}

impl Event {
    /// The action of the log line, if there is one.
    pub fn action(self) -> Option<&'static str> {
        match self {
            Self::StartingTls => Some("Starting TLS session"),
            Self::LoggingIn => Some("Logging into mailbox"),
            Self::SettingMailbox => Some("Setting mailbox"),
            Self::CertificateExpires(_) => None,
        }
    }
}

/// Whoever follows a connection on its way. Steps are `resolved`, `connected`, `tls`, `greeted`, `logged_in`; with STARTTLS
/// `tls` comes after `greeted`, `start_tls` and `nothing_slipped_in`.
pub(super) trait Progress: Send {
    /// A step begins: those before it went well.
    fn step(&mut self, step: &'static str);

    /// Something was learned in this step.
    fn fact(&mut self, name: &'static str, value: Value);
}

/// Tells the steps that a log shows.
struct Events<'a>(&'a mut (dyn FnMut(Event) + Send));

impl Progress for Events<'_> {
    fn step(&mut self, step: &'static str) {
        match step {
            "start_tls" => (self.0)(Event::StartingTls),
            "logged_in" => (self.0)(Event::LoggingIn),
            "mailbox" => (self.0)(Event::SettingMailbox),
            _ => {}
        }
    }

    fn fact(&mut self, name: &'static str, value: Value) {
        if let ("not_after", Some(expires)) = (name, value.as_i64()) {
            (self.0)(Event::CertificateExpires(expires));
        }
    }
}

/// Connects, logs in and selects the mailbox; with a token once more if it was refused and another one is to be had. Tokens
/// are asked for before there is a connection: nobody waits for them at the server or at the gate.
pub(super) async fn connect(
    tokens: Option<&Tokens>,
    mailbox: &Mailbox,
    deadlines: &Deadlines,
    gate: &Gate,
    events: &mut (dyn FnMut(Event) + Send),
) -> Result<Session> {
    login::sendable(mailbox)?;
    let tokens = tokens.filter(|_| mailbox.auth.is_some());
    let mut token = match tokens {
        Some(tokens) => Some(tokens.token().await?),
        None => None,
    };
    let mut again = true;
    loop {
        let party = login::party(mailbox, token.as_ref());
        let refused = match selected(mailbox, &party, deadlines, gate, &mut Events(events)).await {
            Ok(Ok(session)) => return Ok(session),
            Ok(Err(TokenRefused(text))) => Error::Refused(text).at(party.address()),
            Err(error) => return Err(error.into_reconnect().at(party.address())),
        };
        // A token may be revoked, or the server's clock be ahead of ours. Once: asking too often locks accounts.
        let another = match (tokens, &token) {
            (Some(tokens), Some(token)) if std::mem::take(&mut again) => tokens.instead_of(token).await?,
            _ => None,
        };
        token = Some(another.ok_or(refused)?);
    }
}

async fn selected(
    mailbox: &Mailbox,
    party: &Party,
    deadlines: &Deadlines,
    gate: &Gate,
    progress: &mut dyn Progress,
) -> Result<Login> {
    let mut opened = open(mailbox, party, deadlines, gate, progress).await?;
    if let Ok(session) = &mut opened {
        progress.step("mailbox");
        select::open(session, &mailbox.name).await?;
        session.control.released();
    }
    Ok(opened)
}

/// Connects and logs in. The caller names the server in errors and ends it on a stop by dropping it.
pub(super) async fn open(
    mailbox: &Mailbox,
    party: &Party,
    deadlines: &Deadlines,
    gate: &Gate,
    progress: &mut dyn Progress,
) -> Result<Login> {
    progress.step("resolved");
    let lookup_limit = deadlines.dns.min(deadlines.connect);
    let (addresses, took) = tcp::resolve(&mailbox.host, mailbox.port, lookup_limit).await?;
    let shown: Vec<String> = addresses.iter().map(|address| address.ip().to_string()).collect();
    progress.fact("addresses", shown.into());
    // A name that does not resolve and a file that cannot be read must not take a login's place.
    let tls = match mailbox.security {
        Security::Plain => None,
        Security::Tls | Security::StartTls => {
            let config = tls::client_config(&mailbox.tls).await;
            Some(config.inspect_err(|_| progress.step("tls"))?)
        }
    };
    let _leave = gate.login().await?;
    let until = Instant::now() + deadlines.connect.saturating_sub(took);
    progress.step("connected");
    let mut stream: Box<dyn Io> = Box::new(tcp::connect(&addresses, until.into()).await?);
    if let (Some(tls), Security::Tls) = (&tls, mailbox.security) {
        stream = encrypted(mailbox, tls, stream, until, progress).await?;
    }
    let mut client = Client::new(stream, deadlines, party, until);
    progress.step("greeted");
    let mut greeting = login::greeting(&mut client).await?;
    if let (Some(tls), Security::StartTls) = (&tls, mailbox.security) {
        progress.step("start_tls");
        login::start_tls(&mut client, greeting).await?;
        greeting = Kind::Ok;
        // RFC 3501 section 6.2.1 and CVE-2011-0411: whatever lies here was not protected, so somebody slipped it in.
        progress.step("nothing_slipped_in");
        let stream = client.imap.into_inner().into_io().ok_or_else(|| {
            Error::Refused(
                "the server sent something between STARTTLS and the handshake: somebody may be in between".into(),
            )
        })?;
        // What was said in clear may have been said by anybody: nothing of it is known to the new one.
        client = Client::new(encrypted(mailbox, tls, stream, until, progress).await?, deadlines, party, until);
    }
    progress.step("logged_in");
    login::login(client, greeting, mailbox, party).await
}

async fn encrypted(
    mailbox: &Mailbox,
    tls: &Arc<ClientConfig>,
    stream: Box<dyn Io>,
    until: Instant,
    progress: &mut dyn Progress,
) -> Result<Box<dyn Io>> {
    progress.step("tls");
    let Ok(stream) = timeout_at(until, tls::connect(Arc::clone(tls), &mailbox.host, stream)).await else {
        return Err(Error::Reconnect(
            "the TLS handshake did not end in time (does this port speak TLS? see ssl and start_tls)".into(),
        ));
    };
    let stream = stream?;
    progress.fact("verified", mailbox.tls.verify.into());
    let certificate = stream.get_ref().1.peer_certificates().and_then(<[_]>::first);
    if let Some((issuer, not_after)) = certificate.and_then(tls::vouched_for) {
        progress.fact("issuer", issuer.into());
        progress.fact("not_after", not_after.into());
    }
    Ok(Box::new(stream))
}
