//! The answer to a request for a claim, whichever method gives it.

use std::time::Duration;

/// The answer to a request for a claim.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Claim {
    /// The message is ours to deliver until the claim expires.
    Won {
        /// Failed attempts that count, including attempts of processes that died.
        attempts: u32,
    },
    /// The message was delivered. It only has to be marked on the mail server.
    Delivered,
    /// Another process has claimed the message, or a delivery of it failed a short while ago.
    Held {
        /// How long to wait before the next request.
        lasts: Duration,
    },
}
