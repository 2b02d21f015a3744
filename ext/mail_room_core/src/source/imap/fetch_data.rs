//! The items of a FETCH response (RFC 3501 section 7.4.2), in any order: UID, size and body; all others are passed over.

use std::collections::VecDeque;

use super::cursor::{Cursor, Text};
use crate::error::Result;

/// What one FETCH response says about a message.
#[derive(Debug, Default)]
pub(super) struct Fetch {
    pub(super) uid: Option<u32>,
    /// RFC822.SIZE, in octets.
    pub(super) size: Option<u64>,
    /// BODY[].
    pub(super) body: Option<Text>,
}

impl Fetch {
    /// Whether it is not an answer to a FETCH of ours, but tells of changed flags.
    pub(super) fn is_about_flags(&self) -> bool {
        self.size.is_none() && self.body.is_none()
    }
}

/// Reads what follows `FETCH`, to the end of the line.
pub(super) fn parse(cursor: &mut Cursor<'_>) -> Result<Fetch> {
    let mut fetch = Fetch::default();
    items(cursor, &mut fetch)?;
    Ok(fetch)
}

fn items(cursor: &mut Cursor<'_>, fetch: &mut Fetch) -> Result<()> {
    cursor.must(b'(', "an opening parenthesis")?;
    loop {
        cursor.spaces();
        if cursor.eat(b')') {
            cursor.spaces();
            return if cursor.peek().is_none() { Ok(()) } else { Err(cursor.expected("the end of the line")) };
        }
        let name = name(cursor).to_ascii_uppercase();
        cursor.must(b' ', "a space")?;
        match name.as_slice() {
            b"UID" if fetch.uid.is_none() => fetch.uid = Some(cursor.nonzero("a UID")?),
            b"RFC822.SIZE" if fetch.size.is_none() => {
                fetch.size = Some(cursor.number().ok_or_else(|| cursor.expected("a size"))?);
            }
            b"BODY[]" if fetch.body.is_none() => fetch.body = Some(cursor.nstring()?),
            b"UID" | b"RFC822.SIZE" | b"BODY[]" => return Err(cursor.expected("each item once")),
            b"" => return Err(cursor.expected("the name of an item")),
            _ => cursor.skip_value()?,
        }
        if !matches!(cursor.peek(), Some(b' ' | b')')) {
            return Err(cursor.expected("a space or a closing parenthesis"));
        }
    }
}

/// The name of an item with its section: `BODY[HEADER.FIELDS (TO)]<0>`.
fn name<'a>(cursor: &mut Cursor<'a>) -> &'a [u8] {
    let start = cursor.rest();
    cursor.until(|byte| matches!(byte, b' ' | b'(' | b')' | b'['));
    if cursor.peek() == Some(b'[') {
        cursor.until(|byte| byte == b']');
        cursor.until(|byte| matches!(byte, b' ' | b'(' | b')'));
    }
    start.get(..start.len() - cursor.rest().len()).unwrap_or_default()
}

/// The UID in `text`, the beginning of a FETCH response that ends where a literal is announced; `None` if it has not come
/// yet.
pub(super) fn uid_so_far(text: &[u8]) -> Option<u32> {
    let open = text.iter().position(|byte| *byte == b'(')?;
    let mut fetch = Fetch::default();
    // The line is not complete, so this ends with an error at the literal; the UID, if it stood before, is known by then.
    let _ = items(&mut Cursor::new(text.get(open..)?, &mut VecDeque::new()), &mut fetch);
    fetch.uid
}

