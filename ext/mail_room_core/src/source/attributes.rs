//! What a server says of a message before it is fetched.

use std::time::SystemTime;

use crate::message::MessageId;

/// The attributes of one message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Attributes {
    /// Its id.
    pub id: MessageId,
    /// Its size in octets.
    pub octets: u64,
    /// When the server received it, if the server says so.
    pub arrived: Option<SystemTime>,
}
