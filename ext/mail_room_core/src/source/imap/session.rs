//! A conversation with the server, carried by async-imap over our stream. The commands themselves are in files of their own.
//!
//! What a call of the library returns is not the whole truth: most calls drop the tagged answer, and take the end of the
//! connection for the end of the data. So every call is an exchange: [`Session::begin`], the call, [`Session::answered`].

use std::fmt;
use std::time::Duration;

use tokio::io::AsyncWriteExt;
use tokio::time::{Instant, timeout, timeout_at};

use super::capabilities::Capabilities;
use super::command::Command;
use super::connect::Deadlines;
use super::data::{Intake, Nothing, Reply, reply};
use super::notes::Notes;
use super::party::Party;
use super::status::{Kind, Status};
use super::stream::{Control, Io, Stream, Wanted};
use crate::error::{Error, Result};

/// Commands sent before the first of them is answered. With sets of 1,000 octets all of them fit any socket's buffer.
const OUTSTANDING: usize = 8;

/// A connection before login.
pub(super) struct Client {
    pub(super) imap: async_imap::Client<Stream>,
    pub(super) control: Control,
    pub(super) deadlines: Deadlines,
    pub(super) party: Party,
}

impl Client {
    /// Everything up to the end of the login, and SELECT, must be over at `until`.
    pub(super) fn new(io: Box<dyn Io>, deadlines: &Deadlines, party: &Party, until: Instant) -> Self {
        let control = Control::new(deadlines.silence, until, party.clone());
        let imap = async_imap::Client::new(Stream::new(io, control.clone()));
        Self { imap, control, deadlines: deadlines.clone(), party: party.clone() }
    }

    /// Runs one command.
    pub(super) async fn run(&mut self, command: &str) -> Result<Status> {
        self.control.begin(self.deadlines.command, Wanted::default());
        // What the library says of the answer is not all of it.
        let _ = self.imap.run_command_and_check_ok(command, None).await;
        self.control.answer()
    }

    /// Asks for the capabilities unless the server has told them.
    pub(super) async fn capabilities(&mut self) -> Result<Capabilities> {
        if self.control.lock().notes.capabilities.is_none() {
            ok(self.run("CAPABILITY").await?, "CAPABILITY")?;
        }
        Ok(self.control.capabilities())
    }
}

/// An open conversation after login.
pub(super) struct Session {
    pub(super) imap: async_imap::Session<Stream>,
    pub(super) control: Control,
    pub(super) deadlines: Deadlines,
    pub(super) party: Party,
    pub(super) capabilities: Capabilities,
    learned: u32,
    /// Something may have come in since the last search began.
    pub(super) news: bool,
    /// The validity of the UIDs of the selected mailbox; 0 if the server does not tell.
    pub(super) uid_validity: Option<u32>,
    /// The name of the selected mailbox.
    pub(super) mailbox: String,
    /// When it was selected last.
    pub(super) selected_at: Option<Instant>,
    /// When it was last known to be the same; `None` after a wait.
    pub(super) confirmed_at: Option<Instant>,
    /// Whether STATUS tells UIDVALIDITY.
    pub(super) status_works: bool,
    /// Whether this server takes IDLE as it should.
    pub(super) idle_works: bool,
    /// What is to be told beside the answers.
    pub(super) notes: Notes,
}

impl fmt::Debug for Session {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Session").field("party", &self.party).field("imap", &self.imap).finish_non_exhaustive()
    }
}

impl Session {
    /// A login has succeeded.
    pub(super) fn new(imap: async_imap::Session<Stream>, control: Control, deadlines: Deadlines, party: Party) -> Self {
        // The stream takes note of what comes unasked; here it would only fill memory.
        imap.unsolicited_responses.close();
        let mut session = Self {
            imap,
            control,
            deadlines,
            party,
            capabilities: Capabilities::default(),
            learned: 0,
            news: false,
            uid_validity: None,
            mailbox: String::new(),
            selected_at: None,
            confirmed_at: None,
            status_works: true,
            idle_works: true,
            notes: Notes::default(),
        };
        session.know_capabilities();
        session
    }

    /// An exchange that expects no data begins; it must be over within the usual time.
    pub(super) fn begin(&self) {
        self.control.begin(self.deadlines.command, Wanted::default());
    }

    /// The server's answer to a call of the library that is over, and what the call found if the answer is OK.
    pub(super) fn answered<T>(&mut self, called: async_imap::error::Result<T>) -> Result<(Status, Option<T>)> {
        let answer = self.control.answer();
        self.learn()?;
        let status = answer?;
        let found = called.ok().filter(|_| status.kind == Kind::Ok);
        Ok((status, found))
    }

    fn know_capabilities(&mut self) {
        let shared = self.control.lock();
        if self.learned != shared.notes.learned {
            self.learned = shared.notes.learned;
            self.capabilities = shared.notes.capabilities.clone().unwrap_or_default();
        }
    }

