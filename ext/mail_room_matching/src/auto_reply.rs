//! Whether a message is an automatic reply (RFC 3834), by its headers alone. To heed one more header, add it here.

use mail_parser::HeaderName;

/// The reason to take a message with this header for an automatic reply; `None` if the header gives none. An empty value gives
/// none.
pub fn reason(name: &HeaderName<'_>, value: &[u8]) -> Option<&'static str> {
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
