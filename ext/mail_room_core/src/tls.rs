//! TLS towards a server: options become a rustls configuration, a stream becomes an encrypted one. What is trusted is
//! decided in `tls/verifier.rs`; what goes wrong is put into words in `tls/explain.rs`.

mod certificate;
mod explain;
mod files;
mod verifier;

use std::collections::HashMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use rustls::ClientConfig;
use rustls::crypto::{CryptoProvider, ring};
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::version::{TLS12, TLS13};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::sync::Mutex;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

use crate::config::{Tls, TlsVersion};
use crate::error::{Error, Result};
use verifier::{Unverified, Verifier};

/// How long a configuration is used again although its files are the same: the system's authorities have changed perhaps.
const REUSED_FOR: Duration = Duration::from_secs(300);
/// How long files are taken to be the same without looking.
const LOOKED_AT_EVERY: Duration = Duration::from_secs(1);

/// The process's configurations, one per set of options: 200 mailboxes share one copy of the system's roots. The lock is
/// held while one is built, so that mailboxes that start together build it once.
static CONFIGS: Mutex<Option<HashMap<Tls, Built>>> = Mutex::const_new(None);

/// A configuration and the files that it was made of.
struct Built {
    at: Instant,
    looked_at: Instant,
    files: files::Stamp,
    config: Arc<ClientConfig>,
}

/// The rustls configuration for `tls`, built again when one of its files was replaced. Blocking work is done on tokio's
/// blocking threads; the caller brings the deadline.
pub async fn client_config(tls: &Tls) -> Result<Arc<ClientConfig>> {
    let mut configs = CONFIGS.lock().await;
    let configs = configs.get_or_insert_default();
    configs.retain(|_, built| built.at.elapsed() < REUSED_FOR);
    if let Some(built) = configs.get(tls)
        && built.looked_at.elapsed() < LOOKED_AT_EVERY
    {
        return Ok(Arc::clone(&built.config));
    }
    let (options, known) = (tls.clone(), configs.get(tls).map(|built| built.files.clone()));
    let built = tokio::task::spawn_blocking(move || {
        // Before they are read: what is replaced meanwhile is noticed the next time.
        let files = files::Stamp::of(&options);
        if known.as_ref() == Some(&files) { Ok(None) } else { Ok(Some((files, build(&options)?))) }
    });
    let built: Result<_> = built.await.map_err(|_| Error::Reconnect("building the TLS configuration failed".into()))?;
    let now = Instant::now();
    match (built?, configs.get_mut(tls)) {
        (None, Some(same)) => {
            same.looked_at = now;
            Ok(Arc::clone(&same.config))
        }
        (Some((files, config)), _) => {
            let config = Arc::new(config);
            configs.insert(tls.clone(), Built { at: now, looked_at: now, files, config: Arc::clone(&config) });
            Ok(config)
        }
        (None, None) => Err(Error::Reconnect("the TLS configuration is gone".into())),
    }
}

/// Reads the files of `tls` and builds the configuration. Blocks.
fn build(tls: &Tls) -> Result<ClientConfig> {
    // Named explicitly: a default for the whole process could be changed by any other crate.
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
        .with_custom_certificate_verifier(server_verifier(tls, &provider)?);
    let Some(cert) = &tls.cert else {
        if tls.key.is_some() {
            return Err(Error::Configuration("ssl: key is set without cert".into()));
        }
        return Ok(builder.with_no_client_auth());
    };
    // One file may hold both, as OpenSSL's users like it.
    let key_file = tls.key.as_ref().unwrap_or(cert);
    builder
        .with_client_auth_cert(files::certificates(cert, "cert")?, files::private_key(key_file, "key")?)
        .map_err(|error| Error::Refused(format!("ssl: cert {} cannot be used with its key: {error}", cert.display())))
}

fn server_verifier(
    tls: &Tls,
    provider: &CryptoProvider,
) -> Result<Arc<dyn rustls::client::danger::ServerCertVerifier>> {
    let algorithms = provider.signature_verification_algorithms;
    if tls.verify {
        Ok(Arc::new(Verifier::new(files::trust(tls)?, tls.verify_hostname, algorithms)))
    } else {
        Ok(Arc::new(Unverified { algorithms }))
    }
}

/// What `error` of a handshake or later means, in plain words.
pub(crate) fn in_words(error: &rustls::Error) -> String {
    explain::in_words(error)
}

/// What the server meant if `error`, of a read or a write, is an alert.
pub(crate) fn alert(error: &std::io::Error) -> Option<Error> {
    explain::alert(error)
}

/// What stands for `certificate` in a channel binding (RFC 5929 section 4.1): its hash, if its own signature says which.
pub(crate) fn end_point(certificate: &CertificateDer<'_>) -> Option<Vec<u8>> {
    certificate::end_point(certificate)
}

/// Who vouches for `certificate`, and until when (seconds since 1970); `None` if it is not X.509 at all.
pub(crate) fn vouched_for(certificate: &CertificateDer<'_>) -> Option<(String, i64)> {
    certificate::facts(certificate).map(|facts| (facts.issuer, facts.not_after))
}

/// Makes `stream` an encrypted one and tells who is at its other end. The caller brings the deadline.
pub async fn connect<S>(config: Arc<ClientConfig>, host: &str, stream: S) -> Result<TlsStream<S>>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    // A trailing dot ends a name in DNS; certificates do not carry it (RFC 6066 section 3 forbids it in SNI, too).
    let bare = host.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')).unwrap_or(host);
    let name = ServerName::try_from(bare.trim_end_matches('.').to_owned())
        .map_err(|_| Error::Configuration("host is neither a host name nor an address".into()))?;
    TlsConnector::from(config).connect(name, stream).await.map_err(|error| explain::handshake(&error))
}
