//! From the greeting to the authenticated state: STARTTLS, then LOGIN or AUTHENTICATE (RFC 3501 sections 6.2
//! and 7.1), then ID (RFC 2971).

use async_imap::Authenticator;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use secrecy::ExposeSecret;

use super::session::{Client, Session, exchange, ok, out_of_step};
use crate::config::{Mailbox, Mechanism, Security};
use crate::error::{Error, Result};
use crate::transport::imap_stream::{Control, Kind, Party, Status, Wanted};
use crate::transport::oauth::Token;

/// The server did not take the token; the text says why.
pub(crate) struct TokenRefused(pub(crate) String);

/// What became of a login that the server answered.
pub(crate) type Login = std::result::Result<Session, TokenRefused>;

/// Whom `mailbox` talks to, with `token` or else with its password, and what AUTHENTICATE sends there first.
pub(crate) fn party(mailbox: &Mailbox, token: Option<&Token>) -> Party {
    let Mailbox { host, port, email, password, auth, .. } = mailbox;
    let (secret, called) = token.map_or((password, "[password]"), |token| (token.secret(), "[token]"));
    let mechanism = auth.as_ref().map(|auth| auth.mechanism);
    let initial = STANDARD.encode(initial(mechanism, host, *port, email, secret.expose_secret()));
    Party::new(format!("{host}:{port}"), secret.clone(), initial.into(), called)
}

/// The initial response of AUTHENTICATE with `mechanism`, else with PLAIN.
fn initial(mechanism: Option<Mechanism>, host: &str, port: u16, email: &str, secret: &str) -> String {
    match mechanism {
        // RFC 4616.
        None => format!("\0{email}\0{secret}"),
        Some(Mechanism::Xoauth2) => format!("user={email}\u{1}auth=Bearer {secret}\u{1}\u{1}"),
        // RFC 7628 section 3.1; commas and equal signs would end the name (RFC 5801 section 4).
        Some(Mechanism::Oauthbearer) => format!(
            "n,a={},\u{1}host={host}\u{1}port={port}\u{1}auth=Bearer {secret}\u{1}\u{1}",
            email.replace('=', "=3D").replace(',', "=2C")
        ),
    }
}

/// Refuses what would end a line or a string early: nothing of the configuration becomes a command.
pub(crate) fn sendable(mailbox: &Mailbox) -> Result<()> {
    let fields =
        [("email", mailbox.email.as_str()), ("password", mailbox.password.expose_secret()), ("name", &mailbox.name)];
    match fields.iter().find(|(_, value)| value.contains(['\r', '\n', '\0'])) {
        Some((field, _)) => Err(Error::Configuration(format!("{field} must not contain CR, LF or NUL"))),
        None => Ok(()),
    }
}

