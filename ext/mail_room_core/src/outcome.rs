//! The outcome of one delivery. A delivery returns it; so does the arbiter where one script delivers and records the delivery.
//!
//! Imports `error` only. `arbiter`, `delivery`, and the folders above them may import it.

use crate::error::Error;

/// The outcome of delivering one message.
#[derive(Debug)]
pub enum DeliveryOutcome {
    /// The target took it.
    Delivered {
        /// The HTTP status of its answer.
        status: Option<u16>,
    },
    /// The claim was lost before the delivery: another process has the message. The target did not get it from us.
    Lost,
    /// The target refuses this message, and would refuse it again.
    Refused {
        /// What it answered.
        error: Error,
        /// Attempts after which the message is set aside, if these are fewer than `max_delivery_attempts`.
        tries: Option<u32>,
    },
    /// The target answered as if it were down. It may give this answer to this message only.
    Unavailable {
        /// [`Error::TargetDown`].
        error: Error,
        /// The class of its answer.
        class: FailureClass,
    },
    /// The delivery failed. One answer does not show whether the message or the target is at fault.
    Failed(Error),
    /// The target is down or asks for a pause. The message is not at fault.
    Down(Error),
}

impl DeliveryOutcome {
    /// Delivered to a target that does not speak HTTP.
    pub const DELIVERED: Self = Self::Delivered { status: None };
}

/// The class of a failure. Failures of one class have the same status.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FailureClass {
    /// The HTTP status; `None` without an answer, and for targets that do not speak HTTP.
    pub status: Option<u16>,
    /// What it says about whether the message or the target is at fault.
    pub kind: FailureKind,
}

impl FailureClass {
    /// An exception in the app, or no answer at all.
    pub const UNKNOWN: Self = Self { status: None, kind: FailureKind::Ambiguous };
}

/// What one failure says about whether the message or the target is at fault.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FailureKind {
    /// Nothing: either may be at fault (an exception, a gateway without its app, no answer).
    Ambiguous,
    /// A rule of the target refuses it (401, 403, 404). Once this is proven to be about the message, it stays so.
    ByRule,
    /// The target is up and asks us to come back later (429, 503, Retry-After).
    RetryLater,
    /// The configuration is wrong (405, 415). A message is never at fault.
    Configuration,
}
