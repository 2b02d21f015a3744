//! Sends one request until there is an answer for the caller. Retries with a new token, after a pause, and after a broken
//! connection, as often as the request allows.

use std::time::Duration;

use hyper::header::{AUTHORIZATION, CONTENT_TYPE, HeaderMap, HeaderValue};
use tokio::time::Instant;

use super::answer::{self, SILENCE};
use super::client::{Answer, Client};
use super::request::Request;
use super::throttle::Permit;
use super::token::Token;
use crate::error::Error;
use crate::limits::backoff::Backoff;
use crate::transport::http;

/// Tries of one request that fails or gets a server error.
const TRIES: u32 = 3;
/// Backoff between them, first and longest.
const AGAIN: (Duration, Duration) = (Duration::from_millis(500), Duration::from_secs(2));
/// Tries of one request that is throttled, if the whole mailbox is.
const PATIENT_TRIES: u32 = 5;
/// The longest pause to wait for with messages in memory and claims held.
const PATIENCE: Duration = Duration::from_secs(5);
/// The shortest pause of a throttled mailbox.
const PAUSE: Duration = Duration::from_secs(1);

/// Why one try got no answer. The texts say it in plain words.
enum Unsent {
    /// No answer in time.
    Late,
    /// No connection.
    Unconnected(String),
    /// The connection broke.
    Broken(String),
}

/// Why [`Client::send`] has no answer for the caller.
pub(super) enum NoAnswer {
    /// Graph could be reached, but did not answer this request. The text says why.
    Unanswered(String),
    Error(Error),
}

impl From<Error> for NoAnswer {
    fn from(error: Error) -> Self {
        Self::Error(error)
    }
}

/// The tries of one request so far.
struct Tries {
    again: Backoff,
    failed: u32,
    too_much: u32,
    renewed: bool,
    /// The most tries of a request that gets a server error.
    most: u32,
    /// Throttling is about one message, and does not delay others.
    own: bool,
    /// Successes of the mailbox at the end of the pause that this request was refused before.
    others: Option<u64>,
    /// How long an answer may take.
    within: Duration,
}

impl Client {
    /// The first answer for the caller: any that is neither about the token nor about throttling.
    pub(super) async fn send(&self, request: &Request) -> Result<Answer, NoAnswer> {
        let brief = request.about.as_ref().and_then(|id| self.failures.patience(id));
        let mut tries = Tries {
            again: Backoff::new(AGAIN.0, AGAIN.1),
            failed: 0,
            too_much: 0,
            renewed: false,
            most: if request.once || brief.is_some() { 1 } else { TRIES },
            own: brief.is_some(),
            others: None,
            within: brief.unwrap_or(SILENCE),
        };
        loop {
            let token = self.tokens.get().await?;
            if tries.too_much > 0 {
                self.throttle.yield_to_others(PATIENCE).await;
                tries.others.get_or_insert(self.throttle.successes());
            }
            let permit = match self.throttle.enter(request.alone, PATIENCE).await {
                Ok(permit) => permit,
                Err(left) if tries.too_much == 0 => return Err(self.throttled("it asked for a pause", left)),
                Err(left) => return Err(self.too_much(request, "it asked for a pause", left)),
            };
            match self.send_once(request, &token, tries.within).await {
                Ok(response) => {
                    if let Some(answer) = self.judge(request, response, permit, &token, &mut tries).await? {
                        return Ok(answer);
                    }
                }
                Err(unsent) => {
                    drop(permit);
                    self.unsent(unsent, &mut tries).await?;
                }
            }
        }
    }

    /// Handles a try without an answer. Returns when it is time for the next.
    async fn unsent(&self, unsent: Unsent, tries: &mut Tries) -> Result<(), NoAnswer> {
        tries.failed += 1;
        match unsent {
            // Asking for less does not help if the server cannot be reached.
            Unsent::Unconnected(why) if tries.failed >= TRIES => return Err(self.reconnect(&why).into()),
            Unsent::Broken(why) if tries.failed >= tries.most => return Err(NoAnswer::Unanswered(why)),
            // The time for this request is used up.
            Unsent::Late => {
                return Err(NoAnswer::Unanswered(format!("no answer within {} s", tries.within.as_secs())));
            }
            _ => tokio::time::sleep(tries.again.delay()).await,
        }
        Ok(())
    }

