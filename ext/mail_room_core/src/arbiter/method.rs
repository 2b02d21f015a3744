//! The arbitration methods behind one type, as `arbitration_method` names them.

use std::sync::Arc;
use std::time::Duration;

use tokio::time::{Instant, Interval, MissedTickBehavior, interval_at};

use super::process::Instance;
use super::{Claim, hook, redis};
use crate::config;
use crate::error::Result;
use crate::message::MessageId;
use crate::ruby::calls::Calls;
use crate::transport::redis::RedisClients;

/// Decides which process delivers a message.
#[derive(Debug)]
pub enum Arbiter {
    /// There is only this process; every message is ours.
    Noop,
    /// Claims in Redis.
    Redis(redis::Redis),
    /// The app's own class.
    Hook(hook::Hook),
}

impl Arbiter {
    /// The arbiter that `config` describes. Opens no connection yet. `instance` names the watcher, see
    /// [`Process`](super::Process). The app's own class is called through `calls`.
    ///
    /// # Errors
    /// [`Error::Configuration`](crate::Error::Configuration) if the address is invalid.
    pub fn new(
        config: &config::Arbitration,
        clients: &RedisClients,
        instance: impl Into<Instance>,
        calls: &Arc<Calls>,
    ) -> Result<Self> {
        Ok(match config {
            config::Arbitration::Noop => Self::Noop,
            config::Arbitration::Redis(config) => Self::Redis(redis::Redis::new(config, clients, instance)?),
            config::Arbitration::Hook { class_name } => Self::Hook(hook::Hook::new(calls.clone(), class_name.clone())),
        })
    }

    /// The class name that the original logs.
    pub fn class_name(&self) -> &str {
        match self {
            Self::Noop => "MailRoom::Arbitration::Noop",
            Self::Redis(_) => "MailRoom::Arbitration::Redis",
            Self::Hook(hook) => hook.class_name(),
        }
    }

    /// How long a claim lasts unless it is renewed; `None` if for ever.
    pub fn claim_ttl(&self) -> Option<Duration> {
        match self {
            Self::Noop | Self::Hook(_) => None,
            Self::Redis(redis) => Some(redis.claim_ttl()),
        }
    }

    /// How long after its start a search result may be acted upon: a message that another process has delivered since is still
    /// remembered, so a claim on it is refused. This is half the time for which deliveries are remembered; the other half is
    /// for slow steps. `None` if no other process delivers, or if we cannot know.
    pub(crate) fn search_is_good_for(&self) -> Option<Duration> {
        match self {
            Self::Noop | Self::Hook(_) => None,
            Self::Redis(redis) => Some(redis.remembers_for() / 2),
        }
    }

    /// Ticks every third of a claim's life, when claims have to be renewed; `None` if they last for ever.
    pub(crate) fn renewals(&self) -> Option<Interval> {
        let third = self.claim_ttl()? / 3;
        let mut ticks = interval_at(Instant::now() + third, third);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        Some(ticks)
    }

    /// Claims `ids`. Returns one answer each, in order. A claim that is already ours is won again.
    ///
    /// # Errors
    /// [`Error::TargetDown`](crate::Error::TargetDown) if the arbiter does not answer; this holds for all methods. Nothing is
    /// known then, and every step may be repeated.
    pub async fn claim(&self, scope: &str, ids: &[MessageId]) -> Result<Vec<Claim>> {
        self.claim_listed(scope, ids, Duration::ZERO).await
    }

    /// As [`claim`](Self::claim), for the result of a search that began `age` ago. A message that was set aside after that is
    /// refused: only a later search shows whether a person wants it tried again.
    ///
    /// # Errors
    /// As [`claim`](Self::claim).
    pub async fn claim_listed(&self, scope: &str, ids: &[MessageId], age: Duration) -> Result<Vec<Claim>> {
        match self {
            Self::Noop => Ok(ids.iter().map(|_| Claim::Won { attempts: 0 }).collect()),
            Self::Redis(redis) => redis.claim(scope, ids, age).await,
            Self::Hook(hook) => hook.claim(scope, ids).await,
        }
    }

    /// Renews the claims on `ids`. Returns for each whether it is still ours.
    ///
    /// # Errors
    /// As [`claim`](Self::claim).
    pub async fn renew(&self, scope: &str, ids: &[MessageId]) -> Result<Vec<bool>> {
        match self {
            Self::Noop | Self::Hook(_) => Ok(vec![true; ids.len()]),
            Self::Redis(redis) => redis.renew(scope, ids).await,
        }
    }

    /// Releases those of `ids` that are ours. An attempt that was begun does not count.
    ///
    /// # Errors
    /// As [`claim`](Self::claim).
    pub async fn release(&self, scope: &str, ids: &[MessageId]) -> Result<()> {
        match self {
            // The app's permission holds until the message is delivered or set aside.
            Self::Noop | Self::Hook(_) => Ok(()),
            Self::Redis(redis) => redis.release(scope, ids).await,
        }
    }

