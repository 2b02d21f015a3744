//! What follows for a message that was not handed over after all: it is tried again later, left to somebody else, or set
//! aside. Marks nothing on the server.

use std::time::{Duration, Instant};

use serde_json::json;

use crate::error::{Error, Result};
use crate::message::MessageId;
use crate::observe::log::Severity;
use crate::source::Mark;
use crate::track::failures::Failure;
use crate::track::tracker::Tracker;

/// First and longest delay before a failed message is tried again.
const RETRY: (Duration, Duration) = (Duration::from_secs(1), Duration::from_secs(60));

/// Another process has the message.
pub(crate) fn lost(tracker: &Tracker, id: &MessageId) {
    tracker.forget_claims(std::iter::once(id));
    tracker.ledger().wait(id, Instant::now() + RETRY.0);
    let fields = [("uid", json!(id)), ("error", "another process has the message by now; left to it".into())];
    tracker.log.line(Severity::Warn, "Claim lost", &fields);
}

/// What the target asked for beside.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Terms {
    /// Tries after which the message is set aside, if these are fewer than `max_delivery_attempts`.
    pub(crate) tries: Option<u32>,
    /// How long to leave it alone, if that is longer than the backoff.
    pub(crate) retry_after: Option<Duration>,
}

/// A message was not taken. It is tried again later, unless it was tried too often. `action` is what the log calls it.
///
/// # Errors
/// [`Error::TargetDown`] if the arbiter cannot be told; the rest is done all the same.
pub(crate) async fn failed(
    tracker: &Tracker,
    scope: &str,
    id: &MessageId,
    action: &str,
    error: &Error,
    failure: Failure,
    terms: Terms,
) -> Result<()> {
    // What failed while the target was down says nothing about how long to wait now that it is up.
    let times = if failure.counts { failure.counted } else { failure.failures };
    let doubling = 2_u32.saturating_pow(times.saturating_sub(1));
    let backoff = RETRY.0.saturating_mul(doubling).min(RETRY.1).max(terms.retry_after.unwrap_or_default());
    let most = tracker.max_attempts;
    let limit = terms.tries.unwrap_or(most).min(most);
    // Before anything is waited for: should this process stop now, the message is not tried again too soon.
    tracker.ledger().wait(id, Instant::now() + backoff);
    tracker.forget_claims(std::iter::once(id));
    if failure.counts {
        tracker.progress.moved();
    }
    let noted = match failure.counts && limit < most {
        true => tracker.arbiter.refuse(scope, id, backoff, (limit, most)).await,
        false => tracker.arbiter.fail(scope, id, backoff, failure.counts).await,
    };
    let elsewhere = noted.as_ref().copied().unwrap_or(0);
    let attempts = if failure.counts { failure.counted.max(elsewhere) } else { failure.counted };
    if failure.counts && attempts >= limit {
        tracker.ledger().decided(id, Mark::SetAside);
        tracker.tell_set_aside(
            id,
            &match terms.tries {
                Some(1) => format!("refused for good: {error}"),
                Some(tries) => format!("{tries} tries failed, the last one so: {error}"),
                None => format!("{attempts} tries failed, the last one so: {error}"),
            },
        );
    } else {
        let fields = [
            ("uid", json!(id)),
            ("error", error.to_string().into()),
            ("attempts", attempts.into()),
            ("backoff_s", backoff.as_secs().into()),
        ];
        tracker.log.line(Severity::Error, action, &fields);
    }
    noted.map(drop)
}
