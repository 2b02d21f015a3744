//! The threads that write log lines to files and standard streams. One writes and one is spare: if a write hangs, the spare thread
//! takes over the other targets, and a new spare is started. A target that hangs loses its own lines and holds up nothing
//! else.

use std::collections::{HashMap, VecDeque};
use std::io;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use super::{Severity, render};
use crate::config::LogTarget;
use crate::error::{Error, Result};
use crate::system::output::Output;

/// Octets of lines that wait for a target, at most. More lines are dropped and counted.
const BUFFER_OCTETS: usize = 4 << 20;
/// How long writing the last lines may take at the end.
const FLUSH_WITHIN: Duration = Duration::from_secs(2);
/// How long opening all files together may take at the start. A file that takes longer is opened later.
const OPEN_WITHIN: Duration = Duration::from_secs(3);
/// A write that takes longer is taken to hang.
const HANGS_AFTER: Duration = Duration::from_millis(200);
/// Threads, at most. All but two hang in a write.
const THREADS: usize = 64;
/// The name of these threads. Their panics are not told through the log: a thread that writes must not wait for itself.
pub(super) const THREAD_NAME: &str = "mail_room log";

/// The targets of a process's logs, and the threads that write to them.
#[derive(Debug)]
pub(super) struct Writer {
    shared: Arc<Shared>,
    known: HashMap<LogTarget, usize>,
    open_until: Instant,
}

/// A handle for one target. Cheap to clone.
#[derive(Debug, Clone)]
pub(super) struct Pipe {
    shared: Arc<Shared>,
    target: usize,
}

#[derive(Debug, Default)]
struct Shared {
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Debug, Default)]
struct State {
    targets: Vec<Target>,
    /// Targets with lines that wait, which no thread writes to.
    ready: VecDeque<usize>,
    /// When each write began, by target.
    writing: HashMap<usize, Instant>,
    threads: usize,
    idle: usize,
    closed: bool,
}

#[derive(Debug)]
struct Target {
    name: String,
    pending: Vec<u8>,
    lines: u64,
    dropped: u64,
    /// Absent while a thread writes to it.
    output: Option<Output>,
    /// Whether it could be opened, once that is known.
    opened: Option<std::result::Result<(), String>>,
    /// Whether its lines are JSON.
    json: bool,
}

/// What a thread does next.
enum Next {
    Write(usize),
    Wait(Option<Duration>),
    End,
}

impl Writer {
    pub(super) fn start() -> Result<Self> {
        let shared = Arc::<Shared>::default();
        let started = shared.lock().start_thread(&shared);
        started.map_err(|error| Error::Configuration(format!("cannot start the log thread: {error}")))?;
        Ok(Self { shared, known: HashMap::new(), open_until: Instant::now() + OPEN_WITHIN })
    }

    /// A handle for `target`. Waits until its file is open, unless that takes too long.
    pub(super) fn pipe(&mut self, target: &LogTarget, json: bool) -> Result<Pipe> {
        let index = match self.known.get(target) {
            Some(&known) => known,
            None => self.open(target)?,
        };
        if let Some(target) = self.shared.lock().targets.get_mut(index) {
            target.json |= json;
        }
        Ok(Pipe { shared: Arc::clone(&self.shared), target: index })
    }

    fn open(&mut self, target: &LogTarget) -> Result<usize> {
        let (output, name) = match target {
            LogTarget::Stdout => (Output::Stdout, "standard output".to_owned()),
            LogTarget::Stderr => (Output::Stderr, "standard error".to_owned()),
            LogTarget::Path(path) => (Output::file(path), path.display().to_string()),
            LogTarget::Ruby(_) => return Err(Error::Configuration("the app's logger is no file".into())),
        };
        let mut state = self.shared.lock();
        let index = state.targets.len();
        let target_state =
            Target { name, pending: Vec::new(), lines: 0, dropped: 0, output: Some(output), opened: None, json: false };
        state.targets.push(target_state);
        state.ready.push_back(index);
        self.known.insert(target.clone(), index);
        self.shared.changed.notify_all();
        loop {
            let target = state.targets.get(index);
            if let Some((Some(Err(error)), name)) = target.map(|target| (&target.opened, &target.name)) {
                let error = format!("cannot open the log {name}: {error}; change :log_path");
                return Err(Error::Configuration(error));
            }
            let left = self.open_until.saturating_duration_since(Instant::now());
            if target.is_none_or(|target| target.opened.is_some()) || left.is_zero() {
                return Ok(index);
            }
            state = self.shared.wait(state, Some(left));
        }
    }
}

impl Drop for Writer {
    /// Waits for the last lines, but not for a target that hangs. A thread that hangs ends with its write or with the process.
    fn drop(&mut self) {
        let deadline = Instant::now() + FLUSH_WITHIN;
        let mut state = self.shared.lock();
        state.closed = true;
        self.shared.changed.notify_all();
        while !(state.ready.is_empty() && state.writing.is_empty()) {
            let left = deadline.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return;
            }
            state = self.shared.wait(state, Some(left));
        }
    }
}

