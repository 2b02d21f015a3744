//! The answers to SEARCH: `SEARCH` (RFC 3501 section 7.2.5, with RFC 7162's MODSEQ) and `ESEARCH` (RFC 4731, RFC 9051). The
//! library gets both as SEARCH responses of a bounded length, because it parses a long one anew with each read.

use std::fmt::Write;

/// UIDs that one search returns at most. The caller searches until nothing is left, so the next search finds the others. A
/// range of a few octets may claim four thousand million.
const FOUND: usize = 2_000_000;
/// UIDs in one line.
const IN_A_LINE: usize = 300;

/// The UIDs in `line`, which begins with `SEARCH` or `ESEARCH`, as SEARCH responses; `None` if it cannot be read.
pub(super) fn responses(line: &str) -> Option<Vec<u8>> {
    let (word, rest) = line.split_at_checked(line.find(' ').unwrap_or(line.len()))?;
    let found = if word.eq_ignore_ascii_case("SEARCH") { search(rest)? } else { esearch(rest)? };
    let mut text = String::new();
    for uids in found.chunks(IN_A_LINE) {
        text.push_str("* SEARCH");
        // Writing to a String cannot fail.
        let _ = uids.iter().try_for_each(|uid| write!(text, " {uid}"));
        text.push_str("\r\n");
    }
    if text.is_empty() {
        text.push_str("* SEARCH\r\n");
    }
    Some(text.into_bytes())
}

/// Numbers, then perhaps `(MODSEQ n)`.
fn search(rest: &str) -> Option<Vec<u32>> {
    let numbers = match rest.split_once('(') {
        Some((numbers, modseq)) => modseq.trim_end().ends_with(')').then_some(numbers)?,
        None => rest,
    };
    numbers.split_ascii_whitespace().map(nonzero).take(FOUND).collect()
}

/// `(TAG "A1") UID ALL 1:5,9`, among items we did not ask for.
fn esearch(rest: &str) -> Option<Vec<u32>> {
    let rest = rest.trim_start();
    let rest = if rest.starts_with('(') { rest.split_once(')')?.1 } else { rest };
    let mut words = rest.split_ascii_whitespace().peekable();
    // Without UID these are message numbers.
    let uids = words.next_if(|word| word.eq_ignore_ascii_case("UID")).is_some();
    let mut found = Vec::new();
    while let Some(item) = words.next() {
        let value = words.next()?;
        if !item.eq_ignore_ascii_case("ALL") {
            continue;
        }
        for range in value.split(',') {
            let (first, last) = range.split_once(':').unwrap_or((range, range));
            let (first, last) = (nonzero(first)?, nonzero(last)?);
            let left = FOUND.saturating_sub(found.len());
            found.extend((first.min(last)..=first.max(last)).take(left));
        }
    }
    (uids || found.is_empty()).then_some(found)
}

fn nonzero(digits: &str) -> Option<u32> {
    let is_number = digits.bytes().all(|byte| byte.is_ascii_digit());
    digits.parse().ok().filter(|uid| is_number && *uid > 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_search_and_esearch() {
        for (line, expected) in [
            ("SEARCH", Some("")),
            ("search ", Some("")),
            ("SEARCH 3 1 2", Some(" 3 1 2")),
            ("SEARCH 5  7 ", Some(" 5 7")),
            ("SEARCH 2 (MODSEQ 917162500)", Some(" 2")),
            ("SEARCH 4294967295", Some(" 4294967295")),
            ("SEARCH 0", None),
            ("SEARCH 1x", None),
            ("SEARCH 1 +2", None),
            ("SEARCH 1 (MODSEQ", None),
            ("ESEARCH (TAG \"A1\") UID ALL 1:3,9", Some(" 1 2 3 9")),
            ("ESEARCH (TAG \"A1\") UID COUNT 4 ALL 3:1", Some(" 1 2 3")),
            ("esearch (TAG \"A1\") uid all 7 MODSEQ 12", Some(" 7")),
            ("ESEARCH (TAG \"A1\") UID", Some("")),
            ("ESEARCH UID ALL 2", Some(" 2")),
            ("ESEARCH (TAG \"A1\") ALL 1", None),
            ("ESEARCH UID ALL 1:*", None),
            ("ESEARCH UID ALL 0", None),
            ("ESEARCH UID ALL 1,", None),
            ("ESEARCH UID ALL", None),
        ] {
            let expected = expected.map(|uids| format!("* SEARCH{uids}\r\n").into_bytes());
            assert_eq!(responses(line), expected, "{line}");
        }
        let huge = responses("ESEARCH UID ALL 1:4294967295,1:4294967295").unwrap();
        assert!(huge.ends_with(b" 2000000\r\n"));
        assert!(huge.split(|byte| *byte == b'\n').all(|line| line.len() < 4_000));
    }
}
