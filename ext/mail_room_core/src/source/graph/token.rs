//! The token that shows Graph who we are (OAuth 2.0 client credentials, RFC 6749 section 4.4): asked for at Entra,
//! kept, and renewed before it ends. Knows nothing of mailboxes.

use std::sync::Arc;
use std::time::{Duration, Instant};

use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use reqwest::header::{CONTENT_TYPE, HeaderValue};
use reqwest::{Response, Url};
use secrecy::zeroize::Zeroizing;
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;
use serde_json::Value;
use tokio::sync::Mutex;
use tokio::time::timeout;

use super::address::parsed;
use super::answer::{SMALL, excerpt, printable, read};
use super::assertion::{FILE_LIMIT, assertion};
use crate::config;
use crate::error::{Error, Result};
use crate::limits::backoff::{Backoff, seconds};
use crate::observe::log::{Log, Severity};
use crate::system::files::{self, Unread};
use crate::transport::http::{self, Http};

/// How long an answer of Entra may take.
const ANSWER_WITHIN: Duration = Duration::from_secs(30);
/// A token is renewed this long before it ends, or after half of its life if that is shorter.
const RENEW_BEFORE: Duration = Duration::from_secs(300);
/// Between tries to renew a token that is still good, and how long each may hold up whoever could use it.
const RENEW_AGAIN: (Duration, Duration) = (Duration::from_secs(30), Duration::from_secs(5));
/// After a failure, whoever waited for the same token gets the same answer for this long.
const FAILED_FOR: Duration = Duration::from_millis(500);
/// A token's life if Entra does not say.
const LIFE: u64 = 3600;
/// Characters of Entra's description of an error that a log shows.
const SHOWN: usize = 300;

/// Gets tokens for one app.
pub(super) struct Tokens {
    http: Arc<Http>,
    url: Url,
    client_id: String,
    credential: Credential,
    scope: String,
    log: Log,
    state: Mutex<State>,
}

enum Credential {
    Secret(SecretString),
    Certificate(std::path::PathBuf),
}

struct State {
    token: Option<Arc<Token>>,
    renew: Instant,
    /// The last failure, until when it is not tried again.
    failed: Option<(Instant, Error)>,
    pause: Backoff,
}

/// A token.
pub(super) struct Token {
    /// `Bearer …`, marked sensitive.
    pub(super) header: HeaderValue,
    ends: Instant,
}

#[derive(Deserialize)]
struct Granted {
    access_token: SecretString,
    #[serde(default)]
    expires_in: Value,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Refusal {
    error: String,
    error_description: String,
}

impl Tokens {
    /// Asks for nothing yet.
    ///
    /// # Errors
    /// [`Error::Configuration`] if an endpoint is none, or there is neither secret nor certificate.
    pub(super) fn new(config: &config::Graph, http: Arc<Http>, log: Log) -> Result<Self> {
        let mut url = parsed(&config.azure_ad_endpoint, "azure_ad_endpoint")?;
        if let Ok(mut path) = url.path_segments_mut() {
            path.pop_if_empty().extend([config.tenant_id.as_str(), "oauth2", "v2.0", "token"]);
        }
        let credential = match (&config.client_secret, &config.client_certificate) {
            (Some(secret), None) => Credential::Secret(secret.clone()),
            (None, Some(file)) => Credential::Certificate(file.clone()),
            _ => return Err(Error::Configuration("either client_secret or client_certificate is required".into())),
        };
        Ok(Self {
            http,
            url,
            client_id: config.client_id.clone(),
            credential,
            scope: format!("{}/.default", config.graph_endpoint.trim_end_matches('/')),
            log,
            state: Mutex::new(State {
                token: None,
                renew: Instant::now(),
                failed: None,
                pause: Backoff::new(Duration::from_secs(1), Duration::from_secs(60)),
            }),
        })
    }

