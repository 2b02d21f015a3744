//! From the greeting to the authenticated state: STARTTLS, then LOGIN or AUTHENTICATE (RFC 3501 sections 6.2
//! and 7.1), then ID (RFC 2971).

use super::sasl;
use super::session::{Client, Session, ok, out_of_step};
use super::status::{Kind, Status};
use super::stream::Wanted;
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
pub(super) async fn greeting(client: &mut Client) -> Result<Greeting> {
    let read = client.imap.read_response().await;
    let said = client.control.lock().notes.said.pop_front();
    match (said, read) {
        (Some(status), Ok(_)) => match status.kind {
            Kind::Ok => Ok(Greeting::Ok),
            Kind::Preauth => Ok(Greeting::Preauth),
            _ => Err(Error::Reconnect(format!("the server refused the connection: {}", status.text))),
        },
        (None, Ok(Some(_))) => Err(no_imap()),
        (_, _) => Err(match client.control.failure() {
            Error::Unparseable(_) => no_imap(),
            // BYE.
            Error::Reconnect(text) if text.starts_with("the server hung up: ") => Error::Reconnect(text),
            Error::Reconnect(text) => Error::Reconnect(format!(
                "no greeting: {text} (check port and ssl: it may want TLS from the first byte)"
            )),
            error => error,
        }),
    }
}

fn no_imap() -> Error {
    Error::Reconnect("the server does not greet like an IMAP server: check host, port and ssl".into())
}

/// Asks for TLS. Without it the connection is of no use: a password must not be sent in clear when start_tls was asked for.
pub(super) async fn start_tls(client: &mut Client, greeting: Greeting) -> Result<()> {
    let refused = |reason: &str| Err(Error::Refused(format!("start_tls is set, but {reason}")));
    // RFC 9051 section 11.1: somebody in between may send PREAUTH to keep us from asking for TLS.
    if greeting == Greeting::Preauth {
        return refused(
            "the server says PREAUTH, after which TLS cannot be started; set ssl: true or start_tls: false",
        );
    }
    if !client.capabilities().await?.starttls {
        return refused("the server does not offer STARTTLS; set ssl: true, or start_tls: false to send all in clear");
    }
    let status = client.run("STARTTLS").await?;
    if status.kind != Kind::Ok {
        return refused(&format!("the server refused STARTTLS: {}", status.text));
    }
    Ok(())
}

/// What became of a login.
#[expect(clippy::large_enum_variant, reason = "taken apart at once")]
pub(super) enum Login {
    /// We are in.
    Done(Session),
    /// The server did not take the token; the text says why.
    TokenRefused(String),
}

/// Logs in, with a token as `mechanism` has it, else with the password. `secure` says whether TLS protects the connection.
pub(super) async fn login(
    mut client: Client,
    greeting: Greeting,
    email: &str,
    mechanism: Option<Mechanism>,
    secure: bool,
) -> Result<Login> {
    if greeting == Greeting::Preauth {
        client.control.answer_next();
        let session = password(client, "", None).await?;
        return greeted(session, 0).await.map(Login::Done);
    }
    let offered = client.capabilities().await?;
    let learned = client.control.lock().notes.learned;
    if offered.login_disabled && !secure {
        return Err(Error::Refused("the server takes no login in clear: set ssl: true or start_tls: true".into()));
    }
    let session = if let Some(mechanism) = mechanism {
        let (name, is_offered, farewell) = match mechanism {
            Mechanism::Xoauth2 => ("XOAUTH2", offered.auth_xoauth2, ""),
            // RFC 7628 section 3.2.3.
            Mechanism::Oauthbearer => ("OAUTHBEARER", offered.auth_oauthbearer, "\u{1}"),
        };
        if !is_offered {
            return Err(Error::Refused(format!(
                "the server does not offer AUTHENTICATE {name}: check host, and mechanism of auth"
            )));
        }
        let answer = sasl::authenticate(client, name, offered.sasl_ir, farewell).await?;
        if let Some(text) = token_refused(&answer) {
            return Ok(Login::TokenRefused(text));
        }
        judge(&answer.status)?;
        answer.session.ok_or_else(out_of_step)?
    } else if !offered.login_disabled {
        let secret = client.party.clone();
        password(client, email, Some(secret.password())).await?
    } else if offered.auth_plain {
        let answer = sasl::authenticate(client, "PLAIN", offered.sasl_ir, "").await?;
        judge(&answer.status)?;
        answer.session.ok_or_else(out_of_step)?
    } else {
        return Err(Error::Refused("the server offers neither LOGIN nor AUTHENTICATE PLAIN".into()));
    };
    greeted(session, learned).await.map(Login::Done)
}

/// LOGIN. Without a password the server has let us in before, and sees nothing of it.
async fn password(client: Client, email: &str, password: Option<&str>) -> Result<Session> {
    let Client { imap, control, deadlines, party } = client;
    control.begin(deadlines.command, Wanted::default());
    let imap = imap.login(email, password.unwrap_or_default()).await;
    if password.is_some() {
        judge(&control.answer()?)?;
    }
    let imap = imap.map_err(|_| control.failure())?;
    Ok(Session::new(imap, control, deadlines, party))
}

/// What comes first in a session: its capabilities, unless the server told them more than `learned` times, and who we are.
/// Some servers (NetEase) refuse SELECT to whoever does not say.
async fn greeted(mut session: Session, learned: u32) -> Result<Session> {
    if session.control.lock().notes.learned == learned {
        ok(session.simple("CAPABILITY").await?, "CAPABILITY")?;
    }
    if session.capabilities.id {
        session.begin();
        let name = [("name", Some("gitlab-mail_room")), ("version", Some(env!("CARGO_PKG_VERSION")))];
        let told = session.imap.id(name).await;
        // Whatever it answers: who we are is its business.
        session.answered(told)?;
    }
    Ok(session)
}

/// The reason, if the answer says that it is the token that is not taken.
fn token_refused(answer: &sasl::Answer) -> Option<String> {
    let status = &answer.status;
    if status.kind != Kind::No || status.is_transient() {
        return None;
    }
    let text = format!(
        "login refused, check email, and whether the token is for this mailbox and for IMAP (scope): {}",
        status.text
    );
    Some(answer.challenge.as_ref().map_or(text.clone(), |told| format!("{text} ({told})")))
}

/// A refusal is a person's business unless the server says that it will pass.
fn judge(status: &Status) -> Result<()> {
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
