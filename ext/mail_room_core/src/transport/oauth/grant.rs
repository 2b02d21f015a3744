//! A token from an authorization server, for a refresh token (RFC 6749 section 6) or for the client's own credentials (section
//! 4.4). Asks once and keeps no token.

use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use secrecy::{ExposeSecret, SecretString};
use tokio::time::timeout;
use url::Url;

use super::endpoint::{self, Form, Granted, Refusal, TokenError};
use crate::config;
use crate::error::{Error, Result};
use crate::transport::http::{self, Http};

/// How long a connection, and the whole answer, may take.
const CONNECT_WITHIN: Duration = Duration::from_secs(10);
const WITHIN: Duration = Duration::from_secs(20);
/// Characters of the server's reason that an error shows.
const SHOWN: usize = 200;
/// The longest pause that we let the server ask for.
const LONGEST_PAUSE: Duration = Duration::from_secs(300);

/// A grant of one client at one authorization server.
#[derive(Debug)]
pub(super) struct Grant {
    config: config::Grant,
    http: Http,
    /// The server may send a new refresh token with each access token. The configured one is no longer valid then.
    refresh_token: Mutex<Option<SecretString>>,
    /// No request is sent before this time, as the server has asked.
    not_before: Mutex<Option<Instant>>,
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

    /// A new token and its lifetime, which is zero if the server does not say: the token is used once then.
    ///
    /// # Errors
    /// [`Error::Refused`] if somebody has to change something, [`Error::Reconnect`] if it may pass.
    pub(super) async fn ask(&self) -> Result<(SecretString, Duration)> {
        let url = address(self.config.token_url.expose_secret())?;
        let shown = http::shown(&url);
        let later = |why: &str| Error::Reconnect(format!("{shown}: there is no token: {why}"));
        let left = lock(&self.not_before).map(|at| at.saturating_duration_since(Instant::now()));
        if let Some(left) = left.filter(|left| !left.is_zero()) {
            return Err(later(&format!("the server asked for a pause, {} s of which are left", left.as_secs().max(1))));
        }
        let form = self.form();
        match timeout(WITHIN, endpoint::request(&self.http, &url, &form)).await {
            Err(_) => Err(later(&format!("no answer within {} s", WITHIN.as_secs()))),
            Ok(Ok(granted)) => Ok(self.accept(granted)),
            Ok(Err(TokenError::Options(error))) => Err(error),
            Ok(Err(TokenError::NoAnswer(why))) => Err(later(&why)),
            Ok(Err(TokenError::Refused(refusal))) => Err(self.error(&refusal, &shown)),
        }
    }

    fn accept(&self, granted: Granted) -> (SecretString, Duration) {
        if let Some(next) = granted.refresh_token {
            *lock(&self.refresh_token) = Some(next);
        }
        (granted.access_token, granted.lifetime.unwrap_or_default())
    }

    fn error(&self, refusal: &Refusal, shown: &str) -> Error {
        let Refusal { status, error, .. } = refusal;
        let said = format!("{shown}: there is no token: it answered {status}{}", self.reason(refusal));
        if matches!(status, 408 | 425 | 429 | 500..=599) {
            let pause = refusal.retry_after.map(|pause| pause.min(LONGEST_PAUSE));
            *lock(&self.not_before) = pause.map(|pause| Instant::now() + pause);
            return Error::Reconnect(said);
        }
        let remedy = match (status, error.as_str()) {
            (300..=399, _) => "correct token_url: credentials are not sent to the target of a redirect",
            (_, "invalid_grant") => "the refresh token has expired or was revoked: have a new one issued",
            (_, "invalid_client" | "unauthorized_client") => "check client_id and client_secret",
            (_, "invalid_scope") => "check scope",
            _ => "check token_url, client_id and scope",
        };
        Error::Refused(format!("{said}; {remedy}"))
    }

    /// The server's reason in parentheses: one short line without our secrets. Empty if there is none.
    fn reason(&self, refusal: &Refusal) -> String {
        let parts = [refusal.error.as_str(), refusal.description.as_str()];
        let mut text = parts.into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join(": ");
        let refresh_token = lock(&self.refresh_token).clone();
        for secret in [self.config.client_secret.as_ref(), self.config.refresh_token.as_ref(), refresh_token.as_ref()] {
            if let Some(secret) = secret.filter(|secret| !secret.expose_secret().is_empty()) {
                text = text.replace(secret.expose_secret(), "[secret]");
            }
        }
        let line: String = text.chars().map(|c| if c.is_control() { ' ' } else { c }).take(SHOWN).collect();
        if line.is_empty() { line } else { format!(" ({})", line.trim()) }
    }

    fn form(&self) -> Form {
        let config = &self.config;
        let refresh_token = lock(&self.refresh_token).clone();
        let mut form = Form::new(if refresh_token.is_some() { "refresh_token" } else { "client_credentials" });
        for (name, value) in [
            ("client_id", Some(config.client_id.as_str())),
            ("client_secret", config.client_secret.as_ref().map(ExposeSecret::expose_secret)),
            ("refresh_token", refresh_token.as_ref().map(ExposeSecret::expose_secret)),
            ("scope", config.scope.as_deref()),
        ] {
            if let Some(value) = value {
                form.add(name, value);
            }
        }
        form
    }
}

/// A poisoned lock is as good as any: every change is a single assignment.
fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

fn address(text: &str) -> Result<Url> {
    let url = Url::parse(text).map_err(|error| Error::Configuration(format!("token_url is not a URL: {error}")))?;
    if matches!(url.scheme(), "http" | "https") && url.has_host() {
        Ok(url)
    } else {
        Err(Error::Configuration("token_url must begin with https://, followed by a host".into()))
    }
}

#[cfg(test)]
mod tests {
    use hyper::StatusCode;
    use secrecy::zeroize::Zeroizing;

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
        let body = Zeroizing::new(body.as_bytes().to_vec());
        let refusal = endpoint::parse(status, Some(Duration::from_secs(7)), body).unwrap_err();
        grant.error(&refusal, "https://login/t")
    }

    #[test]
    fn a_form_says_what_is_asked_for() {
        let ours = grant(&[("client_secret", "h=1%é"), ("scope", "https://x/.default")]);
        assert_eq!(
            ours.form().as_str(),
            "grant_type=client_credentials&client_id=a%26b%20c&client_secret=h%3D1%25%C3%A9&scope=https%3A%2F%2Fx%2F%2Edefault"
        );
        let theirs = grant(&[("refresh_token", "1//r")]);
        assert_eq!(theirs.form().as_str(), "grant_type=refresh_token&client_id=a%26b%20c&refresh_token=1%2F%2Fr");
    }

    #[test]
    fn a_new_refresh_token_takes_the_place_of_the_old_one() {
        let grant = grant(&[("refresh_token", "old")]);
        let body = br#"{"access_token":"t","expires_in":"3599","refresh_token":"new"}"#;
        let granted = endpoint::parse(StatusCode::OK, None, Zeroizing::new(body.to_vec())).unwrap();
        let (_, life) = grant.accept(granted);
        assert_eq!(life, Duration::from_secs(3599));
        assert!(grant.form().as_str().ends_with("refresh_token=new"));
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
