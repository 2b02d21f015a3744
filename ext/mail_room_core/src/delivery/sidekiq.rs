//! Pushes messages as jobs to a Sidekiq queue. If the arbiter's claims are in the same Redis, pushing and recording the
//! delivery is one step, and no job is pushed twice. Knows nothing of workers.

use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

use serde_json::Error as JsonError;

use crate::arbiter::{Arbiter, Job};
use crate::config;
use crate::error::{Error, Result};
use crate::limits::batch::fitting;
use crate::limits::memory_budget::Budget;
use crate::matching::charset::to_utf8;
use crate::matching::json;
use crate::message::Message;
use crate::outcome::DeliveryOutcome;
use crate::system::random::hex_96;
use crate::transport::redis::{Command, RedisClient, RedisClients, Traffic};

/// Most messages and octets that are encoded and sent at a time. A larger message travels alone.
pub(super) const BATCH: (usize, usize) = (100, 1 << 20);
/// Octets of a job without its text, roughly.
const ENVELOPE: usize = 256;

/// The delivery `sidekiq`.
#[derive(Debug)]
pub struct Sidekiq {
    config: config::Sidekiq,
    client: RedisClient,
    arbiter: Arc<Arbiter>,
    queue_key: String,
    one_step: bool,
}

impl Sidekiq {
    /// Opens no connection yet.
    ///
    /// # Errors
    /// [`Error::Configuration`] if the address is invalid.
    pub fn new(config: config::Sidekiq, clients: &RedisClients, arbiter: Arc<Arbiter>) -> Result<Self> {
        let client = clients.client(&config.redis)?;
        let prefix = config.namespace.as_ref().map(|namespace| format!("{namespace}:")).unwrap_or_default();
        let queue_key = format!("{prefix}queue:{}", config.queue);
        let one_step = matches!(&*arbiter, Arbiter::Redis(claims) if claims.shares(&client));
        Ok(Self { config, client, arbiter, queue_key, one_step })
    }

    /// Whether pushing and recording the delivery is one step. Otherwise the caller begins and finishes it at the arbiter.
    pub fn settles_claims(&self) -> bool {
        self.one_step
    }

    /// Pushes a job per message. Returns one outcome per message, in order. Encodes no more at a time than `encoding`
    /// allows.
    ///
    /// # Errors
    /// [`Error::TargetDown`]. In one step with the claims, the messages may simply be claimed and delivered again;
    /// without, none of them is known to be in the queue.
    pub async fn deliver(&self, scope: &str, messages: &[Message], encoding: &Budget) -> Result<Vec<DeliveryOutcome>> {
        let refused: Vec<_> = messages.iter().map(|message| self.too_large(message)).collect();
        let sound = messages.iter().zip(&refused).filter(|(_, refused)| refused.is_none()).map(|(message, _)| message);
        let mut pushed = self.push_all(scope, &sound.collect::<Vec<_>>(), encoding).await?.into_iter();
        Ok(refused.into_iter().filter_map(|refused| refused.or_else(|| pushed.next())).collect())
    }

    async fn push_all(&self, scope: &str, messages: &[&Message], encoding: &Budget) -> Result<Vec<DeliveryOutcome>> {
        let mut outcomes = Vec::with_capacity(messages.len());
        let mut rest = messages;
        while !rest.is_empty() {
            let fitting = fitting(rest.iter().map(|message| message.body.len()), BATCH);
            let (batch, after) = rest.split_at_checked(fitting).unwrap_or((rest, &[]));
            rest = after;
            match self.push(scope, batch, encoding).await {
                Ok(pushed) => outcomes.extend(pushed),
                Err(error) if outcomes.is_empty() => return Err(error),
                // What is in the queue already must not be forgotten.
                Err(error) => {
                    outcomes.resize_with(messages.len(), || DeliveryOutcome::Down(error.clone()));
                    break;
                }
            }
        }
        Ok(outcomes)
    }

    /// The refusal of a message whose job would be larger than `max_job_size`.
    fn too_large(&self, message: &Message) -> Option<DeliveryOutcome> {
        let most = usize::try_from(self.config.max_job_size?).unwrap_or(usize::MAX);
        // Encoding makes at most 6 octets of one, so most messages need no closer look.
        let octets = match message.body.len().saturating_mul(6).saturating_add(ENVELOPE) > most {
            true => json::string_len(&to_utf8(&message.body)).saturating_add(ENVELOPE),
            false => return None,
        };
        let what = format!("its job would have {octets} octets, max_job_size allows {most}");
        (octets > most).then_some(DeliveryOutcome::Refused { error: Error::Message(what), tries: Some(1) })
    }

    async fn push(&self, scope: &str, messages: &[&Message], encoding: &Budget) -> Result<Vec<DeliveryOutcome>> {
        let octets = messages.iter().map(|message| message.body.len()).sum::<usize>();
        // Held until the jobs are dropped, because they are declared after it.
        let _lease = encoding.take(u64::try_from(octets).unwrap_or(u64::MAX)).await;
        let mut jobs = Vec::with_capacity(messages.len());
        for message in messages {
            let payload = self.encode(&message.body).map_err(|_| Error::Message("the job cannot be encoded".into()))?;
            jobs.push(Job { id: &message.id, payload });
        }
        if let (true, Arbiter::Redis(claims)) = (self.one_step, &*self.arbiter) {
            return claims.deliver_jobs(scope, &self.queue_key, &jobs).await;
        }
        // A single command: either all jobs are in the queue or none.
        let push = Command::new("LPUSH").arg(&self.queue_key);
        let push = jobs.iter().fold(push, |push, job| push.arg(&job.payload));
        for reply in self.client.run(Traffic::Payloads, &[push]).await? {
            reply?;
        }
        Ok(jobs.iter().map(|_| DeliveryOutcome::DELIVERED).collect())
    }

    /// Encodes the job, with its keys in the original's order.
    fn encode(&self, body: &[u8]) -> std::result::Result<Vec<u8>, JsonError> {
        let text = to_utf8(body);
        // The exact capacity: growing would copy a message that may be large.
        let mut job = Vec::with_capacity(ENVELOPE + json::string_len(&text));
        job.extend_from_slice(b"{\"class\":");
        serde_json::to_writer(&mut job, &self.config.worker)?;
        job.extend_from_slice(b",\"args\":[");
        json::write_string(&mut job, &text)?;
        job.extend_from_slice(b"],\"queue\":");
        serde_json::to_writer(&mut job, &self.config.queue)?;
        job.extend_from_slice(format!(",\"jid\":\"{}\",\"retry\":false,\"enqueued_at\":", hex_96()).as_bytes());
        serde_json::to_writer(&mut job, &now())?;
        job.push(b'}');
        Ok(job)
    }
}

fn now() -> f64 {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs_f64()
}