impl Pipe {
    /// Adds a line, unless too many wait. Never blocks.
    pub(super) fn push(&self, line: &[u8]) {
        let mut state = self.shared.lock();
        state.push(self.target, line);
        if state.threads == 0 {
            // The logs were closed, and this line comes late. If no thread can be started, it is not written.
            _ = state.start_thread(&self.shared);
        }
        drop(state);
        self.shared.changed.notify_one();
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn wait<'a>(&self, state: MutexGuard<'a, State>, within: Option<Duration>) -> MutexGuard<'a, State> {
        match within {
            Some(within) => self.changed.wait_timeout(state, within).unwrap_or_else(PoisonError::into_inner).0,
            None => self.changed.wait(state).unwrap_or_else(PoisonError::into_inner),
        }
    }
}

impl State {
    fn push(&mut self, index: usize, line: &[u8]) {
        let Some(target) = self.targets.get_mut(index) else { return };
        if target.pending.len() + line.len() > BUFFER_OCTETS {
            target.dropped += 1;
            return;
        }
        target.pending.extend_from_slice(line);
        target.lines += 1;
        if !self.writing.contains_key(&index) && !self.ready.contains(&index) {
            self.ready.push_back(index);
        }
    }

    fn next(&self, now: Instant) -> Next {
        if self.ready.is_empty() {
            let enough = self.idle > 0 && self.threads > 2;
            return if self.closed || enough { Next::End } else { Next::Wait(None) };
        }
        let lasts = self.writing.values().map(|since| now.saturating_duration_since(*since));
        match lasts.filter(|lasts| *lasts < HANGS_AFTER).min() {
            Some(lasts) => Next::Wait(Some(HANGS_AFTER.saturating_sub(lasts))),
            None => self.ready.front().map_or(Next::Wait(None), |index| Next::Write(*index)),
        }
    }

    fn start_thread(&mut self, shared: &Arc<Shared>) -> io::Result<()> {
        let theirs = Arc::clone(shared);
        thread::Builder::new().name(THREAD_NAME.into()).spawn(move || serve(&theirs))?;
        self.threads += 1;
        Ok(())
    }
}

/// What a thread does.
fn serve(shared: &Arc<Shared>) {
    let mut state = shared.lock();
    loop {
        match state.next(Instant::now()) {
            Next::Write(index) => state = write(shared, state, index),
            Next::Wait(within) => {
                state.idle += 1;
                state = shared.wait(state, within);
                state.idle -= 1;
            }
            Next::End => {
                state.threads -= 1;
                return;
            }
        }
    }
}

/// Writes what waits for a target.
fn write<'a>(shared: &'a Arc<Shared>, mut state: MutexGuard<'a, State>, index: usize) -> MutexGuard<'a, State> {
    state.ready.pop_front();
    let Some(target) = state.targets.get_mut(index) else { return state };
    let Some(mut output) = target.output.take() else { return state };
    let mut octets = std::mem::take(&mut target.pending);
    let (lines, dropped) = (std::mem::take(&mut target.lines), std::mem::take(&mut target.dropped));
    if dropped > 0 {
        octets.extend_from_slice(&dropped_line(dropped, target.json));
    }
    state.writing.insert(index, Instant::now());
    if state.idle == 0 && state.threads < THREADS {
        // If no spare thread can be started, this one goes on alone.
        _ = state.start_thread(shared);
    }
    drop(state);
    // The spare thread may have to take over.
    shared.changed.notify_one();
    let opened = output.open();
    let written = match &opened {
        Ok(()) if octets.is_empty() => Ok(()),
        Ok(()) => output.write(&octets),
        Err(_) => Err(io::ErrorKind::NotFound.into()),
    };
    let mut state = shared.lock();
    state.writing.remove(&index);
    if let Some(target) = state.targets.get_mut(index) {
        target.output = Some(output);
        if written.is_err() {
            target.dropped += lines + dropped;
        }
        target.opened.get_or_insert(opened.map_err(|error| error.to_string()));
        if !target.pending.is_empty() {
            state.ready.push_back(index);
        }
    }
    shared.changed.notify_all();
    state
}

fn dropped_line(lines: u64, json: bool) -> Vec<u8> {
    if json {
        render(Severity::Warn, None, "Log lines dropped", &[("lines", lines.into())])
    } else {
        format!("mail_room: {lines} log lines dropped\n").into_bytes()
    }
}

#[cfg(test)]
mod tests {
    use std::fs::OpenOptions;
    use std::io::Read;
    use std::path::{Path, PathBuf};
    use std::process::Command;

    use super::*;

