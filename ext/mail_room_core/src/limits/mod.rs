//! What bounds waiting, memory and work.
//!
//! Imports nothing from the core. Every folder above may import it.

pub mod backoff;
pub(crate) mod batch;
pub mod memory_budget;
pub mod shutdown;
