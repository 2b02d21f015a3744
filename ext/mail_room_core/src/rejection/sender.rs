//! Sends one notice, by SMTP or through the app's own class. Knows no claims and no limits.

use std::sync::Arc;

use lettre::address::Envelope;

use super::notice;
use super::queue::Pending;
use super::smtp::{self, SmtpError};
use crate::config;
use crate::error::Error;
use crate::ruby::calls::{Answer, Calls, Question};

/// How notices of one mailbox are sent.
#[derive(Debug)]
pub(super) struct Sender {
    by: By,
    mailbox: String,
}

#[derive(Debug)]
enum By {
    Smtp(Box<config::Smtp>),
    Hook(Arc<Calls>, String),
}

/// What became of a notice.
pub(super) enum Sent {
    /// The SMTP server or the app's class has accepted it.
    Accepted,
    /// The SMTP server refuses this notice, and would refuse it again.
    Refused(Error),
    /// The app's class failed, because of this message or of all.
    Failed(Error),
    /// No notice can be sent for now.
    Down(Error),
}

impl Sender {
    /// Sends for `mailbox` as `by` says. A class of the app's own is called through `calls`.
    pub(super) fn new(by: &config::RejectBy, mailbox: &str, calls: &Arc<Calls>) -> Self {
        let by = match by {
            config::RejectBy::Smtp(smtp) => By::Smtp(smtp.clone()),
            config::RejectBy::Hook { class_name } => By::Hook(calls.clone(), class_name.clone()),
        };
        Self { by, mailbox: mailbox.to_owned() }
    }

    /// Whether sending needs the whole rejected message.
    pub(super) fn wants_message(&self) -> bool {
        matches!(self.by, By::Hook(..))
    }

    /// Sends the notice for `pending`.
    pub(super) async fn send(&self, pending: &Pending) -> Sent {
        match &self.by {
            By::Smtp(smtp) => match self.mail(smtp, pending).await {
                Ok(()) => Sent::Accepted,
                Err(SmtpError::Refused(error)) => Sent::Refused(error),
                Err(SmtpError::Down(error)) => Sent::Down(error),
            },
            By::Hook(calls, class) => call(calls, class, pending).await,
        }
    }

    async fn mail(&self, smtp: &config::Smtp, pending: &Pending) -> Result<(), SmtpError> {
        let name = pending.id.name_in(&pending.scope);
        let mail = notice::compose(smtp, &pending.rejected, &pending.found, &self.mailbox, &name);
        let mail = mail.map_err(SmtpError::Refused)?;
        // The return path is null (RFC 3834 section 3.3), so that bounces do not come back to us.
        let envelope = Envelope::new(None, vec![pending.rejected.sender.clone()]);
        let envelope = envelope.map_err(|error| SmtpError::Refused(Error::Message(error.to_string())))?;
        smtp::send(smtp, &envelope, &mail).await
    }
}

async fn call(calls: &Calls, class: &str, pending: &Pending) -> Sent {
    let Pending { id, raw, found, .. } = pending;
    let failed = |how: &str| Sent::Failed(Error::Message(format!("{class}#reject {how}")));
    match calls.ask(Question::Reject(id.clone(), raw.clone(), Box::new(found.clone()))).await {
        Some(Answer::Yes) => Sent::Accepted,
        Some(Answer::No) => failed("returned false or nil"),
        Some(Answer::Raised(words)) => failed(&format!("raised {words}")),
        None => failed("was ended with its thread"),
    }
}
