//! From the greeting to the authenticated state: STARTTLS, then LOGIN or AUTHENTICATE (RFC 3501 sections 6.2
//! and 7.1), then ID (RFC 2971).

use async_imap::Authenticator;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use secrecy::ExposeSecret;

use super::session::{Client, Session, exchange, ok};
use crate::config::{Mailbox, Mechanism, Security};
use crate::error::{Error, Result};
use crate::transport::credentials::Credentials;
use crate::transport::imap_stream::{Control, Expected, Kind, Status, out_of_step};

/// The server did not accept the token; the text says why.
pub(crate) struct TokenRefused(pub(crate) String);

/// The result of a login that the server answered.
pub(crate) type Login = std::result::Result<Session, TokenRefused>;

/// Refuses values that would end a line or a string early: no part of the configuration becomes a command.
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
    let greeting = client.control.lock().notes.untagged.pop_front();
    let no_imap = || Error::Reconnect("the server does not greet like an IMAP server: check host, port and ssl".into());
    match (greeting, read) {
        (Some(Status { kind: kind @ (Kind::Ok | Kind::Preauth), .. }), Ok(_)) => Ok(kind),
        (Some(status), Ok(_)) => Err(Error::Reconnect(format!("the server refused the connection: {}", status.text))),
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
    // RFC 9051 section 11.1: an attacker may send PREAUTH so that we do not ask for TLS.
    if greeting == Kind::Preauth {
        return refused(
            "the server says PREAUTH, after which TLS cannot be started; set ssl: true or start_tls: false",
        );
    }
    client.capabilities().await?;
    if !client.control.has("STARTTLS") {
        return refused("the server does not offer STARTTLS; set ssl: true, or start_tls: false to send all in clear");
    }
    let status = client.run("STARTTLS").await?;
    if status.kind != Kind::Ok {
        return refused(&format!("the server refused STARTTLS: {}", status.text));
    }
    Ok(())
}

/// Logs in: with the mailbox's mechanism if it has a token, else with the password.
pub(super) async fn login(
    mut client: Client,
    greeting: Kind,
    mailbox: &Mailbox,
    credentials: &Credentials,
) -> Result<Login> {
    sendable(mailbox)?;
    if greeting == Kind::Preauth {
        // The library has no other way to a session. The server sees nothing of this LOGIN.
        client.control.answer_next();
        let session = password(client, "", "").await?.session.ok_or_else(out_of_step)?;
        return introduce(session, 0).await.map(Ok);
    }
    client.capabilities().await?;
    let offered = client.control.clone();
    let updates = client.control.lock().notes.capability_updates;
    let disabled = offered.has("LOGINDISABLED");
    if disabled && mailbox.security == Security::Plain {
        return Err(Error::Refused("the server takes no login in clear: set ssl: true or start_tls: true".into()));
    }
    let mechanism = mailbox.auth.as_ref().map(|auth| auth.mechanism);
    let answer = if mechanism.is_none() && !disabled {
        password(client, &mailbox.email, credentials.secret.expose_secret()).await?
    } else {
        let (name, farewell) = match mechanism {
            None => ("PLAIN", ""),
            Some(Mechanism::Xoauth2) => ("XOAUTH2", ""),
            // RFC 7628 section 3.2.3.
            Some(Mechanism::Oauthbearer) => ("OAUTHBEARER", "\u{1}"),
        };
        if !offered.has(&format!("AUTH={name}")) {
            return Err(Error::Refused(match mechanism {
                None => "the server offers neither LOGIN nor AUTHENTICATE PLAIN".into(),
                Some(_) => format!("the server does not offer AUTHENTICATE {name}: check host, and mechanism of auth"),
            }));
        }
        authenticate(client, credentials, name, offered.has("SASL-IR"), farewell).await?
    };
    match judge(answer, mechanism.is_some())? {
        Ok(session) => introduce(session, updates).await.map(Ok),
        refused => Ok(refused),
    }
}

/// The server's answer to LOGIN or AUTHENTICATE.
struct Answer {
    status: Status,
    /// There if it let us in.
    session: Option<Session>,
    /// The last challenge before the answer, if it is text: OAuth reports its errors there.
    challenge: Option<String>,
}

/// LOGIN.
async fn password(client: Client, email: &str, password: &str) -> Result<Answer> {
    let Client { imap, control, deadlines } = client;
    control.begin(deadlines.command, Expected::default());
    let imap = imap.login(email, password).await.ok();
    let status = control.answer()?;
    Ok(Answer { status, session: imap.map(|imap| Session::new(imap, control, deadlines)), challenge: None })
}

/// Answers challenges (RFC 3501 section 6.2.2) for a mechanism that has one message. A challenge after that message is a
/// refusal.
struct OneMessage {
    /// The message, unless the command contained it.
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

/// AUTHENTICATE. The command contains the initial response if the server accepts that (RFC 4959). `farewell` answers the
/// challenge that reports a refusal.
async fn authenticate(
    client: Client,
    credentials: &Credentials,
    mechanism: &str,
    sasl_ir: bool,
    farewell: &'static str,
) -> Result<Answer> {
    let Client { imap, control, deadlines } = client;
    let initial = credentials.initial_response.expose_secret();
    let (command, unsent) = match sasl_ir {
        true => (format!("{mechanism} {initial}"), None),
        false => (mechanism.to_owned(), STANDARD.decode(initial).ok()),
    };
    let mut answers = OneMessage { unsent, farewell, challenge: None, over: false, control: control.clone() };
    control.begin(deadlines.command, Expected::default());
    let imap = imap.authenticate(command, &mut answers).await.ok();
    let status = control.answer()?;
    let challenge = answers.challenge.map(|text| credentials.redact(&text));
    Ok(Answer { status, session: imap.map(|imap| Session::new(imap, control, deadlines)), challenge })
}

/// What the answer means. Somebody has to act on a refusal, unless the server says that it will pass.
fn judge(answer: Answer, with_token: bool) -> Result<Login> {
    let Answer { status, session, challenge } = answer;
    let text = &status.text;
    match status.kind {
        Kind::Ok => session.map(Ok).ok_or_else(out_of_step),
        Kind::No | Kind::Bad if status.is_transient() => {
            Err(Error::Reconnect(format!("the server cannot log us in now: {text}")))
        }
        Kind::No if with_token => {
            let detail = challenge.map(|challenge| format!(" ({challenge})")).unwrap_or_default();
            Ok(Err(TokenRefused(format!(
                "login refused, check email, and whether the token is for this mailbox and for IMAP (scope): {text}{detail}"
            ))))
        }
        Kind::No | Kind::Bad => Err(Error::Refused(format!("login refused, check email and password: {text}"))),
        Kind::Preauth | Kind::Bye => Err(out_of_step()),
    }
}

/// Starts a session: asks for its capabilities unless the server has listed them more than `updates` times, and sends ID.
/// Some servers (NetEase) refuse SELECT without it.
async fn introduce(mut session: Session, updates: u32) -> Result<Session> {
    if session.control.lock().notes.capability_updates == updates {
        ok(exchange!(session, run_command_and_check_ok("CAPABILITY"))?.0, "CAPABILITY")?;
    }
    if session.control.has("ID") {
        let name = [("name", Some("gitlab-mail_room")), ("version", Some(env!("CARGO_PKG_VERSION")))];
        // The answer does not matter: it only names the server.
        exchange!(session, id(name))?;
    }
    Ok(session)
}
