//! A conversation with the server: tags, pipelining, and what it tells us unasked. The commands themselves are in files
//! of their own.

use std::fmt;
use std::time::Duration;

use tokio::time::Instant;

pub(super) use super::answer::{Budget, Challenge, ok, out_of_step, replaced};
use super::capabilities::Capabilities;
use super::command::{Command, Part};
use super::connect::Deadlines;
use super::notes::Notes;
use super::parse::{Data, Kind, Reply, Status, parse};
use super::party::Party;
use super::response::{Intake, Nothing};
use super::wire::Wire;
use crate::error::{Error, Result};

/// Commands sent before the first of them is answered. With sets of 1,000 octets all of them fit any socket's buffer.
const OUTSTANDING: usize = 8;
/// An open conversation.
pub(super) struct Session {
    pub(super) wire: Wire,
    pub(super) deadlines: Deadlines,
    pub(super) party: Party,
    pub(super) capabilities: Capabilities,
    /// Whether `capabilities` are of this state of the conversation.
    pub(super) capabilities_known: bool,
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
    tag: u64,
    /// What the server complained of last, since it last answered a command.
    last_words: Option<String>,
}

impl fmt::Debug for Session {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Session").field("party", &self.party).field("wire", &self.wire).finish_non_exhaustive()
    }
}

impl Session {
    pub(super) fn new(wire: Wire, deadlines: Deadlines, party: Party) -> Self {
        Self {
            wire,
            deadlines,
            party,
            capabilities: Capabilities::default(),
            capabilities_known: false,
            news: false,
            uid_validity: None,
            mailbox: String::new(),
            selected_at: None,
            confirmed_at: None,
            status_works: true,
            idle_works: true,
            notes: Notes::default(),
            tag: 0,
            last_words: None,
        }
    }

    /// Runs one command without literals.
    pub(super) async fn simple(&mut self, text: &str) -> Result<Status> {
        self.run(&Command::new(text), &mut Nothing).await
    }

    /// Runs one command without literals and gives its data to `intake`.
    pub(super) async fn simple_into(&mut self, text: &str, intake: &mut dyn Intake) -> Result<Status> {
        self.run(&Command::new(text), intake).await
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
        self.wire.begin(limit);
        let tag = self.next_tag();
        let mut budget = Budget::new();
        let mut line = format!("A{tag} ").into_bytes();
        for part in command.parts() {
            match part {
                Part::Text(text) => line.extend_from_slice(text),
                Part::Literal(literal) if self.capabilities.literal_at_once(literal.len()) => {
                    line.extend_from_slice(format!("{{{}+}}\r\n", literal.len()).as_bytes());
                    line.extend_from_slice(literal);
                }
                Part::Literal(literal) => {
                    line.extend_from_slice(format!("{{{}}}\r\n", literal.len()).as_bytes());
                    self.send(&line).await?;
                    line.clear();
                    if let Some(refused) = self.leave_to_go_on(tag, intake, &mut budget).await? {
                        return Ok(refused);
                    }
                    line.extend_from_slice(literal);
                }
            }
        }
        line.extend_from_slice(b"\r\n");
        self.send(&line).await?;
        self.answer(tag, intake, &mut budget).await
    }

    /// Runs commands without literals, several at a time, and gives their answers in the same order.
    pub(super) async fn run_all(&mut self, commands: &[String], intake: &mut dyn Intake) -> Result<Vec<Status>> {
        let mut answers: Vec<Option<Status>> = commands.iter().map(|_| None).collect();
        let first = self.tag + 1;
        let mut unsent = commands.iter();
        let mut outstanding = 0_usize;
        let mut budget = Budget::new();
        self.wire.begin(self.deadlines.command);
        loop {
            let mut lines = String::new();
            while outstanding < OUTSTANDING
                && let Some(command) = unsent.next()
            {
                lines.push_str(&format!("A{} {command}\r\n", self.next_tag()));
                outstanding += 1;
            }
            if !lines.is_empty() {
                self.send(lines.as_bytes()).await?;
            }
            if outstanding == 0 {
                break;
            }
            let (tag, status) = match self.reply(intake, &mut budget).await? {
                Reply::Tagged(tag, status) => (tag, status),
                Reply::Go(_) | Reply::Untagged(_) => return Err(out_of_step()),
            };
            let index = tag.checked_sub(first).and_then(|index| usize::try_from(index).ok());
            match index.and_then(|index| answers.get_mut(index)) {
                Some(answer @ None) if tag <= self.tag => *answer = Some(status),
                _ => return Err(out_of_step()),
            }
            outstanding -= 1;
            budget = Budget::new();
            self.wire.begin(self.deadlines.command);
        }
        Ok(answers.into_iter().flatten().collect())
    }

    /// The tag of the next command.
    pub(super) fn next_tag(&mut self) -> u64 {
        self.tag += 1;
        self.tag
    }

    /// Waits for `+`; what comes in its place is the answer.
    pub(super) async fn leave_to_go_on(
        &mut self,
        tag: u64,
        intake: &mut dyn Intake,
        budget: &mut Budget,
    ) -> Result<Option<Status>> {
        match self.reply(intake, budget).await? {
            Reply::Go(_) => Ok(None),
            Reply::Tagged(answered, status) if answered == tag && status.kind != Kind::Ok => Ok(Some(status)),
            Reply::Tagged(..) | Reply::Untagged(_) => Err(out_of_step()),
        }
    }

