//! LIST (RFC 3501 section 6.3.8): which mailboxes there are, for people to choose from.

use async_imap::types::Name;
use futures_util::StreamExt;

use super::session::{Session, ok};
use super::status::Status;
use super::text::printable;
use super::utf7;
use crate::error::Result;

/// Names that anybody reads.
const NAMES: usize = 50;

/// Octets of a list of names within an error.
const SHOWN: usize = 250;

/// As many of `names` as an error has room for.
pub(super) fn shown(names: &[String]) -> String {
    let mut shown = String::new();
    for (at, name) in names.iter().enumerate() {
        if shown.len() + name.len() > SHOWN {
            shown.push_str(&format!(" and {} more", names.len() - at));
            break;
        }
        if at > 0 {
            shown.push_str(", ");
        }
        shown.push_str(name);
    }
    shown
}

/// The names of the mailboxes that this user has, as people write them; the first 50.
pub(super) async fn names(session: &mut Session) -> Result<Vec<String>> {
    let mut names = Vec::new();
    let status = list(session, "\"*\"", |listed| {
        if names.len() < NAMES {
            names.push(printable(&utf7::decode(listed.name())));
        }
    });
    ok(status.await?, "LIST")?;
    Ok(names)
}

/// Gives each mailbox that matches `pattern` to `take`.
pub(super) async fn list(session: &mut Session, pattern: &str, mut take: impl FnMut(&Name) + Send) -> Result<Status> {
    session.begin();
    let listed = match session.imap.list(Some(""), Some(pattern)).await {
        Ok(mut listed) => {
            // To the end: the answer comes after the last one.
            while let Some(listed) = listed.next().await {
                listed.iter().for_each(&mut take);
            }
            Ok(())
        }
        Err(error) => Err(error),
    };
    session.answered(listed).map(|(status, _)| status)
}
