//! Delivers a chunk, group by group, and records the outcome of each message: delivered, claimed by another process, tried
//! again later, or set aside. Marks nothing on the mail server; decisions are recorded in the ledger.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant, SystemTime};

use futures_util::StreamExt;
use futures_util::stream::FuturesUnordered;
use serde_json::json;
use tokio::time::sleep_until;

use super::chunk::Chunk;
use super::triage;
use crate::error::{Error, Result};
use crate::limits::batch::fitting;
use crate::limits::memory_budget::kept;
use crate::matching::arrival::arrival;
use crate::message::{Message, MessageId};
use crate::observe::counts::Attempt;
use crate::observe::log::Severity;
use crate::observe::progress::Outcome;
use crate::outcome::{DeliveryOutcome, FailureClass};
use crate::track::failures::Failure;
use crate::track::retry::{self, Terms, claim_lost};
use crate::watch::mailbox::Mailbox;

/// How long messages in flight may take after a stop was asked for. Marking the delivered ones must still fit in.
const FINISH_WITHIN: Duration = Duration::from_secs(15);
/// Time without any answer of the target. If other mailboxes wait for memory then, messages that are not in flight are
/// released and fetched again later: the targets of the others may answer.
const STUCK_AFTER: Duration = Duration::from_secs(10);
/// How often to check whether other mailboxes wait for memory.
const LOOK_EVERY: Duration = Duration::from_secs(1);

/// Delivers a chunk. Messages that are not sent because of a stop or an error stay claimed; the caller releases them.
/// `stuck` becomes true when memory is to be released.
///
/// # Errors
/// [`Error::TargetDown`] and [`Error::CircuitBreakerOpen`]. Messages that were delivered before are recorded all the same.
pub(super) async fn deliver(mailbox: &Mailbox, scope: &str, chunk: Chunk, stuck: &AtomicBool) -> Result<()> {
    let _in_flight = mailbox.in_flight();
    let Chunk { mut messages, settled, mut lease } = chunk;
    for (id, mark) in &settled {
        mailbox.tracker.ledger().decided(id, *mark);
    }
    triage::triage(mailbox, scope, &mut messages).await?;
    let mut waiting = VecDeque::from(messages);
    let mut in_flight = FuturesUnordered::new();
    let mut octets_in_flight = 0;
    let mut outcome = Ok(());
    let mut look_at = Instant::now() + STUCK_AFTER;
    loop {
        while outcome.is_ok() && in_flight.len() < mailbox.delivery.in_flight() && !mailbox.account.stop.asked() {
            let fitting = fitting(waiting.iter().map(|message| message.body.len()), mailbox.delivery.group());
            if fitting == 0 {
                break;
            }
            let group: Vec<_> = waiting.drain(..fitting).collect();
            let octets: usize = group.iter().map(|message| message.body.len()).sum();
            octets_in_flight += octets;
            in_flight.push(async move { (octets, deliver_group(mailbox, scope, group).await) });
        }
        tokio::select! {
            biased;
            ended = in_flight.next() => match ended {
                None => return outcome,
                Some((octets, ended)) => {
                    octets_in_flight -= octets;
                    outcome = worse(outcome, ended);
                    look_at = Instant::now() + STUCK_AFTER;
                    stuck.store(false, Ordering::Release);
                }
            },
            () = mailbox.account.stop.wait_and(FINISH_WITHIN) => return outcome,
            () = sleep_until(look_at.into()) => {
                if mailbox.budget.is_wanted() {
                    stuck.store(true, Ordering::Release);
                    release_unsent(mailbox, scope, waiting.drain(..).collect()).await;
                    lease = lease.and_then(|lease| kept(lease, octets_in_flight));
                    if let Some(lease) = &mut lease {
                        lease.write_off();
                    }
                }
                look_at = Instant::now() + LOOK_EVERY;
            }
        }
    }
}

/// Drops fetched messages that were not sent and releases their claims, so that another process can take them.
pub(super) async fn release_unsent(mailbox: &Mailbox, scope: &str, messages: Vec<Message>) {
    let ids: Vec<_> = messages.into_iter().map(|message| message.id).collect();
    if !ids.is_empty() {
        // A claim that cannot be released expires.
        mailbox.tracker.claims.release(scope, &ids).await.ok();
    }
}

