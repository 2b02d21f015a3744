//! SELECT (RFC 3501 section 6.3.1): opens the session's mailbox for reading and writing, or not at all.

use async_imap::types::Flag;
use tokio::time::Instant;

use super::list;
use super::namespace;
use super::session::{Session, exchange};
use crate::error::{Error, Result};
use crate::observe::text::said;
use crate::transport::imap_stream::{Kind, Status};
use crate::transport::imap_syntax::utf7;

/// What to check if Exchange does not stop answering so.
const NOT_CONNECTED: &str = "Exchange answers so when it cannot open the mailbox after a login that went well; mostly this \
                             passes. If it stays, check the scope of the token (IMAP.AccessAsUser.All or IMAP.AccessAsApp, \
                             and the application's permission for this mailbox), the licence, and whether IMAP is switched \
                             on for the mailbox";

/// Selects `name`, or the same name below the prefix of the user's own mailboxes if there is none of the plain name.
pub(super) async fn open(session: &mut Session, name: &str) -> Result<()> {
    let Some(refusal) = ask(session, name).await? else { return Ok(()) };
    if may_be_elsewhere(&refusal)
        && let Some(full) = namespace::with_prefix(session, name).await?
        && ask(session, &full).await?.is_none()
    {
        return Ok(());
    }
    Err(refused(session, name, &refusal).await)
}

/// Selects the mailbox `name`.
pub(super) async fn select(session: &mut Session, name: &str) -> Result<()> {
    match ask(session, name).await? {
        None => Ok(()),
        Some(refusal) => Err(refused(session, name, &refusal).await),
    }
}

/// Whether a refusal may mean that there is no mailbox of this name.
fn may_be_elsewhere(status: &Status) -> bool {
    // Our command is correct, so BAD is about the state of the server.
    status.kind == Kind::No && !status.is_transient() && !status.is_not_connected() && status.code != "NOPERM"
}

/// The error for a refusal to open `name`. If there is no such mailbox, it lists those that exist.
async fn refused(session: &mut Session, name: &str, status: &Status) -> Error {
    let (shown, text) = (said(name), &status.text);
    let advice = if status.is_not_connected() { format!(" ({NOT_CONNECTED})") } else { String::new() };
    if !may_be_elsewhere(status) {
        return match status.code.as_str() {
            "NOPERM" => Error::Refused(format!("the server does not open mailbox {shown} for this user: {text}")),
            _ => Error::Reconnect(format!("the server cannot open mailbox {shown} now: {text}{advice}")),
        };
    }
    let names = list::names(session).await.unwrap_or_default();
    let there_are = if names.is_empty() { String::new() } else { format!("; there are: {}", list::shown(&names)) };
    Error::NoMailbox(format!("the server does not open mailbox {shown} (check name): {text}{there_are}"))
}

/// Asks for the mailbox `name`. Returns the server's answer if it refuses.
async fn ask(session: &mut Session, name: &str) -> Result<Option<Status>> {
    let shown = said(name);
    let (status, mailbox) = exchange!(session, select(utf7::encode(name)))?;
    if status.kind != Kind::Ok {
        return Ok(Some(status));
    }
    // If messages cannot be marked, every process that starts would deliver them again.
    if status.code == "READ-ONLY" {
        return Err(Error::Refused(format!(
            "mailbox {shown} was opened read-only, so delivered messages cannot be marked; give this user the right to \
             change flags"
        )));
    }
    // The library does not distinguish an empty list of permanent flags from none.
    let permanent =
        session.control.lock().notes.code_arguments("PERMANENTFLAGS").map(|flags| flags.to_ascii_lowercase());
    // The server knows the flag, and keeps other flags but not this one. If it lists no flags, the first STORE shows what it
    // keeps.
    let listed = mailbox.as_ref().is_some_and(|mailbox| mailbox.flags.contains(&Flag::Seen));
    if listed && permanent.as_ref().is_some_and(|flags| flags.contains('\\') && !flags.contains("\\seen")) {
        return Err(Error::Refused(format!(
            "the server does not keep the flag \\Seen in mailbox {shown}; give this user the right to change it"
        )));
    }
    if permanent.is_some_and(|flags| flags.replace(['(', ')', ' '], "").is_empty()) {
        session.warnings.push((
            "PERMANENTFLAGS",
            format!(
                "the server says that it keeps no flags of messages in mailbox {shown} (PERMANENTFLAGS ()), so delivered \
                 messages may stay unread; give this user the right to change flags"
            ),
        ));
    }
    // RFC 3501 section 2.3.1.1: a server without UIDVALIDITY has UIDs for one session only; 0 marks that.
    // RFC 4315 section 2: UIDs may end with the session although there is a UIDVALIDITY.
    let not_sticky = session.control.lock().notes.code_arguments("UIDNOTSTICKY").is_some();
    let validity = mailbox.and_then(|mailbox| mailbox.uid_validity).filter(|_| !not_sticky);
    session.uid_validity = validity.or(session.uid_validity).or(Some(0));
    if session.uid_validity == Some(0) && session.selected_at.is_none() {
        session.warnings.push((
            "UIDVALIDITY",
            format!(
                "the server's UIDs in mailbox {shown} end with the session (no UIDVALIDITY), so what is known of messages \
                 ends with it, too: one that was delivered but not yet marked when the connection ended is delivered again"
            ),
        ));
    }
    session.mailbox = name.to_owned();
    session.selected_at = Some(Instant::now());
    session.confirmed_at = session.selected_at;
    Ok(None)
}
