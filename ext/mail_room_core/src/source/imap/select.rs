//! SELECT (RFC 3501 section 6.3.1): the session's one mailbox, for reading and writing or not at all.

use super::session::Session;
use super::status::Kind;
use super::text::printable;
use super::utf7;
use crate::error::{Error, Result};

/// Selects the mailbox `name`.
pub(super) async fn select(session: &mut Session, name: &str) -> Result<()> {
    let shown = printable(name);
    session.begin();
    let selected = session.imap.select(utf7::encode(name)).await;
    let (status, mailbox) = session.answered(selected)?;
    if status.kind != Kind::Ok {
        return Err(if status.is_transient() {
            Error::Reconnect(format!("the server cannot open mailbox {shown} now: {}", status.text))
        } else {
            Error::Refused(format!("the server does not open mailbox {shown} (check name): {}", status.text))
        });
    }
    // Without the right to mark messages they would be delivered anew by every process that starts.
    if status.code == "READ-ONLY" {
        return Err(Error::Refused(format!(
            "mailbox {shown} was opened read-only, so delivered messages cannot be marked; give this user the right to \
             change flags"
        )));
    }
    // The library's mailbox does not tell an empty list of permanent flags from none.
    let said = session.control.lock().notes.said.clone();
    let permanent = said.iter().rev().find(|status| status.code == "PERMANENTFLAGS");
    let permanent_flags = permanent.map(|status| status.arguments.to_ascii_lowercase());
    let forgets_seen = |flags: &String| flags.contains('\\') && !flags.contains("\\seen");
    if permanent_flags.as_ref().is_some_and(forgets_seen) {
        return Err(Error::Refused(format!(
            "the server does not keep the flag \\Seen in mailbox {shown}; give this user the right to change it"
        )));
    }
    // RFC 3501 section 2.3.1.1: a server without UIDVALIDITY has UIDs for one session only; 0 marks that.
    let uid_validity = mailbox.and_then(|mailbox| mailbox.uid_validity).unwrap_or(0);
    session.uid_validity = Some(uid_validity);
    Ok(())
}
