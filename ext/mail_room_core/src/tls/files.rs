//! PEM files of certificates and keys, and the system's authorities. Everything here blocks.

use std::path::Path;
use std::time::SystemTime;

use rustls::RootCertStore;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};

use crate::config::Tls;
use crate::error::{Error, Result};

/// Whom a verifier trusts.
#[derive(Debug)]
pub(super) struct Trust {
    /// Authorities a certificate may lead up to.
    pub(super) roots: RootCertStore,
    /// The certificates of `ca_file` and `ca_path`: a server may show one of them itself.
    pub(super) own: Vec<CertificateDer<'static>>,
}

/// What tells whether the files of some options are the same as before: when each was changed, and its size.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Stamp(Vec<Option<(SystemTime, u64)>>);

impl Stamp {
    pub(super) fn of(tls: &Tls) -> Self {
        let files = [&tls.ca_file, &tls.ca_path, &tls.cert, &tls.key];
        let looked_at = files.into_iter().map(|file| {
            let known = std::fs::metadata(file.as_ref()?).ok()?;
            Some((known.modified().ok()?, known.len()))
        });
        Self(looked_at.collect())
    }
}

/// The authorities of `ca_file` and `ca_path`; the system's if neither is given.
pub(super) fn trust(tls: &Tls) -> Result<Trust> {
    let mut own = Vec::new();
    if let Some(file) = &tls.ca_file {
        own.extend(certificates(file, "ca_file")?);
    }
    if let Some(directory) = &tls.ca_path {
        own.extend(directory_of_certificates(directory)?);
    }
    let mut roots = RootCertStore::empty();
    // Unparsable ones are passed over: a single odd certificate in the system's store must not stop all mail.
    if tls.ca_file.is_none() && tls.ca_path.is_none() {
        roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
        if roots.is_empty() {
            return Err(Error::Refused(
                "this system has no certificate authorities (package ca-certificates): install them, or name a file \
                 with ssl: ca_file"
                    .into(),
            ));
        }
    } else {
        roots.add_parsable_certificates(own.iter().cloned());
    }
    Ok(Trust { roots, own })
}

/// All certificates of a PEM file, at least one. `option` is what the user called the file.
pub(super) fn certificates(file: &Path, option: &str) -> Result<Vec<CertificateDer<'static>>> {
    let read = CertificateDer::pem_file_iter(file).and_then(Iterator::collect::<std::result::Result<Vec<_>, _>>);
    let certificates = read.map_err(|error| unreadable(file, option, &error))?;
    if certificates.is_empty() {
        return Err(Error::Refused(format!("ssl: {option} {} holds no certificate in PEM format", file.display())));
    }
    Ok(certificates)
}

/// The private key of a PEM file: PKCS#8, PKCS#1 or SEC1.
pub(super) fn private_key(file: &Path, option: &str) -> Result<PrivateKeyDer<'static>> {
    PrivateKeyDer::from_pem_file(file).map_err(|error| unreadable(file, option, &error))
}

/// The certificates of all PEM files in `directory`. Other files are passed over: such directories hold revocation
/// lists and links, too.
fn directory_of_certificates(directory: &Path) -> Result<Vec<CertificateDer<'static>>> {
    let entries = std::fs::read_dir(directory)
        .map_err(|error| Error::Refused(format!("ssl: ca_path {} cannot be read: {error}", directory.display())))?;
    let mut files: Vec<_> = entries.flatten().map(|entry| entry.path()).filter(|path| path.is_file()).collect();
    files.sort();
    let mut found: Vec<_> = files.iter().filter_map(|file| certificates(file, "ca_path").ok()).flatten().collect();
    // OpenSSL's hashed links show each certificate twice.
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

fn unreadable(file: &Path, option: &str, error: &rustls::pki_types::pem::Error) -> Error {
    use rustls::pki_types::pem::Error as Pem;
    let reason = match error {
        Pem::Io(error) => error.to_string(),
        Pem::NoItemsFound => "nothing usable in PEM format in it".into(),
        // The others quote the file; a key's file is nobody's business.
        _ => "it is not in PEM format".into(),
    };
    Error::Refused(format!("ssl: {option} {} cannot be read: {reason}", file.display()))
}
