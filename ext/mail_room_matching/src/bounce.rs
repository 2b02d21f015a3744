//! Whether a message is a report about another one's delivery (RFC 3461, RFC 6522), by its headers alone: it is a
//! `multipart/report`, and its return path is empty, so that nobody answers it.

use mail_parser::HeaderName;

/// What the headers read so far say.
#[derive(Debug, Default)]
pub(super) struct Bounce {
    is_report: bool,
    return_path: Option<bool>,
}

impl Bounce {
    /// Notes one more header. The first `Return-Path` counts: the server that delivered the message has written it.
    pub(super) fn note(&mut self, name: &HeaderName<'_>, value: &[u8]) {
        match name {
            HeaderName::ContentType => {
                let kind = value.split(|octet| matches!(octet, b';' | b'(')).next().unwrap_or_default();
                self.is_report |= kind.trim_ascii().eq_ignore_ascii_case(b"multipart/report");
            }
            HeaderName::ReturnPath => {
                let path = value.iter().copied().filter(|octet| !octet.is_ascii_whitespace());
                self.return_path.get_or_insert(path.eq(*b"<>"));
            }
            _ => {}
        }
    }

    /// The conclusion.
    pub(super) fn is_one(&self) -> bool {
        self.is_report && self.return_path == Some(true)
    }
}
