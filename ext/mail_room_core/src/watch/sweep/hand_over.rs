//! A chunk on its way to the target, group by group, and what follows from how it went: delivered, lost to somebody else,
//! tried again later, set aside. Marks nothing on the server; what is decided stands in the memory.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use futures_util::StreamExt;
use futures_util::stream::FuturesUnordered;
use serde_json::json;
use tokio::time::sleep_until;

use super::{Chunk, triage};
use crate::error::{Error, Result};
use crate::limits::batch::fitting;
use crate::limits::memory_budget::kept;
use crate::message::{Message, MessageId};
use crate::observe::log::Severity;
use crate::observe::progress::Fate;
use crate::outcome::{Handover, Symptom};
use crate::track::failures::Failure;
use crate::track::retry::{self, Terms, lost};
use crate::watch::mailbox::Mailbox;

/// What is on its way when a stop is asked for has this long; then marking what got through must still fit into the stop.
const FINISH_WITHIN: Duration = Duration::from_secs(15);

/// Without any answer of the target. If others wait for memory then, what is not on its way is given up and fetched again
/// later: they may have targets that answer.
const STUCK_AFTER: Duration = Duration::from_secs(10);
/// How often it is looked whether others wait.
const LOOK_EVERY: Duration = Duration::from_secs(1);

/// Hands a chunk over. What a stop or an error keeps from being begun stays claimed; the caller releases it. `stuck` becomes
/// true when memory is to be given up.
///
/// # Errors
/// [`Error::TargetDown`] and [`Error::TargetDoubted`]. What got through before is decided all the same.
pub(super) async fn hand_over(mailbox: &Mailbox, scope: &str, chunk: Chunk, stuck: &AtomicBool) -> Result<()> {
    let _handing_over = mailbox.handing_over();
    let Chunk { mut messages, settled, mut lease } = chunk;
    for (id, mark) in &settled {
        mailbox.tracker.ledger().decided(id, *mark);
    }
    triage::triage(mailbox, scope, &mut messages).await?;
    let mut waiting = VecDeque::from(messages);
    let mut under_way = FuturesUnordered::new();
    let mut octets_under_way = 0;
    let mut outcome = Ok(());
    let mut look_at = Instant::now() + STUCK_AFTER;
    loop {
        while outcome.is_ok() && under_way.len() < mailbox.delivery.in_flight() && !mailbox.account.stop.asked() {
            let fitting = fitting(waiting.iter().map(|message| message.body.len()), mailbox.delivery.group());
            if fitting == 0 {
                break;
            }
            let group: Vec<_> = waiting.drain(..fitting).collect();
            let octets: usize = group.iter().map(|message| message.body.len()).sum();
            octets_under_way += octets;
            under_way.push(async move { (octets, hand_over_group(mailbox, scope, group).await) });
        }
        tokio::select! {
            biased;
            ended = under_way.next() => match ended {
                None => return outcome,
                Some((octets, ended)) => {
                    octets_under_way -= octets;
                    outcome = worse(outcome, ended);
                    look_at = Instant::now() + STUCK_AFTER;
                    stuck.store(false, Ordering::Release);
                }
            },
            () = mailbox.account.stop.wait_and(FINISH_WITHIN) => return outcome,
            () = sleep_until(look_at.into()) => {
                if mailbox.budget.is_wanted() {
                    stuck.store(true, Ordering::Release);
                    give_up(mailbox, scope, waiting.drain(..).collect()).await;
                    lease = lease.and_then(|lease| kept(lease, octets_under_way));
                    if let Some(lease) = &mut lease {
                        lease.write_off();
                    }
                }
                look_at = Instant::now() + LOOK_EVERY;
            }
        }
    }
}

/// Gives up messages that were fetched and are not begun: others may have them, or we later.
pub(super) async fn give_up(mailbox: &Mailbox, scope: &str, messages: Vec<Message>) {
    let ids: Vec<_> = messages.into_iter().map(|message| message.id).collect();
    if !ids.is_empty() {
        // A claim that cannot be given back ends by itself.
        mailbox.tracker.release(scope, &ids).await.ok();
    }
}

