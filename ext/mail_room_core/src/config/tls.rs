//! Options of TLS, the same for every kind of server.

use std::path::PathBuf;

use serde::Deserialize;

/// Options of TLS. By default the server is verified against the system's certificate authorities.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Tls {
    /// Whether the server's certificate is verified.
    #[serde(default = "yes")]
    pub verify: bool,
    /// Whether the host name in the certificate is verified.
    #[serde(default = "yes")]
    pub verify_hostname: bool,
    /// PEM file with certificate authorities that replace the system's.
    #[serde(default)]
    pub ca_file: Option<PathBuf>,
    /// Directory of PEM files with certificate authorities that replace the system's.
    #[serde(default)]
    pub ca_path: Option<PathBuf>,
    /// PEM file with our client certificate (chain).
    #[serde(default)]
    pub cert: Option<PathBuf>,
    /// PEM file with the private key of `cert`.
    #[serde(default)]
    pub key: Option<PathBuf>,
    /// Lowest version accepted: `1.2` (default) or `1.3`.
    #[serde(default)]
    pub min_version: Option<TlsVersion>,
    /// Highest version offered: `1.2` or `1.3` (default).
    #[serde(default)]
    pub max_version: Option<TlsVersion>,
}

fn yes() -> bool {
    true
}

impl Default for Tls {
    fn default() -> Self {
        Self {
            verify: true,
            verify_hostname: true,
            ca_file: None,
            ca_path: None,
            cert: None,
            key: None,
            min_version: None,
            max_version: None,
        }
    }
}

/// A version of TLS that rustls speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Deserialize)]
pub enum TlsVersion {
    /// RFC 5246.
    #[serde(rename = "1.2")]
    V1_2,
    /// RFC 8446.
    #[serde(rename = "1.3")]
    V1_3,
}
