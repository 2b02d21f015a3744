//! What a fetch yields for one message.

use crate::message::MessageId;

/// The outcome of fetching one message.
#[derive(Debug)]
pub enum Fetched {
    /// The message's bytes; may be empty.
    Body(MessageId, Vec<u8>),
    /// The server has the message, but gives no body for it (NIL).
    Nil(MessageId),
    /// The server refuses to give the message, for the reason in the text. The session can still be used.
    Refused(MessageId, String),
    /// Larger than [`Source::sizes`](super::Source::sizes) said, so no memory was reserved for it and it was not read. The
    /// number is the new estimate in octets.
    Larger(MessageId, u64),
    /// Larger than the limit. It was not read.
    TooLarge(MessageId),
}
