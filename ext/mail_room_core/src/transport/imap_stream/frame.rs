//! Splits octets into responses: lines and literals (RFC 3501 section 4.3). Knows nothing of what they mean. Every octet is
//! counted against a bound before it is kept.

use super::expected::{Expected, Keep, SMALL_LITERALS};
use super::response::is_body;
use crate::error::{Error, Result};

/// A literal of at least this many octets is read directly into its own buffer.
pub(super) const LARGE: usize = 32 << 10;

/// One response. `text` contains its literals, but `{0}` in place of a body.
#[derive(Debug, Default)]
pub(super) struct Frame {
    /// Lines with CRLF, whatever the server ends them with.
    pub(super) text: Vec<u8>,
    pub(super) body: Option<Vec<u8>>,
    /// How deep parentheses are nested at the deepest.
    pub(super) deepest: usize,
}

/// What the next octets are.
#[derive(Debug, Default)]
enum Next {
    #[default]
    Line,
    Literal(Keep, u64),
}

/// The response that is being read.
#[derive(Debug, Default)]
pub(super) struct Framer {
    frame: Frame,
    next: Next,
    /// Where the current line begins in the text.
    line: usize,
    after_literal: bool,
    depth: usize,
    /// Octets of all literals of the response that are no body.
    small: u64,
}

impl Framer {
    /// Reads on. Returns how many octets of `input` it took, and a response if one is complete.
    pub(super) fn feed(&mut self, input: &[u8], expected: &mut Expected) -> Result<(usize, Option<Frame>)> {
        let mut taken = 0;
        while let Some(rest) = input.get(taken..).filter(|rest| !rest.is_empty()) {
            if let Next::Literal(..) = self.next {
                taken += self.literal(rest);
                continue;
            }
            let end = rest.iter().position(|byte| *byte == b'\n');
            let piece = rest.get(..end.unwrap_or(rest.len())).unwrap_or_default();
            expected.spend(piece.len(), end.is_some())?;
            let limit = expected.line_limit(&self.frame.text);
            if self.frame.text.len() + piece.len() > limit {
                return Err(Error::Unparseable(format!("the server sent a line of more than {limit} octets")));
            }
            self.frame.text.extend_from_slice(piece);
            taken += piece.len() + usize::from(end.is_some());
            if end.is_some() && self.line_ended(expected)? {
                return Ok((taken, Some(std::mem::take(self).frame)));
            }
        }
        Ok((taken, None))
    }

    /// The buffer of a body of which much is missing, and how much that is. After reading into it, call [`Self::took`].
    pub(super) fn body_room(&mut self) -> Option<(&mut Vec<u8>, u64)> {
        match self.next {
            Next::Literal(Keep::Body, left) if left >= LARGE as u64 => {
                self.frame.body.as_mut().map(|body| (body, left))
            }
            _ => None,
        }
    }

    /// Octets in memory.
    #[cfg(any(test, fuzzing))]
    pub(super) fn held(&self) -> usize {
        self.frame.text.capacity() + self.frame.body.as_ref().map_or(0, Vec::capacity)
    }

    /// Whether no response is under way.
    pub(super) fn is_idle(&self) -> bool {
        self.frame.text.is_empty()
    }

    /// Whether the next octets belong to a body that was asked for.
    pub(super) fn in_body(&self) -> bool {
        matches!(self.next, Next::Literal(Keep::Body, _))
    }

    /// Octets of the literal have come.
    pub(super) fn took(&mut self, octets: u64) {
        if let Next::Literal(_, left) = &mut self.next {
            *left = left.saturating_sub(octets);
            if *left == 0 {
                self.next = Next::Line;
                self.line = self.frame.text.len();
                self.after_literal = true;
            }
        }
    }

    fn literal(&mut self, input: &[u8]) -> usize {
        let Next::Literal(keep, left) = self.next else { return 0 };
        let taken = input.len().min(usize::try_from(left).unwrap_or(usize::MAX));
        let piece = input.get(..taken).unwrap_or_default();
        match keep {
            Keep::Text => self.frame.text.extend_from_slice(piece),
            Keep::Body => self.frame.body.get_or_insert_default().extend_from_slice(piece),
            Keep::Skip => {}
        }
        self.took(taken as u64);
        taken
    }

