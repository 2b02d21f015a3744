//! From the greeting to the authenticated state: STARTTLS, then LOGIN or AUTHENTICATE (RFC 3501 sections 6.2
//! and 7.1).

use super::command::Command;
use super::parse::{Data, Kind, Reply, Status};
use super::response::Nothing;
use super::sasl;
use super::session::{Budget, Session, out_of_step};
use crate::config::Mechanism;
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

/// What became of a login.
pub(super) enum Login {
    /// We are in.
    Done,
    /// The server did not take the token; the text says why.
    TokenRefused(String),
}

/// Logs in, with a token as `mechanism` has it, else with the password. `secure` says whether TLS protects the connection.
pub(super) async fn login(
    session: &mut Session,
    email: &str,
    mechanism: Option<Mechanism>,
    secure: bool,
) -> Result<Login> {
    session.know_capabilities().await?;
    let offered = session.capabilities.clone();
    session.capabilities_known = false;
    if offered.login_disabled && !secure {
        return Err(Error::Refused("the server takes no login in clear: set ssl: true or start_tls: true".into()));
    }
    if let Some(mechanism) = mechanism {
        let (name, is_offered, farewell) = match mechanism {
            Mechanism::Xoauth2 => ("XOAUTH2", offered.auth_xoauth2, ""),
            // RFC 7628 section 3.2.3.
            Mechanism::Oauthbearer => ("OAUTHBEARER", offered.auth_oauthbearer, "AQ=="),
        };
        if !is_offered {
            return Err(Error::Refused(format!(
                "the server does not offer AUTHENTICATE {name}: check host, and mechanism of auth"
            )));
        }
        let answer = sasl::authenticate(session, name, offered.sasl_ir, farewell).await?;
        if let Some(text) = token_refused(session, &answer) {
            return Ok(Login::TokenRefused(text));
        }
        judge(answer.status)?;
    } else if !offered.login_disabled {
        let mut command = Command::new("LOGIN ");
        command.string(email.as_bytes());
        command.text(" ");
        command.string(session.party.password().as_bytes());
        judge(session.run(&command, &mut Nothing).await?)?;
    } else if offered.auth_plain {
        judge(sasl::authenticate(session, "PLAIN", offered.sasl_ir, sasl::CANCEL).await?.status)?;
    } else {
        return Err(Error::Refused("the server offers neither LOGIN nor AUTHENTICATE PLAIN".into()));
    }
    session.know_capabilities().await?;
    Ok(Login::Done)
}

/// The reason, if the answer says that it is the token that is not taken.
fn token_refused(session: &Session, answer: &sasl::Answer) -> Option<String> {
    let status = &answer.status;
    if status.kind != Kind::No || status.is_transient() {
        return None;
    }
    let mut text = format!(
        "login refused, check email, and whether the token is for this mailbox and for IMAP (scope): {}",
        status.text
    );
    if let Some(told) = answer.challenge.as_deref().and_then(sasl::decoded) {
        text = format!("{text} ({})", session.party.server_text(&told));
    }
    Some(text)
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
