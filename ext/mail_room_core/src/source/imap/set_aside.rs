//! Moves messages to `failed_mailbox` or `delivered_mailbox` with MOVE (RFC 6851), else COPY, `\Deleted` and UID EXPUNGE, or
//! marks them where they are. None is lost: before a message leaves one folder it is in the other.

use std::collections::BTreeSet;

use super::namespace;
use super::session::{Session, exchange};
use super::store;
use crate::error::Result;
use crate::observe::text::said;
use crate::source::Mark;
use crate::source::narrow::{Narrowed, Refused, Request, narrow};
use crate::transport::imap_stream::{Kind, Status};
use crate::transport::imap_syntax::mailbox_name::same;
use crate::transport::imap_syntax::sequence_set::{sequence_set, sets};
use crate::transport::imap_syntax::utf7;

/// Where messages go that get one kind of mark.
#[derive(Debug)]
pub(super) struct Destination {
    /// The mark of messages that stay.
    mark: Mark,
    /// The folder as it is configured.
    name: Option<String>,
    /// The name under which the server has taken messages.
    works: Option<String>,
    /// Messages that this session has copied to the folder. They must not be copied again if the mark after it was refused.
    copied: BTreeSet<u32>,
    /// The server lists MOVE and refuses it.
    no_move: bool,
}

impl Destination {
    /// The folder of this name for messages with `mark`; without a name, they stay.
    pub(super) fn new(name: Option<String>, mark: Mark) -> Self {
        Self { mark, name, works: None, copied: BTreeSet::new(), no_move: false }
    }

    /// Moves `uids`, or marks them. Returns a complaint if the folder does not take them: they are then left where they are.
    pub(super) async fn take(&mut self, session: &mut Session, uids: &[u32]) -> Result<Option<String>> {
        let Some(folder) = self.name.clone() else {
            store::mark(session, uids, self.mark).await?;
            return Ok(None);
        };
        // A message set aside stays unread in its folder; a delivered one is read from here on, whatever becomes of the move.
        let (flag, left_as, option) = match self.mark {
            Mark::SetAside => ("\\Flagged", "\\Flagged \\Seen", "failed_mailbox"),
            Mark::Seen | Mark::Deleted => ("\\Seen", "\\Seen", "delivered_mailbox"),
        };
        let complaint = |why: &str| {
            let folder = said(&folder);
            format!("the server does not move messages to {folder}: {why}; they are left {left_as} (check {option})")
        };
        if same(&folder, &session.mailbox) {
            // Found below the prefix of the user's own mailboxes. Moved there, messages would be new ones.
            store::mark(session, uids, self.mark).await?;
            return Ok(Some(complaint("it is the folder that is watched")));
        }
        let (copied, uids): (Vec<u32>, Vec<u32>) = uids.iter().partition(|uid| self.copied.contains(uid));
        remove(session, &copied).await?;
        store::add_flags(session, &uids, flag).await?;
        let transfer = &mut Transfer { session, destination: self, folder: &folder };
        let (left, text) = match narrow(transfer, &uids).await? {
            Narrowed::All(text) => (uids, text),
            Narrowed::Some(refused) => {
                let text = refused.last().map(|(_, text)| text.clone()).unwrap_or_default();
                (refused.into_iter().map(|(uid, _)| uid).collect(), text)
            }
        };
        store::mark(session, &left, self.mark).await?;
        Ok((!left.is_empty()).then(|| complaint(&text)))
    }
}

/// Moves messages to the folder.
struct Transfer<'a> {
    session: &'a mut Session,
    destination: &'a mut Destination,
    folder: &'a str,
}

impl Request for Transfer<'_> {
    const PROBES: usize = 3;
    const MOST: usize = usize::MAX;

    fn cut(&self, uids: &[u32]) -> Vec<Vec<u32>> {
        sets(uids)
    }

    async fn ask(&mut self, sets: &[Vec<u32>]) -> Result<Vec<Option<Refused>>> {
        let mut answers = Vec::new();
        for set in sets {
            let refusal = self.transfer(set).await?;
            answers.push(refusal.map(|status| Refused { left: set.clone(), why: status.text, whole: false }));
        }
        Ok(answers)
    }
}

impl Transfer<'_> {
    /// Moves `uids` into the folder of this name, or of this name below the prefix of the user's own mailboxes. Returns the
    /// server's answer if it refuses both.
    async fn transfer(&mut self, uids: &[u32]) -> Result<Option<Status>> {
        let name = self.destination.works.clone().unwrap_or_else(|| self.folder.to_owned());
        let Some(refusal) = self.transfer_into(uids, &name).await? else { return Ok(None) };
        if let Some(full) = namespace::with_prefix(self.session, &name).await?
            && !same(&full, &self.session.mailbox)
            && self.transfer_into(uids, &full).await?.is_none()
        {
            self.destination.works = Some(full);
            return Ok(None);
        }
        Ok(Some(refusal))
    }

    /// Moves `uids`, or copies them where the server does not move. Returns the server's answer if it refuses.
    async fn transfer_into(&mut self, uids: &[u32], folder: &str) -> Result<Option<Status>> {
        let mut moves = self.session.control.has("MOVE") && !self.destination.no_move;
        let mut answer = to_folder(self.session, uids, folder, moves).await?;
        if answer.kind != Kind::Ok {
            // Not all servers say TRYCREATE if there is no such folder. If it exists already, or must not be created, the next
            // try shows that.
            exchange!(self.session, create(utf7::encode(folder)))?;
            exchange!(self.session, subscribe(utf7::encode(folder)))?;
            answer = to_folder(self.session, uids, folder, moves).await?;
        }
        if answer.kind != Kind::Ok && moves {
            // RFC 6851 section 3.3: COPY, STORE and EXPUNGE do the same.
            answer = to_folder(self.session, uids, folder, false).await?;
            self.destination.no_move = answer.kind == Kind::Ok;
            moves = false;
        }
        if answer.kind != Kind::Ok {
            return Ok(Some(answer));
        }
        if !moves {
            self.destination.copied.extend(uids);
            remove(self.session, uids).await?;
        }
        Ok(None)
    }
}

async fn to_folder(session: &mut Session, uids: &[u32], folder: &str, moves: bool) -> Result<Status> {
    let (uids, name) = (sequence_set(uids), utf7::encode(folder));
    let status = match moves {
        true => exchange!(session, uid_mv(uids, name))?.0,
        false => exchange!(session, uid_copy(uids, name))?.0,
    };
    Ok(status)
}

/// Removes messages that were copied.
async fn remove(session: &mut Session, uids: &[u32]) -> Result<()> {
    store::mark(session, uids, Mark::Deleted).await?;
    // Without UIDPLUS, messages that others have marked would be expunged, too.
    if session.control.has("UIDPLUS") {
        store::expunge(session, uids).await?;
    }
    Ok(())
}
