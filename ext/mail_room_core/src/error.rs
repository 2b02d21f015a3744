//! All errors of the core, one variant for each remedy. An error says what happened, to which mailbox or server, and what to
//! do. It never holds a secret or a piece of a message.
//!
//! Imports nothing from the core. Every folder may import it.

use std::time::Duration;

/// The result of whatever can fail in this crate.
pub type Result<T> = std::result::Result<T, Error>;

/// One variant for each remedy. It need not name the mailbox: every log line carries the mailbox's context.
#[derive(Debug, Clone, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The connection to the mail server can no longer be used. Remedy: connect again after a backoff of 1 s to 60 s.
    #[error("{0}")]
    Reconnect(String),

    /// The server's answer to a FETCH cannot be read. Remedy: reconnect. A message that was in three such answers is fetched
    /// alone, then set aside.
    #[error("{0}")]
    Unparseable(String),

    /// The server refuses the login, or cannot be trusted. Remedy: a person must change something. Try again with a backoff of
    /// up to 5 min.
    #[error("{0}")]
    Refused(String),

    /// There is no mailbox of the configured name. Remedy: a person creates it or corrects `name`. Try again with a backoff of
    /// up to 60 s.
    #[error("{0}")]
    NoMailbox(String),

    /// The mail server throttles us. Remedy: keep the session, release claims and memory, and send nothing before the time is
    /// up.
    #[error("{what}")]
    Throttled {
        /// What happened and at which server.
        what: String,
        /// How long to send nothing.
        retry_after: Duration,
    },

    /// The delivery's or the arbiter's target is down or overloaded. Remedy: pause, keep the connection, try again.
    #[error("{what}")]
    TargetDown {
        /// What happened and to which target.
        what: String,
        /// How long the target asked us to wait, if it did.
        retry_after: Option<Duration>,
    },

    /// The circuit breaker is open: so many messages in a row failed that the target is probably down. Remedy: pause, keep the
    /// connection, then try a single message, which may be a new one.
    #[error("{0}")]
    CircuitBreakerOpen(String),

    /// This message cannot be delivered. Remedy: try it again with a backoff, and set it aside in the end.
    #[error("{0}")]
    Message(String),

    /// The configuration is wrong. Remedy: stop and report it.
    #[error("{0}")]
    Configuration(String),

    /// A stop was asked for. Remedy: clean up and return.
    #[error("stopped")]
    Stopped,
}

impl Error {
    /// Whether the connection to the mail server can still be used, because the error is the target's.
    pub fn spares_connection(&self) -> bool {
        matches!(self, Self::TargetDown { .. } | Self::CircuitBreakerOpen(_))
    }

    /// The same, with the mail server's name before what happened there.
    pub(crate) fn at(self, server: &str) -> Self {
        let named = |text: String| format!("{server}: {text}");
        match self {
            Self::Reconnect(text) => Self::Reconnect(named(text)),
            Self::Unparseable(text) => Self::Unparseable(named(text)),
            Self::Refused(text) => Self::Refused(named(text)),
            Self::NoMailbox(text) => Self::NoMailbox(named(text)),
            Self::Throttled { what, retry_after } => Self::Throttled { what: named(what), retry_after },
            other => other,
        }
    }

    /// For answers to anything but a FETCH: one that cannot be read is no message's fault.
    pub(crate) fn into_reconnect(self) -> Self {
        match self {
            Self::Unparseable(text) => Self::Reconnect(text),
            other => other,
        }
    }

    /// [`Error::TargetDown`] of a target that did not say how long to wait.
    pub fn target_down(what: impl Into<String>) -> Self {
        Self::TargetDown { what: what.into(), retry_after: None }
    }
}
