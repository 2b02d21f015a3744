//! Who decides which process delivers a message. An arbiter knows ids and scopes; it never sees a message, except where
//! handing it over and noting that are one step.

mod heartbeat;
mod hook;
mod process;
pub mod redis;

use std::sync::Arc;
use std::time::Duration;

use tokio::time::{Instant, Interval, MissedTickBehavior, interval_at};

pub use process::{Instance, Process};

use crate::config;
use crate::error::Result;
use crate::message::MessageId;
use crate::outcome::Handover;
use crate::ruby::calls::Calls;
use crate::system::random::hex_128;
use crate::transport::redis::RedisClients;

/// What became of a wish to deliver a message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Claim {
    /// It is ours to deliver, until the claim's life ends.
    Won {
        /// Counted tries that failed before, those included that somebody began and did not live to end.
        attempts: u32,
    },
    /// It was delivered; only the mail server does not know it yet.
    Delivered,
    /// Not now: another process has it, or it failed a while ago.
    Held {
        /// For how long.
        lasts: Duration,
    },
}

/// Who decides.
#[derive(Debug)]
pub enum Arbiter {
    /// Nobody: this process is the only one, and everything is always ours.
    Noop,
    /// Claims in a Redis.
    Redis(redis::Redis),
    /// A class of the app's own.
    Hook(hook::Hook),
}

impl Arbiter {
    /// The arbiter that `config` asks for. Connects to nothing yet. `instance` is the watcher that asks, see
    /// [`Process`]. A class of the app's own is called through `calls`.
    ///
    /// # Errors
    /// [`Error::Configuration`](crate::Error::Configuration) if the address has no meaning.
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

    /// The class, as the original's log lines name it.
    pub fn class_name(&self) -> &str {
        match self {
            Self::Noop => "MailRoom::Arbitration::Noop",
            Self::Redis(_) => "MailRoom::Arbitration::Redis",
            Self::Hook(hook) => hook.class_name(),
        }
    }

    /// How long a claim lives unless renewed; `None` if for ever.
    pub fn claim_ttl(&self) -> Option<Duration> {
        match self {
            Self::Noop | Self::Hook(_) => None,
            Self::Redis(redis) => Some(redis.claim_ttl()),
        }
    }

    /// How long after a search its result may be relied upon: what has been delivered since then is still remembered, so that
    /// a claim of it is not won. Half of the time that is remembered, the rest is for what takes long. `None` if nobody else
    /// delivers, or if it is not for us to know.
    pub(crate) fn search_is_good_for(&self) -> Option<Duration> {
        match self {
            Self::Noop | Self::Hook(_) => None,
            Self::Redis(redis) => Some(redis.remembers_for() / 2),
        }
    }

    /// Ticks whenever claims have to be renewed, every third of their life; `None` if they live for ever.
    pub(crate) fn renewals(&self) -> Option<Interval> {
        let third = self.claim_ttl()? / 3;
        let mut ticks = interval_at(Instant::now() + third, third);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        Some(ticks)
    }

    /// Asks for `ids`. One answer each, in order. What is already ours is won again.
    ///
    /// # Errors
    /// [`Error::TargetDown`](crate::Error::TargetDown), as of all that follow. Nothing is known then; every step may
    /// simply be repeated.
    pub async fn claim(&self, scope: &str, ids: &[MessageId]) -> Result<Vec<Claim>> {
        self.claim_listed(scope, ids, Duration::ZERO).await
    }

    /// [`claim`](Self::claim) for messages that a search listed which was begun `age` ago. What was set aside since then is
    /// not theirs to take: only a later search tells whether a person wants it tried again.
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

    /// Makes the claims on `ids` live on. Tells of each whether it is still ours.
    ///
    /// # Errors
    /// As [`claim`](Self::claim).
    pub async fn renew(&self, scope: &str, ids: &[MessageId]) -> Result<Vec<bool>> {
        match self {
            Self::Noop | Self::Hook(_) => Ok(vec![true; ids.len()]),
            Self::Redis(redis) => redis.renew(scope, ids).await,
        }
    }

