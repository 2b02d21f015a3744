//! Log lines, one JSON object each. Threads of their own write them, so that a full disk or a pipe that nobody reads never holds
//! up a mailbox. What a line says is up to the caller.

mod lines;
mod panics;
mod writer;

use std::sync::Arc;

pub use lines::{Line, Lines};
use serde_json::{Map, Value};
use writer::{Pipe, Writer};

use crate::config::LogTarget;
use crate::error::{Error, Result};
use crate::system::output;

/// Asks all logs of the process to open their files anew before the next line. Safe in a signal handler.
pub fn reopen_logs() {
    output::reopen_all();
}

/// The severity of a line, named as in Ruby's Logger.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Severity {
    /// Details for troubleshooting. Only written if the environment variable `MAIL_ROOM_LOG_LEVEL` is `debug`.
    Debug,
    /// Normal operation.
    Info,
    /// Something is wrong; work goes on.
    Warn,
    /// A person must act.
    Error,
}

impl Severity {
    /// Its name in Ruby's Logger.
    pub fn name(self) -> &'static str {
        match self {
            Self::Debug => "DEBUG",
            Self::Info => "INFO",
            Self::Warn => "WARN",
            Self::Error => "ERROR",
        }
    }
}

/// All log targets of one supervisor.
#[derive(Debug, Default)]
pub struct Logs {
    lines: Vec<Arc<Lines>>,
    writer: Option<Writer>,
    /// Write debug lines, whatever the environment says.
    pub debug: bool,
}

impl Logs {
    /// Opens nothing yet. `lines` are for the app's own loggers, by number.
    pub fn new(lines: Vec<Arc<Lines>>) -> Self {
        Self { lines, ..Self::default() }
    }

    /// Sends the messages of panics on our threads through the log's threads from now on: a standard error that nobody reads
    /// must not stop a worker.
    ///
    /// # Errors
    /// [`Error::Configuration`] if a thread cannot be started.
    pub(crate) fn log_panics(&mut self) -> Result<()> {
        panics::install(self.writer()?.pipe(&LogTarget::Stderr, false)?);
        Ok(())
    }

    /// The log of one mailbox. Opens the file now, so that a wrong path is an error and not silence later. A file that cannot be
    /// opened within some seconds is opened later.
    ///
    /// # Errors
    /// [`Error::Configuration`] if the file cannot be opened or a thread cannot be started.
    pub fn log(&mut self, target: Option<&LogTarget>, email: &str, name: &str) -> Result<Log> {
        let sink = target.map(|target| self.sink(target)).transpose()?;
        let words = self.writer()?.pipe(&LogTarget::Stderr, false)?;
        let context = Arc::new(Context { email: email.to_owned(), name: name.to_owned() });
        let debug = self.debug || std::env::var_os("MAIL_ROOM_LOG_LEVEL").is_some_and(|level| level == "debug");
        Ok(Log { sink, words, context, debug })
    }

    fn sink(&mut self, target: &LogTarget) -> Result<Sink> {
        match target {
            LogTarget::Ruby(number) => {
                let lines = self.lines.get(*number).cloned();
                let missing = || Error::Configuration(format!("there is no logger number {number}"));
                lines.map(Sink::Ruby).ok_or_else(missing)
            }
            target => self.writer()?.pipe(target, true).map(Sink::Pipe),
        }
    }

    fn writer(&mut self) -> Result<&mut Writer> {
        Ok(match &mut self.writer {
            Some(writer) => writer,
            none => none.insert(Writer::start()?),
        })
    }
}

#[derive(Debug)]
struct Context {
    email: String,
    name: String,
}

/// The log of one mailbox. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Log {
    sink: Option<Sink>,
    /// Standard error, for warnings and errors if there is no log.
    words: Pipe,
    context: Arc<Context>,
    debug: bool,
}

impl Log {
    /// Whether lines go anywhere. If not, the caller need not build them.
    pub fn enabled(&self) -> bool {
        self.sink.is_some()
    }

    /// One line with this mailbox's context. Without a log target, warnings and errors go to standard error as text: a mailbox
    /// that cannot be watched must not be silent.
    pub fn line(&self, severity: Severity, action: &str, fields: &[(&str, Value)]) {
        match &self.sink {
            Some(sink) => sink.push(severity, Some(&self.context), action, fields),
            None if matches!(severity, Severity::Warn | Severity::Error) => self.say(action, fields),
            None => {}
        }
    }

    /// [`line`](Self::line) at info.
    pub fn info(&self, action: &str, fields: &[(&str, Value)]) {
        self.line(Severity::Info, action, fields);
    }

    /// [`line`](Self::line) at debug, if debug lines are wanted.
    pub fn debug(&self, action: &str, fields: &[(&str, Value)]) {
        if self.debug {
            self.line(Severity::Debug, action, fields);
        }
    }

    /// An info line without context, as the original's deliveries write it.
    pub fn bare(&self, action: &str, fields: &[(&str, Value)]) {
        if let Some(sink) = &self.sink {
            sink.push(Severity::Info, None, action, fields);
        }
    }

    fn say(&self, action: &str, fields: &[(&str, Value)]) {
        let detail: Vec<String> = fields
            .iter()
            .map(|(key, value)| match value {
                Value::String(text) if *key == "error" => text.clone(),
                Value::String(text) => format!("{key}: {text}"),
                other => format!("{key}: {other}"),
            })
            .collect();
        let Context { email, name } = &*self.context;
        self.words.push(format!("mail_room: {name} of {email}: {action} {}\n", detail.join(", ")).as_bytes());
    }
}

/// A line for a file: a JSON object and a line end.
fn render(severity: Severity, context: Option<&Context>, action: &str, fields: &[(&str, Value)]) -> Vec<u8> {
    let mut line = Map::new();
    line.insert("severity".into(), severity.name().into());
    line.insert("time".into(), now().into());
    describe(&mut line, context, action, fields);
    let mut line = Value::Object(line).to_string().into_bytes();
    line.push(b'\n');
    line
}

fn describe(line: &mut Map<String, Value>, context: Option<&Context>, action: &str, fields: &[(&str, Value)]) {
    if let Some(Context { email, name }) = context {
        line.insert("context".into(), serde_json::json!({ "email": email, "name": name }));
    }
    line.insert("action".into(), action.into());
    for (key, value) in fields {
        line.insert((*key).to_owned(), value.clone());
    }
}

/// ISO 8601 in UTC with milliseconds, as the original writes it.
fn now() -> String {
    chrono::Utc::now().to_rfc3339_opts(chrono::SecondsFormat::Millis, true)
}

/// The queue of one target's lines.
#[derive(Debug, Clone)]
enum Sink {
    /// For a file or a standard stream.
    Pipe(Pipe),
    /// For the app's own logger.
    Ruby(Arc<Lines>),
}

impl Sink {
    fn push(&self, severity: Severity, context: Option<&Context>, action: &str, fields: &[(&str, Value)]) {
        match self {
            Self::Pipe(pipe) => pipe.push(&render(severity, context, action, fields)),
            Self::Ruby(lines) => {
                let mut line = Map::new();
                describe(&mut line, context, action, fields);
                lines.push(severity, Value::Object(line).to_string());
            }
        }
    }
}
