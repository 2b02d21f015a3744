//! A message: its id at the source and its octets. Nothing here reads the octets.
//!
//! Imports nothing from the core. Every folder above `limits` may import it.

use std::fmt;
use std::sync::Arc;

/// The id of a message at its source. Where the source numbers messages, an older one orders first.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum MessageId {
    /// An IMAP UID (RFC 3501 section 2.3.1.1), 1 to 4294967295.
    Uid(u32),
    /// An opaque, case-sensitive id.
    Text(Arc<str>),
}

impl MessageId {
    /// A name for this message of `scope`. It is the same in every process: 128 bits of a SHA-256, in hexadecimal digits.
    pub(crate) fn name_in(&self, scope: &str) -> String {
        let digest = ring::digest::digest(&ring::digest::SHA256, format!("{scope}\0{self}").as_bytes());
        digest.as_ref().iter().take(16).map(|octet| format!("{octet:02x}")).collect()
    }
}

impl fmt::Display for MessageId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Uid(uid) => uid.fmt(f),
            Self::Text(id) => f.write_str(id),
        }
    }
}

impl serde::Serialize for MessageId {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Uid(uid) => serializer.serialize_u32(*uid),
            Self::Text(id) => serializer.serialize_str(id),
        }
    }
}

/// A fetched message. Its octets are exactly what the server gave as `BODY[]`.
#[derive(Debug)]
pub struct Message {
    /// Its id at the source.
    pub id: MessageId,
    /// The raw message. It may be empty, and may hold any octet.
    pub body: Vec<u8>,
}
