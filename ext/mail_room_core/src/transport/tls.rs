//! TLS towards a server: turns options into a rustls configuration, and a stream into an encrypted one. `tls/verifier.rs`
//! decides which certificates are trusted. `tls/explain.rs` words the errors.

mod certificate;
mod explain;
mod files;
mod verifier;
mod x509;

use std::collections::HashMap;
use std::io;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use rustls::ClientConfig;
use rustls::crypto::{CryptoProvider, ring};
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::version::{TLS12, TLS13};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::sync::Mutex as AsyncMutex;
use tokio::time::timeout_at;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

use crate::config::{Tls, TlsVersion};
use crate::error::{Error, Result};
#[cfg(fuzzing)]
pub use certificate::read;
use verifier::Verifier;

/// How long a configuration is reused while its files stay the same. The system's authorities may have changed meanwhile.
const REUSED_FOR: Duration = Duration::from_secs(300);
/// How often the files are looked at.
const LOOKED_AT_EVERY: Duration = Duration::from_secs(1);
/// The same after their disk did not answer.
const HANGING_LOOKED_AT_EVERY: Duration = Duration::from_secs(60);

/// The configurations of this process, one per set of options. 200 mailboxes share one copy of the system's roots.
static CONFIGS: Mutex<Option<HashMap<Tls, Slot>>> = Mutex::new(None);

/// The place of one configuration. The lock is held while it is built: mailboxes that start together build it once.
type Slot = Arc<AsyncMutex<Kept>>;

/// What is known of one set of options.
#[derive(Default)]
struct Kept {
    built: Option<Built>,
    /// Why it could not be built, and until when callers get this error at once: many may wait for the same file.
    failed: Option<(Error, Instant)>,
}

/// A configuration, and the state of the files it was made of.
struct Built {
    at: Instant,
    look_again: Instant,
    files: files::Stamp,
    config: Arc<ClientConfig>,
}

/// The rustls configuration for `tls`. It is built again when one of its files was replaced. Reading each file has a deadline
/// of some seconds. If it cannot be read in time, the configuration built before is used.
///
/// # Errors
/// [`Error::Refused`] or [`Error::Configuration`] if a file or an option cannot be used, [`Error::Reconnect`] if a file cannot be
/// read in time.
pub async fn client_config(tls: &Tls) -> Result<Arc<ClientConfig>> {
    let slot = slot(tls);
    let mut kept = slot.lock().await;
    let Kept { built: known, failed } = &mut *kept;
    if let Some(built) = known.as_ref().filter(|built| Instant::now() < built.look_again) {
        return Ok(Arc::clone(&built.config));
    }
    if let Some((error, _)) = failed.as_ref().filter(|(_, until)| Instant::now() < *until) {
        return Err(error.clone());
    }
    match (renewed(tls, known.as_ref()).await, known) {
        (Ok(Some(built)), known) => Ok(Arc::clone(&known.insert(built).config)),
        (Ok(None), Some(same)) => {
            same.look_again = Instant::now() + LOOKED_AT_EVERY;
            Ok(Arc::clone(&same.config))
        }
        (Err(Error::Reconnect(_)), Some(old)) => {
            old.look_again = Instant::now() + HANGING_LOOKED_AT_EVERY;
            Ok(Arc::clone(&old.config))
        }
        (Err(error @ Error::Reconnect(_)), None) => {
            *failed = Some((error.clone(), Instant::now() + LOOKED_AT_EVERY));
            Err(error)
        }
        (Err(error), _) => Err(error),
        (Ok(None), None) => Err(Error::Reconnect("the TLS configuration is gone".into())),
    }
}

fn slot(tls: &Tls) -> Slot {
    let mut configs = CONFIGS.lock().unwrap_or_else(PoisonError::into_inner);
    let configs = configs.get_or_insert_default();
    // A slot that is locked or shared is in use.
    configs.retain(|_, slot| {
        let Ok(known) = slot.try_lock() else { return true };
        known.built.as_ref().is_some_and(|built| built.at.elapsed() < REUSED_FOR) || Arc::strong_count(slot) > 1
    });
    Arc::clone(configs.entry(tls.clone()).or_default())
}

/// A new configuration, or `None` if `known` is still good.
async fn renewed(tls: &Tls, known: Option<&Built>) -> Result<Option<Built>> {
    // Before they are read, so that a file replaced meanwhile is noticed the next time.
    let files = files::Stamp::of(tls).await?;
    if known.is_some_and(|known| known.files == files && known.at.elapsed() < REUSED_FOR) {
        return Ok(None);
    }
    let config = Arc::new(build(tls).await?);
    let now = Instant::now();
    Ok(Some(Built { at: now, look_again: now + LOOKED_AT_EVERY, files, config }))
}

