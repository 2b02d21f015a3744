//! What is known of messages: delivered, failed, waiting, to be marked.

pub(crate) mod failures;
pub mod ledger;
pub(crate) mod retry;
pub(crate) mod ungiven;
