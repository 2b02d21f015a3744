//! What can be done to a message: the request for each mark. Sends nothing.

use hyper::Method;
use serde_json::{Value, json};

/// An operation on one message.
#[derive(Debug, Clone)]
pub(super) enum Operation {
    Read,
    Flag,
    Delete,
    /// To the folder of this id.
    Move(String),
}

impl Operation {
    pub(super) fn method(&self) -> Method {
        match self {
            Self::Read | Self::Flag => Method::PATCH,
            Self::Delete => Method::DELETE,
            Self::Move(_) => Method::POST,
        }
    }

    pub(super) fn segments<'a>(&self, id: &'a str) -> Vec<&'a str> {
        match self {
            Self::Move(_) => vec!["messages", id, "move"],
            _ => vec!["messages", id],
        }
    }

    pub(super) fn body(&self) -> Option<Value> {
        match self {
            Self::Read => Some(json!({ "isRead": true })),
            Self::Flag => Some(json!({ "isRead": true, "flag": { "flagStatus": "flagged" } })),
            Self::Delete => None,
            Self::Move(folder) => Some(json!({ "destinationId": folder })),
        }
    }

    /// Whether an answer of this status means that there is nothing more to do. A message that is gone was removed by
    /// another client. After a move it may be the folder that is gone.
    pub(super) fn is_done(&self, status: u16) -> bool {
        matches!(status, 200..=299) || (matches!(status, 404 | 410) && !matches!(self, Self::Move(_)))
    }
}
