//! Decided messages and their acknowledgement on the mail server: the mark that each is to have, which marks the server has
//! not confirmed, and which it confirmed and did not keep. Sends nothing.

use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};

use super::id_set::IdSet;
use super::mark_retries::{MarkRetries, Pause};
use crate::message::MessageId;
use crate::source::{AbsentFlags, Mark};

/// How long the arbiter remembers a delivery for certain.
const REMEMBERED: Duration = Duration::from_secs(3600);
/// Delays between two warnings that the server does not keep marks, first and longest.
const WARN_UNKEPT: (Duration, Duration) = (Duration::from_secs(600), Duration::from_secs(24 * 3600));
/// First and longest delay before the server is asked again to expunge.
const EXPUNGE: (Duration, Duration) = (Duration::from_secs(60), Duration::from_secs(3600));

/// First and longest delay before a message that was set aside is tried again because it is listed. If flags end with the
/// session, no person has marked it unread.
const TRY_AGAIN: (Duration, Duration) = (Duration::from_secs(60), Duration::from_secs(24 * 3600));

/// A message and the mark that it is to have.
type Decision = (MessageId, Mark);

/// The state of a message that a search listed.
pub(super) enum Listed {
    /// It is not decided.
    New,
    /// It is decided; at most it has to be marked.
    Decided,
    /// It was set aside, and a person has marked it unread: it is to be tried again.
    TryAgain,
    /// The same, but it waits until then.
    TryLater(Instant),
}

/// Decided messages, and how far they are acknowledged.
#[derive(Debug, Default)]
pub(super) struct Acknowledgements {
    seen: IdSet,
    deleted: IdSet,
    set_aside: IdSet,
    /// Marks that the server has not confirmed.
    unacknowledged: BTreeMap<MessageId, Mark>,
    retries: MarkRetries,
    /// Confirmed since the last search. If the next search lists them, the server does not keep the mark.
    unconfirmed: IdSet,
    /// Messages set aside and tried again, with the delay before the next time.
    tried_again: BTreeMap<MessageId, Pause>,
    to_expunge: BTreeSet<MessageId>,
    expunge_again: Option<Pause>,
    unkept_again: Option<Pause>,
    /// The arbiter was told in this period that these were delivered and are still listed.
    remembered: IdSet,
    remembered_since: Option<Instant>,
}

fn cloned((id, mark): (&MessageId, &Mark)) -> Decision {
    (id.clone(), *mark)
}

impl Acknowledgements {
    fn mark_of(&self, id: &MessageId) -> Option<Mark> {
        let sets = [(&self.seen, Mark::Seen), (&self.deleted, Mark::Deleted), (&self.set_aside, Mark::SetAside)];
        sets.into_iter().find(|(set, _)| set.contains(id)).map(|(_, mark)| mark)
    }

    fn forget(&mut self, id: &MessageId) {
        [&mut self.seen, &mut self.deleted, &mut self.set_aside].into_iter().for_each(|set| set.remove(id));
        self.unacknowledged.remove(id);
        self.retries.forget(id);
    }

    /// `id` is to have `mark`.
    pub(super) fn decided(&mut self, id: &MessageId, mark: Mark) {
        if self.mark_of(id) != Some(mark) {
            self.forget(id);
            match mark {
                Mark::Seen => self.seen.insert(id),
                Mark::Deleted => self.deleted.insert(id),
                Mark::SetAside => self.set_aside.insert(id),
            }
        }
        self.unacknowledged.insert(id.clone(), mark);
    }

    /// A search for messages without the `absent` flags listed `listed` only. Returns the messages that the server has
    /// evidently marked, although it never confirmed that.
    pub(super) fn unlisted(&mut self, listed: &BTreeSet<&MessageId>, absent: AbsentFlags) -> Vec<Decision> {
        let hidden =
            |id: &MessageId, mark: Mark| absent.hide(mark) && !listed.contains(id) && self.retries.contains(id);
        let known: Vec<_> = self.unacknowledged.iter().filter(|(id, mark)| hidden(id, **mark)).map(cloned).collect();
        known.iter().for_each(|(id, _)| _ = self.unacknowledged.remove(id));
        self.retries.retain(|id| listed.contains(id) || self.unacknowledged.contains_key(id));
        let deleted = known.iter().filter(|(_, mark)| *mark == Mark::Deleted);
        self.to_expunge.extend(deleted.map(|(id, _)| id.clone()));
        known
    }

    /// Forgets which marks were confirmed since the last search, except for messages that `found` lists again.
    pub(super) fn confirm_unlisted(&mut self, found: &[MessageId]) {
        if !self.unconfirmed.is_empty() {
            let acknowledged = std::mem::take(&mut self.unconfirmed);
            found.iter().filter(|id| acknowledged.contains(id)).for_each(|id| self.unconfirmed.insert(id));
        }
    }

    /// A search for messages without the `absent` flags listed `id`. If these flags hide its mark, then either the server
    /// does not keep the mark (it is added to `unkept`), or a person has removed it.
    pub(super) fn listed(
        &mut self,
        id: &MessageId,
        absent: AbsentFlags,
        now: Instant,
        unkept: &mut Vec<MessageId>,
    ) -> Listed {
        let Some(mark) = self.mark_of(id) else { return Listed::New };
        if self.unacknowledged.contains_key(id) || !absent.hide(mark) {
            return Listed::Decided;
        }
        if self.unconfirmed.contains(id) {
            self.retries.unkept(id, now);
            unkept.push(id.clone());
        } else if mark == Mark::SetAside {
            let before = self.tried_again.get(id).copied();
            if let Some(pause) = before.filter(|pause| pause.until > now) {
                return Listed::TryLater(pause.until);
            }
            self.tried_again.retain(|_, pause| pause.until + TRY_AGAIN.1 > now);
            self.tried_again.insert(id.clone(), Pause::longer(before, now, TRY_AGAIN));
            self.forget(id);
            return Listed::TryAgain;
        }
        self.unacknowledged.insert(id.clone(), mark);
        Listed::Decided
    }

