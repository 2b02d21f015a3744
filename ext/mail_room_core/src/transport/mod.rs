//! How servers are talked to: names, TCP, TLS, HTTP, OAuth2, Redis, PostgreSQL. Knows nothing of mailboxes and messages.

pub(crate) mod http;
pub mod jwt;
pub(crate) mod lookup;
pub mod oauth;
pub mod postgres;
pub mod redis;
pub(crate) mod tcp;
pub mod tls;
