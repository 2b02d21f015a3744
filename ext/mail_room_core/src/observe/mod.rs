//! What is seen of the core from outside: log lines, progress, metrics, events, health over HTTP, messages to the service manager.
//!
//! Imports `ruby` and what is below it. `transport` and the folders above it may import it.

pub mod counts;
pub mod events;
pub mod health;
pub mod heartbeat;
pub mod log;
pub mod metrics;
pub mod monitor;
pub mod progress;
pub mod report;
pub mod service_manager;
pub mod state;
pub(crate) mod text;
