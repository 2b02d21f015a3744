//! What a response means (RFC 3501 section 7, RFC 9051 section 7). Strict about what we act upon; what we do not know is
//! passed over as a line.

use super::cursor::{Cursor, Text};
use super::fetch_data::{self, Fetch};
use super::found;
use super::response::Response;
use crate::error::{Error, Result};

/// One response.
#[derive(Debug)]
pub(super) enum Reply {
    /// `+`: go on. With the text after it.
    Go(String),
    /// The answer to the command with this tag.
    Tagged(u64, Status),
    /// Data, asked for or not.
    Untagged(Data),
}

/// Untagged data.
#[derive(Debug)]
pub(super) enum Data {
    /// OK, NO, BAD, PREAUTH or BYE.
    Status(Status),
    /// The words after CAPABILITY.
    Capability(String),
    /// The mailbox has this many messages: there may be new ones.
    Exists,
    /// UIDs found, in no particular order.
    Found(Vec<u32>),
    /// Data of a message.
    Fetch(Fetch),
    /// A mailbox in a list.
    Listed {
        /// Its name, as the server writes it.
        name: Vec<u8>,
        /// What separates the parts of names; `None` where they have no parts.
        separator: Option<u8>,
    },
    /// The flags that there may be in this mailbox.
    Flags(String),
    /// STATUS told this UIDVALIDITY.
    UidValidity(Option<u32>),
    /// Prefix and separator of the user's own mailboxes.
    Namespace(Vec<u8>, Option<u8>),
    /// Something we have no use for.
    Other,
}

/// The first word of a status response.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Ok,
    No,
    Bad,
    Preauth,
    Bye,
}

/// A status response (RFC 3501 section 7.1).
#[derive(Debug, Clone)]
pub(super) struct Status {
    pub(super) kind: Kind,
    /// The response code in capitals, without its arguments; empty if there is none.
    pub(super) code: String,
    /// The arguments of the response code.
    pub(super) arguments: String,
    /// The text for people, as it came.
    pub(super) text: String,
}

impl Status {
    /// Whether the trouble may pass by itself (RFC 5530 and common practice).
    pub(super) fn is_transient(&self) -> bool {
        matches!(self.code.as_str(), "UNAVAILABLE" | "THROTTLED" | "INUSE" | "SERVERBUG" | "LIMIT" | "OVERQUOTA")
    }
}

/// Reads `response`.
pub(super) fn parse(response: Response) -> Result<Reply> {
    let Response { text, mut literals } = response;
    let mut cursor = Cursor::new(&text, &mut literals);
    if cursor.eat(b'+') {
        cursor.spaces();
        return Ok(Reply::Go(lossy(cursor.rest())));
    }
    if cursor.eat(b'*') {
        cursor.must(b' ', "a space")?;
        return untagged(&mut cursor).map(Reply::Untagged);
    }
    let word = cursor.word();
    // Some servers answer a line they do not understand without any tag.
    if let Some(kind @ (Kind::No | Kind::Bad)) = kind(word) {
        return Ok(Reply::Untagged(Data::Status(status(kind, &mut cursor))));
    }
    let tag = word.strip_prefix(b"A").and_then(|digits| std::str::from_utf8(digits).ok()?.parse().ok());
    let tag = tag.ok_or_else(|| {
        Error::Unparseable("the server's answer cannot be read: a line has neither a tag of ours nor a star".into())
    })?;
    cursor.must(b' ', "a space")?;
    match kind(cursor.word()) {
        Some(kind @ (Kind::Ok | Kind::No | Kind::Bad)) => Ok(Reply::Tagged(tag, status(kind, &mut cursor))),
        _ => Err(cursor.expected("OK, NO or BAD")),
    }
}

fn untagged(cursor: &mut Cursor<'_>) -> Result<Data> {
    if cursor.peek().is_some_and(|byte| byte.is_ascii_digit()) {
        return numbered(cursor);
    }
    let word = cursor.word().to_ascii_uppercase();
    if let Some(kind) = kind(&word) {
        return Ok(Data::Status(status(kind, cursor)));
    }
    match word.as_slice() {
        b"" => Err(cursor.expected("a word")),
        b"CAPABILITY" => Ok(Data::Capability(lossy(cursor.rest()))),
        b"SEARCH" => found::search(cursor).map(Data::Found),
        b"LIST" => Ok(listed(cursor).unwrap_or(Data::Other)),
        b"FLAGS" => Ok(Data::Flags(lossy(cursor.rest()))),
        b"STATUS" => Ok(Data::UidValidity(uid_validity(cursor))),
        b"NAMESPACE" => Ok(namespace(cursor).unwrap_or(Data::Other)),
        b"ESEARCH" => found::esearch(cursor).map(Data::Found),
        _ => Ok(Data::Other),
    }
}

