//! How much memory to plan for a message. Graph tells the size that a message has in the store, on request and not of
//! every mailbox; what `$value` yields has other encodings. So this is an estimate, and what is fetched is cut off there:
//! a message that turns out larger is planned anew.

use std::collections::{HashMap, HashSet};

use crate::message::MessageId;

/// Octets planned for a message whose size nobody knows.
const UNKNOWN: u64 = 128 << 10;
/// Octets planned in addition to those of the store: headers.
const HEADERS: u64 = 16 << 10;
/// How much more is planned for a message that was larger than planned, as long as nobody knows how large it is.
const LARGER: u64 = 4;

/// Estimates for the messages listed last.
#[derive(Debug)]
pub(crate) struct Sizes {
    planned: HashMap<MessageId, u64>,
    /// Told to have no octets at all.
    empty: HashSet<MessageId>,
    /// max_message_size: nothing larger is read.
    most: u64,
}

impl Sizes {
    pub(crate) fn new(most: u64) -> Self {
        Self { planned: HashMap::new(), empty: HashSet::new(), most }
    }

    /// Octets to plan for `id`.
    pub(crate) fn of(&self, id: &MessageId) -> u64 {
        self.planned.get(id).copied().unwrap_or(UNKNOWN).min(self.most)
    }

    /// Whether Graph told that `id` has no octets. Any other message that arrives without one has not arrived.
    pub(crate) fn is_empty(&self, id: &MessageId) -> bool {
        self.empty.contains(id)
    }

    /// These are listed now; `stored` are the sizes in the store, where known.
    pub(crate) fn listed(&mut self, stored: Vec<(MessageId, Option<u64>)>) {
        let learned = std::mem::take(&mut self.planned);
        self.empty = stored.iter().filter(|(_, stored)| *stored == Some(0)).map(|(id, _)| id.clone()).collect();
        self.planned = stored
            .into_iter()
            .filter_map(|(id, stored)| {
                // Attachments are stored as they are and travel in Base64: four octets for three, and line ends.
                let estimate = stored.map(|stored| stored.saturating_add(stored / 2).saturating_add(HEADERS));
                let planned = estimate.max(learned.get(&id).copied())?;
                Some((id, planned))
            })
            .collect();
    }

    /// `id` has more octets than planned: `octets`, if that is known. Returns what to plan now.
    pub(crate) fn larger(&mut self, id: &MessageId, octets: Option<u64>) -> u64 {
        let planned = octets.unwrap_or_else(|| self.of(id).saturating_mul(LARGER)).min(self.most);
        self.planned.insert(id.clone(), planned);
        planned
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_estimate_grows_until_it_fits_and_never_beyond_the_limit() {
        let id = |text: &str| MessageId::Text(text.into());
        let mut sizes = Sizes::new(10 << 20);
        sizes.listed(vec![(id("known"), Some(2 << 20)), (id("unknown"), None), (id("vast"), Some(u64::MAX))]);
        assert_eq!(sizes.of(&id("known")), (3 << 20) + HEADERS);
        assert_eq!(sizes.of(&id("vast")), 10 << 20);
        assert_eq!(sizes.of(&id("unknown")), UNKNOWN);
        assert_eq!(sizes.larger(&id("unknown"), None), 4 * UNKNOWN);
        assert_eq!(sizes.larger(&id("unknown"), Some(7 << 20)), 7 << 20);
        sizes.listed(vec![(id("unknown"), None), (id("known"), Some(1))]);
        assert_eq!(sizes.of(&id("unknown")), 7 << 20);
        assert_eq!(sizes.larger(&id("unknown"), Some(u64::MAX)), 10 << 20);
        sizes.listed(vec![(id("unknown"), None), (id("known"), Some(1)), (id("empty"), Some(0))]);
        assert_eq!(
            ["unknown", "known", "empty", "other"].map(|name| sizes.is_empty(&id(name))),
            [false, false, true, false]
        );
        sizes.listed(Vec::new());
        assert!(sizes.planned.is_empty() && sizes.empty.is_empty());
    }
}
