//! What follows from what a server does wrong, over whole sweeps and several connections: who is delivered, who is asked
//! for again, what is said about it, and what the server holds in the end.
#![allow(missing_docs)]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic, clippy::wildcard_imports)]

mod copied;
mod dovecot;
mod folders;
mod identity;
#[path = "../support/mod.rs"]
mod support;
mod ungiven;

use std::time::Duration;

use support::mailbox;
use support::odd::{Asked, Does, Folder, Odd, State};
use support::watching::Watching;

const SOON: Duration = Duration::from_secs(30);

/// As many as arrive, in their order.
fn subjects(validity: u32, uids: impl IntoIterator<Item = u32>) -> Vec<String> {
    uids.into_iter().map(|uid| format!("{validity}/{uid}")).collect()
}

/// Sorted, for messages that arrive in any order.
fn sorted(mut subjects: Vec<String>) -> Vec<String> {
    subjects.sort_by_key(|subject| subject.split('/').next_back().unwrap().parse::<u32>().unwrap());
    subjects
}
