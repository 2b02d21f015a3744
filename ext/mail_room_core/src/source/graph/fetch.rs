//! Messages as they were received: `$value`, read as far as memory was planned for. A request of its own for each, so what
//! goes wrong with one is no other's trouble.

use std::time::Duration;

use futures_util::{StreamExt, stream};
use reqwest::header::{CONTENT_LENGTH, CONTENT_TYPE};
use reqwest::{Method, Response};
use tokio::time::timeout;

use super::answer::{self, SILENCE, excerpt};
use super::client::{Answer, Client};
use super::lane::PLACES;
use super::request::Request;
use super::size::Sizes;
use crate::error::{Error, Result};
use crate::message::MessageId;
use crate::observe::log::Severity;
use crate::source::Fetched;
use crate::transport::http;

/// Tries of one message whose body breaks off.
const TRIES: u32 = 3;
/// Between them.
const AGAIN: Duration = Duration::from_millis(500);
/// Octets a second, at least, after the first minute: others wait for a message that comes more slowly.
const SLOWEST: u64 = 100 << 10;
/// Messages that fail before any goes well, after which the others are not asked for.
const SUSPICIOUS: usize = 8;

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

/// A message that did not arrive whole, in plain words.
enum Broken {
    Off(String),
    /// Others waited for long enough.
    Slow(String),
}

/// Fetches `ids` in order, as many at a time as the mailbox allows. A message that does not come is given as refused; an error only if none comes at all and it is not known to be the messages' own trouble.
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
    let (mut well, mut suspicious, mut failed) = (0_usize, 0_usize, Vec::new());
    while let Some((id, got)) = answers.next().await {
        match got? {
            Got::Nothing(trouble) => {
                suspicious += usize::from(!client.troubles.failed(&id));
                failed.push((id, trouble));
                // It is in trouble with all of them: the others need not find out one by one.
                if well == 0 && suspicious >= SUSPICIOUS {
                    break;
                }
                continue;
            }
            Got::Gone => gone(client, &id),
            Got::Body(body) => {
                client.troubles.went_well(&id);
                // An answer without an octet is no message, unless Graph has told that it has none.
                let arrived = !body.is_empty() || sizes.is_empty(&id);
                sink(if arrived { Fetched::Body(id, body) } else { Fetched::Nil(id) });
            }
            Got::Larger(octets) => {
                let planned = sizes.larger(&id, octets);
                sink(Fetched::Larger(id, planned));
            }
            Got::TooLarge => sink(Fetched::TooLarge(id)),
        }
        well += 1;
    }
    if let Some((_, error)) = failed.first()
        && well == 0
        && suspicious > 1
    {
        return Err(error.clone());
    }
    for (id, trouble) in failed {
        sink(Fetched::Refused(id, trouble.to_string()));
    }
    Ok(())
}

/// A message that somebody else took is no news; one that is listed again is.
fn gone(client: &Client, id: &MessageId) {
    let times = client.troubles.missing(id);
    if times > 1 {
        let host = client.address.host();
        let error = format!(
            "{host}: it lists the message, and answered {times} times that there is none; asked for again later"
        );
        let fields = [("uid", serde_json::json!(id)), ("error", error.into())];
        client.log.line(Severity::Warn, "Message not fetched", &fields);
    }
}

async fn one(client: &Client, id: &MessageId, planned: u64, limit: u64) -> Result<Got> {
    let MessageId::Text(text) = id else { return Ok(Got::Gone) };
    if let Some(left) = client.troubles.held(id) {
        let why = format!("it wants to be left alone about this message for {} s more", left.as_secs().max(1));
        return Ok(Got::Nothing(client.reconnect(&why)));
    }
    let request = Request::new(Method::GET, client.address.of(&["messages", text, "$value"])).about(id);
    let mut tries = if client.troubles.patience(id).is_some() { TRIES } else { 1 };
    loop {
        let answer = match client.ask(&request).await {
            // Three tries of one message: with others it may go better.
            Err(error @ Error::Reconnect(_)) => return Ok(Got::Nothing(error)),
            answer => answer?,
        };
        match understand(client, answer, planned, limit).await {
            Ok(got) => return Ok(got),
            Err(Broken::Off(_)) if tries < TRIES => tokio::time::sleep(AGAIN).await,
            Err(Broken::Off(words) | Broken::Slow(words)) => return Ok(Got::Nothing(client.reconnect(&words))),
        }
        tries += 1;
    }
}

async fn understand(client: &Client, mut answer: Answer, planned: u64, limit: u64) -> std::result::Result<Got, Broken> {
    match answer.status() {
        200 => {}
        404 | 410 => {
            answer.drain().await;
            return Ok(Got::Gone);
        }
        status => {
            let words = answer::failure(&mut answer.response).await;
            return Ok(Got::Nothing(if matches!(status, 401 | 403) {
                client.refused(&words)
            } else {
                client.reconnect(&words)
            }));
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
    let within = SILENCE.saturating_add(Duration::from_secs(planned / SLOWEST));
    let whole = timeout(within, body(response, planned, limit)).await;
    whole.unwrap_or_else(|_| Err(Broken::Slow(format!("the message did not arrive within {} s", within.as_secs()))))
}

async fn body(response: &mut Response, planned: u64, limit: u64) -> std::result::Result<Got, Broken> {
    let octets = |length: usize| u64::try_from(length).unwrap_or(u64::MAX);
    let length = response.headers().get(CONTENT_LENGTH).and_then(|length| length.to_str().ok()?.parse::<u64>().ok());
    match length {
        Some(length) if length > limit => return Ok(Got::TooLarge),
        Some(length) if length > planned => return Ok(Got::Larger(Some(length))),
        _ => {}
    }
    let mut body = Vec::with_capacity(length.and_then(|length| usize::try_from(length).ok()).unwrap_or_default());
    loop {
        let chunk = timeout(SILENCE, response.chunk()).await;
        let chunk = chunk.map_err(|_| Broken::Slow("the message stopped in the middle".into()))?;
        // Also an end before the Content-Length.
        let broke_off = |error| Broken::Off(format!("the message broke off: {}", http::in_words(&error)));
        let Some(chunk) = chunk.map_err(broke_off)? else { break };
        if octets(body.len()).saturating_add(octets(chunk.len())) > planned {
            return Ok(if planned < limit { Got::Larger(None) } else { Got::TooLarge });
        }
        body.extend_from_slice(&chunk);
    }
    if length.is_some_and(|length| length != octets(body.len())) {
        return Err(Broken::Off("the message is shorter than its Content-Length".into()));
    }
    body.shrink_to_fit();
    Ok(Got::Body(body))
}