async fn deliver_group(mailbox: &Mailbox, scope: &str, mut group: Vec<Message>) -> Result<()> {
    let begins = !mailbox.delivery.settles_claims();
    if begins {
        begin(mailbox, scope, &mut group).await?;
    }
    if mailbox.account.log.enabled() {
        for message in &group {
            mailbox.account.log.info(
                "sending to deliverer",
                &[
                    ("uid", json!(message.id)),
                    ("deliverer", mailbox.delivery.class_name().into()),
                    ("byte_size", message.body.len().into()),
                ],
            );
        }
    }
    warn_of_large(mailbox, &group);
    let ids: Vec<_> = group.iter().map(|message| message.id.clone()).collect();
    let arrivals: Vec<_> = group.iter().map(|message| arrived(mailbox, message)).collect();
    let began = Instant::now();
    let outcomes = mailbox.delivery.deliver(scope, group, &mailbox.encoding).await;
    let took = began.elapsed();
    mailbox.tracker.progress.target_certificate(mailbox.delivery.certificate_expiry());
    let outcomes = outcomes.inspect_err(|_| {
        mailbox.tracker.ledger().outage();
        ids.iter().for_each(|_| mailbox.tracker.progress.attempt(Attempt::Unavailable, took));
    })?;
    let mut results =
        Results { mailbox, scope, alone: ids.len() == 1, delivered: vec![], untried: vec![], worst: Ok(()) };
    for ((id, arrived), outcome) in ids.into_iter().zip(arrivals).zip(outcomes) {
        mailbox.tracker.progress.attempt(result(&outcome), took);
        if let (Some(at), DeliveryOutcome::Delivered { .. }) = (arrived, &outcome) {
            mailbox.tracker.progress.arrived(at);
        }
        results.record(id, outcome).await;
    }
    mailbox.tracker.tell_oldest();
    let Results { delivered, untried, worst, .. } = results;
    mailbox.tracker.claims.forget(delivered.iter());
    if begins && !delivered.is_empty() {
        // If Redis does not answer, the ledger still knows, and the next claim finds the message ours.
        mailbox.tracker.arbiter.finish(scope, &delivered).await.ok();
    }
    if !untried.is_empty() {
        // A claim that cannot be released expires.
        mailbox.tracker.claims.release(scope, &untried).await.ok();
    }
    worst
}

/// When the message arrived at the mail server: as the server says, else by what it wrote into the header.
fn arrived(mailbox: &Mailbox, message: &Message) -> Option<SystemTime> {
    let told = mailbox.tracker.ledger().arrivals().of(&message.id);
    told.or_else(|| arrival(&message.body))
}

/// The result that metrics count for an outcome.
fn result(outcome: &DeliveryOutcome) -> Attempt {
    match outcome {
        DeliveryOutcome::Delivered { .. } => Attempt::Delivered,
        DeliveryOutcome::Lost => Attempt::Lost,
        DeliveryOutcome::Refused { .. } => Attempt::Refused,
        DeliveryOutcome::Failed(_) => Attempt::Failed,
        DeliveryOutcome::Unavailable { .. } | DeliveryOutcome::Down(_) => Attempt::Unavailable,
    }
}

/// Logs messages that become large jobs.
fn warn_of_large(mailbox: &Mailbox, group: &[Message]) {
    for message in group.iter().filter(|message| message.body.len() > mailbox.delivery.warns_above()) {
        mailbox.account.log.line(
            Severity::Warn,
            "Large message",
            &[
                ("uid", json!(message.id)),
                ("byte_size", message.body.len().into()),
                ("error", "it becomes a job of this size in Redis; set max_job_size, or lower max_message_size".into()),
            ],
        );
    }
}

/// Renews the claims on `group` just before it is sent, and drops the messages that another process has claimed.
async fn begin(mailbox: &Mailbox, scope: &str, group: &mut Vec<Message>) -> Result<()> {
    let ids: Vec<_> = group.iter().map(|message| message.id.clone()).collect();
    let mut ours = mailbox.tracker.arbiter.begin(scope, &ids, mailbox.delivery.may_crash_process()).await?.into_iter();
    group.retain(|message| {
        let ours = ours.next().unwrap_or(false);
        if !ours {
            claim_lost(&mailbox.tracker, &message.id);
        }
        ours
    });
    Ok(())
}

