//! What was decided about messages, and how far the mail server knows: which mark each was meant to bear, which marks the
//! server has not acknowledged, and which it acknowledged and does not keep. Sends nothing.

use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};

use super::id_set::IdSet;
use super::trouble::{Pause, Troubles};
use crate::message::MessageId;
use crate::source::{AbsentFlags, Mark};

/// How long the arbiter surely remembers what it was told to remember.
const REMEMBERED: Duration = Duration::from_secs(3600);
/// Delays between two warnings that the server does not keep marks, first and longest.
const TELL_UNKEPT: (Duration, Duration) = (Duration::from_secs(600), Duration::from_secs(24 * 3600));
/// First and longest delay before the server is asked again to expunge.
const EXPUNGE: (Duration, Duration) = (Duration::from_secs(60), Duration::from_secs(3600));

/// Delays between two times that a message that was set aside is tried again for being listed, first and longest: where flags
/// end with the session, no person has asked for it.
const TRY_AGAIN: (Duration, Duration) = (Duration::from_secs(60), Duration::from_secs(24 * 3600));

/// A message and the mark it is meant to bear.
type Decision = (MessageId, Mark);

/// How a message stands that a search listed.
pub(super) enum Listed {
    /// Nothing was decided about it.
    New,
    /// It was decided; at most it is marked.
    Decided,
    /// It was set aside, and a person has marked it unread: it is to be tried again.
    TryAgain,
    /// The same, but not before then.
    TryLater(Instant),
}

/// Decisions, and how far the server knows of them.
#[derive(Debug, Default)]
pub(super) struct Marks {
    seen: IdSet,
    deleted: IdSet,
    set_aside: IdSet,
    /// Not acknowledged by the server.
    untold: BTreeMap<MessageId, Mark>,
    trouble: Troubles,
    /// Acknowledged since the last search: if the next one lists them, the server does not keep the mark.
    unconfirmed: IdSet,
    /// Set aside and tried again: not before then once more.
    tried_again: BTreeMap<MessageId, Pause>,
    to_expunge: BTreeSet<MessageId>,
    expunge_again: Option<Pause>,
    unkept_again: Option<Pause>,
    /// The arbiter was told in this period that these were delivered and are listed.
    remembered: IdSet,
    remembered_since: Option<Instant>,
}

fn cloned((id, mark): (&MessageId, &Mark)) -> Decision {
    (id.clone(), *mark)
}

impl Marks {
    fn mark_of(&self, id: &MessageId) -> Option<Mark> {
        let sets = [(&self.seen, Mark::Seen), (&self.deleted, Mark::Deleted), (&self.set_aside, Mark::SetAside)];
        sets.into_iter().find(|(set, _)| set.contains(id)).map(|(_, mark)| mark)
    }

    fn forget(&mut self, id: &MessageId) {
        [&mut self.seen, &mut self.deleted, &mut self.set_aside].into_iter().for_each(|set| set.remove(id));
        self.untold.remove(id);
        self.trouble.forget(id);
    }

    /// `id` is to bear `mark`.
    pub(super) fn decided(&mut self, id: &MessageId, mark: Mark) {
        if self.mark_of(id) != Some(mark) {
            self.forget(id);
            match mark {
                Mark::Seen => self.seen.insert(id),
                Mark::Deleted => self.deleted.insert(id),
                Mark::SetAside => self.set_aside.insert(id),
            }
        }
        self.untold.insert(id.clone(), mark);
    }

    /// A search listed `listed` and nothing else. Returns what the server turns out to have marked, although it never said
    /// so when asked: `absent` flags hide it.
    pub(super) fn unlisted(&mut self, listed: &BTreeSet<&MessageId>, absent: AbsentFlags) -> Vec<Decision> {
        let hidden =
            |id: &MessageId, mark: Mark| absent.hide(mark) && !listed.contains(id) && self.trouble.contains(id);
        let known: Vec<_> = self.untold.iter().filter(|(id, mark)| hidden(id, **mark)).map(cloned).collect();
        known.iter().for_each(|(id, _)| _ = self.untold.remove(id));
        self.trouble.retain(|id| listed.contains(id) || self.untold.contains_key(id));
        let deleted = known.iter().filter(|(_, mark)| *mark == Mark::Deleted);
        self.to_expunge.extend(deleted.map(|(id, _)| id.clone()));
        known
    }

