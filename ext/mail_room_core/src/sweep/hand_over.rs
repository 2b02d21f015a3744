//! A chunk on its way to the target, group by group, and what follows from how it went: delivered, lost to somebody else,
//! tried again later, set aside. Marks nothing on the server; what is decided stands in the memory.

use std::collections::VecDeque;
use std::time::Duration;

use futures_util::StreamExt;
use futures_util::stream::FuturesUnordered;
use serde_json::json;

use super::{Chunk, triage};
use crate::batch::fitting;
use crate::delivery::Handover;
use crate::error::{Error, Result};
use crate::message::{Message, MessageId};
use crate::progress::Fate;
use crate::setback::{self, lost};
use crate::watched::Watched;

/// What is on its way when a stop is asked for has this long; then marking what got through must still fit into the stop.
const FINISH_WITHIN: Duration = Duration::from_secs(15);

/// Hands a chunk over. What a stop or an error keeps from being begun stays claimed; the caller releases it.
///
/// # Errors
/// [`Error::TargetDown`] and [`Error::TargetDoubted`]. What got through before is decided all the same.
pub(super) async fn hand_over(watched: &Watched, scope: &str, chunk: Chunk) -> Result<()> {
    let _handing_over = watched.handing_over();
    let Chunk { mut messages, settled, _lease } = chunk;
    for (id, mark) in &settled {
        watched.memory().decided(id, *mark);
    }
    triage::triage(watched, scope, &mut messages).await?;
    let mut waiting = VecDeque::from(messages);
    let mut under_way = FuturesUnordered::new();
    let mut outcome = Ok(());
    loop {
        while outcome.is_ok() && under_way.len() < watched.delivery.in_flight() && !watched.stop.asked() {
            let fitting = fitting(waiting.iter().map(|message| message.body.len()), watched.delivery.group());
            if fitting == 0 {
                break;
            }
            under_way.push(hand_over_group(watched, scope, waiting.drain(..fitting).collect()));
        }
        tokio::select! {
            biased;
            ended = under_way.next() => match ended {
                None => return outcome,
                Some(ended) => outcome = worse(outcome, ended),
            },
            () = watched.stop.wait_and(FINISH_WITHIN) => return outcome,
        }
    }
}

async fn hand_over_group(watched: &Watched, scope: &str, mut group: Vec<Message>) -> Result<()> {
    let begins = !watched.delivery.settles_claims();
    if begins {
        let ids: Vec<_> = group.iter().map(|message| message.id.clone()).collect();
        let mut ours = watched.arbiter.begin(scope, &ids, watched.delivery.may_be_deadly()).await?.into_iter();
        group.retain(|message| {
            let ours = ours.next().unwrap_or(false);
            if !ours {
                lost(watched, &message.id);
            }
            ours
        });
    }
    if watched.log.enabled() {
        for message in &group {
            watched.log.info(
                "sending to deliverer",
                &[
                    ("uid", json!(message.id)),
                    ("deliverer", watched.delivery.class_name().into()),
                    ("byte_size", message.body.len().into()),
                ],
            );
        }
    }
    let mut begun = watched.memory().begin();
    let ids: Vec<_> = group.iter().map(|message| message.id.clone()).collect();
    let handovers = watched.delivery.deliver(scope, group, &watched.encoding).await?;
    let alone = ids.len() == 1;
    let mut delivered = Vec::with_capacity(ids.len());
    let (mut untried, mut outcome, mut doubtful) = (Vec::new(), Ok(()), false);
    for (id, handover) in ids.into_iter().zip(handovers) {
        match handover {
            Handover::Delivered { status } => {
                if std::mem::take(&mut doubtful) {
                    // Where some of a group fail and others do not, they were tried one after the other.
                    begun = watched.memory().begin();
                }
                watched.memory().delivered(&id, begun, watched.mark());
                watched.progress.count(Fate::Delivered);
                if watched.log.enabled()
                    && let Some(fields) = watched.delivery.pushed(status)
                {
                    watched.log.bare("message pushed", &fields);
                }
                delivered.push(id);
            }
            Handover::Lost => lost(watched, &id),
            Handover::Refused(error) => outcome = outcome.and(failed(watched, scope, &id, &error, true).await),
            Handover::Failed(error) => {
                doubtful = true;
                outcome = outcome.and(failed(watched, scope, &id, &error, false).await);
            }
            Handover::Down(error) => {
                if alone {
                    watched.memory().strike(&id);
                }
                untried.push(id);
                outcome = worse(outcome, Err(error));
            }
        }
    }
    watched.let_go(delivered.iter());
    if begins && !delivered.is_empty() {
        // Redis away now: our memory knows, and the next claim finds the message ours.
        watched.arbiter.finish(scope, &delivered).await.ok();
    }
    if !untried.is_empty() {
        // A claim that cannot be given back ends by itself.
        watched.release(scope, &untried).await.ok();
    }
    outcome
}

/// What two outcomes come to: the first error, unless the second asks for a longer pause.
fn worse(one: Result<()>, other: Result<()>) -> Result<()> {
    let pause = |outcome: &Result<()>| match outcome {
        Err(Error::TargetDown { retry_after, .. }) => *retry_after,
        _ => None,
    };
    if pause(&other) > pause(&one) { other } else { one.and(other) }
}

/// A message was not taken, and three in a row may be the target's fault.
async fn failed(watched: &Watched, scope: &str, id: &MessageId, error: &Error, refused: bool) -> Result<()> {
    let failure = watched.memory().failed(id, refused);
    setback::failed(watched, scope, id, "Delivery failed", error, failure).await?;
    if watched.memory().doubts_target() {
        return Err(Error::TargetDoubted(format!(
            "several messages in a row failed, so it is taken to be the target's fault and counts against none of them; the \
             last one failed so: {error}"
        )));
    }
    Ok(())
}