/// The results of one group so far.
struct Results<'a> {
    mailbox: &'a Mailbox,
    scope: &'a str,
    /// Whether the group is a single message.
    alone: bool,
    delivered: Vec<MessageId>,
    /// Not delivered, for a reason that does not count against the message.
    untried: Vec<MessageId>,
    worst: Result<()>,
}

impl Results<'_> {
    /// Records the outcome of one message.
    async fn record(&mut self, id: MessageId, outcome: DeliveryOutcome) {
        let tracker = &self.mailbox.tracker;
        let result = match outcome {
            DeliveryOutcome::Delivered { status } => {
                tracker.ledger().delivered(&id, tracker.mark());
                tracker.progress.count(Outcome::Delivered);
                self.log_pushed(status);
                self.delivered.push(id);
                Ok(())
            }
            DeliveryOutcome::Lost => {
                claim_lost(tracker, &id);
                Ok(())
            }
            DeliveryOutcome::Refused { error, tries } => {
                let failure = tracker.ledger().refused(&id);
                self.failed(&id, &error, failure, Terms { tries, retry_after: None }).await
            }
            DeliveryOutcome::Failed(error) => {
                let failure = tracker.ledger().failed(&id, FailureClass::UNKNOWN);
                self.failed(&id, &error, failure, Terms::default()).await
            }
            DeliveryOutcome::Unavailable { error, class } => {
                let failure = tracker.ledger().failed(&id, class);
                if failure.proven {
                    // The target accepts other messages, so only this one waits.
                    let terms = Terms { tries: None, retry_after: requested_pause(&error) };
                    self.failed(&id, &error, failure, terms).await
                } else {
                    tracker.ledger().suspect(&id);
                    self.untried.push(id);
                    Err(error)
                }
            }
            DeliveryOutcome::Down(error) => {
                tracker.ledger().outage();
                if self.alone {
                    tracker.ledger().suspect(&id);
                }
                self.untried.push(id);
                Err(error)
            }
        };
        self.worst = worse(std::mem::replace(&mut self.worst, Ok(())), result);
    }

    fn log_pushed(&self, status: Option<u16>) {
        if self.mailbox.account.log.enabled()
            && let Some(fields) = self.mailbox.delivery.pushed(status)
        {
            self.mailbox.account.log.bare("message pushed", &fields);
        }
    }

    /// Schedules a retry of a message that was not taken, or sets it aside. An error if so many messages in a row failed
    /// that the target is probably at fault.
    async fn failed(&self, id: &MessageId, error: &Error, failure: Failure, terms: Terms) -> Result<()> {
        let tracker = &self.mailbox.tracker;
        let counted = failure.counts || !error.spares_connection();
        let action = if counted { "Delivery failed" } else { "Delivery postponed" };
        retry::failed(tracker, self.scope, id, action, error, failure, terms).await?;
        if tracker.ledger().is_breaker_open() {
            // Monitoring shows this, and nothing of a mail.
            let quotes = self.mailbox.account.config.delivery.may_quote_messages();
            let why = if quotes { "the log has the errors".into() } else { format!("the last error: {error}") };
            return Err(Error::CircuitBreakerOpen(format!(
                "several messages in a row failed, so the target is probably at fault and no failure counts; {why}"
            )));
        }
        Ok(())
    }
}

/// How long the target asked us to wait, if it did.
fn requested_pause(error: &Error) -> Option<Duration> {
    match error {
        Error::TargetDown { retry_after, .. } => *retry_after,
        _ => None,
    }
}

/// The worse of two outcomes: the first error, unless the second asks for a longer pause.
fn worse(one: Result<()>, other: Result<()>) -> Result<()> {
    let pause = |outcome: &Result<()>| outcome.as_ref().err().and_then(requested_pause);
    if pause(&other) > pause(&one) { other } else { one.and(other) }
}
