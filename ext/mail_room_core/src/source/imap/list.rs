//! LIST (RFC 3501 section 6.3.8): which mailboxes there are, for people to choose from.

use futures_util::StreamExt;

use super::session::{Session, ok};
use super::text::printable;
use super::utf7;
use crate::error::Result;

/// Names that anybody reads.
const NAMES: usize = 50;

/// The names of the mailboxes that this user has, as people write them; the first 50.
pub(super) async fn names(session: &mut Session) -> Result<Vec<String>> {
    session.begin();
    let mut names = Vec::new();
    let listed = match session.imap.list(Some(""), Some("\"*\"")).await {
        Ok(mut listed) => {
            while let Some(Ok(listed)) = listed.next().await {
                if names.len() < NAMES {
                    names.push(printable(&utf7::decode(listed.name())));
                }
            }
            Ok(())
        }
        Err(error) => Err(error),
    };
    let (status, _) = session.answered(listed)?;
    ok(status, "LIST")?;
    Ok(names)
}
