//! Who is told when a mailbox is in trouble.

use secrecy::SecretString;
use serde::Deserialize;

/// Who is told when a mailbox is in trouble: either `url` or `command`. Each notice is a JSON object.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OnTrouble {
    /// Notices are posted to this address, which may hold secrets.
    #[serde(default)]
    pub url: Option<SecretString>,
    /// This program reads them from its standard input, one at each run.
    #[serde(default)]
    pub command: Option<Vec<String>>,
    /// Seconds that trouble lasts before there is a notice, at least 1.
    pub after: u64,
}
