//! The loops: the supervisor runs a watcher for each mailbox, the watcher sweeps its source.

pub mod mailbox;
pub(crate) mod once;
pub mod supervisor;
pub mod sweep;
pub mod watcher;
