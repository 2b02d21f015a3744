//! Fetches messages as they were received (`$value`), as far as memory was reserved. Each takes a request of its own, so that
//! a failure affects one message only.

use std::time::Duration;

use futures_util::{StreamExt, stream};
use hyper::Method;
use hyper::header::{CONTENT_LENGTH, CONTENT_TYPE};
use tokio::time::timeout;

use super::answer::{self, SILENCE, excerpt};
use super::client::{Answer, Client};
use super::request::Request;
use super::size::Sizes;
use super::throttle::MAX_IN_FLIGHT;
use crate::error::{Error, Result};
use crate::message::MessageId;
use crate::observe::log::Severity;
use crate::source::Fetched;
use crate::transport::http;

/// Tries of one message whose body breaks off.
const TRIES: u32 = 3;
/// The pause between them.
const AGAIN: Duration = Duration::from_millis(500);
/// Octets per second that a message must arrive with after the first minute. Others wait for it.
const SLOWEST: u64 = 100 << 10;
/// Messages that fail before one succeeds, after which the others are not requested.
const SUSPICIOUS: usize = 8;

/// The outcome of a request for a message.
enum FetchResult {
    Body(Vec<u8>),
    /// Another client removed it.
    Gone,
    /// More octets than planned, and how many if that is known.
    Larger(Option<u64>),
    TooLarge,
    /// No message, and why. An error of the whole fetch only if all messages fail.
    Nothing(Error),
}

/// Why a message did not arrive whole, in plain words.
enum BodyError {
    Truncated(String),
    /// Others waited for long enough.
    Slow(String),
}

/// Fetches `ids` in order, as many at a time as the mailbox allows. A message that does not come is given as refused.
///
/// # Errors
/// If no message comes at all, and the messages are not known to be the cause.
pub(super) async fn fetch(
    client: &Client,
    sizes: &mut Sizes,
    ids: &[MessageId],
    limit: u64,
    sink: &mut (dyn FnMut(Fetched) + Send),
) -> Result<()> {
    let planned: Vec<_> = ids.iter().map(|id| (id.clone(), sizes.of(id))).collect();
    let requests = planned.into_iter().map(|(id, planned)| async move {
        let got = one(client, &id, planned.min(limit), limit).await;
        (id, got)
    });
    let mut answers = stream::iter(requests).buffered(MAX_IN_FLIGHT as usize);
    let (mut well, mut suspicious, mut failed) = (0_usize, 0_usize, Vec::new());
    while let Some((id, got)) = answers.next().await {
        match got? {
            FetchResult::Nothing(error) => {
                suspicious += usize::from(!client.failures.failed(&id));
                failed.push((id, error));
                // All messages fail: the others need not be tried one by one.
                if well == 0 && suspicious >= SUSPICIOUS {
                    break;
                }
                continue;
            }
            FetchResult::Gone => gone(client, &id),
            FetchResult::Body(body) => {
                client.failures.succeeded(&id);
                // An empty answer is not a message, unless Graph lists its size as 0.
                let arrived = !body.is_empty() || sizes.is_empty(&id);
                sink(if arrived { Fetched::Body(id, body) } else { Fetched::Nil(id) });
            }
            FetchResult::Larger(octets) => {
                let planned = sizes.larger(&id, octets);
                sink(Fetched::Larger(id, planned));
            }
            FetchResult::TooLarge => sink(Fetched::TooLarge(id)),
        }
        well += 1;
    }
    if let Some((_, error)) = failed.first()
        && well == 0
        && suspicious > 1
    {
        return Err(error.clone());
    }
    for (id, error) in failed {
        sink(Fetched::Refused(id, error.to_string()));
    }
    Ok(())
}

/// Logs a message that is listed again and again although it is gone. Another client may remove a message once.
fn gone(client: &Client, id: &MessageId) {
    let times = client.failures.missing(id);
    if times > 1 {
        let host = client.address.host();
        let error = format!(
            "{host}: it lists a message but answered {times} times that there is none; it is fetched again later"
        );
        let fields = [("uid", serde_json::json!(id)), ("error", error.into())];
        client.log.line(Severity::Warn, "Message not fetched", &fields);
    }
}

