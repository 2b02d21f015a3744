//! Whether the selected mailbox is still the one that was selected. Somebody may delete or rename it and create it again, with
//! other messages under the UIDs we know. Few servers say so; some silently go on with the new one. So we ask: STATUS
//! (RFC 3501 section 6.3.10) before we act on the result of a search after a wait, and SELECT each time IDLE is renewed.

use std::time::Duration;

use tokio::time::Instant;

use super::search::{self, Answer};
use super::select::select;
use super::session::{Session, exchange, replaced};
use crate::error::{Error, Result};
use crate::transport::imap_stream::Kind;
use crate::transport::imap_syntax::search_program::SearchProgram;
use crate::transport::imap_syntax::utf7;

/// How long the mailbox is assumed to be the same while we work in it.
const KNOWN_FOR: Duration = Duration::from_secs(60);
/// Without IDLE, every so many polls SELECT takes place.
const POLLS: u32 = 5;

/// Searches, and makes sure that the messages found are in the mailbox that was selected.
pub(super) async fn search(session: &mut Session, program: &SearchProgram) -> Result<Vec<u32>> {
    let answer = match search::ask(session, program).await? {
        Answer::Refused(_) => {
            select_again(session).await?;
            search::ask(session, program).await?
        }
        answer => answer,
    };
    match answer {
        Answer::Found(uids) => {
            if !uids.is_empty() {
                confirm_lately(session).await?;
            }
            Ok(uids)
        }
        // Servers may leave the line out if nothing is found. Cyrus does so if the mailbox is gone.
        Answer::NoLine => confirm(session).await.map(|()| Vec::new()),
        Answer::Refused(text) => Err(search::refused(&text)),
    }
}

/// Makes sure that the mailbox is the same, unless that was confirmed lately.
///
/// # Errors
/// [`Error::Reconnect`] if it is another one, and those of SELECT.
pub(super) async fn confirm_lately(session: &mut Session) -> Result<()> {
    match session.confirmed_at {
        Some(at) if at.elapsed() < KNOWN_FOR => Ok(()),
        _ => confirm(session).await,
    }
}

/// Makes sure that the mailbox is the same.
pub(super) async fn confirm(session: &mut Session) -> Result<()> {
    // There is nothing to compare without UIDVALIDITY. Nothing is remembered of its UIDs beyond the session.
    let Some(known) = session.uid_validity.filter(|known| *known != 0) else { return Ok(()) };
    if session.status_works {
        let name = utf7::encode(&session.mailbox);
        let (status, mailbox) = exchange!(session, status(name, "(UIDVALIDITY)"))?;
        if let (Kind::Ok, Some(validity)) = (status.kind, mailbox.and_then(|mailbox| mailbox.uid_validity)) {
            session.confirmed_at = Some(Instant::now());
            return if validity == known { Ok(()) } else { Err(replaced()) };
        }
    }
    select_again(session).await?;
    // The mailbox exists, but STATUS does not report its UIDVALIDITY.
    session.status_works = false;
    Ok(())
}

/// Selects the mailbox once more.
///
/// # Errors
/// [`Error::Reconnect`] if it is another one or if that cannot be known, [`Error::NoMailbox`] if it is gone.
pub(super) async fn select_again(session: &mut Session) -> Result<()> {
    if session.uid_validity == Some(0) {
        return Err(Error::Reconnect(
            "the server tells no UIDVALIDITY, so a new connection makes sure that UIDs are not taken for older ones"
                .into(),
        ));
    }
    let name = session.mailbox.clone();
    select(session, &name).await
}

/// After a wait: selects the mailbox once more if that is due.
pub(super) async fn after_wait(session: &mut Session, idle_timeout: Duration) -> Result<()> {
    session.confirmed_at = None;
    let every = match session.uid_validity {
        // Each new session is as good as a new mailbox, so this is done no more often than necessary.
        Some(0) => session.deadlines.idle,
        _ if session.idles() => idle_timeout,
        _ => idle_timeout.min(session.deadlines.poll).saturating_mul(POLLS),
    };
    let due = session.selected_at.is_none_or(|at| at.elapsed() >= every.min(session.deadlines.idle));
    if due { select_again(session).await } else { Ok(()) }
}
