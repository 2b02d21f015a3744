//! What is counted of a mailbox for monitoring, beside its progress. Its size does not depend on the mail: nothing of
//! senders, recipients or subjects is kept.

use std::time::{Duration, Instant};

/// What one attempt to deliver a message came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Attempt {
    /// The target took it.
    Delivered,
    /// Another process had claimed it in the meantime.
    Lost,
    /// The target refuses this message.
    Refused,
    /// It failed. The message or the target may be at fault.
    Failed,
    /// The target is down.
    Unavailable,
}

impl Attempt {
    /// All of them, with their names as data.
    pub const ALL: [(Self, &'static str); 5] = [
        (Self::Delivered, "delivered"),
        (Self::Lost, "lost"),
        (Self::Refused, "refused"),
        (Self::Failed, "failed"),
        (Self::Unavailable, "unavailable"),
    ];

    /// Its name as data.
    pub fn name(self) -> &'static str {
        Self::ALL.iter().find(|(one, _)| *one == self).map_or("", |(_, name)| name)
    }
}

/// Why a connection ended, or could not be made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Disconnect {
    /// The connection was lost, or the server did not answer.
    Connection,
    /// The server's answer could not be read.
    Unparseable,
    /// The server refused the login, or cannot be trusted.
    Refused,
    /// There is no such mailbox.
    NoMailbox,
    /// The server throttles us.
    Throttled,
    /// A bug in mail_room.
    Crash,
    /// Anything else, such as a configuration that turned out wrong.
    Other,
}

impl Disconnect {
    /// All of them, with their names as data.
    pub const ALL: [(Self, &'static str); 7] = [
        (Self::Connection, "connection"),
        (Self::Unparseable, "unparseable"),
        (Self::Refused, "refused"),
        (Self::NoMailbox, "no_mailbox"),
        (Self::Throttled, "throttled"),
        (Self::Crash, "crash"),
        (Self::Other, "other"),
    ];

    /// Its name as data.
    pub fn name(self) -> &'static str {
        Self::ALL.iter().find(|(one, _)| *one == self).map_or("", |(_, name)| name)
    }
}

/// What is counted of one mailbox.
#[derive(Debug, Clone, Default)]
pub struct Counts {
    attempts: [u64; Attempt::ALL.len()],
    disconnects: [u64; Disconnect::ALL.len()],
    /// How long the target took for a message.
    pub delivery_seconds: Histogram<{ DELIVERY_SECONDS.len() }>,
    /// The time from a message's arrival at the mail server to its delivery.
    pub arrival_seconds: Histogram<{ ARRIVAL_SECONDS.len() }>,
    /// Octets of fetched messages.
    pub octets: u64,
    /// Claims that another process took over.
    pub claims_lost: u64,
    /// How often the mail server asked for a pause.
    pub throttles: u64,
    /// OAuth2 tokens that were got.
    pub token_renewals: u64,
}

/// Upper bounds of the buckets of [`Counts::delivery_seconds`].
pub const DELIVERY_SECONDS: [f64; 9] = [0.005, 0.02, 0.1, 0.25, 1.0, 2.5, 10.0, 30.0, 60.0];
/// Upper bounds of the buckets of [`Counts::arrival_seconds`].
pub const ARRIVAL_SECONDS: [f64; 9] = [1.0, 5.0, 15.0, 60.0, 300.0, 900.0, 3600.0, 21_600.0, 86_400.0];

impl Counts {
    pub(crate) fn attempt(&mut self, attempt: Attempt) {
        if let Some(count) = self.attempts.get_mut(attempt as usize) {
            *count = count.saturating_add(1);
        }
    }

    pub(crate) fn disconnect(&mut self, reason: Disconnect) {
        if let Some(count) = self.disconnects.get_mut(reason as usize) {
            *count = count.saturating_add(1);
        }
    }

    /// Attempts to deliver a message, by result.
    pub fn attempts(&self) -> impl Iterator<Item = (&'static str, u64)> {
        Attempt::ALL.iter().zip(self.attempts).map(|((_, name), count)| (*name, count))
    }

    /// Connections that ended or could not be made, by reason.
    pub fn disconnects(&self) -> impl Iterator<Item = (&'static str, u64)> {
        Disconnect::ALL.iter().zip(self.disconnects).map(|((_, name), count)| (*name, count))
    }

    /// All of [`disconnects`](Self::disconnects).
    pub fn all_disconnects(&self) -> u64 {
        self.disconnects.iter().fold(0, |sum, count| sum.saturating_add(*count))
    }
}

/// Counts durations in buckets.
#[derive(Debug, Clone)]
pub struct Histogram<const N: usize> {
    /// Observations in each bucket, not cumulated. What is above the last bound counts in `count` only.
    buckets: [u64; N],
    sum: f64,
    count: u64,
}

