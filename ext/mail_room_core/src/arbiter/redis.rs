//! Claims in a Redis: two keys per message, one Lua script per step. The scripts decide; here they are only called, in
//! batches. What is written where is told in DESIGN.md, Claims.

/// A script of ours, by the name of its file.
macro_rules! script {
    ($name:ident, $file:literal) => {
        static $name: LazyLock<Script> = LazyLock::new(|| Script::new(include_str!($file)));
    };
}

mod claim;

use std::sync::{Arc, LazyLock};
use std::time::Duration;

use super::heartbeat::{self, Heartbeat};
use super::process::Instance;
use super::{Job, handover};
use crate::config;
use crate::error::Result;
use crate::limits::batch::fitting;
use crate::message::MessageId;
use crate::outcome::Handover;
use crate::transport::redis::{Carry, Command, Invocation, RedisClient, RedisClients, Script, integers};

/// Messages one script call is about: few enough that nobody else waits long for Redis.
const BATCH: usize = 200;
/// Jobs and their octets that one script call pushes. A larger job travels alone.
const JOBS: (usize, usize) = (100, 1 << 20);

/// How long it is remembered that a message was delivered while the mail server does not know it, and how often it failed.
const KEPT: Duration = Duration::from_secs(24 * 3600);
/// How long after the mail server knows.
const KEPT_AFTERWARDS: Duration = Duration::from_secs(600);

script!(RENEW, "renew.lua");
script!(RELEASE, "release.lua");
script!(BEGIN, "begin.lua");
script!(FINISH, "finish.lua");
script!(FAIL, "fail.lua");
script!(ACKNOWLEDGED, "acknowledged.lua");
script!(DELIVER, "deliver.lua");
script!(SET_ASIDE, "set_aside.lua");
script!(REMEMBER, "remember.lua");
script!(DELIVERED, "delivered.lua");

/// Claims in a Redis.
#[derive(Debug)]
pub struct Redis {
    client: RedisClient,
    /// Before all keys.
    prefix: String,
    ttl: Duration,
    kept_afterwards: Duration,
    instance: Instance,
    /// Keeps others from taking our claims over.
    heartbeat: Option<Arc<Heartbeat>>,
}

/// Which keys of a message a script wants.
#[derive(Clone, Copy)]
enum Keys {
    Two,
    Three,
}

impl Redis {
    /// The claims that `config` asks for. Connects to nothing yet.
    ///
    /// # Errors
    /// [`Error::Configuration`](crate::Error::Configuration) if the address has no meaning.
    pub fn new(config: &config::Claims, clients: &RedisClients, instance: impl Into<Instance>) -> Result<Self> {
        let (client, instance) = (clients.client(&config.redis)?, instance.into());
        let prefix = config.namespace.as_ref().map(|namespace| format!("{namespace}:")).unwrap_or_default();
        let heartbeat = instance.heartbeat(&client, &prefix);
        Ok(Self { client, prefix, ttl: config.ttl(), kept_afterwards: KEPT_AFTERWARDS, instance, heartbeat })
    }

    /// With another time for what the mail server knows, too. For tests.
    #[doc(hidden)]
    pub fn keeping_afterwards(mut self, time: Duration) -> Self {
        self.kept_afterwards = time;
        self
    }

    /// How long it is remembered at least that a message was delivered.
    pub(super) fn remembers_for(&self) -> Duration {
        self.kept_afterwards
    }

    /// How long a claim lives unless renewed.
    pub(super) fn claim_ttl(&self) -> Duration {
        self.ttl
    }

    /// Whether `client` reaches the same keys, so that handing over and noting it can be one step.
    pub(crate) fn shares(&self, client: &RedisClient) -> bool {
        self.client.same_server(client)
    }

    pub(super) async fn renew(&self, scope: &str, ids: &[MessageId]) -> Result<Vec<bool>> {
        self.alive(&RENEW, scope, ids, Keys::Two, &[self.ttl]).await
    }

    pub(super) async fn release(&self, scope: &str, ids: &[MessageId]) -> Result<()> {
        self.ours(&RELEASE, scope, ids, Keys::Three, &[KEPT]).await.map(|_| ())
    }

