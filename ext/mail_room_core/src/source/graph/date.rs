//! Dates as Graph writes and reads them: RFC 3339, in UTC.

use chrono::{DateTime, Datelike, Utc};

/// The moment that `text` names, such as `2026-11-01T08:30:00Z`; `None` if it names none, or if its year in UTC has more than four digits.
pub(super) fn moment(text: &str) -> Option<DateTime<Utc>> {
    let moment: DateTime<Utc> = text.parse().ok()?;
    (0..=9999).contains(&moment.year()).then_some(moment)
}

/// `moment` in whole seconds, as [`moment`] reads it.
pub(super) fn text(moment: DateTime<Utc>) -> String {
    moment.format("%Y-%m-%dT%H:%M:%SZ").to_string()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn what_graph_writes_is_read() {
        for (written, seconds) in [
            ("2023-11-14T22:13:20Z", 1_700_000_000),
            ("2023-11-14T22:13:20.1234567Z", 1_700_000_000),
            ("2023-11-15T00:13:20+02:00", 1_700_000_000),
            ("2023-11-14 22:13:20+0000", 1_700_000_000),
            ("1969-12-31T23:59:59Z", -1),
            ("1900-01-01T00:00:00Z", -2_208_988_800),
            ("9999-12-31T23:59:59Z", 253_402_300_799),
        ] {
            assert_eq!(moment(written).map(|moment| moment.timestamp()), Some(seconds), "{written}");
        }
        for nonsense in [
            "",
            "2023-11-14",
            "2023-11-14T22:13:20",
            "2023-02-30T22:13:20Z",
            "2023-11-14T25:13:20Z",
            "+12023-11-14T22:13:20Z",
            "9999-12-31T23:59:59-01:00",
            "0000-01-01T00:00:00+01:00",
        ] {
            assert_eq!(moment(nonsense), None, "{nonsense}");
        }
    }

    proptest! {
        #[test]
        fn what_is_written_is_read(seconds in -62_167_219_200_i64..=253_402_300_799) {
            let whole = DateTime::from_timestamp(seconds, 0).unwrap();
            prop_assert_eq!(moment(&text(whole)), Some(whole));
        }

        #[test]
        fn no_text_does_harm(
            noise in "\\PC{0,40}",
            near in "[0-9+]{4,6}-[0-9]{2}-[0-9]{2}[tT ][0-9]{2}:[0-9]{2}:[0-9]{2}(\\.[0-9]{0,12})?(Z|[-+−][0-9]{2}:?[0-9]{2})",
        ) {
            moment(&noise);
            if let Some(moment) = moment(&near) {
                prop_assert_eq!(text(moment).len(), 20);
            }
        }
    }
}