    /// Gives back those of `ids` that are ours. A try that was begun was none.
    ///
    /// # Errors
    /// As [`claim`](Self::claim).
    pub async fn release(&self, scope: &str, ids: &[MessageId]) -> Result<()> {
        match self {
            // A yes of the app's class holds until the message is settled.
            Self::Noop | Self::Hook(_) => Ok(()),
            Self::Redis(redis) => redis.release(scope, ids).await,
        }
    }

    /// Just before a hand-over that [`finish`](Self::finish) will note: renews the claims and, if it is `counted`, counts
    /// a try in advance, so that it stays counted if the process dies in it. Tells of each whether it is still ours.
    ///
    /// # Errors
    /// As [`claim`](Self::claim).
    pub async fn begin(&self, scope: &str, ids: &[MessageId], counted: bool) -> Result<Vec<bool>> {
        match self {
            Self::Noop | Self::Hook(_) => Ok(vec![true; ids.len()]),
            Self::Redis(redis) => redis.begin(scope, ids, counted).await,
        }
    }

    /// Notes that `ids` were delivered. Tells of each whether it was ours.
    ///
    /// # Errors
    /// As [`claim`](Self::claim).
    pub async fn finish(&self, scope: &str, ids: &[MessageId]) -> Result<Vec<bool>> {
        match self {
            Self::Noop | Self::Hook(_) => Ok(vec![true; ids.len()]),
            Self::Redis(redis) => redis.finish(scope, ids).await,
        }
    }

    /// Notes that `id` could not be delivered and is nobody's for `backoff`. Returns its attempts, this one included if
    /// it is `counted`; 0 where nobody keeps count.
    ///
    /// # Errors
    /// As [`claim`](Self::claim).
    pub async fn fail(&self, scope: &str, id: &MessageId, backoff: Duration, counted: bool) -> Result<u32> {
        match self {
            Self::Noop | Self::Hook(_) => Ok(0),
            Self::Redis(redis) => redis.fail(scope, id, backoff, counted).await,
        }
    }

    /// The mail server knows that `ids` were set aside: their tries are forgotten, so that whoever finds one unread again
    /// tries it anew.
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

    /// The mail server still lists `ids`, which were delivered: that they were is to be known for another day.
    ///
    /// # Errors
    /// As [`claim`](Self::claim).
    pub async fn remember(&self, scope: &str, ids: &[MessageId]) -> Result<()> {
        match self {
            Self::Noop | Self::Hook(_) => Ok(()),
            Self::Redis(redis) => redis.remember(scope, ids).await,
        }
    }

    /// Whether anything is known of messages when this process has ended.
    pub(crate) fn outlives_process(&self) -> bool {
        matches!(self, Self::Redis(_))
    }

    /// Tells of each of `ids` whether it is known to have been delivered, by whichever process.
    ///
    /// # Errors
    /// As [`claim`](Self::claim).
    pub async fn delivered(&self, scope: &str, ids: &[MessageId]) -> Result<Vec<bool>> {
        match self {
            Self::Noop | Self::Hook(_) => Ok(vec![false; ids.len()]),
            Self::Redis(redis) => redis.delivered(scope, ids).await,
        }
    }

    /// As [`fail`](Self::fail) for a try that counts, of a message that is set aside after `limit` of them. With the last of
    /// these `most` are noted, so that no process that allows more tries makes one before the mail server knows.
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

    /// The mail server knows that `ids` were delivered: what is noted of them need not be kept for long.
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

/// A name that no other has and that says nothing of this process: 128 random bits in hex.
pub fn new_instance() -> String {
    hex_128()
}

/// A job that goes into a queue in the step that notes it.
#[derive(Debug)]
pub struct Job<'a> {
    /// The message it is made of.
    pub id: &'a MessageId,
    /// What goes into the queue.
    pub payload: Vec<u8>,
}

/// The answers to jobs: in the queue, or not ours any more.
fn handover(in_queue: bool) -> Handover {
    if in_queue { Handover::DELIVERED } else { Handover::Lost }
}
