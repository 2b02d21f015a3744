//! Writes the messages of panics on our threads through the log's threads. Rust's own hook writes to standard error on the thread
//! that panics, which hangs if that is a pipe that nobody reads. The panic itself is caught by whoever runs the thread.

use std::backtrace::{Backtrace, BacktraceStatus};
use std::panic::{PanicHookInfo, set_hook, take_hook};
use std::sync::{Mutex, Once, PoisonError};
use std::thread;

use super::writer::{Pipe, THREAD_NAME};

/// How the names of our threads begin.
const OURS: &str = "mail_room";
/// Octets of one panic's text, at most.
const SHOWN: usize = 16 << 10;

/// The standard error of the logs that were opened last.
static PIPE: Mutex<Option<Pipe>> = Mutex::new(None);
static HOOK: Once = Once::new();

/// Writes panics to `pipe` from now on. Those on other threads are written as before.
pub(super) fn install(pipe: Pipe) {
    *PIPE.lock().unwrap_or_else(PoisonError::into_inner) = Some(pipe);
    HOOK.call_once(|| {
        let before = take_hook();
        set_hook(Box::new(move |panic| {
            if !log_panic(panic) {
                before(panic);
            }
        }));
    });
}

fn log_panic(panic: &PanicHookInfo<'_>) -> bool {
    let current = thread::current();
    let Some(name) = current.name().filter(|name| name.starts_with(OURS) && *name != THREAD_NAME) else { return false };
    let Some(pipe) = PIPE.lock().unwrap_or_else(PoisonError::into_inner).clone() else { return false };
    let payload = panic.payload();
    let text = payload.downcast_ref::<&str>().copied();
    let what = text.or_else(|| payload.downcast_ref::<String>().map(String::as_str)).unwrap_or("without words");
    let at = panic.location().map_or_else(String::new, |location| format!(" at {location}"));
    let mut text = format!("mail_room: thread '{name}' panicked{at}: {what}");
    // Only where RUST_BACKTRACE asks for it.
    let backtrace = Backtrace::capture();
    if backtrace.status() == BacktraceStatus::Captured {
        text.push_str(&format!("\n{backtrace}"));
    }
    let mut line: Vec<u8> = text.into_bytes();
    line.truncate(SHOWN);
    line.push(b'\n');
    pipe.push(&line);
    true
}

#[cfg(test)]
mod tests {
    use std::process::Command;
    use std::sync::mpsc;
    use std::time::{Duration, Instant};

    use super::super::writer::Writer;
    use super::*;
    use crate::config::LogTarget;

    const LONG: Duration = Duration::from_secs(20);

    /// A thread of ours panics; whether it has ended in time.
    fn panics(words: &'static str) -> bool {
        let (ended, ending) = mpsc::channel::<()>();
        let thread = thread::Builder::new().name("mail_room watch".into());
        thread
            .spawn(move || {
                let _ended = ended;
                panic!("{words}");
            })
            .unwrap();
        ending.recv_timeout(LONG) == Err(mpsc::RecvTimeoutError::Disconnected)
    }

    #[test]
    fn a_panic_is_told_by_the_log_threads_and_ends_although_nobody_reads() {
        let directory = tempfile::tempdir().unwrap();
        let (fifo, file) = (directory.path().join("fifo"), directory.path().join("file"));
        assert!(Command::new("mkfifo").arg(&fifo).status().unwrap().success());
        // Open for reading, and nobody reads: it is full after 64 KiB.
        let reader = std::fs::OpenOptions::new().read(true).write(true).open(&fifo).unwrap();
        let mut writer = Writer::start().unwrap();
        let full = writer.pipe(&LogTarget::Path(fifo), false).unwrap();
        full.push(&vec![b'x'; 1 << 20]);
        install(full);
        for _ in 0..3 {
            assert!(panics("into a full pipe"));
        }
        install(writer.pipe(&LogTarget::Path(file.clone()), false).unwrap());
        assert!(panics("injected"));
        let deadline = Instant::now() + LONG;
        let said = || std::fs::read_to_string(&file).unwrap_or_default();
        while !said().contains("injected") {
            assert!(Instant::now() < deadline, "{}", said());
            thread::sleep(Duration::from_millis(2));
        }
        assert!(said().starts_with("mail_room: thread 'mail_room watch' panicked at "), "{}", said());
        drop(reader);
    }
}