    /// Whether the response ends with this line.
    fn line_ended(&mut self, expected: &Expected) -> Result<bool> {
        let text = &mut self.frame.text;
        if text.len() > self.line && text.last() == Some(&b'\r') {
            text.pop();
        }
        let is_blank = text.len() == self.line;
        // Some servers send a blank line between two responses, or after a literal that ends no response.
        if text.is_empty() || (is_blank && self.after_literal && self.depth > 0) {
            return Ok(false);
        }
        if !is_text(text) {
            let piece = text.get(self.line..).unwrap_or_default();
            let deepest;
            (self.depth, deepest) = nesting(piece, self.depth);
            self.frame.deepest = self.frame.deepest.max(deepest);
            if let Some((start, octets)) = announced(piece)? {
                let start = self.line + start;
                let keep = self.decide(start, octets, expected)?;
                self.frame.text.truncate(start);
                let shown = if keep == Keep::Text { octets } else { 0 };
                self.frame.text.extend_from_slice(format!("{{{shown}}}\r\n").as_bytes());
                self.next = Next::Literal(keep, octets);
                self.took(0);
                return Ok(false);
            }
        }
        self.frame.text.extend_from_slice(b"\r\n");
        Ok(true)
    }

    /// Decides what to do with a literal before an octet of it is read.
    fn decide(&mut self, start: usize, octets: u64, expected: &Expected) -> Result<Keep> {
        let keep = expected.literal(self.frame.text.get(..start).unwrap_or_default(), octets)?;
        if keep == Keep::Body {
            if self.frame.body.is_some() {
                return Err(Error::Unparseable("the server sent two bodies in one answer".into()));
            }
            let no_memory = |_| Error::Reconnect(format!("no memory for a message of {octets} octets"));
            let mut body = Vec::new();
            body.try_reserve_exact(usize::try_from(octets).unwrap_or(usize::MAX)).map_err(no_memory)?;
            self.frame.body = Some(body);
        } else if !is_body(self.frame.text.get(..start).unwrap_or_default()) {
            self.small = self.small.saturating_add(octets);
            if self.small > SMALL_LITERALS {
                return Err(Error::Unparseable(format!(
                    "the server sent a string of {octets} octets that nobody asked for"
                )));
            }
        }
        Ok(keep)
    }
}

/// Whether a line ends in text for people, in which `{5}` announces nothing: a status response or a continuation.
fn is_text(line: &[u8]) -> bool {
    let Some(data) = line.strip_prefix(b"* ") else { return true };
    let word = data.split(|byte| *byte == b' ').next().unwrap_or_default();
    [&b"OK"[..], b"NO", b"BAD", b"BYE", b"PREAUTH"].iter().any(|status| word.eq_ignore_ascii_case(status))
}

/// Where a literal is announced at the end of `line`, and its octets: `{5}`, `{5+}` or `~{5}` (RFC 3516, RFC 7888).
fn announced(line: &[u8]) -> Result<Option<(usize, u64)>> {
    let Some(open) = line.iter().rposition(|byte| *byte == b'{') else { return Ok(None) };
    let Some(digits) = line.get(open + 1..).and_then(|rest| rest.strip_suffix(b"}")) else { return Ok(None) };
    let digits = digits.strip_suffix(b"+").unwrap_or(digits);
    if digits.is_empty() || !digits.iter().all(u8::is_ascii_digit) {
        return Ok(None);
    }
    let start = open - usize::from(open.checked_sub(1).and_then(|at| line.get(at)) == Some(&b'~'));
    let octets = std::str::from_utf8(digits).ok().and_then(|digits| digits.parse().ok());
    let octets = octets.ok_or_else(|| Error::Unparseable("the server announced a string of an impossible size".into()));
    octets.map(|octets| Some((start, octets)))
}

