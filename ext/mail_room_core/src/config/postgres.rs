//! A PostgreSQL database.

use secrecy::SecretString;
use serde::Deserialize;

use super::Tls;

/// A PostgreSQL database.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Postgres {
    /// Host name or address, or the absolute path of the directory that holds the Unix socket.
    pub host: String,
    /// TCP port, 1 to 65535; also part of the Unix socket's name.
    pub port: u16,
    /// The database.
    pub database: String,
    /// The role.
    pub username: String,
    /// The password of `username`; used if the server asks for one.
    #[serde(default)]
    pub password: Option<SecretString>,
    /// Whether the connection is encrypted, and how far the server is verified.
    pub sslmode: SslMode,
    /// Options of TLS. `verify` and `verify_hostname` must agree with `sslmode`.
    #[serde(default)]
    pub tls: Tls,
    /// Seconds within which a connection must be established, at least 1.
    pub connect_timeout: u64,
    /// Seconds within which the server must answer a statement, at least 1.
    pub timeout: u64,
}

/// Whether a connection to PostgreSQL is encrypted, named as in libpq.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum SslMode {
    /// Never.
    Disable,
    /// Only if the server requires it.
    Allow,
    /// If the server supports it.
    Prefer,
    /// Always; the server's certificate is not verified.
    Require,
    /// Always; the certificate must come from a trusted authority.
    VerifyCa,
    /// Always; the certificate must also name the host.
    VerifyFull,
}