async fn one(client: &Client, id: &MessageId, planned: u64, limit: u64) -> Result<FetchResult> {
    let MessageId::Text(text) = id else { return Ok(FetchResult::Gone) };
    if let Some(left) = client.failures.held(id) {
        let why = format!("it asked for a pause for this message, {} s of which are left", left.as_secs().max(1));
        return Ok(FetchResult::Nothing(client.reconnect(&why)));
    }
    let request = Request::new(Method::GET, client.address.of(&["messages", text, "$value"])).about(id);
    let mut tries = if client.failures.patience(id).is_some() { TRIES } else { 1 };
    loop {
        let answer = match client.ask(&request).await {
            // Three tries of this message failed. Others may succeed.
            Err(error @ Error::Reconnect(_)) => return Ok(FetchResult::Nothing(error)),
            answer => answer?,
        };
        match understand(client, answer, planned, limit).await {
            Ok(got) => return Ok(got),
            Err(BodyError::Truncated(_)) if tries < TRIES => tokio::time::sleep(AGAIN).await,
            Err(BodyError::Truncated(words) | BodyError::Slow(words)) => {
                return Ok(FetchResult::Nothing(client.reconnect(&words)));
            }
        }
        tries += 1;
    }
}

async fn understand(
    client: &Client,
    mut answer: Answer,
    planned: u64,
    limit: u64,
) -> std::result::Result<FetchResult, BodyError> {
    match answer.status() {
        200 => {}
        404 | 410 => {
            answer.drain().await;
            return Ok(FetchResult::Gone);
        }
        status => {
            let words = answer::failure(&mut answer.response).await;
            return Ok(FetchResult::Nothing(if matches!(status, 401 | 403) {
                client.refused(&words)
            } else {
                client.reconnect(&words)
            }));
        }
    }
    let response = &mut answer.response;
    let kind = response.headers.get(CONTENT_TYPE).and_then(|kind| kind.to_str().ok()).unwrap_or_default();
    if ["text/html", "application/json"].iter().any(|page| kind.to_ascii_lowercase().starts_with(page)) {
        // Graph sends text/plain. This is a page of something in between, and not a message.
        let words = format!("it answered 200 with {}", answer::printable(kind, 50));
        let page = answer::read(response, answer::SMALL).await.unwrap_or_default();
        return Ok(FetchResult::Nothing(
            client.reconnect(&format!("{words} in place of a message: {}", excerpt(&page))),
        ));
    }
    let within = SILENCE.saturating_add(Duration::from_secs(planned / SLOWEST));
    let whole = timeout(within, body(response, planned, limit)).await;
    whole.unwrap_or_else(|_| Err(BodyError::Slow(format!("the message did not arrive within {} s", within.as_secs()))))
}

async fn body(response: &mut http::Answer, planned: u64, limit: u64) -> std::result::Result<FetchResult, BodyError> {
    let octets = |length: usize| u64::try_from(length).unwrap_or(u64::MAX);
    let length = response.headers.get(CONTENT_LENGTH).and_then(|length| length.to_str().ok()?.parse::<u64>().ok());
    match length {
        Some(length) if length > limit => return Ok(FetchResult::TooLarge),
        Some(length) if length > planned => return Ok(FetchResult::Larger(Some(length))),
        _ => {}
    }
    let mut body = Vec::with_capacity(length.and_then(|length| usize::try_from(length).ok()).unwrap_or_default());
    loop {
        let chunk = timeout(SILENCE, response.chunk()).await;
        let chunk = chunk.map_err(|_| BodyError::Slow("the message stopped in the middle".into()))?;
        // Also an end before the Content-Length.
        let broke_off = |why| BodyError::Truncated(format!("the message broke off: {why}"));
        let Some(chunk) = chunk.map_err(broke_off)? else { break };
        if octets(body.len()).saturating_add(octets(chunk.len())) > planned {
            return Ok(if planned < limit { FetchResult::Larger(None) } else { FetchResult::TooLarge });
        }
        body.extend_from_slice(&chunk);
    }
    if length.is_some_and(|length| length != octets(body.len())) {
        return Err(BodyError::Truncated("the message is shorter than its Content-Length".into()));
    }
    body.shrink_to_fit();
    Ok(FetchResult::Body(body))
}