    /// A token that is good now. One caller asks for it, the others wait for the same.
    ///
    /// # Errors
    /// [`Error::Refused`] with Entra's reason; [`Error::Throttled`]; [`Error::Reconnect`].
    pub(super) async fn get(&self) -> Result<Arc<Token>> {
        let mut state = self.state.lock().await;
        let now = Instant::now();
        let good = state.token.clone().filter(|token| token.ends > now);
        if let Some(token) = &good
            && now < state.renew
        {
            return Ok(token.clone());
        }
        if let Some((until, error)) = &state.failed
            && now < *until
        {
            return Err(match error {
                Error::Throttled { what, .. } => Error::Throttled { what: what.clone(), retry_after: *until - now },
                error => error.clone(),
            });
        }
        let within = if good.is_some() { RENEW_AGAIN.1 } else { ANSWER_WITHIN };
        match self.ask(&mut state.pause, within).await {
            Ok((token, life)) => {
                let now = Instant::now();
                let token = Arc::new(Token { header: token, ends: now + life });
                state.renew = now + life.saturating_sub(RENEW_BEFORE).max(life / 2);
                state.token = Some(token.clone());
                state.failed = None;
                state.pause.reset();
                Ok(token)
            }
            Err(error) => {
                if let Some(token) = good {
                    // It is still good for minutes: Entra may be back by then.
                    self.log.line(Severity::Warn, "Token not renewed", &[("error", error.to_string().into())]);
                    state.renew = Instant::now() + RENEW_AGAIN.0;
                    return Ok(token);
                }
                let lasts = match &error {
                    Error::Throttled { retry_after, .. } => *retry_after,
                    _ => FAILED_FOR,
                };
                state.failed = Some((Instant::now() + lasts, error.clone()));
                Err(error)
            }
        }
    }

    /// Graph did not take `token`, whatever its end.
    pub(super) async fn forget(&self, token: &Arc<Token>) {
        let mut state = self.state.lock().await;
        if state.token.as_ref().is_some_and(|ours| Arc::ptr_eq(ours, token)) {
            state.token = None;
        }
    }

    /// What `text` says without our secret, should somebody quote it.
    pub(super) fn without_secret(&self, text: &str) -> String {
        match &self.credential {
            Credential::Secret(secret) if !secret.expose_secret().is_empty() => {
                text.replace(secret.expose_secret(), "[client_secret]")
            }
            _ => text.to_owned(),
        }
    }

    async fn ask(&self, pause: &mut Backoff, within: Duration) -> Result<(HeaderValue, Duration)> {
        self.log.info("Retrieving OAuth2 token...", &[]);
        let named = |text: String| format!("{}: {text}", http::shown(&self.url));
        let asked = timeout(within, async {
            let form = self.form().await?;
            let client = self.http.client().await?;
            let request = client
                .post(self.url.clone())
                .header(CONTENT_TYPE, "application/x-www-form-urlencoded")
                .body(form.as_bytes().to_vec());
            let mut answer = request.send().await.map_err(|error| Error::Reconnect(http::in_words(&error)))?;
            let body = read(&mut answer, SMALL).await.map(Zeroizing::new).map_err(Error::Reconnect)?;
            self.understand(&answer, &body, pause)
        });
        match asked.await {
            Err(_) => Err(Error::Reconnect(named(format!("no token within {} s", within.as_secs())))),
            Ok(Ok(token)) => Ok(token),
            Ok(Err(error)) => Err(match error {
                Error::Refused(text) => Error::Refused(named(text)),
                Error::Reconnect(text) => Error::Reconnect(named(text)),
                Error::Throttled { what, retry_after } => Error::Throttled { what: named(what), retry_after },
                error => error,
            }),
        }
    }

    async fn form(&self) -> Result<Zeroizing<String>> {
        let mut form = Zeroizing::new(String::with_capacity(8 << 10));
        let mut add = |key: &str, value: &str| {
            if !form.is_empty() {
                form.push('&');
            }
            form.push_str(key);
            form.push('=');
            utf8_percent_encode(value, NON_ALPHANUMERIC).for_each(|part| form.push_str(part));
        };
        add("grant_type", "client_credentials");
        add("client_id", &self.client_id);
        add("scope", &self.scope);
        match &self.credential {
            Credential::Secret(secret) => add("client_secret", secret.expose_secret()),
            Credential::Certificate(file) => {
                // Read anew each time: it may be replaced while we run.
                let told = |why: &str| format!("client_certificate {} {why}", file.display());
                let pem = files::read(file, FILE_LIMIT).await.map_err(|unread| match &unread {
                    Unread::Failed(why) => Error::Refused(told(why)),
                    Unread::Hangs(why) => Error::Reconnect(told(why)),
                })?;
                let made = assertion(&pem, &self.client_id, self.url.as_str());
                let made = made.map_err(|why| Error::Refused(told(&why)))?;
                add("client_assertion_type", "urn:ietf:params:oauth:client-assertion-type:jwt-bearer");
                add("client_assertion", &made);
            }
        }
        Ok(form)
    }

