//! Decides what an endpoint's answer means for a message: accepted, refused, or nothing because the endpoint is down.

use std::time::Duration;

use hyper::StatusCode;
use serde_json::Value;

use crate::config::Endpoint;
use crate::error::Error;
use crate::outcome::{DeliveryOutcome, FailureClass, FailureKind};

/// Most octets read of an answer that gives the reason of a refusal.
pub(super) const REASON_OCTETS: usize = 8 << 10;
/// Most characters of the endpoint's own words in a log line.
const SHOWN: usize = 300;
/// The longest pause that an answer by a rule (403) can ask for.
const RULED_PAUSE: Duration = Duration::from_secs(60);
/// Attempts of a message that is answered 400 without a reason.
const BAD_REQUEST_TRIES: u32 = 2;

/// Whether the body of an answer with this status is needed.
pub(super) fn wants_body(status: StatusCode) -> bool {
    status == StatusCode::BAD_REQUEST
}

/// What an answer of the endpoint `url` means for the message that was posted. `body` is empty unless [`wants_body`].
pub(super) fn judge(
    endpoint: Endpoint,
    status: StatusCode,
    retry_after: Option<Duration>,
    body: &[u8],
    url: &str,
) -> DeliveryOutcome {
    let ingress = (endpoint == Endpoint::ActionMailbox).then(|| ingress_advice(status.as_u16())).flatten();
    let what = format!("{url} answered {}{}", status_line(status), ingress.unwrap_or_else(|| advice(status.as_u16())));
    if ingress.is_some() {
        // Action Mailbox gives these answers before it looks at the message.
        let class = FailureClass { status: Some(status.as_u16()), kind: FailureKind::Configuration };
        return DeliveryOutcome::Unavailable { error: Error::target_down(what), class };
    }
    let refused = |what, tries| DeliveryOutcome::Refused { error: Error::Message(what), tries };
    match status.as_u16() {
        200..=299 => DeliveryOutcome::Delivered { status: Some(status.as_u16()) },
        // An exception in the app, caused by this message or by any.
        500 if retry_after.is_none() => DeliveryOutcome::Failed(Error::Message(what)),
        // These are about who may post, where, when and how, and not about the message.
        401 | 403 | 404 | 405 | 407 | 408 | 415 | 421 | 425 | 426 | 429 => unavailable(status, retry_after, what),
        // Another attempt would be refused again, and the endpoint might notify the sender again.
        413 | 422 => refused(what, Some(1)),
        400 => match reason(body) {
            Some(reason) => refused(format!("{what}: {reason}"), Some(1)),
            None => refused(what, Some(BAD_REQUEST_TRIES)),
        },
        401..=499 => refused(what, None),
        _ => unavailable(status, retry_after, what),
    }
}

fn unavailable(status: StatusCode, retry_after: Option<Duration>, what: String) -> DeliveryOutcome {
    // A rule may be about this message only, so the others do not wait for longer than they would otherwise.
    let by_rule = matches!(status.as_u16(), 300..=407 | 415 | 421 | 426);
    let retry_after = retry_after.map(|pause| if by_rule { pause.min(RULED_PAUSE) } else { pause });
    let kind = match status.as_u16() {
        405 | 415 => FailureKind::Configuration,
        _ if by_rule => FailureKind::ByRule,
        408 | 425 | 429 | 503 => FailureKind::RetryLater,
        _ if retry_after.is_some() => FailureKind::RetryLater,
        _ => FailureKind::Ambiguous,
    };
    let class = FailureClass { status: Some(status.as_u16()), kind };
    DeliveryOutcome::Unavailable { error: Error::TargetDown { what, retry_after }, class }
}

/// The reason why GitLab refuses the message for good; its API has notified the sender by then. Printable and short.
fn reason(body: &[u8]) -> Option<String> {
    let answer: Value = serde_json::from_slice(body).ok()?;
    if answer.get("success")? != &Value::Bool(false) {
        return None;
    }
    let message = match answer.get("message")? {
        Value::String(message) => message.clone(),
        other => other.to_string(),
    };
    let printable = |c: char| if c.is_control() || is_format(c) { ' ' } else { c };
    let words = message.chars().map(printable).collect::<String>();
    Some(words.split_whitespace().collect::<Vec<_>>().join(" ").chars().take(SHOWN).collect())
}

/// Invisible characters that change how others are shown: direction marks and overrides, joiners, separators.
fn is_format(c: char) -> bool {
    matches!(c, '\u{ad}' | '\u{61c}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}')
}

/// The status code and its standard reason, without the server's own words.
fn status_line(status: StatusCode) -> String {
    match status.canonical_reason() {
        Some(reason) => format!("{} {reason}", status.as_u16()),
        None => status.as_u16().to_string(),
    }
}

/// What to do about an answer that Rails' Action Mailbox gives whatever the message is.
fn ingress_advice(status: u16) -> Option<&'static str> {
    Some(match status {
        401 => {
            "; the password is not the app's: compare password (or RAILS_INBOUND_EMAIL_PASSWORD) with \
             action_mailbox.ingress_password in the app's credentials"
        }
        404 => {
            "; the app has no relay ingress there: set config.action_mailbox.ingress = :relay in \
             config/environments/production.rb, and check url"
        }
        405 | 415 => "; url is not the app's relay ingress, /rails/action_mailbox/relay/inbound_emails",
        _ => return None,
    })
}

