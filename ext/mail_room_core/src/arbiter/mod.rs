//! Decides which process delivers a message. An arbiter knows ids and scopes. It sees no message, except where delivering
//! and recording the delivery are a single step. May be imported by `delivery`, `track`, `rejection` and `watch`.
//!
//! - `claim`: the answer to a request for a claim
//! - `method`: the arbitration methods behind one type ([`Arbiter`])
//! - `redis`: claims in Redis; `redis/claim` takes them, `redis/jobs` pushes jobs in the same step
//! - `hook`: the app's own class
//! - `process`: names of processes and watchers, and whether a holder of claims still runs
//! - `procfs`: what `/proc` says of a process
//! - `heartbeat`: shows processes on other machines that this one is alive

mod claim;
mod heartbeat;
mod hook;
mod method;
mod process;
mod procfs;
pub mod redis;

pub use claim::Claim;
pub use method::Arbiter;
pub use process::{Instance, Process};
pub use redis::Job;

/// A unique name that reveals nothing of this process: 128 random bits in hex.
pub fn new_instance() -> String {
    crate::system::random::hex_128()
}
