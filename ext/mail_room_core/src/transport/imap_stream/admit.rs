//! Decides what the library gets of a response. The library ends the session at the first octet that it cannot read, so each
//! response is tried before. It is repaired if servers are known for the fault. If it still cannot be read and nobody needs it,
//! it is dropped.

use async_imap::imap_proto::{AttributeValue, MailboxDatum, Response};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use super::expected::Expected;
use super::frame::Frame;
use super::notes::Notes;
use super::response::{is_body, is_fetch, is_search, name, parsed, uid, without_dates};
use super::search;
use super::status::{Kind, Status};
use crate::error::{Error, Result};

/// Nothing that we ask for has parentheses nested deeper than this. The library recurses once for each.
const DEEPEST: usize = 16;

/// Notes `frame`, and returns what the library is to read of it: nothing, one response, or several of a search.
pub(super) fn admit(mut frame: Frame, expected: &mut Expected, notes: &mut Notes) -> Result<Vec<u8>> {
    if frame.deepest > DEEPEST {
        return dropped(&frame.text, expected, notes);
    }
    let line = frame.text.strip_suffix(b"\r\n").unwrap_or(&frame.text);
    if let Some(text) = line.strip_prefix(b"+") {
        let text = text.trim_ascii();
        // The library takes every text for a challenge in base64.
        let challenge = if STANDARD.decode(text).is_ok() { text } else { b"" };
        return Ok([b"+ ", challenge, b"\r\n"].concat());
    }
    let Some(data) = line.strip_prefix(b"*") else { return tagged(line, notes) };
    let data = data.trim_ascii_start();
    if let Some(status) = Status::parse(data) {
        let line = rendered("*", &status);
        notes.note_untagged(status)?;
        return Ok(line);
    }
    let word = data.split(|byte| *byte == b' ').next().unwrap_or_default().to_ascii_uppercase();
    match word.as_slice() {
        b"SEARCH" | b"ESEARCH" => {
            let found = std::str::from_utf8(data).ok().and_then(search::responses);
            notes.search_responses = notes.search_responses.saturating_add(1);
            return found.map_or_else(|| dropped(&frame.text, expected, notes), Ok);
        }
        b"CAPABILITY" => notes.note_capabilities(&String::from_utf8_lossy(data.get(word.len()..).unwrap_or_default())),
        b"NAMESPACE" | b"MYRIGHTS" => {
            notes.kept = Some(String::from_utf8_lossy(data).into_owned());
            return Ok(Vec::new());
        }
        b"FLAGS" | b"LIST" | b"STATUS" | b"ID" | b"QUOTA" | b"QUOTAROOT" => {}
        _ if word.first().is_some_and(u8::is_ascii_digit) => quoted_body(&mut frame, expected)?,
        _ => return dropped(&frame.text, expected, notes),
    }
    if !noted(&frame.text, &mut frame.body, expected, notes) {
        match repaired(&frame.text) {
            Some(text) if noted(&text, &mut frame.body, expected, notes) => frame.text = text,
            _ => return dropped(&frame.text, expected, notes),
        }
    }
    Ok(frame.text)
}

/// Notes what `text` says, and takes `body` if it was asked for. Returns whether the library can read it.
fn noted(text: &[u8], body: &mut Option<Vec<u8>>, expected: &mut Expected, notes: &mut Notes) -> bool {
    let Some(response) = parsed(text) else { return false };
    match response {
        Response::MailboxData(MailboxDatum::Exists(_)) => notes.news = true,
        Response::Fetch(_, items) => {
            notes.news |= !expected.changes_flags && !items.iter().any(is_asked_for);
            notes.body = body.take().filter(|_| uid(&items).is_some_and(|uid| expected.bodies.remove(&uid)));
        }
        _ => {}
    }
    true
}

fn is_asked_for(item: &AttributeValue<'_>) -> bool {
    matches!(item, AttributeValue::Rfc822Size(_) | AttributeValue::InternalDate(_) | AttributeValue::BodySection { .. })
}

/// Drops a response that cannot be read, or ends the exchange if it may be what was asked for.
fn dropped(text: &[u8], expected: &Expected, notes: &mut Notes) -> Result<Vec<u8>> {
    if (expected.fetches && is_fetch(text)) || (expected.search && is_search(text)) {
        return Err(Error::Unparseable("the server's answer cannot be read".into()));
    }
    notes.note_dropped(&name(text));
    Ok(Vec::new())
}

