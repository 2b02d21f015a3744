//! A process's sign of life in one Redis, for processes on other machines: a key that ends soon unless it is set again and
//! again, whatever the mailboxes do. Says of other processes whether theirs has ended. Claims nothing.

#[cfg(test)]
mod silence;

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use redis::Value;
use tokio::sync::Notify;
use tokio::time::{Instant, sleep, timeout};

use crate::error::{Error, Result};
use crate::transport::redis::{Carry, Command, RedisClient};

/// How long a process is taken to be alive after its last heartbeat.
pub(super) const LIFE: Duration = Duration::from_secs(8);
/// Between two heartbeats; three may be lost.
const EVERY: Duration = Duration::from_secs(2);
/// After one that did not get through.
const AGAIN: Duration = Duration::from_secs(1);
/// How long Redis may take to answer it.
const ANSWER_WITHIN: Duration = Duration::from_millis(2500);
/// How long the end may take; the key ends by itself.
const END_WITHIN: Duration = Duration::from_millis(500);

/// A process is dead only if its heartbeat was missing in two looks with this time between them: one that lives has set it
/// anew meanwhile, whatever had become of it.
const MISSING_FOR: Duration = Duration::from_millis(2_500);
/// And only if our own heartbeats got through for so long. After an outage of Redis nobody has one, and the others need
/// time to connect again.
const UNBROKEN_FOR: Duration = Duration::from_secs(6);
/// Own heartbeats further apart than this are broken.
const BROKEN_AFTER: Duration = Duration::from_secs(5);
/// A look at a process may be this much too early.
const SLACK: Duration = Duration::from_millis(100);
/// Processes whose heartbeat was missing that are remembered.
const MISSING: usize = 1_000;

/// This process's heartbeat in one Redis, and what is seen there of others'.
#[derive(Debug)]
pub(crate) struct Heartbeat {
    client: RedisClient,
    prefix: String,
    key: String,
    /// Something was claimed.
    needed: AtomicBool,
    wake: Notify,
    seen: Mutex<Seen>,
}

#[derive(Debug, Default)]
struct Seen {
    /// Since when our own heartbeats got through, and when the last one did.
    own: Option<(Instant, Instant)>,
    /// Processes without a heartbeat, and since when.
    missing: BTreeMap<String, Instant>,
}

/// What a heartbeat says of its process.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Life {
    /// It has none and had none for long enough.
    Ended,
    /// It lives, or that cannot be told before this time has passed.
    AskAgain(Duration),
}

impl Heartbeat {
    /// The heartbeat of the process of this name. Nothing is set yet.
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

    /// Whether it is the one in the Redis of `client` for keys that begin with `prefix`.
    pub(super) fn is_in(&self, client: &RedisClient, prefix: &str) -> bool {
        self.client.is_same(client) && self.prefix == prefix
    }

    /// Its key.
    pub(super) fn key(&self) -> &str {
        &self.key
    }

    /// The key of another process's.
    pub(super) fn key_of(&self, process: &str) -> String {
        key(&self.prefix, process)
    }

    /// A step of the arbiter has just set it, as all that take or keep a claim do.
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

