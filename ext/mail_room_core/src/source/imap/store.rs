//! What becomes of messages on the server: UID STORE (RFC 3501 section 6.4.8) and UID EXPUNGE (RFC 4315 section 2.1).
//! Never CLOSE, which expunges whatever anybody has marked.

use std::collections::VecDeque;

use super::data::{Intake, Nothing};
use super::session::Session;
use super::status::{Kind, Status};
use super::stream::Wanted;
use super::uid_set::{SET_OCTETS, UidSet, sets};
use crate::error::Result;
use crate::source::Mark;

/// Commands that may be sent to find out which messages of a refused set are at fault, while all of them are refused.
const NARROWING: u32 = 16;
/// More of them for each one that is not refused, and all together.
const NARROWING_ON: (u32, u32) = (8, 256);

/// Flags that the server tells are those we have just set, `.SILENT` or not.
struct OwnFlags;
impl Intake for OwnFlags {
    fn wanted(&self) -> Wanted {
        Wanted::flags()
    }
}

/// Sets the flags of `mark` on `uids` and returns when the server has answered for all of them. Those that it refused
/// stand in [`Notes::unmarked`](super::notes::Notes::unmarked).
pub(super) async fn mark(session: &mut Session, uids: &[u32], mark: Mark) -> Result<()> {
    let flags = match mark {
        Mark::Seen => "\\Seen",
        Mark::Deleted => "\\Seen \\Deleted",
        Mark::SetAside => "\\Seen \\Flagged",
    };
    add_flags(session, uids, flags).await
}

/// Sets `flags`, and leaves the others as they are. A server refuses a whole set for the sake of one message: sets that it
/// refuses are halved until the others are marked.
pub(super) async fn add_flags(session: &mut Session, uids: &[u32], flags: &str) -> Result<()> {
    let mut refused = VecDeque::new();
    store(session, sets(uids, SET_OCTETS), flags, &mut refused).await?;
    let (mut sent, mut allowed) = (0_u32, NARROWING);
    while let Some((set, status)) = refused.pop_front() {
        let (one, other) = set.uids.split_at(set.uids.len() / 2);
        if one.is_empty() || sent >= allowed || is_about_all(&status) {
            let why = format!("the server refused to mark it: {}", status.text);
            session.notes.unmarked.extend(set.uids.iter().map(|uid| (*uid, why.clone())));
            continue;
        }
        let halves: Vec<_> = [one, other].into_iter().flat_map(|half| sets(half, SET_OCTETS)).collect();
        sent = sent.saturating_add(u32::try_from(halves.len()).unwrap_or(u32::MAX));
        let taken = store(session, halves, flags, &mut refused).await?;
        allowed = allowed.saturating_add(taken.saturating_mul(NARROWING_ON.0)).min(NARROWING_ON.1);
    }
    Ok(())
}

/// Sets `flags` on each of `sets`. Adds those that the server refuses to `refused`, and returns how many it takes.
async fn store(
    session: &mut Session,
    sets: Vec<UidSet>,
    flags: &str,
    refused: &mut VecDeque<(UidSet, Status)>,
) -> Result<u32> {
    let commands: Vec<_> = sets.iter().map(|set| format!("UID STORE {} +FLAGS.SILENT ({flags})", set.text)).collect();
    let mut taken = 0_u32;
    for (set, status) in sets.into_iter().zip(session.run_all(&commands, &mut OwnFlags).await?) {
        if status.kind == Kind::Ok {
            taken = taken.saturating_add(1);
        } else {
            refused.push_back((set, status));
        }
    }
    Ok(taken)
}

/// Whether a refusal has surely nothing to do with the messages it was about (RFC 5530, RFC 9738, Yahoo, Exchange).
fn is_about_all(status: &Status) -> bool {
    matches!(status.code.as_str(), "UNAVAILABLE" | "THROTTLED" | "INUSE" | "LIMIT" | "OVERQUOTA")
}

/// Expunges `uids`; all deleted messages where the server cannot do less. A refusal stands in
/// [`Notes::unexpunged`](super::notes::Notes::unexpunged).
pub(super) async fn expunge(session: &mut Session, uids: &[u32]) -> Result<()> {
    if uids.is_empty() {
        return Ok(());
    }
    let commands: Vec<_> = if session.capabilities.uid_expunge {
        sets(uids, SET_OCTETS).iter().map(|set| format!("UID EXPUNGE {}", set.text)).collect()
    } else {
        vec!["EXPUNGE".to_owned()]
    };
    let answers = session.run_all(&commands, &mut Nothing).await?;
    let refusal = answers.into_iter().find(|status| status.kind != Kind::Ok);
    session.notes.unexpunged = refusal.map(|status| format!("the server refused to expunge messages: {}", status.text));
    Ok(())
}
