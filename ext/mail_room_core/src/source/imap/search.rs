//! UID SEARCH (RFC 3501 section 6.4.8) with the mailbox's program.

use super::session::Session;
use crate::error::{Error, Result};
use crate::transport::imap_stream::{Expected, Kind, Status};
use crate::transport::imap_syntax::search_program::SearchProgram;

/// The result of a search.
pub(crate) enum Answer {
    /// The UIDs found, ascending, each once.
    Found(Vec<u32>),
    /// OK, and no SEARCH response.
    NoLine,
    /// NO, and why.
    Refused(String),
}

/// Searches, once.
///
/// # Errors
/// [`Error::Refused`] if the server does not understand the program, [`Error::Reconnect`] if it cannot search now.
pub(crate) async fn ask(session: &mut Session, program: &SearchProgram) -> Result<Answer> {
    session.drain().await?;
    // Only now: what is announced while the server searches may have come too late for this search.
    session.control.lock().notes.news = false;
    let (status, found) = found(session, program).await?;
    match status.kind {
        // The library returns an empty set for both.
        Kind::Ok if session.control.lock().notes.search_responses == 0 => Ok(Answer::NoLine),
        Kind::Ok => Ok(Answer::Found(found)),
        Kind::Bad if status.is_not_connected() => {
            Err(Error::Reconnect(format!("the server cannot search now: {}", status.text)))
        }
        Kind::Bad => Err(Error::Refused(format!("the server does not understand search_command: {}", status.text))),
        _ if status.is_transient() => Err(refused(&status.text)),
        _ => Ok(Answer::Refused(status.text)),
    }
}

/// The error for a server that refuses to search with `text`.
pub(crate) fn refused(text: &str) -> Error {
    Error::Reconnect(format!("the server refused to search: {text}"))
}

/// Messages that are marked \Deleted, by anybody; none if the server refuses to search.
pub(crate) async fn deleted(session: &mut Session) -> Result<Vec<u32>> {
    found(session, &SearchProgram::new("DELETED")?).await.map(|(_, uids)| uids)
}

/// The UIDs found, ascending, each once; none if the answer is not OK.
async fn found(session: &mut Session, program: &SearchProgram) -> Result<(Status, Vec<u32>)> {
    session.control.begin(session.deadlines.command, Expected::search());
    let found = session.imap.uid_search(program.to_string()).await;
    let (status, found) = session.answered(found)?;
    let mut uids: Vec<u32> = found.into_iter().flatten().collect();
    uids.sort_unstable();
    Ok((status, uids))
}