    /// The answer, if it is for the caller; `None` when it is time for the next try.
    async fn judge(
        &self,
        request: &Request,
        mut response: http::Answer,
        permit: Permit,
        token: &std::sync::Arc<Token>,
        tries: &mut Tries,
    ) -> Result<Option<Answer>, NoAnswer> {
        let status = response.status.as_u16();
        let retry_after = http::retry_after(&response.headers);
        match status {
            401 if !tries.renewed => {
                tries.renewed = true;
                response.drain().await;
                drop(permit);
                self.tokens.forget(token).await;
                return Ok(None);
            }
            401 if request.about.is_none() => {
                return Err(self.refused(&answer::failure(&mut response).await).into());
            }
            429 | 503 | 504 | 509 if tries.own || self.others_succeed(request, tries) => {
                if let (Some(id), Some(pause)) = (&request.about, retry_after) {
                    self.failures.hold(id, pause);
                }
            }
            // Other requests may succeed.
            503 | 504 if tries.too_much + 1 >= tries.most => {
                if !request.once || retry_after.is_some() {
                    self.hold(status, retry_after);
                }
            }
            429 | 503 | 504 | 509 => {
                self.hold(status, retry_after);
                response.drain().await;
                drop(permit);
                tries.too_much += 1;
                if tries.too_much >= PATIENT_TRIES {
                    let why = format!("it answered {status} {} times", tries.too_much);
                    return Err(self.too_much(request, &why, self.throttle.left()));
                }
                return Ok(None);
            }
            408 | 425 | 500 | 502 if tries.failed + 1 < tries.most => {
                if retry_after.is_some() {
                    self.hold(status, retry_after);
                }
                response.drain().await;
                drop(permit);
                tries.failed += 1;
                tokio::time::sleep(tries.again.delay()).await;
                return Ok(None);
            }
            _ => self.throttle.succeeded(),
        }
        Ok(Some(Answer { response, _permit: permit }))
    }

    /// Whether other requests of the mailbox have succeeded since this one was refused and the pause ended. If so, Graph
    /// throttles the message and not the mailbox.
    fn others_succeed(&self, request: &Request, tries: &Tries) -> bool {
        request.about.is_some() && tries.others.is_some_and(|before| self.throttle.successes() > before)
    }

    async fn send_once(&self, request: &Request, token: &Token, within: Duration) -> Result<http::Answer, Unsent> {
        let mut headers = HeaderMap::from_iter([(AUTHORIZATION, token.header.clone())]);
        if let Some(prefer) = request.prefer {
            headers.insert("prefer", HeaderValue::from_static(prefer));
        }
        if request.body.is_some() {
            headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        }
        let (method, body) = (request.method.clone(), request.body.clone().unwrap_or_default());
        match self.http.send(method, &request.url, headers, body, Instant::now() + within).await {
            Ok(answer) => {
                self.note_certificate();
                Ok(answer)
            }
            Err(http::NoAnswer::Broken(why)) => Err(Unsent::Broken(why)),
            Err(http::NoAnswer::Late) => Err(Unsent::Late),
            Err(why) => Err(Unsent::Unconnected(why.to_string())),
        }
    }

    /// As [`throttled`](Self::throttled). Also counts a failure of the message that the request is about.
    fn too_much(&self, request: &Request, why: &str, left: Duration) -> NoAnswer {
        if let Some(id) = &request.about {
            self.failures.failed(id);
        }
        self.throttled(why, left)
    }

    fn throttled(&self, why: &str, left: Duration) -> NoAnswer {
        Error::Throttled { what: format!("{}: {why}", self.address.host()), retry_after: left.max(PAUSE) }.into()
    }
}
