//! One request to Graph, and how patient [`Client::ask`](super::client::Client::ask) is with it. Sends nothing.

use bytes::Bytes;
use reqwest::{Method, Url};

use crate::message::MessageId;

/// One request.
#[derive(Debug, Clone)]
pub(super) struct Request {
    pub(super) method: Method,
    pub(super) url: Url,
    pub(super) body: Option<Bytes>,
    pub(super) prefer: Option<&'static str>,
    /// No other request of the mailbox may be on its way.
    pub(super) alone: bool,
    /// The caller tries again, in another way.
    pub(super) once: bool,
    /// The one message that the request is about.
    pub(super) about: Option<MessageId>,
}

impl Request {
    /// A request without a body.
    pub(super) fn new(method: Method, url: Url) -> Self {
        Self { method, url, body: None, prefer: None, alone: false, once: false, about: None }
    }

    /// With a body of JSON.
    pub(super) fn json(self, body: &serde_json::Value) -> Self {
        Self { body: Some(body.to_string().into()), ..self }
    }

    /// With a preference (RFC 7240).
    pub(super) fn prefer(self, prefer: &'static str) -> Self {
        Self { prefer: Some(prefer), ..self }
    }

    /// Sent while no other request of the mailbox is on its way.
    pub(super) fn alone(self) -> Self {
        Self { alone: true, ..self }
    }

    /// A server error is given to the caller at the first try, because the caller can ask for less.
    pub(super) fn once(self) -> Self {
        Self { once: true, ..self }
    }

    /// About one message. Once that message has been in trouble, its trouble is its own: see
    /// [`Troubles`](super::trouble::Troubles).
    pub(super) fn about(self, id: &MessageId) -> Self {
        Self { about: Some(id.clone()), ..self }
    }
}
