//! Connections for the client: TCP, a proxy if the environment names one, TLS by our own configuration. Each connection
//! records the status lines that arrive on it.

use std::future::Future;
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use hyper::Uri;
use hyper::header::{HeaderMap, HeaderValue, USER_AGENT};
use hyper_util::client::legacy::connect::proxy::Tunnel;
use hyper_util::client::legacy::connect::{Connected, Connection, HttpConnector};
use hyper_util::client::proxy::matcher::{Intercept, Matcher};
use hyper_util::rt::TokioIo;
use rustls::ClientConfig;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::timeout;
use tower_service::Service;

use super::LATE;
use super::status_line::StatusLineStream;
use crate::transport::lookup::Resolver;
use crate::transport::tcp::{self, Stream};
use crate::transport::tls;

type BoxError = Box<dyn std::error::Error + Send + Sync>;
type Opening<T> = Pin<Box<dyn Future<Output = Result<T, BoxError>> + Send>>;
type Plain = Box<dyn Stream>;

/// The value of `User-Agent`.
pub(super) const AGENT: &str = concat!("mail_room/", env!("CARGO_PKG_VERSION"));

/// When the certificate of an endpoint expires, in seconds since 1970; 0 if that is not known.
pub(super) type Expiry = Arc<AtomicU64>;

/// Opens connections.
#[derive(Debug, Clone)]
pub(super) struct Connector {
    tls: Arc<ClientConfig>,
    expiry: Expiry,
    proxies: Arc<Matcher>,
    /// From the name's lookup to the end of the TLS handshake.
    within: Duration,
}

impl Connector {
    pub(super) fn new(tls: Arc<ClientConfig>, expiry: Expiry, proxies: Arc<Matcher>, within: Duration) -> Self {
        Self { tls, expiry, proxies, within }
    }

    async fn open(self, to: Uri) -> Result<TokioIo<Opened>, BoxError> {
        let direct = Direct { tls: self.tls.clone(), until: Instant::now() + self.within };
        let (stream, through_proxy) = match self.proxies.intercept(&to) {
            None => (direct.open(&to, Some(&self.expiry)).await?, false),
            Some(proxy) if is_https(&to) => (tunnelled(direct, &proxy, to, &self.expiry).await?, false),
            Some(proxy) => (direct.open(proxy.uri(), None).await?, true),
        };
        Ok(TokioIo::new(Opened { stream: StatusLineStream::new(stream), through_proxy }))
    }
}

impl Service<Uri> for Connector {
    type Response = TokioIo<Opened>;
    type Error = BoxError;
    type Future = Opening<Self::Response>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, to: Uri) -> Self::Future {
        let connector = self.clone();
        Box::pin(async move {
            let within = connector.within;
            timeout(within, connector.open(to)).await.unwrap_or_else(|_| Err(late().into()))
        })
    }
}

/// Connects without looking for a proxy.
#[derive(Clone)]
struct Direct {
    tls: Arc<ClientConfig>,
    until: Instant,
}

impl Direct {
    /// `expiry` is told of the certificate.
    async fn open(&self, to: &Uri, expiry: Option<&Expiry>) -> Result<Plain, BoxError> {
        if !matches!(to.scheme_str(), Some("http" | "https")) {
            return Err("the proxy is neither http:// nor https://: correct HTTP_PROXY or HTTPS_PROXY".into());
        }
        // Tries IPv4 and IPv6 side by side (RFC 8305).
        let mut connector = HttpConnector::new_with_resolver(Resolver);
        connector.enforce_http(false);
        connector.set_connect_timeout(Some(self.until.saturating_duration_since(Instant::now())));
        let stream = connector.call(to.clone()).await?.into_inner();
        tcp::settle(&stream, &tcp::TARGET);
        if is_https(to) { Ok(self.encrypt(&host(to), stream, expiry).await?) } else { Ok(Box::new(stream)) }
    }

    async fn encrypt(&self, host: &str, stream: impl Stream + 'static, expiry: Option<&Expiry>) -> io::Result<Plain> {
        let stream = tls::handshake(self.tls.clone(), host, stream, self.until).await?;
        if let (Some(expiry), Some(expires)) = (expiry, tls::expiry(&stream)) {
            expiry.store(expires, Ordering::Relaxed);
        }
        Ok(Box::new(stream))
    }
}

impl Service<Uri> for Direct {
    type Response = TokioIo<Plain>;
    type Error = BoxError;
    type Future = Opening<Self::Response>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, to: Uri) -> Self::Future {
        let direct = self.clone();
        Box::pin(async move { direct.open(&to, None).await.map(TokioIo::new) })
    }
}

/// Connects through a tunnel (CONNECT, RFC 9110 section 9.3.6). The proxy learns the host and no more.
async fn tunnelled(direct: Direct, proxy: &Intercept, to: Uri, expiry: &Expiry) -> Result<Plain, BoxError> {
    let headers = HeaderMap::from_iter([(USER_AGENT, HeaderValue::from_static(AGENT))]);
    let mut tunnel = Tunnel::new(proxy.uri().clone(), direct.clone()).with_headers(headers);
    if let Some(authorization) = proxy.basic_auth() {
        tunnel = tunnel.with_auth(authorization.clone());
    }
    let stream = tunnel.call(to.clone()).await?;
    Ok(direct.encrypt(&host(&to), stream.into_inner(), Some(expiry)).await?)
}

fn host(uri: &Uri) -> String {
    uri.host().unwrap_or_default().trim_start_matches('[').trim_end_matches(']').to_owned()
}

pub(super) fn is_https(uri: &Uri) -> bool {
    uri.scheme_str() == Some("https")
}

fn late() -> io::Error {
    io::Error::new(io::ErrorKind::TimedOut, LATE)
}

/// An open connection.
pub(super) struct Opened {
    stream: StatusLineStream<Plain>,
    through_proxy: bool,
}

impl Connection for Opened {
    fn connected(&self) -> Connected {
        Connected::new().proxy(self.through_proxy).extra(self.stream.line().clone())
    }
}

impl AsyncRead for Opened {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(cx, buf)
    }
}

impl AsyncWrite for Opened {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, octets: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(cx, octets)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}
