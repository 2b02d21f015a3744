//! A token that an authorization server gives: for a refresh token (RFC 6749 section 6), or for our own credentials
//! (section 4.4). Asks once; keeps no token.

use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use reqwest::header::CONTENT_TYPE;
use reqwest::{Response, StatusCode, Url};
use secrecy::zeroize::Zeroizing;
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;
use serde_json::Value;
use tokio::time::timeout;

use crate::config;
use crate::error::{Error, Result};
use crate::transport::http::{self, Http};

/// How long a connection, and the whole answer, may take.
const CONNECT_WITHIN: Duration = Duration::from_secs(10);
const WITHIN: Duration = Duration::from_secs(20);
/// Octets of an answer.
const ANSWER_LIMIT: usize = 64 << 10;
/// Characters of the server's own words that an error shows.
const SHOWN: usize = 200;
/// The longest pause that we let the server ask for.
const LONGEST_PAUSE: Duration = Duration::from_secs(300);

/// What is asked for, and where.
#[derive(Debug)]
pub(super) struct Grant {
    config: config::Grant,
    http: Http,
    /// The server may give a new refresh token with each token; the one configured is of no use then.
    refresh_token: Mutex<Option<SecretString>>,
    /// When the server wants to be asked again at the earliest.
    not_before: Mutex<Option<Instant>>,
}

/// An answer of the token endpoint (RFC 6749 sections 5.1 and 5.2).
#[derive(Default, Deserialize)]
#[serde(default)]
struct Answer {
    access_token: Option<SecretString>,
    refresh_token: Option<SecretString>,
    expires_in: Value,
    error: Option<String>,
    error_description: Option<String>,
}

impl Grant {
    pub(super) fn new(config: &config::Grant) -> Self {
        Self {
            http: Http::new(config.tls.clone(), CONNECT_WITHIN),
            refresh_token: Mutex::new(config.refresh_token.clone()),
            not_before: Mutex::default(),
            config: config.clone(),
        }
    }

    /// A new token, and how long it lives.
    pub(super) async fn ask(&self) -> Result<(SecretString, Duration)> {
        let url = address(self.config.token_url.expose_secret())?;
        let shown = http::shown(&url);
        let later = |why: &str| Error::Reconnect(format!("{shown}: there is no token: {why}"));
        let left = lock(&self.not_before).map(|at| at.saturating_duration_since(Instant::now()));
        if let Some(left) = left.filter(|left| !left.is_zero()) {
            return Err(later(&format!("it wants to be left alone for {} s more", left.as_secs().max(1))));
        }
        let asking = async {
            let client = self.http.client().await?;
            // Not bytes that are wiped: the client keeps them while it sends. The text they are made of is.
            let request = client.post(url).header(CONTENT_TYPE, "application/x-www-form-urlencoded");
            let answer = request.body(self.form().as_bytes().to_vec()).send().await;
            let answer = answer.map_err(|error| later(&http::in_words(&error)))?;
            let (status, pause) = (answer.status(), http::retry_after(answer.headers()));
            let body = read(answer).await.map_err(|why| later(&why))?;
            self.judge(status, pause, &body, &shown)
        };
        timeout(WITHIN, asking)
            .await
            .unwrap_or_else(|_| Err(later(&format!("no answer within {} s", WITHIN.as_secs()))))
    }

    fn judge(
        &self,
        status: StatusCode,
        pause: Option<Duration>,
        body: &[u8],
        shown: &str,
    ) -> Result<(SecretString, Duration)> {
        let answer: Answer = serde_json::from_slice(body).unwrap_or_default();
        if let Some(token) = answer.access_token.filter(|_| status.is_success()) {
            if let Some(next) = answer.refresh_token {
                *lock(&self.refresh_token) = Some(next);
            }
            return Ok((token, life(&answer.expires_in)));
        }
        let text = self.own_words(answer.error.as_deref(), answer.error_description.as_deref());
        let said = format!("{shown}: there is no token: it answered {}{text}", status.as_u16());
        let passes = matches!(status.as_u16(), 408 | 425 | 429) || status.is_server_error();
        if passes {
            *lock(&self.not_before) = pause.map(|pause| Instant::now() + pause.min(LONGEST_PAUSE));
            return Err(Error::Reconnect(said));
        }
        let remedy = match (status.is_redirection(), answer.error.as_deref()) {
            (true, _) => "correct token_url: credentials follow no redirect",
            (_, Some("invalid_grant")) => "the refresh token has expired or was revoked: have a new one issued",
            (_, Some("invalid_client" | "unauthorized_client")) => "check client_id and client_secret",
            (_, Some("invalid_scope")) => "check scope",
            _ => "check token_url, client_id and scope",
        };
        Err(Error::Refused(format!("{said}; {remedy}")))
    }

    /// What the server says of an error, on one line, shortened, without what we told it.
    fn own_words(&self, error: Option<&str>, description: Option<&str>) -> String {
        let mut text = [error, description].into_iter().flatten().collect::<Vec<_>>().join(": ");
        let refresh_token = lock(&self.refresh_token).clone();
        for secret in [self.config.client_secret.as_ref(), self.config.refresh_token.as_ref(), refresh_token.as_ref()] {
            if let Some(secret) = secret.filter(|secret| !secret.expose_secret().is_empty()) {
                text = text.replace(secret.expose_secret(), "[secret]");
            }
        }
        let line: String = text.chars().map(|c| if c.is_control() { ' ' } else { c }).take(SHOWN).collect();
        if line.is_empty() { line } else { format!(" ({})", line.trim()) }
    }

