//! What is told of the core from outside: log lines, progress, the service manager.

pub mod log;
pub mod progress;
pub mod service_manager;
