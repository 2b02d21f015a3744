//! Sends requests to Graph, and again where that is the remedy: with a new token, after a pause, after a broken
//! connection. What an answer means for a message is decided by who asks.

use std::sync::Arc;
use std::time::Duration;

use base64::prelude::{BASE64_URL_SAFE_NO_PAD, Engine};
use bytes::Bytes;
use reqwest::header::{AUTHORIZATION, CONTENT_TYPE};
use reqwest::{Method, Response, Url};
use serde::de::DeserializeOwned;
use tokio::time::timeout;

use super::address::Address;
use super::answer::{self, SILENCE};
use super::lane::{Lane, Place};
use super::token::{Token, Tokens};
use crate::backoff::{Backoff, seconds};
use crate::error::{Error, Result};
use crate::http::{self, Http};
use crate::journal::Log;

/// Tries of one request that fails or is answered with a server's error.
const TRIES: u32 = 3;
/// Between them, first and longest.
const AGAIN: (Duration, Duration) = (Duration::from_millis(500), Duration::from_secs(2));
/// Tries of one request that is too much, if it is too much for the mailbox.
const PATIENT_TRIES: u32 = 5;
/// A pause longer than this is not waited for with messages in memory and claims held.
const PATIENCE: Duration = Duration::from_secs(5);

/// One request.
#[derive(Debug, Clone)]
pub(super) struct Request {
    method: Method,
    url: Url,
    body: Option<Bytes>,
    prefer: Option<&'static str>,
    alone: bool,
}

impl Request {
    /// A request without a body.
    pub(super) fn new(method: Method, url: Url) -> Self {
        Self { method, url, body: None, prefer: None, alone: false }
    }

    /// With a body of JSON.
    pub(super) fn json(self, body: &serde_json::Value) -> Self {
        Self { body: Some(body.to_string().into()), ..self }
    }

    /// With a preference (RFC 7240).
    pub(super) fn prefer(self, prefer: &'static str) -> Self {
        Self { prefer: Some(prefer), ..self }
    }

    /// While no other is on its way.
    pub(super) fn alone(self) -> Self {
        Self { alone: true, ..self }
    }
}

/// Why there is no answer.
enum Unsent {
    Late,
    /// In plain words.
    Broken(String),
}

/// An answer whose body is still to be read; it keeps its place in the lane until dropped.
pub(super) struct Answer {
    pub(super) response: Response,
    _place: Place,
}

impl Answer {
    pub(super) fn status(&self) -> u16 {
        self.response.status().as_u16()
    }

    /// Reads what nobody wants.
    pub(super) async fn drain(self) {
        http::drain(self.response).await;
    }
}

/// Talks to Graph for one mailbox, also across sessions.
pub(super) struct Client {
    pub(super) address: Address,
    pub(super) log: Log,
    http: Arc<Http>,
    tokens: Tokens,
    lane: Arc<Lane>,
}

impl Client {
    pub(super) fn new(address: Address, http: Arc<Http>, tokens: Tokens, lane: Arc<Lane>, log: Log) -> Self {
        Self { address, log, http, tokens, lane }
    }

    /// Gets a token, so that refused credentials show before anything else.
    pub(super) async fn log_in(&self) -> Result<()> {
        self.tokens.get().await.map(drop)
    }

    /// What the token says that the app may do, where it can be read: it is Graph's, and need not tell us anything.
    ///
    /// # Errors
    /// As [`log_in`](Self::log_in).
    pub(super) async fn roles(&self) -> Result<Option<Vec<String>>> {
        #[derive(serde::Deserialize)]
        struct Claims {
            roles: Vec<String>,
        }
        let token = self.tokens.get().await?;
        let payload = token.header.to_str().ok().and_then(|token| token.split('.').nth(1));
        let claims = payload.and_then(|payload| BASE64_URL_SAFE_NO_PAD.decode(payload).ok());
        Ok(claims.and_then(|claims| serde_json::from_slice::<Claims>(&claims).ok()).map(|claims| claims.roles))
    }

