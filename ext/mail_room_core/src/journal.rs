//! Log lines: one JSON object a line, written by threads of their own so that a full disk or a stuck pipe never holds up
//! a mailbox. Knows nothing of what the lines say; the vocabulary is with those who log.

mod lines;

use std::collections::HashMap;
use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

pub use lines::{Line, Lines};
use serde_json::{Map, Value};

use crate::config::LogTarget;
use crate::error::{Error, Result};

/// Octets of lines that wait for a target; beyond it lines are dropped and counted.
const BUFFER_OCTETS: usize = 4 << 20;
/// How long the last lines may take at the end.
const FLUSH_WITHIN: Duration = Duration::from_secs(2);

/// Counts requests to reopen log files. A plain atomic: SIGHUP may arrive at any time, on any thread.
static REOPEN: AtomicU64 = AtomicU64::new(0);

/// Asks every journal of the process to open its files anew before the next line. Safe in a signal handler.
pub fn reopen_logs() {
    REOPEN.fetch_add(1, Ordering::Relaxed);
}

/// How grave a line is, in the words of Ruby's Logger.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Severity {
    /// The ordinary course of things.
    Info,
    /// Something is off; we go on.
    Warn,
    /// Somebody has to do something.
    Error,
}

impl Severity {
    /// Ruby's word for it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Info => "INFO",
            Self::Warn => "WARN",
            Self::Error => "ERROR",
        }
    }
}

/// All log targets of one supervisor: one writer thread for files, one for the standard streams, and the app's loggers.
#[derive(Debug, Default)]
pub struct Journal {
    lines: Vec<Arc<Lines>>,
    files: Option<Writer>,
    streams: Option<Writer>,
}

impl Journal {
    /// Nothing open yet. `lines` are for the app's own loggers, by their numbers.
    pub fn new(lines: Vec<Arc<Lines>>) -> Self {
        Self { lines, ..Self::default() }
    }

    /// The log of one mailbox. Opens the file, so that a path without meaning is an error now and not silence later.
    ///
    /// # Errors
    /// [`Error::Configuration`] if the file cannot be opened or a thread cannot be started.
    pub fn log(&mut self, target: Option<&LogTarget>, email: &str, name: &str) -> Result<Log> {
        let sink = target.map(|target| self.sink(target)).transpose()?;
        Ok(Log { sink, context: Arc::new(Context { email: email.to_owned(), name: name.to_owned() }) })
    }

    fn sink(&mut self, target: &LogTarget) -> Result<Sink> {
        let writer = match target {
            LogTarget::Ruby(number) => {
                let lines = self.lines.get(*number).cloned();
                let missing = || Error::Configuration(format!("there is no logger number {number}"));
                return lines.map(Sink::Ruby).ok_or_else(missing);
            }
            LogTarget::Path(_) => &mut self.files,
            LogTarget::Stdout | LogTarget::Stderr => &mut self.streams,
        };
        let writer = match writer {
            Some(writer) => writer,
            none => none.insert(Writer::start()?),
        };
        writer.sink(target)
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
    context: Arc<Context>,
}

impl Log {
    /// Whether lines go anywhere; saves building those that do not.
    pub fn enabled(&self) -> bool {
        self.sink.is_some()
    }

    /// One line with this mailbox's context. Without a log target, warnings and errors go to standard error in words:
    /// a mailbox that cannot be watched must not be silent about it.
    pub fn line(&self, severity: Severity, action: &str, fields: &[(&str, Value)]) {
        match &self.sink {
            Some(sink) => sink.push(severity, Some(&self.context), action, fields),
            None if severity != Severity::Info => self.say(action, fields),
            None => {}
        }
    }

    /// [`line`](Self::line) at info.
    pub fn info(&self, action: &str, fields: &[(&str, Value)]) {
        self.line(Severity::Info, action, fields);
    }