    fn form(&self) -> Zeroizing<String> {
        let config = &self.config;
        let refresh_token = lock(&self.refresh_token).clone();
        let grant_type = if refresh_token.is_some() { "refresh_token" } else { "client_credentials" };
        let mut form = Zeroizing::new(format!("grant_type={grant_type}"));
        for (name, value) in [
            ("client_id", Some(config.client_id.as_str())),
            ("client_secret", config.client_secret.as_ref().map(ExposeSecret::expose_secret)),
            ("refresh_token", refresh_token.as_ref().map(ExposeSecret::expose_secret)),
            ("scope", config.scope.as_deref()),
        ] {
            if let Some(value) = value {
                form.push('&');
                form.push_str(name);
                form.push('=');
                form.extend(utf8_percent_encode(value, NON_ALPHANUMERIC));
            }
        }
        form
    }
}

/// A panic elsewhere leaves it as it was: every change is one step.
fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

fn address(text: &str) -> Result<Url> {
    let url = Url::parse(text).map_err(|error| Error::Configuration(format!("token_url is no address: {error}")))?;
    if matches!(url.scheme(), "http" | "https") && url.has_host() {
        Ok(url)
    } else {
        Err(Error::Configuration("token_url must begin with https://, followed by a host".into()))
    }
}

/// Seconds, which some servers put in quotes. Not told: the token is used once.
fn life(expires_in: &Value) -> Duration {
    let seconds = expires_in.as_u64().or_else(|| expires_in.as_str()?.trim().parse().ok()).unwrap_or(0);
    // A day is as long as we keep anything.
    Duration::from_secs(seconds.min(24 * 3600))
}

async fn read(mut answer: Response) -> std::result::Result<Zeroizing<Vec<u8>>, String> {
    let mut body = Zeroizing::new(Vec::with_capacity(4096));
    while let Some(chunk) = answer.chunk().await.map_err(|error| http::in_words(&error))? {
        if body.len().saturating_add(chunk.len()) > ANSWER_LIMIT {
            return Err(format!("its answer has more than {ANSWER_LIMIT} octets"));
        }
        body.extend_from_slice(&chunk);
    }
    Ok(body)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn grant(changes: &[(&str, &str)]) -> Grant {
        let mut config = serde_json::json!({ "token_url": "https://login/t", "client_id": "a&b c" });
        for (name, value) in changes {
            config[*name] = (*value).into();
        }
        Grant::new(&serde_json::from_value(config).unwrap())
    }

    fn error(grant: &Grant, status: u16, body: &str) -> Error {
        let status = StatusCode::from_u16(status).unwrap();
        grant.judge(status, Some(Duration::from_secs(7)), body.as_bytes(), "https://login/t").unwrap_err()
    }

    #[test]
    fn a_form_says_what_is_asked_for() {
        let ours = grant(&[("client_secret", "h=1%é"), ("scope", "https://x/.default")]);
        assert_eq!(
            *ours.form(),
            "grant_type=client_credentials&client_id=a%26b%20c&client_secret=h%3D1%25%C3%A9&scope=https%3A%2F%2Fx%2F%2Edefault"
        );
        let theirs = grant(&[("refresh_token", "1//r")]);
        assert_eq!(*theirs.form(), "grant_type=refresh_token&client_id=a%26b%20c&refresh_token=1%2F%2Fr");
    }

    #[test]
    fn a_new_refresh_token_takes_the_place_of_the_old_one() {
        let grant = grant(&[("refresh_token", "old")]);
        let body = br#"{"access_token":"t","expires_in":"3599","refresh_token":"new"}"#;
        let (_, life) = grant.judge(StatusCode::OK, None, body, "https://login/t").unwrap();
        assert_eq!(life, Duration::from_secs(3599));
        assert!(grant.form().ends_with("refresh_token=new"));
    }

    #[test]
    fn what_may_pass_and_what_takes_a_person_in_the_servers_words_without_secrets() {
        let grant = grant(&[("client_secret", "hidden")]);
        let body = r#"{"error":"invalid_client","error_description":"AADSTS7000215: bad\r\nsecret hidden"}"#;
        let Error::Refused(text) = error(&grant, 401, body) else { panic!() };
        assert!(text.contains("401 (invalid_client: AADSTS7000215: bad  secret [secret])"), "{text}");
        assert!(text.contains("client_secret"), "{text}");
        assert!(error(&grant, 400, r#"{"error":"invalid_grant"}"#).to_string().contains("have a new one issued"));
        assert!(error(&grant, 302, "").to_string().contains("token_url"));
        assert!(matches!(error(&grant, 200, "<html>hidden"), Error::Refused(text) if !text.contains("hidden")));
        for passing in [408, 429, 500, 503] {
            assert!(matches!(error(&grant, passing, "x"), Error::Reconnect(_)), "{passing}");
        }
        assert!(lock(&grant.not_before).is_some());
    }
}
