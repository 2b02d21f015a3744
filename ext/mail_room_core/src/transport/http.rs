//! HTTP: one client per set of options, over hyper and our own TLS configuration. Words errors, and parses `Retry-After`. Knows
//! nothing of messages. Follows no redirects: the caller decides where its credentials go.

mod answer;
mod client;
mod connector;
mod status_line;

use std::io;
use std::time::{Duration, SystemTime};

use base64::prelude::{BASE64_STANDARD, Engine};
use chrono::{DateTime, NaiveDateTime, Utc};
use hyper::header::{DATE, HeaderMap, HeaderValue, RETRY_AFTER};
use secrecy::zeroize::Zeroizing;
use tokio::time::error::Elapsed;
use url::Url;

use crate::transport::tls;
pub(crate) use answer::Answer;
pub(crate) use client::{Http, NoAnswer};

/// What an error says if a connection takes too long.
const LATE: &str = "no connection in time";
/// The longest pause that an answer can ask for.
const LONGEST_PAUSE: Duration = Duration::from_secs(3600);

/// Words an error, without the address, which may hold secrets, and without any part of the answer.
fn in_words(error: &(dyn std::error::Error + 'static)) -> String {
    let causes = || std::iter::successors(Some(error), |&cause| cause.source());
    if let Some(words) = causes().find_map(tls_in_words) {
        return words;
    }
    if let Some(error) = causes().find_map(|cause| cause.downcast_ref::<io::Error>()) {
        let late = error.get_ref().is_some_and(|inner| inner.is::<Elapsed>());
        return if late { LATE.into() } else { error.to_string() };
    }
    // The innermost cause says most. The texts of hyper name neither address nor content.
    causes().last().unwrap_or(error).to_string()
}

/// Words a cause if it is an error of TLS, which may be nested in errors of reading or writing.
fn tls_in_words(cause: &(dyn std::error::Error + 'static)) -> Option<String> {
    let mut cause = cause;
    while let Some(inner) = cause.downcast_ref::<io::Error>().and_then(io::Error::get_ref) {
        cause = inner;
    }
    let error = cause.downcast_ref()?;
    Some(tls::in_words(error))
}

/// The pause that an answer asks for (`Retry-After`, RFC 9110 section 10.2.3), in seconds or as a date. At most an hour. `None`
/// if it names no future time, such as 0 or a date in the past. The caller waits for the longer of this and its backoff, see
/// [`Backoff::at_least`](crate::limits::backoff::Backoff::at_least).
pub(crate) fn retry_after(headers: &HeaderMap) -> Option<Duration> {
    let value = headers.get(RETRY_AFTER)?.to_str().ok()?.trim();
    let pause = match value.parse::<f64>() {
        Ok(seconds) if seconds.is_finite() => {
            Duration::try_from_secs_f64(seconds.min(LONGEST_PAUSE.as_secs_f64())).ok()?
        }
        // More digits than a float can hold.
        Ok(_) if value.bytes().all(|byte| byte.is_ascii_digit()) => LONGEST_PAUSE,
        Ok(_) => return None,
        Err(_) => SystemTime::from(date(value)?).duration_since(SystemTime::now()).unwrap_or_default(),
    };
    Some(pause.min(LONGEST_PAUSE)).filter(|pause| !pause.is_zero())
}

/// By how many seconds the clock of whoever answered is ahead of ours (`Date`, RFC 9110 section 6.6.1). `None` if it does not
/// tell.
pub(crate) fn clock_ahead(headers: &HeaderMap) -> Option<i64> {
    let date = date(headers.get(DATE)?.to_str().ok()?.trim())?;
    Some(date.timestamp().saturating_sub(Utc::now().timestamp()))
}

/// A date in one of the three forms of RFC 9110 section 5.6.7, or as mail has it. A zone by a name that nobody knows is UTC (RFC 5322
/// section 4.3).
fn date(text: &str) -> Option<DateTime<Utc>> {
    const OBSOLETE: [&str; 2] = ["%A, %d-%b-%y %H:%M:%S GMT", "%a %b %e %H:%M:%S %Y"];
    let of_mail = |text: &str| Some(DateTime::parse_from_rfc2822(text).ok()?.to_utc());
    let in_unknown_zone = || {
        let (time, zone) = text.rsplit_once(' ')?;
        if zone.bytes().all(|byte| byte.is_ascii_alphabetic()) { of_mail(&format!("{time} GMT")) } else { None }
    };
    let obsolete = |form| Some(NaiveDateTime::parse_from_str(text, form).ok()?.and_utc());
    of_mail(text).or_else(in_unknown_zone).or_else(|| OBSOLETE.into_iter().find_map(obsolete))
}

/// Whether both have the same origin (RFC 6454), so that credentials for `url` may be sent to `other`.
pub(crate) fn same_origin(url: &Url, other: &Url) -> bool {
    url.origin().is_tuple() && url.origin() == other.origin()
}

/// An address as logs may show it: without user, password, query and fragment.
pub(crate) fn shown(url: &Url) -> String {
    let mut shown = url.clone();
    shown.set_query(None);
    shown.set_fragment(None);
    // Fails only for addresses that cannot have a user.
    _ = shown.set_username("");
    _ = shown.set_password(None);
    shown.into()
}

/// Removes user and password from `url`. Returns the value of `Authorization` that stands for them, marked sensitive; `None` if
/// there were none.
pub(crate) fn take_credentials(url: &mut Url) -> Option<HeaderValue> {
    let (user, password) = (decoded(url.username()), url.password().map(decoded));
    // These calls fail only for URLs that cannot have credentials.
    _ = url.set_username("");
    _ = url.set_password(None);
    if user.is_empty() && password.is_none() {
        return None;
    }
    basic_auth(&user, password.as_deref().map_or("", |password| password))
}

/// The value of `Authorization` for a user and a password (RFC 7617 section 2), marked sensitive.
pub(crate) fn basic_auth(user: &str, password: &str) -> Option<HeaderValue> {
    let pair = Zeroizing::new(format!("{user}:{password}"));
    let basic = Zeroizing::new(format!("Basic {}", BASE64_STANDARD.encode(pair.as_bytes())));
    // Base64 can always be sent.
    let mut value = HeaderValue::from_str(&basic).ok()?;
    value.set_sensitive(true);
    Some(value)
}

fn decoded(text: &str) -> Zeroizing<String> {
    Zeroizing::new(percent_encoding::percent_decode_str(text).decode_utf8_lossy().into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn after(value: &str) -> Option<Duration> {
        let headers = HeaderMap::from_iter([(RETRY_AFTER, HeaderValue::from_str(value).unwrap())]);
        retry_after(&headers)
    }

    #[test]
    fn a_pause_is_asked_for_in_seconds_or_until_a_date() {
        assert_eq!(after("7"), Some(Duration::from_secs(7)));
        assert_eq!(after(" 0.5 "), Some(Duration::from_millis(500)));
        let later = Utc::now() + Duration::from_secs(100);
        for form in ["%a, %d %b %Y %H:%M:%S GMT", "%A, %d-%b-%y %H:%M:%S GMT", "%a %b %e %H:%M:%S %Y"] {
            let date = later.format(form).to_string();
            assert!(after(&date).is_some_and(|pause| (98..=100).contains(&pause.as_secs())), "{date}");
        }
        for huge in ["999999999999", "1e300", &"9".repeat(400)] {
            assert_eq!(after(huge), Some(LONGEST_PAUSE), "{huge}");
        }
        for no_time_to_come in ["0", "0.0", "-0", "-1", "Sun, 06 Nov 1994 08:49:37 GMT"] {
            assert_eq!(after(no_time_to_come), None, "{no_time_to_come}");
        }
        for nonsense in ["", "soon", "inf", "NaN", "1e400"] {
            assert_eq!(after(nonsense), None, "{nonsense}");
        }
        assert_eq!(retry_after(&HeaderMap::new()), None);
    }

    #[test]
    fn a_date_has_one_of_many_forms() {
        for text in [
            "Tue, 14 Nov 2023 22:13:20 GMT",
            "Tuesday, 14-Nov-23 22:13:20 GMT",
            "Tue Nov 14 22:13:20 2023",
            "14 Nov 23 22:13:20 +0000",
            "tue, 14 nov 2023 22:13:20 UTC",
            "Tue, 14 Nov 2023 22:13:20 A",
            "Tue, 14 Nov 2023 22:13:20 XYZ",
            "Tue, 14 Nov 2023 17:13:20 EST (a (comment))",
            "Wed, 15 Nov 2023 00:13:20 +0200",
        ] {
            assert_eq!(date(text).map(|date| date.timestamp()), Some(1_700_000_000), "{text}");
        }
        assert_eq!(date("Sun Nov  6 08:49:37 1994").map(|date| date.timestamp()), Some(784_111_777));
        for nonsense in [
            "",
            "GMT",
            "Tue, 14 Nov 2023 22:13:20",
            "Mon, 14 Nov 2023 22:13:20 GMT",
            "Thu, 30 Feb 2023 22:13:20 GMT",
            "Tue, 14 Nov 2023 22:13:20 +9999",
            "Tue, 14 Nov 99999999999999999999 22:13:20 GMT",
        ] {
            assert_eq!(date(nonsense), None, "{nonsense}");
        }
    }

    proptest! {
        #[test]
        fn no_date_does_harm(
            noise in "\\PC{0,40}",
            near in "([A-Z][a-z]{2,8}, )?[0-9]{1,2}[- ][A-Z][a-z]{2}[- ][0-9]{1,9} [0-9]{1,2}:[0-9]{2}(:[0-9]{2})? ([A-Z]{1,5}|[-+][0-9]{4})",
        ) {
            for text in [noise, near] {
                let Ok(value) = HeaderValue::from_str(&text) else { continue };
                let headers = HeaderMap::from_iter([(RETRY_AFTER, value.clone()), (DATE, value)]);
                prop_assert!(retry_after(&headers).is_none_or(|pause| pause <= LONGEST_PAUSE));
                clock_ahead(&headers);
            }
        }
    }

    #[test]
    fn what_is_shown_of_an_address_holds_no_secret() {
        let url = Url::parse("https://user:hidden@host:8443/a/b?token=hidden#hidden").unwrap();
        assert_eq!(shown(&url), "https://host:8443/a/b");
    }

    #[tokio::test]
    async fn an_address_that_does_not_answer_is_late() {
        let elapsed = tokio::time::timeout(Duration::ZERO, std::future::pending::<()>()).await.unwrap_err();
        assert_eq!(in_words(&io::Error::new(io::ErrorKind::TimedOut, elapsed)), LATE);
    }

    #[test]
    fn an_origin_is_scheme_host_and_port() {
        let url = |text| Url::parse(text).unwrap();
        let ours = url("https://host/a");
        assert!(same_origin(&ours, &url("https://HOST:443/b?c")));
        for other in ["http://host/a", "https://host:444/a", "https://other/a", "https://host./a", "data:,x"] {
            assert!(!same_origin(&ours, &url(other)), "{other}");
        }
    }
}
