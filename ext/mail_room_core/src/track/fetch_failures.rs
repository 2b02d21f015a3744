//! Messages that the server lists and does not send: which of them are fetched together, when, and when one has failed
//! often enough. A single answer does not show whether the message or the server is at fault; what became of other messages
//! does.
//!
//! A connection that ends in mid-answer leaves a group of suspects. The group is fetched again in sixteenths, because a
//! command costs little and a connection much. A message that arrives is no longer suspected, so the message at fault is
//! alone after two or three connections, whatever the size of the group.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use crate::message::MessageId;

/// Parts into which a group of suspects is split.
const PARTS: usize = 16;
/// First and longest backoff for a message that the server refused to send.
const REFUSED: (Duration, Duration) = (Duration::from_secs(1), Duration::from_secs(600));
/// The same for a message that the server omitted. It may be gone; the next search shows.
const OMITTED: (Duration, Duration) = (Duration::from_secs(5), Duration::from_secs(600));
/// The same for a message that the server sent with an empty body or none.
const EMPTY: (Duration, Duration) = (Duration::from_secs(10), Duration::from_secs(600));

/// How the server failed to send a message that was fetched alone, or together with others that arrived.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum FetchFailure {
    /// It refused, or ended the connection.
    Refused,
    /// Its answer cannot be parsed, or exceeds a limit. The message is at fault, whatever becomes of others.
    Unreadable,
    /// It reported success and did not mention the message.
    Omitted,
    /// It sent no body (NIL), an empty one, or a text of its own. Never counts; the message is fetched until it arrives.
    Empty,
}

/// When the message is fetched again, and how often it has failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct FetchRetry {
    /// How often it failed so far.
    pub(crate) times: u32,
    /// How many of these count against the message.
    pub(crate) counted: u32,
    /// How long to wait before the next attempt.
    pub(crate) backoff: Duration,
}

#[derive(Debug, Default)]
struct Entry {
    /// At most this many messages are fetched together, this one included.
    group: Option<usize>,
    noticed_at: u64,
    times: u32,
    counted: u32,
    /// Omitted, and not known yet whether the server still lists it.
    unconfirmed: bool,
    /// The server does not send its size either.
    without_size: bool,
}

/// The fetch failures of one mailbox.
#[derive(Debug, Default)]
pub(crate) struct FetchFailures {
    /// Answers so far; a point in time.
    clock: u64,
    /// When the last message arrived.
    arrival: u64,
    entries: BTreeMap<MessageId, Entry>,
    /// Messages that failed since the last one arrived, perhaps because the server is at fault.
    unproven: BTreeSet<MessageId>,
    narrowed: bool,
}

impl FetchFailures {
    /// The connection ended, or its protocol state was lost, before these arrived. They are fetched again in smaller
    /// groups.
    pub(crate) fn narrow(&mut self, ids: &[MessageId]) {
        let group = ids.len().div_ceil(PARTS).max(1);
        for id in ids {
            let entry = self.entry(id);
            entry.group = Some(entry.group.map_or(group, |known| known.min(group)));
        }
        self.narrowed |= !ids.is_empty();
    }

    /// `id` is fetched alone from now on.
    pub(crate) fn single_out(&mut self, id: &MessageId) {
        self.entry(id).group = Some(1);
    }

    /// How many messages may be fetched together with `id`; `None` if it is not suspected.
    pub(crate) fn group(&self, id: &MessageId) -> Option<usize> {
        self.entries.get(id).and_then(|entry| entry.group)
    }

    /// Requesting the size of `id` alone ended the connection. It is fetched without its size.
    pub(crate) fn without_size(&mut self, id: &MessageId) {
        self.entry(id).without_size = true;
    }

    /// Whether the size of `id` is not to be requested.
    pub(crate) fn is_without_size(&self, id: &MessageId) -> bool {
        self.entries.get(id).is_some_and(|entry| entry.without_size)
    }

    /// `id` did not arrive. `others_arrived` tells whether other messages of the same command did.
    pub(crate) fn failed(&mut self, id: &MessageId, how: FetchFailure, others_arrived: bool) -> FetchRetry {
        let arrival = self.arrival;
        let entry = self.entry(id);
        let proven = others_arrived || arrival > entry.noticed_at;
        if !proven && how != FetchFailure::Empty {
            self.unproven.insert(id.clone());
        }
        let counts = match how {
            FetchFailure::Empty => false,
            FetchFailure::Unreadable => true,
            // If a message that never failed before fails as well, the server may be at fault.
            FetchFailure::Refused | FetchFailure::Omitted => proven && self.unproven.is_empty(),
        };
        let entry = self.entry(id);
        if matches!(how, FetchFailure::Refused | FetchFailure::Unreadable) {
            entry.group = Some(1);
        }
        entry.unconfirmed = how == FetchFailure::Omitted;
        let (first, longest) = match how {
            FetchFailure::Refused | FetchFailure::Unreadable => REFUSED,
            FetchFailure::Omitted => OMITTED,
            FetchFailure::Empty => EMPTY,
        };
        let backoff = first.saturating_mul(2_u32.saturating_pow(entry.times)).min(longest);
        entry.times = entry.times.saturating_add(1);
        entry.counted = entry.counted.saturating_add(u32::from(counts));
        FetchRetry { times: entry.times, counted: entry.counted, backoff }
    }

