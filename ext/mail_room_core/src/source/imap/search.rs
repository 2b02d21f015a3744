//! UID SEARCH (RFC 3501 section 6.4.8) with the mailbox's program.

use super::command::Command;
use super::search_program::SearchProgram;
use super::session::Session;
use super::status::Kind;
use super::stream::Wanted;
use crate::error::{Error, Result};

/// The UIDs found, ascending, each once.
pub(super) async fn search(session: &mut Session, program: &SearchProgram) -> Result<Vec<u32>> {
    session.drain().await?;
    // From here on: what is announced while the server searches may have come too late for this search.
    session.news = false;
    let mut query = Command::new("");
    program.append(&mut query);
    session.control.begin(session.deadlines.command, Wanted::search());
    let found = session.imap.uid_search(query.as_str()).await;
    let (status, found) = session.answered(found)?;
    match status.kind {
        Kind::Ok => {}
        Kind::Bad => {
            return Err(Error::Refused(format!("the server does not understand search_command: {}", status.text)));
        }
        _ => return Err(Error::Reconnect(format!("the server refused to search: {}", status.text))),
    }
    let mut uids: Vec<u32> = found.into_iter().flatten().collect();
    uids.sort_unstable();
    Ok(uids)
}
