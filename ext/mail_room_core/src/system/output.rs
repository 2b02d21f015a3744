//! Files and standard streams that lines are appended to. Each call may block for ever, on a pipe that nobody reads or a network
//! share that does not answer. Only threads that do nothing else may call it.

use std::fs::{File, OpenOptions};
use std::io;
use std::os::fd::{AsFd, BorrowedFd};
use std::path::PathBuf;
use std::sync::atomic::{AtomicU64, Ordering};

use rustix::event::{PollFd, PollFlags, poll};
use rustix::io::Errno;

/// Counts the requests to reopen files. An atomic, because SIGHUP may arrive at any time and on any thread.
static REOPEN: AtomicU64 = AtomicU64::new(0);

/// Asks that every file is opened anew before the next write. Safe in a signal handler.
pub(crate) fn reopen_all() {
    REOPEN.fetch_add(1, Ordering::Relaxed);
}

/// How often [`reopen_all`] was called.
pub(crate) fn reopened() -> u64 {
    REOPEN.load(Ordering::Relaxed)
}

/// Where lines go.
#[derive(Debug)]
pub(crate) enum Output {
    /// Standard output.
    Stdout,
    /// Standard error.
    Stderr,
    /// A file. It is created if it does not exist.
    File {
        /// Its path.
        path: PathBuf,
        /// The open file, and how many requests to reopen came before it was opened.
        open: Option<(File, u64)>,
    },
}

impl Output {
    /// A file that is not open yet.
    pub(crate) fn file(path: impl Into<PathBuf>) -> Self {
        Self::File { path: path.into(), open: None }
    }

    /// Opens the file if it is not open, or if a reopen was asked for. The old file is used until the new one can be opened.
    ///
    /// # Errors
    /// If there is no open file.
    pub(crate) fn open(&mut self) -> io::Result<()> {
        let Self::File { path, open } = self else { return Ok(()) };
        let wanted = reopened();
        if open.as_ref().is_some_and(|(_, opened)| *opened == wanted) {
            return Ok(());
        }
        match OpenOptions::new().append(true).create(true).open(&*path) {
            Ok(file) => *open = Some((file, wanted)),
            Err(error) if open.is_none() => return Err(error),
            Err(_) => {}
        }
        Ok(())
    }

    /// Writes all of it.
    ///
    /// # Errors
    /// The system's error. Part of `octets` may have been written.
    pub(crate) fn write(&mut self, octets: &[u8]) -> io::Result<()> {
        self.open()?;
        match self {
            Self::Stdout => to_stream(rustix::stdio::stdout(), octets),
            Self::Stderr => to_stream(rustix::stdio::stderr(), octets),
            Self::File { open, .. } => {
                let Some((file, _)) = open else { return Err(io::ErrorKind::NotFound.into()) };
                let written = write_all(file.as_fd(), octets);
                if written.as_ref().is_err_and(|error| error.kind() == io::ErrorKind::BrokenPipe) {
                    // The reader of a named pipe has gone. The pipe is opened again, for another reader.
                    *open = None;
                }
                written
            }
        }
    }
}

/// A closed stream drops everything, as Rust's own streams do.
fn to_stream(stream: BorrowedFd<'_>, octets: &[u8]) -> io::Result<()> {
    match write_all(stream, octets) {
        Err(error) if error.raw_os_error() == Some(Errno::BADF.raw_os_error()) => Ok(()),
        written => written,
    }
}

/// Bypasses the locks of Rust's own streams: a write that hangs must not hold up the message of a panic.
fn write_all(file: BorrowedFd<'_>, mut octets: &[u8]) -> io::Result<()> {
    while !octets.is_empty() {
        match rustix::io::write(file, octets) {
            Ok(0) => return Err(io::ErrorKind::WriteZero.into()),
            Ok(written) => octets = octets.get(written..).unwrap_or_default(),
            Err(Errno::INTR) => {}
            // Another process that shares the pipe made it non-blocking.
            Err(Errno::AGAIN) => _ = poll(&mut [PollFd::from_borrowed_fd(file, PollFlags::OUT)], None),
            Err(error) => return Err(error.into()),
        }
    }
    Ok(())
}
