//! Text for people and for keys: a server's words made harmless, and the scope of claims. Nothing here is sent.

/// Characters of a server's text that an error shows.
const SHOWN: usize = 200;

/// A server's text, fit for a log: one line of printable characters, at most 200.
pub(super) fn printable(text: &str) -> String {
    let clean: String = text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
    let trimmed = clean.trim();
    if trimmed.is_empty() { "no reason given".to_owned() } else { trimmed.chars().take(SHOWN).collect() }
}

/// What tells a mailbox's UIDs from those of any other, as DESIGN.md words it: host:port/email/mailbox/UIDVALIDITY, each
/// part percent-encoded so that none can imitate a separator.
pub(super) fn scope(host: &str, port: u16, email: &str, mailbox: &str, uidvalidity: u32) -> String {
    let inbox = mailbox.eq_ignore_ascii_case("INBOX");
    let mailbox = if inbox { "INBOX" } else { mailbox };
    let host = host.to_lowercase();
    format!("{}:{port}/{}/{}/{uidvalidity}", encoded(&host), encoded(email), encoded(mailbox))
}

/// Percent-encodes all but RFC 3986's unreserved characters and `@`.
fn encoded(part: &str) -> String {
    let mut text = String::with_capacity(part.len());
    for byte in part.bytes() {
        if byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~' | b'@') {
            text.push(char::from(byte));
        } else {
            text.push_str(&format!("%{byte:02X}"));
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_part_of_a_scope_imitates_a_separator() {
        for ((host, port, email, mailbox, validity), expected) in [
            (("IMAP.Example.com", 993, "a@b.c", "Inbox", 7), "imap.example.com:993/a@b.c/INBOX/7"),
            (("::1", 143, "A", "a/b", 0), "%3A%3A1:143/A/a%2Fb/0"),
            (("h", 1, "x/y:z%2F", "Entwürfe", 1), "h:1/x%2Fy%3Az%252F/Entw%C3%BCrfe/1"),
            (("h", 1, "", "INBOX/sub", u32::MAX), "h:1//INBOX%2Fsub/4294967295"),
        ] {
            assert_eq!(scope(host, port, email, mailbox, validity), expected);
        }
    }

    #[test]
    fn text_is_one_short_line() {
        assert_eq!(printable("a\r\nb\0c\u{7}"), "a  b c");
        assert_eq!(printable(" \n"), "no reason given");
        assert_eq!(printable(&"é".repeat(1000)).chars().count(), 200);
    }
}
