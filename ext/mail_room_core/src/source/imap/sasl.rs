//! AUTHENTICATE (RFC 3501 section 6.2.2): one initial response, and an answer to whatever the server still wants. Knows no
//! mechanism; what is sent is the party's.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use super::parse::Status;
use super::session::{Budget, Challenge, Session, out_of_step};
use crate::error::Result;

/// What ends a mechanism that should have been over.
pub(super) const CANCEL: &str = "*";

/// What a server made of it.
pub(super) struct Answer {
    pub(super) status: Status,
    /// What it said before, in base64; that is where errors of OAuth are told.
    pub(super) challenge: Option<String>,
}

/// Authenticates. The initial response stands in the command where the server takes it there (RFC 4959). `farewell` answers
/// what comes after it: a mechanism of one message is over then, and failed.
pub(super) async fn authenticate(
    session: &mut Session,
    mechanism: &str,
    sasl_ir: bool,
    farewell: &str,
) -> Result<Answer> {
    let initial = session.party.initial().to_owned();
    session.wire.begin(session.deadlines.command);
    let tag = session.next_tag();
    let mut budget = Budget::new();
    if sasl_ir {
        session.send(format!("A{tag} AUTHENTICATE {mechanism} {initial}\r\n").as_bytes()).await?;
    } else {
        session.send(format!("A{tag} AUTHENTICATE {mechanism}\r\n").as_bytes()).await?;
        match session.challenge(tag, &mut budget).await? {
            Challenge::Over(status) => return Ok(Answer { status, challenge: None }),
            Challenge::Text(_) => session.send(format!("{initial}\r\n").as_bytes()).await?,
        }
    }
    let challenge = match session.challenge(tag, &mut budget).await? {
        Challenge::Over(status) => return Ok(Answer { status, challenge: None }),
        Challenge::Text(text) => text,
    };
    session.send(format!("{farewell}\r\n").as_bytes()).await?;
    match session.challenge(tag, &mut budget).await? {
        Challenge::Over(status) => Ok(Answer { status, challenge: Some(challenge) }),
        Challenge::Text(_) => Err(out_of_step()),
    }
}

/// A challenge in plain text, if it is any.
pub(super) fn decoded(challenge: &str) -> Option<String> {
    let octets = STANDARD.decode(challenge.trim()).ok()?;
    String::from_utf8(octets).ok().filter(|text| !text.trim().is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_challenge_is_text_or_nothing() {
        assert_eq!(decoded(" eyJzdGF0dXMiOiI0MDAifQ== ").unwrap(), r#"{"status":"400"}"#);
        for nothing in ["", "IA==", "////", "not base64"] {
            assert_eq!(decoded(nothing), None, "{nothing}");
        }
    }
}
