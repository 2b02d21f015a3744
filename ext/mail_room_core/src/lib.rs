//! Watches mailboxes and hands every message over exactly once. No Ruby in here.
//!
//! Data flows top to bottom: [`config`] says what to watch, [`supervisor`] runs one [`watcher`] per mailbox, a watcher
//! sweeps ([`sweep`]) its [`source`], asks the [`arbiter`] for each message and gives it to the [`delivery`].
#![forbid(unsafe_code)]
#![cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic))]

pub mod arbiter;
pub mod backoff;
mod batch;
pub mod bell;
pub mod budget;
pub mod charset;
pub mod check;
pub mod config;
pub mod control;
pub mod delivery;
pub mod error;
mod failures;
pub mod hook;
mod http;
pub mod journal;
pub mod jwt;
pub mod matcher;
pub mod memory;
pub mod message;
mod net;
pub mod oauth;
mod once;
pub mod postgres;
pub mod progress;
mod random;
pub mod redis_client;
pub mod rejection;
pub mod service;
mod setback;
pub mod source;
pub mod supervisor;
pub mod sweep;
pub mod tls;
mod ungiven;
pub mod watched;
pub mod watcher;

pub use error::{Error, Result};
