//! Whom we talk to: keeps the password or token out of whatever the server says.

use std::fmt;

use secrecy::{ExposeSecret, SecretString};

use crate::observe::text::said;

/// The server's address, and what we log in with there.
#[derive(Clone)]
pub(crate) struct Party {
    address: String,
    /// The password, or the token.
    pub(crate) secret: SecretString,
    /// The same as AUTHENTICATE sends it, in base64.
    pub(crate) initial: SecretString,
    /// What stands for both in a log.
    called: &'static str,
}

impl fmt::Debug for Party {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Party").field("address", &self.address).finish_non_exhaustive()
    }
}

impl Party {
    /// Logs in at `address` with `secret`, which is `initial` in AUTHENTICATE and is `called` so in a log.
    pub(crate) fn new(address: String, secret: SecretString, initial: SecretString, called: &'static str) -> Self {
        Self { address, secret, initial, called }
    }

    /// Its host and port.
    pub(crate) fn address(&self) -> &str {
        &self.address
    }

    /// What the server said, fit for a log: some servers quote the command they refuse, password and all.
    pub(crate) fn server_text(&self, text: &str) -> String {
        let secret = self.secret.expose_secret();
        let quoted = secret.replace('\\', "\\\\").replace('"', "\\\"");
        let mut clean = text.to_owned();
        for secret in [self.initial.expose_secret(), quoted.as_str(), secret] {
            if !secret.is_empty() {
                clean = clean.replace(secret, self.called);
            }
        }
        said(&clean)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_shows_the_secret() {
        let party = |secret: &str, initial: &str, called| {
            Party::new("h:143".into(), secret.to_owned().into(), initial.to_owned().into(), called)
        };
        let with_password = party("s3\"cr\\et", "AG1lAHMzImNyXGV0", "[password]");
        for text in ["s3\"cr\\et", "LOGIN \"me\" \"s3\\\"cr\\\\et\"", "AUTHENTICATE PLAIN AG1lAHMzImNyXGV0"] {
            let shown = with_password.server_text(text);
            assert!(shown.ends_with("[password]") || shown.ends_with("[password]\""), "{shown}");
        }
        assert!(!format!("{with_password:?}").contains("cr"));
        assert_eq!(party("", "", "").server_text("abc"), "abc");
        let with_token = party("ya29.t0ken", "dXNlcg==", "[token]");
        assert_eq!(with_token.server_text("BAD AUTHENTICATE dXNlcg== ya29.t0ken"), "BAD AUTHENTICATE [token] [token]");
    }
}
