//! How senders are notified that their message was rejected.

use secrecy::SecretString;
use serde::Deserialize;

use super::Tls;

/// How senders are notified, and how many of them.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Rejection {
    /// Who notifies them.
    pub by: RejectBy,
    /// Notices to one sender per hour, at most.
    pub per_sender: usize,
    /// Notices to all senders together per hour, at most.
    pub in_all: usize,
}

/// Who notifies senders.
#[derive(Debug, Clone, Deserialize)]
#[serde(tag = "method", rename_all = "snake_case", deny_unknown_fields)]
pub enum RejectBy {
    /// This process, by mail.
    Smtp(Box<Smtp>),
    /// The app's own class.
    Hook {
        /// The class's name, for the log.
        class_name: String,
    },
}

/// The SMTP server (RFC 5321) that takes the notices, and what the notices say.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Smtp {
    /// Host name or address.
    pub host: String,
    /// TCP port, 1 to 65535.
    pub port: u16,
    /// How the connection is secured.
    pub security: SmtpSecurity,
    /// Options of TLS.
    #[serde(default)]
    pub tls: Tls,
    /// Our host name in EHLO.
    pub domain: String,
    /// The login, together with `password`.
    #[serde(default)]
    pub username: Option<String>,
    /// The password of `username`.
    #[serde(default)]
    pub password: Option<SecretString>,
    /// The sender, as in the header From: `Desk <desk@example.com>`.
    pub from: String,
    /// The text; `%{subject}`, `%{reason}` and `%{mailbox}` are replaced.
    pub text: String,
    /// Seconds within which the server must take a mail, at least 1.
    pub timeout: u64,
}

/// How a connection to an SMTP server is secured.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SmtpSecurity {
    /// TLS from the first byte.
    Tls,
    /// STARTTLS (RFC 3207), mandatory.
    StartTls,
    /// STARTTLS if the server offers it.
    Auto,
    /// No TLS at all.
    Plain,
}
