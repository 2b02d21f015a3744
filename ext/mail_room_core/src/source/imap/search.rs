//! UID SEARCH (RFC 3501 section 6.4.8) with the mailbox's program.

use super::command::Command;
use super::found::FOUND;
use super::parse::{Data, Kind, Status};
use super::refusal::is_not_connected;
use super::response::Intake;
use super::search_program::SearchProgram;
use super::session::Session;
use crate::error::{Error, Result};

/// Octets of an answer: more than a million UIDs in one line.
const ANSWER: usize = 16 << 20;

/// What a search came to.
pub(super) enum Answer {
    /// The UIDs found, ascending, each once.
    Found(Vec<u32>),
    /// OK, and not a line about what was found.
    NoLine,
    /// NO, and why.
    Refused(String),
}

/// Collects the UIDs of all lines: some servers split a long answer.
#[derive(Default)]
struct Uids(Option<Vec<u32>>);

impl Intake for Uids {
    fn line_limit(&self) -> usize {
        ANSWER
    }

    fn take(&mut self, data: Data) -> Result<()> {
        if let Data::Found(found) = data {
            let uids = self.0.get_or_insert_default();
            let left = FOUND.saturating_sub(uids.len());
            uids.extend(found.into_iter().take(left));
        }
        Ok(())
    }
}

/// Searches, once.
///
/// # Errors
/// [`Error::Refused`] if the server does not understand the program, [`Error::Reconnect`] if it cannot search now.
pub(super) async fn ask(session: &mut Session, program: &SearchProgram) -> Result<Answer> {
    session.drain().await?;
    // From here on: what is announced while the server searches may have come too late for this search.
    session.news = false;
    let (status, uids) = found(session, program).await?;
    match status.kind {
        Kind::Ok => Ok(uids.map_or(Answer::NoLine, Answer::Found)),
        Kind::Bad if is_not_connected(&status) => {
            Err(Error::Reconnect(format!("the server cannot search now: {}", status.text)))
        }
        Kind::Bad => Err(Error::Refused(format!("the server does not understand search_command: {}", status.text))),
        _ if status.is_transient() => Err(Error::Reconnect(format!("the server refused to search: {}", status.text))),
        _ => Ok(Answer::Refused(status.text)),
    }
}

/// Messages that bear \Deleted, whoever has set it; none if the server does not tell.
pub(super) async fn deleted(session: &mut Session) -> Result<Vec<u32>> {
    let (status, uids) = found(session, &SearchProgram::new("DELETED")?).await?;
    Ok(uids.filter(|_| status.kind == Kind::Ok).unwrap_or_default())
}

/// The server's answer, and the UIDs found, ascending, each once, if it says anything about them.
async fn found(session: &mut Session, program: &SearchProgram) -> Result<(Status, Option<Vec<u32>>)> {
    let mut command = Command::new("UID SEARCH ");
    program.append(&mut command);
    let mut uids = Uids::default();
    let status = session.run(&command, &mut uids).await?;
    let Uids(mut uids) = uids;
    if let Some(uids) = &mut uids {
        uids.sort_unstable();
        uids.dedup();
    }
    Ok((status, uids))
}
