//! How several processes share one mailbox.

use std::time::Duration;

use serde::Deserialize;

use super::Redis;

/// How several processes share one mailbox.
#[derive(Debug, Clone, Deserialize)]
#[serde(tag = "method", rename_all = "snake_case", deny_unknown_fields)]
#[expect(clippy::large_enum_variant, reason = "one a mailbox: not worth a Box")]
pub enum Arbitration {
    /// Not at all: this process is the only one.
    Noop,
    /// Claims in Redis.
    Redis(Claims),
    /// A call of the app's own class.
    Hook {
        /// The class's name, for the log.
        class_name: String,
    },
}

/// Claims in Redis.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Claims {
    /// The Redis that holds the claims.
    pub redis: Redis,
    /// Prefix of all keys, without the colon.
    #[serde(default)]
    pub namespace: Option<String>,
    /// Seconds until a claim expires unless it is renewed, at least 1.
    pub claim_ttl: u64,
}

impl Claims {
    /// How long a claim lasts unless it is renewed.
    pub fn ttl(&self) -> Duration {
        Duration::from_secs(self.claim_ttl.max(1))
    }
}