    pub(super) async fn begin(&self, scope: &str, ids: &[MessageId], counted: bool) -> Result<Vec<bool>> {
        let attempts_live = if counted { KEPT } else { Duration::ZERO };
        self.alive(&BEGIN, scope, ids, Keys::Three, &[self.ttl, attempts_live]).await
    }

    pub(super) async fn finish(&self, scope: &str, ids: &[MessageId]) -> Result<Vec<bool>> {
        self.ours(&FINISH, scope, ids, Keys::Three, &[KEPT]).await
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
        // An end of 0 ms is none to Redis.
        let backoff = backoff.max(Duration::from_millis(1));
        call.arg(self.instance.name()).arg(scope).millis(backoff).arg(if counted { "1" } else { "0" }).millis(KEPT);
        call.number(limit).number(most);
        let replies = self.client.run_script(Carry::Words, &FAIL, &[call]).await?;
        match replies.as_slice() {
            [redis::Value::Int(attempts)] => Ok(u32::try_from(*attempts).unwrap_or(u32::MAX)),
            _ => Err(self.client.nonsense()),
        }
    }

    pub(super) async fn set_aside(&self, scope: &str, ids: &[MessageId]) -> Result<()> {
        self.note(&SET_ASIDE, scope, ids, Keys::Three, |call| _ = call.millis(self.kept_afterwards)).await
    }

    pub(super) async fn remember(&self, scope: &str, ids: &[MessageId]) -> Result<()> {
        let name = self.instance.name();
        self.note(&REMEMBER, scope, ids, Keys::Two, |call| _ = call.arg(name).arg(scope).millis(KEPT)).await
    }

    pub(super) async fn delivered(&self, scope: &str, ids: &[MessageId]) -> Result<Vec<bool>> {
        self.ours(&DELIVERED, scope, ids, Keys::Two, &[]).await
    }

    pub(super) async fn acknowledged(&self, scope: &str, ids: &[MessageId]) -> Result<()> {
        let life = self.kept_afterwards;
        self.note(&ACKNOWLEDGED, scope, ids, Keys::Three, |call| _ = call.arg(scope).millis(life)).await
    }

