//! Whom we talk to: names the server in errors, and keeps the password or token out of whatever the server says.

use std::fmt;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use secrecy::{ExposeSecret, SecretString};

use super::text::printable;
use crate::config::Mechanism;
use crate::error::Error;

/// The server's address, and what we log in with there.
#[derive(Clone)]
pub(super) struct Party {
    address: String,
    /// The password, or the token.
    secret: SecretString,
    /// The same as AUTHENTICATE sends it, in base64.
    initial: SecretString,
    /// What stands for both in a log.
    called: &'static str,
}

impl fmt::Debug for Party {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Party").field("address", &self.address).finish_non_exhaustive()
    }
}

impl Party {
    /// Logs in with a password; in AUTHENTICATE as PLAIN has it (RFC 4616).
    pub(super) fn new(host: &str, port: u16, email: &str, password: SecretString) -> Self {
        let initial = STANDARD.encode(format!("\0{email}\0{}", password.expose_secret())).into();
        Self { address: format!("{host}:{port}"), secret: password, initial, called: "[password]" }
    }

    /// Logs in with a token.
    pub(super) fn with_token(mechanism: Mechanism, host: &str, port: u16, email: &str, token: SecretString) -> Self {
        let secret = token.expose_secret();
        let initial = match mechanism {
            Mechanism::Xoauth2 => format!("user={email}\u{1}auth=Bearer {secret}\u{1}\u{1}"),
            // RFC 7628 section 3.1; commas and equal signs would end the name (RFC 5801 section 4).
            Mechanism::Oauthbearer => format!(
                "n,a={},\u{1}host={host}\u{1}port={port}\u{1}auth=Bearer {secret}\u{1}\u{1}",
                email.replace('=', "=3D").replace(',', "=2C")
            ),
        };
        let initial = STANDARD.encode(initial).into();
        Self { address: format!("{host}:{port}"), secret: token, initial, called: "[token]" }
    }

    /// Its host and port.
    pub(super) fn address(&self) -> &str {
        &self.address
    }

    /// The initial response of AUTHENTICATE, in base64.
    pub(super) fn initial(&self) -> &str {
        self.initial.expose_secret()
    }

    /// The password.
    pub(super) fn password(&self) -> &str {
        self.secret.expose_secret()
    }

    /// What the server said, fit for a log: some servers quote the command they refuse, password and all.
    pub(super) fn server_text(&self, text: &str) -> String {
        let secret = self.secret.expose_secret();
        let quoted = secret.replace('\\', "\\\\").replace('"', "\\\"");
        let mut clean = text.to_owned();
        for secret in [self.initial(), quoted.as_str(), secret] {
            if !secret.is_empty() {
                clean = clean.replace(secret, self.called);
            }
        }
        printable(&clean)
    }

    /// Names the server in `error`.
    pub(super) fn blame(&self, error: Error) -> Error {
        let named = |text: String| format!("{}: {text}", self.address);
        match error {
            Error::Reconnect(text) => Error::Reconnect(named(text)),
            Error::Unparseable(text) => Error::Unparseable(named(text)),
            Error::Refused(text) => Error::Refused(named(text)),
            Error::NoMailbox(text) => Error::NoMailbox(named(text)),
            other => other,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tokens_are_shown_as_each_mechanism_has_it() {
        let sent = |mechanism, email| {
            let party = Party::with_token(mechanism, "mail.example.com", 993, email, "ya29.t".to_owned().into());
            String::from_utf8(STANDARD.decode(party.initial()).unwrap()).unwrap()
        };
        assert_eq!(sent(Mechanism::Xoauth2, "me@example.com"), "user=me@example.com\u{1}auth=Bearer ya29.t\u{1}\u{1}");
        assert_eq!(
            sent(Mechanism::Oauthbearer, "m=e,@example.com"),
            "n,a=m=3De=2C@example.com,\u{1}host=mail.example.com\u{1}port=993\u{1}auth=Bearer ya29.t\u{1}\u{1}"
        );
    }

    #[test]
    fn nothing_shows_the_password() {
        let party = Party::new("h", 143, "me", "s3\"cr\\et".to_owned().into());
        for text in ["s3\"cr\\et", "LOGIN \"me\" \"s3\\\"cr\\\\et\"", "AUTHENTICATE PLAIN AG1lAHMzImNyXGV0"] {
            assert!(
                party.server_text(text).ends_with("[password]") || party.server_text(text).ends_with("[password]\"")
            );
        }
        assert!(!format!("{party:?}").contains("cr"));
        assert_eq!(Party::new("h", 1, "", String::new().into()).server_text("abc"), "abc");
        let email = "me@example.com";
        for mechanism in [Mechanism::Xoauth2, Mechanism::Oauthbearer] {
            let party = Party::with_token(mechanism, "h", 143, email, "ya29.t0ken".to_owned().into());
            let text = format!("BAD AUTHENTICATE {} ya29.t0ken", party.initial());
            assert_eq!(party.server_text(&text), "BAD AUTHENTICATE [token] [token]");
        }
        assert_eq!(party.blame(Error::Refused("x".into())).to_string(), "h:143: x");
    }
}
