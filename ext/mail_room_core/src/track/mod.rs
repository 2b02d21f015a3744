//! What is known of messages: delivered, failed, waiting, to be marked.

mod claims;
pub(crate) mod failures;
pub mod ledger;
pub(crate) mod retry;
pub mod tracker;
pub(crate) mod ungiven;
