//! The header fields of a message, first to last, as mail-parser splits them. Nothing is decoded or judged here. Ours is what
//! mail-parser does not know: where to stop, a byte order mark, the mbox line `From `, CR as a line end, and whether a line may
//! already be part of the body.

use std::borrow::Cow;
use std::io::BufRead;

use mail_parser::HeaderName;
use mail_parser::parsers::MessageStream;

/// Octets of a message that are read: a message that has lost its blank line must not have megabytes of its body searched. Mail
/// servers cut header blocks off long before (Postfix at 100 KB, Exchange at 256 KB). Parsing 1 MiB takes some hundredths of a second,
/// on a thread that also renews claims.
const MAX_OCTETS: usize = 1 << 20;

/// One header field.
#[derive(Debug, Clone)]
pub struct Header<'a> {
    /// Its name, as mail-parser knows it.
    pub name: HeaderName<'a>,
    /// Everything after the colon, including folds and the line end. Octets, because mail-parser replaces what is not UTF-8.
    pub value: &'a [u8],
    /// Whether this and all lines before it are header lines. If not, this may be the body of a mail that has lost its blank
    /// line.
    pub sound: bool,
}

/// The header block of `raw`, up to the first empty line. What may come before it is left out.
pub fn block(raw: &[u8]) -> Cow<'_, [u8]> {
    let raw = raw.get(..MAX_OCTETS).unwrap_or(raw);
    let mut block = raw.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(raw).trim_ascii_start();
    if block.starts_with(b"From ") || block.starts_with(b">From ") {
        let line = block.iter().position(|octet| matches!(octet, b'\n' | b'\r')).unwrap_or(block.len());
        block = block.get(line..).unwrap_or_default().trim_ascii_start();
    }
    let (mut rest, mut bare) = (block, false);
    // std's search for an octet is fast, and every message goes through here.
    while let (line, Ok(length @ 1..)) = (rest, rest.skip_until(b'\n')) {
        let line = line.get(..length).unwrap_or(line);
        let content = line.trim_ascii_end();
        // To mail-parser a line of blanks is a fold, not the end.
        if content.is_empty() && !line.iter().any(|octet| matches!(octet, b' ' | b'\t')) {
            break;
        }
        bare = bare || content.contains(&b'\r') || !line.ends_with(b"\n");
    }
    let end = block.len() - rest.len();
    let block = block.get(..end).unwrap_or(block);
    if bare { Cow::Owned(with_line_feeds(block)) } else { Cow::Borrowed(block) }
}

/// mail-parser ends a line at LF only. So each CR without LF becomes one, and the last line gets one: mail-parser reads no message
/// id from a line without an end.
fn with_line_feeds(block: &[u8]) -> Vec<u8> {
    let mut lines = Vec::with_capacity(block.len() + 1);
    for line in block.split_inclusive(|octet| *octet == b'\n') {
        let begin = line.iter().position(|octet| *octet != b'\r').unwrap_or(0);
        let inside = begin..line.trim_ascii_end().len();
        let replaced = |(at, octet): (usize, &u8)| if *octet == b'\r' && inside.contains(&at) { b'\n' } else { *octet };
        lines.extend(line.iter().enumerate().map(replaced));
    }
    lines.push(b'\n');
    lines
}

/// The fields of a [`block`], one by one: mail-parser's own list takes 120 octets for each field, whatever its length.
#[allow(missing_debug_implementations, reason = "mail-parser's stream has none")]
pub struct Headers<'a> {
    block: &'a [u8],
    stream: MessageStream<'a>,
    sound: bool,
}

impl<'a> Headers<'a> {
    /// Those of `block`.
    pub fn new(block: &'a [u8]) -> Self {
        Self { block, stream: MessageStream::new(block), sound: true }
    }
}

impl<'a> Iterator for Headers<'a> {
    type Item = Header<'a>;

    fn next(&mut self) -> Option<Header<'a>> {
        loop {
            while self.stream.peek().is_some_and(|octet| octet.is_ascii_whitespace() && **octet != b'\n') {
                self.stream.next();
            }
            if self.stream.peek_char(b'\n') || self.stream.is_eof() {
                return None;
            }
            let begin = self.stream.offset();
            let name = self.stream.parse_header_name();
            let colon = self.stream.offset();
            // mail-parser takes any text before a colon for a name. A name has printable octets only (RFC 5322 section 2.2).
            let written = self.block.get(begin..colon.saturating_sub(1)).unwrap_or_default().trim_ascii_end();
            self.sound = self.sound && name.is_some() && written.iter().all(u8::is_ascii_graphic);
            let Some(name) = name else { continue };
            let after = self.block.get(colon..).unwrap_or_default();
            let mut rest = after;
            // As `parse_and_ignore`, by std's search for an octet: most of a header block is of no interest.
            while !matches!(rest.skip_until(b'\n'), Ok(0) | Err(_)) && matches!(rest.first(), Some(b' ' | b'\t')) {}
            let value = after.get(..after.len() - rest.len()).unwrap_or_default();
            self.stream.skip_bytes(value.len());
            let sound = self.sound;
            // A fold of blanks only: other programs take it for the empty line before the body.
            let blanks = value.iter().rev().take_while(|octet| octet.is_ascii_whitespace());
            self.sound = self.sound && blanks.filter(|octet| **octet == b'\n').count() < 2;
            return Some(Header { name, value, sound });
        }
    }
}
