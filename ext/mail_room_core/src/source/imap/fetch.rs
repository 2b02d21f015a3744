//! UID FETCH (RFC 3501 section 6.4.8) of sizes and of bodies. BODY.PEEK[]: a fetch changes no flag.

use std::collections::{BTreeMap, HashSet};

use super::data::{Data, Intake, Text};
use super::narrow::{self, Narrowed, Wanting};
use super::placeholder::is_placeholder;
use super::session::Session;
use super::stream::Wanted;
use crate::error::{Error, Result};
use crate::message::MessageId;
use crate::source::Fetched;

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

impl Wanting for Sizes {
    fn wants(&self, uid: u32) -> bool {
        self.wanted.contains(&uid) && !self.sizes.contains_key(&uid)
    }
}

/// The sizes in octets of those of `uids` that still exist and whose size the server tells, ascending by UID.
pub(super) async fn sizes(session: &mut Session, uids: &[u32]) -> Result<Vec<(u32, u64)>> {
    let mut sizes = Sizes { wanted: uids.iter().copied().collect(), sizes: BTreeMap::new() };
    // Whether those that it refuses can be fetched is for the fetch to find out.
    narrow::fetch(session, uids, "RFC822.SIZE", &mut sizes).await?;
    Ok(sizes.sizes.into_iter().collect())
}

/// Passes bodies on as they come.
struct Bodies<'a> {
    /// Asked for and not yet given.
    missing: HashSet<u32>,
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
            Text::Kept(body) if is_placeholder(&body) => Fetched::Nil(MessageId::Uid(uid)),
            Text::Kept(body) => Fetched::Body(MessageId::Uid(uid), body),
            Text::Nil => Fetched::Nil(MessageId::Uid(uid)),
            Text::Skipped => return Ok(()),
        };
        self.missing.remove(&uid);
        (self.sink)(fetched);
        Ok(())
    }
}

impl Wanting for Bodies<'_> {
    fn wants(&self, uid: u32) -> bool {
        self.missing.contains(&uid)
    }
}

/// Gives the messages `uids` to `sink`.
///
/// # Errors
/// [`Error::Reconnect`] if the server refuses all of several messages: that is no single message's fault.
pub(super) async fn fetch(
    session: &mut Session,
    uids: &[u32],
    limit: u64,
    sink: &mut (dyn FnMut(Fetched) + Send),
) -> Result<()> {
    let mut bodies = Bodies { missing: uids.iter().copied().collect(), limit, sink };
    let narrowed = narrow::fetch(session, uids, "BODY.PEEK[]", &mut bodies).await?;
    let refused = match narrowed {
        Narrowed::Some(refused) => refused,
        Narrowed::All(text) => return Err(Error::Reconnect(format!("the server refused to fetch: {text}"))),
    };
    for (uid, why) in refused {
        sink(Fetched::Refused(MessageId::Uid(uid), format!("the server refused to fetch it: {why}")));
    }
    Ok(())
}
