//! Access tokens for Graph (OAuth 2.0 client credentials, RFC 6749 section 4.4): requested at Entra, kept, and renewed before
//! they expire. Knows nothing of mailboxes.

use std::sync::Arc;
use std::time::{Duration, Instant};

use hyper::header::HeaderValue;
use secrecy::zeroize::Zeroizing;
use secrecy::{ExposeSecret, SecretString};
use tokio::sync::Mutex;
use tokio::time::timeout;
use url::Url;

use super::address::parsed;
use super::answer::{excerpt, printable};
use super::assertion::{FILE_LIMIT, assertion};
use crate::config;
use crate::error::{Error, Result};
use crate::limits::backoff::{Backoff, seconds};
use crate::observe::log::{Log, Severity};
use crate::observe::progress::Progress;
use crate::system::files::{self, ReadError};
use crate::transport::http::{self, Http};
use crate::transport::oauth::endpoint::{self, Form, Granted, Refusal, TokenError};

/// How long a token request may take.
const ANSWER_WITHIN: Duration = Duration::from_secs(30);
/// The time between tries to renew a token that is still valid, and how long each may delay those who could use it.
const RENEW_AGAIN: (Duration, Duration) = (Duration::from_secs(30), Duration::from_secs(5));
/// For this long after a failure, those who waited for the same token get the same error.
const FAILED_FOR: Duration = Duration::from_millis(500);
/// A token's lifetime if Entra does not say.
const LIFETIME: Duration = Duration::from_secs(3600);
/// The shortest lifetime: a token is used at least once.
const SHORTEST_LIFETIME: Duration = Duration::from_secs(1);
/// Characters of Entra's reason that a log shows.
const SHOWN: usize = 300;

/// Gets tokens for one app.
pub(super) struct Tokens {
    http: Http,
    url: Url,
    client_id: String,
    credential: Credential,
    scope: String,
    log: Log,
    progress: Arc<Progress>,
    state: Mutex<State>,
}

enum Credential {
    Secret(SecretString),
    Certificate(std::path::PathBuf),
}

struct State {
    token: Option<Arc<Token>>,
    renew: Instant,
    /// The last failure, and until when it is returned without another try.
    failed: Option<(Instant, Error)>,
    pause: Backoff,
}

/// A token.
pub(super) struct Token {
    /// `Bearer …`, marked sensitive.
    pub(super) header: HeaderValue,
    ends: Instant,
}

impl Tokens {
    /// Sends no request yet.
    ///
    /// # Errors
    /// [`Error::Configuration`] if the endpoint is not a URL, or if there is neither a secret nor a certificate.
    pub(super) fn new(config: &config::Graph, http: Http, log: Log, progress: Arc<Progress>) -> Result<Self> {
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
            progress,
            state: Mutex::new(State {
                token: None,
                renew: Instant::now(),
                failed: None,
                pause: Backoff::new(Duration::from_secs(1), Duration::from_secs(60)),
            }),
        })
    }

    /// A valid token. One caller requests it; the others wait for the same.
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
            Ok((token, lifetime)) => {
                self.progress.token_renewed(Some(lifetime));
                let now = Instant::now();
                let token = Arc::new(Token { header: token, ends: now + lifetime });
                state.renew = now + endpoint::renew_after(lifetime);
                state.token = Some(token.clone());
                state.failed = None;
                state.pause.reset();
                Ok(token)
            }
            Err(error) => {
                if let Some(token) = good {
                    // The old one is still valid for minutes, and Entra may be back by then.
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

    /// Drops `token`, which Graph did not accept although it has not expired.
    pub(super) async fn forget(&self, token: &Arc<Token>) {
        let mut state = self.state.lock().await;
        if state.token.as_ref().is_some_and(|ours| Arc::ptr_eq(ours, token)) {
            state.token = None;
        }
    }

    /// `text` without our secret, in case a server quotes it.
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
        let shown = http::shown(&self.url);
        let asked = timeout(within, async {
            let form = self.form().await?;
            Ok(endpoint::request(&self.http, &self.url, &form).await)
        });
        match asked.await {
            Err(_) => Err(Error::Reconnect(format!("{shown}: no token within {} s", within.as_secs()))),
            Ok(Err(error) | Ok(Err(TokenError::Options(error)))) => Err(error.at(&shown)),
            Ok(Ok(Ok(granted))) => header(&granted, &shown),
            Ok(Ok(Err(TokenError::NoAnswer(why)))) => Err(Error::Reconnect(format!("{shown}: {why}"))),
            Ok(Ok(Err(TokenError::Refused(refusal)))) => Err(self.error(&refusal, pause, &shown)),
        }
    }

    async fn form(&self) -> Result<Form> {
        let mut form = Form::new("client_credentials");
        form.add("client_id", &self.client_id);
        form.add("scope", &self.scope);
        match &self.credential {
            Credential::Secret(secret) => form.add("client_secret", secret.expose_secret()),
            Credential::Certificate(file) => {
                // Read each time, as it may be replaced while the program runs.
                let about = |why: &str| format!("client_certificate {} {why}", file.display());
                let pem = files::read(file, FILE_LIMIT).await.map_err(|unread| match &unread {
                    ReadError::Failed(why) => Error::Refused(about(why)),
                    ReadError::Hangs(why) => Error::Reconnect(about(why)),
                })?;
                let made = assertion(&pem, &self.client_id, self.url.as_str());
                let made = made.map_err(|why| Error::Refused(about(&why)))?;
                form.add("client_assertion_type", "urn:ietf:params:oauth:client-assertion-type:jwt-bearer");
                form.add("client_assertion", &made);
            }
        }
        Ok(form)
    }

    fn error(&self, refusal: &Refusal, pause: &mut Backoff, shown: &str) -> Error {
        let status = refusal.status;
        let reason = printable(&self.without_secret(&reason(refusal)), SHOWN);
        match status {
            429 | 503 | 504 | 509 => {
                // The server cannot ask for a shorter pause than our own.
                let retry_after = pause.delay().max(refusal.retry_after.unwrap_or_default());
                let error = format!("{shown} answered {status}");
                self.progress.throttled();
                self.log.info(
                    "Too many requests, backing off...",
                    &[("backoff_s", seconds(retry_after)), ("error", error.into())],
                );
                Error::Throttled { what: format!("{shown}: it answered {status}: {reason}"), retry_after }
            }
            400..=499 => Error::Refused(format!(
                "{shown}: it gives no token to client {}: {reason}; check tenant_id, client_id and {}",
                printable(&self.client_id, SHOWN),
                match self.credential {
                    Credential::Secret(_) => "client_secret",
                    Credential::Certificate(_) => "client_certificate",
                }
            )),
            200 => Error::Reconnect(format!("{shown}: the answer 200 holds no access_token: {reason}")),
            _ => Error::Reconnect(format!("{shown}: it answered {status}: {reason}")),
        }
    }
}

