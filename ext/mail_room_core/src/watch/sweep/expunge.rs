//! Expunges the messages that we have marked deleted (RFC 3501 section 6.4.3), if the mailbox is configured to. Messages
//! that others have marked deleted stay.

use std::time::Instant;

use crate::error::Result;
use crate::limits::backoff::seconds;
use crate::observe::log::Severity;
use crate::source::Source;
use crate::watch::mailbox::Mailbox;

/// Whether delivered messages are to be expunged.
pub(super) fn expunges(mailbox: &Mailbox) -> bool {
    mailbox.account.config.delete_after_delivery && mailbox.account.config.expunge_deleted
}

/// Expunges the messages that we have marked deleted, if the mailbox is configured to and there are at least `least` of
/// them.
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

/// Expunges messages that an earlier connection or a killed process has marked deleted and did not expunge.
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
    // If the arbiter does not answer, it is asked again after the next sweep.
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
