//! What becomes of a message that was given up: `\Seen \Flagged` where it is, or moved to a folder of its own with MOVE
//! (RFC 6851), else COPY, `\Deleted` and UID EXPUNGE. It is never lost: before it leaves one place it is in the other.

use super::session::Session;
use super::status::{Kind, Status};
use super::store;
use super::text::printable;
use super::uid_set::{SET_OCTETS, UidSet, sets};
use super::utf7;
use crate::error::Result;
use crate::source::Mark;

/// Sets `uids` aside, in `folder` if there is one. Returns a complaint if the folder does not take them: they are then
/// left where they are.
pub(super) async fn set_aside(session: &mut Session, uids: &[u32], folder: Option<&str>) -> Result<Option<String>> {
    let Some(folder) = folder else {
        store::mark(session, uids, Mark::SetAside).await?;
        return Ok(None);
    };
    let mut complaint = None;
    for set in sets(uids, SET_OCTETS) {
        store::add_flags(session, &set.uids, "\\Flagged").await?;
        if let Some(refusal) = transfer(session, &set, folder).await? {
            store::mark(session, &set.uids, Mark::SetAside).await?;
            complaint = Some(format!(
                "the server does not move messages to {}: {}; they are left \\Flagged \\Seen (check failed_mailbox)",
                printable(folder),
                refusal.text
            ));
        }
    }
    Ok(complaint)
}

/// Moves a set. Returns the server's answer if it refuses.
async fn transfer(session: &mut Session, set: &UidSet, folder: &str) -> Result<Option<Status>> {
    let moves = session.capabilities.moves;
    let mut answer = to_folder(session, moves, set, folder).await?;
    if answer.kind == Kind::No {
        create(session, folder).await?;
        answer = to_folder(session, moves, set, folder).await?;
    }
    if answer.kind != Kind::Ok {
        return Ok(Some(answer));
    }
    if !moves {
        store::mark(session, &set.uids, Mark::Deleted).await?;
        // Without UIDPLUS whatever anybody has marked would go, too.
        if session.capabilities.uid_expunge {
            store::expunge(session, &set.uids).await?;
        }
    }
    Ok(None)
}

async fn to_folder(session: &mut Session, moves: bool, set: &UidSet, folder: &str) -> Result<Status> {
    let name = utf7::encode(folder);
    session.begin();
    let done =
        if moves { session.imap.uid_mv(&set.text, name).await } else { session.imap.uid_copy(&set.text, name).await };
    session.answered(done).map(|(status, _)| status)
}

/// Creates the folder. That it is there already, or may not be created, shows when it is used.
async fn create(session: &mut Session, folder: &str) -> Result<()> {
    let name = utf7::encode(folder);
    session.begin();
    let created = session.imap.create(&name).await;
    session.answered(created)?;
    session.begin();
    let subscribed = session.imap.subscribe(&name).await;
    session.answered(subscribed)?;
    Ok(())
}
