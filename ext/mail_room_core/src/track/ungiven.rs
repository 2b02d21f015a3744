//! Messages that the server lists and does not give: which of them are asked for together again, when, and when one of
//! them has been asked for often enough. Whose fault is it, the message's or the server's? One answer does not tell; what
//! became of other messages does.
//!
//! A connection that ends in mid-answer leaves a group under suspicion. The group is asked for again in parts, each a
//! sixteenth of it: an answer costs little, a connection much. What arrives is cleared, so the message at fault is alone
//! after two or three connections, whatever the size of the group.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use crate::message::MessageId;

/// Parts into which a group under suspicion is cut.
const PARTS: usize = 16;
/// First and longest delay before a message that the server refused to give is asked for again.
const REFUSED: (Duration, Duration) = (Duration::from_secs(1), Duration::from_secs(600));
/// The same where the server passed over the message: it may be gone, and only the next search tells.
const PASSED_OVER: (Duration, Duration) = (Duration::from_secs(5), Duration::from_secs(600));
/// The same where the server gave an empty body or none.
const EMPTY: (Duration, Duration) = (Duration::from_secs(10), Duration::from_secs(600));

/// How the server did not give a message that was asked for alone, or beside others that it gave.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Ungiven {
    /// It refused, or ended the connection.
    Refused,
    /// Its answer cannot be read, or holds more than it may. That is the message's fault, whatever becomes of others.
    Unreadable,
    /// It said that all went well and did not mention the message.
    PassedOver,
    /// It gave no body (NIL), an empty one, or a text of its own. Never counted: asked for until the message arrives.
    Empty,
}

/// What follows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Setback {
    /// How often the message was asked for in vain so far.
    pub(crate) times: u32,
    /// How many of these count against the message.
    pub(crate) counted: u32,
    /// Not to be asked for again before then.
    pub(crate) backoff: Duration,
}

#[derive(Debug, Default)]
struct Entry {
    /// At most this many are asked for together with it, itself included.
    group: Option<usize>,
    noticed_at: u64,
    times: u32,
    counted: u32,
    /// Passed over, and not yet known whether the server still lists it.
    unconfirmed: bool,
    /// The server does not even tell its size.
    without_size: bool,
}

/// What is known of them in one mailbox.
#[derive(Debug, Default)]
pub(crate) struct UngivenMessages {
    /// Answers so far; a point in time.
    clock: u64,
    /// When the last message arrived.
    arrival: u64,
    entries: BTreeMap<MessageId, Entry>,
    /// Messages that may be victims of the server's trouble, since the last one arrived.
    unproven: BTreeSet<MessageId>,
    narrowed: bool,
}

impl UngivenMessages {
    /// The connection ended, or went out of step, before these arrived: they are asked for again in smaller groups.
    pub(crate) fn narrow(&mut self, ids: &[MessageId]) {
        let group = ids.len().div_ceil(PARTS).max(1);
        for id in ids {
            let entry = self.entry(id);
            entry.group = Some(entry.group.map_or(group, |known| known.min(group)));
        }
        self.narrowed |= !ids.is_empty();
    }

    /// `id` is asked for alone from now on.
    pub(crate) fn single_out(&mut self, id: &MessageId) {
        self.entry(id).group = Some(1);
    }

    /// At most how many are asked for together with `id`; `None` if it is above suspicion.
    pub(crate) fn group(&self, id: &MessageId) -> Option<usize> {
        self.entries.get(id).and_then(|entry| entry.group)
    }

    /// The size of `id` alone ended the connection: it is fetched without asking for it.
    pub(crate) fn without_size(&mut self, id: &MessageId) {
        self.entry(id).without_size = true;
    }

    /// Whether the size of `id` is not to be asked for.
    pub(crate) fn is_without_size(&self, id: &MessageId) -> bool {
        self.entries.get(id).is_some_and(|entry| entry.without_size)
    }

    /// `id` was not given, alone or, with `others_arrived`, beside others that were.
    pub(crate) fn ungiven(&mut self, id: &MessageId, how: Ungiven, others_arrived: bool) -> Setback {
        let arrival = self.arrival;
        let entry = self.entry(id);
        let proven = others_arrived || arrival > entry.noticed_at;
        if !proven && how != Ungiven::Empty {
            self.unproven.insert(id.clone());
        }
        let counts = match how {
            Ungiven::Empty => false,
            Ungiven::Unreadable => true,
            // A message nobody knows anything of fails as well: it may be the server.
            Ungiven::Refused | Ungiven::PassedOver => proven && self.unproven.is_empty(),
        };
        let entry = self.entry(id);
        if matches!(how, Ungiven::Refused | Ungiven::Unreadable) {
            entry.group = Some(1);
        }
        entry.unconfirmed = how == Ungiven::PassedOver;
        let (first, longest) = match how {
            Ungiven::Refused | Ungiven::Unreadable => REFUSED,
            Ungiven::PassedOver => PASSED_OVER,
            Ungiven::Empty => EMPTY,
        };
        let backoff = first.saturating_mul(2_u32.saturating_pow(entry.times)).min(longest);
        entry.times = entry.times.saturating_add(1);
        entry.counted = entry.counted.saturating_add(u32::from(counts));
        Setback { times: entry.times, counted: entry.counted, backoff }
    }

