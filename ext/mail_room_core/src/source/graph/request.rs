//! One request to Graph, and how often it is tried. Sends nothing.

use bytes::Bytes;
use hyper::Method;
use url::Url;

use crate::message::MessageId;

/// One request.
#[derive(Debug, Clone)]
pub(super) struct Request {
    pub(super) method: Method,
    pub(super) url: Url,
    pub(super) body: Option<Bytes>,
    pub(super) prefer: Option<&'static str>,
    /// No other request of the mailbox may be in flight.
    pub(super) alone: bool,
    /// The caller retries, in another way.
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

    /// Sent while no other request of the mailbox is in flight.
    pub(super) fn alone(self) -> Self {
        Self { alone: true, ..self }
    }

    /// Tried once. A server error goes to the caller, which can ask for less.
    pub(super) fn once(self) -> Self {
        Self { once: true, ..self }
    }

    /// About one message. If requests about that message failed before, they do not delay others: see
    /// [`Failures`](super::failures::Failures).
    pub(super) fn about(self, id: &MessageId) -> Self {
        Self { about: Some(id.clone()), ..self }
    }
}