    /// Sets it again and again, from the first claim on. Never returns.
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
        // One lost answer must not cost the life of the key.
        let late = || Err(Error::target_down("the heartbeat was not answered in time"));
        let reply = timeout(ANSWER_WITHIN, self.client.run(Carry::Signs, &[command])).await.unwrap_or_else(|_| late());
        let set = reply.and_then(|mut replies| replies.pop().unwrap_or_else(|| Err(self.client.nonsense())));
        match set {
            Ok(_) => self.was_set(),
            Err(_) => self.seen().own = None,
        }
        set.map(drop)
    }

    /// Takes it away: this process holds nothing any more.
    pub(super) async fn end(&self) {
        if self.needed.swap(false, Ordering::AcqRel) {
            let command = [Command::new("DEL").arg(&self.key)];
            timeout(END_WITHIN, self.client.run(Carry::Signs, &command)).await.ok();
        }
    }

    /// What the heartbeats of `processes` say, in their order.
    ///
    /// # Errors
    /// [`Error::TargetDown`].
    pub(super) async fn look(&self, processes: &[&str]) -> Result<Vec<Life>> {
        let keys: Vec<_> = processes.iter().map(|process| self.key_of(process)).collect();
        let commands: Vec<_> = keys.iter().map(|key| Command::new("PTTL").arg(key)).collect();
        if commands.is_empty() {
            return Ok(Vec::new());
        }
        let replies = self.client.run(Carry::Words, &commands).await?;
        let mut lives = Vec::with_capacity(processes.len());
        let now = Instant::now();
        for (process, reply) in processes.iter().zip(replies) {
            let Value::Int(left) = reply? else { return Err(self.client.nonsense()) };
            lives.push(self.seen().judge(process, left, now));
        }
        if lives.len() == processes.len() { Ok(lives) } else { Err(self.client.nonsense()) }
    }

    fn seen(&self) -> MutexGuard<'_, Seen> {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Seen {
    /// What follows from a heartbeat that ends in `left` ms: -2 if it is not there, -1 if it has no end.
    fn judge(&mut self, process: &str, left: i64, now: Instant) -> Life {
        if left != -2 {
            self.missing.remove(process);
            let left = u64::try_from(left).map_or(LIFE, Duration::from_millis);
            return Life::AskAgain(left.min(LIFE) + SLACK);
        }
        if !self.missing.contains_key(process) && self.missing.len() >= MISSING {
            self.missing.clear();
        }
        let missing = *self.missing.entry(process.to_owned()).or_insert(now);
        let unbroken = self.own.filter(|(_, last)| now.saturating_duration_since(*last) <= BROKEN_AFTER);
        let unbroken = unbroken.map_or(Duration::ZERO, |(since, _)| now.saturating_duration_since(since));
        let missing = MISSING_FOR.saturating_sub(now.saturating_duration_since(missing));
        let left = missing.max(UNBROKEN_FOR.saturating_sub(unbroken));
        if left.is_zero() { Life::Ended } else { Life::AskAgain(left + SLACK) }
    }
}

fn key(prefix: &str, process: &str) -> String {
    format!("{prefix}heartbeat:{process}")
}

#[cfg(test)]
mod tests {
    use super::*;

    const GONE: i64 = -2;

    fn wait(life: Life) -> Duration {
        match life {
            Life::AskAgain(wait) => wait,
            Life::Ended => panic!("taken for dead"),
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_process_is_dead_when_its_heartbeat_was_missing_twice() {
        let start = Instant::now();
        let at = |seconds: f64| start + Duration::from_secs_f64(seconds);
        let mut seen = Seen { own: Some((start, at(60.0))), ..Seen::default() };
        assert_eq!(wait(seen.judge("a", 7_000, at(50.0))), Duration::from_secs(7) + SLACK);
        assert_eq!(wait(seen.judge("a", GONE, at(57.1))), MISSING_FOR + SLACK);
        assert!(wait(seen.judge("a", GONE, at(58.1))) < MISSING_FOR);
        assert_eq!(seen.judge("a", GONE, at(59.7)), Life::Ended);
        // Back again, and all begins anew.
        assert_eq!(wait(seen.judge("a", 8_000, at(60.0))), LIFE + SLACK);
        assert_eq!(wait(seen.judge("a", GONE, at(61.0))), MISSING_FOR + SLACK);
        // Without an end, or with one of somebody else's making.
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
        // Our own last one is too long ago.
        assert_eq!(wait(seen.judge("a", GONE, at(110.0))), UNBROKEN_FOR + SLACK);
        seen.own = None;
        assert_eq!(wait(seen.judge("a", GONE, at(110.0))), UNBROKEN_FOR + SLACK);
        seen.own = Some((at(100.0), at(110.0)));
        assert_eq!(seen.judge("a", GONE, at(110.0)), Life::Ended);
    }

    #[tokio::test(start_paused = true)]
    async fn what_is_missing_is_bounded() {
        let mut seen = Seen::default();
        (0..3 * MISSING).for_each(|number| _ = seen.judge(&number.to_string(), GONE, Instant::now()));
        assert!(seen.missing.len() <= MISSING);
    }
}
