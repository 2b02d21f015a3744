//! LIST (RFC 3501 section 6.3.8): which mailboxes there are, for people to choose from.

use async_imap::types::Name;
use futures_util::StreamExt;

use super::session::{Session, ok};
use crate::error::Result;
use crate::observe::text::said;
use crate::transport::imap_stream::Status;
use crate::transport::imap_syntax::utf7;

/// Names that are listed at most.
const NAMES: usize = 50;
/// Octets of a list of names in an error.
const SHOWN: usize = 250;

/// As many of `names` as fit into an error.
pub(crate) fn shown(names: &[String]) -> String {
    let mut shown = String::new();
    for (at, name) in names.iter().enumerate() {
        if shown.len() + name.len() > SHOWN {
            return format!("{shown} and {} more", names.len() - at);
        }
        shown.push_str(if at > 0 { ", " } else { "" });
        shown.push_str(name);
    }
    shown
}

/// The names of the mailboxes that this user has, as people write them; the first 50.
pub(crate) async fn names(session: &mut Session) -> Result<Vec<String>> {
    let (status, listed) = list(session, "\"*\"", NAMES).await?;
    ok(status, "LIST")?;
    Ok(listed.iter().map(|listed| said(&utf7::decode(listed.name()))).collect())
}

/// The first `most` mailboxes that match `pattern`.
pub(crate) async fn list(session: &mut Session, pattern: &str, most: usize) -> Result<(Status, Vec<Name>)> {
    session.begin();
    let mut names = Vec::new();
    let listed = match session.imap.list(Some(""), Some(pattern)).await {
        Ok(mut listed) => {
            // To the end, because the answer comes after the last one.
            while let Some(listed) = listed.next().await {
                names.extend(listed.ok().filter(|_| names.len() < most));
            }
            Ok(())
        }
        Err(error) => Err(error),
    };
    session.answered(listed).map(|(status, _)| (status, names))
}
