//! Pushes jobs to a queue in the Redis of the claims, and records the deliveries in the same step.

use std::sync::LazyLock;

use super::{KEPT, Keys, Redis};
use crate::error::Result;
use crate::limits::batch::fitting;
use crate::message::MessageId;
use crate::outcome::DeliveryOutcome;
use crate::transport::redis::{Invocation, Script, Traffic};

/// Most jobs and octets per script call. A larger job travels alone.
const JOBS: (usize, usize) = (100, 1 << 20);

script!(DELIVER, "../deliver.lua");

/// A job to be pushed to a queue.
#[derive(Debug)]
pub struct Job<'a> {
    /// The message that the job contains.
    pub id: &'a MessageId,
    /// The encoded job.
    pub payload: Vec<u8>,
}

impl Redis {
    /// Pushes `jobs` to the list `queue` and records their messages as delivered, in one step. Skips messages that we no
    /// longer hold. May be repeated if the reply was lost: a job in the queue is not pushed again.
    pub(crate) async fn deliver_jobs(
        &self,
        scope: &str,
        queue: &str,
        jobs: &[Job<'_>],
    ) -> Result<Vec<DeliveryOutcome>> {
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
        let answers = self.flatten(&self.client.run_script(Traffic::Payloads, &DELIVER, &calls).await?, jobs.len())?;
        Ok(answers.into_iter().map(|answer| outcome(answer == 1)).collect())
    }
}

/// The answer for one job: in the queue, or no longer ours.
fn outcome(in_queue: bool) -> DeliveryOutcome {
    if in_queue { DeliveryOutcome::DELIVERED } else { DeliveryOutcome::Lost }
}
