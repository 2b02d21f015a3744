//! The date of INTERNALDATE: `date-time` in RFC 3501 section 9.

use std::time::SystemTime;

use chrono::DateTime;

/// The moment that `text` names, such as ` 7-Feb-2026 21:52:25 -0800`; `None` if it names none, or one before 1970.
pub(crate) fn date_time(text: &str) -> Option<SystemTime> {
    let moment = SystemTime::from(DateTime::parse_from_str(text.trim(), "%d-%b-%Y %H:%M:%S %z").ok()?);
    (moment >= SystemTime::UNIX_EPOCH).then_some(moment)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn seconds(text: &str) -> Option<u64> {
        date_time(text).map(|at| at.duration_since(SystemTime::UNIX_EPOCH).unwrap().as_secs())
    }

    #[test]
    fn names_a_moment() {
        for text in [
            "14-Nov-2023 22:13:20 +0000",
            "15-nov-2023 00:13:20 +0200",
            "14-NOV-2023 14:13:20 -0800",
            " 14-Nov-2023 22:13:20 +0000 ",
        ] {
            assert_eq!(seconds(text), Some(1_700_000_000), "{text}");
        }
        assert_eq!(seconds(" 7-Feb-2026 21:52:25 -0800"), Some(1_770_529_945));
        assert_eq!(seconds("01-Jan-1970 00:00:00 +0000"), Some(0));
    }

    #[test]
    fn or_none() {
        for text in [
            "",
            "NIL",
            "14-Nov-2023",
            "14-Nov-2023 22:13:20",
            "30-Feb-2023 22:13:20 +0000",
            "00-Jan-0000 00:00:00 +0000",
            "31-Dec-1969 23:59:59 +0000",
            "14-Nov-99999 22:13:20 +0000",
            "14-Nov-2023 22:13:20 +9999",
            "2023-11-14T22:13:20Z",
        ] {
            assert_eq!(seconds(text), None, "{text}");
        }
    }

    proptest! {
        #[test]
        fn no_text_does_harm(text in "\\PC{0,40}", day: u8, year: u16, zone in "[-+]?[0-9]{0,9}") {
            seconds(&text);
            seconds(&format!("{day}-Nov-{year} {day}:{day}:{day} {zone}"));
        }
    }
}
