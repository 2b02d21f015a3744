//! Telling the server what was decided: marks, and expunging what we marked deleted. Decides nothing.
//!
//! What the server refuses to mark, or what ends the connection when it is marked, is that message's trouble: it is marked
//! later, after new mail was delivered, with a backoff.

use std::collections::HashSet;
use std::time::Instant;

use serde_json::json;

use super::Decision;
use crate::error::{Error, Result};
use crate::limits::backoff::seconds;
use crate::message::MessageId;
use crate::observe::log::Severity;
use crate::source::{Mark, Source};
use crate::track::ledger::Sorted;
use crate::watch::mailbox::Mailbox;

/// Messages that a warning names.
const NAMED: usize = 10;

/// Marks what was decided beside the sweep.
pub(crate) async fn mark_decided<S: Source>(source: &mut S, mailbox: &Mailbox) -> Result<()> {
    // Another folder by now, in which the ids are other messages'.
    if !mailbox.tracker.ledger().is_about(source.scope()) {
        return Ok(());
    }
    mark_all(source, mailbox).await?;
    expunge(source, mailbox, 1).await
}

/// Marks whatever is to be marked now; what gave trouble last, and alone if need be. Tells whether that was anything.
pub(super) async fn mark_all<S: Source>(source: &mut S, mailbox: &Mailbox) -> Result<bool> {
    let mut groups = vec![mailbox.tracker.ledger().to_mark()];
    groups.extend(mailbox.tracker.ledger().to_mark_again(Instant::now()));
    groups.retain(|group| !group.is_empty());
    for group in &groups {
        let told = tell_server(source, mailbox, group).await?;
        settle(mailbox, source.scope(), told).await;
    }
    Ok(!groups.is_empty())
}

/// Marks messages whose fate is decided, however long ago. Returns those of which the arbiter is to be told.
pub(super) async fn tell_server<S: Source>(
    source: &mut S,
    mailbox: &Mailbox,
    decided: &[Decision],
) -> Result<Vec<Decision>> {
    let mut told = Vec::with_capacity(decided.len());
    for mark in [Mark::Seen, Mark::Deleted, Mark::SetAside] {
        let mut ids: Vec<_> = decided.iter().filter(|(_, wanted)| *wanted == mark).map(|(id, _)| id.clone()).collect();
        if ids.is_empty() {
            continue;
        }
        if let Err(error) = source.mark(&ids, mark).await {
            if !matches!(error, Error::Throttled { .. } | Error::Stopped) {
                let backoff = mailbox.tracker.ledger().cut_while_marking(&ids, Instant::now());
                if let [id] = ids.as_slice() {
                    let words = error.to_string().into();
                    let fields = [("uid", json!(id)), ("error", words), ("backoff_s", seconds(backoff))];
                    mailbox.account.log.line(Severity::Warn, "Message not marked", &fields);
                }
            }
            return Err(error);
        }
        let unmarked = source.unmarked();
        if !unmarked.is_empty() {
            let refused: HashSet<_> = unmarked.iter().map(|(id, _)| id).collect();
            ids.retain(|id| !refused.contains(id));
            tell_unmarked(mailbox, &unmarked);
        }
        let believed = mailbox.tracker.ledger().acknowledged(&ids, mark);
        told.extend(believed.into_iter().map(|id| (id, mark)));
        if let Some(complaint) = source.complaint() {
            mailbox.account.log.line(Severity::Error, "Set aside in place", &[("error", complaint.into())]);
        }
    }
    Ok(told)
}

/// A line for each message that was not marked; one for the rest where that would be too many.
fn tell_unmarked(mailbox: &Mailbox, unmarked: &[(MessageId, String)]) {
    let now = Instant::now();
    for (number, (id, why)) in unmarked.iter().enumerate() {
        let backoff = mailbox.tracker.ledger().unmarked(id, now);
        let mut fields = vec![("uid", json!(id)), ("error", why.as_str().into()), ("backoff_s", seconds(backoff))];
        let rest = unmarked.len() - number;
        if number == NAMED && rest > 1 {
            fields.push(("others", (rest - 1).into()));
        }
        if number <= NAMED {
            mailbox.account.log.line(Severity::Warn, "Message not marked", &fields);
        }
    }
}

/// The server knows: claims need not live much longer, and the tries of what was set aside are forgotten. Only tidiness:
/// what Redis does not hear of now ends by itself.
pub(super) async fn settle(mailbox: &Mailbox, scope: &str, told: Vec<Decision>) {
    let (mut delivered, mut set_aside) = (Vec::new(), Vec::new());
    for (id, mark) in told {
        match mark {
            Mark::Seen => delivered.push(id),
            // Until they are expunged, a later process has to know whose they are.
            Mark::Deleted if expunges(mailbox) => {}
            Mark::Deleted => delivered.push(id),
            // A search that lists them all the same would have them tried again.
            Mark::SetAside if mailbox.tracker.absent_flags().hide(mark) => set_aside.push(id),
            Mark::SetAside => {}
        }
    }
    if !delivered.is_empty() {
        mailbox.tracker.arbiter.acknowledged(scope, &delivered).await.ok();
    }
    if !set_aside.is_empty() {
        mailbox.tracker.arbiter.set_aside(scope, &set_aside).await.ok();
    }
}

