//! Whether a program answered of itself (RFC 3834), by its headers alone.

/// Whether this header says so. An empty one says nothing.
pub(crate) fn says_so(name: &[u8], value: &[u8]) -> Option<&'static str> {
    let said = value.split(|octet| matches!(octet, b';' | b'(')).next().unwrap_or_default().trim_ascii();
    if name.eq_ignore_ascii_case(b"Auto-Submitted") {
        (!said.is_empty() && !said.eq_ignore_ascii_case(b"no")).then_some("Auto-Submitted says so")
    } else if name.eq_ignore_ascii_case(b"X-Autoreply") {
        said.eq_ignore_ascii_case(b"yes").then_some("X-Autoreply says so")
    } else {
        None
    }
}