impl<const N: usize> Default for Histogram<N> {
    fn default() -> Self {
        Self { buckets: [0; N], sum: 0.0, count: 0 }
    }
}

impl<const N: usize> Histogram<N> {
    pub(crate) fn observe(&mut self, bounds: &[f64; N], duration: Duration) {
        let seconds = duration.as_secs_f64();
        self.sum += seconds;
        self.count = self.count.saturating_add(1);
        let bucket = self.buckets.iter_mut().zip(bounds).find(|(_, bound)| seconds <= **bound);
        if let Some((count, _)) = bucket {
            *count = count.saturating_add(1);
        }
    }

    /// Sum, number, and the number in each bucket with its upper bound; the last bound is infinite.
    pub fn read(&self, bounds: &[f64; N]) -> (f64, u64, Vec<(f64, u64)>) {
        let within: u64 = self.buckets.iter().sum();
        let mut buckets: Vec<_> = bounds.iter().copied().zip(self.buckets).collect();
        buckets.push((f64::MAX, self.count.saturating_sub(within)));
        (self.sum, self.count, buckets)
    }
}

/// Messages of the last hour, by minute.
#[derive(Debug, Clone)]
pub struct LastHour {
    started: Instant,
    minute: u64,
    /// The number of minute `n` is at `n` modulo 60.
    counts: [u32; MINUTES],
}

/// The minutes of an hour.
pub const MINUTES: usize = 60;

impl Default for LastHour {
    fn default() -> Self {
        Self { started: Instant::now(), minute: 0, counts: [0; MINUTES] }
    }
}

impl LastHour {
    pub(crate) fn count(&mut self) {
        self.pass();
        let at = (self.minute % MINUTES as u64) as usize;
        if let Some(count) = self.counts.get_mut(at) {
            *count = count.saturating_add(1);
        }
    }

    /// The number of each minute, the oldest first.
    pub fn by_minute(&self) -> [u32; MINUTES] {
        let mut now = self.clone();
        now.pass();
        let next = ((now.minute + 1) % MINUTES as u64) as usize;
        now.counts.rotate_left(next);
        now.counts
    }

    /// Clears the minutes that have begun since the last count.
    fn pass(&mut self) {
        let now = self.started.elapsed().as_secs() / 60;
        for minute in (self.minute + 1..=now).rev().take(MINUTES) {
            if let Some(count) = self.counts.get_mut((minute % MINUTES as u64) as usize) {
                *count = 0;
            }
        }
        self.minute = now;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_stand_at_the_place_of_their_count() {
        let mut counts = Counts::default();
        for (number, (attempt, _)) in Attempt::ALL.iter().enumerate() {
            (0..=number).for_each(|_| counts.attempt(*attempt));
        }
        for (number, (reason, _)) in Disconnect::ALL.iter().enumerate() {
            (0..=number).for_each(|_| counts.disconnect(*reason));
        }
        assert!(counts.attempts().eq(Attempt::ALL.iter().zip(1..).map(|((_, name), count)| (*name, count))));
        assert!(counts.disconnects().eq(Disconnect::ALL.iter().zip(1..).map(|((_, name), count)| (*name, count))));
        assert_eq!(counts.all_disconnects(), 28);
    }

    #[test]
    fn a_duration_counts_in_one_bucket() {
        let mut histogram = Histogram::default();
        let bounds = [1.0, 5.0];
        [0.5, 1.0, 4.0, 100.0].iter().for_each(|at| histogram.observe(&bounds, Duration::from_secs_f64(*at)));
        assert_eq!(histogram.read(&bounds), (105.5, 4, vec![(1.0, 2), (5.0, 1), (f64::MAX, 1)]));
    }

    #[test]
    fn an_hour_has_sixty_minutes() {
        let mut hour = LastHour::default();
        let pass = |hour: &mut LastHour, minutes: u64| {
            hour.started = hour.started.checked_sub(Duration::from_secs(minutes * 60)).unwrap();
        };
        let sum = |hour: &LastHour| hour.by_minute().iter().sum::<u32>();
        hour.count();
        pass(&mut hour, 1);
        hour.count();
        hour.count();
        assert_eq!(hour.by_minute()[57..], [0, 1, 2]);
        pass(&mut hour, 58);
        assert_eq!((sum(&hour), hour.by_minute()[..3].to_vec()), (3, vec![1, 2, 0]));
        pass(&mut hour, 1);
        assert_eq!((sum(&hour), hour.by_minute()[..2].to_vec()), (2, vec![2, 0]));
        hour.count();
        pass(&mut hour, 10_000);
        assert_eq!(sum(&hour), 0);
    }
}
