//! Login with an OAuth 2.0 token, and where the token comes from.

use std::path::PathBuf;

use secrecy::SecretString;
use serde::Deserialize;

use super::Tls;

/// A login with an OAuth 2.0 token (RFC 6749).
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OAuth {
    /// How the token is sent to the mail server.
    pub mechanism: Mechanism,
    /// Where the token comes from.
    pub token: TokenSource,
}

/// A SASL mechanism that takes a token.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Mechanism {
    /// Google's and Microsoft's.
    Xoauth2,
    /// RFC 7628.
    Oauthbearer,
}

/// Where a token comes from.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum TokenSource {
    /// A program and its arguments. It writes the token to its standard output; it runs for every login.
    Command(Vec<String>),
    /// A file that another program keeps up to date. It is read for every login.
    File(PathBuf),
    /// An authorization server.
    Grant(Box<Grant>),
}

/// An OAuth 2.0 grant: `refresh_token` (RFC 6749 section 6) if there is a refresh token, else `client_credentials` (section 4.4).
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Grant {
    /// The authorization server's token endpoint, `https`.
    pub token_url: SecretString,
    /// Our client id at the authorization server.
    pub client_id: String,
    /// The secret of `client_id`.
    #[serde(default)]
    pub client_secret: Option<SecretString>,
    /// The refresh token that a user's consent has given us.
    #[serde(default)]
    pub refresh_token: Option<SecretString>,
    /// The scopes that the token is asked for, separated by spaces.
    #[serde(default)]
    pub scope: Option<String>,
    /// Options of TLS towards the authorization server.
    #[serde(default)]
    pub tls: Tls,
}