/// What the administrator can do.
fn advice(status: u16) -> &'static str {
    match status {
        300..=399 => "; correct delivery_url: only an answer of 2xx means that it has the message",
        401 | 403 => "; check the credentials: delivery_token, username and password, or the JWT's secret",
        404 => "; check delivery_url",
        405 => "; correct delivery_url: nothing can be posted there",
        407 => "; check user and password in HTTP_PROXY or HTTPS_PROXY",
        413 => "; let it accept larger requests, or lower max_message_size",
        415 => "; correct content_type: Rails' ActionMailbox wants message/rfc822",
        500 => "; see its log",
        502..=504 => "; check whether the app behind it runs",
        _ => "",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SEVEN: Option<Duration> = Some(Duration::from_secs(7));

    fn answer(status: u16, retry_after: Option<Duration>, body: &str) -> DeliveryOutcome {
        judge(Endpoint::Generic, StatusCode::from_u16(status).unwrap(), retry_after, body.as_bytes(), "http://h/")
    }

    /// Tries of a message that is refused, and in what words.
    fn refused(status: u16, body: &str) -> (Option<u32>, String) {
        match answer(status, SEVEN, body) {
            DeliveryOutcome::Refused { error, tries } => (tries, error.to_string()),
            other => panic!("{status} {body}: {other:?}"),
        }
    }

    #[test]
    fn only_2xx_is_delivered() {
        for status in [200, 201, 202, 204, 299] {
            assert!(matches!(answer(status, None, ""), DeliveryOutcome::Delivered { status: Some(s) } if s == status));
        }
    }

    #[test]
    fn a_500_is_somebodys_fault() {
        assert!(matches!(answer(500, None, ""), DeliveryOutcome::Failed(_)));
    }

    #[test]
    fn an_endpoint_that_seems_to_be_down_gives_evidence_of_different_weight() {
        for (kind, statuses) in [
            (FailureKind::ByRule, vec![300, 303, 304, 401, 403, 404, 407, 421, 426]),
            (FailureKind::RetryLater, vec![408, 425, 429, 503]),
            (FailureKind::Configuration, vec![405, 415]),
            (FailureKind::Ambiguous, vec![501, 502, 504, 507, 509, 520, 599]),
        ] {
            for status in statuses {
                let DeliveryOutcome::Unavailable { class, error: Error::TargetDown { retry_after: None, .. } } =
                    answer(status, None, "")
                else {
                    panic!("{status}")
                };
                assert_eq!(class, FailureClass { status: Some(status), kind });
            }
        }
        let hour = Some(Duration::from_secs(3600));
        let DeliveryOutcome::Unavailable { class, error: Error::TargetDown { retry_after, .. } } =
            answer(403, hour, "")
        else {
            panic!()
        };
        assert_eq!((class.kind, retry_after), (FailureKind::ByRule, Some(RULED_PAUSE)));
        for status in [429, 500, 502, 503] {
            let DeliveryOutcome::Unavailable { class, error: Error::TargetDown { retry_after, .. } } =
                answer(status, SEVEN, "")
            else {
                panic!("{status}")
            };
            assert_eq!((class.kind, retry_after), (FailureKind::RetryLater, SEVEN));
        }
    }

    #[test]
    fn a_refusal_is_final_or_tried_twice_or_as_often_as_anything_else() {
        for status in [413, 422] {
            assert_eq!(refused(status, "").0, Some(1), "{status}");
        }
        for status in [409, 410, 418, 451, 499] {
            assert_eq!(refused(status, "").0, None, "{status}");
        }
        for body in [
            "",
            "bad request",
            "[]",
            "null",
            r#"{"success":true,"message":"x"}"#,
            r#"{"success":"false","message":"x"}"#,
            r#"{"success":false}"#,
            r#"{"error":"x"}"#,
            r#"{"success":false,"message":"x"#,
        ] {
            let (tries, words) = refused(400, body);
            assert_eq!(tries, Some(2), "{body}");
            assert_eq!(words, "http://h/ answered 400 Bad Request");
        }
    }

    #[test]
    fn the_reason_of_a_final_400_is_shown_printable_and_short() {
        for (message, shown) in [
            (r#""Email is too large""#, "Email is too large"),
            (r#""a\r\n\tb\u0000\u001b[31m\u202ec""#, "a b [31m c"),
            (r#"{"a":[1]}"#, r#"{"a":[1]}"#),
        ] {
            let (tries, words) = refused(400, &format!(r#"{{"success":false,"message":{message}}}"#));
            assert_eq!((tries, words), (Some(1), format!("http://h/ answered 400 Bad Request: {shown}")));
        }
        let long = refused(400, &format!(r#"{{"success":false,"message":"{}"}}"#, "é".repeat(2_000))).1;
        assert_eq!(long.chars().filter(|c| *c == 'é').count(), SHOWN);
    }
}
