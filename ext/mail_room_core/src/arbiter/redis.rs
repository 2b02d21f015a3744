//! Claims in Redis: three keys per message, one Lua script per step. The scripts decide; this calls them in batches.

/// Declares a script by the name of its file. `common.lua` stands before each.
macro_rules! script {
    ($name:ident, $file:literal) => {
        static $name: LazyLock<Script> =
            LazyLock::new(|| Script::new([$crate::arbiter::redis::COMMON, include_str!($file)].concat()));
    };
}

mod claim;
mod first_run;
mod jobs;

use std::sync::{Arc, LazyLock};
use std::time::Duration;

use super::heartbeat::{self, Heartbeat};
use super::process::Instance;
use crate::config;
use crate::error::Result;
use crate::message::MessageId;
use crate::transport::redis::{Command, Invocation, RedisClient, RedisClients, Reply, Script, Traffic, integers};

/// Messages per script call: few enough that no other client waits long for Redis.
const BATCH: usize = 200;

/// How long a delivery is remembered while the message is not marked on the mail server, and how long its failed attempts.
const KEPT: Duration = Duration::from_secs(24 * 3600);
/// How long a delivery is remembered after the message was marked.
const KEPT_AFTERWARDS: Duration = Duration::from_secs(600);

/// What several scripts need.
const COMMON: &str = include_str!("common.lua");

script!(RENEW, "renew.lua");
script!(RELEASE, "release.lua");
script!(FINISH, "finish.lua");
script!(FAIL, "fail.lua");
script!(ACKNOWLEDGED, "acknowledged.lua");
script!(SET_ASIDE, "set_aside.lua");
script!(REMEMBER, "remember.lua");
script!(DELIVERED, "delivered.lua");

pub use jobs::Job;

/// Claims in Redis.
#[derive(Debug)]
pub struct Redis {
    client: RedisClient,
    /// Prefix of all keys.
    prefix: String,
    ttl: Duration,
    kept_afterwards: Duration,
    instance: Instance,
    /// Keeps other processes from taking over our claims.
    heartbeat: Option<Arc<Heartbeat>>,
}

/// Which keys of a message a script needs.
#[derive(Clone, Copy)]
enum Keys {
    Two,
    Three,
}

impl Redis {
    /// The claims that `config` describes. Opens no connection yet.
    ///
    /// # Errors
    /// [`Error::Configuration`](crate::Error::Configuration) if the address is invalid.
    pub fn new(config: &config::Claims, clients: &RedisClients, instance: impl Into<Instance>) -> Result<Self> {
        let (client, instance) = (clients.client(&config.redis)?, instance.into());
        let prefix = config.namespace.as_ref().map(|namespace| format!("{namespace}:")).unwrap_or_default();
        let heartbeat = instance.heartbeat(&client, &prefix);
        Ok(Self { client, prefix, ttl: config.ttl(), kept_afterwards: KEPT_AFTERWARDS, instance, heartbeat })
    }

    /// Changes how long deliveries of marked messages are remembered. For tests.
    #[doc(hidden)]
    pub fn keeping_afterwards(mut self, time: Duration) -> Self {
        self.kept_afterwards = time;
        self
    }

    /// How long a delivery is remembered at least.
    pub(super) fn remembers_for(&self) -> Duration {
        self.kept_afterwards
    }

    /// How long a claim lasts unless it is renewed.
    pub(super) fn claim_ttl(&self) -> Duration {
        self.ttl
    }

    /// Whether `client` reaches the same keys, so that delivering and recording it can be one step.
    pub(crate) fn shares(&self, client: &RedisClient) -> bool {
        self.client.same_server(client)
    }

    pub(super) async fn renew(&self, scope: &str, ids: &[MessageId]) -> Result<Vec<bool>> {
        self.keep(scope, ids, false, Duration::ZERO).await
    }

    pub(super) async fn release(&self, scope: &str, ids: &[MessageId]) -> Result<()> {
        self.ours(&RELEASE, scope, ids, Keys::Three).await.map(drop)
    }

    pub(super) async fn begin(&self, scope: &str, ids: &[MessageId], counted: bool) -> Result<Vec<bool>> {
        self.keep(scope, ids, true, if counted { KEPT } else { Duration::ZERO }).await
    }

    pub(super) async fn finish(&self, scope: &str, ids: &[MessageId]) -> Result<Vec<bool>> {
        self.ours(&FINISH, scope, ids, Keys::Three).await
    }

    pub(super) async fn fail(&self, scope: &str, id: &MessageId, backoff: Duration, counted: bool) -> Result<u32> {
        self.note_failure(scope, id, backoff, counted, (0, 0)).await
    }

    pub(super) async fn refuse(
        &self,
        scope: &str,
        id: &MessageId,
        backoff: Duration,
        limits: (u32, u32),
    ) -> Result<u32> {
        self.note_failure(scope, id, backoff, true, limits).await
    }

    async fn note_failure(
        &self,
        scope: &str,
        id: &MessageId,
        backoff: Duration,
        counted: bool,
        (limit, most): (u32, u32),
    ) -> Result<u32> {
        let mut call = Invocation::default();
        self.keys(&mut call, scope, id, Keys::Three);
        // Redis rejects an expiry of 0 ms.
        let backoff = backoff.max(Duration::from_millis(1));
        call.arg(self.instance.name()).arg(scope).millis(backoff).arg(if counted { "1" } else { "0" }).millis(KEPT);
        call.number(limit).number(most);
        let replies = self.client.run_script(Traffic::Commands, &FAIL, &[call]).await?;
        match replies.as_slice() {
            [Reply::Integer(attempts)] => Ok(u32::try_from(*attempts).unwrap_or(u32::MAX)),
            _ => Err(self.client.unexpected_reply()),
        }
    }