async fn hand_over_group(mailbox: &Mailbox, scope: &str, mut group: Vec<Message>) -> Result<()> {
    let begins = !mailbox.delivery.settles_claims();
    if begins {
        let ids: Vec<_> = group.iter().map(|message| message.id.clone()).collect();
        let mut ours = mailbox.tracker.arbiter.begin(scope, &ids, mailbox.delivery.may_be_deadly()).await?.into_iter();
        group.retain(|message| {
            let ours = ours.next().unwrap_or(false);
            if !ours {
                lost(&mailbox.tracker, &message.id);
            }
            ours
        });
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
    let ids: Vec<_> = group.iter().map(|message| message.id.clone()).collect();
    let handovers = mailbox.delivery.deliver(scope, group, &mailbox.encoding).await;
    let handovers = handovers.inspect_err(|_| mailbox.tracker.ledger().outage())?;
    let alone = ids.len() == 1;
    let mut delivered = Vec::with_capacity(ids.len());
    let (mut untried, mut outcome) = (Vec::new(), Ok(()));
    for (id, handover) in ids.into_iter().zip(handovers) {
        match handover {
            Handover::Delivered { status } => {
                mailbox.tracker.ledger().delivered(&id, mailbox.tracker.mark());
                mailbox.tracker.progress.count(Fate::Delivered);
                if mailbox.account.log.enabled()
                    && let Some(fields) = mailbox.delivery.pushed(status)
                {
                    mailbox.account.log.bare("message pushed", &fields);
                }
                delivered.push(id);
            }
            Handover::Lost => lost(&mailbox.tracker, &id),
            Handover::Refused { error, tries } => {
                let failure = mailbox.tracker.ledger().refused(&id);
                let terms = Terms { tries, retry_after: None };
                outcome = outcome.and(failed(mailbox, scope, &id, &error, failure, terms).await);
            }
            Handover::Failed(error) => {
                let failure = mailbox.tracker.ledger().failed(&id, Symptom::UNKNOWN);
                outcome = outcome.and(failed(mailbox, scope, &id, &error, failure, Terms::default()).await);
            }
            Handover::Unavailable { error, symptom } => {
                let failure = mailbox.tracker.ledger().failed(&id, symptom);
                if failure.proven {
                    // Others got through meanwhile: it waits by itself, and they do not wait for it.
                    let terms = Terms { tries: None, retry_after: asked_for(&error) };
                    outcome = worse(outcome, failed(mailbox, scope, &id, &error, failure, terms).await);
                } else {
                    mailbox.tracker.ledger().strike(&id);
                    untried.push(id);
                    outcome = worse(outcome, Err(error));
                }
            }
            Handover::Down(error) => {
                mailbox.tracker.ledger().outage();
                if alone {
                    mailbox.tracker.ledger().strike(&id);
                }
                untried.push(id);
                outcome = worse(outcome, Err(error));
            }
        }
    }
    mailbox.tracker.forget_claims(delivered.iter());
    if begins && !delivered.is_empty() {
        // Redis away now: our memory knows, and the next claim finds the message ours.
        mailbox.tracker.arbiter.finish(scope, &delivered).await.ok();
    }
    if !untried.is_empty() {
        // A claim that cannot be given back ends by itself.
        mailbox.tracker.release(scope, &untried).await.ok();
    }
    outcome
}

/// How long the target asked us to wait, if it did.
fn asked_for(error: &Error) -> Option<Duration> {
    match error {
        Error::TargetDown { retry_after, .. } => *retry_after,
        _ => None,
    }
}

/// What two outcomes come to: the first error, unless the second asks for a longer pause.
fn worse(one: Result<()>, other: Result<()>) -> Result<()> {
    let pause = |outcome: &Result<()>| outcome.as_ref().err().and_then(asked_for);
    if pause(&other) > pause(&one) { other } else { one.and(other) }
}

/// A message was not taken, and three in a row may be the target's fault.
async fn failed(
    mailbox: &Mailbox,
    scope: &str,
    id: &MessageId,
    error: &Error,
    failure: Failure,
    terms: Terms,
) -> Result<()> {
    let action = if failure.counts || !error.spares_connection() { "Delivery failed" } else { "Delivery postponed" };
    retry::failed(&mailbox.tracker, scope, id, action, error, failure, terms).await?;
    if mailbox.tracker.ledger().doubts_target() {
        return Err(Error::TargetDoubted(format!(
            "several messages in a row failed, so it is taken to be the target's fault and counts against none of them; the \
             last one failed so: {error}"
        )));
    }
    Ok(())
}
