//! Sends requests to Graph, and again where that is the remedy: with a new token, after a pause, after a broken
//! connection. What an answer means for a message is decided by who asks.

use std::sync::Arc;
use std::time::Duration;

use base64::prelude::{BASE64_URL_SAFE_NO_PAD, Engine};
use reqwest::Response;
use reqwest::header::{AUTHORIZATION, CONTENT_TYPE};
use serde::de::DeserializeOwned;
use tokio::time::timeout;

use super::address::Address;
use super::answer::{self, SILENCE};
use super::lane::{Lane, Place};
use super::request::Request;
use super::token::{Token, Tokens};
use super::trouble::Troubles;
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
/// A mailbox that was told to stay away stays away for this long at least.
const PAUSE: Duration = Duration::from_secs(1);

/// Why there is no answer.
enum Unsent {
    Late,
    /// There was no connection to send it over; in plain words.
    Unconnected(String),
    /// In plain words.
    Broken(String),
}

/// Why [`Client::attempt`] has no answer for the caller.
enum Miss {
    /// Graph did not answer this request, though it could be reached; in plain words.
    Unanswered(String),
    Error(Error),
}

impl From<Error> for Miss {
    fn from(error: Error) -> Self {
        Self::Error(error)
    }
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
    pub(super) troubles: Troubles,
    http: Arc<Http>,
    tokens: Tokens,
    lane: Arc<Lane>,
}

impl Client {
    pub(super) fn new(address: Address, http: Arc<Http>, tokens: Tokens, lane: Arc<Lane>, log: Log) -> Self {
        Self { address, log, troubles: Troubles::default(), http, tokens, lane }
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
        self.attempt(request).await.map_err(|miss| match miss {
            Miss::Unanswered(why) => self.reconnect(&why),
            Miss::Error(error) => error,
        })
    }

    /// Asks for a page or the like.
    ///
    /// # Errors
    /// As [`ask`](Self::ask); and `Ok(Err(_))` for a status that is no success and for an answer that did not come or broke
    /// off, in words.
    pub(super) async fn ask_json<T: DeserializeOwned>(
        &self,
        request: &Request,
        limit: usize,
    ) -> Result<std::result::Result<T, Unsuccessful>> {
        let mut answer = match self.attempt(request).await {
            Ok(answer) => answer,
            Err(Miss::Unanswered(words)) => return Ok(Err(Unsuccessful { status: None, words })),
            Err(Miss::Error(error)) => return Err(error),
        };
        let status = answer.status();
        if !(200..=299).contains(&status) {
            let words = answer::failure(&mut answer.response).await;
            return Ok(Err(Unsuccessful { status: Some(status), words }));
        }
        match answer::read(&mut answer.response, limit).await {
            Ok(body) => answer::json(status, &body).map(Ok).map_err(|why| self.reconnect(&why)),
            Err(words) => Ok(Err(Unsuccessful { status: None, words })),
        }
    }

    async fn attempt(&self, request: &Request) -> std::result::Result<Answer, Miss> {
        let mut again = Backoff::new(AGAIN.0, AGAIN.1);
        let (mut failed, mut too_much, mut renewed) = (0_u32, 0_u32, false);
        // What is known to be one message's own trouble holds up nobody else.
        let brief = request.about.as_ref().and_then(|id| self.troubles.patience(id));
        let within = brief.unwrap_or(SILENCE);
        let tries = if request.once || brief.is_some() { 1 } else { TRIES };
        loop {
            let token = self.tokens.get().await?;
            let place = match self.lane.enter(request.alone, PATIENCE).await {
                Ok(place) => place,
                Err(left) if too_much == 0 => return Err(self.throttled("it wants to be left alone", left).into()),
                Err(left) => return Err(self.too_much(request, "it wants to be left alone", left)),
            };
            let mut response = match self.send(request, &token, within).await {
                Ok(response) => response,
                Err(unsent) => {
                    drop(place);
                    failed += 1;
                    match unsent {
                        // Asking for less helps nobody who cannot be reached.
                        Unsent::Unconnected(why) if failed >= TRIES => return Err(self.reconnect(&why).into()),
                        Unsent::Broken(why) if failed >= tries => return Err(Miss::Unanswered(why)),
                        // That was long enough to wait.
                        Unsent::Late => {
                            return Err(Miss::Unanswered(format!("no answer within {} s", within.as_secs())));
                        }
                        _ => tokio::time::sleep(again.delay()).await,
                    }
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
                401 if request.about.is_none() => {
                    return Err(self.refused(&answer::failure(&mut response).await).into());
                }
                429 | 503 | 504 | 509 if brief.is_some() => {
                    if let (Some(id), Some(pause)) = (&request.about, retry_after) {
                        self.troubles.hold(id, pause);
                    }
                    return Ok(Answer { response, _place: place });
                }
                // It may be this request, and others go better.
                503 | 504 if too_much + 1 >= tries => {
                    if !request.once || retry_after.is_some() {
                        self.hold(status, retry_after);
                    }
                    return Ok(Answer { response, _place: place });
                }
                429 | 503 | 504 | 509 => {
                    self.hold(status, retry_after);
                    http::drain(response).await;
                    drop(place);
                    too_much += 1;
                    if too_much >= PATIENT_TRIES {
                        let why = format!("it answered {status} {too_much} times");
                        return Err(self.too_much(request, &why, self.lane.left()));
                    }
                }
                408 | 425 | 500 | 502 if failed + 1 < tries => {
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

    async fn send(&self, request: &Request, token: &Token, within: Duration) -> std::result::Result<Response, Unsent> {
        let client = self.http.client().await.map_err(|error| Unsent::Unconnected(error.to_string()))?;
        let mut builder =
            client.request(request.method.clone(), request.url.clone()).header(AUTHORIZATION, token.header.clone());
        if let Some(prefer) = request.prefer {
            builder = builder.header("Prefer", prefer);
        }
        if let Some(body) = &request.body {
            builder = builder.header(CONTENT_TYPE, "application/json").body(body.clone());
        }
        match timeout(within, builder.send()).await {
            Ok(Err(error)) if error.is_connect() => Err(Unsent::Unconnected(http::in_words(&error))),
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

    /// As [`throttled`](Self::throttled), and noted about the message whose request it was.
    fn too_much(&self, request: &Request, why: &str, left: Duration) -> Miss {
        if let Some(id) = &request.about {
            self.troubles.failed(id);
        }
        self.throttled(why, left).into()
    }

    fn throttled(&self, why: &str, left: Duration) -> Error {
        Error::Throttled { what: format!("{}: {why}", self.address.host()), retry_after: left.max(PAUSE) }
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

/// An answer that is no success, or none at all.
#[derive(Debug)]
pub(super) struct Unsuccessful {
    /// `None`: there was no answer, or not the whole of it.
    pub(super) status: Option<u16>,
    /// Status, code and message, fit for a log.
    pub(super) words: String,
}

impl Unsuccessful {
    /// What it means where a whole folder or mailbox was asked for.
    pub(super) fn error(&self, client: &Client) -> Error {
        match self.status {
            Some(401 | 403) => client.refused(&self.words),
            Some(400..=499) => {
                Error::Refused(format!("{}: {}; check email and name", client.address.host(), self.words))
            }
            _ => client.reconnect(&self.words),
        }
    }
}