    /// Whether it is time to say that the server does not keep marks. `late`: it may list a message for a moment after it
    /// was marked, so the first time says nothing.
    pub(super) fn warns_of_unkept(&mut self, unkept: &[MessageId], late: bool, now: Instant) -> bool {
        let sure = |id| self.retries.times(id) > u32::from(late);
        if !unkept.iter().any(sure) || self.unkept_again.is_some_and(|pause| pause.until > now) {
            return false;
        }
        self.unkept_again = Some(Pause::longer(self.unkept_again, now, WARN_UNKEPT));
        true
    }

    /// The server has confirmed `mark`. Returns the messages of which the arbiter may be told.
    pub(super) fn acknowledged(&mut self, ids: &[MessageId], mark: Mark) -> Vec<MessageId> {
        let mut believed = Vec::with_capacity(ids.len());
        for id in ids {
            self.unacknowledged.remove(id);
            self.unconfirmed.insert(id);
            if mark == Mark::Deleted {
                self.to_expunge.insert(id.clone());
            }
            if self.retries.acknowledged(id) {
                self.remembered.remove(id);
                believed.push(id.clone());
            }
        }
        believed
    }

    /// The server answered and did not mark the message. Returns the backoff before the next attempt.
    pub(super) fn unmarked(&mut self, id: &MessageId, now: Instant) -> Duration {
        self.retries.unmarked(id, now)
    }

    /// The connection ended while these were being marked. From now on they are marked last, in smaller and smaller groups.
    /// Returns when the last of them is marked again.
    pub(super) fn cut(&mut self, ids: &[MessageId], now: Instant) -> Duration {
        ids.iter().map(|id| self.retries.cut(id, now)).max().unwrap_or_default()
    }

    /// Messages to be marked that the server did not fail to mark before.
    pub(super) fn fresh(&self) -> Vec<Decision> {
        self.unacknowledged.iter().filter(|(id, _)| !self.retries.contains(id)).map(cloned).collect()
    }

    /// Whether a message is to be marked now.
    pub(super) fn is_due(&self, now: Instant) -> bool {
        self.unacknowledged.keys().any(|id| self.retries.until(id).is_none_or(|until| until <= now))
    }

    /// Messages to be marked again now, in groups. Those that ended connections come last, and alone in the end.
    pub(super) fn due_again(&self, now: Instant) -> Vec<Vec<Decision>> {
        self.retries.groups(now, |id| self.unacknowledged.get(id).map(|mark| (id.clone(), *mark)))
    }

    /// How many messages a search may clear.
    pub(super) fn noted(&self) -> usize {
        self.unacknowledged.len().saturating_add(self.retries.len())
    }

    /// When the next mark or expunge is due.
    pub(super) fn next_try(&self) -> Option<Instant> {
        let marks = self.unacknowledged.keys().filter_map(|id| self.retries.until(id));
        let expunge = self.expunge_again.filter(|_| !self.to_expunge.is_empty());
        marks.chain(expunge.map(|pause| pause.until)).min()
    }

    /// Messages marked deleted by us that are not expunged yet; none while the server does not expunge.
    pub(super) fn to_expunge(&self, now: Instant) -> Vec<MessageId> {
        if self.expunge_again.is_some_and(|pause| pause.until > now) {
            return Vec::new();
        }
        self.to_expunge.iter().cloned().collect()
    }

    /// The server has expunged these, or never is to.
    pub(super) fn expunged(&mut self, ids: &[MessageId]) {
        self.expunge_again = None;
        ids.iter().for_each(|id| _ = self.to_expunge.remove(id));
    }

    /// The server did not expunge. Returns the backoff before the next attempt.
    pub(super) fn not_expunged(&mut self, now: Instant) -> Duration {
        let pause = Pause::longer(self.expunge_again, now, EXPUNGE);
        self.expunge_again = Some(pause);
        pause.delay
    }

    /// These bear \Deleted, and we had delivered them.
    pub(super) fn found_deleted(&mut self, ids: impl Iterator<Item = MessageId>) {
        self.to_expunge.extend(ids);
    }

    /// Whether `id` is to be deleted; `None` if it is unknown.
    pub(super) fn is_deleted_by_us(&self, id: &MessageId) -> Option<bool> {
        self.mark_of(id).map(|mark| mark == Mark::Deleted)
    }

    /// Messages of `found` that were delivered and that the arbiter was not told of for a while: it must not forget them
    /// while they are listed.
    pub(super) fn unremembered(&mut self, found: &[MessageId], now: Instant) -> Vec<MessageId> {
        let since = *self.remembered_since.get_or_insert(now);
        if now.saturating_duration_since(since) >= REMEMBERED {
            self.remembered = IdSet::default();
            self.remembered_since = Some(now);
        }
        let delivered = |id: &MessageId| self.seen.contains(id) || self.deleted.contains(id);
        found.iter().filter(|id| delivered(id) && !self.remembered.contains(id)).cloned().collect()
    }

    /// The arbiter remembers these.
    pub(super) fn remembered(&mut self, ids: &[MessageId]) {
        ids.iter().for_each(|id| self.remembered.insert(id));
    }
}
