//! Reads what a TLS configuration is made of: PEM files with certificates and keys, and the system's authorities. Has a deadline.

use std::ffi::OsStr;
use std::path::Path;

use rustls::RootCertStore;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};

use super::certificate;
use crate::config::Tls;
use crate::error::{Error, Result};
use crate::system::blocking::Threads;
use crate::system::files::{self, Contents, ReadError};

/// Octets of a file of authorities. All public ones together have about 230,000.
const AUTHORITIES_LIMIT: u64 = 8 << 20;
/// Octets of a file with our own certificate or key, or of a file in a directory.
const CERTIFICATE_LIMIT: u64 = 1 << 20;

/// The system's authorities lie in files, too.
static SYSTEM: Threads<Vec<CertificateDer<'static>>> = Threads::new("mail_room file", 1, 1);

/// The certificates that a verifier trusts.
#[derive(Debug)]
pub(super) struct Trust {
    /// Authorities at the end of a chain.
    pub(super) roots: RootCertStore,
    /// The certificates of `ca_file` and `ca_path`. A server may send one of them as its own.
    pub(super) own: Vec<CertificateDer<'static>>,
}

/// The time of change and the size of each file of some options. Files with an equal stamp need not be read again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Stamp(Vec<files::Stamp>);

impl Stamp {
    pub(super) async fn of(tls: &Tls) -> Result<Self> {
        let mut stamps = Vec::new();
        let files = [("ca_file", &tls.ca_file), ("ca_path", &tls.ca_path), ("cert", &tls.cert), ("key", &tls.key)];
        for (option, file) in files {
            if let Some(file) = file {
                let stamp = files::stamp(file).await.map_err(|unread| unreadable(file, option, &unread))?;
                stamps.push(stamp);
            }
        }
        Ok(Self(stamps))
    }
}

/// The authorities of `ca_file` and `ca_path`, or those of the system if neither is given.
pub(super) async fn trust(tls: &Tls) -> Result<Trust> {
    let mut own = Vec::new();
    if let Some(file) = &tls.ca_file {
        own.extend(certificates(file, "ca_file", AUTHORITIES_LIMIT).await?);
    }
    if let Some(directory) = &tls.ca_path {
        own.extend(directory_of_certificates(directory).await?);
    }
    let mut roots = RootCertStore::empty();
    // Skips those that cannot be parsed: one odd certificate in the system's store must not stop all mail.
    if tls.ca_file.is_none() && tls.ca_path.is_none() {
        roots.add_parsable_certificates(system().await?);
        if roots.is_empty() {
            return Err(Error::Refused(
                "this system has no certificate authorities (package ca-certificates): install them, or name a file \
                 with ssl: ca_file"
                    .into(),
            ));
        }
    } else {
        // The file may also hold a server's own certificate, which signs no other.
        let may_sign =
            |certificate: &&CertificateDer<'_>| certificate::facts(certificate).is_some_and(|it| it.may_sign);
        roots.add_parsable_certificates(own.iter().filter(may_sign).cloned());
    }
    Ok(Trust { roots, own })
}

async fn system() -> Result<Vec<CertificateDer<'static>>> {
    let found = SYSTEM.run(OsStr::new(""), files::WITHIN, || rustls_native_certs::load_native_certs().certs).await;
    let found = found.map_err(|unfinished| {
        Error::Reconnect(format!("ssl: this system's certificate authorities cannot be read: {unfinished}"))
    })?;
    Ok(found.to_vec())
}

/// The client certificate and its key.
pub(super) async fn identity(
    cert: &Path,
    key: &Path,
) -> Result<(Vec<CertificateDer<'static>>, PrivateKeyDer<'static>)> {
    let chain = certificates(cert, "cert", CERTIFICATE_LIMIT).await?;
    let pem = contents(key, "key", CERTIFICATE_LIMIT).await?;
    // PKCS#8, PKCS#1 or SEC1.
    let key = PrivateKeyDer::from_pem_slice(&pem).map_err(|error| unusable(key, "key", &error))?;
    Ok((chain, key))
}

/// All certificates of a PEM file, at least one. `option` is the name of the option, for errors.
async fn certificates(file: &Path, option: &str, limit: u64) -> Result<Vec<CertificateDer<'static>>> {
    let certificates = parsed(&contents(file, option, limit).await?).map_err(|error| unusable(file, option, &error))?;
    if certificates.is_empty() {
        return Err(Error::Refused(format!("ssl: {option} {} holds no certificate in PEM format", file.display())));
    }
    Ok(certificates)
}

/// The certificates of all PEM files in `directory`. Skips other files, as such directories
/// also hold revocation lists and links.
async fn directory_of_certificates(directory: &Path) -> Result<Vec<CertificateDer<'static>>> {
    let read = files::directory(directory, CERTIFICATE_LIMIT).await;
    let files = read.map_err(|unread| unreadable(directory, "ca_path", &unread))?;
    let mut found: Vec<_> = files.iter().filter_map(|pem| parsed(pem).ok()).flatten().collect();
    // With OpenSSL's hashed links, each certificate is read twice.
    found.sort_by(|a, b| a.as_ref().cmp(b.as_ref()));
    found.dedup();
    if found.is_empty() {
        return Err(Error::Refused(format!(
            "ssl: ca_path {} holds no certificates in PEM format",
            directory.display()
        )));
    }
    Ok(found)
}

fn parsed(pem: &Contents) -> std::result::Result<Vec<CertificateDer<'static>>, rustls::pki_types::pem::Error> {
    CertificateDer::pem_slice_iter(pem).collect()
}

async fn contents(file: &Path, option: &str, limit: u64) -> Result<Contents> {
    files::read(file, limit).await.map_err(|unread| unreadable(file, option, &unread))
}

fn unreadable(file: &Path, option: &str, unread: &ReadError) -> Error {
    let text = format!("ssl: {option} {} {}", file.display(), unread.why());
    match unread {
        ReadError::Failed(_) => Error::Refused(text),
        ReadError::Hangs(_) => Error::Reconnect(text),
    }
}

fn unusable(file: &Path, option: &str, error: &rustls::pki_types::pem::Error) -> Error {
    use rustls::pki_types::pem::Error as Pem;
    let reason = match error {
        Pem::NoItemsFound => "nothing usable in PEM format in it",
        // The other errors quote the file, which may hold a key.
        _ => "it is not in PEM format",
    };
    Error::Refused(format!("ssl: {option} {} cannot be read: {reason}", file.display()))
}
