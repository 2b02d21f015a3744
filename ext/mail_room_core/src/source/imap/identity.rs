//! Whether the selected mailbox is still the one that was selected. Somebody may delete or rename it and make it anew, with
//! other messages under the UIDs we know. Few servers say so; some go on with the new one without a word. So it is asked
//! for: STATUS (RFC 3501 section 6.3.10) before anything is done with what a search found after a wait, and SELECT once
//! more each time IDLE is renewed.

use std::time::Duration;

use tokio::time::Instant;

use super::search::{self, Answer};
use super::search_program::SearchProgram;
use super::select::select;
use super::session::{Session, exchange, replaced};
use super::utf7;
use crate::error::{Error, Result};
use crate::transport::imap_stream::Kind;

/// How long the mailbox is taken to be the same while we work in it.
const KNOWN_FOR: Duration = Duration::from_secs(60);
/// Without IDLE, every so many polls SELECT takes place.
const POLLS: u32 = 5;

/// Searches. What is found is in the mailbox that was selected.
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
        // Servers may leave the line out where nothing is found. Cyrus does where there is no mailbox any more.
        Answer::NoLine => confirm(session).await.map(|()| Vec::new()),
        Answer::Refused(text) => Err(search::refused(&text)),
    }
}

/// Makes sure that the mailbox is the same, unless that is known well enough.
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
    // A server without UIDVALIDITY cannot tell; nothing is known of UIDs there beyond the session.
    let Some(known) = session.uid_validity.filter(|known| *known != 0) else { return Ok(()) };
    if session.status_works {
        let name = utf7::encode(&session.mailbox);
        let (status, told) = exchange!(session, status(name, "(UIDVALIDITY)"))?;
        if let (Kind::Ok, Some(told)) = (status.kind, told.and_then(|mailbox| mailbox.uid_validity)) {
            session.confirmed_at = Some(Instant::now());
            return if told == known { Ok(()) } else { Err(replaced()) };
        }
    }
    select_again(session).await?;
    // There is one, but STATUS does not tell.
    session.status_works = false;
    Ok(())
}

/// Selects the mailbox once more.
///
/// # Errors
/// [`Error::Reconnect`] if it is another one by now or if nobody can tell, [`Error::NoMailbox`] if it is gone.
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
    if session.uid_validity == Some(0) {
        // Each new session is as good as a new mailbox, so this is not done more often than need be.
        let due = session.selected_at.is_none_or(|at| at.elapsed() >= session.deadlines.idle);
        return if due { select_again(session).await } else { Ok(()) };
    }
    let every =
        if session.idles() { idle_timeout } else { idle_timeout.min(session.deadlines.poll).saturating_mul(POLLS) };
    let due = session.selected_at.is_none_or(|at| at.elapsed() >= every.min(session.deadlines.idle));
    if due { select_again(session).await } else { Ok(()) }
}
