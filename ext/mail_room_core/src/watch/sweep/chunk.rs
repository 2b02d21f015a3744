//! What travels between the steps of a sweep. Imports no other step.

use crate::limits::memory_budget::Lease;
use crate::message::{Message, MessageId};
use crate::source::Mark;

/// A message and its size in octets.
pub(super) type Measured = (MessageId, u64);

/// A message and the mark that the server is to set on it.
pub(super) type Decision = (MessageId, Mark);

/// Messages that are fetched and claimed, ready to be delivered.
#[derive(Debug, Default)]
pub(super) struct Chunk {
    pub(super) messages: Vec<Message>,
    /// Decided without a delivery: delivered by another process, too large, or tried too often.
    pub(super) settled: Vec<Decision>,
    pub(super) lease: Option<Lease>,
}
