//! A conversation with the server, carried by async-imap over our stream. The commands themselves are in files of their own.
//!
//! What a call of the library returns is not the whole truth: most calls drop the tagged answer, and take the end of the
//! connection for the end of the data. So every call is an [`exchange!`]: a deadline, the call, and the answer as the stream
//! noted it.

use std::fmt;
use std::time::Duration;

use async_imap::imap_proto::{AttributeValue, Response};
use tokio::io::AsyncWriteExt;
use tokio::time::{Instant, timeout, timeout_at};

use super::deadlines::Deadlines;
use crate::error::{Error, Result};
use crate::transport::imap_stream::{Capabilities, Control, Io, Kind, Party, Status, Stream, Wanted};

/// Commands sent before the first of them is answered. With sets of 1,000 octets all of them fit any socket's buffer.
const OUTSTANDING: usize = 8;

/// Calls the library, within the usual time. Gives the server's answer, and what the call found if that is OK.
macro_rules! exchange {
    ($session:expr, $call:ident($($argument:expr),*)) => {{
        $session.begin();
        let called = $session.imap.$call($($argument),*).await;
        $session.answered(called)
    }};
}
pub(crate) use exchange;

/// A connection before login.
pub(crate) struct Client {
    pub(crate) imap: async_imap::Client<Stream>,
    pub(crate) control: Control,
    pub(crate) deadlines: Deadlines,
}

impl Client {
    /// Everything up to the end of the login, and SELECT, must be over at `until`.
    pub(crate) fn new(io: Box<dyn Io>, deadlines: &Deadlines, party: &Party, until: Instant) -> Self {
        let control = Control::new(deadlines.silence, until, party.clone());
        let imap = async_imap::Client::new(Stream::new(io, control.clone()));
        Self { imap, control, deadlines: deadlines.clone() }
    }

    /// Runs one command.
    pub(crate) async fn run(&mut self, command: &str) -> Result<Status> {
        self.control.begin(self.deadlines.command, Wanted::default());
        // What the library says of the answer is not all of it.
        let _ = self.imap.run_command_and_check_ok(command, None).await;
        self.control.answer()
    }

    /// Asks for the capabilities unless the server has told them.
    pub(crate) async fn capabilities(&mut self) -> Result<Capabilities> {
        if self.control.lock().notes.capabilities.is_none() {
            ok(self.run("CAPABILITY").await?, "CAPABILITY")?;
        }
        Ok(self.control.lock().notes.capabilities.clone().unwrap_or_default())
    }
}

/// What an untagged FETCH response says about a message.
#[derive(Debug)]
pub(crate) struct Fetch {
    pub(crate) uid: u32,
    /// RFC822.SIZE, in octets.
    pub(crate) size: Option<u64>,
    /// BODY[], if it was asked for; `Some(None)` for NIL.
    pub(crate) body: Option<Option<Vec<u8>>>,
}

/// One response, as far as anybody acts upon it.
#[derive(Debug)]
pub(crate) enum Reply {
    /// `+`: go on.
    Go,
    /// The answer to the command with this tag.
    Tagged(String, Status),
    /// An untagged status.
    Said(Status),
    Fetch(Fetch),
    /// Other untagged data.
    Other,
}

/// An open conversation after login.
pub(crate) struct Session {
    pub(crate) imap: async_imap::Session<Stream>,
    pub(crate) control: Control,
    pub(crate) deadlines: Deadlines,
    pub(crate) capabilities: Capabilities,
    learned: u32,
    /// Something may have come in since the last search began.
    pub(crate) news: bool,
    /// The validity of the UIDs of the selected mailbox; 0 if the server does not tell.
    pub(crate) uid_validity: Option<u32>,
    /// The name of the selected mailbox.
    pub(crate) mailbox: String,
    /// When it was selected last.
    pub(crate) selected_at: Option<Instant>,
    /// When it was last known to be the same; `None` after a wait.
    pub(crate) confirmed_at: Option<Instant>,
    /// Whether STATUS tells UIDVALIDITY.
    pub(crate) status_works: bool,
    /// Whether this server takes IDLE as it should.
    pub(crate) idle_works: bool,
    /// Messages that the server did not mark, and why; told once.
    pub(crate) unmarked: Vec<(u32, String)>,
    /// Why the server did not expunge; told once.
    pub(crate) unexpunged: Option<String>,
    /// What a person has to know of the mailbox, each by a name; told once.
    pub(crate) remarks: Vec<(&'static str, String)>,
}

impl fmt::Debug for Session {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Session").field("imap", &self.imap).finish_non_exhaustive()
    }
}

impl Session {
    /// A login has succeeded.
    pub(crate) fn new(imap: async_imap::Session<Stream>, control: Control, deadlines: Deadlines) -> Self {
        // The stream takes note of what comes unasked; here it would only fill memory.
        imap.unsolicited_responses.close();
        let mut session = Self {
            imap,
            control,
            deadlines,
            capabilities: Capabilities::default(),
            learned: 0,
            news: false,
            uid_validity: None,
            mailbox: String::new(),
            selected_at: None,
            confirmed_at: None,
            status_works: true,
            idle_works: true,
            unmarked: Vec::new(),
            unexpunged: None,
            remarks: Vec::new(),
        };
        session.know_capabilities();
        session
    }

