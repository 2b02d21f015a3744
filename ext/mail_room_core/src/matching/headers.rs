//! The header fields of a message, first to last, as mail-parser splits them: names, folds and line ends, however broken.
//! Nothing is decoded or judged here. What mail-parser has no notion of is ours: where to stop, a byte order mark, the mbox
//! `From ` line, CR as a line end, and whether a line may already be the body's.

use std::borrow::Cow;
use std::io::BufRead;

use mail_parser::HeaderName;
use mail_parser::parsers::MessageStream;

/// Octets of a message that are looked at: one that has lost its blank line must not have its body searched for megabytes.
/// Mail servers cut header blocks off long before (Postfix at 100 KB, Exchange at 256 KB). mail-parser takes up to 0.7 s for
/// 1 MiB, on a thread that renews claims, too.
const LOOKED_AT: usize = 1 << 20;

/// One header field.
#[derive(Debug, Clone)]
pub(crate) struct Header<'a> {
    pub name: HeaderName<'a>,
    /// Everything after the colon, folds and the line end included. Octets, as mail-parser replaces what is no UTF-8.
    pub value: &'a [u8],
    /// Whether this and all lines before it were header lines. After one that was none, this may be the body of a mail that
    /// has lost its blank line.
    pub sound: bool,
}

/// The header block of `raw`, without what may stand before it, up to the first empty line.
pub(crate) fn block(raw: &[u8]) -> Cow<'_, [u8]> {
    let raw = raw.get(..LOOKED_AT).unwrap_or(raw);
    let mut block = raw.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(raw).trim_ascii_start();
    if block.starts_with(b"From ") || block.starts_with(b">From ") {
        let line = block.iter().position(|octet| matches!(octet, b'\n' | b'\r')).unwrap_or(block.len());
        block = block.get(line..).unwrap_or_default().trim_ascii_start();
    }
    let (mut rest, mut bare) = (block, false);
    // By std's search for an octet: every message goes through here.
    while let (line, Ok(length @ 1..)) = (rest, rest.skip_until(b'\n')) {
        let line = line.get(..length).unwrap_or(line);
        let content = line.trim_ascii_end();
        // Blanks alone are a fold to mail-parser, not the end.
        if content.is_empty() && !line.iter().any(|octet| matches!(octet, b' ' | b'\t')) {
            break;
        }
        bare = bare || content.contains(&b'\r') || !line.ends_with(b"\n");
    }
    let end = block.len() - rest.len();
    let block = block.get(..end).unwrap_or(block);
    if bare { Cow::Owned(with_line_feeds(block)) } else { Cow::Borrowed(block) }
}

/// mail-parser ends a line at LF only. Here every CR that belongs to no LF is one, and the last line ends, too: it reads no
/// message id from a line without an end.
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

/// The fields of a [`block`]. One by one: mail-parser's own list takes 120 octets for each, whatever its length.
pub(crate) struct Headers<'a> {
    block: &'a [u8],
    stream: MessageStream<'a>,
    sound: bool,
}

impl<'a> Headers<'a> {
    pub(crate) fn new(block: &'a [u8]) -> Self {
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
            // mail-parser takes any text before a colon for a name; only printable octets are one (RFC 5322 section 2.2).
            let written = self.block.get(begin..colon.saturating_sub(1)).unwrap_or_default().trim_ascii_end();
            self.sound = self.sound && name.is_some() && written.iter().all(u8::is_ascii_graphic);
            let Some(name) = name else { continue };
            self.stream.parse_and_ignore();
            let value = self.block.get(colon..self.stream.offset()).unwrap_or_default();
            let sound = self.sound;
            // A fold of blanks that nothing follows: other programs take it for the line before the body.
            let blanks = value.iter().rev().take_while(|octet| octet.is_ascii_whitespace());
            self.sound = self.sound && blanks.filter(|octet| **octet == b'\n').count() < 2;
            return Some(Header { name, value, sound });
        }
    }
}
