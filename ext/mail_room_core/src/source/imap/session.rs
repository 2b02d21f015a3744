//! A conversation with the server, carried by async-imap over our stream. The commands themselves are in files of their own.
//!
//! Most calls of the library drop the tagged answer, and take the end of the connection for the end of the data. So every call
//! is an [`exchange!`]: a deadline, the call, and the answer from the stream's notes.

use std::time::{Duration, SystemTime};

use async_imap::imap_proto::{AttributeValue, Response};
use tokio::io::AsyncWriteExt;
use tokio::time::{Instant, timeout, timeout_at};

use super::deadlines::Deadlines;
use crate::error::{Error, Result};
use crate::observe::log::Log;
use crate::transport::credentials::Credentials;
use crate::transport::imap_stream::{Control, Expected, Kind, Status, Stream, out_of_step};
use crate::transport::imap_syntax::date_time::date_time;
use crate::transport::tcp;

/// Commands sent before the first of them is answered. With sets of 1,000 octets all of them fit any socket's buffer.
const OUTSTANDING: usize = 8;

/// Calls the library, within the usual time. Returns the server's answer, and the result of the call if that is OK.
macro_rules! exchange {
    ($session:expr, $call:ident($($argument:expr),*)) => {{
        $session.begin();
        let called = $session.imap.$call($($argument),*).await;
        $session.answered(called)
    }};
}
pub(crate) use exchange;

/// A connection before the login.
pub(crate) struct Client {
    pub(crate) imap: async_imap::Client<Stream>,
    pub(crate) control: Control,
    pub(crate) deadlines: Deadlines,
}

impl Client {
    /// Everything up to the end of the login, and SELECT, must be over at `until`.
    pub(crate) fn new(
        io: Box<dyn tcp::Stream>,
        deadlines: &Deadlines,
        credentials: Credentials,
        log: Option<Log>,
        until: Instant,
    ) -> Self {
        let control = Control::new(deadlines.silence, until, credentials, log);
        let imap = async_imap::Client::new(Stream::new(io, control.clone()));
        Self { imap, control, deadlines: deadlines.clone() }
    }

    /// Runs one command.
    pub(crate) async fn run(&mut self, command: &str) -> Result<Status> {
        self.control.begin(self.deadlines.command, Expected::default());
        // The answer is in the notes.
        let _ = self.imap.run_command_and_check_ok(command, None).await;
        self.control.answer()
    }

    /// Asks for the capabilities unless the server has listed them.
    pub(super) async fn capabilities(&mut self) -> Result<()> {
        let listed = self.control.lock().notes.capability_updates > 0;
        if listed { Ok(()) } else { ok(self.run("CAPABILITY").await?, "CAPABILITY") }
    }
}

/// The parts of an untagged FETCH response that we use.
#[derive(Debug)]
pub(crate) struct Fetch {
    pub(crate) uid: u32,
    /// RFC822.SIZE, in octets.
    pub(crate) size: Option<u64>,
    /// INTERNALDATE, if it is a date.
    pub(crate) arrived: Option<SystemTime>,
    /// BODY[], if it was asked for; `Some(None)` for NIL.
    pub(crate) body: Option<Option<Vec<u8>>>,
}

/// One response.
#[derive(Debug)]
pub(crate) enum Reply {
    /// `+`.
    Continue,
    /// The answer to the command with this tag.
    Tagged(String, Status),
    /// An untagged status.
    Untagged(Status),
    Fetch(Fetch),
    /// Other untagged data.
    Other,
}

/// An open conversation after the login.
pub(crate) struct Session {
    pub(crate) imap: async_imap::Session<Stream>,
    pub(crate) control: Control,
    pub(crate) deadlines: Deadlines,
    /// The UIDVALIDITY of the selected mailbox; 0 if the server does not report it.
    pub(crate) uid_validity: Option<u32>,
    /// The name of the selected mailbox.
    pub(crate) mailbox: String,
    /// When it was selected last.
    pub(crate) selected_at: Option<Instant>,
    /// When it was last known to be the same; `None` after a wait.
    pub(crate) confirmed_at: Option<Instant>,
    /// Whether STATUS reports UIDVALIDITY.
    pub(crate) status_works: bool,
    /// Whether the server tells when messages arrived.
    pub(crate) tells_dates: bool,
    /// Whether IDLE works on this server.
    pub(crate) idle_works: bool,
    /// Messages that the server did not mark, and why. Reported once, like what follows.
    pub(crate) unmarked: Vec<(u32, String)>,
    /// Why the server did not expunge.
    pub(crate) unexpunged: Option<String>,
    /// What a person has to know of the mailbox, each with a name.
    pub(crate) warnings: Vec<(&'static str, String)>,
}

impl Session {
    /// A login has succeeded.
    pub(crate) fn new(imap: async_imap::Session<Stream>, control: Control, deadlines: Deadlines) -> Self {
        // The stream notes what comes unasked. Here it would only fill memory.
        imap.unsolicited_responses.close();
        Self {
            imap,
            control,
            deadlines,
            uid_validity: None,
            mailbox: String::new(),
            selected_at: None,
            confirmed_at: None,
            status_works: true,
            tells_dates: true,
            idle_works: true,
            unmarked: Vec::new(),
            unexpunged: None,
            warnings: Vec::new(),
        }
    }

    /// An exchange that expects no data begins; it must be over within the usual time.
    pub(crate) fn begin(&self) {
        self.control.begin(self.deadlines.command, Expected::default());
    }

    /// The server's answer to a call of the library that is over, and the result of the call if the answer is OK.
    pub(crate) fn answered<T>(&self, called: async_imap::error::Result<T>) -> Result<(Status, Option<T>)> {
        let answer = self.control.answer();
        self.check_validity()?;
        let status = answer?;
        let found = called.ok().filter(|_| status.kind == Kind::Ok);
        Ok((status, found))
    }

