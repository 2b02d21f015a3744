//! FETCH of several messages where one of them makes the server refuse (NO or BAD) whatever names it: the set is halved
//! until that one is alone. Its neighbours must not suffer for it. A server that ends the connection instead leaves nothing
//! to halve here: the sweep asks for smaller sets over the next connections.

use super::data::Intake;
use super::session::Session;
use super::status::{Kind, Status};
use super::uid_set::{SET_OCTETS, UidSet, sets};
use crate::error::{Error, Result};

/// Sets that are refused while none is answered before single messages are tried, and how many of these then. If the server
/// refuses them all, it refuses everything.
const PROBES: usize = 32;

/// An intake that knows what has not come yet.
pub(super) trait Wanting: Intake {
    /// Whether the message was asked for and has not come.
    fn wants(&self, uid: u32) -> bool;
}

/// What a fetch comes to.
#[derive(Debug)]
pub(super) enum Narrowed {
    /// These were refused each by itself, and why; the others were answered.
    Some(Vec<(u32, String)>),
    /// The server refuses everything; the last of its reasons.
    All(String),
}

/// Fetches `item` of `uids`. One message that is refused when asked for alone counts as [`Narrowed::Some`].
pub(super) async fn fetch(
    session: &mut Session,
    uids: &[u32],
    item: &str,
    intake: &mut dyn Wanting,
) -> Result<Narrowed> {
    let mut pending = sets(uids, SET_OCTETS);
    let mut refused = Vec::new();
    let mut last = String::new();
    // Whether the server has shown that it can fetch.
    let mut works = uids.len() < 2;
    while !pending.is_empty() {
        let mut next = Vec::new();
        for (set, status) in ask(session, &pending, item, intake).await? {
            let Some(status) = status else {
                works = true;
                continue;
            };
            let missing: Vec<u32> = set.uids.iter().copied().filter(|uid| intake.wants(*uid)).collect();
            works |= missing.len() < set.uids.len();
            last.clone_from(&status.text);
            match missing.as_slice() {
                [] => {}
                [uid] if set.uids.len() == 1 => refused.push((*uid, status.text)),
                missing => {
                    let (first, second) = missing.split_at(missing.len() / 2);
                    next.extend([first, second].into_iter().flat_map(|half| sets(half, SET_OCTETS)));
                }
            }
        }
        if !works && next.len() > PROBES {
            next = probe(session, next, item, intake, &mut refused).await?;
            if next.is_empty() {
                return Ok(Narrowed::All(last));
            }
            works = true;
        }
        pending = next;
    }
    Ok(if works { Narrowed::Some(refused) } else { Narrowed::All(last) })
}

/// Asks for `sets` and returns each with its refusal, if it was refused.
async fn ask<'a>(
    session: &mut Session,
    sets: &'a [UidSet],
    item: &str,
    intake: &mut dyn Wanting,
) -> Result<Vec<(&'a UidSet, Option<Status>)>> {
    let commands: Vec<_> = sets.iter().map(|set| format!("UID FETCH {} (UID {item})", set.text)).collect();
    let statuses = session.run_all(&commands, intake).await?;
    sets.iter()
        .zip(statuses)
        .map(|(set, status)| match status.code.as_str() {
            _ if status.kind == Kind::Ok => Ok((set, None)),
            // RFC 5530: some are gone, which their absence says as well.
            "EXPUNGEISSUED" => Ok((set, None)),
            // Asking for less of it would be asking more often.
            "THROTTLED" | "LIMIT" => {
                Err(Error::Reconnect(format!("the server does not want to be asked now: {}", status.text)))
            }
            _ => Ok((set, Some(status))),
        })
        .collect()
}

/// Asks for single messages, taken from all over `sets`. Returns what is still to be asked for; nothing if all were refused.
async fn probe(
    session: &mut Session,
    mut sets: Vec<UidSet>,
    item: &str,
    intake: &mut dyn Wanting,
    refused: &mut Vec<(u32, String)>,
) -> Result<Vec<UidSet>> {
    let step = sets.len().div_ceil(PROBES).max(1);
    let singles: Vec<_> = sets
        .iter()
        .step_by(step)
        .filter_map(|set| set.uids.first().map(|uid| UidSet { text: uid.to_string(), uids: vec![*uid] }))
        .collect();
    let mut works = false;
    for (set, status) in ask(session, &singles, item, intake).await? {
        match (status, set.uids.as_slice()) {
            (Some(status), [uid]) => refused.push((*uid, status.text)),
            _ => works = true,
        }
    }
    if !works {
        return Ok(Vec::new());
    }
    let asked = |uid: &u32| singles.iter().any(|single| single.uids.contains(uid));
    sets.retain_mut(|set| {
        set.uids.retain(|uid| !asked(uid));
        !set.uids.is_empty()
    });
    Ok(sets.iter().flat_map(|set| self::sets(&set.uids, SET_OCTETS)).collect())
}