/// What follows LIST: `(attributes) delimiter name`. What cannot be read is left out: nothing depends on it alone.
fn listed(cursor: &mut Cursor<'_>) -> Option<Data> {
    cursor.spaces();
    cursor.skip_value().ok()?;
    cursor.spaces();
    let separator = separator(cursor)?;
    cursor.spaces();
    if !matches!(cursor.peek(), Some(b'"' | b'{')) {
        return Some(Data::Listed { name: cursor.rest().to_vec(), separator });
    }
    match cursor.nstring().ok()? {
        Text::Kept(name) => Some(Data::Listed { name, separator }),
        Text::Nil | Text::Skipped => None,
    }
}

/// A quoted character, or NIL.
fn separator(cursor: &mut Cursor<'_>) -> Option<Option<u8>> {
    match cursor.nstring().ok()? {
        Text::Kept(text) => Some(text.first().copied()),
        Text::Nil => Some(None),
        Text::Skipped => None,
    }
}

/// What follows NAMESPACE, up to the first of the user's own: `((prefix separator ...) ...) ...`.
fn namespace(cursor: &mut Cursor<'_>) -> Option<Data> {
    cursor.spaces();
    cursor.must(b'(', "a list").ok()?;
    cursor.must(b'(', "a namespace").ok()?;
    let Text::Kept(prefix) = cursor.nstring().ok()? else { return None };
    cursor.spaces();
    Some(Data::Namespace(prefix, separator(cursor)?))
}

/// What follows STATUS: `name (item value ...)`.
fn uid_validity(cursor: &mut Cursor<'_>) -> Option<u32> {
    cursor.spaces();
    cursor.skip_value().ok()?;
    let items = lossy(cursor.rest()).to_ascii_uppercase();
    let mut words = items.split([' ', '(', ')']).filter(|word| !word.is_empty());
    words.find(|word| *word == "UIDVALIDITY")?;
    words.next()?.parse().ok()
}

fn numbered(cursor: &mut Cursor<'_>) -> Result<Data> {
    cursor.number().filter(|number| u32::try_from(*number).is_ok()).ok_or_else(|| cursor.expected("a number"))?;
    cursor.must(b' ', "a space")?;
    match cursor.word().to_ascii_uppercase().as_slice() {
        b"EXISTS" => Ok(Data::Exists),
        b"FETCH" => {
            cursor.must(b' ', "a space")?;
            fetch_data::parse(cursor).map(Data::Fetch)
        }
        b"" => Err(cursor.expected("a word")),
        _ => Ok(Data::Other),
    }
}

fn kind(word: &[u8]) -> Option<Kind> {
    match word.to_ascii_uppercase().as_slice() {
        b"OK" => Some(Kind::Ok),
        b"NO" => Some(Kind::No),
        b"BAD" => Some(Kind::Bad),
        b"PREAUTH" => Some(Kind::Preauth),
        b"BYE" => Some(Kind::Bye),
        _ => None,
    }
}

/// What follows the status word: `[CODE arguments] text`, all of it optional.
fn status(kind: Kind, cursor: &mut Cursor<'_>) -> Status {
    cursor.spaces();
    let mut code = String::new();
    let mut arguments = String::new();
    let rest = cursor.rest();
    let mut text = rest;
    if let Some(end) = rest.iter().position(|byte| *byte == b']').filter(|_| rest.first() == Some(&b'[')) {
        let inside = lossy(rest.get(1..end).unwrap_or_default());
        let (name, more) = inside.split_once(' ').unwrap_or((&inside, ""));
        code = name.to_ascii_uppercase();
        arguments = more.to_owned();
        text = rest.get(end + 1..).unwrap_or_default();
    }
    Status { kind, code, arguments, text: lossy(text) }
}