    const LONG: Duration = Duration::from_secs(20);

    fn pipe(directory: &Path, name: &str) -> PathBuf {
        let path = directory.join(name);
        assert!(Command::new("mkfifo").arg(&path).status().unwrap().success());
        path
    }

    fn until(what: &str, mut holds: impl FnMut() -> bool) {
        let deadline = Instant::now() + LONG;
        while !holds() {
            assert!(Instant::now() < deadline, "{what} never came");
            thread::sleep(Duration::from_millis(2));
        }
    }

    #[test]
    fn files_that_hang_hold_up_neither_the_start_nor_other_files_nor_the_end() {
        let directory = tempfile::tempdir().unwrap();
        let mut writer = Writer::start().unwrap();
        let begun = Instant::now();
        let hanging: Vec<_> = (0..5)
            .map(|number| {
                let path = pipe(directory.path(), &format!("pipe{number}"));
                writer.pipe(&LogTarget::Path(path), true).unwrap()
            })
            .collect();
        assert!(begun.elapsed() < OPEN_WITHIN * 2, "the start was held up for {:?}", begun.elapsed());
        let file = directory.path().join("file");
        let sound = writer.pipe(&LogTarget::Path(file.clone()), true).unwrap();
        for _ in 0..100 {
            hanging.iter().for_each(|pipe| pipe.push(b"lost\n"));
            sound.push(b"kept\n");
        }
        until("the line", || std::fs::read_to_string(&file).unwrap_or_default() == "kept\n".repeat(100));
        sound.push(b"last\n");
        let ending = Instant::now();
        drop(writer);
        assert!(ending.elapsed() < FLUSH_WITHIN + Duration::from_secs(2));
        assert!(std::fs::read_to_string(&file).unwrap().ends_with("last\n"));
    }

    #[test]
    fn what_is_dropped_is_counted_and_told_once_lines_are_taken_again() {
        let directory = tempfile::tempdir().unwrap();
        let path = pipe(directory.path(), "pipe");
        // Somebody who has opened it, and does not read.
        let mut reader = OpenOptions::new().read(true).write(true).open(&path).unwrap();
        let mut writer = Writer::start().unwrap();
        let pipe = writer.pipe(&LogTarget::Path(path), true).unwrap();
        let line = [&[b'x'; 1023][..], b"\n"].concat();
        let count = 3 * BUFFER_OCTETS / line.len();
        (0..count).for_each(|_| pipe.push(&line));
        let (count, mut kept, mut dropped) = (u64::try_from(count).unwrap(), 0, 0);
        let mut read = Vec::new();
        let mut buffer = vec![0; 1 << 20];
        // Told more than once if the thread took lines meanwhile; more than there were would never end well.
        while kept + dropped < count {
            let octets = reader.read(&mut buffer).unwrap();
            read.extend_from_slice(&buffer[..octets]);
            while let Some(end) = read.iter().position(|octet| *octet == b'\n') {
                let line: Vec<_> = read.drain(..=end).collect();
                match serde_json::from_slice::<serde_json::Value>(&line) {
                    Ok(told) => {
                        assert_eq!(told["action"], "Log lines dropped");
                        dropped += told["lines"].as_u64().unwrap();
                    }
                    Err(_) => kept += 1,
                }
            }
        }
        assert_eq!(kept + dropped, count);
        assert!(dropped > 0);
        assert!(kept >= u64::try_from(BUFFER_OCTETS / line.len()).unwrap());
    }

    #[test]
    fn what_is_said_after_the_end_is_written() {
        let directory = tempfile::tempdir().unwrap();
        let file = directory.path().join("file");
        let mut writer = Writer::start().unwrap();
        let pipe = writer.pipe(&LogTarget::Path(file.clone()), true).unwrap();
        drop(writer);
        until("peace", || pipe.shared.lock().threads == 0);
        pipe.push(b"afterwards\n");
        until("the line", || std::fs::read(&file).unwrap() == b"afterwards\n");
    }

    #[test]
    fn a_file_that_cannot_be_opened_is_an_error_and_idle_threads_are_two() {
        let directory = tempfile::tempdir().unwrap();
        let mut writer = Writer::start().unwrap();
        let missing = directory.path().join("no/such/folder");
        let error = writer.pipe(&LogTarget::Path(missing.clone()), true).unwrap_err();
        assert!(error.to_string().starts_with(&format!("cannot open the log {}: ", missing.display())), "{error}");
        for number in 0..50 {
            let file = directory.path().join(number.to_string());
            writer.pipe(&LogTarget::Path(file), true).unwrap().push(b"line\n");
        }
        until("the last line", || {
            (0..50)
                .all(|number| std::fs::read(directory.path().join(number.to_string())).is_ok_and(|it| it == b"line\n"))
        });
        until("peace", || writer.shared.lock().threads <= 2);
    }
}