/// What follows from what a search listed, for the arbiter and for a person.
pub(super) async fn note_listed<S: Source>(source: &mut S, mailbox: &Mailbox, found: &[MessageId], sorted: &Sorted) {
    for (name, text) in source.remarks() {
        if mailbox.tracker.tells_first(name) {
            mailbox.account.log.line(Severity::Warn, "Mailbox warning", &[("error", text.into())]);
        }
    }
    let scope = source.scope();
    if !sorted.tried_again.is_empty() {
        let fields = [("uid", json!(sorted.tried_again.iter().take(NAMED).collect::<Vec<_>>()))];
        mailbox.account.log.info("Message tried again", &fields);
        mailbox.tracker.arbiter.set_aside(scope, &sorted.tried_again).await.ok();
    }
    settle(mailbox, scope, sorted.known.clone()).await;
    let now = Instant::now();
    if mailbox.tracker.ledger().tells_unkept(&sorted.unkept, S::LISTS_LATE, now) {
        let error = format!(
            "the server accepted the marks of {} delivered messages and still lists them as unmarked: it does not keep \
             flags. They are not delivered again, but marking them is tried again; check the rights to this mailbox",
            sorted.unkept.len()
        );
        let named: Vec<_> = sorted.unkept.iter().take(NAMED).collect();
        mailbox.account.log.line(Severity::Warn, "Marks not kept", &[("uid", json!(named)), ("error", error.into())]);
    }
    if mailbox.tracker.arbiter.outlives_process() {
        let listed = mailbox.tracker.ledger().unremembered(found, now);
        if !listed.is_empty() && mailbox.tracker.arbiter.remember(scope, &listed).await.is_ok() {
            mailbox.tracker.ledger().remembered(&listed);
        }
    }
}

/// Whether what we delivered is to be expunged.
fn expunges(mailbox: &Mailbox) -> bool {
    mailbox.account.config.delete_after_delivery && mailbox.account.config.expunge_deleted
}

/// Expunges what we have marked deleted, if asked to and if it is at least `least` messages.
pub(super) async fn expunge<S: Source>(source: &mut S, mailbox: &Mailbox, least: usize) -> Result<()> {
    let ids = mailbox.tracker.ledger().to_expunge(Instant::now());
    if !expunges(mailbox) {
        mailbox.tracker.ledger().expunged(&ids);
        return Ok(());
    }
    if ids.len() < least {
        return Ok(());
    }
    let expunged = source.expunge(&ids).await;
    if expunged.is_err() {
        mailbox.tracker.ledger().not_expunged(Instant::now());
        return expunged;
    }
    if let Some(why) = source.unexpunged() {
        let backoff = mailbox.tracker.ledger().not_expunged(Instant::now());
        let fields = [("error", why.into()), ("backoff_s", seconds(backoff))];
        mailbox.account.log.line(Severity::Warn, "Messages not expunged", &fields);
        return Ok(());
    }
    mailbox.tracker.ledger().expunged(&ids);
    mailbox.tracker.arbiter.acknowledged(source.scope(), &ids).await.ok();
    Ok(())
}

/// Expunges what an earlier session, or a process that was killed, has marked deleted and did not live to expunge. What
/// others have marked deleted stays.
pub(super) async fn expunge_leftovers<S: Source>(source: &mut S, mailbox: &Mailbox) -> Result<()> {
    if !expunges(mailbox) {
        return Ok(());
    }
    let found = source.leftovers().await?;
    mailbox.tracker.ledger().leftovers.extend(found);
    let left = mailbox.tracker.ledger().leftovers.clone();
    if left.is_empty() {
        return Ok(());
    }
    let known: Vec<_> = left.iter().map(|id| mailbox.tracker.ledger().is_deleted_by_us(id)).collect();
    let unknown: Vec<_> =
        left.iter().zip(&known).filter(|(_, known)| known.is_none()).map(|(id, _)| id.clone()).collect();
    // An arbiter that is away is asked again after the next sweep.
    let Ok(delivered) = mailbox.tracker.arbiter.delivered(source.scope(), &unknown).await else { return Ok(()) };
    let mut delivered = delivered.into_iter();
    let ours = known.into_iter().map(|known| known.unwrap_or_else(|| delivered.next().unwrap_or(false)));
    let all = left.len();
    let ours: Vec<_> = left.into_iter().zip(ours).filter(|(_, ours)| *ours).map(|(id, _)| id).collect();
    mailbox.tracker.ledger().leftovers.clear();
    if source.expunges_only_given() || ours.len() == all {
        mailbox.tracker.ledger().found_deleted(ours.into_iter());
    }
    expunge(source, mailbox, 1).await
}
