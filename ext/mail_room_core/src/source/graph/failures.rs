//! Failures of single messages, across the sessions of one mailbox: how often requests about a message failed in a row. A
//! message that failed before gets one try and little time, and an answer of 429 or 503 to it does not delay the rest of the
//! mailbox: other requests show whether Graph throttles the mailbox. Decides nothing about messages.

use std::collections::{HashMap, HashSet};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use super::answer::SILENCE;
use crate::message::MessageId;

/// Failures in a row after which the message is taken for the cause, even if all others fail as well.
const OWN_AFTER: u32 = 3;
/// How long an answer about a message that failed may take. Others wait for it.
const BRIEFLY: Duration = Duration::from_secs(15);
/// One in so many tries may take as long as for any other message.
const LONG_EVERY: u32 = 4;

/// The messages that failed. Holds only messages of the last list, or that were new since.
#[derive(Debug, Default)]
pub(super) struct Failures(Mutex<State>);

#[derive(Debug, Default)]
struct State {
    messages: HashMap<MessageId, Failed>,
    /// Messages that we were not allowed to mark, with none marked since.
    refused: HashSet<MessageId>,
}

#[derive(Debug, Default)]
struct Failed {
    failures: u32,
    missing: u32,
    not_before: Option<Instant>,
}

impl Failures {
    /// How long an answer about `id` may take, if requests about it failed; `None` if none did.
    pub(super) fn patience(&self, id: &MessageId) -> Option<Duration> {
        let failures = self.lock().messages.get(id).map_or(0, |failed| failed.failures);
        let long = failures.is_multiple_of(LONG_EVERY);
        (failures > 0).then_some(if long { SILENCE } else { BRIEFLY })
    }

    /// Counts a failed request about `id`. Returns whether the message is taken for the cause now.
    pub(super) fn failed(&self, id: &MessageId) -> bool {
        let mut state = self.lock();
        let message = state.messages.entry(id.clone()).or_default();
        message.failures = message.failures.saturating_add(1);
        message.failures >= OWN_AFTER
    }

    /// Counts that Graph has no message `id` although a list named it. Returns how often.
    pub(super) fn missing(&self, id: &MessageId) -> u32 {
        let mut state = self.lock();
        let message = state.messages.entry(id.clone()).or_default();
        message.missing = message.missing.saturating_add(1);
        message.missing
    }

    /// Sends no request about `id` for so long, as Graph has asked.
    pub(super) fn hold(&self, id: &MessageId, pause: Duration) {
        self.lock().messages.entry(id.clone()).or_default().not_before = Some(Instant::now() + pause);
    }

    /// The rest of the pause that Graph has asked for about `id`.
    pub(super) fn held(&self, id: &MessageId) -> Option<Duration> {
        let until = self.lock().messages.get(id)?.not_before?;
        Some(until.saturating_duration_since(Instant::now())).filter(|left| !left.is_zero())
    }

    /// A request about `id` succeeded.
    pub(super) fn succeeded(&self, id: &MessageId) {
        self.lock().messages.remove(id);
    }

    /// We were not allowed to mark `id`. Returns for how many messages that is so since one was marked.
    pub(super) fn refused(&self, id: &MessageId) -> usize {
        let mut state = self.lock();
        state.refused.insert(id.clone());
        state.refused.len()
    }

    /// A message was marked.
    pub(super) fn marked(&self) {
        self.lock().refused.clear();
    }

    /// Forgets all messages that are not `listed`.
    pub(super) fn forget_others(&self, listed: &HashSet<MessageId>) {
        let mut state = self.lock();
        state.messages.retain(|id, _| listed.contains(id));
        state.refused.retain(|id| listed.contains(id));
    }

    /// A poisoned lock is as good as any: every change is a single step.
    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn id(text: &str) -> MessageId {
        MessageId::Text(text.into())
    }

    #[test]
    fn a_message_that_failed_gets_little_time_and_now_and_then_more() {
        let failures = Failures::default();
        let mut patience = Vec::new();
        for _ in 0..5 {
            patience.push(failures.patience(&id("a")));
            failures.failed(&id("a"));
        }
        assert_eq!(patience, [None, Some(BRIEFLY), Some(BRIEFLY), Some(BRIEFLY), Some(SILENCE)]);
        assert_eq!(failures.patience(&id("b")), None);
        failures.succeeded(&id("a"));
        assert_eq!(failures.patience(&id("a")), None);
    }

    #[test]
    fn a_message_is_the_cause_after_three_failures_until_it_is_gone() {
        let failures = Failures::default();
        assert_eq!([1, 2, 3].map(|_| failures.failed(&id("a"))), [false, false, true]);
        assert_eq!([1, 2].map(|_| failures.missing(&id("a"))), [1, 2]);
        failures.hold(&id("a"), Duration::from_secs(60));
        assert!(failures.held(&id("a")).is_some_and(|left| left > Duration::from_secs(59)));
        failures.hold(&id("a"), Duration::ZERO);
        assert_eq!(failures.held(&id("a")), None);
        failures.forget_others(&HashSet::from([id("a")]));
        assert!(failures.patience(&id("a")).is_some());
        failures.forget_others(&HashSet::new());
        assert_eq!((failures.patience(&id("a")), failures.failed(&id("a"))), (None, false));
    }
}
