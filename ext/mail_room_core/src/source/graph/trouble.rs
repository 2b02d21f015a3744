//! What went wrong with single messages, across the sessions of one mailbox: how often a message's own requests failed in a
//! row. A message that failed before is tried once and briefly, and an answer of 429 or 503 to it does not hold up the rest of
//! the mailbox: other requests tell whether Graph wants the mailbox left alone. Decides nothing about messages.

use std::collections::{HashMap, HashSet};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use super::answer::SILENCE;
use crate::message::MessageId;

/// Failures in a row after which a message's trouble is taken for its own, also if no other message fares better.
const OWN_AFTER: u32 = 3;
/// How long an answer about a message in trouble may take: others wait for it.
const BRIEFLY: Duration = Duration::from_secs(15);
/// Every so many tries it may take as long as any other.
const LONG_EVERY: u32 = 4;

/// The messages in trouble. Holds only messages that the last list named, or that came up since.
#[derive(Debug, Default)]
pub(super) struct Troubles(Mutex<State>);

#[derive(Debug, Default)]
struct State {
    messages: HashMap<MessageId, Trouble>,
    /// We were not allowed to mark these, and have marked no other since.
    refused: HashSet<MessageId>,
}

#[derive(Debug, Default)]
struct Trouble {
    failures: u32,
    missing: u32,
    not_before: Option<Instant>,
}

impl Troubles {
    /// How long an answer about `id` may take if the message is in trouble; `None` if it is not.
    pub(super) fn patience(&self, id: &MessageId) -> Option<Duration> {
        let failures = self.lock().messages.get(id).map_or(0, |trouble| trouble.failures);
        let long = failures.is_multiple_of(LONG_EVERY);
        (failures > 0).then_some(if long { SILENCE } else { BRIEFLY })
    }

    /// Another request about `id` failed. Whether the trouble is taken for the message's own by now.
    pub(super) fn failed(&self, id: &MessageId) -> bool {
        let mut troubles = self.lock();
        let trouble = troubles.messages.entry(id.clone()).or_default();
        trouble.failures = trouble.failures.saturating_add(1);
        trouble.failures >= OWN_AFTER
    }

    /// Graph has no such message, though a list named it. Returns how often that was.
    pub(super) fn missing(&self, id: &MessageId) -> u32 {
        let mut troubles = self.lock();
        let trouble = troubles.messages.entry(id.clone()).or_default();
        trouble.missing = trouble.missing.saturating_add(1);
        trouble.missing
    }

    /// Graph wants to be left alone about `id` for so long.
    pub(super) fn hold(&self, id: &MessageId, pause: Duration) {
        self.lock().messages.entry(id.clone()).or_default().not_before = Some(Instant::now() + pause);
    }

    /// How much longer Graph wants to be left alone about `id`.
    pub(super) fn held(&self, id: &MessageId) -> Option<Duration> {
        let until = self.lock().messages.get(id)?.not_before?;
        Some(until.saturating_duration_since(Instant::now())).filter(|left| !left.is_zero())
    }

    /// A request about `id` went well.
    pub(super) fn went_well(&self, id: &MessageId) {
        self.lock().messages.remove(id);
    }

    /// We were not allowed to mark `id`. Returns how many messages that holds for since one could be marked.
    pub(super) fn refused(&self, id: &MessageId) -> usize {
        let mut troubles = self.lock();
        troubles.refused.insert(id.clone());
        troubles.refused.len()
    }

    /// A message was marked.
    pub(super) fn marked(&self) {
        self.lock().refused.clear();
    }

    /// Forgets all messages that are not `listed`.
    pub(super) fn forget_others(&self, listed: &HashSet<MessageId>) {
        let mut troubles = self.lock();
        troubles.messages.retain(|id, _| listed.contains(id));
        troubles.refused.retain(|id| listed.contains(id));
    }

    /// A panic elsewhere leaves it as it was: every change is one step.
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
    fn a_message_in_trouble_is_asked_for_briefly_and_now_and_then_for_longer() {
        let troubles = Troubles::default();
        let mut patience = Vec::new();
        for _ in 0..5 {
            patience.push(troubles.patience(&id("a")));
            troubles.failed(&id("a"));
        }
        assert_eq!(patience, [None, Some(BRIEFLY), Some(BRIEFLY), Some(BRIEFLY), Some(SILENCE)]);
        assert_eq!(troubles.patience(&id("b")), None);
        troubles.went_well(&id("a"));
        assert_eq!(troubles.patience(&id("a")), None);
    }

    #[test]
    fn trouble_is_a_messages_own_after_three_failures_and_ends_with_the_message() {
        let troubles = Troubles::default();
        assert_eq!([1, 2, 3].map(|_| troubles.failed(&id("a"))), [false, false, true]);
        assert_eq!([1, 2].map(|_| troubles.missing(&id("a"))), [1, 2]);
        troubles.hold(&id("a"), Duration::from_secs(60));
        assert!(troubles.held(&id("a")).is_some_and(|left| left > Duration::from_secs(59)));
        troubles.hold(&id("a"), Duration::ZERO);
        assert_eq!(troubles.held(&id("a")), None);
        troubles.forget_others(&HashSet::from([id("a")]));
        assert!(troubles.patience(&id("a")).is_some());
        troubles.forget_others(&HashSet::new());
        assert_eq!((troubles.patience(&id("a")), troubles.failed(&id("a"))), (None, false));
    }
}
