//! UID FETCH (RFC 3501 section 6.4.8) of sizes and of bodies. BODY.PEEK[]: a fetch changes no flag.

use std::collections::{BTreeMap, HashSet};

use super::session::{Fetch, Session};
use crate::error::{Error, Result};
use crate::message::MessageId;
use crate::source::narrow::{Narrowed, Refused, Request, narrow};
use crate::source::placeholder::is_placeholder;
use crate::source::{Attributes, Fetched};
use crate::transport::imap_stream::{Expected, Kind, Status};
use crate::transport::imap_syntax::sequence_set::{sequence_set, sets};

/// Fetches one item of several messages.
struct Fetching<'a> {
    session: &'a mut Session,
    item: &'static str,
    /// Octets of a body at most; `None` if no body is fetched.
    limit: Option<u64>,
    /// Asked for and not yet received. Everything else is ignored.
    missing: HashSet<u32>,
    /// Takes a response. Returns whether it has what was asked for.
    take: &'a mut (dyn FnMut(Fetch) -> bool + Send),
}

impl Request for Fetching<'_> {
    const PROBES: usize = 32;
    const MOST: usize = usize::MAX;

    fn cut(&self, uids: &[u32]) -> Vec<Vec<u32>> {
        sets(uids)
    }

    async fn ask(&mut self, sets: &[Vec<u32>]) -> Result<Vec<Option<Refused>>> {
        let Self { session, item, limit, missing, take } = self;
        let commands: Vec<_> = sets.iter().map(|set| format!("UID FETCH {} (UID {item})", sequence_set(set))).collect();
        let expected = limit.map_or_else(Expected::fetches, |limit| Expected::bodies(missing.iter().copied(), limit));
        let mut taken = |fetch: Fetch| {
            let uid = fetch.uid;
            if missing.contains(&uid) && take(fetch) {
                missing.remove(&uid);
            }
        };
        let answers = session.run_all(&commands, expected, &mut taken).await?;
        let left = |set: &Vec<u32>| set.iter().copied().filter(|uid| missing.contains(uid)).collect();
        sets.iter().zip(answers).map(|(set, status)| refusal(status, left(set))).collect()
    }
}

/// What the answer to a FETCH means for the messages `left`, which have not come.
fn refusal(status: Status, left: Vec<u32>) -> Result<Option<Refused>> {
    match status.code.as_str() {
        // RFC 5530: some are gone. Their absence shows that as well.
        _ if status.kind == Kind::Ok => Ok(None),
        "EXPUNGEISSUED" => Ok(None),
        // Asking for fewer messages at a time would mean to ask more often.
        "THROTTLED" | "LIMIT" => {
            Err(Error::Reconnect(format!("the server does not want to be asked now: {}", status.text)))
        }
        _ => Ok(Some(Refused { left, why: status.text, whole: false })),
    }
}

/// The attributes of those of `uids` that exist and whose size the server reports, ascending by UID. The first response for a
/// message counts.
pub(super) async fn sizes(session: &mut Session, uids: &[u32]) -> Result<Vec<Attributes>> {
    let mut found = BTreeMap::new();
    let mut take = |Fetch { uid, size, arrived, .. }: Fetch| {
        let attributes = size.map(|octets| Attributes { id: MessageId::Uid(uid), octets, arrived });
        attributes.map(|attributes| found.insert(uid, attributes)).is_some()
    };
    let mut left = uids.to_vec();
    if session.tells_dates {
        let (missing, item) = (uids.iter().copied().collect(), "RFC822.SIZE INTERNALDATE");
        let mut fetching = Fetching { session: &mut *session, item, limit: None, missing, take: &mut take };
        let answers = fetching.ask(&sets(uids)).await?;
        let refuses_all = answers.iter().all(Option::is_some);
        left = answers.into_iter().flatten().flat_map(|refused| refused.left).collect();
        // A server that does not want to tell dates is not asked for them again. One message may be the reason, but hardly of several.
        session.tells_dates = !(refuses_all && uids.len() > 1 && left.len() == uids.len());
    }
    // Whether those that it refuses can be fetched is for the fetch to find out.
    let (missing, item) = (left.iter().copied().collect(), "RFC822.SIZE");
    narrow(&mut Fetching { session, item, limit: None, missing, take: &mut take }, &left).await?;
    Ok(found.into_values().collect())
}

/// Gives the messages `uids` to `sink`, as they come.
///
/// # Errors
/// [`Error::Reconnect`] if the server refuses all of several messages: that is no single message's fault.
pub(super) async fn fetch(
    session: &mut Session,
    uids: &[u32],
    limit: u64,
    sink: &mut (dyn FnMut(Fetched) + Send),
) -> Result<()> {
    let mut take = |fetch: Fetch| {
        let id = MessageId::Uid(fetch.uid);
        let Some(body) = fetch.body else { return false };
        sink(match body.filter(|body| !is_placeholder(body)) {
            Some(body) => Fetched::Body(id, body),
            None => Fetched::Nil(id),
        });
        true
    };
    let missing = uids.iter().copied().collect();
    let mut fetching = Fetching { session, item: "BODY.PEEK[]", limit: Some(limit), missing, take: &mut take };
    match narrow(&mut fetching, uids).await? {
        Narrowed::All(text) => Err(Error::Reconnect(format!("the server refused to fetch: {text}"))),
        Narrowed::Some(refused) => {
            for (uid, why) in refused {
                sink(Fetched::Refused(MessageId::Uid(uid), format!("the server refused to fetch it: {why}")));
            }
            Ok(())
        }
    }
}
