//! Talks to Graph for one mailbox: asks, and words what goes wrong. `attempt` sends. What an answer means for a message is
//! decided by who asks.

use std::sync::Arc;
use std::time::Duration;

use base64::prelude::{BASE64_URL_SAFE_NO_PAD, Engine};
use reqwest::Response;
use serde::de::DeserializeOwned;

use super::address::Address;
use super::answer;
use super::attempt::Miss;
use super::lane::{Lane, Place};
use super::request::Request;
use super::token::Tokens;
use super::trouble::Troubles;
use crate::error::{Error, Result};
use crate::limits::backoff::seconds;
use crate::observe::log::Log;
use crate::transport::http::{self, Http};

/// An answer whose body is still to be read; it keeps its place in the lane until dropped.
pub(super) struct Answer {
    pub(super) response: Response,
    pub(super) _place: Place,
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
pub(crate) struct Client {
    pub(super) address: Address,
    pub(super) log: Log,
    pub(super) troubles: Troubles,
    pub(super) http: Arc<Http>,
    pub(super) tokens: Tokens,
    pub(super) lane: Arc<Lane>,
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
    pub(crate) async fn roles(&self) -> Result<Option<Vec<String>>> {
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

    /// Nothing is sent for as long as an answer asks for.
    pub(super) fn hold(&self, status: u16, retry_after: Option<Duration>) {
        if let Some(pause) = self.lane.hold(retry_after) {
            let error = format!("{} answered {status}", self.address.host());
            let fields = [("backoff_s", seconds(pause)), ("error", error.into())];
            self.log.info("Too many requests, backing off...", &fields);
        }
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
