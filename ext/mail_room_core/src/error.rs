//! What can go wrong, one variant per remedy. An error says what happened, to which party, and what to do; never a
//! secret and never a piece of a message.

use std::time::Duration;

/// The result of everything that can fail in this crate.
pub type Result<T> = std::result::Result<T, Error>;

/// One variant per remedy. The mailbox is added by whoever logs it: every line carries the mailbox's context.
#[derive(Debug, Clone, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The connection to the mail server is of no use any more. Remedy: connect again after a backoff of 1 s to 60 s.
    #[error("{0}")]
    Reconnect(String),

    /// The server's answer to a FETCH cannot be read. Remedy: reconnect; a message that stands in three such answers is
    /// fetched alone, then set aside.
    #[error("{0}")]
    Unparseable(String),

    /// The server refuses the login or cannot be trusted. Remedy: somebody has to change something; try again with a
    /// backoff of up to 5 min.
    #[error("{0}")]
    Refused(String),

    /// There is no mailbox of the configured name. Remedy: somebody creates it, or corrects `name`; look for it again with a
    /// backoff of up to 60 s.
    #[error("{0}")]
    NoMailbox(String),

    /// The mail server wants to be left alone. Remedy: keep the session, give back what is claimed and in memory, come back
    /// then and not before.
    #[error("{what}")]
    Throttled {
        /// What happened and at which server.
        what: String,
        /// How long to stay away.
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

    /// So many messages failed in a row that it may be the target. Remedy: pause, keep the connection, try with one
    /// message; a new one may be that one.
    #[error("{0}")]
    TargetDoubted(String),

    /// This one message cannot be delivered. Remedy: try it again with a backoff, later set it aside.
    #[error("{0}")]
    Message(String),

    /// The configuration has no meaning. Remedy: stop and tell.
    #[error("{0}")]
    Configuration(String),

    /// We were asked to stop. Remedy: clean up and leave.
    #[error("stopped")]
    Stopped,
}

impl Error {
    /// Whether it is the target's trouble, and the connection to the mail server is as good as before.
    pub fn spares_connection(&self) -> bool {
        matches!(self, Self::TargetDown { .. } | Self::TargetDoubted(_))
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
    pub(crate) fn as_reconnect(self) -> Self {
        match self {
            Self::Unparseable(text) => Self::Reconnect(text),
            other => other,
        }
    }

    /// A target that is down, without a wish of its own about when to come back.
    pub fn target_down(what: impl Into<String>) -> Self {
        Self::TargetDown { what: what.into(), retry_after: None }
    }
}
