//! What an endpoint's answer says about a message: taken, refused, or nothing because the endpoint is in trouble.

use reqwest::StatusCode;
use reqwest::header::HeaderMap;

use crate::delivery::Handover;
use crate::error::Error;
use crate::http::retry_after;

/// What an answer of the endpoint `url` means for the message that was posted.
pub(super) fn judge(status: StatusCode, headers: &HeaderMap, url: &str) -> Handover {
    let retry_after = retry_after(headers);
    let what = format!("{url} answered {}{}", status_line(status), advice(status.as_u16()));
    match status.as_u16() {
        200..=299 => Handover::Delivered { status: Some(status.as_u16()) },
        // An exception in the app: of this message or of all.
        500 if retry_after.is_none() => Handover::Failed(Error::Message(what)),
        // Who may post, where to, when and how: not what.
        401 | 403 | 404 | 405 | 407 | 408 | 421 | 425 | 426 | 429 => {
            Handover::Down(Error::TargetDown { what, retry_after })
        }
        400..=499 => Handover::Refused(Error::Message(what)),
        _ => Handover::Down(Error::TargetDown { what, retry_after }),
    }
}

/// What the status line says, without the server's own words.
fn status_line(status: StatusCode) -> String {
    match status.canonical_reason() {
        Some(reason) => format!("{} {reason}", status.as_u16()),
        None => status.as_u16().to_string(),
    }
}

/// What to do about it.
fn advice(status: u16) -> &'static str {
    match status {
        300..=399 => "; correct delivery_url: only an answer of 2xx means that it has the message",
        401 | 403 => "; check the credentials: delivery_token, username and password, or the JWT's secret",
        404 | 405 => "; check delivery_url",
        407 => "; check user and password in HTTP_PROXY or HTTPS_PROXY",
        413 => "; let it accept larger requests, or lower max_message_size",
        500 => "; see its log",
        502..=504 => "; check whether the app behind it runs",
        _ => "",
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use reqwest::header::{HeaderValue, RETRY_AFTER};

    use super::*;

    fn answer(status: u16, retry_after: Option<&'static str>) -> Handover {
        let header = retry_after.map(|value| (RETRY_AFTER, HeaderValue::from_static(value)));
        judge(StatusCode::from_u16(status).unwrap(), &header.into_iter().collect(), "http://h/")
    }

    #[test]
    fn only_2xx_is_delivered() {
        for status in [200, 201, 202, 204, 299] {
            assert!(matches!(answer(status, None), Handover::Delivered { status: Some(s) } if s == status));
        }
    }

    #[test]
    fn a_500_is_somebodys_fault() {
        assert!(matches!(answer(500, None), Handover::Failed(_)));
    }

    #[test]
    fn an_endpoint_in_trouble_is_no_messages_fault() {
        for status in [300, 303, 304, 401, 403, 404, 405, 407, 408, 425, 429, 501, 502, 503, 504, 507, 509, 520, 599] {
            assert!(
                matches!(answer(status, None), Handover::Down(Error::TargetDown { retry_after: None, .. })),
                "{status}"
            );
        }
        for status in [429, 500, 503] {
            let Handover::Down(Error::TargetDown { retry_after, .. }) = answer(status, Some("7")) else {
                panic!("{status}")
            };
            assert_eq!(retry_after, Some(Duration::from_secs(7)));
        }
    }

    #[test]
    fn other_4xx_are_the_messages_fault() {
        for status in [400, 409, 410, 413, 415, 418, 422, 451, 499] {
            assert!(matches!(answer(status, Some("7")), Handover::Refused(_)), "{status}");
        }
    }
}