/// Whether the literal announced at the end of `text` is a `BODY[]`.
pub(super) fn announces_body(text: &[u8]) -> bool {
    let Some(open) = text.iter().rposition(|byte| *byte == b'{') else { return false };
    let before = text.get(..open).unwrap_or_default();
    let before = before.strip_suffix(b"~").unwrap_or(before);
    let start = before.len().saturating_sub(b"BODY[] ".len());
    let is_item = start.checked_sub(1).and_then(|at| before.get(at)).is_some_and(|byte| matches!(byte, b' ' | b'('));
    is_item && before.get(start..).is_some_and(|name| name.eq_ignore_ascii_case(b"BODY[] "))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::imap::response::Literal;

    fn read(text: &str) -> Result<Fetch> {
        let mut literals: VecDeque<_> = [Literal::Kept(b"one".to_vec()), Literal::Kept(b"two".to_vec())].into();
        parse(&mut Cursor::new(text.as_bytes(), &mut literals))
    }

    #[test]
    fn reads_items_in_any_order() {
        for (text, uid, size, body) in [
            ("(UID 5 RFC822.SIZE 123)", Some(5), Some(123), None),
            ("(rfc822.size 0 uid 5)", Some(5), Some(0), None),
            ("(UID 5 BODY[] {3})", Some(5), None, Some(Text::Kept(b"one".to_vec()))),
            ("(BODY[] {3} UID 5)", Some(5), None, Some(Text::Kept(b"one".to_vec()))),
            ("(body[] ~{3} UID 5)", Some(5), None, Some(Text::Kept(b"one".to_vec()))),
            ("(UID 5 BODY[] NIL)", Some(5), None, Some(Text::Nil)),
            ("(UID 5 BODY[] \"a \\\"b\\\\\")", Some(5), None, Some(Text::Kept(b"a \"b\\".to_vec()))),
            ("(UID 5 BODY[] \"\")", Some(5), None, Some(Text::Kept(Vec::new()))),
            ("(FLAGS (\\Seen $x) UID 5)", Some(5), None, None),
            ("(FLAGS () MODSEQ (12))", None, None, None),
            (
                "(BODY[HEADER.FIELDS (TO \"CC\")] {3} BODY[] {3} UID 9)",
                Some(9),
                None,
                Some(Text::Kept(b"two".to_vec())),
            ),
            (
                "(ENVELOPE (NIL \"(\" ((NIL {3}))) INTERNALDATE \" 1-Jan-2024 00:00:00 +0000\" UID 1)",
                Some(1),
                None,
                None,
            ),
            ("()", None, None, None),
        ] {
            let fetch = read(text).unwrap_or_else(|error| panic!("{text}: {error}"));
            assert_eq!((fetch.uid, fetch.size, fetch.body), (uid, size, body), "{text}");
        }
    }

    #[test]
    fn refuses_what_is_broken() {
        for text in [
            "",
            "(",
            "(UID",
            "(UID )",
            "(UID 0)",
            "(UID x)",
            "(UID 5",
            "(UID 5) x",
            "(UID 5 UID 5)",
            "(BODY[] {3} BODY[] {3})",
            "(BODY[] \"x)",
            "(BODY[] x)",
            "(BODY[] {x})",
            "(BODY[] {3}{3})",
            "(FLAGS (\\Seen)",
            "(UID 5 RFC822.SIZE -1)",
            "(UID 99999999999)",
            "(BODY[] {3}X)",
            "(A {3} B {3} C {3})",
            "(FLAGS)",
        ] {
            assert!(read(text).is_err(), "{text}");
        }
    }

    #[test]
    fn knows_the_message_before_its_body() {
        for (text, uid, body) in [
            ("* 1 FETCH (UID 7 BODY[] {3}", Some(7), true),
            ("* 1 FETCH (FLAGS (\\Seen) UID 7 body[] ~{3}", Some(7), true),
            ("* 1 FETCH (BODY[] {3}", None, true),
            ("* 1 FETCH (UID 7 BODY[TEXT] {3}", Some(7), false),
            ("* 1 FETCH (UID 7 XBODY[] {3}", Some(7), false),
            ("* LIST () \"/\" {3}", None, false),
        ] {
            assert_eq!((uid_so_far(text.as_bytes()), announces_body(text.as_bytes())), (uid, body), "{text}");
        }
    }
}