    fn understand(&self, answer: &Response, body: &[u8], pause: &mut Backoff) -> Result<(HeaderValue, Duration)> {
        let status = answer.status().as_u16();
        if status == 200 {
            return granted(body);
        }
        let refusal: Refusal = serde_json::from_slice(body).unwrap_or_default();
        // What follows names the request: nothing that helps here.
        let description = refusal.error_description.split(['\r', '\n']).next();
        let description = description.unwrap_or_default().split(" Trace ID:").next().unwrap_or_default();
        let words = match refusal.error.is_empty() {
            false => format!("{}: {description}", refusal.error),
            true => excerpt(body),
        };
        let words = printable(&self.without_secret(&words), SHOWN);
        let retry_after = http::retry_after(answer.headers()).unwrap_or_default();
        match status {
            429 | 503 | 504 | 509 => {
                // Nobody can ask for a shorter pause than ours.
                let retry_after = pause.delay().max(retry_after);
                let fields = [
                    ("backoff_s", seconds(retry_after)),
                    ("error", format!("{} answered {status}", http::shown(&self.url)).into()),
                ];
                self.log.info("Too many requests, backing off...", &fields);
                Err(Error::Throttled { what: format!("it answered {status}: {words}"), retry_after })
            }
            400..=499 => Err(Error::Refused(format!(
                "it gives no token to client {}: {words}; check tenant_id, client_id and {}",
                printable(&self.client_id, SHOWN),
                match self.credential {
                    Credential::Secret(_) => "client_secret",
                    Credential::Certificate(_) => "client_certificate",
                }
            ))),
            _ => Err(Error::Reconnect(format!("it answered {status}: {words}"))),
        }
    }
}

fn granted(body: &[u8]) -> Result<(HeaderValue, Duration)> {
    // The answer may hold a token even where it is not understood: nothing of it is shown but what cannot be one.
    let shown = || match body.trim_ascii_start().first() {
        Some(b'{') => "not shown, as it may hold a token".to_owned(),
        _ => excerpt(body),
    };
    let granted: Granted = serde_json::from_slice(body)
        .map_err(|_| Error::Reconnect(format!("the answer 200 holds no access_token: {}", shown())))?;
    let bearer = Zeroizing::new(format!("Bearer {}", granted.access_token.expose_secret()));
    let mut header = HeaderValue::from_str(&bearer)
        .map_err(|_| Error::Reconnect("the access_token holds characters that cannot be sent".into()))?;
    header.set_sensitive(true);
    let life = match &granted.expires_in {
        Value::Number(number) => number.as_u64(),
        // As older endpoints write it.
        Value::String(text) => text.parse().ok(),
        _ => None,
    };
    Ok((header, Duration::from_secs(life.unwrap_or(LIFE).clamp(1, 24 * 3600))))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_lives_as_long_as_is_said_and_is_never_shown() {
        let life =
            |expires_in: &str| granted(format!(r#"{{"access_token":"hidden"{expires_in}}}"#).as_bytes()).unwrap().1;
        assert_eq!(life(r#","expires_in":7"#), Duration::from_secs(7));
        assert_eq!(life(r#","expires_in":"3599""#), Duration::from_secs(3599));
        assert_eq!(life(""), Duration::from_secs(LIFE));
        assert_eq!(life(r#","expires_in":0"#), Duration::from_secs(1));
        for nonsense in
            [r#"{"access_token":"hidden"#, r#" {"access_token":["hidden"]}"#, "{}", r#"{"access_token":"hidden\n"}"#]
        {
            let error = granted(nonsense.as_bytes()).unwrap_err().to_string();
            assert!(error.contains("access_token") && !error.contains("hidden"), "{error}");
        }
        assert!(granted(b"<html>").unwrap_err().to_string().ends_with("\"<html>\""));
        let (header, _) = granted(br#"{"access_token":"hidden"}"#).unwrap();
        assert!(header.is_sensitive() && !format!("{header:?}").contains("hidden"));
    }
}