/// A line that begins with neither `*` nor `+`.
fn tagged(line: &[u8], notes: &mut Notes) -> Result<Vec<u8>> {
    // Some servers answer a line they do not understand without any tag.
    if let Some(status @ Status { kind: Kind::No | Kind::Bad, .. }) = Status::parse(line) {
        let line = rendered("*", &status);
        notes.note_untagged(status)?;
        return Ok(line);
    }
    let (tag, rest) = line.split_at(line.iter().position(|byte| *byte == b' ').unwrap_or(line.len()));
    let status = Status::parse(rest.trim_ascii_start());
    let Some(status) = status.filter(|status| matches!(status.kind, Kind::Ok | Kind::No | Kind::Bad)) else {
        return Err(Error::Unparseable(
            "the server's answer cannot be read: a line has neither a tag of ours nor a star".into(),
        ));
    };
    let tag = String::from_utf8_lossy(tag);
    let line = rendered(&tag, &status);
    notes.note_tagged(&tag, status)?;
    Ok(line)
}

/// `status` for the library, which acts on the code only. We report the text.
fn rendered(tag: &str, status: &Status) -> Vec<u8> {
    let kind = match status.kind {
        Kind::Preauth => "PREAUTH",
        Kind::Bye => "BYE",
        // To the library an untagged NO or BAD is the end of a command, and to servers a warning.
        Kind::No | Kind::Bad if tag == "*" => "OK",
        Kind::Ok => "OK",
        Kind::No => "NO",
        Kind::Bad => "BAD",
    };
    if !status.code.is_empty() {
        let space = if status.arguments.is_empty() { "" } else { " " };
        let text = format!("{tag} {kind} [{}{space}{}] -\r\n", status.code, status.arguments).into_bytes();
        if parsed(&text).is_some() {
            return text;
        }
    }
    format!("{tag} {kind} -\r\n").into_bytes()
}

/// Takes out a body that came as a quoted string, like one that came as a literal.
fn quoted_body(frame: &mut Frame, expected: &Expected) -> Result<()> {
    let text = &frame.text;
    let opens = |at: &usize| is_body(text.get(..*at).unwrap_or_default());
    let Some(open) = (0..text.len()).filter(|at| text.get(*at) == Some(&b'"')).find(opens) else { return Ok(()) };
    let mut body = Vec::new();
    let mut rest = text.iter().enumerate().skip(open + 1);
    while let Some((at, byte)) = rest.next() {
        match byte {
            b'"' if frame.body.is_some() => {
                return Err(Error::Unparseable("the server sent two bodies in one answer".into()));
            }
            b'"' if body.len() as u64 > expected.limit && !expected.bodies.is_empty() => {
                return Err(Error::Unparseable("the server sends a message larger than it may be".into()));
            }
            b'"' => {
                let after = text.get(at + 1..).unwrap_or_default();
                frame.text = [text.get(..open).unwrap_or_default(), b"{0}\r\n", after].concat();
                frame.body = Some(body);
                return Ok(());
            }
            b'\\' => body.extend(rest.next().map(|(_, byte)| *byte)),
            byte => body.push(*byte),
        }
    }
    Ok(())
}

/// `text` without what known servers get wrong in it; `None` if there is nothing of the kind.
fn repaired(text: &[u8]) -> Option<Vec<u8>> {
    // The name in a LIST may be a literal, and is not ours to change.
    if !is_fetch(text) && text.iter().filter(|byte| **byte == b'\n').count() > 1 {
        return None;
    }
    let mut line = single_spaced(text);
    // What the date says is only counted: no message is lost for it.
    if is_fetch(text) && parsed(&line).is_none() {
        line = without_dates(&line);
    }
    if text.get(2..8).is_some_and(|word| word.eq_ignore_ascii_case(b"FLAGS ")) {
        line.iter_mut().filter(|byte| matches!(byte, b'[' | b']')).for_each(|byte| *byte = b'_');
    } else if text.get(2..7).is_some_and(|word| word.eq_ignore_ascii_case(b"LIST ")) {
        // RFC 5258 section 6: extended data comes after the name.
        let mut quoted = false;
        let after_name = (8..line.len()).find(|at| {
            quoted ^= line.get(*at) == Some(&b'"');
            !quoted && line.get(*at..at + 2) == Some(b" (")
        });
        if let Some(after_name) = after_name {
            line.truncate(after_name);
            line.extend_from_slice(b"\r\n");
        }
    }
    (line != text).then_some(line)
}

