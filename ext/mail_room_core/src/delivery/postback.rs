//! Posts messages to an HTTP endpoint of the app. Every attempt of one message carries the same `Idempotency-Key`, so that
//! the endpoint can recognize a repeat. `postback/judge.rs` decides what its answers mean.

#[cfg(test)]
mod answers;
mod judge;

use std::time::Duration;

use bytes::Bytes;
use hyper::header::{AUTHORIZATION, CONTENT_LENGTH, CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue, LOCATION};
use hyper::{Method, StatusCode};
use secrecy::ExposeSecret;
use secrecy::zeroize::Zeroizing;
use tokio::time::{Instant, timeout_at};
use url::Url;

use crate::config::{self, Endpoint};
use crate::error::{Error, Result};
use crate::message::{Message, MessageId};
use crate::outcome::{DeliveryOutcome, FailureClass, FailureKind};
use crate::system::random::hex_128;
use crate::transport::http::{self, Answer, Http, NoAnswer};
use crate::transport::jwt;

/// Most redirects that one message follows.
const REDIRECTS: usize = 5;
/// How long a HEAD request may take; less than a post, because it causes no work.
const HEAD_WITHIN: Duration = Duration::from_secs(20);
/// Headers that only the client may set, because they frame the request.
const OURS: [&str; 4] = ["content-length", "transfer-encoding", "connection", "idempotency-key"];

/// The delivery `postback`.
#[derive(Debug)]
pub struct Postback {
    http: Http,
    url: Url,
    /// Sent with every message. Credentials among them are marked sensitive.
    headers: HeaderMap,
    jwt: Option<(HeaderName, config::Jwt)>,
    timeout: Duration,
    concurrency: usize,
    endpoint: Endpoint,
}

impl Postback {
    /// Opens no connection yet.
    ///
    /// # Errors
    /// [`Error::Configuration`] if the address or a header has no meaning.
    pub fn new(config: &config::Postback) -> Result<Self> {
        let timeout = Duration::from_secs(config.timeout.max(1));
        let connect_timeout = Duration::from_secs(config.connect_timeout.max(1));
        let jwt = match &config.jwt {
            Some(jwt) => Some((header_name(&jwt.header)?, jwt.clone())),
            None => None,
        };
        let Some(url) = &config.url else {
            return Err(Error::Configuration("delivery_url is required: where messages are posted to".into()));
        };
        let mut url = address(url.expose_secret())?;
        Ok(Self {
            http: Http::new(config.tls.clone(), connect_timeout),
            headers: headers(config, &mut url)?,
            url,
            jwt,
            timeout,
            concurrency: config.concurrency.max(1),
            endpoint: config.endpoint,
        })
    }

    /// Most posts in flight at a time.
    pub(super) fn concurrency(&self) -> usize {
        self.concurrency
    }

