//! What is seen of the core from outside: log lines, progress, messages to the service manager.
//!
//! Imports `ruby` and what is below it. `transport` and the folders above it may import it.

pub mod log;
pub mod progress;
pub mod service_manager;
pub(crate) mod text;
