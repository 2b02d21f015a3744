//! HTTP: one client per set of options, with our own TLS configuration. Words errors, and parses `Retry-After`. Knows nothing
//! of messages. Follows no redirects: the caller decides where its credentials go.

mod connector;
mod poster;
mod status_line;

use std::io;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use reqwest::header::{DATE, HeaderMap, RETRY_AFTER};
use reqwest::redirect::Policy;
use reqwest::tls::TlsInfo;
use reqwest::{Client, Response, Url};
use rustls::ClientConfig;
use rustls::pki_types::CertificateDer;
use tokio::sync::Mutex;
use tokio::time::timeout;

use crate::config::Tls;
use crate::error::{Error, Result};
use crate::transport::lookup::Resolver;
use crate::transport::tls;
pub(crate) use poster::{Answer, PostError, Poster};

/// The value of `User-Agent`.
const AGENT: &str = concat!("mail_room/", env!("CARGO_PKG_VERSION"));
/// How long a connection may be idle and reused. Most servers close idle connections later than this.
const IDLE: Duration = Duration::from_secs(10);
/// Idle time before the kernel probes the connection.
const KEEPALIVE: Duration = Duration::from_secs(30);
/// Octets and time to read an ignored answer, so that its connection can be reused.
const DRAINED: (usize, Duration) = (64 << 10, Duration::from_secs(1));
/// How long a short body may take after its header.
const BODY_WITHIN: Duration = Duration::from_secs(5);
/// The longest pause that an answer can ask for.
const LONGEST_PAUSE: Duration = Duration::from_secs(3600);
/// The most header lines of an answer, as in curl.
const HEADERS: usize = 5_000;

/// A client that is built at first use, and again when the TLS configuration was. Keeps connections alive. Proxies are those of the environment (`HTTP_PROXY`, `HTTPS_PROXY`, `ALL_PROXY`, `NO_PROXY`).
#[derive(Debug)]
pub(crate) struct Http {
    tls: Tls,
    connect_timeout: Duration,
    /// The client, and the TLS configuration it was built with.
    client: Mutex<Option<(Arc<ClientConfig>, Client)>>,
}

impl Http {
    /// Opens no connection yet. `connect_timeout` covers the lookup of the name, TCP and the TLS handshake. The caller brings
    /// the deadline for an answer.
    pub(crate) fn new(tls: Tls, connect_timeout: Duration) -> Self {
        Self { tls, connect_timeout, client: Mutex::default() }
    }

    /// The current client.
    ///
    /// # Errors
    /// [`Error::Refused`] and [`Error::Configuration`] if a file of the TLS options cannot be read or used.
    pub(crate) async fn client(&self) -> Result<Client> {
        let tls = tls::client_config(&self.tls).await?;
        let mut slot = self.client.lock().await;
        if let Some((made_of, client)) = slot.as_ref()
            && Arc::ptr_eq(made_of, &tls)
        {
            return Ok(client.clone());
        }
        let client = Client::builder()
            .tls_backend_preconfigured((*tls).clone())
            .dns_resolver(Resolver)
            .user_agent(AGENT)
            .redirect(Policy::none())
            // The callers retry, as they count each try.
            .retry(reqwest::retry::never())
            .connect_timeout(self.connect_timeout)
            .tls_info(true)
            .pool_idle_timeout(IDLE)
            .tcp_keepalive(KEEPALIVE)
            .tcp_nodelay(true)
            // An answer with odd header lines is still an answer.
            .http1_ignore_invalid_headers_in_responses(true)
            .http1_allow_spaces_after_header_name_in_responses(true)
            .http1_allow_obsolete_multiline_headers_in_responses(true)
            .http1_max_headers(HEADERS)
            .build()
            .map_err(|error| Error::Configuration(format!("HTTP cannot be set up: {}", in_words(&error))))?;
        *slot = Some((tls, client.clone()));
        Ok(client)
    }
}

/// Words an error, without the address, which may hold secrets, and without any part of the answer.
pub(crate) fn in_words(error: &reqwest::Error) -> String {
    if error.is_timeout() {
        return "no connection in time".into();
    }
    if error.is_builder() { "the request cannot be made".into() } else { causes_in_words(error) }
}

