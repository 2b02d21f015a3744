//! A Redis server, or the Sentinels that know it.

use secrecy::SecretString;
use serde::Deserialize;

use super::Tls;

/// Address of a Redis server, or of the Sentinels that know it.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Redis {
    /// `redis://`, `rediss://`, `unix:`; with Sentinels `redis://:password@master-name/`.
    pub url: SecretString,
    /// Number of the database; the URL's path if absent.
    #[serde(default)]
    pub db: Option<i64>,
    /// The Sentinels; if there are none, `url` names the server itself.
    #[serde(default)]
    pub sentinels: Vec<Sentinel>,
    /// User name at the Sentinels.
    #[serde(default)]
    pub sentinel_username: Option<String>,
    /// Password at the Sentinels.
    #[serde(default)]
    pub sentinel_password: Option<SecretString>,
    /// Options of TLS towards Redis (`redis_ssl_params`).
    #[serde(default)]
    pub tls: Option<Tls>,
}

/// One Sentinel.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Sentinel {
    /// Host name or address.
    pub host: String,
    /// TCP port.
    pub port: u16,
    /// Options of TLS; present if this Sentinel speaks TLS.
    #[serde(default)]
    pub tls: Option<Tls>,
}
