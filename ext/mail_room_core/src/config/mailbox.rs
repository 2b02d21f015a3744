//! One watched mailbox: the root of the configuration.

use secrecy::SecretString;
use serde::Deserialize;

use super::{Arbitration, Delivery, Graph, LogTarget, Matching, OAuth, OnTrouble, Rejection, Tls};

/// One mailbox and what happens to its messages.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Mailbox {
    /// The folder on the server, in UTF-8 (sent in modified UTF-7).
    pub name: String,
    /// The user name; for IMAP also the login.
    pub email: String,
    /// The password of `email`; empty if `auth` is present.
    pub password: SecretString,
    /// Logs in with a token in place of the password.
    #[serde(default)]
    pub auth: Option<OAuth>,
    /// Host name or address of the IMAP server.
    pub host: String,
    /// TCP port, 1 to 65535.
    pub port: u16,
    /// How the connection is secured.
    pub security: Security,
    /// Options of TLS, for [`Security::Tls`] and [`Security::StartTls`].
    #[serde(default)]
    pub tls: Tls,
    /// The IMAP search program (RFC 3501 section 6.4.4) that finds the messages to deliver.
    pub search_command: String,
    /// Messages handled in one pass over the mailbox, at most; 0 means no limit.
    pub limit_max_unread: u64,
    /// Seconds after which IDLE (RFC 2177) is renewed.
    pub idle_timeout: u64,
    /// Whether delivered messages are also marked `\Deleted`.
    pub delete_after_delivery: bool,
    /// Whether deleted messages are expunged.
    pub expunge_deleted: bool,
    /// Octets. A larger message is set aside without being downloaded.
    pub max_message_size: u64,
    /// Failed deliveries after which a message is set aside, at least 1.
    pub max_delivery_attempts: u32,
    /// The folder that messages are moved to when they are set aside. If absent, they stay and become `\Flagged \Seen`.
    #[serde(default)]
    pub failed_mailbox: Option<String>,
    /// The folder that delivered messages are moved to. If absent, they stay.
    #[serde(default)]
    pub delivered_mailbox: Option<String>,
    /// Whether messages are left alone that were there before the mailbox was watched first. The arbiter in Redis remembers when
    /// that was.
    #[serde(default)]
    pub since_first_run: bool,
    /// Where this mailbox's log lines go; nowhere if absent.
    #[serde(default)]
    pub log: Option<LogTarget>,
    /// Which messages are for the app; all of them if absent.
    #[serde(default)]
    pub matching: Option<Matching>,
    /// How senders are notified that their message was rejected; required if `unmatched` is
    /// [`Unmatched::Reject`](super::Unmatched::Reject).
    #[serde(default)]
    pub rejection: Option<Rejection>,
    /// Who is told of trouble; nobody if absent.
    #[serde(default)]
    pub on_trouble: Option<OnTrouble>,
    /// What happens to each message.
    pub delivery: Delivery,
    /// How several processes share the mailbox.
    pub arbitration: Arbitration,
    /// Present if the mailbox is one of Microsoft Graph. The IMAP options above are ignored then.
    #[serde(default)]
    pub graph: Option<Graph>,
}

/// How a connection is secured.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Security {
    /// TLS from the first byte.
    Tls,
    /// STARTTLS (RFC 3501 section 6.2.1), mandatory.
    StartTls,
    /// No TLS at all.
    Plain,
}