    /// What the stream noted becomes known here. A call of the library may have read any number of responses.
    fn learn(&mut self) -> Result<()> {
        self.know_capabilities();
        let mut shared = self.control.lock();
        let notes = &mut shared.notes;
        self.news |= std::mem::take(&mut notes.news);
        match self.uid_validity.zip(notes.uid_validity.take()) {
            Some((selected, told)) if selected != told && selected != 0 => Err(replaced()),
            _ => Ok(()),
        }
    }

    /// Runs one command without literals.
    pub(super) async fn simple(&mut self, text: &str) -> Result<Status> {
        self.run(&Command::new(text), &mut Nothing).await
    }

    /// Runs one command. Its answer may be OK, NO or BAD.
    pub(super) async fn run(&mut self, command: &Command, intake: &mut dyn Intake) -> Result<Status> {
        self.run_within(self.deadlines.command, command, intake).await
    }

    /// Runs one command that must be answered within `limit`.
    pub(super) async fn run_within(
        &mut self,
        limit: Duration,
        command: &Command,
        intake: &mut dyn Intake,
    ) -> Result<Status> {
        self.control.begin(limit, intake.wanted());
        let tag = self.send(command.as_str()).await?;
        self.answer(&tag, intake).await
    }

    /// Runs commands, several at a time, and gives their answers in the same order. The library has one call at a time.
    pub(super) async fn run_all(&mut self, commands: &[String], intake: &mut dyn Intake) -> Result<Vec<Status>> {
        let mut answers: Vec<Option<Status>> = commands.iter().map(|_| None).collect();
        let mut unsent = commands.iter().enumerate();
        let mut outstanding: Vec<(String, usize)> = Vec::new();
        self.control.begin(self.deadlines.command, intake.wanted());
        loop {
            while outstanding.len() < OUTSTANDING
                && let Some((index, command)) = unsent.next()
            {
                outstanding.push((self.send(command).await?, index));
            }
            if outstanding.is_empty() {
                return Ok(answers.into_iter().flatten().collect());
            }
            let Reply::Tagged(tag, status) = self.reply(intake).await? else { return Err(out_of_step()) };
            let at = outstanding.iter().position(|(sent, _)| *sent == tag).ok_or_else(out_of_step)?;
            let (_, index) = outstanding.swap_remove(at);
            if let Some(answer) = answers.get_mut(index) {
                *answer = Some(status);
            }
            self.control.go_on(self.deadlines.command);
        }
    }

    /// Sends a command; gives its tag.
    pub(super) async fn send(&mut self, command: &str) -> Result<String> {
        let sent = self.imap.run_command(command).await;
        sent.map(|tag| tag.0).map_err(|_| self.control.failure())
    }

    /// Waits for the answer to `tag`.
    pub(super) async fn answer(&mut self, tag: &str, intake: &mut dyn Intake) -> Result<Status> {
        match self.reply(intake).await? {
            Reply::Tagged(answered, status) if answered == tag => Ok(status),
            Reply::Tagged(..) | Reply::Go | Reply::Untagged(_) => Err(out_of_step()),
        }
    }

    /// The next response that is not untagged data; that goes to `intake`.
    async fn reply(&mut self, intake: &mut dyn Intake) -> Result<Reply> {
        loop {
            match self.response().await? {
                Reply::Untagged(data) => intake.take(data)?,
                reply => return Ok(reply),
            }
        }
    }

    /// The next response. Cancel safe.
    pub(super) async fn response(&mut self) -> Result<Reply> {
        let Ok(Some(response)) = self.imap.read_response().await else { return Err(self.control.failure()) };
        self.learn()?;
        reply(response.parsed(), &mut self.control.lock().notes)
    }

    /// Reads what the server has sent unasked, without waiting.
    pub(super) async fn drain(&mut self) -> Result<()> {
        self.begin();
        while let Ok(response) = timeout_at(Instant::now(), self.response()).await {
            if !matches!(response?, Reply::Untagged(_)) {
                return Err(out_of_step());
            }
        }
        Ok(())
    }

    /// Gives memory back before a long wait.
    pub(super) fn rest(&mut self) {
        self.imap.as_mut().rest();
    }

    /// LOGOUT, as far as it goes within `limit`.
    pub(super) async fn logout(mut self, limit: Duration) {
        self.begin();
        self.control.lock().notes.leaving = true;
        let goodbye = async {
            let _ = self.imap.logout().await;
            let _ = self.imap.as_mut().shutdown().await;
        };
        let _ = timeout(limit, goodbye).await;
    }
}

/// NO and BAD are errors after which the connection is not to be trusted with more.
pub(super) fn ok(status: Status, command: &str) -> Result<()> {
    match status.kind {
        Kind::Ok => Ok(()),
        _ => Err(Error::Reconnect(format!("the server refused {command}: {}", status.text))),
    }
}

/// The UIDs have lost their meaning: what is known of them must not be acted upon.
pub(super) fn replaced() -> Error {
    Error::Reconnect("the mailbox was replaced by another one of the same name".into())
}

pub(super) fn out_of_step() -> Error {
    Error::Reconnect("the server answered something we have not asked".into())
}