/// One space where several stand outside of quoted strings. The literals of a FETCH response are taken out before.
fn single_spaced(text: &[u8]) -> Vec<u8> {
    let mut line: Vec<u8> = Vec::with_capacity(text.len());
    let mut quoted = false;
    for byte in text {
        quoted ^= *byte == b'"' && line.last() != Some(&b'\\');
        if quoted || *byte != b' ' || line.last() != Some(&b' ') {
            line.push(*byte);
        }
    }
    line
}

#[cfg(test)]
mod tests {
    use super::*;

    fn admitted(text: &str, expected: &mut Expected) -> Result<(String, Notes)> {
        let mut notes = Notes::default();
        let frame = Frame { text: format!("{text}\r\n").into_bytes(), ..Frame::default() };
        let lines = admit(frame, expected, &mut notes)?;
        let mut rest = lines.as_slice();
        while !rest.is_empty() {
            let Ok((left, _)) = Response::parse(rest) else { panic!("{text}: the library cannot read it") };
            rest = left;
        }
        Ok((String::from_utf8(lines).unwrap(), notes))
    }

    #[test]
    fn the_library_gets_what_it_can_read() {
        for (text, expected) in [
            ("* 3 EXISTS", "* 3 EXISTS"),
            ("* 3  EXISTS", "* 3 EXISTS"),
            ("* FLAGS (\\Seen \\Foo[bar] ~todo $x]y)", "* FLAGS (\\Seen \\Foo_bar_ ~todo $x_y)"),
            ("* FLAGS ()", "* FLAGS ()"),
            ("* CAPABILITY IMAP4rev1  IDLE", "* CAPABILITY IMAP4rev1 IDLE"),
            ("* LIST () \"/\" Sent (\"CHILDINFO\" (\"SUBSCRIBED\"))", "* LIST () \"/\" Sent"),
            ("* LIST () \"/\" Sent ((\"X\" (\"Y\")))", "* LIST () \"/\" Sent"),
            ("* LIST (\\HasNoChildren)  \"/\"  \"a  b\"", "* LIST (\\HasNoChildren) \"/\" \"a  b\""),
            ("* LIST () \"/\" {4}\r\na  b", "* LIST () \"/\" {4}\r\na  b"),
            ("* 1 FETCH (FLAGS (\\Seen ~todo))", "* 1 FETCH (FLAGS (\\Seen ~todo))"),
            ("* 1 FETCH (FLAGS (\\a[b]c) UID 7)", "* 1 FETCH (FLAGS (\\a[b]c) UID 7)"),
            ("* 1 FETCH (UID 7  RFC822.SIZE  5)", "* 1 FETCH (UID 7 RFC822.SIZE 5)"),
            ("* 1 FETCH (UID 7 RFC822.SIZE 99999999999)", "* 1 FETCH (UID 7 RFC822.SIZE 99999999999)"),
            ("* 1 FETCH (UID 7 X-NEW (a b) BODY[] NIL)", "* 1 FETCH (UID 7 X-NEW (a b) BODY[] NIL)"),
            ("* 1 FETCH (UID 7 BODY[] \"a\\\"b\")", "* 1 FETCH (UID 7 BODY[] {0}\r\n)"),
            ("* 1 EXPUNGE  ", "* 1 EXPUNGE  "),
            // Text is ours to tell.
            ("* OK [UIDVALIDITY 7] valid", "* OK [UIDVALIDITY 7] -"),
            ("* OK [READ-ONLY]\u{e9}", "* OK [READ-ONLY] -"),
            ("* OK [XNEW (a b]) c", "* OK [XNEW (a b] -"),
            ("* NO over quota", "* OK -"),
            ("* BAD", "* OK -"),
            ("BAD what?", "* OK -"),
            ("+ idling", "+ "),
            ("+", "+ "),
            ("+ e30=", "+ e30="),
            // Nobody needs these.
            ("* XYZZY", ""),
            ("* VANISHED 1:3", ""),
            ("* METADATA \"\" (/x)", ""),
            ("* LIST", ""),
            ("* 1 FETCH (INTERNALDATE NIL)", "* 1 FETCH (INTERNALDATE \"\")"),
            ("* 1 FETCH (UID 7 INTERNALDATE nil FLAGS ())", "* 1 FETCH (UID 7 INTERNALDATE \"\" FLAGS ())"),
            ("* 1 FETCH (INTERNALDATE 1-Jan-2026 00:00 UID 7)", "* 1 FETCH (INTERNALDATE \"\" UID 7)"),
            (
                "* 1 FETCH (UID 7 internaldate \"1-Jan 2026 RFC822.SIZE 5)",
                "* 1 FETCH (UID 7 INTERNALDATE \"\" RFC822.SIZE 5)",
            ),
            ("* 1 FETCH (UID 7 INTERNALDATE)", "* 1 FETCH (UID 7 INTERNALDATE \"\")"),
            ("* 1 FETCH (INTERNALDATE  \"x  y\"  UID 7)", "* 1 FETCH (INTERNALDATE \"x  y\" UID 7)"),
            ("* 1 FETCH secret", ""),
            ("* 99999999999 EXISTS", ""),
            ("*", ""),
            ("*secret", ""),
        ] {
            let lines = admitted(text, &mut Expected::default()).unwrap().0;
            assert_eq!(lines, if expected.is_empty() { String::new() } else { format!("{expected}\r\n") }, "{text}");
        }
        let nested = Frame { text: b"* 1 FETCH (X ((())))\r\n".to_vec(), deepest: DEEPEST + 1, ..Frame::default() };
        assert!(admit(nested, &mut Expected::default(), &mut Notes::default()).unwrap().is_empty());
    }

