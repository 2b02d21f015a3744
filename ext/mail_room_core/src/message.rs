//! A message as it travels: its id at the source and its bytes. Nothing here looks into the bytes.

use std::fmt;
use std::sync::Arc;

/// What a source calls a message. Ordered: oldest first where the source numbers them so.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum MessageId {
    /// An IMAP UID (RFC 3501 section 2.3.1.1), 1 to 4294967295.
    Uid(u32),
    /// An opaque, case-sensitive id.
    Text(Arc<str>),
}

impl MessageId {
    /// A name for the message that lies in `scope`, the same in every process: 128 bits of a hash, in hexadecimal digits.
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

/// A fetched message. Its bytes are exactly what the server's `BODY[]` yielded.
#[derive(Debug)]
pub struct Message {
    /// What the source calls it.
    pub id: MessageId,
    /// The raw message; may be empty, may hold any byte.
    pub body: Vec<u8>,
}
