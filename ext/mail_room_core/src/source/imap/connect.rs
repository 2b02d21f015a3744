//! From nothing to a login, and to a selected mailbox: name, TCP, TLS, greeting, login, SELECT, all within one deadline.

use std::sync::Arc;

use rustls::ClientConfig;
use serde_json::Value;
use tokio::time::Instant;

use super::deadlines::Deadlines;
use super::login::{self, Login, TokenRefused};
use super::select;
use super::session::{Client, Session};
use crate::config::{Mailbox, Security};
use crate::error::{Error, Result};
use crate::observe::log::Log;
use crate::source::connector::Account;
use crate::source::login_limiter::LoginLimiter;
use crate::transport::credentials::Credentials;
use crate::transport::imap_stream::Kind;
use crate::transport::tcp::{self, Stream};
use crate::transport::tls;

/// Follows a connection while it is opened. The steps are `resolved`, `connected`, `tls`, `greeted`, `logged_in` and `mailbox`
/// (SELECT). With STARTTLS, `tls` comes after `greeted`, `start_tls` and `nothing_slipped_in`.
pub trait Progress: Send {
    /// A step begins. All steps before it succeeded.
    fn step(&mut self, step: &'static str);

    /// This step found out something.
    fn fact(&mut self, _name: &'static str, _value: Value) {}
}

impl<F: FnMut(&'static str) + Send> Progress for F {
    fn step(&mut self, step: &'static str) {
        self(step);
    }
}

/// Connects, logs in and selects the mailbox. If the server refuses a token, tries once more with another one if there is one.
/// Asks for tokens before it connects, so that neither the server nor other logins wait for them.
pub(super) async fn connect(
    account: &Account,
    deadlines: &Deadlines,
    limiter: &LoginLimiter,
    progress: &mut dyn Progress,
) -> Result<Session> {
    let mailbox = &account.config;
    let address = format!("{}:{}", mailbox.host, mailbox.port);
    login::sendable(mailbox)?;
    let tokens = account.tokens.as_ref();
    let mut token = match tokens {
        Some(tokens) => Some(tokens.token().await?),
        None => None,
    };
    let mut again = true;
    loop {
        let selected = async {
            let credentials = Credentials::new(mailbox, token.as_ref());
            let mut opened = open(mailbox, &credentials, Some(&account.log), deadlines, limiter, progress).await?;
            if let Ok(session) = &mut opened {
                progress.step("mailbox");
                select::open(session, &mailbox.name).await?;
                session.control.end_connecting();
            }
            Ok::<_, Error>(opened)
        };
        let refused = match selected.await {
            Ok(Ok(session)) => return Ok(session),
            Ok(Err(TokenRefused(text))) => Error::Refused(text).at(&address),
            Err(error) => return Err(error.into_reconnect().at(&address)),
        };
        // A token may be revoked, or the server's clock may be ahead of ours. Only once: too many logins lock accounts.
        let another = match (tokens, &token) {
            (Some(tokens), Some(token)) if std::mem::take(&mut again) => tokens.instead_of(token).await?,
            _ => None,
        };
        token = Some(another.ok_or(refused)?);
    }
}

/// Connects and logs in. The caller names the server in errors, and drops this future to stop it.
pub(crate) async fn open(
    mailbox: &Mailbox,
    credentials: &Credentials,
    log: Option<&Log>,
    deadlines: &Deadlines,
    limiter: &LoginLimiter,
    progress: &mut dyn Progress,
) -> Result<Login> {
    progress.step("resolved");
    let lookup_limit = deadlines.dns.min(deadlines.connect);
    let (addresses, took) = tcp::resolve(&mailbox.host, mailbox.port, lookup_limit).await?;
    let shown: Vec<String> = addresses.iter().map(|address| address.ip().to_string()).collect();
    progress.fact("addresses", shown.into());
    // Mailboxes whose name does not resolve or whose files cannot be read must not hold a login permit.
    let tls = match mailbox.security {
        Security::Plain => None,
        Security::Tls | Security::StartTls => {
            let config = tls::client_config(&mailbox.tls).await;
            Some(config.inspect_err(|_| progress.step("tls"))?)
        }
    };
    let _permit = limiter.login().await?;
    let until = Instant::now() + deadlines.connect.saturating_sub(took);
    progress.step("connected");
    let mut stream: Box<dyn Stream> = Box::new(tcp::connect(&addresses, until.into()).await?);
    if let (Some(tls), Security::Tls) = (&tls, mailbox.security) {
        stream = encrypted(mailbox, tls, stream, until, progress).await?;
    }
    let client = |stream| Client::new(stream, deadlines, credentials.clone(), log.cloned(), until);
    let mut connected = client(stream);
    progress.step("greeted");
    let mut greeting = login::greeting(&mut connected).await?;
    if let (Some(tls), Security::StartTls) = (&tls, mailbox.security) {
        progress.step("start_tls");
        login::start_tls(&mut connected, greeting).await?;
        // There is no second greeting, and PREAUTH was refused.
        greeting = Kind::Ok;
        // RFC 3501 section 6.2.1 and CVE-2011-0411: whatever came before the handshake was not protected, so an attacker may have injected it.
        progress.step("nothing_slipped_in");
        let stream = connected.imap.into_inner().into_io().ok_or_else(|| {
            Error::Refused(
                "the server sent something between STARTTLS and the handshake: somebody may be in between".into(),
            )
        })?;
        // An attacker may have sent what came in the clear, so the new client starts without any of it.
        connected = client(encrypted(mailbox, tls, stream, until, progress).await?);
    }
    progress.step("logged_in");
    login::login(connected, greeting, mailbox, credentials).await
}

async fn encrypted(
    mailbox: &Mailbox,
    tls: &Arc<ClientConfig>,
    stream: Box<dyn Stream>,
    until: Instant,
    progress: &mut dyn Progress,
) -> Result<Box<dyn Stream>> {
    progress.step("tls");
    let stream = tls::connect_until(Arc::clone(tls), &mailbox.host, stream, until.into()).await?;
    progress.fact("verified", mailbox.tls.verify.into());
    let certificate = stream.get_ref().1.peer_certificates().and_then(<[_]>::first);
    if let Some((issuer, not_after)) = certificate.and_then(tls::issuer_and_expiry) {
        progress.fact("issuer", issuer.into());
        progress.fact("not_after", not_after.into());
    }
    Ok(Box::new(stream))
}
