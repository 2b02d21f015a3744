//! Shows processes on other machines that this one is alive: a key in Redis that expires within seconds unless it is set
//! again. Judges by the heartbeats of other processes whether these have ended. Claims nothing.

#[cfg(test)]
mod silent_redis;

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::Notify;
use tokio::time::{Instant, sleep, timeout};

use crate::error::{Error, Result};
use crate::transport::redis::{Command, RedisClient, Reply, Traffic};

/// The TTL of a heartbeat. A process counts as alive for this long after its last one.
pub(super) const LIFE: Duration = Duration::from_secs(8);
/// The time between two heartbeats. Three in a row may be lost.
const EVERY: Duration = Duration::from_secs(2);
/// The time before the next try after a heartbeat that failed.
const AGAIN: Duration = Duration::from_secs(1);
/// How long Redis may take to answer a heartbeat.
const ANSWER_WITHIN: Duration = Duration::from_millis(2500);
/// How long removing the heartbeat at the end may take. The key expires anyway.
const END_WITHIN: Duration = Duration::from_millis(500);

/// A process has ended only if its heartbeat was missing at two checks with this much time between them: a live process sets
/// it again in between.
const MISSING_FOR: Duration = Duration::from_millis(2_500);
/// It has ended only if our own heartbeats have succeeded for this long, too. After an outage of Redis no process has a
/// heartbeat, and the others need time to reconnect.
const UNBROKEN_FOR: Duration = Duration::from_secs(6);
/// If two of our own heartbeats are further apart than this, the series is broken.
const BROKEN_AFTER: Duration = Duration::from_secs(5);
/// Added to each wait, so that the next check is not a moment too early.
const SLACK: Duration = Duration::from_millis(100);
/// Processes without a heartbeat that are remembered, at most.
const MISSING: usize = 1_000;

/// This process's heartbeat in one Redis, and what is known there of other processes' heartbeats.
#[derive(Debug)]
pub(crate) struct Heartbeat {
    client: RedisClient,
    prefix: String,
    key: String,
    /// Whether this process has claimed anything yet.
    needed: AtomicBool,
    wake: Notify,
    seen: Mutex<Seen>,
}

#[derive(Debug, Default)]
struct Seen {
    /// Since when our own heartbeats have succeeded without a break, and when the last one did.
    own: Option<(Instant, Instant)>,
    /// Processes without a heartbeat, and when that was first noticed.
    missing: BTreeMap<String, Instant>,
}

/// What a heartbeat says about its process.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Liveness {
    /// The process has had no heartbeat for long enough: it has ended.
    Ended,
    /// The process is alive, or this time must pass before it can be judged.
    AskAgain(Duration),
}

impl Heartbeat {
    /// The heartbeat of the process called `process`. Sets nothing yet.
    pub(super) fn new(client: RedisClient, prefix: &str, process: &str) -> Self {
        Self {
            client,
            prefix: prefix.to_owned(),
            key: key(prefix, process),
            needed: AtomicBool::new(false),
            wake: Notify::new(),
            seen: Mutex::default(),
        }
    }

    /// Whether this is the heartbeat in the Redis of `client` for keys that begin with `prefix`.
    pub(super) fn is_in(&self, client: &RedisClient, prefix: &str) -> bool {
        self.client.is_same(client) && self.prefix == prefix
    }

    /// Its key.
    pub(super) fn key(&self) -> &str {
        &self.key
    }

    /// The key of another process's heartbeat.
    pub(super) fn key_of(&self, process: &str) -> String {
        key(&self.prefix, process)
    }

    /// Records that a script has just set the heartbeat. Every script that takes or renews a claim does.
    pub(super) fn was_set(&self) {
        let now = Instant::now();
        {
            let own = &mut self.seen().own;
            let since = own.filter(|(_, last)| now.saturating_duration_since(*last) <= BROKEN_AFTER);
            *own = Some((since.map_or(now, |(since, _)| since), now));
        }
        if !self.needed.swap(true, Ordering::AcqRel) {
            self.wake.notify_one();
        }
    }

    /// Keeps setting the heartbeat, from the first claim on. Never returns.
    pub(super) async fn keep_up(&self) {
        while !self.needed.load(Ordering::Acquire) {
            self.wake.notified().await;
        }
        loop {
            sleep(if self.set().await.is_ok() { EVERY } else { AGAIN }).await;
        }
    }

    async fn set(&self) -> Result<()> {
        let life = LIFE.as_millis().to_string();
        let command = Command::new("SET").arg(&self.key).arg("1").arg("PX").arg(&life);
        // Shorter than the client's own deadline: the key must not expire because of one lost answer.
        let late = || Err(Error::target_down("the heartbeat was not answered in time"));
        let reply =
            timeout(ANSWER_WITHIN, self.client.run(Traffic::Heartbeats, &[command])).await.unwrap_or_else(|_| late());
        let set = reply.and_then(|mut replies| replies.pop().unwrap_or_else(|| Err(self.client.unexpected_reply())));
        match set {
            Ok(_) => self.was_set(),
            Err(_) => self.seen().own = None,
        }
        set.map(drop)
    }

    /// Removes the heartbeat, because this process holds no claims any more.
    pub(super) async fn end(&self) {
        if self.needed.swap(false, Ordering::AcqRel) {
            let command = [Command::new("DEL").arg(&self.key)];
            timeout(END_WITHIN, self.client.run(Traffic::Heartbeats, &command)).await.ok();
        }
    }