    #[test]
    fn what_was_asked_for_must_be_readable_and_is_not_quoted() {
        for (text, mut expected) in [
            ("* 1 FETCH secret", Expected::fetches()),
            ("* 1 FETCH (UID 7 BODY[] secret)", Expected::bodies([7], 100)),
            ("* 1 FETCH (UID 7 BODY[] \"secret\")", Expected::bodies([7], 5)),
            ("* SEARCH secret", Expected::search()),
            ("* ESEARCH (TAG \"A1\") ALL 1", Expected::search()),
            ("secret", Expected::default()),
            ("A0001 secret", Expected::default()),
            ("A0001 BYE x", Expected::default()),
            ("", Expected::default()),
        ] {
            match admitted(text, &mut expected) {
                Err(Error::Unparseable(told)) => assert!(!told.contains("secret"), "{told}"),
                other => panic!("{text}: {:?}", other.map(|(lines, _)| lines)),
            }
        }
        assert!(matches!(admitted("A0001 OK done", &mut Expected::default()), Err(Error::Reconnect(_))), "not asked");
    }

    #[test]
    fn takes_note_of_what_the_library_loses() {
        let (_, notes) = admitted("* OK [CAPABILITY IMAP4rev1 IDLE] hi", &mut Expected::default()).unwrap();
        assert!(notes.capabilities.has("IDLE"));
        let (_, notes) = admitted("* NO [alert]  who are you", &mut Expected::default()).unwrap();
        assert_eq!((notes.untagged[0].kind, notes.untagged[0].code.as_str()), (Kind::No, "ALERT"));
        for (text, mut expected, news) in [
            ("* 3 EXISTS", Expected::default(), true),
            ("* 3 RECENT", Expected::default(), false),
            ("* 1 FETCH (FLAGS ())", Expected::default(), true),
            ("* 1 FETCH (FLAGS ())", Expected::flags(), false),
            ("* 1 FETCH (UID 7 RFC822.SIZE 1)", Expected::fetches(), false),
            ("* 1 FETCH (UID 7 INTERNALDATE NIL)", Expected::fetches(), false),
        ] {
            assert_eq!(admitted(text, &mut expected).unwrap().1.news, news, "{text}");
        }
        let mut expected = Expected::bodies([7], 10);
        let quoted = "* 1 FETCH (UID 7 BODY[] \"a\\\"b\\\\\")";
        assert_eq!(admitted(quoted, &mut expected).unwrap().1.body.unwrap(), b"a\"b\\");
        assert_eq!(admitted(quoted, &mut expected).unwrap().1.body, None, "each once");
        let (_, notes) = admitted("* NAMESPACE ((\"INBOX.\" \".\")) NIL NIL", &mut Expected::default()).unwrap();
        assert_eq!(notes.kept.unwrap(), "NAMESPACE ((\"INBOX.\" \".\")) NIL NIL");
    }
}
