//! Where messages come from. A source is an open session on one mailbox. It knows nothing of claims and deliveries.
//!
//! May be imported by `arbiter`, `delivery`, `track`, `rejection`, `watch` and `check`. Imports `transport` and what lies
//! below it.

pub mod connector;
pub mod graph;
pub mod imap;
mod login_limiter;
mod narrow;
mod placeholder;

mod absent_flags;
mod attributes;
mod fetched;
mod mark;
mod session;

pub use absent_flags::AbsentFlags;
pub use attributes::Attributes;
pub use fetched::Fetched;
pub use mark::Mark;
pub use session::Source;
