//! When the messages that wait arrived at the mail server, as far as it says so. For monitoring: decides nothing.

use std::collections::{BTreeMap, BTreeSet};
use std::time::SystemTime;

use crate::message::MessageId;

/// Messages that are kept. Of more, the oldest are.
const MOST: usize = 10_000;

/// The known times of arrival of the messages of one mailbox that wait.
#[derive(Debug, Default)]
pub(crate) struct Arrivals {
    by_id: BTreeMap<MessageId, SystemTime>,
    by_time: BTreeSet<(SystemTime, MessageId)>,
}

impl Arrivals {
    /// `id` arrived at `at`, and waits. One that is dated in the future waits since it was noted first: the server's clock may be ahead,
    /// and imported messages have any date.
    pub(crate) fn note(&mut self, id: &MessageId, at: SystemTime) {
        let at = at.min(SystemTime::now());
        if self.of(id).is_some_and(|known| known <= at) {
            return;
        }
        self.forget(id);
        self.by_id.insert(id.clone(), at);
        self.by_time.insert((at, id.clone()));
        if self.by_id.len() > MOST
            && let Some((_, youngest)) = self.by_time.pop_last()
        {
            self.by_id.remove(&youngest);
        }
    }

    /// When `id` arrived.
    pub(crate) fn of(&self, id: &MessageId) -> Option<SystemTime> {
        self.by_id.get(id).copied()
    }

    /// When the oldest of them arrived.
    pub(crate) fn oldest(&self) -> Option<SystemTime> {
        self.by_time.first().map(|(at, _)| *at)
    }

    /// `id` waits no more.
    pub(crate) fn forget(&mut self, id: &MessageId) {
        if let Some(at) = self.by_id.remove(id) {
            self.by_time.remove(&(at, id.clone()));
        }
    }

    /// Forgets the messages for which `waits` is false.
    pub(crate) fn retain(&mut self, waits: impl Fn(&MessageId) -> bool) {
        self.by_id.retain(|id, _| waits(id));
        self.by_time.retain(|(_, id)| waits(id));
    }

    /// How many there are.
    pub(crate) fn len(&self) -> usize {
        self.by_id.len()
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn at(seconds: u64) -> SystemTime {
        SystemTime::UNIX_EPOCH + Duration::from_secs(seconds)
    }

    #[test]
    fn the_oldest_of_those_that_wait() {
        let mut arrivals = Arrivals::default();
        assert_eq!(arrivals.oldest(), None);
        for (uid, seconds) in [(1, 30), (2, 40), (3, 20), (4, 10), (2, 35), (2, 50)] {
            arrivals.note(&MessageId::Uid(uid), at(seconds));
        }
        assert_eq!((arrivals.oldest(), arrivals.of(&MessageId::Uid(2))), (Some(at(10)), Some(at(35))));
        arrivals.forget(&MessageId::Uid(4));
        assert_eq!((arrivals.oldest(), arrivals.len()), (Some(at(20)), 3));
        arrivals.retain(|id| *id != MessageId::Uid(3));
        arrivals.forget(&MessageId::Uid(9));
        assert_eq!((arrivals.oldest(), arrivals.of(&MessageId::Uid(3))), (Some(at(30)), None));
    }

    #[test]
    fn a_message_from_the_future_waits_since_it_was_seen() {
        let (mut arrivals, id) = (Arrivals::default(), MessageId::Uid(1));
        let began = SystemTime::now();
        for _ in 0..2 {
            arrivals.note(&id, began + Duration::from_secs(3600));
        }
        let first = arrivals.oldest().unwrap();
        assert!((began..=SystemTime::now()).contains(&first));
        arrivals.note(&id, began + Duration::from_secs(7200));
        assert_eq!((arrivals.oldest(), arrivals.len()), (Some(first), 1));
    }

    #[test]
    fn the_oldest_are_kept() {
        let mut arrivals = Arrivals::default();
        for number in 0..=u32::try_from(MOST).unwrap() {
            arrivals.note(&MessageId::Uid(number), at(u64::from(20_000 - number)));
        }
        assert_eq!((arrivals.len(), arrivals.by_time.len(), arrivals.of(&MessageId::Uid(0))), (MOST, MOST, None));
        assert_eq!(arrivals.oldest(), Some(at(10_000)));
    }
}