    /// The class that Ruby knows this delivery by.
    pub(super) fn class_name(&self) -> &'static str {
        match self.endpoint {
            Endpoint::Generic => "MailRoom::Delivery::Postback",
            Endpoint::ActionMailbox => "MailRoom::Delivery::ActionMailbox",
        }
    }

    /// When the certificate of the endpoint expires, in seconds since 1970, if one was shown.
    pub(super) fn certificate_expiry(&self) -> Option<u64> {
        self.http.certificate_expiry()
    }

    /// The address, as logs may show it.
    pub(super) fn shown(&self) -> String {
        http::shown(&self.url)
    }

    /// Posts messages one by one. Returns one outcome per message, in order.
    pub(super) async fn deliver(&self, scope: &str, messages: Vec<Message>) -> Vec<DeliveryOutcome> {
        let mut outcomes = Vec::with_capacity(messages.len());
        for message in messages {
            let key = idempotency_key(scope, &message.id);
            outcomes.push(match self.post(&key, message.body.into()).await {
                Ok(mut answer) => {
                    let (status, retry_after) = (answer.status, http::retry_after(&answer.headers));
                    let body = if judge::wants_body(status) {
                        answer.beginning(judge::REASON_OCTETS).await
                    } else {
                        Vec::new()
                    };
                    answer.drain().await;
                    judge::judge(self.endpoint, status, retry_after, &body, &self.shown())
                }
                Err(outcome) => outcome,
            });
        }
        outcomes
    }

    /// Asks the endpoint without a message, with everything else that a post carries. It shows whether the endpoint answers and
    /// accepts our credentials, as far as that is possible. Returns the status, and by how many seconds its clock is ahead of
    /// ours, if it tells.
    ///
    /// The request is a HEAD. Rails has no route for one at an ingress of Action Mailbox: there it is an empty post of another
    /// media type, which the ingress answers with 415 once it has looked at the credentials.
    ///
    /// # Errors
    /// [`Error::TargetDown`] if there is no answer in time, or no request can be made.
    pub async fn ask(&self) -> Result<(u16, Option<i64>)> {
        let within = self.timeout.min(HEAD_WITHIN);
        let until = Instant::now() + within;
        let late = || self.down(&format!("no answer within {} s", within.as_secs()));
        let mut headers = timeout_at(until, self.headers(&hex_128())).await.map_err(|_| late())??;
        let method = match self.endpoint {
            Endpoint::Generic => Method::HEAD,
            Endpoint::ActionMailbox => {
                headers.insert(CONTENT_TYPE, HeaderValue::from_static("text/plain"));
                headers.insert(CONTENT_LENGTH, HeaderValue::from_static("0"));
                Method::POST
            }
        };
        match self.http.send_for_status(method, &self.url, headers, Bytes::new(), until).await {
            Ok(answer) => Ok((answer.status.as_u16(), http::clock_ahead(&answer.headers))),
            Err(NoAnswer::Late) => Err(late()),
            Err(why) => Err(self.down(&why.to_string())),
        }
    }

    /// Posts, and follows redirects. An error is the outcome for the message.
    async fn post(&self, key: &str, body: Bytes) -> std::result::Result<Answer, DeliveryOutcome> {
        let until = Instant::now() + self.timeout;
        let mut url = self.url.clone();
        for _ in 0..=REDIRECTS {
            let headers = timeout_at(until, self.headers(key)).await.unwrap_or_else(|_| Err(self.late()));
            let mut headers = headers.map_err(DeliveryOutcome::Down)?;
            // Required for an empty message, too (RFC 9110 section 8.6); the client would omit it.
            headers.insert(CONTENT_LENGTH, body.len().into());
            let answer = self.http.send_for_status(Method::POST, &url, headers, body.clone(), until).await;
            let answer = answer.map_err(|why| match why {
                NoAnswer::Broken(why) => unanswered(self.down(&why)),
                NoAnswer::Late => unanswered(self.late()),
                unsent => DeliveryOutcome::Down(self.down(&unsent.to_string())),
            })?;
            // A 303 is not followed: it asks for a GET, whose answer says nothing about the message.
            if !matches!(answer.status.as_u16(), 301 | 302 | 307 | 308) {
                return Ok(answer);
            }
            url = self.redirect(&url, &answer).map_err(|error| redirected(error, answer.status))?;
            answer.drain().await;
        }
        let error = self.down(&format!("it redirects more than {REDIRECTS} times; correct delivery_url"));
        Err(redirected(error, StatusCode::TEMPORARY_REDIRECT))
    }

    /// The target of a redirect. Only the same origin is followed, so that neither message nor credentials go anywhere
    /// else.
    fn redirect(&self, from: &Url, answer: &Answer) -> Result<Url> {
        let status = answer.status.as_u16();
        let location = answer.headers.get(LOCATION).and_then(|location| location.to_str().ok());
        let Some(mut to) = location.and_then(|location| from.join(location).ok()) else {
            return Err(self.down(&format!("it answered {status} without a usable Location; correct delivery_url")));
        };
        if http::same_origin(&self.url, &to) {
            // The credentials of delivery_url are sent. These calls fail only for URLs that cannot have credentials.
            _ = to.set_username("");
            _ = to.set_password(None);
            return Ok(to);
        }
        let to: String = http::shown(&to).chars().take(200).collect();
        Err(self.down(&format!("it redirects to {to}, and no message follows to another origin; correct delivery_url")))
    }

    async fn headers(&self, key: &str) -> Result<HeaderMap> {
        let mut headers = self.headers.clone();
        if let Ok(key) = HeaderValue::from_str(key) {
            headers.insert("idempotency-key", key);
        }
        if let Some((name, jwt)) = &self.jwt {
            let token = jwt::token(jwt).await?;
            headers.insert(name, secret_value(&token, "jwt_auth_header")?);
        }
        Ok(headers)
    }

    fn late(&self) -> Error {
        self.down(&format!("no answer within {} s", self.timeout.as_secs()))
    }

    fn down(&self, why: &str) -> Error {
        Error::target_down(format!("{}: {why}", self.shown()))
    }
}

/// The outcome for a message without an answer; the message itself may be the cause.
fn unanswered(error: Error) -> DeliveryOutcome {
    DeliveryOutcome::Unavailable { error, class: FailureClass::UNKNOWN }
}

/// The outcome for a message that was answered with a redirect that is not followed.
fn redirected(error: Error, status: StatusCode) -> DeliveryOutcome {
    let class = FailureClass { status: Some(status.as_u16()), kind: FailureKind::ByRule };
    DeliveryOutcome::Unavailable { error, class }
}

fn address(text: &str) -> Result<Url> {
    let url = Url::parse(text).map_err(|error| Error::Configuration(format!("delivery_url is no address: {error}")))?;
    if matches!(url.scheme(), "http" | "https") && url.has_host() {
        Ok(url)
    } else {
        Err(Error::Configuration("delivery_url must begin with http:// or https://, followed by a host".into()))
    }
}