    /// Judges `processes` by their heartbeats. Returns one result each, in order.
    ///
    /// # Errors
    /// [`Error::TargetDown`].
    pub(super) async fn look(&self, processes: &[&str]) -> Result<Vec<Liveness>> {
        let keys: Vec<_> = processes.iter().map(|process| self.key_of(process)).collect();
        let commands: Vec<_> = keys.iter().map(|key| Command::new("PTTL").arg(key)).collect();
        if commands.is_empty() {
            return Ok(Vec::new());
        }
        let replies = self.client.run(Traffic::Commands, &commands).await?;
        let mut lives = Vec::with_capacity(processes.len());
        let now = Instant::now();
        for (process, reply) in processes.iter().zip(replies) {
            let Reply::Integer(left) = reply? else { return Err(self.client.unexpected_reply()) };
            lives.push(self.seen().judge(process, left, now));
        }
        if lives.len() == processes.len() { Ok(lives) } else { Err(self.client.unexpected_reply()) }
    }

    fn seen(&self) -> MutexGuard<'_, Seen> {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Seen {
    /// Judges `process` by the TTL of its heartbeat in ms: -2 if there is no heartbeat, -1 if it does not expire.
    fn judge(&mut self, process: &str, left: i64, now: Instant) -> Liveness {
        if left != -2 {
            self.missing.remove(process);
            let left = u64::try_from(left).map_or(LIFE, Duration::from_millis);
            return Liveness::AskAgain(left.min(LIFE) + SLACK);
        }
        if !self.missing.contains_key(process) && self.missing.len() >= MISSING {
            self.missing.clear();
        }
        let missing = *self.missing.entry(process.to_owned()).or_insert(now);
        let unbroken = self.own.filter(|(_, last)| now.saturating_duration_since(*last) <= BROKEN_AFTER);
        let unbroken = unbroken.map_or(Duration::ZERO, |(since, _)| now.saturating_duration_since(since));
        let missing = MISSING_FOR.saturating_sub(now.saturating_duration_since(missing));
        let left = missing.max(UNBROKEN_FOR.saturating_sub(unbroken));
        if left.is_zero() { Liveness::Ended } else { Liveness::AskAgain(left + SLACK) }
    }
}

fn key(prefix: &str, process: &str) -> String {
    format!("{prefix}heartbeat:{process}")
}

#[cfg(test)]
mod tests {
    use super::*;

    const GONE: i64 = -2;

    fn wait(life: Liveness) -> Duration {
        match life {
            Liveness::AskAgain(wait) => wait,
            Liveness::Ended => panic!("judged to have ended"),
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_process_has_ended_when_its_heartbeat_was_missing_twice() {
        let start = Instant::now();
        let at = |seconds: f64| start + Duration::from_secs_f64(seconds);
        let mut seen = Seen { own: Some((start, at(60.0))), ..Seen::default() };
        assert_eq!(wait(seen.judge("a", 7_000, at(50.0))), Duration::from_secs(7) + SLACK);
        assert_eq!(wait(seen.judge("a", GONE, at(57.1))), MISSING_FOR + SLACK);
        assert!(wait(seen.judge("a", GONE, at(58.1))) < MISSING_FOR);
        assert_eq!(seen.judge("a", GONE, at(59.7)), Liveness::Ended);
        // The heartbeat is back, so everything starts over.
        assert_eq!(wait(seen.judge("a", 8_000, at(60.0))), LIFE + SLACK);
        assert_eq!(wait(seen.judge("a", GONE, at(61.0))), MISSING_FOR + SLACK);
        // A key that does not expire, or with a TTL that none of us sets.
        assert_eq!(wait(seen.judge("a", -1, at(62.0))), LIFE + SLACK);
        assert_eq!(wait(seen.judge("a", i64::MAX, at(62.0))), LIFE + SLACK);
    }

    #[tokio::test(start_paused = true)]
    async fn after_an_outage_the_others_have_time_to_come_back() {
        let start = Instant::now();
        let at = |seconds: f64| start + Duration::from_secs_f64(seconds);
        let mut seen = Seen { own: Some((at(100.0), at(100.0))), ..Seen::default() };
        assert_eq!(wait(seen.judge("a", GONE, at(100.0))), UNBROKEN_FOR + SLACK);
        seen.own = Some((at(100.0), at(104.0)));
        assert_eq!(wait(seen.judge("a", GONE, at(104.0))), Duration::from_secs(2) + SLACK);
        // Our own last heartbeat is too long ago.
        assert_eq!(wait(seen.judge("a", GONE, at(110.0))), UNBROKEN_FOR + SLACK);
        seen.own = None;
        assert_eq!(wait(seen.judge("a", GONE, at(110.0))), UNBROKEN_FOR + SLACK);
        seen.own = Some((at(100.0), at(110.0)));
        assert_eq!(seen.judge("a", GONE, at(110.0)), Liveness::Ended);
    }

    #[tokio::test(start_paused = true)]
    async fn what_is_missing_is_bounded() {
        let mut seen = Seen::default();
        (0..3 * MISSING).for_each(|number| _ = seen.judge(&number.to_string(), GONE, Instant::now()));
        assert!(seen.missing.len() <= MISSING);
    }
}
