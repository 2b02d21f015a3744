//! Sends one request until there is an answer for the caller: again with a new token, after a pause, after a broken
//! connection, as far as the request has patience for it.

use std::time::Duration;

use reqwest::Response;
use reqwest::header::{AUTHORIZATION, CONTENT_TYPE};
use tokio::time::timeout;

use super::answer::{self, SILENCE};
use super::client::{Answer, Client};
use super::lane::Place;
use super::request::Request;
use super::token::Token;
use crate::error::Error;
use crate::limits::backoff::Backoff;
use crate::transport::http;

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
pub(super) enum Miss {
    /// Graph did not answer this request, though it could be reached; in plain words.
    Unanswered(String),
    Error(Error),
}

impl From<Error> for Miss {
    fn from(error: Error) -> Self {
        Self::Error(error)
    }
}

/// What is known of one request so far.
struct Tries {
    again: Backoff,
    failed: u32,
    too_much: u32,
    renewed: bool,
    /// Tries of a request that is answered with a server's error.
    most: u32,
    /// An answer of "too much" is about one message, and holds up nobody else.
    own: bool,
    /// How long an answer may take.
    within: Duration,
}

impl Client {
    /// The first answer that is for the caller: whatever is neither the token's fault nor too much.
    pub(super) async fn attempt(&self, request: &Request) -> Result<Answer, Miss> {
        let brief = request.about.as_ref().and_then(|id| self.troubles.patience(id));
        let mut tries = Tries {
            again: Backoff::new(AGAIN.0, AGAIN.1),
            failed: 0,
            too_much: 0,
            renewed: false,
            most: if request.once || brief.is_some() { 1 } else { TRIES },
            own: brief.is_some(),
            within: brief.unwrap_or(SILENCE),
        };
        loop {
            let token = self.tokens.get().await?;
            let place = match self.lane.enter(request.alone, PATIENCE).await {
                Ok(place) => place,
                Err(left) if tries.too_much == 0 => return Err(self.throttled("it wants to be left alone", left)),
                Err(left) => return Err(self.too_much(request, "it wants to be left alone", left)),
            };
            match self.send(request, &token, tries.within).await {
                Ok(response) => {
                    if let Some(answer) = self.judge(request, response, place, &token, &mut tries).await? {
                        return Ok(answer);
                    }
                }
                Err(unsent) => {
                    drop(place);
                    self.unsent(unsent, &mut tries).await?;
                }
            }
        }
    }

    /// There was no answer. Returns when it is time for another try.
    async fn unsent(&self, unsent: Unsent, tries: &mut Tries) -> Result<(), Miss> {
        tries.failed += 1;
        match unsent {
            // Asking for less helps nobody who cannot be reached.
            Unsent::Unconnected(why) if tries.failed >= TRIES => return Err(self.reconnect(&why).into()),
            Unsent::Broken(why) if tries.failed >= tries.most => return Err(Miss::Unanswered(why)),
            // That was long enough to wait.
            Unsent::Late => {
                return Err(Miss::Unanswered(format!("no answer within {} s", tries.within.as_secs())));
            }
            _ => tokio::time::sleep(tries.again.delay()).await,
        }
        Ok(())
    }

    /// The answer, if it is for the caller; `None` when it is time for another try.
    async fn judge(
        &self,
        request: &Request,
        mut response: Response,
        place: Place,
        token: &std::sync::Arc<Token>,
        tries: &mut Tries,
    ) -> Result<Option<Answer>, Miss> {
        let status = response.status().as_u16();
        let retry_after = http::retry_after(response.headers());
        match status {
            401 if !tries.renewed => {
                tries.renewed = true;
                http::drain(response).await;
                drop(place);
                self.tokens.forget(token).await;
                return Ok(None);
            }
            401 if request.about.is_none() => {
                return Err(self.refused(&answer::failure(&mut response).await).into());
            }
            429 | 503 | 504 | 509 if tries.own => {
                if let (Some(id), Some(pause)) = (&request.about, retry_after) {
                    self.troubles.hold(id, pause);
                }
            }
            // It may be this request, and others go better.
            503 | 504 if tries.too_much + 1 >= tries.most => {
                if !request.once || retry_after.is_some() {
                    self.hold(status, retry_after);
                }
            }
            429 | 503 | 504 | 509 => {
                self.hold(status, retry_after);
                http::drain(response).await;
                drop(place);
                tries.too_much += 1;
                if tries.too_much >= PATIENT_TRIES {
                    let why = format!("it answered {status} {} times", tries.too_much);
                    return Err(self.too_much(request, &why, self.lane.left()));
                }
                return Ok(None);
            }
            408 | 425 | 500 | 502 if tries.failed + 1 < tries.most => {
                if retry_after.is_some() {
                    self.hold(status, retry_after);
                }
                http::drain(response).await;
                drop(place);
                tries.failed += 1;
                tokio::time::sleep(tries.again.delay()).await;
                return Ok(None);
            }
            _ => self.lane.went_well(),
        }
        Ok(Some(Answer { response, _place: place }))
    }

    async fn send(&self, request: &Request, token: &Token, within: Duration) -> Result<Response, Unsent> {
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

    /// As [`throttled`](Self::throttled), and noted about the message whose request it was.
    fn too_much(&self, request: &Request, why: &str, left: Duration) -> Miss {
        if let Some(id) = &request.about {
            self.troubles.failed(id);
        }
        self.throttled(why, left)
    }

    fn throttled(&self, why: &str, left: Duration) -> Miss {
        Error::Throttled { what: format!("{}: {why}", self.address.host()), retry_after: left.max(PAUSE) }.into()
    }
}
