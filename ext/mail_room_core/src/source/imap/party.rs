//! Whom we talk to: names the server in errors, and keeps the password out of whatever the server says.

use std::fmt;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use secrecy::{ExposeSecret, SecretString};

use super::text::printable;
use crate::error::Error;

/// The server's address and our password there.
#[derive(Clone)]
pub(super) struct Party {
    address: String,
    password: SecretString,
    /// The answer to AUTHENTICATE PLAIN (RFC 4616).
    plain: SecretString,
}

impl fmt::Debug for Party {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Party").field("address", &self.address).finish_non_exhaustive()
    }
}

impl Party {
    pub(super) fn new(host: &str, port: u16, email: &str, password: SecretString) -> Self {
        let plain = STANDARD.encode(format!("\0{email}\0{}", password.expose_secret()));
        Self { address: format!("{host}:{port}"), password, plain: plain.into() }
    }

    /// The initial response of AUTHENTICATE PLAIN, in base64.
    pub(super) fn plain(&self) -> &str {
        self.plain.expose_secret()
    }

    /// The password.
    pub(super) fn password(&self) -> &str {
        self.password.expose_secret()
    }

    /// What the server said, fit for a log: some servers quote the command they refuse, password and all.
    pub(super) fn server_text(&self, text: &str) -> String {
        let password = self.password();
        let quoted = password.replace('\\', "\\\\").replace('"', "\\\"");
        let mut clean = text.to_owned();
        for secret in [self.plain(), quoted.as_str(), password] {
            if !secret.is_empty() {
                clean = clean.replace(secret, "[password]");
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
            other => other,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

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
        assert_eq!(party.blame(Error::Refused("x".into())).to_string(), "h:143: x");
    }
}
