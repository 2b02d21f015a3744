//! What bounds waiting, memory and work: for every other folder. Imports nothing but `error`.

pub mod backoff;
pub(crate) mod batch;
pub mod memory_budget;
pub mod shutdown;
