//! A token endpoint of OAuth 2.0 (RFC 6749 section 3.2): sends one request and parses its answer (sections 5.1 and 5.2). Keeps
//! no token and words no error: the callers name their own options.

use std::time::Duration;

use bytes::Bytes;
use hyper::header::{CONTENT_TYPE, HeaderMap, HeaderValue};
use hyper::{Method, StatusCode};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use secrecy::SecretString;
use secrecy::zeroize::Zeroizing;
use serde::Deserialize;
use serde_json::Value;
use tokio::time::Instant;
use url::Url;

use crate::error::Error;
use crate::transport::http::{self, Http, NoAnswer};

/// A token is renewed this long before it expires, or after half of its lifetime if that is later.
const RENEW_BEFORE: Duration = Duration::from_secs(300);
/// The longest lifetime that an answer can give to a token.
const LONGEST_LIFETIME: Duration = Duration::from_secs(24 * 3600);
/// Octets of an answer.
const ANSWER_LIMIT: usize = 256 << 10;
/// Without a single octet of an answer that is due.
const SILENCE: Duration = Duration::from_secs(60);
/// Octets reserved for a form, so that it does not move and leave copies of secrets behind.
const FORM_OCTETS: usize = 8 << 10;

/// The parameters of a token request.
pub(crate) struct Form(Zeroizing<String>);

impl Form {
    /// A form for `grant_type`, one of the constants of RFC 6749.
    pub(crate) fn new(grant_type: &str) -> Self {
        let mut form = String::with_capacity(FORM_OCTETS);
        form.push_str("grant_type=");
        form.push_str(grant_type);
        Self(Zeroizing::new(form))
    }

    /// Adds a parameter.
    pub(crate) fn add(&mut self, name: &str, value: &str) {
        self.0.push('&');
        self.0.push_str(name);
        self.0.push('=');
        self.0.extend(utf8_percent_encode(value, NON_ALPHANUMERIC));
    }

    #[cfg(test)]
    pub(super) fn as_str(&self) -> &str {
        &self.0
    }
}

/// A granted token.
#[derive(Debug)]
pub(crate) struct Granted {
    pub(crate) access_token: SecretString,
    /// The refresh token that replaces the one in the request.
    pub(crate) refresh_token: Option<SecretString>,
    /// How long the token is valid, if the answer says so.
    pub(crate) lifetime: Option<Duration>,
}

/// Why there is no token.
#[derive(Debug)]
pub(crate) enum TokenError {
    /// No request could be sent, because of the TLS options.
    Options(Error),
    /// No answer, or not the whole of it, in plain words.
    NoAnswer(String),
    /// An answer without a token.
    Refused(Refusal),
}

/// An answer without a token.
#[derive(Debug)]
pub(crate) struct Refusal {
    pub(crate) status: u16,
    /// The error code; empty if there is none.
    pub(crate) error: String,
    /// The server's description; empty if there is none. May repeat secrets of the request.
    pub(crate) description: String,
    /// How long to wait before the next request, if the server says so.
    pub(crate) retry_after: Option<Duration>,
    /// The whole answer. May hold a token that was not understood.
    pub(crate) body: Zeroizing<Vec<u8>>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Answer {
    access_token: Option<SecretString>,
    refresh_token: Option<SecretString>,
    expires_in: Value,
    error: Option<String>,
    error_description: Option<String>,
}

/// Sends `form` to the token endpoint `url`. The caller brings the deadline.
pub(crate) async fn request(http: &Http, url: &Url, form: &Form) -> Result<Granted, TokenError> {
    let headers = HeaderMap::from_iter([(CONTENT_TYPE, HeaderValue::from_static("application/x-www-form-urlencoded"))]);
    // The client keeps this copy while it sends. Only the form itself is wiped.
    let sent = Bytes::copy_from_slice(form.0.as_bytes());
    let answer = http.send(Method::POST, url, headers, sent, Instant::now() + SILENCE).await;
    let mut answer = answer.map_err(|why| match why {
        NoAnswer::Options(error) => TokenError::Options(error),
        why => TokenError::NoAnswer(why.to_string()),
    })?;
    let (status, retry_after) = (answer.status, http::retry_after(&answer.headers));
    let mut body = Zeroizing::new(Vec::with_capacity(4096));
    answer.read(&mut body, ANSWER_LIMIT, SILENCE).await.map_err(TokenError::NoAnswer)?;
    parse(status, retry_after, body).map_err(TokenError::Refused)
}

/// Understands an answer.
pub(super) fn parse(
    status: StatusCode,
    retry_after: Option<Duration>,
    body: Zeroizing<Vec<u8>>,
) -> Result<Granted, Refusal> {
    let answer: Answer = serde_json::from_slice(&body).unwrap_or_default();
    match answer.access_token {
        Some(access_token) if status.is_success() => {
            Ok(Granted { access_token, refresh_token: answer.refresh_token, lifetime: lifetime(&answer.expires_in) })
        }
        _ => Err(Refusal {
            status: status.as_u16(),
            error: answer.error.unwrap_or_default(),
            description: answer.error_description.unwrap_or_default(),
            retry_after,
            body,
        }),
    }
}

/// Seconds, which some servers send as a string.
fn lifetime(expires_in: &Value) -> Option<Duration> {
    let seconds = expires_in.as_u64().or_else(|| expires_in.as_str()?.trim().parse().ok())?;
    Some(Duration::from_secs(seconds).min(LONGEST_LIFETIME))
}

/// After which part of its `lifetime` a token is renewed.
pub(crate) fn renew_after(lifetime: Duration) -> Duration {
    lifetime.saturating_sub(RENEW_BEFORE.min(lifetime / 2))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(status: u16, body: &str) -> Result<Granted, Refusal> {
        parse(StatusCode::from_u16(status).unwrap(), None, Zeroizing::new(body.as_bytes().to_vec()))
    }

    #[test]
    fn a_token_is_renewed_five_minutes_before_its_end() {
        for (lifetime, used) in [(3600, 3300), (600, 300), (300, 150), (0, 0)] {
            assert_eq!(renew_after(Duration::from_secs(lifetime)), Duration::from_secs(used));
        }
    }

    #[test]
    fn a_lifetime_is_a_number_or_a_string_and_a_day_at_most() {
        let lifetime = |rest: &str| parsed(200, &format!(r#"{{"access_token":"t"{rest}}}"#)).unwrap().lifetime;
        let seconds = |seconds| Some(Duration::from_secs(seconds));
        assert_eq!(lifetime(r#","expires_in":7"#), seconds(7));
        assert_eq!(lifetime(r#","expires_in":"3599""#), seconds(3599));
        assert_eq!(lifetime(r#","expires_in":999999"#), seconds(24 * 3600));
        assert_eq!(lifetime(r#","expires_in":"soon""#), None);
        assert_eq!(lifetime(""), None);
    }

    #[test]
    fn only_a_success_grants_a_token() {
        assert!(parsed(400, r#"{"access_token":"t"}"#).is_err());
        for nonsense in ["", "<html>", "{}", r#"{"access_token":["t"]}"#, r#"{"access_token":"t"#] {
            assert_eq!(parsed(200, nonsense).unwrap_err().body.as_slice(), nonsense.as_bytes());
        }
        let refusal = parsed(401, r#"{"error":"invalid_client","error_description":"why"}"#).unwrap_err();
        assert_eq!((refusal.error.as_str(), refusal.description.as_str()), ("invalid_client", "why"));
    }
}