    /// Whether we wait with IDLE.
    pub(crate) fn idles(&self) -> bool {
        self.control.has("IDLE") && self.idle_works
    }

    /// Whether something may have come in since the last search began.
    pub(super) fn has_news(&self) -> bool {
        self.control.lock().notes.news
    }

    /// Fails if the server reported another UIDVALIDITY. A call of the library may have read any number of responses.
    fn check_validity(&self) -> Result<()> {
        match self.uid_validity.zip(self.control.lock().notes.uid_validity.take()) {
            Some((selected, reported)) if selected != reported && selected != 0 => Err(replaced()),
            _ => Ok(()),
        }
    }

    /// Runs several commands at a time, which the library's calls cannot. Returns their answers in the same order. What is
    /// fetched goes to `take`.
    pub(crate) async fn run_all(
        &mut self,
        commands: &[String],
        expected: Expected,
        take: &mut (dyn FnMut(Fetch) + Send),
    ) -> Result<Vec<Status>> {
        let mut answers: Vec<Option<Status>> = commands.iter().map(|_| None).collect();
        let mut unsent = commands.iter().zip(&mut answers);
        let mut outstanding: Vec<(String, &mut Option<Status>)> = Vec::new();
        self.control.begin(self.deadlines.command, expected);
        loop {
            while outstanding.len() < OUTSTANDING
                && let Some((command, answer)) = unsent.next()
            {
                outstanding.push((self.send(command).await?, answer));
            }
            if outstanding.is_empty() {
                return Ok(answers.into_iter().flatten().collect());
            }
            match self.response().await? {
                Reply::Tagged(tag, status) => {
                    let at = outstanding.iter().position(|(sent, _)| *sent == tag).ok_or_else(out_of_step)?;
                    *outstanding.swap_remove(at).1 = Some(status);
                    self.control.restart_clock(self.deadlines.command);
                }
                Reply::Fetch(fetch) => take(fetch),
                Reply::Untagged(_) | Reply::Other => {}
                Reply::Continue => return Err(out_of_step()),
            }
        }
    }

    /// Sends a command; gives its tag.
    pub(crate) async fn send(&mut self, command: &str) -> Result<String> {
        let sent = self.imap.run_command(command).await;
        sent.map(|tag| tag.0).map_err(|_| self.control.failure())
    }

    /// The next response. Cancel safe.
    pub(crate) async fn response(&mut self) -> Result<Reply> {
        let Ok(Some(response)) = self.imap.read_response().await else { return Err(self.control.failure()) };
        self.check_validity()?;
        let notes = &mut self.control.lock().notes;
        Ok(match response.parsed() {
            Response::Continue(_) => Reply::Continue,
            Response::Done { tag, .. } => {
                let at = notes.answers.iter().position(|(answered, _)| *answered == tag.0).ok_or_else(out_of_step)?;
                let (tag, status) = notes.answers.swap_remove(at);
                Reply::Tagged(tag, status)
            }
            Response::Data { .. } => notes.untagged.pop_front().map_or(Reply::Other, Reply::Untagged),
            Response::Fetch(_, items) => fetched(items, notes.body.take())?,
            _ => Reply::Other,
        })
    }

    /// The next response while no command is under way. Cancel safe.
    pub(super) async fn unsolicited(&mut self) -> Result<()> {
        match self.response().await? {
            Reply::Continue | Reply::Tagged(..) => Err(out_of_step()),
            _ => Ok(()),
        }
    }

    /// Reads what the server has sent unasked, without waiting.
    pub(super) async fn drain(&mut self) -> Result<()> {
        self.begin();
        while let Ok(response) = timeout_at(Instant::now(), self.unsolicited()).await {
            response?;
        }
        Ok(())
    }

    /// LOGOUT, as far as it goes within `limit`.
    pub(crate) async fn logout(mut self, limit: Duration) {
        self.begin();
        self.control.lock().notes.logging_out = true;
        let goodbye = async {
            let _ = self.imap.logout().await;
            let _ = self.imap.as_mut().shutdown().await;
        };
        let _ = timeout(limit, goodbye).await;
    }
}

/// The items of a FETCH response. The stream has taken the body out, or has skipped it.
fn fetched(items: &[AttributeValue<'_>], mut kept: Option<Vec<u8>>) -> Result<Reply> {
    let (mut uid, mut size, mut arrived, mut body) = (None, None, None, None);
    for item in items {
        match item {
            AttributeValue::Uid(0) => return Err(Error::Unparseable("the server sent a message without a UID".into())),
            AttributeValue::Uid(value) => uid = Some(*value),
            AttributeValue::InternalDate(text) => arrived = date_time(text),
            AttributeValue::Rfc822Size(octets) => size = Some(u64::from(*octets)),
            AttributeValue::BodySection { section: None, index: None, data: None } => body = Some(None),
            AttributeValue::BodySection { section: None, index: None, data: Some(_) } => body = kept.take().map(Some),
            _ => {}
        }
    }
    Ok(uid.map_or(Reply::Other, |uid| Reply::Fetch(Fetch { uid, size, arrived, body })))
}

/// NO and BAD are errors after which the connection is not to be trusted with more.
pub(crate) fn ok(status: Status, command: &str) -> Result<()> {
    match status.kind {
        Kind::Ok => Ok(()),
        _ => Err(Error::Reconnect(format!("the server refused {command}: {}", status.text))),
    }
}

/// The UIDs have lost their meaning. What is known of them must not be used.
pub(crate) fn replaced() -> Error {
    Error::Reconnect("the mailbox was replaced by another one of the same name".into())
}
