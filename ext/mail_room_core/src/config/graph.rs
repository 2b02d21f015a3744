//! A mailbox of Microsoft Graph.

use std::path::PathBuf;

use secrecy::SecretString;
use serde::Deserialize;

/// A mailbox of Microsoft Graph. The mailbox's `tls` applies to both endpoints.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Graph {
    /// The tenant, by id or domain.
    pub tenant_id: String,
    /// The app's id.
    pub client_id: String,
    /// The app's secret; either this or `client_certificate`.
    #[serde(default)]
    pub client_secret: Option<SecretString>,
    /// PEM file with the app's certificate and its private key (RSA). Read anew for every token.
    #[serde(default)]
    pub client_certificate: Option<PathBuf>,
    /// Seconds between two polls, at least 1.
    pub poll_interval: u64,
    /// The token endpoint's server, `https://host`.
    pub azure_ad_endpoint: String,
    /// The mailbox's server, `https://host`.
    pub graph_endpoint: String,
    /// The first day, as in `2026-11-01` and in UTC, of the messages that are listed. If absent, all are.
    #[serde(default)]
    pub since: Option<String>,
    /// Whether a poll asks for changes (delta query) instead of unread messages.
    #[serde(default)]
    pub delta: bool,
}
