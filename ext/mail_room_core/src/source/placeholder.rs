//! Recognizes the text that a server sends in place of a mail that it cannot read. If it were delivered, the app would get an
//! empty ticket, and the mail would be marked as delivered.

/// What Courier IMAP sends for a file that it cannot open.
const COURIER: [&str; 5] = [
    "From: System Administrator <root@localhost>",
    "Subject: message unavailable",
    "",
    "This message is no longer available on the server.",
    "",
];
/// Octets of this text, with CRLF.
const OCTETS: usize = 129;

/// Whether `body` is this text, octet for octet except for the host name and the line ends.
pub(crate) fn is_placeholder(body: &[u8]) -> bool {
    if body.len() > OCTETS {
        return false;
    }
    let Ok(text) = std::str::from_utf8(body) else { return false };
    let lines: Vec<&str> = text.split('\n').map(|line| line.strip_suffix('\r').unwrap_or(line)).collect();
    lines == COURIER
        || (body.len() == OCTETS
            && matches!(lines.as_slice(), [from, subject, "", ..]
                if from.starts_with("From: System Administrator") && *subject == "Subject: message unavailable"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn is_told_from_mail_that_looks_like_it() {
        let text = COURIER.join("\r\n");
        assert_eq!(text.len(), OCTETS);
        assert!(is_placeholder(text.as_bytes()) && is_placeholder(COURIER.join("\n").as_bytes()));
        let other_words = text.replace("This message is no longer available", "That message is not to be read any");
        assert_eq!(other_words.len(), OCTETS - 1);
        for mail in [
            other_words.as_str(),
            &text.replace("message unavailable", "Message unavailable"),
            &text.replace("Subject", "X-A: b\r\nSubject"),
            &format!("{text}x"),
            &text.replace("From: System", "From: My"),
            "",
        ] {
            assert!(!is_placeholder(mail.as_bytes()), "{mail}");
        }
    }
}
