//! The answer to one request, and its body: read within bounds, or ignored.

use std::time::Duration;

use bytes::Bytes;
use http_body_util::BodyExt;
use hyper::body::Incoming;
use hyper::header::HeaderMap;
use hyper::{Response, StatusCode};
use tokio::time::timeout;

use super::in_words;
use super::status_line::StatusLine;

/// Octets and time to read an ignored answer, so that its connection can be reused.
const DRAINED: (usize, Duration) = (64 << 10, Duration::from_secs(1));
/// How long the beginning of a body may take after its header.
const BEGINNING_WITHIN: Duration = Duration::from_secs(5);

/// What a server answered.
#[derive(Debug)]
pub(crate) struct Answer {
    /// Its status line.
    pub(crate) status: StatusCode,
    /// Its headers; empty if only the status line could be read.
    pub(crate) headers: HeaderMap,
    body: Option<Incoming>,
    /// The status line of the connection.
    line: Option<StatusLine>,
}

impl Answer {
    pub(super) fn new(answer: Response<Incoming>, line: Option<StatusLine>) -> Self {
        let (head, body) = answer.into_parts();
        Self { status: head.status, headers: head.headers, body: Some(body), line }
    }

    /// An answer of which only the status line could be read.
    pub(super) fn bare(status: StatusCode, line: StatusLine) -> Self {
        Self { status, headers: HeaderMap::new(), body: None, line: Some(line) }
    }

    /// The next part of the body; `None` at its end. The caller brings the deadline.
    ///
    /// # Errors
    /// In plain words: the body broke off, also if that was before its `Content-Length`.
    pub(crate) async fn chunk(&mut self) -> Result<Option<Bytes>, String> {
        let Some(body) = &mut self.body else { return Ok(None) };
        while let Some(frame) = body.frame().await {
            // Trailers are ignored.
            if let Ok(data) = frame.map_err(|error| in_words(&error))?.into_data() {
                return Ok(Some(data));
            }
        }
        Ok(None)
    }

    /// Reads the body to its end and appends it to `read`.
    ///
    /// # Errors
    /// In plain words: it broke off, sent nothing for `silence`, or `read` would have more than `limit` octets.
    pub(crate) async fn read(&mut self, read: &mut Vec<u8>, limit: usize, silence: Duration) -> Result<(), String> {
        loop {
            let chunk =
                timeout(silence, self.chunk()).await.map_err(|_| "the answer stopped in the middle".to_owned())?;
            let Some(chunk) = chunk.map_err(|why| format!("the answer broke off: {why}"))? else { return Ok(()) };
            if read.len().saturating_add(chunk.len()) > limit {
                return Err(format!("the answer has more than {limit} octets"));
            }
            read.extend_from_slice(&chunk);
        }
    }

    /// The beginning of the body, at most `octets`. Waits for a short time. A body that breaks off ends there.
    pub(crate) async fn beginning(&mut self, octets: usize) -> Vec<u8> {
        let mut read = Vec::new();
        let reading = async {
            while read.len() < octets
                && let Ok(Some(chunk)) = self.chunk().await
            {
                read.extend_from_slice(&chunk);
            }
        };
        timeout(BEGINNING_WITHIN, reading).await.ok();
        read.truncate(octets);
        read
    }

    /// Reads and ignores the rest of the body for a short time, so that the connection can be reused.
    pub(crate) async fn drain(mut self) {
        let (octets, within) = DRAINED;
        let mut left = octets;
        let reading = async {
            while let Ok(Some(chunk)) = self.chunk().await {
                let Some(rest) = left.checked_sub(chunk.len()) else { break };
                left = rest;
            }
        };
        timeout(within, reading).await.ok();
    }
}

impl Drop for Answer {
    /// Whether the body was read or not: the status must not be taken for that of the next request on the connection.
    fn drop(&mut self) {
        if let Some(line) = &self.line {
            line.settle();
        }
    }
}