/// How deep parentheses are open after `line`, and at the deepest; those in quoted strings do not count.
fn nesting(line: &[u8], mut depth: usize) -> (usize, usize) {
    let (mut deepest, mut quoted, mut escaped) = (depth, false, false);
    for byte in line {
        match byte {
            _ if escaped => escaped = false,
            b'\\' if quoted => escaped = true,
            b'"' => quoted = !quoted,
            b'(' if !quoted => depth += 1,
            b')' if !quoted => depth = depth.saturating_sub(1),
            _ => {}
        }
        deepest = deepest.max(depth);
    }
    (depth, deepest)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Feeds `input` in pieces of `step` octets.
    fn frames(input: &[u8], step: usize, expected: &mut Expected) -> Result<Vec<(String, Option<Vec<u8>>)>> {
        let mut framer = Framer::default();
        let mut frames = Vec::new();
        for mut piece in input.chunks(step) {
            while !piece.is_empty() {
                let (taken, frame) = framer.feed(piece, expected)?;
                piece = &piece[taken..];
                frames.extend(frame.map(|frame| (String::from_utf8_lossy(&frame.text).into_owned(), frame.body)));
            }
        }
        Ok(frames)
    }

    #[test]
    fn any_split_gives_the_same_responses() {
        let input = b"* OK hi {5}\r\n\r\n* LIST () \"/\" {4}\r\nSent\r\n* LIST () \"/\" {4+}\nSe(t\n\
            * 1 FETCH (UID 7 BODY[] ~{5}\r\na\0\r\n)\r\n)\r\n* 2 FETCH (UID 8 BODY[] {3}\r\nnot)\r\n\
            * 3 FETCH (X {2}\r\n{} BODY[] {0}\r\n UID 7)\r\nA0001 OK done {7}\r\n";
        let expected: Vec<(String, Option<Vec<u8>>)> = [
            ("* OK hi {5}\r\n", None),
            ("* LIST () \"/\" {4}\r\nSent\r\n", None),
            ("* LIST () \"/\" {4}\r\nSe(t\r\n", None),
            ("* 1 FETCH (UID 7 BODY[] {0}\r\n)\r\n", Some(b"a\0\r\n)".to_vec())),
            ("* 2 FETCH (UID 8 BODY[] {0}\r\n)\r\n", None),
            ("* 3 FETCH (X {0}\r\n BODY[] {0}\r\n UID 7)\r\n", Some(Vec::new())),
            ("A0001 OK done {7}\r\n", None),
        ]
        .map(|(text, body)| (text.to_owned(), body))
        .into();
        for step in 1..=input.len() {
            assert_eq!(frames(input, step, &mut Expected::bodies([7], 5)).unwrap(), expected, "{step}");
        }
    }

    #[test]
    fn blank_lines_after_a_literal_and_between_responses_are_not_there() {
        let input = b"\r\n* 1 FETCH (UID 7 BODY[] {2}\r\nab\r\n\r\n)\r\n\n\r\n* 1 FETCH (BODY[] {0}\r\n\r\n UID 7)\r\n";
        let found = frames(input, 3, &mut Expected::bodies([7], 5)).unwrap();
        assert_eq!(
            found,
            [
                ("* 1 FETCH (UID 7 BODY[] {0}\r\n)\r\n".to_owned(), Some(b"ab".to_vec())),
                ("* 1 FETCH (BODY[] {0}\r\n UID 7)\r\n".to_owned(), Some(Vec::new())),
            ]
        );
    }

    #[test]
    fn bounds_come_before_memory() {
        for input in [
            "* 1 FETCH (UID 7 BODY[] {6}\r\n",
            "* 1 FETCH (BODY[] {18446744073709551615}\r\n",
            "* 1 FETCH (BODY[] {18446744073709551616}\r\n",
            "* LIST () \"/\" {65537}\r\n",
            "* 1 FETCH (X {65537}\r\n",
            "* 1 FETCH (UID 7 BODY[] {1}\r\nx BODY[] {1}\r\nx)\r\n",
        ] {
            let error = frames(input.as_bytes(), 9, &mut Expected::bodies([7], 5)).unwrap_err();
            assert!(matches!(error, Error::Unparseable(_)), "{input}");
        }
        let endless = vec![b'x'; 70_000];
        assert!(frames(&endless, 4096, &mut Expected::default()).is_err());
        let blank = vec![b'\n'; 3_000_000];
        assert!(frames(&blank, 4096, &mut Expected::default()).is_err(), "blank lines are counted, too");
    }

    #[test]
    fn finds_announcements() {
        for (line, expected) in [
            ("* 1 FETCH (BODY[] {0}", Some((18, 0))),
            ("* 1 FETCH (BODY[] {12+}", Some((18, 12))),
            ("* 1 FETCH (BODY[] ~{12}", Some((18, 12))),
            ("{18446744073709551615}", Some((0, u64::MAX))),
            ("* 1 FETCH (BODY[] {}", None),
            ("* 1 FETCH (BODY[] {-1}", None),
            ("* 1 FETCH (BODY[] {12})", None),
            ("* LIST () \"/\" a}", None),
        ] {
            assert_eq!(announced(line.as_bytes()).unwrap(), expected, "{line}");
        }
        assert!(is_text(b"* ok done {5}") && is_text(b"A1 OK {5}") && is_text(b"+ {5}"));
        assert!(!is_text(b"* 1 FETCH (BODY[] {5}") && !is_text(b"* OKAY {5}"));
        assert_eq!(nesting(b"((\"(\\\"(\") (", 0), (2, 2));
    }
}
