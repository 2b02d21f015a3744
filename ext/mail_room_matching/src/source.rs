//! The headers whose addresses decide what a message is for. To search one more header, add it here: to the type, at the
//! place of its rank, and to the table of names.

use mail_parser::HeaderName;

/// The header that an address was found in. Where several headers hold a key, the first in this order wins.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
#[expect(missing_docs, reason = "named as the headers are")]
pub enum Source {
    To,
    References,
    DeliveredTo,
    XDeliveredTo,
    EnvelopeTo,
    XEnvelopeTo,
    Received,
    XOriginalTo,
    XForwardedTo,
    Cc,
}

/// Each header with its name in a mail and its name in logs and in Ruby.
const SOURCES: [(Source, &str, &str); 10] = [
    (Source::To, "To", "to"),
    (Source::References, "References", "references"),
    (Source::DeliveredTo, "Delivered-To", "delivered_to"),
    (Source::XDeliveredTo, "X-Delivered-To", "x_delivered_to"),
    (Source::EnvelopeTo, "Envelope-To", "envelope_to"),
    (Source::XEnvelopeTo, "X-Envelope-To", "x_envelope_to"),
    (Source::Received, "Received", "received"),
    (Source::XOriginalTo, "X-Original-To", "x_original_to"),
    (Source::XForwardedTo, "X-Forwarded-To", "x_forwarded_to"),
    (Source::Cc, "Cc", "cc"),
];

impl Source {
    /// The source that the header `name` is; `None` if its addresses are ignored.
    pub(super) fn of(name: &HeaderName<'_>) -> Option<Self> {
        let name = name.as_str();
        SOURCES.iter().find(|(_, header, _)| name.eq_ignore_ascii_case(header)).map(|(source, ..)| *source)
    }

    /// Its name in logs and in Ruby.
    pub fn name(self) -> &'static str {
        SOURCES.iter().find(|(source, ..)| *source == self).map_or("", |(_, _, name)| name)
    }
}
