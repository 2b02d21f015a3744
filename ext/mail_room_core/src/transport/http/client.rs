//! The HTTP client: sends one request and returns its answer. Keeps connections alive, speaks HTTP/1.1, follows no redirects and
//! does not retry a request that may have arrived.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use bytes::Bytes;
use http_body_util::Full;
use hyper::header::{ACCEPT, AUTHORIZATION, HeaderMap, HeaderValue, PROXY_AUTHORIZATION, USER_AGENT};
use hyper::{Method, Request, Uri};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::{CaptureConnection, capture_connection};
use hyper_util::client::proxy::matcher::Matcher;
use hyper_util::rt::{TokioExecutor, TokioTimer};
use rustls::ClientConfig;
use tokio::sync::Mutex;
use tokio::time::{Instant, timeout_at};
use url::Url;

use super::answer::Answer;
use super::connector::{AGENT, Connector, Expiry, is_https};
use super::status_line::StatusLine;
use super::{in_words, take_credentials};
use crate::config::Tls;
use crate::error::{Error, Result};
use crate::transport::tls;

/// How long a connection may be idle and reused. Most servers close idle connections later than this.
const IDLE: Duration = Duration::from_secs(10);
/// The most header lines of an answer, as in curl.
const HEADERS: usize = 5_000;

type Pooled = Client<Connector, Full<Bytes>>;

/// Why there is no answer. The texts name neither the address, which may hold secrets, nor any part of the answer.
#[derive(Debug, thiserror::Error)]
pub(crate) enum NoAnswer {
    /// The TLS options cannot be used, so nothing was sent.
    #[error("{0}")]
    Options(Error),
    /// No connection, so nothing was sent.
    #[error("{0}")]
    Unsent(String),
    /// The request may have been accepted or not.
    #[error("{0}")]
    Broken(String),
    /// No answer in time.
    #[error("no answer in time")]
    Late,
}

/// A client that is built at first use, and again when the TLS configuration was. Proxies are those of the environment
/// (`HTTP_PROXY`, `HTTPS_PROXY`, `ALL_PROXY`, `NO_PROXY`).
#[derive(Debug)]
pub(crate) struct Http {
    tls: Tls,
    connect_timeout: Duration,
    proxies: Arc<Matcher>,
    expiry: Expiry,
    /// The client, and the TLS configuration it was built with.
    client: Mutex<Option<(Arc<ClientConfig>, Pooled)>>,
}

impl Http {
    /// Opens no connection yet. `connect_timeout` covers the lookup of the name, TCP and the TLS handshake.
    pub(crate) fn new(tls: Tls, connect_timeout: Duration) -> Self {
        let (proxies, expiry) = (Arc::new(Matcher::from_env()), Expiry::default());
        Self { tls, connect_timeout, proxies, expiry, client: Mutex::default() }
    }

    /// When the certificate that a server showed last expires, in seconds since 1970; `None` without TLS, or before the first
    /// connection. A proxy's certificate does not count.
    pub(crate) fn certificate_expiry(&self) -> Option<u64> {
        Some(self.expiry.load(Ordering::Relaxed)).filter(|expires| *expires > 0)
    }

    /// Sends one request. The header of the answer must arrive by `until`. Credentials in `url` are sent as `Authorization`,
    /// unless `headers` has another.
    pub(crate) async fn send(
        &self,
        method: Method,
        url: &Url,
        headers: HeaderMap,
        body: Bytes,
        until: Instant,
    ) -> std::result::Result<Answer, NoAnswer> {
        let request = self.request(method, url, headers, body)?;
        self.exchange(request, until).await.0
    }

    /// The same for a request of which the caller must know whether it was accepted: the status line decides, whatever follows
    /// it. If the rest of the header does not arrive or cannot be parsed, the answer has the status and nothing else.
    pub(crate) async fn send_for_status(
        &self,
        method: Method,
        url: &Url,
        headers: HeaderMap,
        body: Bytes,
        until: Instant,
    ) -> std::result::Result<Answer, NoAnswer> {
        let request = self.request(method, url, headers, body)?;
        match self.exchange(request, until).await {
            (Err(no_answer), Some(line)) => line.status().map(|status| Answer::bare(status, line)).ok_or(no_answer),
            (answered, _) => answered,
        }
    }

