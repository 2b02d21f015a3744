//! AUTHENTICATE (RFC 3501 section 6.2.2): one initial response, and an answer to whatever the server still wants. Knows no
//! mechanism; what is sent is the party's.

use async_imap::Authenticator;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use super::session::{Client, Session, out_of_step};
use super::status::Status;
use super::stream::{Control, Wanted};
use crate::error::Result;

/// What a server made of it.
pub(super) struct Answer {
    pub(super) status: Status,
    /// There if it let us in.
    pub(super) session: Option<Session>,
    /// What it said before, if that is text; that is where errors of OAuth are told.
    pub(super) challenge: Option<String>,
}

/// Answers challenges. A mechanism of one message is over after that one: what comes then is a refusal.
struct OneMessage {
    /// The message, if it did not stand in the command.
    unsent: Option<Vec<u8>>,
    farewell: &'static str,
    challenge: Option<String>,
    over: bool,
    control: Control,
}

impl Authenticator for &mut OneMessage {
    type Response = Vec<u8>;

    fn process(&mut self, challenge: &[u8]) -> Vec<u8> {
        if let Some(message) = self.unsent.take() {
            return message;
        }
        if std::mem::replace(&mut self.over, true) {
            self.control.lock().notes.failure.get_or_insert_with(out_of_step);
        }
        self.challenge = std::str::from_utf8(challenge).ok().filter(|text| !text.trim().is_empty()).map(str::to_owned);
        self.farewell.as_bytes().to_vec()
    }
}

/// Authenticates. The initial response stands in the command where the server takes it there (RFC 4959). `farewell` answers
/// what comes after it.
pub(super) async fn authenticate(
    client: Client,
    mechanism: &str,
    sasl_ir: bool,
    farewell: &'static str,
) -> Result<Answer> {
    let Client { imap, control, deadlines, party } = client;
    let unsent = if sasl_ir { None } else { STANDARD.decode(party.initial()).ok() };
    let mut answers = OneMessage { unsent, farewell, challenge: None, over: false, control: control.clone() };
    let command = if sasl_ir { format!("{mechanism} {}", party.initial()) } else { mechanism.to_owned() };
    control.begin(deadlines.command, Wanted::default());
    let imap = imap.authenticate(command, &mut answers).await.ok();
    let status = control.answer()?;
    let challenge = answers.challenge.map(|text| party.server_text(&text));
    let session = imap.map(|imap| Session::new(imap, control, deadlines, party));
    Ok(Answer { status, session, challenge })
}
