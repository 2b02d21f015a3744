//! The header block of a message, line by line, as it stands: nothing is decoded, copied or judged. Reads what is broken,
//! too: LF, CR or CRLF, an mbox `From ` line, lines that are no headers, no blank line at the end.

/// Octets of a message that are looked at: one that has lost its blank line must not have its body searched for megabytes.
/// Mail servers cut header blocks off long before (Postfix at 100 KB, Exchange at 256 KB).
const LOOKED_AT: usize = 4 << 20;

/// One header field.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Header<'a> {
    /// As written, without blanks at its end.
    pub name: &'a [u8],
    /// Everything after the colon, folds included.
    pub value: &'a [u8],
    /// Whether all lines before it were header lines. After one that was none, this may be the body of a mail that has
    /// lost its blank line.
    pub sound: bool,
}

/// The fields of a message, first to last.
#[derive(Debug)]
pub(crate) struct Headers<'a> {
    rest: &'a [u8],
    sound: bool,
}

impl<'a> Headers<'a> {
    pub(crate) fn new(raw: &'a [u8]) -> Self {
        let raw = raw.get(..LOOKED_AT).unwrap_or(raw);
        let mut rest = raw.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(raw).trim_ascii_start();
        if rest.starts_with(b"From ") || rest.starts_with(b">From ") {
            (_, rest) = split_line(rest);
        }
        Self { rest, sound: true }
    }
}

impl<'a> Iterator for Headers<'a> {
    type Item = Header<'a>;

    fn next(&mut self) -> Option<Header<'a>> {
        loop {
            let (line, mut after) = split_line(self.rest);
            // A line of blanks ends the block, unless a header follows: some programs fold an empty line in.
            if line.is_empty() || (line.trim_ascii().is_empty() && name_of(split_line(after).0).is_none()) {
                self.rest = &[];
                return None;
            }
            let Some(name) = name_of(line) else {
                self.sound = self.sound && line.trim_ascii().is_empty();
                self.rest = after;
                continue;
            };
            while after.first().is_some_and(|octet| is_blank(*octet)) {
                let (folded, next) = split_line(after);
                if folded.trim_ascii().is_empty() {
                    break;
                }
                after = next;
            }
            let value = self.rest.get(name.raw + 1..self.rest.len() - after.len()).unwrap_or_default();
            self.rest = after;
            return Some(Header { name: name.text, value, sound: self.sound });
        }
    }
}

struct Name<'a> {
    text: &'a [u8],
    /// Octets before the colon.
    raw: usize,
}

/// The field name a line begins with: printable octets but the colon (RFC 5322 section 2.2), blanks before the colon.
fn name_of(line: &[u8]) -> Option<Name<'_>> {
    let raw = line.iter().position(|octet| *octet == b':')?;
    let text = line.get(..raw)?.trim_ascii_end();
    (!text.is_empty() && text.iter().all(u8::is_ascii_graphic)).then_some(Name { text, raw })
}

fn split_line(octets: &[u8]) -> (&[u8], &[u8]) {
    let Some(end) = octets.iter().position(|octet| matches!(octet, b'\n' | b'\r')) else { return (octets, &[]) };
    let (line, rest) = octets.split_at(end);
    let rest = rest.strip_prefix(b"\r\n").or_else(|| rest.get(1..)).unwrap_or_default();
    (line, rest)
}

fn is_blank(octet: u8) -> bool {
    matches!(octet, b' ' | b'\t')
}
