//! Everything that requests about one mailbox share: addresses, HTTP, tokens, throttling. Words the errors. `ask` and `send`
//! add the requests.

use std::sync::Arc;
use std::time::Duration;

use base64::prelude::{BASE64_URL_SAFE_NO_PAD, Engine};

use super::address::Address;
use super::failures::Failures;
use super::throttle::{Permit, Throttle};
use super::token::Tokens;
use crate::error::{Error, Result};
use crate::limits::backoff::seconds;
use crate::observe::log::Log;
use crate::observe::progress::Progress;
use crate::transport::http::{self, Http};

/// An answer whose body is still to be read. It counts as a request in flight until it is dropped.
pub(super) struct Answer {
    pub(super) response: http::Answer,
    pub(super) _permit: Permit,
}

impl Answer {
    pub(super) fn status(&self) -> u16 {
        self.response.status.as_u16()
    }

    /// Reads the body and ignores it.
    pub(super) async fn drain(self) {
        self.response.drain().await;
    }
}

/// The client of one mailbox. Outlives sessions.
pub(crate) struct Client {
    pub(super) address: Address,
    pub(super) log: Log,
    pub(super) failures: Failures,
    pub(super) http: Http,
    pub(super) tokens: Tokens,
    pub(super) throttle: Arc<Throttle>,
    progress: Arc<Progress>,
}

impl Client {
    pub(super) fn new(
        address: Address,
        http: Http,
        tokens: Tokens,
        throttle: Arc<Throttle>,
        (log, progress): (Log, Arc<Progress>),
    ) -> Self {
        Self { address, log, failures: Failures::default(), http, tokens, throttle, progress }
    }

    /// Gets a token, so that wrong credentials are the first error to show.
    pub(super) async fn log_in(&self) -> Result<()> {
        self.tokens.get().await.map(drop)
    }

    /// The permissions in the token, if it can be read: its format is Graph's own business.
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

    /// Sends nothing for as long as an answer asks for.
    pub(super) fn hold(&self, status: u16, retry_after: Option<Duration>) {
        if let Some(pause) = self.throttle.hold(retry_after) {
            self.progress.throttled();
            let error = format!("{} answered {status}", self.address.host());
            let fields = [("backoff_s", seconds(pause)), ("error", error.into())];
            self.log.info("Too many requests, backing off...", &fields);
        }
    }

    /// Notes when the certificate of whoever answered expires.
    pub(super) fn note_certificate(&self) {
        if let Some(expires) = self.http.certificate_expiry() {
            self.progress.certificate(expires);
        }
    }

    /// The error for a server that fails: connect again later.
    pub(super) fn reconnect(&self, why: &str) -> Error {
        Error::Reconnect(format!("{}: {}", self.address.host(), self.tokens.without_secret(why)))
    }

    /// The error if somebody has to change something.
    pub(super) fn refused(&self, why: &str) -> Error {
        Error::Refused(format!(
            "{}: {}; check that the app has the permission Mail.ReadWrite (application) for this mailbox, and that tenant_id \
             is its tenant",
            self.address.host(),
            self.tokens.without_secret(why)
        ))
    }
}