    /// Pushes `jobs` to the list `queue` of this Redis, each only if its message is claimed by us, and notes that it was
    /// delivered, in one step. May be repeated when the reply was lost: what is in the queue is not pushed again.
    pub(crate) async fn deliver_jobs(&self, scope: &str, queue: &str, jobs: &[Job<'_>]) -> Result<Vec<Handover>> {
        let mut calls = Vec::new();
        let mut rest = jobs;
        while !rest.is_empty() {
            let fitting = fitting(rest.iter().map(|job| job.payload.len()), JOBS);
            let (batch, after) = rest.split_at_checked(fitting).unwrap_or((rest, &[]));
            rest = after;
            let mut call = Invocation::default();
            call.key(queue.to_owned());
            batch.iter().for_each(|job| self.keys(&mut call, scope, job.id, Keys::Two));
            call.arg(self.instance.name()).arg(scope).millis(KEPT);
            batch.iter().for_each(|job| _ = call.arg(&job.payload));
            calls.push(call);
        }
        let answers = self.flatten(&self.client.run_script(Carry::Loads, &DELIVER, &calls).await?, jobs.len())?;
        Ok(answers.into_iter().map(|answer| handover(answer == 1)).collect())
    }

    /// The original's question, asked with its key and its value: may `uid` be delivered? A yes holds for `expiration`
    /// seconds.
    ///
    /// # Errors
    /// [`Error::TargetDown`](crate::Error::TargetDown).
    pub async fn original(&self, uid: &str, expiration: u64) -> Result<bool> {
        let key = format!("{}delivered:{uid}", self.prefix);
        let command = Command::new("SET").arg(&key).arg("1").arg("NX").arg("EX").owned(expiration.to_string());
        let reply = self.client.run(Carry::Words, &[command]).await?.pop();
        match reply.unwrap_or_else(|| Err(self.client.nonsense()))? {
            redis::Value::Okay => Ok(true),
            redis::Value::Nil => Ok(false),
            _ => Err(self.client.nonsense()),
        }
    }

    /// Calls `script` for `ids` in batches, whatever it answers.
    async fn note<'a>(
        &self,
        script: &Script,
        scope: &'a str,
        ids: &[MessageId],
        keys: Keys,
        arguments: impl Fn(&mut Invocation<'a>),
    ) -> Result<()> {
        let calls = ids.chunks(BATCH).map(|ids| {
            let mut call = Invocation::default();
            ids.iter().for_each(|id| self.keys(&mut call, scope, id, keys));
            arguments(&mut call);
            call
        });
        self.client.run_script(Carry::Words, script, &calls.collect::<Vec<_>>()).await.map(drop)
    }

    async fn ours(
        &self,
        script: &Script,
        scope: &str,
        ids: &[MessageId],
        keys: Keys,
        times: &[Duration],
    ) -> Result<Vec<bool>> {
        self.in_batches(script, scope, ids, keys, times, None).await
    }

    /// As [`ours`](Self::ours), with our heartbeat as the last key and its life as the last argument.
    async fn alive(
        &self,
        script: &Script,
        scope: &str,
        ids: &[MessageId],
        keys: Keys,
        times: &[Duration],
    ) -> Result<Vec<bool>> {
        if ids.is_empty() {
            return Ok(Vec::new());
        }
        let (heartbeat, life) = self.own_heartbeat();
        let times = [times, &[life]].concat();
        let ours = self.in_batches(script, scope, ids, keys, &times, heartbeat).await?;
        self.heartbeat_was_set();
        Ok(ours)
    }

    /// Our heartbeat's key and life; no key and no life if we have none.
    fn own_heartbeat(&self) -> (Option<&str>, Duration) {
        let key = self.heartbeat.as_ref().map(|heartbeat| heartbeat.key());
        (key, if key.is_some() { heartbeat::LIFE } else { Duration::ZERO })
    }

    fn heartbeat_was_set(&self) {
        if let Some(heartbeat) = &self.heartbeat {
            heartbeat.was_set();
        }
    }

    /// Calls `script` for `ids` in batches, with our instance, the scope and `times` as its arguments, and `last` as its last
    /// key. It answers 1 for each message that is ours.
    async fn in_batches(
        &self,
        script: &Script,
        scope: &str,
        ids: &[MessageId],
        keys: Keys,
        times: &[Duration],
        last: Option<&str>,
    ) -> Result<Vec<bool>> {
        let calls = ids.chunks(BATCH).map(|ids| {
            let mut call = Invocation::default();
            ids.iter().for_each(|id| self.keys(&mut call, scope, id, keys));
            if let Some(key) = last {
                call.key(key.to_owned());
            }
            call.arg(self.instance.name()).arg(scope);
            times.iter().for_each(|time| _ = call.millis(*time));
            call
        });
        let replies = self.client.run_script(Carry::Words, script, &calls.collect::<Vec<_>>()).await?;
        Ok(self.flatten(&replies, ids.len())?.into_iter().map(|answer| answer == 1).collect())
    }

    fn flatten(&self, replies: &[redis::Value], expected: usize) -> Result<Vec<i64>> {
        let numbers: Option<Vec<_>> = replies.iter().map(integers).collect();
        let numbers: Vec<_> = numbers.unwrap_or_default().concat();
        if numbers.len() == expected { Ok(numbers) } else { Err(self.client.nonsense()) }
    }

    /// Adds the keys of `id`: its truth, its sign, and perhaps its attempts.
    fn keys(&self, call: &mut Invocation<'_>, scope: &str, id: &MessageId, keys: Keys) {
        let prefix = &self.prefix;
        call.key(format!("{prefix}delivered:{id}:{scope}"));
        call.key(format!("{prefix}delivered:{id}"));
        if let Keys::Three = keys {
            call.key(format!("{prefix}attempts:{id}:{scope}"));
        }
    }
}