/// Reads the files of `tls` and builds the configuration.
async fn build(tls: &Tls) -> Result<ClientConfig> {
    // Named explicitly, as any other crate could change the default of the process.
    let provider = Arc::new(ring::default_provider());
    let lowest = tls.min_version.unwrap_or(TlsVersion::V1_2);
    let highest = tls.max_version.unwrap_or(TlsVersion::V1_3);
    let versions: &[&rustls::SupportedProtocolVersion] = match (lowest, highest) {
        (TlsVersion::V1_2, TlsVersion::V1_2) => &[&TLS12],
        (TlsVersion::V1_2, TlsVersion::V1_3) => &[&TLS12, &TLS13],
        (TlsVersion::V1_3, TlsVersion::V1_3) => &[&TLS13],
        (TlsVersion::V1_3, TlsVersion::V1_2) => {
            return Err(Error::Configuration("ssl: min_version is higher than max_version".into()));
        }
    };
    let builder = ClientConfig::builder_with_provider(Arc::clone(&provider))
        .with_protocol_versions(versions)
        .map_err(|error| Error::Configuration(format!("ssl: {error}")))?
        .dangerous()
        .with_custom_certificate_verifier(server_verifier(tls, &provider).await?);
    let Some(cert) = &tls.cert else {
        if tls.key.is_some() {
            return Err(Error::Configuration("ssl: key is set without cert".into()));
        }
        return Ok(builder.with_no_client_auth());
    };
    // One file may hold both, as is usual with OpenSSL.
    let (chain, key) = files::identity(cert, tls.key.as_ref().unwrap_or(cert)).await?;
    builder
        .with_client_auth_cert(chain, key)
        .map_err(|error| Error::Refused(format!("ssl: cert {} cannot be used with its key: {error}", cert.display())))
}

async fn server_verifier(tls: &Tls, provider: &CryptoProvider) -> Result<Arc<Verifier>> {
    let algorithms = provider.signature_verification_algorithms;
    Ok(Arc::new(if tls.verify {
        Verifier::new(files::trust(tls).await?, tls.verify_hostname, algorithms)
    } else {
        Verifier::of_signatures_only(algorithms)
    }))
}

/// What `error` means, in plain words and without advice about options.
pub(crate) fn in_words(error: &rustls::Error) -> String {
    explain::in_words(error)
}

/// The meaning of `error`, of a read or a write, if it is a TLS alert.
pub(crate) fn alert(error: &io::Error) -> Option<Error> {
    explain::alert(error)
}

/// The hash of `certificate` for channel binding (RFC 5929 section 4.1); `None` if its signature algorithm defines none.
pub(crate) fn end_point(certificate: &CertificateDer<'_>) -> Option<Vec<u8>> {
    certificate::end_point(certificate)
}

/// The issuer of `certificate` and the end of its validity (seconds since 1970); `None` if it is not X.509.
pub(crate) fn issuer_and_expiry(certificate: &CertificateDer<'_>) -> Option<(String, i64)> {
    certificate::facts(certificate).map(|facts| (facts.issuer, facts.not_after))
}

/// When the certificate that the server has shown expires, in seconds since 1970.
pub(crate) fn expiry<S>(stream: &TlsStream<S>) -> Option<u64> {
    let (_, connection) = stream.get_ref();
    let (_, not_after) = issuer_and_expiry(connection.peer_certificates()?.first()?)?;
    u64::try_from(not_after).ok()
}

/// Why a handshake or a later read or write failed, without advice about options: for servers of any protocol.
pub(crate) fn reason(error: &io::Error) -> String {
    explain::reason(error)
}

/// Encrypts `stream` and verifies that `host` is at its other end. Ends at `until`.
///
/// # Errors
/// [`rustls::Error`] inside of an [`io::Error`]; [`io::ErrorKind::TimedOut`]; [`io::ErrorKind::InvalidInput`] if `host` is
/// no name.
pub(crate) async fn handshake<S>(
    config: Arc<ClientConfig>,
    host: &str,
    stream: S,
    until: Instant,
) -> io::Result<TlsStream<S>>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let handshake = TlsConnector::from(config).connect(server_name(host)?, stream);
    timeout_at(until.into(), handshake).await.unwrap_or_else(|_| Err(explain::late()))
}

/// The same, with the errors of a mail server, which name the options of a mailbox.
///
/// # Errors
/// [`Error::Refused`] if somebody has to change something, [`Error::Reconnect`] if it may pass.
pub(crate) async fn connect_until<S>(
    config: Arc<ClientConfig>,
    host: &str,
    stream: S,
    until: Instant,
) -> Result<TlsStream<S>>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    handshake(config, host, stream, until).await.map_err(|error| explain::handshake(&error))
}

fn server_name(host: &str) -> io::Result<ServerName<'static>> {
    let bare = host.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')).unwrap_or(host);
    // A trailing dot ends a name in DNS. Certificates do not carry it, and RFC 6066 section 3 forbids it in SNI.
    ServerName::try_from(bare.trim_end_matches('.').to_owned()).map_err(|_| explain::no_host())
}
