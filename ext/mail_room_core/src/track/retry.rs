//! What follows when a message was not delivered: it is tried again later, left to another process, or set aside. Marks
//! nothing on the mail server.

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

/// Another process has claimed the message.
pub(crate) fn claim_lost(tracker: &Tracker, id: &MessageId) {
    tracker.claims.forget(std::iter::once(id));
    tracker.ledger().wait(id, Instant::now() + RETRY.0);
    tracker.progress.claim_lost();
    let fields = [
        ("uid", json!(id)),
        ("error", "another process has claimed the message since; it is left to that process".into()),
    ];
    tracker.log.line(Severity::Warn, "Claim lost", &fields);
}

/// What the target asked for.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Terms {
    /// Attempts after which the message is set aside, if fewer than `max_delivery_attempts`.
    pub(crate) tries: Option<u32>,
    /// How long to wait, if longer than the backoff.
    pub(crate) retry_after: Option<Duration>,
}

/// A delivery failed. The message is tried again later, or set aside if it failed too often. `action` is the action in the
/// log.
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
    // Failures from a time when the target was down must not lengthen the backoff.
    let times = if failure.counts { failure.counted } else { failure.failures };
    let doubling = 2_u32.saturating_pow(times.saturating_sub(1));
    let backoff = RETRY.0.saturating_mul(doubling).min(RETRY.1).max(terms.retry_after.unwrap_or_default());
    let most = tracker.max_attempts;
    let limit = terms.tries.unwrap_or(most).min(most);
    // Done before the first await: if this future is dropped, the message is not tried again too soon.
    tracker.ledger().wait(id, Instant::now() + backoff);
    tracker.claims.forget(std::iter::once(id));
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
        tracker.record_set_aside(
            id,
            &match terms.tries {
                Some(1) => format!("the target refused the message for good: {error}"),
                Some(tries) => format!("{tries} attempts failed; the last error: {error}"),
                None => format!("{attempts} attempts failed; the last error: {error}"),
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
