//! Marks and expunges messages: UID STORE (RFC 3501 section 6.4.8) and UID EXPUNGE (RFC 4315 section 2.1). Never CLOSE, which
//! also expunges messages that others have marked.

use super::session::Session;
use crate::error::Result;
use crate::source::Mark;
use crate::source::narrow::{Narrowed, Refused, Request, narrow};
use crate::transport::imap_stream::{Expected, Kind};
use crate::transport::imap_syntax::sequence_set::{sequence_set, sets};

/// Flags that are added to messages; the others stay.
struct Storing<'a> {
    session: &'a mut Session,
    flags: &'static str,
}

impl Request for Storing<'_> {
    const PROBES: usize = 8;
    const MOST: usize = 256;

    fn cut(&self, uids: &[u32]) -> Vec<Vec<u32>> {
        sets(uids)
    }

    async fn ask(&mut self, sets: &[Vec<u32>]) -> Result<Vec<Option<Refused>>> {
        let command = |set: &Vec<u32>| format!("UID STORE {} +FLAGS.SILENT ({})", sequence_set(set), self.flags);
        let commands: Vec<_> = sets.iter().map(command).collect();
        // The server may report the flags that we have just set, in spite of `.SILENT`.
        let answers = self.session.run_all(&commands, Expected::flags(), &mut |_| {}).await?;
        let refusals = sets.iter().zip(answers).map(|(set, status)| {
            // RFC 5530, RFC 9738, Yahoo, Exchange.
            let whole = matches!(status.code.as_str(), "UNAVAILABLE" | "THROTTLED" | "INUSE" | "LIMIT" | "OVERQUOTA");
            (status.kind != Kind::Ok).then(|| Refused { left: set.clone(), why: status.text, whole })
        });
        Ok(refusals.collect())
    }
}

/// Sets the flags of `mark` on `uids`. Messages that the server refuses to mark are added to [`Session::unmarked`].
pub(super) async fn mark(session: &mut Session, uids: &[u32], mark: Mark) -> Result<()> {
    let flags = match mark {
        Mark::Seen => "\\Seen",
        Mark::Deleted => "\\Seen \\Deleted",
        Mark::SetAside => "\\Seen \\Flagged",
    };
    add_flags(session, uids, flags).await
}

/// Adds `flags`. A server refuses a whole set because of one message, so a refused set is halved until the others are marked.
pub(super) async fn add_flags(session: &mut Session, uids: &[u32], flags: &'static str) -> Result<()> {
    let refused = match narrow(&mut Storing { session, flags }, uids).await? {
        Narrowed::Some(refused) => refused,
        Narrowed::All(text) => uids.iter().map(|uid| (*uid, text.clone())).collect(),
    };
    let unmarked = refused.into_iter().map(|(uid, text)| (uid, format!("the server refused to mark it: {text}")));
    session.unmarked.extend(unmarked);
    Ok(())
}

/// Expunges `uids`, or all deleted messages if the server has no UID EXPUNGE. A refusal is kept in [`Session::unexpunged`].
pub(super) async fn expunge(session: &mut Session, uids: &[u32]) -> Result<()> {
    if uids.is_empty() {
        return Ok(());
    }
    let commands: Vec<_> = if session.control.has("UIDPLUS") {
        sets(uids).iter().map(|set| format!("UID EXPUNGE {}", sequence_set(set))).collect()
    } else {
        vec!["EXPUNGE".to_owned()]
    };
    let answers = session.run_all(&commands, Expected::default(), &mut |_| {}).await?;
    let refusal = answers.into_iter().find(|status| status.kind != Kind::Ok);
    session.unexpunged = refusal.map(|status| format!("the server refused to expunge messages: {}", status.text));
    Ok(())
}
