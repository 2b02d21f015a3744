//! Whether a program answered of itself (RFC 3834), by its headers alone.

use mail_parser::HeaderName;

/// Whether this header says so. An empty one says nothing.
pub(crate) fn says_so(name: &HeaderName<'_>, value: &[u8]) -> Option<&'static str> {
    let said = || value.split(|octet| matches!(octet, b';' | b'(')).next().unwrap_or_default().trim_ascii();
    match name {
        HeaderName::AutoSubmitted if said().is_empty() || said().eq_ignore_ascii_case(b"no") => None,
        HeaderName::AutoSubmitted => Some("Auto-Submitted says so"),
        HeaderName::Other(name) if name.eq_ignore_ascii_case("X-Autoreply") => {
            said().eq_ignore_ascii_case(b"yes").then_some("X-Autoreply says so")
        }
        _ => None,
    }
}
