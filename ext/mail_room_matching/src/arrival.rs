//! When a message arrived at its mail server: the date of the topmost `Received` header, which that server wrote (RFC 5321
//! section 4.4). Whoever sends a message can write only those below it.

use std::time::{Duration, SystemTime};

use mail_parser::DateTime;

/// Octets of the header block that are searched.
const SEARCHED: usize = 16 << 10;
/// Octets of a date.
const DATE: usize = 64;

/// When the message arrived, if its first header fields say so.
pub fn arrival(raw: &[u8]) -> Option<SystemTime> {
    let block = raw.get(..SEARCHED).unwrap_or(raw);
    let mut lines = block.split_inclusive(|octet| *octet == b'\n').take_while(|line| !line.trim_ascii_end().is_empty());
    let name = b"received:";
    let first =
        lines.by_ref().find(|line| line.get(..name.len()).is_some_and(|begin| begin.eq_ignore_ascii_case(name)))?;
    let folded = lines.take_while(|line| line.first().is_some_and(|octet| matches!(octet, b' ' | b'\t')));
    let field: Vec<u8> = std::iter::once(first).chain(folded).flatten().copied().collect();
    let date = field.rsplit(|octet| *octet == b';').next().filter(|date| date.len() < field.len())?;
    let date = String::from_utf8_lossy(date.get(..DATE).unwrap_or(date)).into_owned();
    let seconds = u64::try_from(DateTime::parse_rfc822(&date)?.to_timestamp()).ok()?;
    SystemTime::UNIX_EPOCH.checked_add(Duration::from_secs(seconds))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn seconds(raw: &str) -> Option<u64> {
        arrival(raw.as_bytes()).map(|at| at.duration_since(SystemTime::UNIX_EPOCH).unwrap().as_secs())
    }

    #[test]
    fn the_topmost_received_header_tells() {
        let folded = "Return-Path: <a@b>\r\nRECEIVED: from x (x; y) by z\r\n\tfor <a;b@c>;\r\n Tue, 14 Nov 2023 22:13:20 +0000\r\n\
                      Received: by y; Mon, 1 Jan 2001 00:00:00 +0000\r\nSubject: x\r\n\r\nbody";
        assert_eq!(seconds(folded), Some(1_700_000_000));
        assert_eq!(seconds("Received: by z; Wed, 15 Nov 2023 00:13:20 +0200 (CEST)\n\n"), Some(1_700_000_000));
    }

    #[test]
    fn without_one_it_is_not_known() {
        let long = format!("X: {}\r\nReceived: by z; Tue, 14 Nov 2023 22:13:20 +0000\r\n", "x".repeat(SEARCHED));
        for raw in [
            "",
            "\r\n",
            "Subject: x\r\n\r\nReceived: by z; Tue, 14 Nov 2023 22:13:20 +0000\r\n",
            "Received: by z\r\nSubject: x; Tue, 14 Nov 2023 22:13:20 +0000\r\n",
            "Received: by z; nonsense\r\n",
            "Received: by z;",
            &long,
        ] {
            assert_eq!(seconds(raw), None, "{raw:.80}");
        }
    }

    proptest! {
        #[test]
        fn no_date_does_harm(date in "[ -~\\t\\r\\n]{0,70}", day: u32, year: u32, zone in "[-+]?[0-9]{0,9}|[A-Za-z]{0,5}") {
            seconds(&format!("Received: by z;{date}\r\n\r\n"));
            for month in ["Jan", "Dec", "zzz", "12", ""] {
                seconds(&format!("Received: by z; {day} {month} {year} {year}:{day}:{day} {zone}\r\n\r\n"));
            }
        }
    }
}
