//! Up to twenty operations in one request (JSON batching). Each waits for the one before, so that no more than one is in
//! flight. The batch runs alone, as Graph counts the requests inside it. Operations that fail for any reason are returned to
//! the caller, which tries them again one by one.

use std::collections::{HashMap, HashSet};
use std::time::Duration;

use hyper::Method;
use hyper::header::{HeaderMap, HeaderValue, RETRY_AFTER};
use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::client::Client;
use super::operation::Operation;
use super::request::Request;
use crate::error::{Error, Result};
use crate::message::MessageId;
use crate::observe::log::Severity;
use crate::transport::http;

/// Operations in one request. Graph takes no more.
pub(super) const MOST: usize = 20;
/// Octets of an answer. Graph may send each message as it is now, although we prefer it not to.
const ANSWER_OCTETS: usize = 4 << 20;

#[derive(Debug, Deserialize)]
struct Answers {
    responses: Vec<Inner>,
}

#[derive(Debug, Deserialize)]
struct Inner {
    id: String,
    status: u16,
    #[serde(default)]
    headers: HashMap<String, Value>,
}

/// Runs `operation` on each of `ids`. Returns those that failed, or `None` if the batch as a whole failed.
pub(super) async fn run(client: &Client, operation: &Operation, ids: &[MessageId]) -> Result<Option<Vec<MessageId>>> {
    if ids.is_empty() {
        return Ok(Some(Vec::new()));
    }
    let request =
        Request::new(Method::POST, client.address.batch()).json(&requests(client, operation, ids)).alone().once();
    let answers = match client.ask_json::<Answers>(&request, ANSWER_OCTETS).await {
        Ok(Ok(answers)) => answers,
        Ok(Err(answer)) => return Ok(failed(client, &answer.words)),
        Err(Error::Reconnect(words)) => return Ok(failed(client, &words)),
        Err(error) => return Err(error),
    };
    let mut done = HashSet::new();
    for answer in answers.responses {
        if operation.is_done(answer.status) {
            done.insert(answer.id);
        } else if matches!(answer.status, 429 | 503 | 504 | 509) {
            client.hold(answer.status, retry_after(&answer.headers));
        }
    }
    let left = ids.iter().enumerate().filter(|(number, _)| !done.contains(&number.to_string()));
    Ok(Some(left.map(|(_, id)| id.clone()).collect()))
}

fn failed(client: &Client, words: &str) -> Option<Vec<MessageId>> {
    let error = format!("{words}; its messages are marked one by one");
    client.log.line(Severity::Warn, "Batch not taken", &[("error", error.into())]);
    None
}

fn requests(client: &Client, operation: &Operation, ids: &[MessageId]) -> Value {
    let mut requests = Vec::with_capacity(ids.len());
    for (number, id) in ids.iter().enumerate() {
        let MessageId::Text(id) = id else { continue };
        let mut request = Map::new();
        request.insert("id".into(), number.to_string().into());
        request.insert("method".into(), operation.method().as_str().into());
        request.insert("url".into(), client.address.in_batch(&operation.segments(id)).into());
        let mut headers = json!({ "Prefer": "return=minimal" });
        if let (Some(body), Some(headers)) = (operation.body(), headers.as_object_mut()) {
            headers.insert("Content-Type".into(), "application/json".into());
            request.insert("body".into(), body);
        }
        request.insert("headers".into(), headers);
        if let Some(before) = number.checked_sub(1) {
            request.insert("dependsOn".into(), json!([before.to_string()]));
        }
        requests.push(Value::Object(request));
    }
    json!({ "requests": requests })
}

/// The pause that an inner answer asks for.
fn retry_after(headers: &HashMap<String, Value>) -> Option<Duration> {
    let (_, value) = headers.iter().find(|(name, _)| name.eq_ignore_ascii_case("retry-after"))?;
    let text = match value {
        Value::String(text) => text.clone(),
        Value::Number(number) => number.to_string(),
        _ => return None,
    };
    let value = HeaderValue::try_from(text).ok()?;
    http::retry_after(&HeaderMap::from_iter([(RETRY_AFTER, value)]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_inner_answer_says_when_to_come_back() {
        let after = |headers: Value| retry_after(&serde_json::from_value(headers).unwrap());
        assert_eq!(after(json!({ "Retry-After": "7" })), Some(Duration::from_secs(7)));
        assert_eq!(after(json!({ "retry-after": 1.5 })), Some(Duration::from_millis(1500)));
        let later = chrono::Utc::now() + Duration::from_secs(100);
        let date = later.format("%a, %d %b %Y %H:%M:%S GMT").to_string();
        assert!(after(json!({ "Retry-After": date })).is_some_and(|pause| (98..=100).contains(&pause.as_secs())));
        for nonsense in
            [json!({}), json!({ "Retry-After": "soon" }), json!({ "Retry-After": -1 }), json!({ "Retry-After": null })]
        {
            assert_eq!(after(nonsense.clone()), None, "{nonsense}");
        }
    }
}
