//! The addresses in a header's value: first those that mail-parser reads; as the last resort, every word that looks like one,
//! whatever is around it. The caller compares them with addresses of ours. It may accept more than the app does, but never
//! less.

use std::borrow::Cow;

use mail_parser::HeaderValue;
use mail_parser::parsers::MessageStream;

use super::source::Source;

/// Octets of one value that mail-parser reads: its lists take 50 octets for each. The last resort searches the whole value.
const READ: usize = 32 << 10;
/// Encoded words in a row that may lack their end. For each, mail-parser searches the whole rest of the value.
const UNCLOSED: usize = 32;
/// Octets of one address in Received. RFC 5321 section 4.5.3.1 allows 320.
const LONGEST: usize = 512;

/// Calls `wanted` with each address in the header until it returns something.
pub(super) fn find<T>(source: Source, value: &[u8], mut wanted: impl FnMut(&[u8]) -> Option<T>) -> Option<T> {
    if !value.contains(&b'@') {
        return None;
    }
    let mut in_text = |text: &[u8]| words(&squeezed(text)).find_map(&mut wanted);
    match source {
        Source::Received => received(value).find_map(in_text),
        Source::References => ids(&ended(value)).iter().find_map(|id| in_text(id.as_bytes())),
        _ => mailboxes(value).iter().find_map(|address| in_text(address.as_bytes())),
    }
}

/// Calls `wanted` with each word of the value that looks like an address until it returns something. A word may be quoted, in a
/// comment, a display name or an encoded word, or cut in two by folds or comments.
pub(super) fn find_anywhere<T>(source: Source, value: &[u8], mut wanted: impl FnMut(&[u8]) -> Option<T>) -> Option<T> {
    if source == Source::Received {
        return None;
    }
    let found = words(value).find_map(&mut wanted);
    if let Some(found) = found.or_else(|| words(&squeezed(&without_comments(value))).find_map(&mut wanted)) {
        return Some(found);
    }
    let decoded = value.windows(2).any(|pair| matches!(pair, b"=?")).then(|| text(value))?;
    words(&squeezed(decoded.as_bytes())).find_map(&mut wanted)
}

/// The mailboxes in a value, in groups or not, without their names.
pub fn mailboxes(value: &[u8]) -> Vec<Cow<'_, str>> {
    let HeaderValue::Address(list) = MessageStream::new(near(value)).parse_address() else { return Vec::new() };
    let addresses = list.into_list().into_iter().filter_map(|mailbox| match (mailbox.name, mailbox.address?) {
        // mail-parser takes a quoted local part for the name.
        (Some(name), domain) if domain.starts_with('@') => Some(Cow::Owned(format!("{name}{domain}"))),
        (_, address) => Some(address),
    });
    addresses.collect()
}

/// The message ids in a value that is [`ended`], without their brackets.
pub fn ids(value: &[u8]) -> Vec<Cow<'_, str>> {
    match MessageStream::new(value).parse_id() {
        HeaderValue::Text(id) => vec![id],
        HeaderValue::TextList(ids) => ids,
        _ => Vec::new(),
    }
}

/// A value as a person reads it, with encoded words (RFC 2047) decoded.
pub fn text(value: &[u8]) -> String {
    match MessageStream::new(&ended(near(value))).parse_unstructured() {
        HeaderValue::Text(text) => text.into_owned(),
        _ => String::new(),
    }
}

/// The part of a value that is read, with a line end: mail-parser reads neither ids nor text from a line without one.
pub fn ended(value: &[u8]) -> Cow<'_, [u8]> {
    let near = value.get(..READ).unwrap_or(value);
    if near.ends_with(b"\n") { Cow::Borrowed(near) } else { Cow::Owned([near, b"\n"].concat()) }
}

/// The part of a value that mail-parser may read. Empty if encoded words without an end would cost quadratic time.
fn near(value: &[u8]) -> &[u8] {
    let near = value.get(..READ).unwrap_or(value);
    let mut open = 0;
    let is_costly = near.windows(2).any(|pair| {
        open = if matches!(pair, b"?=") { 0 } else { open + usize::from(matches!(pair, b"=?")) };
        open > UNCLOSED
    });
    if is_costly { &[] } else { near }
}

/// The recipients that mail servers note in Received: `for <addr>` (RFC 5321 section 4.4), with or without blanks and brackets.
/// mail-parser does not read them: its addresses end at the `/` of older keys, and it reads one `for`, outside comments.
fn received(value: &[u8]) -> impl Iterator<Item = &[u8]> {
    let mut rest = value;
    std::iter::from_fn(move || {
        loop {
            let at = rest.windows(3).position(|word| matches!(word, [b'f' | b'F', b'o' | b'O', b'r' | b'R']))?;
            rest = rest.get(at + 3..)?;
            let address = rest.trim_ascii_start();
            let bare = address.strip_prefix(b"<");
            if address.len() == rest.len() && bare.is_none() {
                continue;
            }
            let near = bare.unwrap_or(address);
            let near = near.get(..LONGEST).unwrap_or(near);
            let ends = |octet: &u8| if bare.is_some() { *octet == b'>' } else { octet.is_ascii_whitespace() };
            return near.split(ends).next();
        }
    })
}

/// The runs of octets that have an `@` inside, split at whatever separates addresses.
fn words(text: &[u8]) -> impl Iterator<Item = &[u8]> {
    let separates = |octet: &u8| {
        octet.is_ascii_whitespace() || matches!(octet, 0 | b',' | b';' | b':' | b'<' | b'>' | b'"' | b'(' | b')')
    };
    let at_sign = |word: &[u8]| word.iter().position(|octet| *octet == b'@');
    text.split(separates).filter(move |word| at_sign(word).is_some_and(|at| at > 0 && at + 1 < word.len()))
}

/// `text` without folds, blanks around the `@`, quotes, backslashes and NULs, which are no part of an address.
pub(crate) fn squeezed(text: &[u8]) -> Cow<'_, [u8]> {
    if !text.iter().any(|octet| matches!(octet, 0 | b'"' | b'\\' | b' ' | b'\t' | b'\r' | b'\n')) {
        return Cow::Borrowed(text);
    }
    let mut squeezed = Vec::with_capacity(text.len());
    let (mut blank, mut folded) = (false, false);
    for octet in text {
        match octet {
            0 | b'"' | b'\\' => {}
            b'\r' | b'\n' => folded = true,
            b' ' | b'\t' => blank = blank || !folded,
            _ => {
                if blank && *octet != b'@' && squeezed.last() != Some(&b'@') {
                    squeezed.push(b' ');
                }
                (blank, folded) = (false, false);
                squeezed.push(*octet);
            }
        }
    }
    Cow::Owned(squeezed)
}

/// `value` without comments, nested ones included. A comment that is not closed stays.
fn without_comments(value: &[u8]) -> Cow<'_, [u8]> {
    if !value.contains(&b'(') {
        return Cow::Borrowed(value);
    }
    let mut rest = Vec::with_capacity(value.len());
    let (mut depth, mut begin) = (0_usize, 0);
    for octet in value {
        match octet {
            b'(' if depth == 0 => (depth, begin) = (1, rest.len()),
            b'(' => depth += 1,
            b')' if depth == 1 => {
                depth = 0;
                rest.truncate(begin);
                continue;
            }
            b')' => depth = depth.saturating_sub(1),
            _ => {}
        }
        rest.push(*octet);
    }
    Cow::Owned(rest)
}