    /// Also returns the status line of the connection, if there was one.
    async fn exchange(
        &self,
        mut request: Request<Full<Bytes>>,
        until: Instant,
    ) -> (std::result::Result<Answer, NoAnswer>, Option<StatusLine>) {
        let client = match timeout_at(until, self.client()).await {
            Ok(Ok(client)) => client,
            Ok(Err(error)) => return (Err(NoAnswer::Options(error)), None),
            Err(_) => return (Err(NoAnswer::Late), None),
        };
        let captured = capture_connection(&mut request);
        let answered = timeout_at(until, client.request(request)).await;
        let line = line(&captured);
        let answer = match answered {
            Ok(Ok(answer)) => Ok(Answer::new(answer, line.clone())),
            Ok(Err(error)) if error.is_connect() => Err(NoAnswer::Unsent(in_words(&error))),
            Ok(Err(error)) => Err(NoAnswer::Broken(in_words(&error))),
            Err(_) => Err(NoAnswer::Late),
        };
        (answer, line)
    }

    fn request(
        &self,
        method: Method,
        url: &Url,
        mut headers: HeaderMap,
        body: Bytes,
    ) -> std::result::Result<Request<Full<Bytes>>, NoAnswer> {
        let mut url = url.clone();
        if let Some(authorization) = take_credentials(&mut url) {
            headers.entry(AUTHORIZATION).or_insert(authorization);
        }
        let uri: Uri = url.as_str().parse().map_err(|_| NoAnswer::Unsent("the request cannot be made".into()))?;
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
        Ok(request)
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
    use std::thread::{self, JoinHandle};

    use super::*;

    const WITHIN: Duration = Duration::from_secs(10);
    const OK: &str = "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n";

    /// Answers one request, which ends with `end`, then is gone: nobody listens any more. Returns the request.
    fn server(end: &'static str, answer: &'static str) -> (u16, JoinHandle<String>) {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let serving = thread::spawn(move || {
            let (mut connection, _) = listener.accept().unwrap();
            drop(listener);
            let mut request = Vec::new();
            while !request.ends_with(end.as_bytes()) {
                let mut part = [0; 4096];
                let read = connection.read(&mut part).unwrap();
                request.extend_from_slice(&part[..read]);
            }
            connection.write_all(answer.as_bytes()).unwrap();
            String::from_utf8(request).unwrap()
        });
        (port, serving)
    }

    fn http(proxies: Matcher) -> Http {
        let tls = serde_json::from_str("{}").unwrap();
        Http { proxies: Arc::new(proxies), ..Http::new(tls, WITHIN) }
    }

    fn url(text: &str) -> Url {
        Url::parse(text).unwrap()
    }

    async fn get(http: &Http, url: &Url, headers: HeaderMap) -> std::result::Result<Answer, NoAnswer> {
        http.send(Method::GET, url, headers, Bytes::new(), Instant::now() + WITHIN).await
    }

    async fn post(http: &Http, url: &Url) -> std::result::Result<Answer, NoAnswer> {
        let body = Bytes::from_static(b"octets");
        http.send_for_status(Method::POST, url, HeaderMap::new(), body, Instant::now() + WITHIN).await
    }

    /// A kept connection that dies may be noticed before an octet of the next request is sent on it. Nothing listens then, so no
    /// second post can have been accepted.
    #[tokio::test]
    async fn the_status_of_one_post_is_never_taken_for_that_of_the_next() {
        for _ in 0..200 {
            let (port, serving) = server("octets", OK);
            let (http, url) = (http(Matcher::builder().build()), url(&format!("http://127.0.0.1:{port}/")));
            let answer = post(&http, &url).await.unwrap();
            assert_eq!(answer.status.as_u16(), 200);
            answer.drain().await;
            let second = post(&http, &url).await;
            assert!(matches!(second, Err(NoAnswer::Unsent(_) | NoAnswer::Broken(_))), "{second:?}");
            serving.join().unwrap();
        }
    }

    /// A message whose header does not arrive is not an empty message.
    #[tokio::test]
    async fn a_status_line_is_an_answer_to_nobody_who_needs_the_body() {
        let http = http(Matcher::builder().build());
        let begun = "HTTP/1.1 201 Created\r\nContent-Le";
        let (port, serving) = server("\r\n\r\n", begun);
        let answer = get(&http, &url(&format!("http://127.0.0.1:{port}/")), HeaderMap::new()).await;
        assert!(matches!(&answer, Err(NoAnswer::Broken(why)) if why.contains("closed")), "{answer:?}");
        serving.join().unwrap();
        let (port, serving) = server("octets", begun);
        let answer = post(&http, &url(&format!("http://127.0.0.1:{port}/"))).await.unwrap();
        assert_eq!((answer.status.as_u16(), answer.headers.len()), (201, 0));
        serving.join().unwrap();
    }

    #[tokio::test]
    async fn credentials_of_an_address_are_sent_as_a_header_unless_there_are_others() {
        let http = http(Matcher::builder().build());
        let bearer = HeaderMap::from_iter([(AUTHORIZATION, HeaderValue::from_static("Bearer b"))]);
        for (headers, sent) in [(HeaderMap::new(), "Basic dXNlcjpwQHNz"), (bearer, "Bearer b")] {
            let (port, serving) = server("\r\n\r\n", OK);
            get(&http, &url(&format!("http://user:p%40ss@127.0.0.1:{port}/a?b")), headers).await.unwrap();
            let expected = format!(
                "GET /a?b HTTP/1.1\r\nauthorization: {sent}\r\naccept: */*\r\nuser-agent: {AGENT}\r\nhost: 127.0.0.1:{port}\r\n\r\n"
            );
            assert_eq!(serving.join().unwrap(), expected);
        }
    }

    #[tokio::test]
    async fn a_proxy_learns_the_host_and_who_we_are() {
        let (port, serving) =
            server("\r\n\r\n", "HTTP/1.1 407 Proxy Authentication Required\r\nContent-Length: 0\r\n\r\n");
        let http = http(Matcher::builder().https(format!("http://user:word@127.0.0.1:{port}")).build());
        let answer = get(&http, &url("https://hidden:hidden@app.invalid/hidden"), HeaderMap::new()).await;
        assert!(matches!(&answer, Err(NoAnswer::Unsent(why)) if why.contains("proxy authorization")), "{answer:?}");
        let mut lines: Vec<_> = serving.join().unwrap().lines().map(str::to_lowercase).collect();
        lines.sort();
        assert_eq!(
            lines,
            [
                "",
                "connect app.invalid:443 http/1.1",
                "host: app.invalid:443",
                "proxy-authorization: basic dxnlcjp3b3jk",
                &format!("user-agent: {AGENT}"),
            ]
        );
    }

    #[tokio::test]
    async fn the_reason_is_told_without_the_address() {
        let http = http(Matcher::builder().build());
        let unused = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let (port, serving) = server("", "220 smtp.example.com ESMTP\r\n");
        for (address, reason) in [
            (format!("http://127.0.0.1:{unused}/hidden"), "Connection refused"),
            (format!("https://127.0.0.1:{port}/hidden"), "the server does not speak TLS"),
            ("http://hidden.invalid/".into(), "failed to lookup address"),
        ] {
            let answer = get(&http, &url(&address), HeaderMap::new()).await;
            let Err(NoAnswer::Unsent(why)) = answer else { panic!("{address}: {answer:?}") };
            assert!(why.contains(reason) && !why.contains("hidden"), "{address}: {why}");
        }
        serving.join().unwrap();
    }
}
