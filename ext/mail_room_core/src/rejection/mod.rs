//! Notifies senders that their messages were rejected. May be imported by `watch` and `check` only.
//!
//! - `notifier`: decides who is notified and when; claims and decides the messages ([`Rejection`])
//! - `queue`: rejected messages whose notices are still to be sent
//! - `pause`: the circuit breaker, open while no notice can be sent
//! - `sender`: sends one notice, by SMTP or through the app's own class
//! - `notice`: whom a notice goes to (RFC 3834), and what it says
//! - `limits`: how many notices an hour
//! - `smtp`: hands a mail to an SMTP server (RFC 5321)

mod limits;
mod notice;
mod notifier;
mod pause;
mod queue;
mod sender;
mod smtp;

use std::sync::{Mutex, MutexGuard, PoisonError};

pub(crate) use notifier::Disposition;
pub use notifier::Rejection;
pub(crate) use smtp::ask;

/// Locks `mutex`. A panic elsewhere leaves its value valid: every change is a single step.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
