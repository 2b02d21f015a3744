//! Connecting as a watcher does, one step after the other, each noted. Opens the mailbox read-only (EXAMINE): not a flag
//! changes, and \Recent stays for who it is meant for.

use std::time::Duration;

use tokio::time::{Instant, timeout_at};

use super::connect::{Deadlines, sendable};
use super::idle;
use super::list;
use super::login::{self, Greeting, Login};
use super::namespace;
use super::party::Party;
use super::refusal::is_not_connected;
use super::search::{self, Answer};
use super::search_program::SearchProgram;
use super::session::{Client, Session};
use super::status::{Kind, Status};
use super::stream::Io;
use super::tcp;
use super::text::printable;
use super::utf7;
use crate::check::Report;
use crate::config::{Mailbox, Security};
use crate::error::{Error, Result};
use crate::limits::shutdown::Stop;
use crate::transport::oauth::Tokens;
use crate::transport::tls;

/// How long IDLE is tried.
const IDLE: Duration = Duration::from_millis(100);

/// Steps `token` (only with OAuth), `resolved`, `connected`, `tls`, `greeted`, `logged_in`, `mailbox`, `capabilities` and `unread`; with STARTTLS `tls`
/// comes after `greeted`, `start_tls` and `nothing_slipped_in`.
pub(crate) async fn check(mailbox: &Mailbox, report: &mut Report) -> Option<()> {
    let deadlines = Deadlines::default();
    let Mailbox { host, port, email, password, auth, .. } = mailbox;
    let party = match auth {
        // Before there is a connection, as in watching.
        Some(auth) => {
            let token = report.step("token", Tokens::new(auth).token()).await?;
            Party::with_token(auth.mechanism, host, *port, email, token.secret().clone())
        }
        None => Party::new(host, *port, email, password.clone()),
    };
    let (addresses, _) = report.step("resolved", tcp::resolve(&mailbox.host, mailbox.port, deadlines.dns)).await?;
    let shown: Vec<String> = addresses.iter().map(|address| address.ip().to_string()).collect();
    report.fact("addresses", shown);
    let until = Instant::now() + deadlines.connect;
    let tcp = report.step("connected", tcp::connect(&addresses, until)).await?;
    let stream: Box<dyn Io> = match mailbox.security {
        Security::Tls => encrypted(mailbox, Box::new(tcp), until, report).await?,
        Security::StartTls | Security::Plain => Box::new(tcp),
    };
    let mut client = Client::new(stream, &deadlines, &party, until);
    let mut greeting = report.step("greeted", login::greeting(&mut client)).await?;
    if mailbox.security == Security::StartTls {
        report.step("start_tls", login::start_tls(&mut client, greeting)).await?;
        greeting = Greeting::Ok;
        let stream = client.imap.into_inner().into_io();
        let stream = report.step("nothing_slipped_in", async { stream.ok_or_else(slipped_in) }).await?;
        let stream = encrypted(mailbox, stream, until, report).await?;
        client = Client::new(stream, &deadlines, &party, until);
    }
    let mut session = report.step("logged_in", log_in(client, mailbox, greeting)).await?;
    session.control.released();
    looked_into(&mut session, mailbox, report).await?;
    session.logout(deadlines.logout).await;
    Some(())
}

fn slipped_in() -> Error {
    Error::Refused("the server sent something between STARTTLS and the handshake: somebody may be in between".into())
}

async fn encrypted(mailbox: &Mailbox, stream: Box<dyn Io>, until: Instant, report: &mut Report) -> Option<Box<dyn Io>> {
    let handshake = async {
        let config = tls::client_config(&mailbox.tls).await?;
        tls::connect(config, &mailbox.host, stream).await
    };
    let late = || {
        Err(Error::Reconnect(
            "the TLS handshake did not end in time (does this port speak TLS? see ssl and start_tls)".into(),
        ))
    };
    let handshake = async { timeout_at(until, handshake).await.unwrap_or_else(|_| late()) };
    let stream = report.step("tls", handshake).await?;
    report.fact("verified", mailbox.tls.verify);
    let certificate = stream.get_ref().1.peer_certificates().and_then(<[_]>::first);
    if let Some((issuer, not_after)) = certificate.and_then(tls::vouched_for) {
        report.fact("issuer", issuer);
        report.fact("not_after", not_after);
    }
    Some(Box::new(stream))
}

async fn log_in(client: Client, mailbox: &Mailbox, greeting: Greeting) -> Result<Session> {
    sendable(mailbox)?;
    let mechanism = mailbox.auth.as_ref().map(|auth| auth.mechanism);
    match login::login(client, greeting, &mailbox.email, mechanism, mailbox.security != Security::Plain).await? {
        Login::Done(session) => Ok(session),
        Login::TokenRefused(text) => Err(Error::Refused(text)),
    }
}

/// What can be seen once logged in.
async fn looked_into(session: &mut Session, mailbox: &Mailbox, report: &mut Report) -> Option<()> {
    let mut not_connected = false;
    if report.step("mailbox", examine(session, &mailbox.name, &mut not_connected)).await.is_none() {
        // Not a step: it only helps with the one that failed.
        let names = list::names(session).await.unwrap_or_default();
        report.fact("names", names);
        report.fact("not_connected", not_connected);
        return None;
    }
    let capabilities = session.capabilities.clone();
    report.step("capabilities", try_idle(session)).await?;
    report.fact("idle", capabilities.idle && session.idle_works);
    report.fact("uidplus", capabilities.uid_expunge);
    report.fact("move", capabilities.moves);
    let unread = async {
        let program = SearchProgram::new(&mailbox.search_command)?;
        match search::ask(session, &program).await? {
            Answer::Found(uids) => Ok(uids.len()),
            Answer::NoLine => Ok(0),
            Answer::Refused(text) => Err(Error::Reconnect(format!("the server refused to search: {text}"))),
        }
    };
    let unread = report.step("unread", unread).await?;
    report.fact("unread", unread);
    Some(())
}

/// Opens the mailbox read-only, under the name that watching would open.
async fn examine(session: &mut Session, name: &str, not_connected: &mut bool) -> Result<()> {
    let status = opened(session, name).await?;
    if status.kind == Kind::Ok {
        return Ok(());
    }
    if let Some(full) = namespace::with_prefix(session, name).await?
        && opened(session, &full).await?.kind == Kind::Ok
    {
        return Ok(());
    }
    *not_connected = is_not_connected(&status);
    Err(Error::Refused(format!("the server does not open mailbox {}: {}", printable(name), status.text)))
}

/// Begins IDLE and ends it, where it is offered: some servers announce it and refuse it.
async fn try_idle(session: &mut Session) -> Result<()> {
    if !session.capabilities.idle {
        return Ok(());
    }
    session.news = false;
    idle::wait(session, IDLE, Instant::now() + IDLE, &Stop::new()).await.map(drop)
}

async fn opened(session: &mut Session, name: &str) -> Result<Status> {
    session.begin();
    let examined = session.imap.examine(utf7::encode(name)).await;
    session.answered(examined).map(|(status, _)| status)
}
