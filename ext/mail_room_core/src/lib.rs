//! Watches mailboxes and hands every message over exactly once. No Ruby in here.
//!
//! docs/architecture.md lists the folders in layers: each imports only from those below it. tests/architecture enforces that.
#![forbid(unsafe_code)]
#![cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic))]

#[cfg(test)]
extern crate self as mail_room_core;
#[cfg(test)]
#[path = "../tests/support/redis.rs"]
mod redis_server;

pub mod error;
pub mod message;
pub mod outcome;

pub mod arbiter;
pub mod check;
pub mod config;
pub mod delivery;
pub mod direct;
pub mod limits;
pub mod observe;
pub mod rejection;
pub mod ruby;
pub mod source;
pub mod system;
pub mod track;
pub mod transport;
pub mod watch;

pub use error::{Error, Result};
pub use mail_room_matching as matching;