    /// `id` has arrived, so the server works.
    pub(crate) fn arrived(&mut self, id: &MessageId) {
        self.clock = self.clock.saturating_add(1);
        self.arrival = self.clock;
        self.entries.remove(id);
        self.unproven.clear();
    }

    /// The message's fate is decided otherwise.
    pub(crate) fn forget(&mut self, id: &MessageId) {
        self.entries.remove(id);
        self.unproven.remove(id);
    }

    /// How many messages something is noted of.
    pub(crate) fn len(&self) -> usize {
        self.entries.len()
    }

    /// Keeps only what is noted of messages that the server still lists.
    pub(crate) fn retain(&mut self, listed: impl Fn(&MessageId) -> bool) {
        self.entries.retain(|id, _| listed(id));
        self.unproven.retain(|id| listed(id));
    }

    /// After a search: those of its messages that were passed over when they were fetched, each once.
    pub(crate) fn listed_though_passed_over(&mut self) -> Vec<(MessageId, u32)> {
        let mut listed = Vec::new();
        for (id, entry) in &mut self.entries {
            if std::mem::take(&mut entry.unconfirmed) {
                listed.push((id.clone(), entry.times));
            }
        }
        listed
    }

    /// Whether the last connection ended so that more is known now of which message is at fault; once.
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
        let mut ungiven = UngivenMessages::default();
        let mut ids: Vec<_> = (1..=2000).map(uid).collect();
        let mut steps = Vec::new();
        while ids.len() > 1 {
            ungiven.narrow(&ids);
            ids.truncate(ungiven.group(&uid(1)).unwrap());
            steps.push(ids.len());
        }
        assert_eq!(steps, [125, 8, 1]);
        assert_eq!((ungiven.group(&uid(2000)), ungiven.group(&uid(2001))), (Some(125), None));
        assert!(ungiven.take_narrowed() && !ungiven.take_narrowed());
        ungiven.arrived(&uid(2000));
        assert_eq!(ungiven.group(&uid(2000)), None);
    }

    #[test]
    fn it_counts_once_another_message_has_arrived() {
        let mut ungiven = UngivenMessages::default();
        ungiven.narrow(&[uid(1), uid(2)]);
        assert_eq!(ungiven.ungiven(&uid(1), Ungiven::Refused, false).counted, 0);
        ungiven.arrived(&uid(2));
        for counted in 1..=5 {
            let setback = ungiven.ungiven(&uid(1), Ungiven::Refused, false);
            assert_eq!((setback.times, setback.counted), (counted + 1, counted));
            assert_eq!(setback.backoff, Duration::from_secs(1 << counted));
        }
        assert_eq!(ungiven.ungiven(&uid(3), Ungiven::Refused, true).counted, 1);
    }

    #[test]
    fn a_server_that_gives_nothing_at_all_counts_against_no_message() {
        let mut ungiven = UngivenMessages::default();
        ungiven.ungiven(&uid(1), Ungiven::Refused, true);
        // One of which nothing bad is known: is it the server by now?
        for _ in 0..20 {
            assert_eq!(ungiven.ungiven(&uid(2), Ungiven::Refused, false).counted, 0);
            assert_eq!(ungiven.ungiven(&uid(1), Ungiven::Refused, false).counted, 1);
            assert_eq!(ungiven.ungiven(&uid(3), Ungiven::PassedOver, false).counted, 0);
        }
        ungiven.arrived(&uid(4));
        assert_eq!(ungiven.ungiven(&uid(1), Ungiven::Refused, false).counted, 2);
        assert_eq!(ungiven.ungiven(&uid(9), Ungiven::Unreadable, false).counted, 1);
    }

    #[test]
    fn an_empty_body_never_counts() {
        let mut ungiven = UngivenMessages::default();
        let delays: Vec<_> = (0..8).map(|_| ungiven.ungiven(&uid(1), Ungiven::Empty, true).backoff.as_secs()).collect();
        assert_eq!(delays, [10, 20, 40, 80, 160, 320, 600, 600]);
        assert_eq!(ungiven.ungiven(&uid(1), Ungiven::Empty, true).counted, 0);
        assert_eq!(ungiven.group(&uid(1)), None, "it may be asked for beside others");
    }

    #[test]
    fn what_was_passed_over_and_is_still_listed_is_told_once_each_time() {
        let mut ungiven = UngivenMessages::default();
        ungiven.ungiven(&uid(1), Ungiven::PassedOver, true);
        ungiven.ungiven(&uid(2), Ungiven::PassedOver, true);
        ungiven.retain(|id| *id == uid(1));
        assert_eq!(ungiven.listed_though_passed_over(), [(uid(1), 1)]);
        assert_eq!(ungiven.listed_though_passed_over(), []);
        ungiven.ungiven(&uid(1), Ungiven::PassedOver, true);
        assert_eq!((ungiven.listed_though_passed_over(), ungiven.len()), (vec![(uid(1), 2)], 1));
        ungiven.forget(&uid(1));
        assert_eq!(ungiven.len(), 0);
    }
}
