//! What Graph and Entra answer, read within bounds, and what their errors say, made fit for a log.

use std::time::Duration;

use reqwest::Response;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use tokio::time::timeout;

use crate::transport::http;

/// Without a single octet of an answer that is due.
pub(super) const SILENCE: Duration = Duration::from_secs(60);
/// Octets of an answer that is no page: an error, a folder, a token.
pub(super) const SMALL: usize = 256 << 10;
/// Octets of an answer that a log shows.
const SHOWN: usize = 200;

/// An error of OData.
#[derive(Debug, Default, Deserialize)]
struct Failure {
    #[serde(default)]
    error: Reason,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Reason {
    code: String,
    message: String,
}

/// Reads an answer to its end.
///
/// # Errors
/// In plain words: it broke off, fell silent, or is larger than `limit`.
pub(super) async fn read(response: &mut Response, limit: usize) -> Result<Vec<u8>, String> {
    let mut body = Vec::new();
    loop {
        let chunk =
            timeout(SILENCE, response.chunk()).await.map_err(|_| "the answer stopped in the middle".to_owned())?;
        let Some(chunk) = chunk.map_err(|error| format!("the answer broke off: {}", http::in_words(&error)))? else {
            return Ok(body);
        };
        if body.len().saturating_add(chunk.len()) > limit {
            return Err(format!("the answer has more than {limit} octets"));
        }
        body.extend_from_slice(&chunk);
    }
}

/// Understands a page or the like.
///
/// # Errors
/// In plain words, with the beginning of what is no such thing.
pub(super) fn json<T: DeserializeOwned>(status: u16, body: &[u8]) -> Result<T, String> {
    serde_json::from_slice(body).map_err(|error| {
        // The words for what is missing name no value; the position helps nobody.
        let why =
            if error.is_data() && error.to_string().contains("missing field") { "lacks a field" } else { "is no JSON" };
        format!("the answer {status} {why} that we know: {}", excerpt(body))
    })
}

/// What an answer that is an error says: status, code and message.
pub(super) async fn failure(response: &mut Response) -> String {
    let status = response.status();
    let body = read(response, SMALL).await.unwrap_or_default();
    let reason = serde_json::from_slice::<Failure>(&body).unwrap_or_default().error;
    let words = match (reason.code.is_empty(), body.is_empty()) {
        (false, _) => printable(&format!("{}: {}", reason.code, reason.message), SHOWN),
        (true, false) => excerpt(&body),
        (true, true) => status.canonical_reason().unwrap_or("no reason given").to_owned(),
    };
    format!("it answered {}: {words}", status.as_u16())
}

/// The beginning of an answer nobody understands.
pub(super) fn excerpt(body: &[u8]) -> String {
    let head = String::from_utf8_lossy(body.get(..SHOWN).unwrap_or(body));
    format!("{:?}", printable(&head, SHOWN))
}

/// One line of at most `most` printable characters.
pub(super) fn printable(text: &str, most: usize) -> String {
    let clean: String = text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
    clean.trim().chars().take(most).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_excerpt_is_short_and_printable() {
        assert_eq!(excerpt(b"<html>\r\n\x1b[31m"), "\"<html>   [31m\"");
        assert_eq!(excerpt(&[b'x'; 1000]).len(), 202);
        assert_eq!(excerpt("ü".repeat(300).as_bytes()).chars().count(), 102);
    }
}
