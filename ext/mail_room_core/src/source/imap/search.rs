//! UID SEARCH (RFC 3501 section 6.4.8) with the mailbox's program.

use super::command::Command;
use super::found::FOUND;
use super::parse::{Data, Kind, Status};
use super::response::Intake;
use super::search_program::SearchProgram;
use super::session::Session;
use crate::error::{Error, Result};

/// Octets of an answer: more than a million UIDs in one line.
const ANSWER: usize = 16 << 20;

/// Collects the UIDs of all lines: some servers split a long answer.
#[derive(Default)]
struct Uids(Vec<u32>);

impl Intake for Uids {
    fn line_limit(&self) -> usize {
        ANSWER
    }

    fn take(&mut self, data: Data) -> Result<()> {
        if let Data::Found(found) = data {
            let left = FOUND.saturating_sub(self.0.len());
            self.0.extend(found.into_iter().take(left));
        }
        Ok(())
    }
}

/// The UIDs found, ascending, each once.
pub(super) async fn search(session: &mut Session, program: &SearchProgram) -> Result<Vec<u32>> {
    session.drain().await?;
    // From here on: what is announced while the server searches may have come too late for this search.
    session.news = false;
    let (status, uids) = found(session, program).await?;
    match status.kind {
        Kind::Ok => Ok(uids),
        Kind::Bad => Err(Error::Refused(format!("the server does not understand search_command: {}", status.text))),
        _ => Err(Error::Reconnect(format!("the server refused to search: {}", status.text))),
    }
}

/// Messages that bear \Deleted, whoever has set it; none if the server does not tell.
pub(super) async fn deleted(session: &mut Session) -> Result<Vec<u32>> {
    let (status, uids) = found(session, &SearchProgram::new("DELETED")?).await?;
    Ok(if status.kind == Kind::Ok { uids } else { Vec::new() })
}

async fn found(session: &mut Session, program: &SearchProgram) -> Result<(Status, Vec<u32>)> {
    let mut command = Command::new("UID SEARCH ");
    program.append(&mut command);
    let mut uids = Uids::default();
    let status = session.run(&command, &mut uids).await?;
    let Uids(mut uids) = uids;
    uids.sort_unstable();
    uids.dedup();
    Ok((status, uids))
}