    /// Begins a delivery that [`finish`](Self::finish) ends: renews the claims. If it is `counted`, counts the attempt in
    /// advance, so that it counts even if the process dies during it. Returns for each whether it is still ours.
    ///
    /// # Errors
    /// As [`claim`](Self::claim).
    pub async fn begin(&self, scope: &str, ids: &[MessageId], counted: bool) -> Result<Vec<bool>> {
        match self {
            Self::Noop | Self::Hook(_) => Ok(vec![true; ids.len()]),
            Self::Redis(redis) => redis.begin(scope, ids, counted).await,
        }
    }

    /// Records that `ids` were delivered. Returns for each whether it was ours.
    ///
    /// # Errors
    /// As [`claim`](Self::claim).
    pub async fn finish(&self, scope: &str, ids: &[MessageId]) -> Result<Vec<bool>> {
        match self {
            Self::Noop | Self::Hook(_) => Ok(vec![true; ids.len()]),
            Self::Redis(redis) => redis.finish(scope, ids).await,
        }
    }

    /// Records that the delivery of `id` failed. Nobody can claim it for `backoff`. Returns its failed attempts, including this
    /// one if it is `counted`; 0 if the arbiter keeps no count.
    ///
    /// # Errors
    /// As [`claim`](Self::claim).
    pub async fn fail(&self, scope: &str, id: &MessageId, backoff: Duration, counted: bool) -> Result<u32> {
        match self {
            Self::Noop | Self::Hook(_) => Ok(0),
            Self::Redis(redis) => redis.fail(scope, id, backoff, counted).await,
        }
    }

    /// The mail server has marked `ids` as set aside. Forgets their failed attempts, so that a message that a person marks
    /// unread is tried from the start.
    ///
    /// # Errors
    /// As [`claim`](Self::claim).
    pub async fn set_aside(&self, scope: &str, ids: &[MessageId]) -> Result<()> {
        match self {
            Self::Noop => Ok(()),
            Self::Redis(redis) => redis.set_aside(scope, ids).await,
            Self::Hook(hook) => {
                hook.settled(scope, ids);
                Ok(())
            }
        }
    }

    /// What is remembered of the first run under each of `names`; `None` if this arbiter remembers nothing.
    ///
    /// # Errors
    /// As [`claim`](Self::claim).
    pub async fn first_run(&self, names: &[&str]) -> Result<Option<Vec<Option<String>>>> {
        match self {
            Self::Noop | Self::Hook(_) => Ok(None),
            Self::Redis(redis) => redis.first_run(names).await.map(Some),
        }
    }

    /// Remembers each value under its name, unless there is one, and returns what is remembered.
    ///
    /// # Errors
    /// As [`claim`](Self::claim).
    pub async fn begin_first_run(&self, named: &[(&str, String)]) -> Result<Vec<Option<String>>> {
        match self {
            Self::Noop | Self::Hook(_) => Ok(Vec::new()),
            Self::Redis(redis) => redis.begin_first_run(named).await,
        }
    }

    /// The mail server still lists `ids` although they were delivered. Remembers their delivery for another day.
    ///
    /// # Errors
    /// As [`claim`](Self::claim).
    pub async fn remember(&self, scope: &str, ids: &[MessageId]) -> Result<()> {
        match self {
            Self::Noop | Self::Hook(_) => Ok(()),
            Self::Redis(redis) => redis.remember(scope, ids).await,
        }
    }

    /// Whether the arbiter remembers messages after this process has ended.
    pub(crate) fn outlives_process(&self) -> bool {
        matches!(self, Self::Redis(_))
    }

    /// Returns for each of `ids` whether any process is known to have delivered it.
    ///
    /// # Errors
    /// As [`claim`](Self::claim).
    pub async fn delivered(&self, scope: &str, ids: &[MessageId]) -> Result<Vec<bool>> {
        match self {
            Self::Noop | Self::Hook(_) => Ok(vec![false; ids.len()]),
            Self::Redis(redis) => redis.delivered(scope, ids).await,
        }
    }

    /// As [`fail`](Self::fail), for an attempt that counts on a message that is set aside after `limit` attempts. The last one
    /// is recorded as `most` attempts, so that no process that allows more of them makes another before the message is marked.
    ///
    /// # Errors
    /// As [`claim`](Self::claim).
    pub async fn refuse(
        &self,
        scope: &str,
        id: &MessageId,
        backoff: Duration,
        (limit, most): (u32, u32),
    ) -> Result<u32> {
        match self {
            Self::Noop | Self::Hook(_) => Ok(0),
            Self::Redis(redis) => redis.refuse(scope, id, backoff, (limit, most)).await,
        }
    }

    /// The mail server has marked `ids` as delivered. What is recorded of them need not be kept for long.
    ///
    /// # Errors
    /// As [`claim`](Self::claim).
    pub async fn acknowledged(&self, scope: &str, ids: &[MessageId]) -> Result<()> {
        match self {
            Self::Noop => Ok(()),
            Self::Redis(redis) => redis.acknowledged(scope, ids).await,
            Self::Hook(hook) => {
                hook.settled(scope, ids);
                Ok(())
            }
        }
    }
}
