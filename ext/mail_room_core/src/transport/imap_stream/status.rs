//! Status responses (RFC 3501 section 7.1) in the server's own words. imap-proto drops the response codes that it does not
//! know, and those decide what is tried again (RFC 5530).

/// The first word of a status response.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Ok,
    No,
    Bad,
    Preauth,
    Bye,
}

impl Kind {
    fn parse(word: &[u8]) -> Option<Self> {
        match word.to_ascii_uppercase().as_slice() {
            b"OK" => Some(Self::Ok),
            b"NO" => Some(Self::No),
            b"BAD" => Some(Self::Bad),
            b"PREAUTH" => Some(Self::Preauth),
            b"BYE" => Some(Self::Bye),
            _ => None,
        }
    }
}

/// A status response without its tag or star.
#[derive(Debug, Clone)]
pub(crate) struct Status {
    pub(crate) kind: Kind,
    /// The response code in capitals, without its arguments; empty if there is none.
    pub(crate) code: String,
    /// The arguments of the response code.
    pub(crate) arguments: String,
    /// The text for people, as it came.
    pub(crate) text: String,
}

impl Status {
    /// Reads `OK [CODE arguments] text`, all but the first word optional; `None` if that is not a status.
    pub(crate) fn parse(line: &[u8]) -> Option<Self> {
        let length = line.iter().position(|byte| *byte == b' ').unwrap_or(line.len());
        let (word, rest) = line.split_at(length);
        let kind = Kind::parse(word)?;
        let rest = String::from_utf8_lossy(rest);
        let rest = rest.trim_start_matches(' ');
        let Some((inside, text)) = rest.strip_prefix('[').and_then(|rest| rest.split_once(']')) else {
            return Some(Self { kind, code: String::new(), arguments: String::new(), text: rest.to_owned() });
        };
        let (code, arguments) = inside.split_once(' ').unwrap_or((inside, ""));
        let (code, arguments) = (code.to_ascii_uppercase(), arguments.to_owned());
        Some(Self { kind, code, arguments, text: text.to_owned() })
    }

    /// Exchange logged us in and did not find its way to the mailbox: `BAD User is authenticated but not connected.`
    pub(crate) fn is_not_connected(&self) -> bool {
        self.text.to_ascii_lowercase().contains("authenticated but not connected")
    }

    /// Whether the trouble may pass by itself (RFC 5530 and common practice).
    pub(crate) fn is_transient(&self) -> bool {
        matches!(self.code.as_str(), "UNAVAILABLE" | "THROTTLED" | "INUSE" | "SERVERBUG" | "LIMIT" | "OVERQUOTA")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_status_responses() {
        for (line, kind, code, arguments, text) in [
            ("OK hello", Kind::Ok, "", "", "hello"),
            ("ok [Capability IMAP4rev1 IDLE] hi", Kind::Ok, "CAPABILITY", "IMAP4rev1 IDLE", " hi"),
            ("BYE", Kind::Bye, "", "", ""),
            ("PREAUTH x", Kind::Preauth, "", "", "x"),
            ("NO [broken", Kind::No, "", "", "[broken"),
            ("BAD  [X]", Kind::Bad, "X", "", ""),
        ] {
            let status = Status::parse(line.as_bytes()).unwrap();
            assert_eq!(
                (status.kind, status.code.as_str(), status.arguments.as_str()),
                (kind, code, arguments),
                "{line}"
            );
            assert_eq!(status.text, text, "{line}");
        }
        assert!(Status::parse(b"OKAY").is_none() && Status::parse(b"").is_none());
        assert!(Status::parse(b"NO [UNAVAILABLE] later {5}").unwrap().is_transient());
    }
}
