//! UID SEARCH (RFC 3501 section 6.4.8) with the mailbox's program.

use super::command::Command;
use super::refusal::is_not_connected;
use super::search_program::SearchProgram;
use super::session::Session;
use super::status::{Kind, Status};
use super::stream::Wanted;
use crate::error::{Error, Result};

/// What a search came to.
pub(super) enum Answer {
    /// The UIDs found, ascending, each once.
    Found(Vec<u32>),
    /// OK, and not a line about what was found.
    NoLine,
    /// NO, and why.
    Refused(String),
}

/// Searches, once.
///
/// # Errors
/// [`Error::Refused`] if the server does not understand the program, [`Error::Reconnect`] if it cannot search now.
pub(super) async fn ask(session: &mut Session, program: &SearchProgram) -> Result<Answer> {
    session.drain().await?;
    // From here on: what is announced while the server searches may have come too late for this search.
    session.news = false;
    let (status, found) = found(session, program).await?;
    match status.kind {
        Kind::Ok => {}
        Kind::Bad if is_not_connected(&status) => {
            return Err(Error::Reconnect(format!("the server cannot search now: {}", status.text)));
        }
        Kind::Bad => {
            return Err(Error::Refused(format!("the server does not understand search_command: {}", status.text)));
        }
        _ if status.is_transient() => {
            return Err(Error::Reconnect(format!("the server refused to search: {}", status.text)));
        }
        _ => return Ok(Answer::Refused(status.text)),
    }
    // The library gives an empty set for both.
    if session.control.lock().notes.found == 0 {
        return Ok(Answer::NoLine);
    }
    Ok(Answer::Found(found))
}

/// Messages that bear \Deleted, whoever has set it; none if the server does not tell.
pub(super) async fn deleted(session: &mut Session) -> Result<Vec<u32>> {
    found(session, &SearchProgram::new("DELETED")?).await.map(|(_, uids)| uids)
}

/// The UIDs found, ascending, each once; none if the answer is not OK.
async fn found(session: &mut Session, program: &SearchProgram) -> Result<(Status, Vec<u32>)> {
    let mut query = Command::new("");
    program.append(&mut query);
    session.control.begin(session.deadlines.command, Wanted::search());
    let found = session.imap.uid_search(query.as_str()).await;
    let (status, found) = session.answered(found)?;
    let mut uids: Vec<u32> = found.into_iter().flatten().collect();
    uids.sort_unstable();
    Ok((status, uids))
}
