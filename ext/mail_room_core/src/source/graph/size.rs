//! Estimates the size of a message, to reserve memory for it. Graph tells the size in its store, and not for every mailbox;
//! `$value` has other encodings. A fetch stops at the estimate, and a message that is larger gets a new one.

use std::collections::{HashMap, HashSet};
use std::time::SystemTime;

use crate::message::MessageId;
use crate::source::Attributes;

/// The estimate in octets for a message of unknown size.
const UNKNOWN: u64 = 128 << 10;
/// Octets that are added to the size in the store, for headers.
const HEADERS: u64 = 16 << 10;
/// The factor for a message that was larger than estimated and whose size is still unknown.
const LARGER: u64 = 4;

/// Estimates for the messages listed last.
#[derive(Debug)]
pub(crate) struct Sizes {
    planned: HashMap<MessageId, u64>,
    /// Messages that are listed with a size of 0.
    empty: HashSet<MessageId>,
    arrivals: HashMap<MessageId, SystemTime>,
    /// `max_message_size`: nothing larger is read.
    most: u64,
}

impl Sizes {
    pub(crate) fn new(most: u64) -> Self {
        Self { planned: HashMap::new(), empty: HashSet::new(), arrivals: HashMap::new(), most }
    }

    /// The estimate for `id`, in octets.
    pub(crate) fn of(&self, id: &MessageId) -> u64 {
        self.planned.get(id).copied().unwrap_or(UNKNOWN).min(self.most)
    }

    /// Whether `id` is listed with a size of 0. Any other message that arrives empty is taken for missing.
    pub(crate) fn is_empty(&self, id: &MessageId) -> bool {
        self.empty.contains(id)
    }

    /// Replaces the list. `stored` are the sizes in the store, if known.
    pub(crate) fn listed(&mut self, stored: Vec<(MessageId, Option<u64>)>) {
        let learned = std::mem::take(&mut self.planned);
        self.empty = stored.iter().filter(|(_, stored)| *stored == Some(0)).map(|(id, _)| id.clone()).collect();
        self.planned = stored
            .into_iter()
            .filter_map(|(id, stored)| {
                // Attachments are stored in binary and sent in Base64: four octets for three, and line ends.
                let estimate = stored.map(|stored| stored.saturating_add(stored / 2).saturating_add(HEADERS));
                let planned = estimate.max(learned.get(&id).copied())?;
                Some((id, planned))
            })
            .collect();
    }

    /// Replaces the times of arrival.
    pub(crate) fn arrived(&mut self, arrivals: HashMap<MessageId, SystemTime>) {
        self.arrivals = arrivals;
    }

    /// What is known of `id`.
    pub(crate) fn attributes(&self, id: &MessageId) -> Attributes {
        let octets = if self.is_empty(id) { 0 } else { self.of(id) };
        Attributes { id: id.clone(), octets, arrived: self.arrivals.get(id).copied() }
    }

    /// Raises the estimate for `id`, which is larger: to `octets`, if that is known. Returns the new estimate.
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
