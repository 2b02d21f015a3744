//! Leaves alone what was in the mailbox before it was watched first (`since: first_run`).

use crate::error::Result;
use crate::message::MessageId;
use crate::source::Source;
use crate::watch::mailbox::Mailbox;

/// Removes from `found` the messages that are older than the first run. Without the option, none is.
///
/// # Errors
/// [`Error::TargetDown`](crate::Error::TargetDown) if the arbiter, which remembers the first run, does not answer; those of a search.
pub(super) async fn without_older<S: Source>(
    source: &mut S,
    mailbox: &Mailbox,
    found: Vec<MessageId>,
) -> Result<Vec<MessageId>> {
    if !mailbox.account.config.since_first_run {
        return Ok(found);
    }
    let arbiter = &mailbox.tracker.arbiter;
    let scope = source.scope().to_owned();
    let lasting = source.lasting_scope().map(str::to_owned);
    let names: Vec<&str> = [Some(&scope), lasting.as_ref()].into_iter().flatten().map(String::as_str).collect();
    let Some(mut remembered) = arbiter.first_run(&names).await? else { return Ok(found) };
    if remembered.last().is_none_or(Option::is_none) {
        let today = chrono::Utc::now().format("%Y-%m-%d").to_string();
        let values = [source.newest(&found).await?, today];
        remembered = arbiter.begin_first_run(&names.into_iter().zip(values).collect::<Vec<_>>()).await?;
    }
    let mut remembered = remembered.into_iter();
    match (remembered.next().flatten(), remembered.next().flatten()) {
        (Some(newest), _) => source.newer_than(&newest, found).await,
        // Nothing but the day is known of messages whose ids are new.
        (None, Some(day)) if source.limit_since(&day)? => source.search().await,
        _ => Ok(found),
    }
}
