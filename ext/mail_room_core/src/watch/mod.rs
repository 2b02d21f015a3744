//! The loops. Imported by nothing but the binding. `supervisor` runs a watcher for each mailbox (`mailbox`); `watcher`
//! connects, sweeps and waits; `sweep` delivers what is there; `once` ends a mailbox that is worked through once; `trouble` tells an
//! administrator.

pub mod mailbox;
pub(crate) mod once;
pub mod supervisor;
pub mod sweep;
mod trouble;
pub mod watcher;