fn lossy(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::imap::response::Literal;

    fn read(text: &str) -> Result<Reply> {
        parse(Response { text: text.as_bytes().to_vec(), literals: [Literal::Kept(b"lit".to_vec())].into() })
    }

    #[test]
    fn reads_status_responses() {
        for (line, kind, code, arguments, text) in [
            ("* OK hello", Kind::Ok, "", "", "hello"),
            ("* ok [Capability IMAP4rev1 IDLE] hi", Kind::Ok, "CAPABILITY", "IMAP4rev1 IDLE", " hi"),
            ("* BYE", Kind::Bye, "", "", ""),
            ("* PREAUTH x", Kind::Preauth, "", "", "x"),
            ("* NO [broken", Kind::No, "", "", "[broken"),
            ("BAD what?", Kind::Bad, "", "", "what?"),
        ] {
            let Ok(Reply::Untagged(Data::Status(status))) = read(line) else { panic!("{line}") };
            assert_eq!(
                (status.kind, status.code.as_str(), status.arguments.as_str()),
                (kind, code, arguments),
                "{line}"
            );
            assert_eq!(status.text, text, "{line}");
        }
        let Ok(Reply::Tagged(12, status)) = read("A12 NO [UNAVAILABLE] later {5}") else { panic!() };
        assert!(status.is_transient());
    }

    #[test]
    fn passes_over_what_it_does_not_know() {
        for line in
            ["* XFLAGS (\\Seen)", "* 3 RECENT", "* 1 EXPUNGE", "* VANISHED 1:3", "* LIST", "* LIST (", "* XYZZY"]
        {
            assert!(matches!(read(line), Ok(Reply::Untagged(Data::Other))), "{line}");
        }
        assert!(matches!(read("* 23 eXists"), Ok(Reply::Untagged(Data::Exists))));
        assert!(matches!(read("+"), Ok(Reply::Go(text)) if text.is_empty()));
        assert!(matches!(read("+ idling"), Ok(Reply::Go(text)) if text == "idling"));
    }

    #[test]
    fn reads_names_of_mailboxes() {
        for (line, name) in [
            ("* LIST () \"/\" {3}", "lit"),
            ("* LIST (\\HasNoChildren \\Sent) \".\" \"Sent \\\"x\\\"\"", "Sent \"x\""),
            ("* list () NIL INBOX", "INBOX"),
            ("* LIST () \"/\" Entw&APw-rfe(1)", "Entw&APw-rfe(1)"),
        ] {
            let Ok(Reply::Untagged(Data::Listed { name: found, .. })) = read(line) else { panic!("{line}") };
            assert_eq!(String::from_utf8(found).unwrap(), name, "{line}");
        }
    }

    #[test]
    fn reads_what_tells_where_mailboxes_are_and_which() {
        for (line, expected) in [
            ("* NAMESPACE ((\"INBOX.\" \".\")) NIL NIL", Some(("INBOX.", Some(b'.')))),
            ("* NAMESPACE ((\"\" \"/\")(\"x\" \"/\")) NIL NIL", Some(("", Some(b'/')))),
            ("* NAMESPACE ((\"#mh\" NIL)) NIL NIL", Some(("#mh", None))),
            ("* NAMESPACE NIL NIL NIL", None),
            ("* NAMESPACE ((", None),
        ] {
            match (read(line), expected) {
                (Ok(Reply::Untagged(Data::Namespace(prefix, separator))), Some(expected)) => {
                    assert_eq!((prefix.as_slice(), separator), (expected.0.as_bytes(), expected.1), "{line}");
                }
                (Ok(Reply::Untagged(Data::Other)), None) => {}
                other => panic!("{line}: {other:?}"),
            }
        }
        for (line, expected) in [
            ("* STATUS INBOX (UIDVALIDITY 7)", Some(7)),
            ("* STATUS \"a (UIDVALIDITY 1)\" (MESSAGES 3 UIDVALIDITY 8 )", Some(8)),
            ("* STATUS {3} (uidvalidity 9)", Some(9)),
            ("* STATUS INBOX ()", None),
            ("* STATUS INBOX (UIDVALIDITY x)", None),
        ] {
            let Ok(Reply::Untagged(Data::UidValidity(found))) = read(line) else { panic!("{line}") };
            assert_eq!(found, expected, "{line}");
        }
    }

    #[test]
    fn refuses_garbage_without_quoting_it() {
        for line in [
            "",
            "secret",
            "*",
            "* ",
            "*secret",
            "A1",
            "A1 secret",
            "A1 BYE x",
            "B1 OK",
            "* 99999999999 EXISTS",
            "* 1",
            "* 1 ",
            "* 1 FETCH",
            "* 1 FETCH secret",
            "* SEARCH secret",
            "* SEARCH 0",
            "* SEARCH 4294967296",
            "A OK",
            "Aé OK",
        ] {
            match read(line) {
                Err(Error::Unparseable(text)) => assert!(!text.contains("secret"), "{text}"),
                other => panic!("{line}: {other:?}"),
            }
        }
    }
}