    /// An exchange that expects no data begins; it must be over within the usual time.
    pub(crate) fn begin(&self) {
        self.control.begin(self.deadlines.command, Wanted::default());
    }

    /// The server's answer to a call of the library that is over, and what the call found if the answer is OK.
    pub(crate) fn answered<T>(&mut self, called: async_imap::error::Result<T>) -> Result<(Status, Option<T>)> {
        let answer = self.control.answer();
        self.learn()?;
        let status = answer?;
        let found = called.ok().filter(|_| status.kind == Kind::Ok);
        Ok((status, found))
    }

    /// Whether news is waited for with IDLE.
    pub(crate) fn idles(&self) -> bool {
        self.capabilities.has("IDLE") && self.idle_works
    }

    fn know_capabilities(&mut self) {
        let notes = &self.control.lock().notes;
        if self.learned != notes.learned {
            self.learned = notes.learned;
            self.capabilities = notes.capabilities.clone().unwrap_or_default();
        }
    }

    /// What the stream noted becomes known here. A call of the library may have read any number of responses.
    fn learn(&mut self) -> Result<()> {
        self.know_capabilities();
        let notes = &mut self.control.lock().notes;
        self.news |= std::mem::take(&mut notes.news);
        match self.uid_validity.zip(notes.uid_validity.take()) {
            Some((selected, told)) if selected != told && selected != 0 => Err(replaced()),
            _ => Ok(()),
        }
    }

    /// Runs commands, several at a time, and gives their answers in the same order. What is fetched goes to `take`. The
    /// library has one call at a time.
    pub(crate) async fn run_all(
        &mut self,
        commands: &[String],
        wanted: Wanted,
        take: &mut (dyn FnMut(Fetch) + Send),
    ) -> Result<Vec<Status>> {
        let mut answers: Vec<Option<Status>> = commands.iter().map(|_| None).collect();
        let mut unsent = commands.iter().zip(&mut answers);
        let mut outstanding: Vec<(String, &mut Option<Status>)> = Vec::new();
        self.control.begin(self.deadlines.command, wanted);
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
                    self.control.go_on(self.deadlines.command);
                }
                Reply::Fetch(fetch) => take(fetch),
                Reply::Said(_) | Reply::Other => {}
                Reply::Go => return Err(out_of_step()),
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
        self.learn()?;
        let notes = &mut self.control.lock().notes;
        Ok(match response.parsed() {
            Response::Continue(_) => Reply::Go,
            Response::Done { tag, .. } => {
                let at = notes.answers.iter().position(|(answered, _)| *answered == tag.0).ok_or_else(out_of_step)?;
                let (tag, status) = notes.answers.swap_remove(at);
                Reply::Tagged(tag, status)
            }
            Response::Data { .. } => notes.said.pop_front().map_or(Reply::Other, Reply::Said),
            Response::Fetch(_, items) => fetched(items, notes.body.take())?,
            _ => Reply::Other,
        })
    }

    /// Reads what the server has sent unasked, without waiting.
    pub(crate) async fn drain(&mut self) -> Result<()> {
        self.begin();
        while let Ok(response) = timeout_at(Instant::now(), self.response()).await {
            if matches!(response?, Reply::Go | Reply::Tagged(..)) {
                return Err(out_of_step());
            }
        }
        Ok(())
    }

    /// LOGOUT, as far as it goes within `limit`.
    pub(crate) async fn logout(mut self, limit: Duration) {
        self.begin();
        self.control.lock().notes.leaving = true;
        let goodbye = async {
            let _ = self.imap.logout().await;
            let _ = self.imap.as_mut().shutdown().await;
        };
        let _ = timeout(limit, goodbye).await;
    }
}

/// What the items of a FETCH response say. The stream has taken the body out; one that it skipped is not there.
fn fetched(items: &[AttributeValue<'_>], mut kept: Option<Vec<u8>>) -> Result<Reply> {
    let (mut uid, mut size, mut body) = (None, None, None);
    for item in items {
        match item {
            AttributeValue::Uid(0) => return Err(Error::Unparseable("the server sent a message without a UID".into())),
            AttributeValue::Uid(told) => uid = Some(*told),
            AttributeValue::Rfc822Size(told) => size = Some(u64::from(*told)),
            AttributeValue::BodySection { section: None, index: None, data: None } => body = Some(None),
            AttributeValue::BodySection { section: None, index: None, data: Some(_) } => body = kept.take().map(Some),
            _ => {}
        }
    }
    Ok(uid.map_or(Reply::Other, |uid| Reply::Fetch(Fetch { uid, size, body })))
}

/// NO and BAD are errors after which the connection is not to be trusted with more.
pub(crate) fn ok(status: Status, command: &str) -> Result<()> {
    match status.kind {
        Kind::Ok => Ok(()),
        _ => Err(Error::Reconnect(format!("the server refused {command}: {}", status.text))),
    }
}

/// The UIDs have lost their meaning: what is known of them must not be acted upon.
pub(crate) fn replaced() -> Error {
    Error::Reconnect("the mailbox was replaced by another one of the same name".into())
}

pub(crate) fn out_of_step() -> Error {
    Error::Reconnect("the server answered something we have not asked".into())
}