    /// `id` has arrived, so the server works.
    pub(crate) fn arrived(&mut self, id: &MessageId) {
        self.clock = self.clock.saturating_add(1);
        self.arrival = self.clock;
        self.entries.remove(id);
        self.unproven.clear();
    }

    /// The message was decided otherwise.
    pub(crate) fn forget(&mut self, id: &MessageId) {
        self.entries.remove(id);
        self.unproven.remove(id);
    }

    /// How many messages have failed.
    pub(crate) fn len(&self) -> usize {
        self.entries.len()
    }

    /// Keeps only messages that the server still lists.
    pub(crate) fn retain(&mut self, listed: impl Fn(&MessageId) -> bool) {
        self.entries.retain(|id, _| listed(id));
        self.unproven.retain(|id| listed(id));
    }

    /// After a search: its messages that the server omitted when they were fetched, each once.
    pub(crate) fn listed_though_omitted(&mut self) -> Vec<(MessageId, u32)> {
        let mut listed = Vec::new();
        for (id, entry) in &mut self.entries {
            if std::mem::take(&mut entry.unconfirmed) {
                listed.push((id.clone(), entry.times));
            }
        }
        listed
    }

    /// Whether the last connection narrowed down the suspects. Resets the answer.
    pub(crate) fn take_narrowed(&mut self) -> bool {
        std::mem::take(&mut self.narrowed)
    }

    fn entry(&mut self, id: &MessageId) -> &mut Entry {
        let noticed_at = self.clock;
        self.entries.entry(id.clone()).or_insert_with(|| Entry { noticed_at, ..Entry::default() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn uid(uid: u32) -> MessageId {
        MessageId::Uid(uid)
    }

    #[test]
    fn a_group_is_narrowed_down_to_one_in_a_few_steps() {
        let mut failures = FetchFailures::default();
        let mut ids: Vec<_> = (1..=2000).map(uid).collect();
        let mut steps = Vec::new();
        while ids.len() > 1 {
            failures.narrow(&ids);
            ids.truncate(failures.group(&uid(1)).unwrap());
            steps.push(ids.len());
        }
        assert_eq!(steps, [125, 8, 1]);
        assert_eq!((failures.group(&uid(2000)), failures.group(&uid(2001))), (Some(125), None));
        assert!(failures.take_narrowed() && !failures.take_narrowed());
        failures.arrived(&uid(2000));
        assert_eq!(failures.group(&uid(2000)), None);
    }

    #[test]
    fn it_counts_once_another_message_has_arrived() {
        let mut failures = FetchFailures::default();
        failures.narrow(&[uid(1), uid(2)]);
        assert_eq!(failures.failed(&uid(1), FetchFailure::Refused, false).counted, 0);
        failures.arrived(&uid(2));
        for counted in 1..=5 {
            let retry = failures.failed(&uid(1), FetchFailure::Refused, false);
            assert_eq!((retry.times, retry.counted), (counted + 1, counted));
            assert_eq!(retry.backoff, Duration::from_secs(1 << counted));
        }
        assert_eq!(failures.failed(&uid(3), FetchFailure::Refused, true).counted, 1);
    }

    #[test]
    fn a_server_that_gives_nothing_at_all_counts_against_no_message() {
        let mut failures = FetchFailures::default();
        failures.failed(&uid(1), FetchFailure::Refused, true);
        // One of which nothing bad is known: is it the server by now?
        for _ in 0..20 {
            assert_eq!(failures.failed(&uid(2), FetchFailure::Refused, false).counted, 0);
            assert_eq!(failures.failed(&uid(1), FetchFailure::Refused, false).counted, 1);
            assert_eq!(failures.failed(&uid(3), FetchFailure::Omitted, false).counted, 0);
        }
        failures.arrived(&uid(4));
        assert_eq!(failures.failed(&uid(1), FetchFailure::Refused, false).counted, 2);
        assert_eq!(failures.failed(&uid(9), FetchFailure::Unreadable, false).counted, 1);
    }

    #[test]
    fn an_empty_body_never_counts() {
        let mut failures = FetchFailures::default();
        let delays: Vec<_> =
            (0..8).map(|_| failures.failed(&uid(1), FetchFailure::Empty, true).backoff.as_secs()).collect();
        assert_eq!(delays, [10, 20, 40, 80, 160, 320, 600, 600]);
        assert_eq!(failures.failed(&uid(1), FetchFailure::Empty, true).counted, 0);
        assert_eq!(failures.group(&uid(1)), None, "it may be asked for beside others");
    }

    #[test]
    fn what_was_passed_over_and_is_still_listed_is_told_once_each_time() {
        let mut failures = FetchFailures::default();
        failures.failed(&uid(1), FetchFailure::Omitted, true);
        failures.failed(&uid(2), FetchFailure::Omitted, true);
        failures.retain(|id| *id == uid(1));
        assert_eq!(failures.listed_though_omitted(), [(uid(1), 1)]);
        assert_eq!(failures.listed_though_omitted(), []);
        failures.failed(&uid(1), FetchFailure::Omitted, true);
        assert_eq!((failures.listed_though_omitted(), failures.len()), (vec![(uid(1), 2)], 1));
        failures.forget(&uid(1));
        assert_eq!(failures.len(), 0);
    }
}