    /// Forgets which marks are unconfirmed, but for those that `found` lists again.
    pub(super) fn confirm_unlisted(&mut self, found: &[MessageId]) {
        if !self.unconfirmed.is_empty() {
            let acknowledged = std::mem::take(&mut self.unconfirmed);
            found.iter().filter(|id| acknowledged.contains(id)).for_each(|id| self.unconfirmed.insert(id));
        }
    }

    /// A search that asks for messages without the `absent` flags listed `id`. Only if they hide the mark that it was meant
    /// to bear, that says something: the server does not keep the mark, which `unkept` tells, or a person has removed it.
    pub(super) fn listed(
        &mut self,
        id: &MessageId,
        absent: AbsentFlags,
        now: Instant,
        unkept: &mut Vec<MessageId>,
    ) -> Listed {
        let Some(mark) = self.mark_of(id) else { return Listed::New };
        if self.untold.contains_key(id) || !absent.hide(mark) {
            return Listed::Decided;
        }
        if self.unconfirmed.contains(id) {
            self.trouble.unkept(id, now);
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
        self.untold.insert(id.clone(), mark);
        Listed::Decided
    }

    /// Whether it is time to say that the server does not keep marks. `late`: it may list a message for a moment after it
    /// was marked, so the first time says nothing.
    pub(super) fn tells_unkept(&mut self, unkept: &[MessageId], late: bool, now: Instant) -> bool {
        let sure = |id| self.trouble.times(id) > u32::from(late);
        if !unkept.iter().any(sure) || self.unkept_again.is_some_and(|pause| pause.until > now) {
            return false;
        }
        self.unkept_again = Some(Pause::longer(self.unkept_again, now, TELL_UNKEPT));
        true
    }

    /// The server has acknowledged `mark`. Returns those of which the arbiter may be told.
    pub(super) fn acknowledged(&mut self, ids: &[MessageId], mark: Mark) -> Vec<MessageId> {
        let mut believed = Vec::with_capacity(ids.len());
        for id in ids {
            self.untold.remove(id);
            self.unconfirmed.insert(id);
            if mark == Mark::Deleted {
                self.to_expunge.insert(id.clone());
            }
            if self.trouble.acknowledged(id) {
                self.remembered.remove(id);
                believed.push(id.clone());
            }
        }
        believed
    }

    /// The server did not mark the message though it answers: ask again, ever later. Returns when that is.
    pub(super) fn unmarked(&mut self, id: &MessageId, now: Instant) -> Duration {
        self.trouble.unmarked(id, now)
    }

    /// The connection ended while these were marked: they are marked last from now on, in ever smaller groups. Returns when
    /// the last of them is marked again.
    pub(super) fn cut(&mut self, ids: &[MessageId], now: Instant) -> Duration {
        ids.iter().map(|id| self.trouble.cut(id, now)).max().unwrap_or_default()
    }

    /// What the server is to be told and gave no trouble with.
    pub(super) fn fresh(&self) -> Vec<Decision> {
        self.untold.iter().filter(|(id, _)| !self.trouble.contains(id)).map(cloned).collect()
    }

    /// Whether the server is to be told anything now.
    pub(super) fn is_due(&self, now: Instant) -> bool {
        self.untold.keys().any(|id| self.trouble.until(id).is_none_or(|until| until <= now))
    }

    /// What the server is to be told again now, in groups; what ended connections comes last, and alone in the end.
    pub(super) fn in_trouble(&self, now: Instant) -> Vec<Vec<Decision>> {
        self.trouble.groups(now, |id| self.untold.get(id).map(|mark| (id.clone(), *mark)))
    }

    /// How many messages something is noted of that a search may end.
    pub(super) fn noted(&self) -> usize {
        self.untold.len().saturating_add(self.trouble.len())
    }

    /// When the server is to be asked for something again.
    pub(super) fn next_try(&self) -> Option<Instant> {
        let troubles = self.untold.keys().filter_map(|id| self.trouble.until(id));
        let expunge = self.expunge_again.filter(|_| !self.to_expunge.is_empty());
        troubles.chain(expunge.map(|pause| pause.until)).min()
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

    /// The server did not expunge: ask again, ever later. Returns when that is.
    pub(super) fn not_expunged(&mut self, now: Instant) -> Duration {
        let pause = Pause::longer(self.expunge_again, now, EXPUNGE);
        self.expunge_again = Some(pause);
        pause.delay
    }

    /// These bear \Deleted, and we had delivered them.
    pub(super) fn found_deleted(&mut self, ids: impl Iterator<Item = MessageId>) {
        self.to_expunge.extend(ids);
    }

    /// Whether `id` was meant to be deleted; `None` if nothing is known of it.
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
