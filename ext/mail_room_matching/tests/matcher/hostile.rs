//! Headers made to cost much: the work grows with their length and not with its square, and memory is bounded.

use std::time::{Duration, Instant};

use super::properties::most_allocated;

const LONG: usize = 256 << 10;

fn repeated(piece: &str, octets: usize) -> String {
    piece.repeat(octets / piece.len() + 1)
}

/// Names of kinds, and what is repeated.
const KINDS: [(&str, &str); 18] = [
    ("commas", ","),
    ("one-letter addresses", "a,"),
    ("100,000 addresses", "abc@d.example, "),
    ("nested comments", "("),
    ("closed comments", "()"),
    ("quotes", "\""),
    ("quoted words", "\"a\""),
    ("backslashes", "\\"),
    ("groups", "a@b:"),
    ("angle brackets", "<"),
    ("at signs", "@"),
    ("words without an end", "=?aa?q?x "),
    ("words without a blank", "=?aa?q?x"),
    ("charsets without an end", "=?aaaaaaa"),
    ("base64 without an end", "=?aa?b?AAAA "),
    ("folds", "\r\n "),
    ("fors", "for <"),
    ("carriage returns", "a\r"),
];

#[test]
fn a_hostile_header_costs_its_length_and_bounded_memory() {
    let matcher = super::matcher("sub");
    for (kind, piece) in KINDS {
        for header in ["To", "References", "Received"] {
            let time = |octets: usize| {
                let raw = format!("{header}: {}\r\nCc: incoming+k@gl.test\r\n\r\n", repeated(piece, octets));
                let began = Instant::now();
                let found = matcher.find(raw.as_bytes());
                let took = began.elapsed();
                assert_eq!(found.key.as_deref(), Some("k"), "{kind} in {header}");
                took
            };
            let (short, long) = (time(LONG / 4), time(LONG));
            println!("{kind} in {header}: {short:?} for 64 KB, {long:?} for 256 KB");
            // A square would take minutes; a busy machine does not.
            assert!(long < Duration::from_secs(10), "{kind} in {header}: {long:?}");
            let raw = format!("{header}: {}\r\n\r\n", repeated(piece, LONG));
            let most = most_allocated(|| drop(matcher.find(raw.as_bytes())));
            assert!(most < 4 << 20, "{kind} in {header}: {most} octets of memory");
        }
    }
}

#[test]
fn many_hostile_headers_cost_their_length() {
    let matcher = super::matcher("sub");
    for header in
        ["a:\n", "To: a@b\n", "To: =?aa?q?x =?aa?q?x\n", "References: <a@b>\n", "no header\n", ":\n", "\u{e9}:\n"]
    {
        let raw = repeated(header, 4 * LONG);
        let began = Instant::now();
        let most = most_allocated(|| drop(matcher.find(raw.as_bytes())));
        let header = header.get(..20).unwrap_or(header);
        println!("{header:?}: {:?}, {most} octets of memory", began.elapsed());
        assert!(began.elapsed() < Duration::from_secs(10) && most < 4 << 20, "{header:?}: {most}");
    }
}

/// Only the header block is looked at, and no more of it than 1 MiB: a body costs nothing.
#[test]
fn a_large_body_is_not_read() {
    let mut raw = b"To: x@y.example\r\n\r\n".to_vec();
    raw.resize(64 << 20, b'@');
    let most = most_allocated(|| assert_eq!(super::matcher("sub").find(&raw).verdict.name(), "unmatched"));
    assert!(most < 4_096, "{most}");
}
