//! The outcome of one hand-over. A delivery returns it; so does the arbiter where one script delivers and records the claim.
//!
//! Imports `error` only. `arbiter`, `delivery`, and the folders above them may import it.

use crate::error::Error;

/// The outcome of handing over one message.
#[derive(Debug)]
pub enum Handover {
    /// The target took it.
    Delivered {
        /// The HTTP status of its answer.
        status: Option<u16>,
    },
    /// The claim was lost in the meantime: another process has the message. The target did not get it from us.
    Lost,
    /// The target refuses this message, and would refuse it again.
    Refused {
        /// What it answered.
        error: Error,
        /// Failures after which the message is set aside, if these are fewer than `max_delivery_attempts`.
        tries: Option<u32>,
    },
    /// The target answered as if it were down. It may answer so to this message only.
    Unavailable {
        /// [`Error::TargetDown`].
        error: Error,
        /// Its answer.
        symptom: Symptom,
    },
    /// It failed. One answer does not tell whether the message or the target is at fault.
    Failed(Error),
    /// The target is down or asks for a pause. The message is not at fault.
    Down(Error),
}

impl Handover {
    /// Delivered to a target that speaks no HTTP.
    pub const DELIVERED: Self = Self::Delivered { status: None };
}

/// How a target failed at one message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Symptom {
    /// The HTTP status; `None` without an answer, and where there is no HTTP.
    pub status: Option<u16>,
    /// What it says about who is at fault.
    pub weight: Weight,
}

impl Symptom {
    /// An exception in the app, or no answer at all.
    pub const UNKNOWN: Self = Self { status: None, weight: Weight::Open };
}

/// What one failure says about who is at fault.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Weight {
    /// Nothing: the message or the target may be at fault (an exception, a gateway without its app, no answer).
    Open,
    /// A rule decided it (401, 403, 404). Once it is known to be about the message, it stays so.
    Ruled,
    /// The target is up and asks us to come back later (429, 503, Retry-After).
    Later,
    /// The configuration is wrong (405, 415). A message is never at fault.
    Configuration,
}
