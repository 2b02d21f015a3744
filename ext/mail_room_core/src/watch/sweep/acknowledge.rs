//! Acknowledges decided messages: marks them on the mail server, then tells the arbiter. Decides nothing.
//!
//! A message that the server refuses to mark, or that ends the connection when it is marked, does not hold up the others. It
//! is marked later, after new mail was delivered, with a backoff.

use std::collections::HashSet;
use std::time::Instant;

use serde_json::json;

use super::chunk::Decision;
use super::expunge::{expunge, expunges};
use crate::error::{Error, Result};
use crate::limits::backoff::seconds;
use crate::message::MessageId;
use crate::observe::log::Severity;
use crate::source::{Mark, Source};
use crate::track::ledger::Sorted;
use crate::watch::mailbox::Mailbox;

/// Messages that a warning names.
const NAMED: usize = 10;

/// Marks messages that were decided outside a sweep, and expunges.
pub(crate) async fn acknowledge_decided<S: Source>(source: &mut S, mailbox: &Mailbox) -> Result<()> {
    // In another folder, the ids name other messages.
    if !mailbox.tracker.ledger().is_about(source.scope()) {
        return Ok(());
    }
    acknowledge_all(source, mailbox).await?;
    expunge(source, mailbox, 1).await
}

/// Marks all messages that are due. Those that the server failed to mark before come last, and one by one if need be.
/// Returns whether there were any.
pub(super) async fn acknowledge_all<S: Source>(source: &mut S, mailbox: &Mailbox) -> Result<bool> {
    let mut groups = vec![mailbox.tracker.ledger().to_mark()];
    groups.extend(mailbox.tracker.ledger().to_mark_again(Instant::now()));
    groups.retain(|group| !group.is_empty());
    for group in &groups {
        let marked = mark(source, mailbox, group).await?;
        settle_claims(mailbox, source.scope(), marked).await;
    }
    Ok(!groups.is_empty())
}

/// Marks decided messages on the server, however long ago they were decided. Returns those of which the arbiter is to be
/// told.
pub(super) async fn mark<S: Source>(source: &mut S, mailbox: &Mailbox, decided: &[Decision]) -> Result<Vec<Decision>> {
    let mut marked = Vec::with_capacity(decided.len());
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
            log_unmarked(mailbox, &unmarked);
        }
        let believed = mailbox.tracker.ledger().acknowledged(&ids, mark);
        marked.extend(believed.into_iter().map(|id| (id, mark)));
        if let Some(complaint) = source.mark_warning() {
            log_unmoved(mailbox, mark, complaint);
        }
    }
    Ok(marked)
}

/// Logs that messages stay which were to be moved. Of delivered messages once, because the next ones will stay, too.
fn log_unmoved(mailbox: &Mailbox, mark: Mark, complaint: String) {
    if mark == Mark::SetAside {
        mailbox.account.log.line(Severity::Error, "Set aside in place", &[("error", complaint.into())]);
    } else if mailbox.tracker.is_first_warning("delivered_mailbox") {
        mailbox.account.log.line(Severity::Error, "Delivered in place", &[("error", complaint.into())]);
    }
}

/// Logs a line for each message that was not marked, and one line for the rest if there are too many.
fn log_unmarked(mailbox: &Mailbox, unmarked: &[(MessageId, String)]) {
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

/// Tells the arbiter which messages the server has marked: it may forget the delivered ones soon, and the failed attempts
/// of those set aside now. Errors are ignored, because all keys in Redis expire by themselves.
pub(super) async fn settle_claims(mailbox: &Mailbox, scope: &str, marked: Vec<Decision>) {
    let (mut delivered, mut set_aside) = (Vec::new(), Vec::new());
    for (id, mark) in marked {
        match mark {
            Mark::Seen => delivered.push(id),
            // Until they are expunged, a later process has to know that they are ours.
            Mark::Deleted if expunges(mailbox) => {}
            Mark::Deleted => delivered.push(id),
            // If the search still lists messages that are set aside, forgetting them would deliver them again.
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

/// Logs what a search has revealed, and tells the arbiter what follows from it.
pub(super) async fn note_listed<S: Source>(source: &mut S, mailbox: &Mailbox, found: &[MessageId], sorted: &Sorted) {
    for (name, text) in source.warnings() {
        if mailbox.tracker.is_first_warning(name) {
            mailbox.account.log.line(Severity::Warn, "Mailbox warning", &[("error", text.into())]);
        }
    }
    let scope = source.scope();
    if !sorted.tried_again.is_empty() {
        let fields = [("uid", json!(sorted.tried_again.iter().take(NAMED).collect::<Vec<_>>()))];
        mailbox.account.log.info("Message tried again", &fields);
        mailbox.tracker.arbiter.set_aside(scope, &sorted.tried_again).await.ok();
    }
    settle_claims(mailbox, scope, sorted.known.clone()).await;
    let now = Instant::now();
    if mailbox.tracker.ledger().warns_of_unkept(&sorted.unkept, S::LISTS_LATE, now) {
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
