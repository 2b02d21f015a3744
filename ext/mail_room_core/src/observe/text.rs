//! Text for people and for keys: a server's words made harmless, and the parts of a claim's scope.

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

/// Characters of a server's words that an error shows.
const SHOWN: usize = 200;
/// Octets that stand for themselves in a part of a scope: RFC 3986's unreserved ones, and `@`.
pub(crate) const PART: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~').remove(b'@');

/// One line of at most `most` printable characters.
pub(crate) fn printable(text: &str, most: usize) -> String {
    let clean: String = text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
    clean.trim().chars().take(most).collect()
}

/// What a server said, fit for a log: one line of at most 200 printable characters, never empty.
pub(crate) fn said(text: &str) -> String {
    let shown = printable(text, SHOWN);
    if shown.is_empty() { "no reason given".to_owned() } else { shown }
}

/// A part of a scope, encoded so that it cannot imitate a separator.
pub(crate) fn part(text: &str) -> String {
    utf8_percent_encode(text, PART).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_is_one_short_line() {
        assert_eq!(said("a\r\nb\0c\u{7}"), "a  b c");
        assert_eq!(said(" \n"), "no reason given");
        assert_eq!(said(&"é".repeat(1000)).chars().count(), 200);
    }

    #[test]
    fn no_part_imitates_a_separator() {
        for (text, expected) in [
            ("a/b", "a%2Fb"),
            ("::1", "%3A%3A1"),
            ("z%2F", "z%252F"),
            ("Entwürfe", "Entw%C3%BCrfe"),
            ("a-._~@", "a-._~@"),
        ] {
            assert_eq!(part(text), expected);
        }
    }
}
