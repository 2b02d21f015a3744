//! Sends requests whose every answer counts: the caller must know whether a request was accepted. The status line decides,
//! whatever follows it. Follows no redirects and does not retry.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::{Request, Uri};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::{CaptureConnection, capture_connection};
use hyper_util::client::proxy::matcher::Matcher;
use hyper_util::rt::{TokioExecutor, TokioTimer};
use reqwest::header::{ACCEPT, HeaderMap, HeaderValue, PROXY_AUTHORIZATION, USER_AGENT};
use reqwest::{Method, StatusCode, Url};
use rustls::ClientConfig;
use tokio::sync::Mutex;
use tokio::time::{Instant, timeout, timeout_at};

use super::connector::{Connector, Expiry, is_https};
use super::status_line::StatusLine;
use super::{AGENT, BODY_WITHIN, DRAINED, HEADERS, IDLE, causes_in_words};
use crate::config::Tls;
use crate::error::Result;
use crate::transport::tls;

type Pooled = Client<Connector, Full<Bytes>>;

/// What an endpoint answered.
#[derive(Debug)]
pub(crate) struct Answer {
    /// Its status line.
    pub(crate) status: StatusCode,
    /// Its headers; empty if they could not be parsed.
    pub(crate) headers: HeaderMap,
    body: Option<Incoming>,
    /// The status line of the connection.
    line: Option<StatusLine>,
}

/// Why there is no answer. The texts name neither the address, which may hold secrets, nor any part of the answer.
#[derive(Debug)]
pub(crate) enum PostError {
    /// No connection, so nothing was sent.
    Unsent(String),
    /// The request may have been accepted or not.
    Broken(String),
    /// No answer in time.
    Late,
}

/// Posts to one endpoint. Keeps connections alive. Proxies are those of the environment (`HTTP_PROXY`, `HTTPS_PROXY`,
/// `ALL_PROXY`, `NO_PROXY`).
#[derive(Debug)]
pub(crate) struct Poster {
    tls: Tls,
    connect_timeout: Duration,
    proxies: Arc<Matcher>,
    expiry: Expiry,
    /// The client, and the TLS configuration it was built with.
    client: Mutex<Option<(Arc<ClientConfig>, Pooled)>>,
}

impl Poster {
    /// Opens no connection yet. `connect_timeout` covers the lookup of the name, TCP and the TLS handshake.
    pub(crate) fn new(tls: Tls, connect_timeout: Duration) -> Self {
        let (proxies, expiry) = (Arc::new(Matcher::from_env()), Expiry::default());
        Self { tls, connect_timeout, proxies, expiry, client: Mutex::default() }
    }

    /// When the certificate of the endpoint expires, in seconds since 1970; `None` without TLS, or before the first connection.
    pub(crate) fn certificate_expiry(&self) -> Option<u64> {
        Some(self.expiry.load(Ordering::Relaxed)).filter(|expires| *expires > 0)
    }

    /// Sends one request. The header of the answer, or at least its status line, must arrive by `until`.
    pub(crate) async fn send(
        &self,
        method: Method,
        url: &Url,
        headers: HeaderMap,
        body: Bytes,
        until: Instant,
    ) -> std::result::Result<Answer, PostError> {
        let client = timeout_at(until, self.client()).await.map_err(|_| PostError::Late)?;
        let client = client.map_err(|error| PostError::Unsent(error.to_string()))?;
        let request = self.request(method, url, headers, body);
        let mut request = request.ok_or_else(|| PostError::Unsent("the request cannot be made".into()))?;
        let captured = capture_connection(&mut request);
        let answered = timeout_at(until, client.request(request)).await;
        let line = line(&captured);
        match answered {
            Ok(Ok(answer)) => {
                let (head, body) = answer.into_parts();
                Ok(Answer { status: head.status, headers: head.headers, body: Some(body), line })
            }
            failed => match (line.as_ref().and_then(StatusLine::status), failed) {
                (Some(status), _) => Ok(Answer { status, headers: HeaderMap::new(), body: None, line }),
                (None, Ok(Err(error))) if error.is_connect() => Err(PostError::Unsent(causes_in_words(&error))),
                (None, Ok(Err(error))) => Err(PostError::Broken(causes_in_words(&error))),
                (None, _) => Err(PostError::Late),
            },
        }
    }