    /// An info line without context, as the deliveries of the original write it.
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
        // A closed standard error is no reason to fail.
        let _ = writeln!(io::stderr(), "mail_room: {name} of {email}: {action} {}", detail.join(", "));
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
    jiff::Timestamp::now().strftime("%Y-%m-%dT%H:%M:%S%.3fZ").to_string()
}

/// Where one target's lines wait.
#[derive(Debug, Clone)]
enum Sink {
    /// For a writer thread.
    Writer { shared: Arc<Shared>, target: usize },
    /// For a logger of the app's own.
    Ruby(Arc<Lines>),
}

impl Sink {
    fn push(&self, severity: Severity, context: Option<&Context>, action: &str, fields: &[(&str, Value)]) {
        match self {
            Self::Writer { shared, target } => shared.push(*target, &render(severity, context, action, fields)),
            Self::Ruby(lines) => {
                let mut line = Map::new();
                describe(&mut line, context, action, fields);
                lines.push(severity, Value::Object(line).to_string());
            }
        }
    }
}

#[derive(Debug, Default)]
struct Shared {
    state: Mutex<State>,
    changed: Condvar,
}

impl Shared {
    fn push(&self, target: usize, line: &[u8]) {
        let mut state = self.lock();
        let Some(target) = state.targets.get_mut(target) else { return };
        if target.pending.len() + line.len() > BUFFER_OCTETS {
            target.dropped += 1;
            return;
        }
        target.pending.extend_from_slice(line);
        if !state.dirty {
            state.dirty = true;
            self.changed.notify_all();
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[derive(Debug, Default)]
struct State {
    targets: Vec<Pending>,
    dirty: bool,
    writing: bool,
    closed: bool,
}

#[derive(Debug, Default)]
struct Pending {
    pending: Vec<u8>,
    dropped: u64,
    output: Option<Output>,
}

/// One thread and the targets it writes to.
#[derive(Debug)]
struct Writer {
    shared: Arc<Shared>,
    known: HashMap<LogTarget, usize>,
}

impl Writer {
    fn start() -> Result<Self> {
        let shared = Arc::<Shared>::default();
        let theirs = shared.clone();
        std::thread::Builder::new()
            .name("mail_room log".into())
            .spawn(move || write_lines(&theirs))
            .map_err(|error| Error::Configuration(format!("cannot start the log thread: {error}")))?;
        Ok(Self { shared, known: HashMap::new() })
    }

    fn sink(&mut self, target: &LogTarget) -> Result<Sink> {
        if let Some(&known) = self.known.get(target) {
            return Ok(Sink::Writer { shared: self.shared.clone(), target: known });
        }
        let output = Output::open(target)?;
        let mut state = self.shared.lock();
        let index = state.targets.len();
        state.targets.push(Pending { output: Some(output), ..Pending::default() });
        self.known.insert(target.clone(), index);
        Ok(Sink::Writer { shared: self.shared.clone(), target: index })
    }
}

impl Drop for Writer {
    /// Waits for the last lines, but not for a stuck target. A thread that hangs in a write ends with it.
    fn drop(&mut self) {
        let deadline = Instant::now() + FLUSH_WITHIN;
        let mut state = self.shared.lock();
        state.closed = true;
        self.shared.changed.notify_all();
        while state.dirty || state.writing {
            let left = deadline.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return;
            }
            state = self.shared.changed.wait_timeout(state, left).unwrap_or_else(PoisonError::into_inner).0;
        }
    }
}

fn write_lines(shared: &Shared) {
    let mut state = shared.lock();
    loop {
        while !state.dirty {
            if state.closed {
                return;
            }
            state = shared.changed.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
        state.dirty = false;
        state.writing = true;
        for index in 0..state.targets.len() {
            let Some(target) = state.targets.get_mut(index) else { continue };
            if target.pending.is_empty() {
                continue;
            }
            let mut lines = std::mem::take(&mut target.pending);
            let dropped = std::mem::take(&mut target.dropped);
            let Some(mut output) = target.output.take() else { continue };
            drop(state);
            if dropped > 0 {
                let fields = [("lines", dropped.into())];
                lines.extend_from_slice(&render(Severity::Warn, None, "Log lines dropped", &fields));
            }
            let failed = output.write(&lines).is_err();
            state = shared.lock();
            if let Some(target) = state.targets.get_mut(index) {
                target.output = Some(output);
                if failed {
                    target.dropped += dropped + 1;
                }
            }
        }
        state.writing = false;
        shared.changed.notify_all();
    }
}

#[derive(Debug)]
enum Output {
    Stdout,
    Stderr,
    File { file: File, path: Box<Path>, opened: u64 },
}

impl Output {
    fn open(target: &LogTarget) -> Result<Self> {
        Ok(match target {
            LogTarget::Stdout => Self::Stdout,
            LogTarget::Stderr => Self::Stderr,
            LogTarget::Ruby(_) => return Err(Error::Configuration("the app's logger is no file".into())),
            LogTarget::Path(path) => {
                let opened = REOPEN.load(Ordering::Relaxed);
                let file = append(path).map_err(|error| {
                    Error::Configuration(format!("cannot open the log {}: {error}; change :log_path", path.display()))
                })?;
                Self::File { file, path: path.clone().into_boxed_path(), opened }
            }
        })
    }

    fn write(&mut self, lines: &[u8]) -> io::Result<()> {
        match self {
            Self::Stdout => io::stdout().lock().write_all(lines).and_then(|()| io::stdout().flush()),
            Self::Stderr => io::stderr().lock().write_all(lines),
            Self::File { file, path, opened } => {
                let wanted = REOPEN.load(Ordering::Relaxed);
                if *opened != wanted {
                    // The old file serves until the new one can be opened.
                    if let Ok(new) = append(path) {
                        (*file, *opened) = (new, wanted);
                    }
                }
                file.write_all(lines)
            }
        }
    }
}

fn append(path: &Path) -> io::Result<File> {
    OpenOptions::new().append(true).create(true).open(path)
}
