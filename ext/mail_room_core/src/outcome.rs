//! What came of handing one message over. A delivery says so, and so does the arbiter where it delivers in one step with a
//! claim.

use crate::error::Error;

/// What became of one message.
#[derive(Debug)]
pub enum Handover {
    /// The target has it.
    Delivered {
        /// The HTTP status it said so with.
        status: Option<u16>,
    },
    /// The claim was lost meanwhile: somebody else sees to the message, and it was not given to the target.
    Lost,
    /// The target refuses this very message, and would refuse it again.
    Refused {
        /// What it answered.
        error: Error,
        /// Tries after which the message is set aside, if these are fewer than `max_delivery_attempts`.
        tries: Option<u32>,
    },
    /// The target answered this message as it would if it were down, and may do so for this message alone.
    Unavailable {
        /// [`Error::TargetDown`].
        error: Error,
        /// How it answered.
        symptom: Symptom,
    },
    /// It failed, and whether the message or the target is at fault cannot be told from this one answer.
    Failed(Error),
    /// The target is down, or asks for a pause: no message's fault.
    Down(Error),
}

impl Handover {
    /// Delivered to a target that speaks no HTTP.
    pub const DELIVERED: Self = Self::Delivered { status: None };
}

/// How a target failed one message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Symptom {
    /// The HTTP status; `None` without an answer, and where there is no HTTP.
    pub status: Option<u16>,
    /// What it is worth as evidence.
    pub weight: Weight,
}

impl Symptom {
    /// An exception in the app, or no answer at all.
    pub const UNKNOWN: Self = Self { status: None, weight: Weight::Open };
}

/// What one failure says about whose fault it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Weight {
    /// Nothing: it may be the message or the target (an exception, a gateway without its app, no answer).
    Open,
    /// Somebody decided so by a rule (401, 403, 404): once it is known to be about the message, it stays so.
    Ruled,
    /// The target is there and wants us to come back later (429, 503, Retry-After).
    Later,
    /// The configuration is wrong (405, 415): no message's fault, ever.
    Configuration,
}
