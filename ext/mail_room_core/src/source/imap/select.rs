//! SELECT (RFC 3501 section 6.3.1): the session's one mailbox, for reading and writing or not at all.

use super::command::Command;
use super::parse::{Data, Kind};
use super::response::Intake;
use super::session::Session;
use super::text::printable;
use super::utf7;
use crate::error::{Error, Result};

/// What SELECT tells about the mailbox.
#[derive(Default)]
struct Mailbox {
    uid_validity: Option<u32>,
    /// UIDs end with the session although there is a UIDVALIDITY (RFC 4315 section 2).
    uids_not_sticky: bool,
    /// Flags that the server remembers after we are gone, if it says so.
    permanent_flags: Option<String>,
}

impl Intake for Mailbox {
    fn take(&mut self, data: Data) -> Result<()> {
        if let Data::Status(status) = data {
            match status.code.as_str() {
                "UIDVALIDITY" => self.uid_validity = status.arguments.trim().parse().ok(),
                "UIDNOTSTICKY" => self.uids_not_sticky = true,
                "PERMANENTFLAGS" => self.permanent_flags = Some(status.arguments.to_ascii_lowercase()),
                _ => {}
            }
        }
        Ok(())
    }
}

/// Selects the mailbox `name`.
pub(super) async fn select(session: &mut Session, name: &str) -> Result<()> {
    let shown = printable(name);
    let mut command = Command::new("SELECT ");
    command.string(utf7::encode(name).as_bytes());
    let mut mailbox = Mailbox::default();
    let status = session.run(&command, &mut mailbox).await?;
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
    let forgets_seen = |flags: &String| flags.contains('\\') && !flags.contains("\\seen");
    if mailbox.permanent_flags.as_ref().is_some_and(forgets_seen) {
        return Err(Error::Refused(format!(
            "the server does not keep the flag \\Seen in mailbox {shown}; give this user the right to change it"
        )));
    }
    if mailbox.permanent_flags.as_ref().is_some_and(|flags| flags.replace(['(', ')', ' '], "").is_empty()) {
        session.notes.remarks.push((
            "PERMANENTFLAGS",
            format!(
                "the server says that it keeps no flags of messages in mailbox {shown} (PERMANENTFLAGS ()), so delivered \
                 messages may stay unread; give this user the right to change flags"
            ),
        ));
    }
    // RFC 3501 section 2.3.1.1: a server without UIDVALIDITY has UIDs for one session only; 0 marks that.
    let uid_validity = mailbox.uid_validity.filter(|_| !mailbox.uids_not_sticky).unwrap_or(0);
    session.uid_validity = Some(uid_validity);
    if uid_validity == 0 {
        session.notes.remarks.push((
            "UIDVALIDITY",
            format!(
                "the server's UIDs in mailbox {shown} end with the session (no UIDVALIDITY), so what is known of messages \
                 ends with it, too: one that was delivered but not yet marked when the connection ended is delivered again"
            ),
        ));
    }
    Ok(())
}
