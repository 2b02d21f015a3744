//! Connections to servers: DNS, TCP, TLS, HTTP, OAuth2, Redis, PostgreSQL. Knows nothing of mailboxes and messages.
//!
//! May be imported by `source` and every folder above it. Imports `error`, `limits`, `config`, `system` and `observe`.

pub(crate) mod credentials;
pub(crate) mod der;
pub(crate) mod http;
pub(crate) mod imap_stream;
pub(crate) mod imap_syntax;
pub mod jwt;
pub(crate) mod lookup;
pub mod oauth;
pub mod postgres;
pub mod redis;
pub(crate) mod stream;
pub(crate) mod tcp;
pub mod tls;

#[cfg(fuzzing)]
pub use {imap_stream::harness as imap_stream_harness, redis::read_all as read_replies, tls::read as read_certificate};
