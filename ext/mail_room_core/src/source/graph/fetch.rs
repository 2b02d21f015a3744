//! Messages as they were received: `$value`, read as far as memory was planned for. A request of its own for each, so what
//! goes wrong with one is no other's trouble.

use std::time::Duration;

use futures_util::{StreamExt, stream};
use reqwest::header::{CONTENT_LENGTH, CONTENT_TYPE};
use reqwest::{Method, Response};
use tokio::time::timeout;

use super::answer::{self, SILENCE, excerpt};
use super::client::{Answer, Client, Request};
use super::lane::PLACES;
use super::size::Sizes;
use crate::error::{Error, Result};
use crate::http;
use crate::journal::Severity;
use crate::message::MessageId;
use crate::source::Fetched;

/// Tries of one message whose body breaks off.
const TRIES: u32 = 3;
/// Between them.
const AGAIN: Duration = Duration::from_millis(500);
/// The whole of one message.
const WHOLE: Duration = Duration::from_secs(600);

/// What a request for a message came to.
enum Got {
    Body(Vec<u8>),
    /// Somebody else took it away.
    Gone,
    /// More octets than planned; how many, if that is known.
    Larger(Option<u64>),
    TooLarge,
    /// Nothing to deliver, and why; an error only if it is like that for all.
    Nothing(Error),
}

/// Fetches `ids` in order, as many at a time as the mailbox allows. A message that does not come is reported and left for
/// later; an error only if none comes at all.
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
    let mut answers = stream::iter(requests).buffered(PLACES as usize);
    let (mut well, mut failed) = (0_usize, Vec::new());
    while let Some((id, got)) = answers.next().await {
        match got? {
            Got::Body(body) => {
                well += 1;
                sink(Fetched::Body(id, body));
            }
            Got::Gone => well += 1,
            Got::Larger(octets) => {
                well += 1;
                let planned = sizes.larger(&id, octets);
                sink(Fetched::Larger(id, planned));
            }
            Got::TooLarge => {
                well += 1;
                sink(Fetched::TooLarge(id));
            }
            Got::Nothing(trouble) => failed.push((id, trouble)),
        }
    }
    match failed.first() {
        Some((_, error)) if well == 0 && (failed.len() > 1 || matches!(error, Error::Refused(_))) => {
            return Err(error.clone());
        }
        _ => {}
    }
    for (id, trouble) in failed {
        let error = format!("{trouble}; asked for again later");
        client.log.line(
            Severity::Warn,
            "Message not fetched",
            &[("uid", serde_json::json!(id)), ("error", error.into())],
        );
    }
    Ok(())
}

async fn one(client: &Client, id: &MessageId, planned: u64, limit: u64) -> Result<Got> {
    let MessageId::Text(id) = id else { return Ok(Got::Gone) };
    let request = Request::new(Method::GET, client.address.of(&["messages", id, "$value"]));
    let mut tries = 0;
    loop {
        let answer = match client.ask(&request).await {
            // Three tries of one message: with others it may go better.
            Err(error @ Error::Reconnect(_)) => return Ok(Got::Nothing(error)),
            answer => answer?,
        };
        tries += 1;
        match understand(client, answer, planned, limit).await {
            Ok(got) => return Ok(got),
            Err(_) if tries < TRIES => tokio::time::sleep(AGAIN).await,
            Err(words) => return Ok(Got::Nothing(client.reconnect(&words))),
        }
    }
}

/// # Errors
/// In plain words: it broke off.
async fn understand(client: &Client, mut answer: Answer, planned: u64, limit: u64) -> std::result::Result<Got, String> {
    match answer.status() {
        200 => {}
        404 | 410 => {
            answer.drain().await;
            return Ok(Got::Gone);
        }
        status => {
            let words = answer::failure(&mut answer.response).await;
            return Ok(Got::Nothing(if status == 403 { client.refused(&words) } else { client.reconnect(&words) }));
        }
    }
    let response = &mut answer.response;
    let kind = response.headers().get(CONTENT_TYPE).and_then(|kind| kind.to_str().ok()).unwrap_or_default();
    if ["text/html", "application/json"].iter().any(|page| kind.to_ascii_lowercase().starts_with(page)) {
        // Graph says text/plain: this is somebody's page, and no mail.
        let words = format!("it answered 200 with {}", answer::printable(kind, 50));
        let page = answer::read(response, answer::SMALL).await.unwrap_or_default();
        return Ok(Got::Nothing(client.reconnect(&format!("{words} in place of a message: {}", excerpt(&page)))));
    }
    timeout(WHOLE, body(response, planned, limit)).await.unwrap_or_else(|_| Err("it came too slowly".into()))
}

async fn body(response: &mut Response, planned: u64, limit: u64) -> std::result::Result<Got, String> {
    let octets = |length: usize| u64::try_from(length).unwrap_or(u64::MAX);
    let length = response.headers().get(CONTENT_LENGTH).and_then(|length| length.to_str().ok()?.parse::<u64>().ok());
    match length {
        Some(length) if length > limit => return Ok(Got::TooLarge),
        Some(length) if length > planned => return Ok(Got::Larger(Some(length))),
        _ => {}
    }
    let mut body = Vec::with_capacity(length.and_then(|length| usize::try_from(length).ok()).unwrap_or_default());
    loop {
        let chunk =
            timeout(SILENCE, response.chunk()).await.map_err(|_| "the message stopped in the middle".to_owned())?;
        // Also an end before the Content-Length.
        let Some(chunk) = chunk.map_err(|error| format!("the message broke off: {}", http::in_words(&error)))? else {
            break;
        };
        if octets(body.len()).saturating_add(octets(chunk.len())) > planned {
            return Ok(if planned < limit { Got::Larger(None) } else { Got::TooLarge });
        }
        body.extend_from_slice(&chunk);
    }
    if length.is_some_and(|length| length != octets(body.len())) {
        return Err("the message is shorter than its Content-Length".into());
    }
    body.shrink_to_fit();
    Ok(Got::Body(body))
}
