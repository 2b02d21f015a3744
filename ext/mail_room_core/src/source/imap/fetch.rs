//! UID FETCH (RFC 3501 section 6.4.8) of sizes and of bodies. BODY.PEEK[]: a fetch changes no flag.

use std::collections::{BTreeMap, HashSet};

use super::data::{Data, Intake, Text};
use super::session::Session;
use super::status::{Kind, Status};
use super::stream::Wanted;
use super::uid_set::{SET_OCTETS, UidSet, sets};
use crate::error::{Error, Result};
use crate::message::MessageId;
use crate::source::Fetched;

/// Messages that are fetched one by one after the server refused to fetch them together.
const ONE_BY_ONE: usize = 64;

/// What a message is taken to have if the server refuses to tell.
const ASSUMED_OCTETS: u64 = 1 << 20;

/// Sizes of the messages asked for; the first answer counts.
struct Sizes {
    wanted: HashSet<u32>,
    sizes: BTreeMap<u32, u64>,
}

impl Intake for Sizes {
    fn wanted(&self) -> Wanted {
        Wanted::fetches()
    }

    fn take(&mut self, data: Data) -> Result<()> {
        if let Data::Fetch(fetch) = data
            && let (Some(uid), Some(size)) = (fetch.uid, fetch.size)
            && self.wanted.contains(&uid)
        {
            self.sizes.entry(uid).or_insert(size);
        }
        Ok(())
    }
}

/// The sizes in octets of those of `uids` that still exist, ascending by UID.
pub(super) async fn sizes(session: &mut Session, uids: &[u32]) -> Result<Vec<(u32, u64)>> {
    let mut sizes = Sizes { wanted: uids.iter().copied().collect(), sizes: BTreeMap::new() };
    let sets = sets(uids, SET_OCTETS);
    let commands: Vec<_> = sets.iter().map(|set| fetch_command(set, "RFC822.SIZE")).collect();
    let statuses = session.run_all(&commands, &mut sizes).await?;
    for (set, status) in sets.iter().zip(statuses).filter(|(_, status)| refused(status)) {
        if status.kind != Kind::No || status.is_transient() {
            return Err(refusal(&status.text));
        }
        // One message it cannot read is enough for a NO, and must not hide its neighbours: whether it can be fetched
        // is for the fetch to find out.
        for uid in &set.uids {
            sizes.sizes.entry(*uid).or_insert(ASSUMED_OCTETS);
        }
    }
    Ok(sizes.sizes.into_iter().collect())
}

/// Passes bodies on as they come.
struct Bodies<'a> {
    /// Asked for and not yet given.
    missing: HashSet<u32>,
    given: usize,
    limit: u64,
    sink: &'a mut (dyn FnMut(Fetched) + Send),
}

impl Intake for Bodies<'_> {
    fn wanted(&self) -> Wanted {
        Wanted::bodies(self.missing.iter().copied(), self.limit)
    }

    fn take(&mut self, data: Data) -> Result<()> {
        let Data::Fetch(fetch) = data else { return Ok(()) };
        let (Some(uid), Some(body)) = (fetch.uid, fetch.body) else { return Ok(()) };
        // Not asked for, or the same a second time: no matter.
        if !self.missing.contains(&uid) {
            return Ok(());
        }
        let fetched = match body {
            Text::Kept(body) => Fetched::Body(MessageId::Uid(uid), body),
            Text::Nil => Fetched::Nil(MessageId::Uid(uid)),
            Text::Skipped => return Ok(()),
        };
        self.missing.remove(&uid);
        self.given += 1;
        (self.sink)(fetched);
        Ok(())
    }
}

/// Gives the messages `uids` to `sink`.
pub(super) async fn fetch(
    session: &mut Session,
    uids: &[u32],
    limit: u64,
    sink: &mut (dyn FnMut(Fetched) + Send),
) -> Result<()> {
    let sets = sets(uids, SET_OCTETS);
    let mut bodies = Bodies { missing: uids.iter().copied().collect(), given: 0, limit, sink };
    let commands: Vec<_> = sets.iter().map(|set| fetch_command(set, "BODY.PEEK[]")).collect();
    let statuses = session.run_all(&commands, &mut bodies).await?;
    // A server refuses a whole command for one message it cannot read. Its neighbours must not suffer for it.
    let mut suspects: Vec<u32> = Vec::new();
    let mut reason = None;
    for (set, status) in sets.iter().zip(statuses) {
        if refused(&status) {
            if status.kind != Kind::No || status.is_transient() {
                return Err(refusal(&status.text));
            }
            suspects.extend(set.uids.iter().filter(|uid| bodies.missing.contains(*uid)));
            reason = Some(status.text);
        }
    }
    let Some(reason) = reason else { return Ok(()) };
    if suspects.len() > ONE_BY_ONE || uids.len() < 2 {
        return Err(refusal(&reason));
    }
    let commands: Vec<_> = suspects.iter().map(|uid| format!("UID FETCH {uid} (UID BODY.PEEK[])")).collect();
    let statuses = session.run_all(&commands, &mut bodies).await?;
    match statuses.into_iter().find(refused) {
        None => Ok(()),
        // Other messages came, so it is these: the caller counts them and sets them aside in the end.
        Some(status) if bodies.given > 0 && status.kind == Kind::No && !status.is_transient() => {
            Err(Error::Unparseable(format!("the server cannot fetch some messages: {}", status.text)))
        }
        Some(status) => Err(refusal(&status.text)),
    }
}

fn fetch_command(set: &UidSet, item: &str) -> String {
    format!("UID FETCH {} (UID {item})", set.text)
}

/// EXPUNGEISSUED (RFC 5530) only says that some are gone, which their absence says as well.
fn refused(status: &Status) -> bool {
    status.kind != Kind::Ok && status.code != "EXPUNGEISSUED"
}

fn refusal(text: &str) -> Error {
    Error::Reconnect(format!("the server refused to fetch: {text}"))
}
