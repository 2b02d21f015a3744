//! What becomes of messages on the server: UID STORE (RFC 3501 section 6.4.8) and UID EXPUNGE (RFC 4315 section 2.1).
//! Never CLOSE, which expunges whatever anybody has marked.

use super::data::{Intake, Nothing};
use super::session::{Session, ok};
use super::stream::Wanted;
use super::uid_set::{SET_OCTETS, sets};
use crate::error::Result;
use crate::source::Mark;

/// Flags that the server tells are those we have just set, `.SILENT` or not.
struct OwnFlags;
impl Intake for OwnFlags {
    fn wanted(&self) -> Wanted {
        Wanted::flags()
    }
}

/// Sets the flags of `mark` on `uids` and returns when all of it is acknowledged.
pub(super) async fn mark(session: &mut Session, uids: &[u32], mark: Mark) -> Result<()> {
    let flags = match mark {
        Mark::Seen => "\\Seen",
        Mark::Deleted => "\\Seen \\Deleted",
        Mark::SetAside => "\\Seen \\Flagged",
    };
    add_flags(session, uids, flags).await
}

/// Sets `flags`, and leaves the others as they are.
pub(super) async fn add_flags(session: &mut Session, uids: &[u32], flags: &str) -> Result<()> {
    let commands: Vec<_> =
        sets(uids, SET_OCTETS).iter().map(|set| format!("UID STORE {} +FLAGS.SILENT ({flags})", set.text)).collect();
    for status in session.run_all(&commands, &mut OwnFlags).await? {
        ok(status, "to mark messages")?;
    }
    Ok(())
}

/// Expunges `uids`; all deleted messages where the server cannot do less.
pub(super) async fn expunge(session: &mut Session, uids: &[u32]) -> Result<()> {
    if uids.is_empty() {
        return Ok(());
    }
    let commands: Vec<_> = if session.capabilities.uid_expunge {
        sets(uids, SET_OCTETS).iter().map(|set| format!("UID EXPUNGE {}", set.text)).collect()
    } else {
        vec!["EXPUNGE".to_owned()]
    };
    for status in session.run_all(&commands, &mut Nothing).await? {
        ok(status, "to expunge messages")?;
    }
    Ok(())
}
