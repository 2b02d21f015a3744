//! The answers to SEARCH: `SEARCH` (RFC 3501 section 7.2.5, with RFC 7162's MODSEQ) and `ESEARCH` (RFC 4731, RFC 9051).

use super::cursor::Cursor;
use crate::error::Result;

/// UIDs one search yields at most. More than that are found by the next one: the caller searches until nothing is left.
/// A range of a few octets may claim four thousand million.
pub(super) const FOUND: usize = 2_000_000;

/// What follows `SEARCH`: numbers, then perhaps `(MODSEQ n)`.
pub(super) fn search(cursor: &mut Cursor<'_>) -> Result<Vec<u32>> {
    let mut found = Vec::new();
    loop {
        cursor.spaces();
        match cursor.peek() {
            None => return Ok(found),
            Some(b'(') => cursor.skip_value()?,
            Some(_) => {
                found.push(cursor.nonzero("a UID")?);
                if cursor.peek().is_some_and(|byte| byte != b' ') {
                    return Err(cursor.expected("a space"));
                }
            }
        }
    }
}

/// What follows `ESEARCH`: `(TAG "A1") UID ALL 1:5,9`, among items we did not ask for.
pub(super) fn esearch(cursor: &mut Cursor<'_>) -> Result<Vec<u32>> {
    let mut found = Vec::new();
    let mut uids = false;
    loop {
        cursor.spaces();
        match cursor.peek() {
            None => return Ok(found),
            Some(b'(') => {
                cursor.skip_value()?;
                continue;
            }
            Some(_) => {}
        }
        match cursor.word().to_ascii_uppercase().as_slice() {
            b"UID" => uids = true,
            // Without UID these are message numbers.
            b"ALL" if uids => {
                cursor.must(b' ', "a space")?;
                set(cursor, &mut found)?;
            }
            b"ALL" | b"" => return Err(cursor.expected("UID")),
            _ => {
                cursor.must(b' ', "a space")?;
                cursor.skip_value()?;
            }
        }
    }
}

fn set(cursor: &mut Cursor<'_>, found: &mut Vec<u32>) -> Result<()> {
    loop {
        let first = cursor.nonzero("a UID")?;
        let last = if cursor.eat(b':') { cursor.nonzero("a UID")? } else { first };
        let left = FOUND.saturating_sub(found.len());
        found.extend((first.min(last)..=first.max(last)).take(left));
        if !cursor.eat(b',') {
            return match cursor.peek() {
                None | Some(b' ') => Ok(()),
                Some(_) => Err(cursor.expected("the end of a set")),
            };
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::VecDeque;

    use super::*;

    #[test]
    fn reads_search() {
        for (text, expected) in [
            ("", Some(vec![])),
            (" ", Some(vec![])),
            (" 3 1 2", Some(vec![3, 1, 2])),
            (" 5  7 ", Some(vec![5, 7])),
            (" 2 (MODSEQ 917162500)", Some(vec![2])),
            (" 4294967295", Some(vec![u32::MAX])),
            (" 0", None),
            (" 1x", None),
            (" 1 -2", None),
            (" 1 (MODSEQ", None),
        ] {
            assert_eq!(search(&mut Cursor::new(text.as_bytes(), &mut VecDeque::new())).ok(), expected, "{text}");
        }
    }

    #[test]
    fn reads_esearch() {
        for (text, expected) in [
            (" (TAG \"A1\") UID ALL 1:3,9", Some(vec![1, 2, 3, 9])),
            (" (TAG \"A1\") UID COUNT 4 ALL 3:1", Some(vec![1, 2, 3])),
            (" (TAG \"A1\") uid all 7 MODSEQ 12", Some(vec![7])),
            (" (TAG \"A1\") UID", Some(vec![])),
            (" UID ALL 2", Some(vec![2])),
            (" (TAG \"A1\") ALL 1", None),
            (" UID ALL 1:*", None),
            (" UID ALL 0", None),
            (" UID ALL 1,", None),
            (" UID ALL", None),
        ] {
            assert_eq!(esearch(&mut Cursor::new(text.as_bytes(), &mut VecDeque::new())).ok(), expected, "{text}");
        }
        let huge = esearch(&mut Cursor::new(b" UID ALL 1:4294967295,1:4294967295", &mut VecDeque::new())).unwrap();
        assert_eq!((huge.len(), huge.last()), (FOUND, Some(&2_000_000)));
    }
}