/// Words the causes of an error. The error's own text may name the address.
fn causes_in_words(error: &(dyn std::error::Error + 'static)) -> String {
    let causes = || std::iter::successors(error.source(), |&cause| cause.source());
    if let Some(words) = causes().find_map(tls_in_words) {
        return words;
    }
    if let Some(error) = causes().find_map(|cause| cause.downcast_ref::<io::Error>()) {
        return error.to_string();
    }
    // The innermost cause says most. The texts of hyper name neither address nor content.
    causes().last().map_or_else(|| "the request failed".into(), ToString::to_string)
}

/// Words a cause if it is an error of TLS, which may be nested in errors of reading or writing.
fn tls_in_words(cause: &(dyn std::error::Error + 'static)) -> Option<String> {
    let mut cause = cause;
    while let Some(inner) = cause.downcast_ref::<io::Error>().and_then(io::Error::get_ref) {
        cause = inner;
    }
    let error = cause.downcast_ref()?;
    Some(tls::in_words(error))
}

/// The pause that an answer asks for (`Retry-After`, RFC 9110 section 10.2.3), in seconds or as a date. At most an hour. `None`
/// if it names no future time, such as 0 or a date in the past. The caller waits for the longer of this and its backoff, see
/// [`Backoff::at_least`](crate::limits::backoff::Backoff::at_least).
pub(crate) fn retry_after(headers: &HeaderMap) -> Option<Duration> {
    let value = headers.get(RETRY_AFTER)?.to_str().ok()?.trim();
    let pause = match value.parse::<f64>() {
        Ok(seconds) if seconds.is_finite() => {
            Duration::try_from_secs_f64(seconds.min(LONGEST_PAUSE.as_secs_f64())).ok()?
        }
        // More digits than a float can hold.
        Ok(_) if value.bytes().all(|byte| byte.is_ascii_digit()) => LONGEST_PAUSE,
        Ok(_) => return None,
        Err(_) => {
            let when = SystemTime::from(jiff::fmt::rfc2822::parse(value).ok()?.timestamp());
            when.duration_since(SystemTime::now()).unwrap_or_default()
        }
    };
    Some(pause.min(LONGEST_PAUSE)).filter(|pause| !pause.is_zero())
}

/// By how many seconds the clock of whoever answered is ahead of ours (`Date`, RFC 9110 section 6.6.1). `None` if it does not
/// tell.
pub(crate) fn clock_ahead(headers: &HeaderMap) -> Option<i64> {
    let date = jiff::fmt::rfc2822::parse(headers.get(DATE)?.to_str().ok()?.trim()).ok()?.timestamp();
    Some(date.as_second().saturating_sub(jiff::Timestamp::now().as_second()))
}

/// When the certificate of whoever answered expires, in seconds since 1970; `None` without TLS.
pub(crate) fn certificate_expiry(answer: &Response) -> Option<u64> {
    let certificate = answer.extensions().get::<TlsInfo>()?.peer_certificate()?;
    let (_, not_after) = tls::issuer_and_expiry(&CertificateDer::from(certificate))?;
    u64::try_from(not_after).ok()
}

/// Reads the body of an answer to its end and appends it to `body`.
///
/// # Errors
/// In plain words: it broke off, sent nothing for `silence`, or `body` would have more than `limit` octets.
pub(crate) async fn read(
    answer: &mut Response,
    body: &mut Vec<u8>,
    limit: usize,
    silence: Duration,
) -> std::result::Result<(), String> {
    loop {
        let chunk =
            timeout(silence, answer.chunk()).await.map_err(|_| "the answer stopped in the middle".to_owned())?;
        let Some(chunk) = chunk.map_err(|error| format!("the answer broke off: {}", in_words(&error)))? else {
            return Ok(());
        };
        if body.len().saturating_add(chunk.len()) > limit {
            return Err(format!("the answer has more than {limit} octets"));
        }
        body.extend_from_slice(&chunk);
    }
}

/// Reads and ignores the rest of an answer for a short time, so that its connection can be reused.
pub(crate) async fn drain(mut answer: Response) {
    let (octets, within) = DRAINED;
    let mut left = octets;
    let reading = async {
        while let Ok(Some(chunk)) = answer.chunk().await {
            let Some(rest) = left.checked_sub(chunk.len()) else { break };
            left = rest;
        }
    };
    timeout(within, reading).await.ok();
}

/// Whether both have the same origin (RFC 6454), so that credentials for `url` may be sent to `other`.
pub(crate) fn same_origin(url: &Url, other: &Url) -> bool {
    url.origin().is_tuple() && url.origin() == other.origin()
}

/// An address as logs may show it: without user, password, query and fragment.
pub(crate) fn shown(url: &Url) -> String {
    let mut shown = url.clone();
    shown.set_query(None);
    shown.set_fragment(None);
    // Fails only for addresses that cannot have a user.
    _ = shown.set_username("");
    _ = shown.set_password(None);
    shown.into()
}

#[cfg(test)]
mod tests {
    use reqwest::header::HeaderValue;

    use super::*;

    fn after(value: &str) -> Option<Duration> {
        let headers = HeaderMap::from_iter([(RETRY_AFTER, HeaderValue::from_str(value).unwrap())]);
        retry_after(&headers)
    }

    #[test]
    fn a_pause_is_asked_for_in_seconds_or_until_a_date() {
        assert_eq!(after("7"), Some(Duration::from_secs(7)));
        assert_eq!(after(" 0.5 "), Some(Duration::from_millis(500)));
        let later = jiff::Timestamp::now() + Duration::from_secs(100);
        let date = jiff::fmt::rfc2822::DateTimePrinter::new().timestamp_to_rfc9110_string(&later).unwrap();
        assert!(after(&date).is_some_and(|pause| (98..=100).contains(&pause.as_secs())), "{date}");
        for huge in ["999999999999", "1e300", &"9".repeat(400)] {
            assert_eq!(after(huge), Some(LONGEST_PAUSE), "{huge}");
        }
        for no_time_to_come in ["0", "0.0", "-0", "-1", "Sun, 06 Nov 1994 08:49:37 GMT"] {
            assert_eq!(after(no_time_to_come), None, "{no_time_to_come}");
        }
        for nonsense in ["", "soon", "inf", "NaN", "1e400"] {
            assert_eq!(after(nonsense), None, "{nonsense}");
        }
        assert_eq!(retry_after(&HeaderMap::new()), None);
    }

    #[test]
    fn what_is_shown_of_an_address_holds_no_secret() {
        let url = Url::parse("https://user:hidden@host:8443/a/b?token=hidden#hidden").unwrap();
        assert_eq!(shown(&url), "https://host:8443/a/b");
    }

    #[test]
    fn an_origin_is_scheme_host_and_port() {
        let url = |text| Url::parse(text).unwrap();
        let ours = url("https://host/a");
        assert!(same_origin(&ours, &url("https://HOST:443/b?c")));
        for other in ["http://host/a", "https://host:444/a", "https://other/a", "https://host./a", "data:,x"] {
            assert!(!same_origin(&ours, &url(other)), "{other}");
        }
    }
}
