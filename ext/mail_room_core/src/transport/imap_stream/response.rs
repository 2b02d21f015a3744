//! Reads the text of one response, with imap-proto where that can.

use async_imap::imap_proto::{AttributeValue, Response};

/// Octets that the name of a response may have in a log.
const NAME: usize = 32;

/// The name of the item that is a message's date of arrival.
const DATE: &[u8] = b"INTERNALDATE";
/// What may follow its value among what we ask for or servers send unasked.
const AFTER_DATE: [&[u8]; 6] = [b" UID ", b" RFC822.SIZE ", b" FLAGS (", b" MODSEQ (", b" BODY", b")"];

/// Where a date is NIL: imap-proto 0.17 panics at it.
pub(super) fn has_date_without_value(text: &[u8]) -> bool {
    let item = b"INTERNALDATE NIL";
    memchr::memchr2_iter(b'I', b'i', text)
        .any(|at| text.get(at..at + item.len()).is_some_and(|found| found.eq_ignore_ascii_case(item)))
}

/// `text`, a FETCH response, with an empty string in place of each date, whatever stands there.
pub(super) fn without_dates(text: &[u8]) -> Vec<u8> {
    let begins = |rest: &[u8], word: &[u8]| rest.get(..word.len()).is_some_and(|it| it.eq_ignore_ascii_case(word));
    let mut cut = Vec::with_capacity(text.len());
    let mut rest = text;
    while let Some((byte, after)) = rest.split_first() {
        if !begins(rest, DATE) || !matches!(cut.last(), Some(b' ' | b'(')) {
            cut.push(*byte);
            rest = after;
            continue;
        }
        cut.extend_from_slice(b"INTERNALDATE \"\"");
        let ends = |at: &usize| rest.get(*at..).is_some_and(|rest| AFTER_DATE.iter().any(|item| begins(rest, item)));
        rest = (DATE.len()..rest.len()).find(ends).and_then(|end| rest.get(end..)).unwrap_or_default();
    }
    cut
}

/// `text` as one response, if the library can read all of it.
pub(super) fn parsed(text: &[u8]) -> Option<Response<'_>> {
    if has_date_without_value(text) {
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

/// Whether `text` begins as a SEARCH or ESEARCH response.
pub(super) fn is_search(text: &[u8]) -> bool {
    let text = text.strip_prefix(b"* ").unwrap_or_default();
    [&b"SEARCH"[..], b"ESEARCH"]
        .iter()
        .any(|word| text.get(..word.len()).is_some_and(|start| start.eq_ignore_ascii_case(word)))
}

/// What kind of response `text` is, for a log: its first word that is no number, if it looks like the name of a response.
pub(super) fn name(text: &[u8]) -> String {
    let mut words = text.trim_ascii().split(u8::is_ascii_whitespace).skip(1);
    let word = words.find(|word| !word.iter().all(u8::is_ascii_digit)).unwrap_or_default();
    let is_name =
        (1..=NAME).contains(&word.len()) && word.iter().all(|byte| byte.is_ascii_alphanumeric() || *byte == b'-');
    if is_name { String::from_utf8_lossy(word).into_owned() } else { "?".to_owned() }
}