    fn request(&self, method: Method, url: &Url, mut headers: HeaderMap, body: Bytes) -> Option<Request<Full<Bytes>>> {
        let uri: Uri = url.as_str().parse().ok()?;
        headers.entry(ACCEPT).or_insert(HeaderValue::from_static("*/*"));
        headers.entry(USER_AGENT).or_insert(HeaderValue::from_static(AGENT));
        // In a tunnel, the CONNECT request carries it.
        if !is_https(&uri)
            && let Some(proxy) = self.proxies.intercept(&uri)
            && let Some(authorization) = proxy.basic_auth()
        {
            headers.entry(PROXY_AUTHORIZATION).or_insert(authorization.clone());
        }
        let mut request = Request::new(Full::new(body));
        *request.method_mut() = method;
        *request.uri_mut() = uri;
        *request.headers_mut() = headers;
        Some(request)
    }

    async fn client(&self) -> Result<Pooled> {
        let tls = tls::client_config(&self.tls).await?;
        let mut slot = self.client.lock().await;
        if let Some((made_of, client)) = slot.as_ref()
            && Arc::ptr_eq(made_of, &tls)
        {
            return Ok(client.clone());
        }
        let client = Client::builder(TokioExecutor::new())
            .timer(TokioTimer::new())
            .pool_timer(TokioTimer::new())
            .pool_idle_timeout(IDLE)
            .http1_ignore_invalid_headers_in_responses(true)
            .http1_allow_spaces_after_header_name_in_responses(true)
            .http1_allow_obsolete_multiline_headers_in_responses(true)
            .http1_max_headers(HEADERS)
            .build(Connector::new(tls.clone(), self.expiry.clone(), self.proxies.clone(), self.connect_timeout));
        *slot = Some((tls, client.clone()));
        Ok(client)
    }
}

impl Answer {
    /// The beginning of its body, at most `octets`. Waits for a short time. A body that breaks off ends there.
    pub(crate) async fn read(&mut self, octets: usize) -> Vec<u8> {
        let mut read = Vec::new();
        let Some(body) = &mut self.body else { return read };
        let reading = async {
            while read.len() < octets
                && let Some(Ok(frame)) = body.frame().await
            {
                read.extend_from_slice(frame.data_ref().map_or(&[], |data| data));
            }
        };
        timeout(BODY_WITHIN, reading).await.ok();
        read.truncate(octets);
        read
    }

    /// Reads and ignores the rest of its body for a short time, so that its connection can be reused.
    pub(crate) async fn drain(mut self) {
        let (octets, within) = DRAINED;
        let mut left = octets;
        if let Some(body) = &mut self.body {
            let reading = async {
                while let Some(Ok(frame)) = body.frame().await {
                    let length = frame.data_ref().map_or(0, Bytes::len);
                    let Some(rest) = left.checked_sub(length) else { break };
                    left = rest;
                }
            };
            timeout(within, reading).await.ok();
        }
    }
}

impl Drop for Answer {
    /// Whether its body was read or not: the status must not be taken for that of the next request on the connection.
    fn drop(&mut self) {
        if let Some(line) = &self.line {
            line.settle();
        }
    }
}

/// The status line of the connection that the request was sent on.
fn line(captured: &CaptureConnection) -> Option<StatusLine> {
    let mut extras = hyper::http::Extensions::new();
    captured.connection_metadata().as_ref()?.get_extras(&mut extras);
    extras.remove()
}

#[cfg(test)]
mod tests {
    use std::io::{Read, Write};
    use std::net::TcpListener;
    use std::thread;

    use super::*;

    /// Answers one request on a connection that may be kept, then is gone: nobody listens any more.
    fn endpoint() -> (u16, thread::JoinHandle<()>) {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let serving = thread::spawn(move || {
            let (mut connection, _) = listener.accept().unwrap();
            drop(listener);
            let mut request = Vec::new();
            while !request.ends_with(b"octets") {
                let mut part = [0; 4096];
                let read = connection.read(&mut part).unwrap();
                request.extend_from_slice(&part[..read]);
            }
            connection.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n").unwrap();
        });
        (port, serving)
    }

    /// A kept connection that dies may be noticed before an octet of the next request is sent on it. Nothing listens then, so no
    /// second post can have been accepted.
    #[tokio::test]
    async fn the_status_of_one_post_is_never_taken_for_that_of_the_next() {
        let tls: Tls = serde_json::from_str("{}").unwrap();
        let within = Duration::from_secs(10);
        for _ in 0..200 {
            let (port, serving) = endpoint();
            let url = Url::parse(&format!("http://127.0.0.1:{port}/")).unwrap();
            let poster = Poster::new(tls.clone(), within);
            let post = async || {
                let until = Instant::now() + within;
                poster.send(Method::POST, &url, HeaderMap::new(), Bytes::from_static(b"octets"), until).await
            };
            let answer = post().await.unwrap();
            assert_eq!(answer.status, StatusCode::OK);
            answer.drain().await;
            let second = post().await;
            assert!(matches!(second, Err(PostError::Unsent(_) | PostError::Broken(_))), "{second:?}");
            serving.join().unwrap();
        }
    }
}
