//! How a message is marked on the server after it was handled.

/// The mark that a handled message gets on the server.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mark {
    /// Delivered or ignored: moved to `delivered_mailbox`, if there is one, and `\Seen`.
    Seen,
    /// Delivered with delete_after_delivery: `\Seen \Deleted`.
    Deleted,
    /// Not deliverable: moved to `failed_mailbox`, else `\Seen \Flagged`, for a person to look at.
    SetAside,
}
