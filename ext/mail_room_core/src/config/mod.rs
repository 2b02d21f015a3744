//! The configuration as the Ruby facade passes it: checked, converted and complete. The facade sets the defaults. A file
//! for each concern; all types are re-exported here.
//!
//! Imports nothing from the core. Everything above `limits` may import it.

mod arbitration;
mod delivery;
mod graph;
mod log;
mod mailbox;
mod oauth;
mod on_trouble;
mod options;
mod postback;
mod postgres;
mod redis;
mod rejection;
mod tls;

pub use arbitration::{Arbitration, Claims};
pub use delivery::{Command, Delivery, Que, Sidekiq};
pub use graph::Graph;
pub use log::LogTarget;
pub use mailbox::{Mailbox, Security};
pub use oauth::{Grant, Mechanism, OAuth, TokenSource};
pub use on_trouble::OnTrouble;
pub use options::FromOptions;
pub(crate) use options::from_options;
pub use postback::{Endpoint, Jwt, JwtAlgorithm, Postback};
pub use postgres::{Postgres, SslMode};
pub use redis::{Redis, Sentinel};
pub use rejection::{RejectBy, Rejection, Smtp, SmtpSecurity};
pub use tls::{Tls, TlsVersion};

pub use mail_room_matching::options::{AutoReplies, Bounces, Matching, Unmatched};

from_options!(Claims, Delivery, Jwt, Mailbox, Matching, Redis, Rejection, Vec<Mailbox>);
