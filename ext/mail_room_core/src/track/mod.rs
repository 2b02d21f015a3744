//! Tracks what is known of messages: delivered, failed, waiting, to be marked. May be imported by `rejection` and `watch`.
//! `tracker` ties the parts together for one mailbox: `ledger` (decisions and waits), `failures` (deliveries that failed),
//! `fetch_failures` (messages that the server did not send), `claims` (claims held), `retry` (what follows when a delivery
//! failed), `arrivals` (since when messages wait).

mod arrivals;
mod claims;
pub(crate) mod failures;
pub(crate) mod fetch_failures;
pub mod ledger;
pub(crate) mod retry;
pub mod tracker;
