//! A set of message ids that stays small: it is kept for as long as the process lives. Knows nothing of what the set means.

use std::collections::{BTreeMap, HashSet, VecDeque};

use crate::message::MessageId;

/// Text ids that are remembered, at most: about 6 MB.
const TEXTS: usize = 100_000;

/// A set of ids. UIDs come in long runs and are kept as ranges: years of mail take a few octets. Of texts the last
/// [`TEXTS`] are kept, as their hashes: older ones have long been marked on the server.
#[derive(Debug, Default)]
pub(super) struct IdSet {
    /// First UID of a range to its last; ranges neither touch nor overlap.
    uids: BTreeMap<u32, u32>,
    texts: HashSet<[u8; HASH]>,
    /// In the order they came.
    oldest: VecDeque<[u8; HASH]>,
}

/// Octets of a text's hash: enough that no two texts share one.
const HASH: usize = 16;

fn hash(text: &str) -> [u8; HASH] {
    let digest = ring::digest::digest(&ring::digest::SHA256, text.as_bytes());
    let mut hash = [0; HASH];
    hash.iter_mut().zip(digest.as_ref()).for_each(|(to, from)| *to = *from);
    hash
}

impl IdSet {
    pub(super) fn is_empty(&self) -> bool {
        self.uids.is_empty() && self.texts.is_empty()
    }

    pub(super) fn contains(&self, id: &MessageId) -> bool {
        match id {
            MessageId::Uid(uid) => self.uids.range(..=uid).next_back().is_some_and(|(_, last)| last >= uid),
            MessageId::Text(text) => self.texts.contains(&hash(text)),
        }
    }

    pub(super) fn insert(&mut self, id: &MessageId) {
        let uid = match id {
            MessageId::Uid(uid) => *uid,
            MessageId::Text(text) => return self.insert_text(hash(text)),
        };
        if self.contains(id) {
            return;
        }
        let first = match self.uids.range(..uid).next_back() {
            Some((&first, &last)) if last.checked_add(1) == Some(uid) => first,
            _ => uid,
        };
        let last = uid.checked_add(1).and_then(|next| self.uids.remove(&next)).unwrap_or(uid);
        self.uids.insert(first, last);
    }

    pub(super) fn remove(&mut self, id: &MessageId) {
        let uid = match id {
            MessageId::Uid(uid) => *uid,
            MessageId::Text(text) => return self.remove_text(&hash(text)),
        };
        let Some((first, last)) = self.uids.range(..=uid).next_back().map(|(first, last)| (*first, *last)) else {
            return;
        };
        if last < uid {
            return;
        }
        self.uids.remove(&first);
        if first < uid {
            self.uids.insert(first, uid.saturating_sub(1));
        }
        if uid < last {
            self.uids.insert(uid.saturating_add(1), last);
        }
    }

    fn remove_text(&mut self, hash: &[u8; HASH]) {
        if self.texts.remove(hash) {
            self.oldest.retain(|kept| kept != hash);
        }
    }

    fn insert_text(&mut self, hash: [u8; HASH]) {
        if !self.texts.insert(hash) {
            return;
        }
        self.oldest.push_back(hash);
        if self.oldest.len() > TEXTS
            && let Some(oldest) = self.oldest.pop_front()
        {
            self.texts.remove(&oldest);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn uid(uid: u32) -> MessageId {
        MessageId::Uid(uid)
    }

    #[test]
    fn id_set_keeps_runs_as_ranges() {
        let mut set = IdSet::default();
        for id in [5, 3, 4, 9, 1, 2, u32::MAX, u32::MAX - 1, 4] {
            set.insert(&uid(id));
        }
        assert_eq!(set.uids, BTreeMap::from([(1, 5), (9, 9), (u32::MAX - 1, u32::MAX)]));
        for id in [1, 5, 9, u32::MAX] {
            assert!(set.contains(&uid(id)));
        }
        for id in [6, 8, 10, u32::MAX - 2] {
            assert!(!set.contains(&uid(id)));
        }
        let text = MessageId::Text("AAMk=".into());
        assert!(!set.contains(&text));
        set.insert(&text);
        assert!(set.contains(&text));
        assert!(!set.contains(&MessageId::Text("aamk=".into())));
    }

    #[test]
    fn id_set_forgets_the_oldest_texts() {
        let text = |number: usize| MessageId::Text(number.to_string().into());
        let mut set = IdSet::default();
        (0..=TEXTS).for_each(|number| set.insert(&text(number)));
        set.insert(&text(TEXTS));
        assert!(!set.contains(&text(0)) && set.contains(&text(1)) && set.contains(&text(TEXTS)));
        assert_eq!((set.texts.len(), set.oldest.len()), (TEXTS, TEXTS));
    }

    #[test]
    fn removing_splits_a_range() {
        let mut set = IdSet::default();
        [1, 2, 3, 4, 5, 7].iter().for_each(|id| set.insert(&uid(*id)));
        for id in [3, 7, 6, 9] {
            set.remove(&uid(id));
        }
        assert_eq!(set.uids, BTreeMap::from([(1, 2), (4, 5)]));
        [1, 2, 4, 5].iter().for_each(|id| set.remove(&uid(*id)));
        let text = MessageId::Text("AAMk=".into());
        set.insert(&text);
        set.insert(&uid(u32::MAX));
        assert!(set.contains(&text) && !set.is_empty());
        set.remove(&text);
        set.remove(&uid(u32::MAX));
        assert!(set.is_empty() && set.oldest.is_empty());
    }
}
