//! One response off the wire: a line, with its literals beside it. What it means is `parse.rs`'s business, what is kept
//! of it the caller's.

use std::collections::VecDeque;

use super::parse::Data;
use super::wire::Wire;
use crate::error::{Error, Result};

/// Octets of a line without its literals, unless a command expects more.
const LINE: usize = 64 << 10;
/// Octets of all literals of a response together that nobody asked for in particular.
const SMALL_LITERALS: u64 = 64 << 10;

/// A literal as far as it was kept.
#[derive(Debug)]
pub(super) enum Literal {
    Kept(Vec<u8>),
    Skipped,
}

/// A line in which each literal is left as its announcement (`{5}`), and the literals in their order.
#[derive(Debug, Default)]
pub(super) struct Response {
    pub(super) text: Vec<u8>,
    pub(super) literals: VecDeque<Literal>,
}

/// What to do with a literal that is about to come.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Keep {
    /// It is small and part of the line.
    Small,
    /// It is what was asked for, and its size was checked.
    Body,
    /// Nobody wants it.
    Skip,
}

/// What a command does with what the server sends before the tagged answer. By default nothing.
pub(super) trait Intake: Send {
    /// Octets a line may have without its literals.
    fn line_limit(&self) -> usize {
        LINE
    }

    /// Decides about a literal of `octets` announced at the end of `text`, before a byte of it is read.
    fn literal(&mut self, _text: &[u8], _octets: u64) -> Result<Keep> {
        Ok(Keep::Small)
    }

    /// Takes untagged data.
    fn take(&mut self, _data: Data) -> Result<()> {
        Ok(())
    }

    /// Whether the command itself makes servers tell flags, which are no news then.
    fn changes_flags(&self) -> bool {
        false
    }
}

/// The intake of a command that expects nothing.
pub(super) struct Nothing;
impl Intake for Nothing {}

impl Wire {
    /// Reads one response.
    pub(super) async fn response(&mut self, intake: &mut dyn Intake) -> Result<Response> {
        let mut response = Response::default();
        let mut small = 0_u64;
        let mut bodies = 0_u32;
        loop {
            self.line(&mut response.text, intake.line_limit()).await?;
            if is_text(&response.text) {
                return Ok(response);
            }
            let Some(octets) = announced(&response.text)? else { return Ok(response) };
            let kept = intake.literal(&response.text, octets)?;
            match kept {
                Keep::Small => {
                    small = small.saturating_add(octets);
                    if small > SMALL_LITERALS {
                        return Err(Error::Unparseable(format!(
                            "the server sent a string of {octets} octets that nobody asked for"
                        )));
                    }
                }
                Keep::Body => bodies += 1,
                Keep::Skip => {}
            }
            if bodies > 1 {
                return Err(Error::Unparseable("the server sent two bodies in one answer".into()));
            }
            response.literals.push_back(if kept == Keep::Skip {
                self.skip(octets).await?;
                Literal::Skipped
            } else {
                let octets = usize::try_from(octets).map_err(|_| Error::Unparseable("a string is too long".into()))?;
                Literal::Kept(self.literal(octets).await?)
            });
        }
    }
}

/// Whether a line ends in text for people, in which `{5}` announces nothing: a status response or a continuation.
fn is_text(line: &[u8]) -> bool {
    let Some(data) = line.strip_prefix(b"* ") else { return true };
    let word = data.split(|byte| *byte == b' ').next().unwrap_or_default();
    [&b"OK"[..], b"NO", b"BAD", b"BYE", b"PREAUTH"].iter().any(|status| word.eq_ignore_ascii_case(status))
}

/// The size of the literal announced at the end of `line`: `{5}`, `{5+}` or `~{5}` (RFC 3516).
fn announced(line: &[u8]) -> Result<Option<u64>> {
    let Some(open) = line.iter().rposition(|byte| *byte == b'{') else { return Ok(None) };
    let Some(digits) = line.get(open + 1..).and_then(|rest| rest.strip_suffix(b"}")) else { return Ok(None) };
    let digits = digits.strip_suffix(b"+").unwrap_or(digits);
    if digits.is_empty() || !digits.iter().all(u8::is_ascii_digit) {
        return Ok(None);
    }
    let size = std::str::from_utf8(digits).ok().and_then(|digits| digits.parse().ok());
    size.map(Some).ok_or_else(|| Error::Unparseable("the server announced a string of an impossible size".into()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_announcements() {
        for (line, expected) in [
            ("* 1 FETCH (BODY[] {0}", Some(0)),
            ("* 1 FETCH (BODY[] {12}", Some(12)),
            ("* 1 FETCH (BODY[] {12+}", Some(12)),
            ("* 1 FETCH (BODY[] ~{12}", Some(12)),
            ("* 1 FETCH (BODY[] {18446744073709551615}", Some(u64::MAX)),
            ("* 1 FETCH (BODY[] {}", None),
            ("* 1 FETCH (BODY[] {-1}", None),
            ("* 1 FETCH (BODY[] {12})", None),
            ("* LIST () \"/\" a}", None),
        ] {
            assert_eq!(announced(line.as_bytes()).unwrap(), expected, "{line}");
        }
        assert!(announced(b"* 1 FETCH (BODY[] {18446744073709551616}").is_err());
        assert!(is_text(b"* ok done {5}") && is_text(b"A1 OK {5}") && is_text(b"+ {5}"));
        assert!(!is_text(b"* 1 FETCH (BODY[] {5}") && !is_text(b"* OKAY {5}"));
    }
}
