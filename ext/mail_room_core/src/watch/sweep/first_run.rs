//! Leaves alone what was in the mailbox before it was watched first (`since: first_run`).

use crate::error::Result;
use crate::message::MessageId;
use crate::source::Source;
use crate::watch::mailbox::Mailbox;

/// Removes from `found` the messages that are older than the first run. Without the option, none is.
///
/// # Errors
/// [`Error::TargetDown`](crate::Error::TargetDown) if the arbiter, which remembers the first run, does not answer.
pub(super) async fn without_older<S: Source>(
    source: &mut S,
    mailbox: &Mailbox,
    mut found: Vec<MessageId>,
) -> Result<Vec<MessageId>> {
    if !mailbox.account.config.since_first_run {
        return Ok(found);
    }
    let today = jiff::Timestamp::now().strftime("%Y-%m-%d").to_string();
    let Some(first) = mailbox.tracker.arbiter.first_run(source.scope(), &found, &today).await? else {
        return Ok(found);
    };
    match first.newest {
        Some(newest) => found.retain(|id| !matches!(id, MessageId::Uid(uid) if *uid <= newest)),
        // Nothing but the day is known of messages whose UIDs are new.
        None if source.limit_since(&first.day)? => found = source.search().await?,
        None => {}
    }
    Ok(found)
}