    pub(super) async fn set_aside(&self, scope: &str, ids: &[MessageId]) -> Result<()> {
        let ttl = self.kept_afterwards;
        self.run(&SET_ASIDE, scope, ids, (Keys::Three, None), |call| _ = call.millis(ttl)).await.map(drop)
    }

    pub(super) async fn remember(&self, scope: &str, ids: &[MessageId]) -> Result<()> {
        let name = self.instance.name();
        let keys = (Keys::Two, None);
        self.run(&REMEMBER, scope, ids, keys, |call| _ = call.arg(name).arg(scope).millis(KEPT)).await.map(drop)
    }

    pub(super) async fn delivered(&self, scope: &str, ids: &[MessageId]) -> Result<Vec<bool>> {
        self.ours(&DELIVERED, scope, ids, Keys::Two).await
    }

    pub(super) async fn acknowledged(&self, scope: &str, ids: &[MessageId]) -> Result<()> {
        let ttl = self.kept_afterwards;
        self.run(&ACKNOWLEDGED, scope, ids, (Keys::Three, None), |call| _ = call.arg(scope).millis(ttl)).await.map(drop)
    }

    /// Claims `uid` as the original does, with the original's key and value, for `expiration` seconds. Returns whether it may be
    /// delivered.
    ///
    /// # Errors
    /// [`Error::TargetDown`](crate::Error::TargetDown).
    pub async fn original(&self, uid: &str, expiration: u64) -> Result<bool> {
        let key = format!("{}delivered:{uid}", self.prefix);
        let command = Command::new("SET").arg(&key).arg("1").arg("NX").arg("EX").owned(expiration.to_string());
        let reply = self.client.run(Traffic::Commands, &[command]).await?.pop();
        match reply.unwrap_or_else(|| Err(self.client.unexpected_reply()))? {
            Reply::Status(status) if status == "OK" => Ok(true),
            Reply::Nil => Ok(false),
            _ => Err(self.client.unexpected_reply()),
        }
    }

    /// Renews claims and our heartbeat. `begins` and `attempts_ttl`: see `renew.lua`.
    async fn keep(&self, scope: &str, ids: &[MessageId], begins: bool, attempts_ttl: Duration) -> Result<Vec<bool>> {
        if ids.is_empty() {
            return Ok(Vec::new());
        }
        let (heartbeat, heartbeat_ttl) = self.own_heartbeat();
        let (name, begins) = (self.instance.name(), if begins { "1" } else { "0" });
        let replies = self
            .run(&RENEW, scope, ids, (Keys::Three, heartbeat), |call| {
                call.arg(name).arg(scope).millis(self.ttl).arg(begins).millis(attempts_ttl).millis(heartbeat_ttl);
            })
            .await?;
        self.heartbeat_was_set();
        self.yes_or_no(&replies, ids)
    }

    /// Calls `script` for `ids` in batches, with our instance, the scope and [`KEPT`] as arguments. Returns for each message
    /// whether it is ours.
    async fn ours(&self, script: &Script, scope: &str, ids: &[MessageId], keys: Keys) -> Result<Vec<bool>> {
        let name = self.instance.name();
        let keys = (keys, None);
        let replies = self.run(script, scope, ids, keys, |call| _ = call.arg(name).arg(scope).millis(KEPT)).await?;
        self.yes_or_no(&replies, ids)
    }

    /// The key and the TTL of our heartbeat; no key and zero if we have none.
    fn own_heartbeat(&self) -> (Option<&str>, Duration) {
        let key = self.heartbeat.as_ref().map(|heartbeat| heartbeat.key());
        (key, if key.is_some() { heartbeat::LIFE } else { Duration::ZERO })
    }

    fn heartbeat_was_set(&self) {
        if let Some(heartbeat) = &self.heartbeat {
            heartbeat.was_set();
        }
    }

    /// Calls `script` for `ids` in batches, with `keys` of each message, then the key `last`.
    async fn run<'a>(
        &self,
        script: &Script,
        scope: &str,
        ids: &[MessageId],
        (keys, last): (Keys, Option<&str>),
        arguments: impl Fn(&mut Invocation<'a>),
    ) -> Result<Vec<Reply>> {
        let calls = ids.chunks(BATCH).map(|ids| {
            let mut call = Invocation::default();
            ids.iter().for_each(|id| self.keys(&mut call, scope, id, keys));
            if let Some(key) = last {
                call.key(key.to_owned());
            }
            arguments(&mut call);
            call
        });
        self.client.run_script(Traffic::Commands, script, &calls.collect::<Vec<_>>()).await
    }

    /// The replies of a script that returns 1 or 0 for each of `ids`.
    fn yes_or_no(&self, replies: &[Reply], ids: &[MessageId]) -> Result<Vec<bool>> {
        Ok(self.flatten(replies, ids.len())?.into_iter().map(|answer| answer == 1).collect())
    }

    fn flatten(&self, replies: &[Reply], expected: usize) -> Result<Vec<i64>> {
        let numbers: Option<Vec<_>> = replies.iter().map(integers).collect();
        let numbers: Vec<_> = numbers.unwrap_or_default().concat();
        if numbers.len() == expected { Ok(numbers) } else { Err(self.client.unexpected_reply()) }
    }

    /// Adds the keys of `id`: its state, its marker for the original, and its attempts if wanted.
    fn keys(&self, call: &mut Invocation<'_>, scope: &str, id: &MessageId, keys: Keys) {
        let prefix = &self.prefix;
        call.key(format!("{prefix}delivered:{id}:{scope}"));
        call.key(format!("{prefix}delivered:{id}"));
        if let Keys::Three = keys {
            call.key(format!("{prefix}attempts:{id}:{scope}"));
        }
    }
}
