//! What becomes of a message that was given up: `\Seen \Flagged` where it is, or moved to a folder of its own with MOVE
//! (RFC 6851), else COPY, `\Deleted` and UID EXPUNGE. It is never lost: before it leaves one place it is in the other.

use std::collections::BTreeSet;

use super::namespace;
use super::session::Session;
use super::status::{Kind, Status};
use super::store;
use super::text::printable;
use super::uid_set::{SET_OCTETS, UidSet, sets};
use super::utf7;
use crate::error::Result;
use crate::source::Mark;

/// Single messages that the server may refuse to move before it is taken to refuse them all.
const IN_VAIN: usize = 3;

/// Where messages go that are set aside.
#[derive(Debug, Default)]
pub(super) struct Failed {
    /// The folder as it is configured.
    name: Option<String>,
    /// The name under which the server has taken messages.
    works: Option<String>,
    /// Messages of this session that are in the folder by COPY: a mark that is refused after it must not copy them again.
    copied: BTreeSet<u32>,
}

impl Failed {
    /// In this folder, if there is one.
    pub(super) fn new(name: Option<String>) -> Self {
        Self { name, ..Self::default() }
    }

    /// Sets `uids` aside. Returns a complaint if the folder does not take them: they are then left where they are.
    pub(super) async fn set_aside(&mut self, session: &mut Session, uids: &[u32]) -> Result<Option<String>> {
        let Some(folder) = self.name.clone() else {
            store::mark(session, uids, Mark::SetAside).await?;
            return Ok(None);
        };
        let mut complaint = None;
        let (copied, uids): (Vec<u32>, Vec<u32>) = uids.iter().partition(|uid| self.copied.contains(uid));
        if !copied.is_empty() {
            remove(session, &copied).await?;
        }
        for set in sets(&uids, SET_OCTETS) {
            store::add_flags(session, &set.uids, "\\Flagged").await?;
            let Some(mut refusal) = self.transfer(session, &set, &folder).await? else { continue };
            let left = match set.uids.len() {
                1 => set.uids,
                _ => self.transfer_each(session, set.uids, &folder, &mut refusal).await?,
            };
            if left.is_empty() {
                continue;
            }
            store::mark(session, &left, Mark::SetAside).await?;
            complaint = Some(format!(
                "the server does not move messages to {}: {}; they are left \\Flagged \\Seen (check failed_mailbox)",
                printable(&folder),
                refusal.text
            ));
        }
        Ok(complaint)
    }

    /// Moves `uids` one by one: the server may have refused all of them for the sake of one. Returns those that it refuses,
    /// and the rest if it moves none.
    async fn transfer_each(
        &mut self,
        session: &mut Session,
        uids: Vec<u32>,
        folder: &str,
        refusal: &mut Status,
    ) -> Result<Vec<u32>> {
        let mut left = Vec::new();
        let mut moved = 0_usize;
        for uid in uids {
            if moved == 0 && left.len() >= IN_VAIN {
                left.push(uid);
                continue;
            }
            let single = UidSet { text: uid.to_string(), uids: vec![uid] };
            match self.transfer(session, &single, folder).await? {
                None => moved += 1,
                Some(status) => {
                    *refusal = status;
                    left.push(uid);
                }
            }
        }
        Ok(left)
    }

    /// Moves a set into the folder of this name, or of this name below the prefix of the user's own mailboxes. Returns the
    /// server's answer if it refuses both.
    async fn transfer(&mut self, session: &mut Session, set: &UidSet, folder: &str) -> Result<Option<Status>> {
        let name = self.works.clone().unwrap_or_else(|| folder.to_owned());
        let Some(refusal) = self.transfer_into(session, set, &name).await? else { return Ok(None) };
        if let Some(full) = namespace::with_prefix(session, &name).await?
            && full != session.mailbox
            && self.transfer_into(session, set, &full).await?.is_none()
        {
            self.works = Some(full);
            return Ok(None);
        }
        Ok(Some(refusal))
    }

    /// Moves a set. Returns the server's answer if it refuses.
    async fn transfer_into(&mut self, session: &mut Session, set: &UidSet, folder: &str) -> Result<Option<Status>> {
        if let Some(refusal) = transfer(session, set, folder).await? {
            return Ok(Some(refusal));
        }
        if !session.capabilities.moves {
            self.copied.extend(&set.uids);
            remove(session, &set.uids).await?;
        }
        Ok(None)
    }
}

/// Removes what was copied.
async fn remove(session: &mut Session, uids: &[u32]) -> Result<()> {
    store::mark(session, uids, Mark::Deleted).await?;
    // Without UIDPLUS whatever anybody has marked would go, too.
    if session.capabilities.uid_expunge {
        store::expunge(session, uids).await?;
    }
    Ok(())
}

/// Moves a set, or copies it where the server does not move. Returns the server's answer if it refuses.
async fn transfer(session: &mut Session, set: &UidSet, folder: &str) -> Result<Option<Status>> {
    let mut answer = to_folder(session, set, folder).await?;
    if answer.kind != Kind::Ok {
        // Whatever word it refuses with: not all of them say TRYCREATE where there is no such folder.
        create(session, folder).await?;
        answer = to_folder(session, set, folder).await?;
    }
    if answer.kind != Kind::Ok && session.capabilities.moves {
        // Announced and not there (RFC 6851): the same in three steps.
        session.capabilities.moves = false;
        answer = to_folder(session, set, folder).await?;
        session.capabilities.moves = answer.kind != Kind::Ok;
    }
    if answer.kind != Kind::Ok {
        return Ok(Some(answer));
    }
    Ok(None)
}

async fn to_folder(session: &mut Session, set: &UidSet, folder: &str) -> Result<Status> {
    let name = utf7::encode(folder);
    session.begin();
    let done = if session.capabilities.moves {
        session.imap.uid_mv(&set.text, name).await
    } else {
        session.imap.uid_copy(&set.text, name).await
    };
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