/// Reads the first line: OK, or PREAUTH, after which no login is needed.
pub(crate) async fn greeting(client: &mut Client) -> Result<Kind> {
    let read = client.imap.read_response().await;
    let said = client.control.lock().notes.said.pop_front();
    let no_imap = || Error::Reconnect("the server does not greet like an IMAP server: check host, port and ssl".into());
    match (said, read) {
        (Some(status), Ok(_)) => match status.kind {
            Kind::Ok | Kind::Preauth => Ok(status.kind),
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

/// Asks for TLS. Without it the connection is of no use: a password must not be sent in clear when start_tls was asked for.
pub(crate) async fn start_tls(client: &mut Client, greeting: Kind) -> Result<()> {
    let refused = |reason: &str| Err(Error::Refused(format!("start_tls is set, but {reason}")));
    // RFC 9051 section 11.1: somebody in between may send PREAUTH to keep us from asking for TLS.
    if greeting == Kind::Preauth {
        return refused(
            "the server says PREAUTH, after which TLS cannot be started; set ssl: true or start_tls: false",
        );
    }
    if !client.capabilities().await?.has("STARTTLS") {
        return refused("the server does not offer STARTTLS; set ssl: true, or start_tls: false to send all in clear");
    }
    let status = client.run("STARTTLS").await?;
    if status.kind != Kind::Ok {
        return refused(&format!("the server refused STARTTLS: {}", status.text));
    }
    Ok(())
}

/// Logs in, with a token as the mailbox's mechanism has it, else with the password.
pub(crate) async fn login(mut client: Client, greeting: Kind, mailbox: &Mailbox, party: &Party) -> Result<Login> {
    sendable(mailbox)?;
    if greeting == Kind::Preauth {
        client.control.answer_next();
        let session = password(client, "", None).await?;
        return greeted(session, 0).await.map(Ok);
    }
    let offered = client.capabilities().await?;
    let learned = client.control.lock().notes.learned;
    let disabled = offered.has("LOGINDISABLED");
    if disabled && mailbox.security == Security::Plain {
        return Err(Error::Refused("the server takes no login in clear: set ssl: true or start_tls: true".into()));
    }
    let (name, offer, farewell) = match mailbox.auth.as_ref().map(|auth| auth.mechanism) {
        None if !disabled => {
            let session = password(client, &mailbox.email, Some(party.secret.expose_secret())).await?;
            return greeted(session, learned).await.map(Ok);
        }
        None => ("PLAIN", "AUTH=PLAIN", ""),
        Some(Mechanism::Xoauth2) => ("XOAUTH2", "AUTH=XOAUTH2", ""),
        // RFC 7628 section 3.2.3.
        Some(Mechanism::Oauthbearer) => ("OAUTHBEARER", "AUTH=OAUTHBEARER", "\u{1}"),
    };
    if !offered.has(offer) {
        return Err(Error::Refused(match mailbox.auth {
            None => "the server offers neither LOGIN nor AUTHENTICATE PLAIN".into(),
            Some(_) => {
                format!("the server does not offer AUTHENTICATE {name}: check host, and mechanism of auth")
            }
        }));
    }
    let answer = authenticate(client, party, name, offered.has("SASL-IR"), farewell).await?;
    if let Some(text) = mailbox.auth.as_ref().and_then(|_| token_refused(&answer)) {
        return Ok(Err(TokenRefused(text)));
    }
    judge(&answer.status)?;
    greeted(answer.session.ok_or_else(out_of_step)?, learned).await.map(Ok)
}

/// LOGIN. Without a password the server has let us in before, and sees nothing of it.
async fn password(client: Client, email: &str, password: Option<&str>) -> Result<Session> {
    let Client { imap, control, deadlines } = client;
    control.begin(deadlines.command, Wanted::default());
    let imap = imap.login(email, password.unwrap_or_default()).await;
    if password.is_some() {
        judge(&control.answer()?)?;
    }
    let imap = imap.map_err(|_| control.failure())?;
    Ok(Session::new(imap, control, deadlines))
}

/// What a server made of AUTHENTICATE.
struct Answer {
    status: Status,
    /// There if it let us in.
    session: Option<Session>,
    /// What it said before, if that is text; that is where errors of OAuth are told.
    challenge: Option<String>,
}

/// Answers challenges (RFC 3501 section 6.2.2). A mechanism of one message is over after that one: what comes then is a
/// refusal.
struct OneMessage {
    /// The message, if it did not stand in the command.
    unsent: Option<Vec<u8>>,
    farewell: &'static str,
    challenge: Option<String>,
    over: bool,
    control: Control,
}

impl Authenticator for &mut OneMessage {
    type Response = Vec<u8>;

    fn process(&mut self, challenge: &[u8]) -> Vec<u8> {
        if let Some(message) = self.unsent.take() {
            return message;
        }
        if std::mem::replace(&mut self.over, true) {
            self.control.lock().notes.failure.get_or_insert_with(out_of_step);
        }
        self.challenge = std::str::from_utf8(challenge).ok().filter(|text| !text.trim().is_empty()).map(str::to_owned);
        self.farewell.as_bytes().to_vec()
    }
}

/// Authenticates. The initial response stands in the command where the server takes it there (RFC 4959). `farewell` answers
/// what comes after it.
async fn authenticate(
    client: Client,
    party: &Party,
    mechanism: &str,
    sasl_ir: bool,
    farewell: &'static str,
) -> Result<Answer> {
    let Client { imap, control, deadlines } = client;
    let initial = party.initial.expose_secret();
    let (command, unsent) = match sasl_ir {
        true => (format!("{mechanism} {initial}"), None),
        false => (mechanism.to_owned(), STANDARD.decode(initial).ok()),
    };
    let mut answers = OneMessage { unsent, farewell, challenge: None, over: false, control: control.clone() };
    control.begin(deadlines.command, Wanted::default());
    let imap = imap.authenticate(command, &mut answers).await.ok();
    let status = control.answer()?;
    let challenge = answers.challenge.map(|text| party.server_text(&text));
    let session = imap.map(|imap| Session::new(imap, control, deadlines));
    Ok(Answer { status, session, challenge })
}

/// What comes first in a session: its capabilities, unless the server told them more than `learned` times, and who we are.
/// Some servers (NetEase) refuse SELECT to whoever does not say.
async fn greeted(mut session: Session, learned: u32) -> Result<Session> {
    if session.control.lock().notes.learned == learned {
        ok(exchange!(session, run_command_and_check_ok("CAPABILITY"))?.0, "CAPABILITY")?;
    }
    if session.capabilities.has("ID") {
        let name = [("name", Some("gitlab-mail_room")), ("version", Some(env!("CARGO_PKG_VERSION")))];
        // Whatever it answers: who we are is its business.
        exchange!(session, id(name))?;
    }
    Ok(session)
}

/// The reason, if the answer says that it is the token that is not taken.
fn token_refused(answer: &Answer) -> Option<String> {
    let status = &answer.status;
    if status.kind != Kind::No || status.is_transient() {
        return None;
    }
    let told = answer.challenge.as_ref().map(|told| format!(" ({told})")).unwrap_or_default();
    Some(format!(
        "login refused, check email, and whether the token is for this mailbox and for IMAP (scope): {}{told}",
        status.text
    ))
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_are_sent_as_each_mechanism_has_it() {
        let sent = |mechanism, email| initial(mechanism, "mail.example.com", 993, email, "ya29.t");
        assert_eq!(sent(None, "me@example.com"), "\0me@example.com\0ya29.t");
        assert_eq!(
            sent(Some(Mechanism::Xoauth2), "me@example.com"),
            "user=me@example.com\u{1}auth=Bearer ya29.t\u{1}\u{1}"
        );
        assert_eq!(
            sent(Some(Mechanism::Oauthbearer), "m=e,@example.com"),
            "n,a=m=3De=2C@example.com,\u{1}host=mail.example.com\u{1}port=993\u{1}auth=Bearer ya29.t\u{1}\u{1}"
        );
    }
}
