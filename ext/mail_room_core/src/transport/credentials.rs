//! What a mailbox logs in with, and how SASL mechanisms send it (RFC 4616, RFC 7628). Keeps it out of whatever the server says.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use secrecy::{ExposeSecret, SecretString};

use crate::config::{Mailbox, Mechanism};
use crate::observe::text::said;
use crate::transport::oauth::Token;

/// What a mailbox logs in with.
#[derive(Debug, Clone)]
pub(crate) struct Credentials {
    /// The password or the token.
    pub(crate) secret: SecretString,
    /// The initial response of AUTHENTICATE in base64. It contains the secret.
    pub(crate) initial_response: SecretString,
    /// Replaces both in logs.
    pub(crate) placeholder: &'static str,
}

impl Credentials {
    /// What `mailbox` logs in with: `token`, or else its password.
    pub(crate) fn new(mailbox: &Mailbox, token: Option<&Token>) -> Self {
        let Mailbox { host, port, email, password, auth, .. } = mailbox;
        let (secret, placeholder) = token.map_or((password, "[password]"), |token| (token.secret(), "[token]"));
        let mechanism = auth.as_ref().map(|auth| auth.mechanism);
        let initial = STANDARD.encode(initial(mechanism, host, *port, email, secret.expose_secret()));
        Self { secret: secret.clone(), initial_response: initial.into(), placeholder }
    }

    #[cfg(any(test, fuzzing))]
    pub(super) fn none() -> Self {
        Self { secret: String::new().into(), initial_response: String::new().into(), placeholder: "" }
    }

    /// What the server said, fit for a log: some servers quote the command they refuse, password and all.
    pub(crate) fn redact(&self, text: &str) -> String {
        let secret = self.secret.expose_secret();
        let quoted = secret.replace('\\', "\\\\").replace('"', "\\\"");
        let mut clean = text.to_owned();
        for secret in [self.initial_response.expose_secret(), quoted.as_str(), secret] {
            if !secret.is_empty() {
                clean = clean.replace(secret, self.placeholder);
            }
        }
        said(&clean)
    }
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_shows_the_secret() {
        let credentials = |secret: &str, initial: &str, placeholder| Credentials {
            secret: secret.to_owned().into(),
            initial_response: initial.to_owned().into(),
            placeholder,
        };
        let with_password = credentials("s3\"cr\\et", "AG1lAHMzImNyXGV0", "[password]");
        for text in ["s3\"cr\\et", "LOGIN \"me\" \"s3\\\"cr\\\\et\"", "AUTHENTICATE PLAIN AG1lAHMzImNyXGV0"] {
            let shown = with_password.redact(text);
            assert!(shown.ends_with("[password]") || shown.ends_with("[password]\""), "{shown}");
        }
        assert!(!format!("{with_password:?}").contains("cr\\"));
        assert_eq!(credentials("", "", "").redact("abc"), "abc");
        let with_token = credentials("ya29.t0ken", "dXNlcg==", "[token]");
        assert_eq!(with_token.redact("BAD AUTHENTICATE dXNlcg== ya29.t0ken"), "BAD AUTHENTICATE [token] [token]");
    }

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
