//! What the text of a response is, as imap-proto reads it.

use async_imap::imap_proto::{AttributeValue, Response};

/// Where a date stands that is NIL: imap-proto 0.17 panics at it.
pub(super) fn date_without_value(text: &[u8]) -> Option<usize> {
    text.windows(16).position(|window| window.eq_ignore_ascii_case(b"INTERNALDATE NIL"))
}

/// The whole of `text` as one response, if the library can read it.
pub(super) fn parsed(text: &[u8]) -> Option<Response<'_>> {
    if date_without_value(text).is_some() {
        return None;
    }
    match Response::parse(text) {
        Ok(([], response)) => Some(response),
        _ => None,
    }
}

/// The UID among the items of a FETCH response.
pub(super) fn uid(items: &[AttributeValue<'_>]) -> Option<u32> {
    items.iter().find_map(|item| match item {
        AttributeValue::Uid(uid) => Some(*uid),
        _ => None,
    })
}

/// Whether `text` ends where the value of `BODY[]` begins.
pub(super) fn is_body(text: &[u8]) -> bool {
    let start = text.len().saturating_sub(b"BODY[] ".len());
    let is_item = start.checked_sub(1).and_then(|at| text.get(at)).is_some_and(|byte| matches!(byte, b' ' | b'('));
    is_fetch(text) && is_item && text.get(start..).is_some_and(|name| name.eq_ignore_ascii_case(b"BODY[] "))
}

/// Whether `text` begins as a FETCH response.
pub(super) fn is_fetch(text: &[u8]) -> bool {
    let Some(text) = text.strip_prefix(b"* ") else { return false };
    let digits = text.iter().take_while(|byte| byte.is_ascii_digit()).count();
    digits > 0 && text.get(digits..digits + 7).is_some_and(|word| word.eq_ignore_ascii_case(b" FETCH "))
}