/// What the answer says. An answer of 200 may hold a token although it was not understood, so none of it is shown if it is
/// JSON.
fn reason(refusal: &Refusal) -> String {
    if refusal.status == 200 {
        return match refusal.body.trim_ascii_start().first() {
            Some(b'{') => "not shown, as it may hold a token".to_owned(),
            _ => excerpt(&refusal.body),
        };
    }
    if refusal.error.is_empty() {
        return excerpt(&refusal.body);
    }
    // The lines after the first, and the trace id, name the request and help nobody here.
    let description = refusal.description.split(['\r', '\n']).next().unwrap_or_default();
    format!("{}: {}", refusal.error, description.split(" Trace ID:").next().unwrap_or_default())
}

/// The `Authorization` header of a token, and the lifetime of both.
fn header(granted: &Granted, shown: &str) -> Result<(HeaderValue, Duration)> {
    let bearer = Zeroizing::new(format!("Bearer {}", granted.access_token.expose_secret()));
    let mut header = HeaderValue::from_str(&bearer).map_err(|_| {
        Error::Reconnect(format!("{shown}: the access_token holds characters that cannot be sent in a header"))
    })?;
    header.set_sensitive(true);
    Ok((header, granted.lifetime.unwrap_or(LIFETIME).max(SHORTEST_LIFETIME)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn granted(token: &str, lifetime: Option<u64>) -> Granted {
        let lifetime = lifetime.map(Duration::from_secs);
        Granted { access_token: token.to_owned().into(), refresh_token: None, lifetime }
    }

    #[test]
    fn a_token_lives_as_long_as_the_answer_says_and_is_never_shown() {
        for (said, lifetime) in [(Some(7), 7), (None, 3600), (Some(0), 1)] {
            assert_eq!(header(&granted("hidden", said), "x").unwrap().1, Duration::from_secs(lifetime));
        }
        let (header, _) = header(&granted("hidden", None), "x").unwrap();
        assert_eq!(header.to_str().unwrap(), "Bearer hidden");
        assert!(header.is_sensitive() && !format!("{header:?}").contains("hidden"));
        let error = super::header(&granted("hidden\n", None), "x").unwrap_err().to_string();
        assert!(error.contains("access_token") && !error.contains("hidden"), "{error}");
    }

    #[test]
    fn an_answer_that_may_hold_a_token_is_not_shown() {
        let reason = |status, body: &str| {
            let body = Zeroizing::new(body.as_bytes().to_vec());
            reason(&Refusal { status, error: String::new(), description: String::new(), retry_after: None, body })
        };
        for nonsense in [r#"{"access_token":"hidden"#, r#" {"access_token":["hidden"]}"#, "{}"] {
            assert_eq!(reason(200, nonsense), "not shown, as it may hold a token");
        }
        assert_eq!(reason(200, "<html>"), "\"<html>\"");
        assert_eq!(reason(500, "{}"), "\"{}\"");
    }
}
