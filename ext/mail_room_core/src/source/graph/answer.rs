//! Reads answers of Graph within bounds, and makes the texts of its errors fit for a log.

use std::time::Duration;

use serde::Deserialize;
use serde::de::DeserializeOwned;

pub(super) use crate::observe::text::printable;
use crate::transport::http::Answer;

/// Without a single octet of an answer that is due.
pub(super) const SILENCE: Duration = Duration::from_secs(60);
/// Octets of an answer that is not a page, such as an error or a folder.
pub(super) const SMALL: usize = 256 << 10;
/// Octets of an answer that an error shows.
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
pub(super) async fn read(response: &mut Answer, limit: usize) -> Result<Vec<u8>, String> {
    let mut body = Vec::new();
    response.read(&mut body, limit, SILENCE).await?;
    Ok(body)
}

/// Parses an answer in JSON.
///
/// # Errors
/// In plain words, with the beginning of the answer.
pub(super) fn json<T: DeserializeOwned>(status: u16, body: &[u8]) -> Result<T, String> {
    serde_json::from_slice(body).map_err(|error| {
        // The text for a missing field names no value. The position would not help.
        let missing = error.is_data() && error.to_string().contains("missing field");
        let why = if missing { "lacks a required field" } else { "is not the expected JSON" };
        format!("the answer {status} {why}: {}", excerpt(body))
    })
}

/// Words an error answer: status, code and message.
pub(super) async fn failure(response: &mut Answer) -> String {
    let status = response.status;
    let body = read(response, SMALL).await.unwrap_or_default();
    let reason = serde_json::from_slice::<Failure>(&body).unwrap_or_default().error;
    let words = match (reason.code.is_empty(), body.is_empty()) {
        (false, _) => printable(&format!("{}: {}", reason.code, reason.message), SHOWN),
        (true, false) => excerpt(&body),
        (true, true) => status.canonical_reason().unwrap_or("no reason given").to_owned(),
    };
    format!("it answered {}: {words}", status.as_u16())
}

/// The beginning of an answer that cannot be parsed.
pub(super) fn excerpt(body: &[u8]) -> String {
    let head = String::from_utf8_lossy(body.get(..SHOWN).unwrap_or(body));
    format!("{:?}", printable(&head, SHOWN))
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
