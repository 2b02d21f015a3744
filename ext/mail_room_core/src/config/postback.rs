//! The HTTP endpoint of the postback delivery.

use std::collections::BTreeMap;
use std::path::PathBuf;

use secrecy::SecretString;
use serde::Deserialize;

use super::Tls;

/// The HTTP endpoint that messages are posted to.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Postback {
    /// `http` or `https`; may hold user, password and query. Required once there is a message to post.
    #[serde(default)]
    pub url: Option<SecretString>,
    /// Sent as `Authorization: Token …`.
    #[serde(default)]
    pub token: Option<SecretString>,
    /// Sent with `password` as Basic authentication (RFC 7617) if there is no token.
    #[serde(default)]
    pub username: Option<String>,
    /// The password of `username`.
    #[serde(default)]
    pub password: Option<SecretString>,
    /// Sent in addition to the token or the user name.
    #[serde(default)]
    pub jwt: Option<Jwt>,
    /// The media type that the endpoint expects.
    pub content_type: String,
    /// More headers.
    #[serde(default)]
    pub headers: BTreeMap<String, SecretString>,
    /// Options of TLS for `https`.
    #[serde(default)]
    pub tls: Tls,
    /// Seconds within which a connection must be established, at least 1.
    pub connect_timeout: u64,
    /// Seconds within which the endpoint must answer, at least 1.
    pub timeout: u64,
    /// Requests in flight at a time, at most; at least 1.
    pub concurrency: usize,
    /// The kind of endpoint.
    #[serde(default)]
    pub endpoint: Endpoint,
}

/// The kind of endpoint: it decides what its answers mean.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Endpoint {
    /// An endpoint of the app.
    #[default]
    Generic,
    /// The relay ingress of Rails' Action Mailbox.
    ActionMailbox,
}

/// A JSON Web Token (RFC 7519); every request gets a new one.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Jwt {
    /// The header that carries it.
    pub header: String,
    /// The file with the secret: Base64 for HMAC, else a PEM file with the private key. Read anew for every token.
    pub secret_path: PathBuf,
    /// The claim `iss`.
    pub issuer: String,
    /// The signature's algorithm.
    pub algorithm: JwtAlgorithm,
    /// The header parameter `kid` (RFC 7515 section 4.1.4).
    #[serde(default)]
    pub key_id: Option<String>,
    /// Whether `kid` is the key's thumbprint (RFC 7638) instead of `key_id`. Not for HMAC, whose key is secret.
    #[serde(default)]
    pub key_thumbprint: bool,
    /// Seconds until the token expires (the claim `exp`). It does not expire if absent.
    #[serde(default)]
    pub expires_in: Option<u64>,
}

/// The algorithm that signs a token (RFC 7518 section 3.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[expect(missing_docs, reason = "named as in the RFC")]
pub enum JwtAlgorithm {
    HS256,
    HS384,
    HS512,
    RS256,
    ES256,
}
