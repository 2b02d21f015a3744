//! Files and standard streams that lines are appended to. Everything here blocks, perhaps for ever: a pipe that nobody reads, a
//! network share that does not answer. Only threads that have nothing else to do come here.

use std::fs::{File, OpenOptions};
use std::io;
use std::os::fd::{AsFd, BorrowedFd};
use std::path::PathBuf;
use std::sync::atomic::{AtomicU64, Ordering};

use rustix::event::{PollFd, PollFlags, poll};
use rustix::io::Errno;

/// Counts requests to reopen files. A plain atomic: SIGHUP may arrive at any time, on any thread.
static REOPEN: AtomicU64 = AtomicU64::new(0);

/// Asks for every file to be opened anew before something is written to it. Safe in a signal handler.
pub(crate) fn reopen_all() {
    REOPEN.fetch_add(1, Ordering::Relaxed);
}

/// Where lines go.
#[derive(Debug)]
pub(crate) enum Output {
    /// Standard output.
    Stdout,
    /// Standard error.
    Stderr,
    /// A file, made if it is not there.
    File {
        /// Its path.
        path: PathBuf,
        /// The file, once it is open, and the number of the request to reopen that came before.
        open: Option<(File, u64)>,
    },
}

impl Output {
    /// A file that is not open yet.
    pub(crate) fn file(path: impl Into<PathBuf>) -> Self {
        Self::File { path: path.into(), open: None }
    }

    /// Opens the file if it is not open, or if it is to be opened anew. The old one serves until the new one can be opened.
    ///
    /// # Errors
    /// If there is no open file.
    pub(crate) fn open(&mut self) -> io::Result<()> {
        let Self::File { path, open } = self else { return Ok(()) };
        let wanted = REOPEN.load(Ordering::Relaxed);
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
    /// What the system says. Nobody knows how much of it was written then.
    pub(crate) fn write(&mut self, octets: &[u8]) -> io::Result<()> {
        self.open()?;
        match self {
            Self::Stdout => to_stream(rustix::stdio::stdout(), octets),
            Self::Stderr => to_stream(rustix::stdio::stderr(), octets),
            Self::File { open, .. } => {
                let Some((file, _)) = open else { return Err(io::ErrorKind::NotFound.into()) };
                let written = write_all(file.as_fd(), octets);
                if written.as_ref().is_err_and(|error| error.kind() == io::ErrorKind::BrokenPipe) {
                    // The reader of a named pipe has gone. Another one may come, for whom it has to be opened again.
                    *open = None;
                }
                written
            }
        }
    }
}

/// A stream that was closed swallows everything, as it does for Rust's own.
fn to_stream(stream: BorrowedFd<'_>, octets: &[u8]) -> io::Result<()> {
    match write_all(stream, octets) {
        Err(error) if error.raw_os_error() == Some(Errno::BADF.raw_os_error()) => Ok(()),
        written => written,
    }
}

/// Past the locks of Rust's own streams: who hangs here must not hold up a panic's message.
fn write_all(file: BorrowedFd<'_>, mut octets: &[u8]) -> io::Result<()> {
    while !octets.is_empty() {
        match rustix::io::write(file, octets) {
            Ok(0) => return Err(io::ErrorKind::WriteZero.into()),
            Ok(written) => octets = octets.get(written..).unwrap_or_default(),
            Err(Errno::INTR) => {}
            // Somebody else who has the same pipe has set it so.
            Err(Errno::AGAIN) => _ = poll(&mut [PollFd::from_borrowed_fd(file, PollFlags::OUT)], None),
            Err(error) => return Err(error.into()),
        }
    }
    Ok(())
}
