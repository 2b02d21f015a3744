//! What the exchange that is under way asked for, and how much the server may send in answer. Decides about literals and lines
//! before they are read.

use std::collections::HashSet;

use async_imap::imap_proto::Response;

use super::response::{is_body, is_fetch, is_search, parsed, uid};
use crate::error::{Error, Result};

/// Octets of a line without its literals, unless a search is under way.
const LINE: usize = 64 << 10;
/// Octets of an answer to SEARCH: more than a million UIDs in one line.
const FOUND: usize = 16 << 20;
/// Octets of all literals of a response together that are no bodies.
pub(super) const SMALL_LITERALS: u64 = 64 << 10;
/// Lines and octets (literals aside) that may come in answer to one command. A million changed flags are plausible.
const LINES: u32 = 2_000_000;
const OCTETS: usize = 128 << 20;

/// What to do with a literal that is about to come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Keep {
    /// It is small and part of the line.
    Text,
    /// It is a message that was asked for, and its size was checked.
    Body,
    /// It was not asked for.
    Skip,
}

/// What one exchange expects.
#[derive(Debug)]
pub(crate) struct Expected {
    /// Messages whose bodies were asked for and have not come yet, of at most `limit` octets each.
    pub(crate) bodies: HashSet<u32>,
    pub(crate) limit: u64,
    /// FETCH responses are what was asked for: one that cannot be read is an error.
    pub(crate) fetches: bool,
    /// So are SEARCH responses.
    pub(crate) search: bool,
    /// The command itself makes servers report flags, which are no news then.
    pub(crate) changes_flags: bool,
    lines: u32,
    octets: usize,
}

impl Default for Expected {
    fn default() -> Self {
        Self {
            bodies: HashSet::new(),
            limit: 0,
            fetches: false,
            search: false,
            changes_flags: false,
            lines: LINES,
            octets: OCTETS,
        }
    }
}

impl Expected {
    /// The messages `uids`, of at most `limit` octets each.
    pub(crate) fn bodies(uids: impl IntoIterator<Item = u32>, limit: u64) -> Self {
        Self { bodies: uids.into_iter().collect(), limit, fetches: true, ..Self::default() }
    }

    /// Sizes, or other small data of messages.
    pub(crate) fn fetches() -> Self {
        Self { fetches: true, ..Self::default() }
    }

    /// UIDs.
    pub(crate) fn search() -> Self {
        Self { search: true, ..Self::default() }
    }

    /// Nothing but flags that were changed.
    pub(crate) fn flags() -> Self {
        Self { changes_flags: true, ..Self::default() }
    }

    /// An answer of a pipeline is complete: the next one has all of its own.
    pub(crate) fn renew(&mut self) {
        (self.lines, self.octets) = (LINES, OCTETS);
    }

    /// Counts what came.
    pub(super) fn spend(&mut self, octets: usize, line_ended: bool) -> Result<()> {
        let left = self.lines.checked_sub(u32::from(line_ended)).zip(self.octets.checked_sub(octets));
        (self.lines, self.octets) =
            left.ok_or_else(|| Error::Reconnect("the server talks without end and does not answer".into()))?;
        Ok(())
    }

    /// Octets a line that begins with `text` may have without its literals.
    pub(super) fn line_limit(&self, text: &[u8]) -> usize {
        if self.search && is_search(text) { FOUND } else { LINE }
    }

    /// Decides about a literal of `octets` that is announced after `text`.
    pub(super) fn literal(&self, text: &[u8], octets: u64) -> Result<Keep> {
        if !is_body(text) {
            return Ok(if is_fetch(text) { Keep::Skip } else { Keep::Text });
        }
        match uid_so_far(text) {
            Some(uid) if !self.bodies.contains(&uid) => Ok(Keep::Skip),
            _ if self.bodies.is_empty() => Ok(Keep::Skip),
            _ if octets > self.limit => Err(Error::Unparseable(format!(
                "the server sends a message of {octets} octets, more than the {} it may have",
                self.limit
            ))),
            _ => Ok(Keep::Body),
        }
    }
}

/// The UID in `text`, the beginning of a FETCH response up to the value of `BODY[]`; `None` if it has not come yet.
fn uid_so_far(text: &[u8]) -> Option<u32> {
    let closed = [text, b"NIL)\r\n"].concat();
    match parsed(&closed)? {
        Response::Fetch(_, items) => uid(&items),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn knows_the_message_before_its_body() {
        let exchange = Expected::bodies([7], 10);
        for (text, expected) in [
            ("* 1 FETCH (UID 7 BODY[] ", Keep::Body),
            ("* 1 FETCH (FLAGS (\\Seen) UID 7 body[] ", Keep::Body),
            ("* 1 fetch (BODY[] ", Keep::Body),
            ("* 1 FETCH (UID 8 BODY[] ", Keep::Skip),
            ("* 1 FETCH (UID 7 BODY[TEXT] ", Keep::Skip),
            ("* 1 FETCH (UID 7 XBODY[] ", Keep::Skip),
            ("* LIST () \"/\" ", Keep::Text),
            ("* LIST () BODY[] ", Keep::Text),
        ] {
            assert_eq!(exchange.literal(text.as_bytes(), 10).unwrap(), expected, "{text}");
        }
        assert!(exchange.literal(b"* 1 FETCH (UID 7 BODY[] ", 11).is_err());
        assert_eq!(Expected::default().literal(b"* 1 FETCH (UID 7 BODY[] ", u64::MAX).unwrap(), Keep::Skip);
    }
}
