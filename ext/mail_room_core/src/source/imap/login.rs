//! From the greeting to the authenticated state: STARTTLS, LOGIN, AUTHENTICATE PLAIN (RFC 3501 sections 6.2 and 7.1).

use super::command::Command;
use super::parse::{Data, Kind, Reply, Status};
use super::response::Nothing;
use super::session::{Budget, Session, out_of_step};
use crate::error::{Error, Result};

/// What the server's first line says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Greeting {
    /// Log in, please.
    Ok,
    /// You are logged in.
    Preauth,
}

/// Reads the first line.
pub(super) async fn greeting(session: &mut Session) -> Result<Greeting> {
    match session.response(&mut Nothing, &mut Budget::new()).await {
        Ok(Reply::Untagged(Data::Status(status))) => match status.kind {
            Kind::Ok => Ok(Greeting::Ok),
            Kind::Preauth => Ok(Greeting::Preauth),
            _ => Err(Error::Reconnect(format!("the server refused the connection: {}", status.text))),
        },
        Ok(_) | Err(Error::Unparseable(_)) => {
            Err(Error::Reconnect("the server does not greet like an IMAP server: check host, port and ssl".into()))
        }
        Err(Error::Reconnect(text)) => Err(Error::Reconnect(format!(
            "no greeting: {text} (check port and ssl: it may want TLS from the first byte)"
        ))),
        Err(error) => Err(error),
    }
}

/// Asks for TLS. Without it the connection is of no use: a password must not be sent in clear when start_tls was asked for.
pub(super) async fn start_tls(session: &mut Session, greeting: Greeting) -> Result<()> {
    let refused = |reason: &str| Err(Error::Refused(format!("start_tls is set, but {reason}")));
    // RFC 9051 section 11.1: somebody in between may send PREAUTH to keep us from asking for TLS.
    if greeting == Greeting::Preauth {
        return refused(
            "the server says PREAUTH, after which TLS cannot be started; set ssl: true or start_tls: false",
        );
    }
    session.know_capabilities().await?;
    if !session.capabilities.starttls {
        return refused("the server does not offer STARTTLS; set ssl: true, or start_tls: false to send all in clear");
    }
    let status = session.simple("STARTTLS").await?;
    // What was said in clear may have been said by anybody.
    session.capabilities_known = false;
    session.capabilities = super::capabilities::Capabilities::default();
    if status.kind != Kind::Ok {
        return refused(&format!("the server refused STARTTLS: {}", status.text));
    }
    Ok(())
}

/// Logs in. `secure` says whether TLS protects the connection.
pub(super) async fn login(session: &mut Session, email: &str, secure: bool) -> Result<()> {
    session.know_capabilities().await?;
    let offered = session.capabilities.clone();
    session.capabilities_known = false;
    let status = if !offered.login_disabled {
        let mut command = Command::new("LOGIN ");
        command.string(email.as_bytes());
        command.text(" ");
        command.string(session.party.password().as_bytes());
        session.run(&command, &mut Nothing).await?
    } else if !secure {
        return Err(Error::Refused("the server takes no login in clear: set ssl: true or start_tls: true".into()));
    } else if offered.auth_plain {
        authenticate_plain(session, offered.sasl_ir).await?
    } else {
        return Err(Error::Refused("the server offers neither LOGIN nor AUTHENTICATE PLAIN".into()));
    };
    judge(status)?;
    session.know_capabilities().await
}

/// RFC 4616, with the initial response in the command where the server takes it there (RFC 4959).
async fn authenticate_plain(session: &mut Session, sasl_ir: bool) -> Result<Status> {
    let secret = session.party.plain().to_owned();
    if sasl_ir {
        return session.run(&Command::new(&format!("AUTHENTICATE PLAIN {secret}")), &mut Nothing).await;
    }
    session.wire.begin(session.deadlines.command);
    let tag = session.next_tag();
    let mut budget = Budget::new();
    session.wire.send(format!("A{tag} AUTHENTICATE PLAIN\r\n").as_bytes()).await?;
    if let Some(refused) = session.leave_to_go_on(tag, &mut Nothing, &mut budget).await? {
        return Ok(refused);
    }
    session.wire.send(format!("{secret}\r\n").as_bytes()).await?;
    session.answer(tag, &mut Nothing, &mut budget).await
}

/// A refusal is a person's business unless the server says that it will pass.
fn judge(status: Status) -> Result<()> {
    let text = &status.text;
    match status.kind {
        Kind::Ok => Ok(()),
        Kind::No | Kind::Bad if status.is_transient() => {
            Err(Error::Reconnect(format!("the server cannot log us in now: {text}")))
        }
        Kind::No | Kind::Bad => Err(Error::Refused(format!("login refused, check email and password: {text}"))),
        Kind::Preauth | Kind::Bye => Err(out_of_step()),
    }
}