/// The headers of every request. Removes user and password from `url`; they are sent unless better credentials are
/// configured.
fn headers(config: &config::Postback, url: &mut Url) -> Result<HeaderMap> {
    let mut headers = HeaderMap::new();
    headers.insert(CONTENT_TYPE, value(&config.content_type, "content_type")?);
    let of_url = http::take_credentials(url);
    let authorization = match (&config.token, &config.username, &config.password) {
        (Some(token), _, _) => {
            let token = Zeroizing::new(format!("Token {}", token.expose_secret()));
            Some(secret_value(&token, "delivery_token")?)
        }
        (None, Some(user), Some(password)) => http::basic_auth(user, password.expose_secret()),
        _ => of_url,
    };
    if let Some(authorization) = authorization {
        headers.insert(AUTHORIZATION, authorization);
    }
    for (name, text) in &config.headers {
        headers.insert(header_name(name)?, secret_value(text.expose_secret(), name)?);
    }
    Ok(headers)
}

fn header_name(name: &str) -> Result<HeaderName> {
    match HeaderName::try_from(name) {
        Ok(name) if OURS.contains(&name.as_str()) => {
            Err(Error::Configuration(format!("the header {name} is written by mail_room itself: remove it")))
        }
        Ok(name) => Ok(name),
        Err(_) => Err(Error::Configuration(format!("{name:?} cannot be the name of an HTTP header"))),
    }
}

fn value(text: &str, option: &str) -> Result<HeaderValue> {
    HeaderValue::from_str(text).map_err(|_| {
        Error::Configuration(format!("{option} cannot be sent in an HTTP header: it holds control characters"))
    })
}

fn secret_value(text: &str, option: &str) -> Result<HeaderValue> {
    let mut value = value(text, option)?;
    value.set_sensitive(true);
    Ok(value)
}

/// The same at every attempt of one message, by any process. A message that is delivered by a direct call is in no mailbox
/// and gets a new key.
fn idempotency_key(scope: &str, id: &MessageId) -> String {
    if scope.is_empty() { hex_128() } else { id.name_in(scope) }
}

#[cfg(test)]
mod tests {
    use base64::prelude::{BASE64_STANDARD, Engine};

    use super::*;

    fn postback(changes: serde_json::Value) -> Result<Postback> {
        let mut config = serde_json::json!({
            "url": "http://user:p%40ss@localhost/a", "content_type": "text/plain", "connect_timeout": 10, "timeout": 60,
            "concurrency": 4
        });
        if let (Some(config), serde_json::Value::Object(changes)) = (config.as_object_mut(), changes) {
            config.extend(changes);
        }
        Postback::new(&serde_json::from_value(config).unwrap())
    }

    #[test]
    fn a_key_is_the_same_at_every_try_of_one_message_and_of_no_other() {
        let key = |scope, uid| idempotency_key(scope, &MessageId::Uid(uid));
        assert_eq!(key("scope", 1), key("scope", 1));
        assert_eq!(key("scope", 1).len(), 32);
        assert_ne!(key("scope", 1), key("scope", 2));
        assert_ne!(key("scope", 1), key("other", 1));
        assert_ne!(key("", 1), key("", 1));
    }

    #[test]
    fn the_best_credential_is_sent_and_none_is_shown() {
        let sent = |changes| {
            let postback = postback(changes).unwrap();
            assert!(!format!("{postback:?}").contains("p@ss"));
            postback.headers.get(AUTHORIZATION).unwrap().to_str().unwrap().to_owned()
        };
        let basic = |pair: &str| format!("Basic {}", BASE64_STANDARD.encode(pair));
        assert_eq!(sent(serde_json::json!({})), basic("user:p@ss"));
        assert_eq!(sent(serde_json::json!({ "username": "u", "password": "p" })), basic("u:p"));
        assert_eq!(sent(serde_json::json!({ "username": "u", "password": "p", "token": "t" })), "Token t");
        assert_eq!(sent(serde_json::json!({ "token": "t", "headers": { "Authorization": "Bearer b" } })), "Bearer b");
    }

    #[test]
    fn what_cannot_be_sent_is_refused_and_not_shown() {
        for changes in [
            serde_json::json!({ "url": "localhost/hidden" }),
            serde_json::json!({ "url": "ftp://hidden@localhost/" }),
            serde_json::json!({ "token": "hidden\r\nX: y" }),
            serde_json::json!({ "headers": { "X-Y": "hidden\n" } }),
            serde_json::json!({ "headers": { "Content-Length": "hidden" } }),
            serde_json::json!({ "headers": { "X Y": "hidden" } }),
        ] {
            let error = postback(changes.clone()).unwrap_err();
            assert!(
                matches!(error, Error::Configuration(_)) && !error.to_string().contains("hidden"),
                "{changes}: {error}"
            );
        }
    }
}
