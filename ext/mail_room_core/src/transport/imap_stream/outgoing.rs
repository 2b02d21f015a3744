//! What we send. Notes which tags are under way. The library quotes every string; one that is not printable US-ASCII becomes
//! a literal (RFC 3501 section 4.3), which waits for the server's `+` unless the server does not require that.

use std::collections::VecDeque;

use super::control::Shared;
use super::status::Status;

/// Octets on their way to the server.
#[derive(Debug, Default)]
pub(super) struct Outgoing {
    /// Written by the library and not yet flushed.
    line: Vec<u8>,
    /// To be sent now.
    pub(super) ready: Vec<u8>,
    /// Each to be sent when the server says `+`.
    waiting: VecDeque<Vec<u8>>,
}

impl Outgoing {
    /// The library writes.
    pub(super) fn write(&mut self, octets: &[u8]) {
        self.line.extend_from_slice(octets);
    }

    /// The library has written a whole line.
    pub(super) fn flush(&mut self, shared: &mut Shared) {
        let line = std::mem::take(&mut self.line);
        let Some(tag) = tag(&line) else {
            self.ready.extend_from_slice(&line);
            return;
        };
        if std::mem::take(&mut shared.answer_next) {
            shared.local = Some(format!("{tag} OK -\r\n").into_bytes());
            shared.notes.answers.extend(Status::parse(b"OK").map(|status| (tag, status)));
            return;
        }
        shared.notes.outstanding.push(tag);
        let mut piece = Vec::new();
        let mut rest = line.as_slice();
        while let Some(open) = rest.iter().position(|byte| *byte == b'"') {
            let (value, after) = unquoted(rest.get(open + 1..).unwrap_or_default());
            let end = rest.len() - after.len();
            if value.iter().all(|byte| matches!(byte, b' '..=b'~')) {
                piece.extend_from_slice(rest.get(..end).unwrap_or_default());
            } else {
                piece.extend_from_slice(rest.get(..open).unwrap_or_default());
                let at_once = shared.notes.capabilities.literal_at_once(value.len());
                let plus = if at_once { "+" } else { "" };
                piece.extend_from_slice(format!("{{{}{plus}}}\r\n", value.len()).as_bytes());
                if !at_once {
                    self.waiting.push_back(std::mem::take(&mut piece));
                }
                piece.extend_from_slice(&value);
            }
            rest = after;
        }
        piece.extend_from_slice(rest);
        self.waiting.push_back(piece);
        self.proceed();
    }

    /// The server sent `+`. Returns whether part of a command waited for it; that is ready to be sent now.
    pub(super) fn proceed(&mut self) -> bool {
        let next = self.waiting.pop_front();
        next.map(|piece| self.ready.extend_from_slice(&piece)).is_some()
    }

    /// The command was answered before all of it was sent.
    pub(super) fn cancel(&mut self) {
        self.waiting.clear();
    }
}

/// The tag of a command; lines within a command have none.
fn tag(line: &[u8]) -> Option<String> {
    let tag = line.get(..line.iter().position(|byte| *byte == b' ')?)?;
    let is_tag =
        tag.strip_prefix(b"A").is_some_and(|digits| digits.len() == 4 && digits.iter().all(u8::is_ascii_digit));
    is_tag.then(|| String::from_utf8_lossy(tag).into_owned())
}

/// The value of a quoted string after its opening quote, and what follows it.
fn unquoted(text: &[u8]) -> (Vec<u8>, &[u8]) {
    let mut value = Vec::new();
    let mut octets = text.iter().enumerate();
    while let Some((at, byte)) = octets.next() {
        match byte {
            b'"' => return (value, text.get(at + 1..).unwrap_or_default()),
            b'\\' => value.extend(octets.next().map(|(_, byte)| *byte)),
            byte => value.push(*byte),
        }
    }
    (value, &[])
}

#[cfg(test)]
mod tests {
    use super::super::Control;
    use super::*;
    use crate::transport::credentials::Credentials;

    fn sent(line: &str, capabilities: &str) -> Vec<String> {
        let control = Control::new(std::time::Duration::ZERO, tokio::time::Instant::now(), Credentials::none(), None);
        let shared = &mut *control.lock();
        shared.notes.note_capabilities(capabilities);
        let mut outgoing = Outgoing::default();
        line.bytes().for_each(|byte| outgoing.write(&[byte]));
        outgoing.flush(shared);
        let mut pieces = Vec::new();
        loop {
            pieces.push(String::from_utf8(std::mem::take(&mut outgoing.ready)).unwrap());
            if !outgoing.proceed() {
                return pieces;
            }
        }
    }

    #[test]
    fn strings_that_cannot_be_quoted_are_literals() {
        for (line, capabilities, expected) in [
            ("A0001 LOGIN \"me\" \"s3\\\"\\\\\"\r\n", "", &["A0001 LOGIN \"me\" \"s3\\\"\\\\\"\r\n"][..]),
            ("A0001 LOGIN \"m\\\"ä\" \"ö\"\r\n", "", &["A0001 LOGIN {4}\r\n", "m\"ä {2}\r\n", "ö\r\n"]),
            ("A0001 LOGIN \"me\" \"ö\"\r\n", "LITERAL+", &["A0001 LOGIN \"me\" {2+}\r\nö\r\n"]),
            ("DONE\r\n", "", &["DONE\r\n"]),
            ("AG1lAA==\r\n", "", &["AG1lAA==\r\n"]),
        ] {
            assert_eq!(sent(line, capabilities), expected, "{line}");
        }
    }
}
