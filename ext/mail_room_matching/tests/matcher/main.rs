//! The matcher against tables of cases (one line each, beside this file), and against what nobody thought of.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]

mod broken;
mod hostile;
mod properties;

use mail_room_matching::matcher::Matcher;
use mail_room_matching::options::{AutoReplies, Bounces, Matching, Unmatched};

fn config(address: &str) -> Matching {
    Matching {
        address: address.into(),
        gitlab_host: Some("gl.test".into()),
        also_accept: vec!["support@acme.test".into(), "help*@*acme.test".into()],
        auto_replies: AutoReplies::Ignore,
        bounces: Bounces::Ignore,
        unmatched: Unmatched::Deliver,
        dry_run: false,
    }
}

fn matcher(mailbox: &str) -> Matcher {
    Matcher::new(&config(match mailbox {
        "sub" => "incoming+%{key}@gl.test",
        "all" => "incoming-%{key}@gl.test",
        "own" => "gitlab@gl.test",
        other => panic!("no mailbox {other}"),
    }))
}

/// Lines of a table, each with its number.
fn cases(table: &str, columns: usize) -> Vec<(usize, Vec<String>)> {
    let cases: Vec<_> = (table.lines().enumerate())
        .filter(|(_, line)| !line.starts_with('#') && !line.trim().is_empty())
        .map(|(index, line)| {
            (index + 1, line.split('|').map(|cell| cell.trim_matches(' ').to_owned()).collect::<Vec<_>>())
        })
        .collect();
    for (line, cells) in &cases {
        assert_eq!(cells.len(), columns, "line {line}");
    }
    cases
}

fn unescape(text: &str) -> Vec<u8> {
    let mut octets = text.bytes();
    let mut raw = Vec::new();
    while let Some(octet) = octets.next() {
        raw.push(match octet {
            b'\\' => match octets.next().unwrap() {
                b'r' => b'\r',
                b'n' => b'\n',
                b't' => b'\t',
                b'0' => 0,
                b'x' => {
                    let hex = [octets.next().unwrap(), octets.next().unwrap()];
                    u8::from_str_radix(std::str::from_utf8(&hex).unwrap(), 16).unwrap()
                }
                b'\\' => b'\\',
                other => panic!("\\{}", char::from(other)),
            },
            other => other,
        });
    }
    raw
}

fn shown(part: Option<impl ToString>) -> String {
    part.map_or("-".into(), |part| part.to_string())
}

#[test]
fn addresses() {
    let cases = cases(include_str!("addresses.txt"), 6);
    let mut wrong = Vec::new();
    for (line, cells) in &cases {
        let found = matcher(&cells[0]).find(&unescape(&cells[1]));
        let seen = [
            found.verdict.name().to_owned(),
            shown(found.key),
            shown(found.source.map(|source| source.name())),
            shown(found.feature.map(|feature| feature.name())),
        ];
        if seen != cells[2..] {
            wrong.push(format!("line {line}: {seen:?} for {cells:?}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(cases.len() > 80);
}

#[test]
fn features() {
    let cases = cases(include_str!("features.txt"), 7);
    let mut wrong = Vec::new();
    for (line, cells) in &cases {
        let found = matcher("sub").find(format!("To: incoming+{}@gl.test\r\n\r\n", cells[0]).as_bytes());
        assert_eq!(found.key.as_deref(), Some(&*cells[0]));
        let seen = [
            shown(found.feature.map(|feature| feature.name())),
            shown(found.project_id),
            shown(found.project_path),
            shown(found.reply_key),
            shown(found.partition),
            shown(found.namespace_id),
        ];
        if seen != cells[1..] {
            wrong.push(format!("line {line}: {seen:?} for {cells:?}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(cases.len() > 20);
}

#[test]
fn automatic_replies_are_like_any_other_message_when_told_so() {
    let matcher = Matcher::new(&Matching { auto_replies: AutoReplies::Deliver, ..config("incoming+%{key}@gl.test") });
    let found = matcher.find(b"Auto-Submitted: auto-replied\r\nTo: incoming+k@gl.test\r\n\r\n");
    assert_eq!((found.verdict.name(), found.key.as_deref()), ("accepted", Some("k")));
}

#[test]
fn a_bounce_to_us_is_told_from_mail_that_looks_like_one() {
    let bounce = "Return-Path: <>\r\nTo: incoming+k@gl.test\r\nContent-Type: Multipart/Report;\r\n report-type=delivery-status; \
                  boundary=x\r\n\r\n";
    let verdict = |raw: &str| matcher("sub").find(raw.as_bytes()).verdict.name();
    let found = matcher("sub").find(bounce.as_bytes());
    assert_eq!((found.verdict.name(), found.key.as_deref()), ("bounce", Some("k")));
    assert_eq!(verdict(&format!("Auto-Submitted: auto-replied\r\n{bounce}")), "bounce");
    assert_eq!(verdict(&bounce.replace("<>", " < > (nobody)")), "accepted", "not the form that servers write");
    assert_eq!(verdict(&bounce.replace("<>", "\t<>  ")), "bounce");
    assert_eq!(verdict(&bounce.replace("<>", "<jane@example.com>")), "accepted");
    assert_eq!(verdict(&format!("Return-Path: <a@b.c>\r\n{bounce}")), "accepted", "the first one counts");
    assert_eq!(verdict(&bounce.replace("Return-Path: <>\r\n", "")), "accepted");
    assert_eq!(verdict(&bounce.replace("Multipart/Report", "multipart/mixed")), "accepted");
    assert_eq!(verdict(&bounce.replace("Multipart/Report", "multipart/reporter")), "accepted");
    assert_eq!(verdict(&bounce.replace("incoming+k@", "someone@")), "unmatched");
    assert_eq!(verdict(&format!("To: incoming+k@gl.test\r\nno header\r\n{bounce}")), "accepted", "a quoted one");
    let delivering = Matcher::new(&Matching { bounces: Bounces::Deliver, ..config("incoming+%{key}@gl.test") });
    assert_eq!(delivering.find(bounce.as_bytes()).verdict.name(), "accepted");
}

#[test]
fn thousands_of_recipients_are_read_to_the_last() {
    let mut raw = b"To: ".to_vec();
    for number in 0..20_000 {
        raw.extend_from_slice(format!("\"R, {number}\" <r{number}@example.com>,\r\n ").as_bytes());
    }
    raw.extend_from_slice(b"incoming+k@gl.test\r\n\r\n");
    assert_eq!(matcher("sub").find(&raw).key.as_deref(), Some("k"));
}