    /// Waits for `+` or for the answer to `tag`, whichever comes.
    pub(super) async fn challenge(&mut self, tag: u64, budget: &mut Budget) -> Result<Challenge> {
        match self.reply(&mut Nothing, budget).await? {
            Reply::Go(text) => Ok(Challenge::Text(text)),
            Reply::Tagged(answered, status) if answered == tag => Ok(Challenge::Over(status)),
            Reply::Tagged(..) | Reply::Untagged(_) => Err(out_of_step()),
        }
    }

    /// Waits for the answer to `tag`.
    pub(super) async fn answer(&mut self, tag: u64, intake: &mut dyn Intake, budget: &mut Budget) -> Result<Status> {
        match self.reply(intake, budget).await? {
            Reply::Tagged(answered, status) if answered == tag => Ok(status),
            Reply::Tagged(..) | Reply::Go(_) | Reply::Untagged(_) => Err(out_of_step()),
        }
    }

    /// The next response that is not untagged data; that goes to `intake`.
    async fn reply(&mut self, intake: &mut dyn Intake, budget: &mut Budget) -> Result<Reply> {
        loop {
            match self.response(intake, budget).await? {
                Reply::Untagged(data) => intake.take(data)?,
                reply => return Ok(reply),
            }
        }
    }

    /// Sends `bytes`. A server that takes no more may have said why.
    pub(super) async fn send(&mut self, bytes: &[u8]) -> Result<()> {
        let Err(error) = self.wire.send(bytes).await else { return Ok(()) };
        let mut budget = Budget::new();
        while let Ok(true) = self.wire.pending().await {
            self.response(&mut Nothing, &mut budget).await?;
        }
        Err(self.with_last_words(error))
    }

    /// Adds what the server complained of to an error about the connection's end: some give the reason in a line of its
    /// own and then hang up.
    fn with_last_words(&mut self, error: Error) -> Error {
        match (error, self.last_words.take()) {
            (Error::Reconnect(text), Some(words)) => Error::Reconnect(format!("{text}; before, it said: {words}")),
            (error, _) => error,
        }
    }

    /// The next response, noted: hang-ups become errors, news are remembered, capabilities learned.
    pub(super) async fn response(&mut self, intake: &mut dyn Intake, budget: &mut Budget) -> Result<Reply> {
        let response = self.wire.response(intake).await.map_err(|error| self.with_last_words(error))?;
        budget.spend(response.text.len())?;
        let mut reply = parse(response)?;
        match &mut reply {
            Reply::Go(_) => {}
            Reply::Tagged(_, status) => {
                self.note(status)?;
                self.last_words = None;
            }
            Reply::Untagged(Data::Status(status)) => {
                self.note(status)?;
                if matches!(status.kind, Kind::No | Kind::Bad) {
                    self.last_words = Some(status.text.clone());
                }
                if status.kind == Kind::Bye {
                    return Err(Error::Reconnect(format!("the server hung up: {}", status.text)));
                }
            }
            Reply::Untagged(Data::Capability(words)) => self.learn(words),
            Reply::Untagged(Data::Exists) => self.news = true,
            Reply::Untagged(Data::Fetch(fetch)) => self.news |= fetch.is_about_flags() && !intake.changes_flags(),
            Reply::Untagged(_) => {}
        }
        Ok(reply)
    }

    fn note(&mut self, status: &mut Status) -> Result<()> {
        status.text = self.party.server_text(&status.text);
        if status.code == "CAPABILITY" && matches!(status.kind, Kind::Ok | Kind::Preauth) {
            self.learn(&status.arguments);
        }
        let selected = self.uid_validity.is_some();
        if selected && status.code == "UIDVALIDITY" && status.arguments.parse().ok() != self.uid_validity {
            return Err(replaced());
        }
        Ok(())
    }

    fn learn(&mut self, words: &str) {
        self.capabilities = Capabilities::parse(words);
        self.capabilities_known = true;
    }

    /// Asks for the capabilities unless the server has told them in this state.
    pub(super) async fn know_capabilities(&mut self) -> Result<()> {
        if !self.capabilities_known {
            ok(self.simple("CAPABILITY").await?, "CAPABILITY")?;
        }
        Ok(())
    }

    /// Reads what the server has sent unasked, without waiting.
    pub(super) async fn drain(&mut self) -> Result<()> {
        let mut budget = Budget::new();
        self.wire.begin(self.deadlines.command);
        while self.wire.pending().await? {
            if !matches!(self.response(&mut Nothing, &mut budget).await?, Reply::Untagged(_)) {
                return Err(out_of_step());
            }
        }
        Ok(())
    }

    /// LOGOUT, as far as it goes within `limit`.
    pub(super) async fn logout(mut self, limit: Duration) {
        let goodbye = async {
            let _ = self.simple("LOGOUT").await;
            self.wire.close().await;
        };
        let _ = tokio::time::timeout(limit, goodbye).await;
    }
}
