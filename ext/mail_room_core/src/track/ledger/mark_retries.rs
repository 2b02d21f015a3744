//! Messages that the server did not mark, whose mark it did not keep, or whose marking ended the connection: when each is
//! marked again, and with how many others. Knows no marks.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use crate::message::MessageId;

/// First and longest delay before the server is asked again to mark a message that it did not mark.
const AGAIN: (Duration, Duration) = (Duration::from_secs(5), Duration::from_secs(600));
/// Messages per command after a connection ended while they were being marked. After the second time: one.
const SUSPECTS: usize = 32;

/// Not before `until`; `delay` is how long that was when it was set.
#[derive(Debug, Clone, Copy)]
pub(super) struct Pause {
    pub(super) until: Instant,
    pub(super) delay: Duration,
}

impl Pause {
    fn new(now: Instant, times: u32) -> Self {
        let delay = AGAIN.0.saturating_mul(2_u32.saturating_pow(times)).min(AGAIN.1);
        Self { until: now + delay, delay }
    }

    /// Twice as long as the pause before, from the first to the longest.
    pub(super) fn longer(before: Option<Self>, now: Instant, (first, longest): (Duration, Duration)) -> Self {
        let delay = before.map_or(first, |pause| pause.delay.saturating_mul(2).min(longest));
        Self { until: now + delay, delay }
    }

    /// Whether it is over, or so nearly over that the message can be marked along with others.
    fn is_nearly_over(&self, now: Instant) -> bool {
        self.until <= now + self.delay / 4
    }
}

#[derive(Debug, Clone, Copy)]
struct MarkRetry {
    pause: Pause,
    /// How often the server did not mark the message, or did not keep the mark.
    times: u32,
    /// How often the connection ended while the message was marked.
    cuts: u32,
    unkept: bool,
}

/// Messages whose marking failed. An entry for a mark that was not kept outlives the next confirmation, so that the delay
/// grows.
#[derive(Debug, Default)]
pub(super) struct MarkRetries(BTreeMap<MessageId, MarkRetry>);

impl MarkRetries {
    /// The server acknowledged the mark and lists the message all the same.
    pub(super) fn unkept(&mut self, id: &MessageId, now: Instant) {
        let times = self.0.get(id).map_or(0, |retry| retry.times);
        let pause = Pause::new(now, times);
        self.0.insert(id.clone(), MarkRetry { pause, times: times.saturating_add(1), cuts: 0, unkept: true });
    }

    /// How often the server did not mark the message, or did not keep the mark.
    pub(super) fn times(&self, id: &MessageId) -> u32 {
        self.0.get(id).map_or(0, |retry| retry.times)
    }

    /// The server refused to mark the message. Returns the backoff before the next attempt.
    pub(super) fn unmarked(&mut self, id: &MessageId, now: Instant) -> Duration {
        let before = self.0.get(id).copied();
        let times = before.map_or(0, |retry| retry.times);
        let pause = Pause::new(now, times);
        let unkept = before.is_some_and(|retry| retry.unkept);
        self.0.insert(id.clone(), MarkRetry { pause, times: times.saturating_add(1), cuts: 0, unkept });
        pause.delay
    }

    /// The connection ended while the message was being marked. The first time, the network is probably at fault, and the
    /// message is marked again at once. Returns the backoff.
    pub(super) fn cut(&mut self, id: &MessageId, now: Instant) -> Duration {
        let before = self.0.get(id).copied();
        let cuts = before.map_or(0, |retry| retry.cuts);
        let pause = match cuts.checked_sub(1) {
            None => Pause { until: now, delay: Duration::ZERO },
            Some(times) => Pause::new(now, times),
        };
        let (times, unkept) = before.map_or((0, false), |retry| (retry.times, retry.unkept));
        self.0.insert(id.clone(), MarkRetry { pause, times, cuts: cuts.saturating_add(1), unkept });
        pause.delay
    }

    /// The server confirmed the mark. Returns whether to rely on that: not if the server did not keep this mark before.
    pub(super) fn acknowledged(&mut self, id: &MessageId) -> bool {
        match self.0.get_mut(id) {
            Some(retry) if retry.unkept => {
                retry.cuts = 0;
                false
            }
            Some(_) => self.0.remove(id).is_some(),
            None => true,
        }
    }

    pub(super) fn contains(&self, id: &MessageId) -> bool {
        self.0.contains_key(id)
    }

    pub(super) fn forget(&mut self, id: &MessageId) {
        self.0.remove(id);
    }

    pub(super) fn retain(&mut self, keep: impl Fn(&MessageId) -> bool) {
        self.0.retain(|id, _| keep(id));
    }

    pub(super) fn len(&self) -> usize {
        self.0.len()
    }

    /// When the message may be marked again; `None` if its marking did not fail.
    pub(super) fn until(&self, id: &MessageId) -> Option<Instant> {
        self.0.get(id).map(|retry| retry.pause.until)
    }

    /// Messages that may be marked again now, as `wanted` returns them, in groups that one command may mark. Those that
    /// ended connections come last, and alone in the end.
    pub(super) fn groups<T: Clone>(&self, now: Instant, wanted: impl Fn(&MessageId) -> Option<T>) -> Vec<Vec<T>> {
        let (mut together, mut suspects, mut worst) = (Vec::new(), Vec::new(), Vec::new());
        for (id, retry) in self.0.iter().filter(|(_, retry)| retry.pause.is_nearly_over(now)) {
            let Some(wanted) = wanted(id) else { continue };
            match retry.cuts {
                0 => together.push(wanted),
                1 => suspects.push(wanted),
                cuts => worst.push((cuts, wanted)),
            }
        }
        worst.sort_by_key(|(cuts, _)| *cuts);
        let mut groups = if together.is_empty() { Vec::new() } else { vec![together] };
        groups.extend(suspects.chunks(SUSPECTS).map(<[T]>::to_vec));
        groups.extend(worst.into_iter().map(|(_, wanted)| vec![wanted]));
        groups
    }
}