    /// Asks until there is an answer that is for the caller: whatever is neither the token's fault nor too much.
    ///
    /// # Errors
    /// [`Error::Refused`], [`Error::Throttled`], [`Error::Reconnect`].
    pub(super) async fn ask(&self, request: &Request) -> Result<Answer> {
        let mut again = Backoff::new(AGAIN.0, AGAIN.1);
        let (mut failed, mut too_much, mut renewed) = (0_u32, 0_u32, false);
        loop {
            let token = self.tokens.get().await?;
            let place = match self.lane.enter(request.alone, PATIENCE).await {
                Ok(place) => place,
                Err(left) => return Err(self.throttled("it wants to be left alone", left)),
            };
            let mut response = match self.send(request, &token).await {
                Ok(response) => response,
                // A minute was long enough to wait.
                Err(Unsent::Late) => {
                    return Err(self.reconnect(&format!("no answer within {} s", SILENCE.as_secs())));
                }
                Err(Unsent::Broken(why)) => {
                    drop(place);
                    failed += 1;
                    if failed >= TRIES {
                        return Err(self.reconnect(&why));
                    }
                    tokio::time::sleep(again.delay()).await;
                    continue;
                }
            };
            let status = response.status().as_u16();
            let retry_after = http::retry_after(response.headers());
            match status {
                401 if !renewed => {
                    renewed = true;
                    http::drain(response).await;
                    drop(place);
                    self.tokens.forget(&token).await;
                }
                401 => return Err(self.refused(&answer::failure(&mut response).await)),
                // Three times: it may be this request, and others go better.
                503 | 504 if too_much + 1 >= TRIES => {
                    self.hold(status, retry_after);
                    return Ok(Answer { response, _place: place });
                }
                429 | 503 | 504 | 509 => {
                    self.hold(status, retry_after);
                    http::drain(response).await;
                    drop(place);
                    too_much += 1;
                    if too_much >= PATIENT_TRIES {
                        return Err(self.throttled(&format!("it answered {status} {too_much} times"), self.lane.left()));
                    }
                }
                408 | 425 | 500 | 502 if failed + 1 < TRIES => {
                    if retry_after.is_some() {
                        self.hold(status, retry_after);
                    }
                    http::drain(response).await;
                    drop(place);
                    failed += 1;
                    tokio::time::sleep(again.delay()).await;
                }
                _ => {
                    self.lane.went_well();
                    return Ok(Answer { response, _place: place });
                }
            }
        }
    }

    /// Asks for a page or the like.
    ///
    /// # Errors
    /// As [`ask`](Self::ask); and `Ok(Err(_))` for a status that is no success, in words.
    pub(super) async fn ask_json<T: DeserializeOwned>(
        &self,
        request: &Request,
        limit: usize,
    ) -> Result<std::result::Result<T, Unsuccessful>> {
        let mut answer = self.ask(request).await?;
        let status = answer.status();
        if !(200..=299).contains(&status) {
            return Ok(Err(Unsuccessful { status, words: answer::failure(&mut answer.response).await }));
        }
        answer::json(&mut answer.response, limit).await.map(Ok).map_err(|error| self.reconnect(&error.to_string()))
    }

    async fn send(&self, request: &Request, token: &Token) -> std::result::Result<Response, Unsent> {
        let client = self.http.client().await.map_err(|error| Unsent::Broken(error.to_string()))?;
        let mut builder =
            client.request(request.method.clone(), request.url.clone()).header(AUTHORIZATION, token.header.clone());
        if let Some(prefer) = request.prefer {
            builder = builder.header("Prefer", prefer);
        }
        if let Some(body) = &request.body {
            builder = builder.header(CONTENT_TYPE, "application/json").body(body.clone());
        }
        match timeout(SILENCE, builder.send()).await {
            Ok(sent) => sent.map_err(|error| Unsent::Broken(http::in_words(&error))),
            Err(_) => Err(Unsent::Late),
        }
    }

    /// Nothing is sent for as long as an answer asks for.
    pub(super) fn hold(&self, status: u16, retry_after: Option<Duration>) {
        if let Some(pause) = self.lane.hold(retry_after) {
            let error = format!("{} answered {status}", self.address.host());
            let fields = [("backoff_s", seconds(pause)), ("error", error.into())];
            self.log.info("Too many requests, backing off...", &fields);
        }
    }

    fn throttled(&self, why: &str, left: Duration) -> Error {
        Error::Throttled { what: format!("{}: {why}", self.address.host()), retry_after: left }
    }

    /// The server is in trouble: connect again later.
    pub(super) fn reconnect(&self, why: &str) -> Error {
        Error::Reconnect(format!("{}: {}", self.address.host(), self.tokens.without_secret(why)))
    }

    /// Somebody has to change something.
    pub(super) fn refused(&self, why: &str) -> Error {
        Error::Refused(format!(
            "{}: {}; check that the app has the permission Mail.ReadWrite (application) for this mailbox, and that tenant_id \
             is its tenant",
            self.address.host(),
            self.tokens.without_secret(why)
        ))
    }
}

/// An answer that is no success.
#[derive(Debug)]
pub(super) struct Unsuccessful {
    pub(super) status: u16,
    /// Status, code and message, fit for a log.
    pub(super) words: String,
}

impl Unsuccessful {
    /// What it means where a whole folder or mailbox was asked for.
    pub(super) fn error(&self, client: &Client) -> Error {
        match self.status {
            401 | 403 => client.refused(&self.words),
            400..=499 => Error::Refused(format!("{}: {}; check email and name", client.address.host(), self.words)),
            _ => client.reconnect(&self.words),
        }
    }
}
