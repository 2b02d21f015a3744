//! Writes messages as lines of a Ruby Logger, to a file or standard output. A message counts as delivered once its line is
//! written. A write that hangs pauses only its own mailbox, because it runs on a thread of its own.

use std::io;
use std::path::Path;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use tokio::sync::{Mutex, oneshot};
use tokio::time::timeout;

use crate::error::{Error, Result};
use crate::message::{Message, MessageId};
use crate::outcome::DeliveryOutcome;
use crate::system::blocking;
use crate::system::output::Output;

/// How long one line may take. A pipe that nobody reads blocks.
const WRITE_WITHIN: Duration = Duration::from_secs(10);
/// How long opening a file may take at the start. After that, it is opened with the first message.
const OPEN_WITHIN: Duration = Duration::from_secs(1);

/// Standard output, of which there is one a process. Whoever writes holds the lock.
static STDOUT: OnceLock<Arc<Mutex<Output>>> = OnceLock::new();

/// The delivery `logger`.
#[derive(Debug)]
pub struct Logger {
    output: Arc<Mutex<Output>>,
    name: String,
    stuck: Mutex<Option<Stuck>>,
}

/// A write that missed its deadline. It may still succeed, and the message must not be written again then.
#[derive(Debug)]
struct Stuck {
    id: MessageId,
    write: oneshot::Receiver<io::Result<()>>,
}

impl Logger {
    /// Appends to the file at `path`, or writes to standard output.
    ///
    /// # Errors
    /// [`Error::Configuration`] if the file cannot be opened.
    pub fn open(path: Option<&Path>) -> Result<Self> {
        let Some(path) = path else {
            let output = STDOUT.get_or_init(|| Arc::new(Mutex::new(Output::Stdout)));
            return Ok(Self::to(Arc::clone(output), "standard output".to_owned()));
        };
        let name = path.display().to_string();
        let output = Arc::new(Mutex::new(Output::file(path)));
        let refused = |error: io::Error| {
            Error::Configuration(format!("cannot open {name} for delivery: {error}; change :log_path"))
        };
        let opening = Arc::clone(&output);
        let opened = blocking::wait("mail_room write", OPEN_WITHIN, move || opening.blocking_lock().open());
        opened.map_err(refused)?.unwrap_or(Ok(())).map_err(refused)?;
        Ok(Self::to(output, name))
    }

    fn to(output: Arc<Mutex<Output>>, name: String) -> Self {
        Self { output, name, stuck: Mutex::default() }
    }

    /// Writes messages one by one. The caller passes one at a time, so that an error applies to that one.
    ///
    /// # Errors
    /// [`Error::TargetDown`] if the output cannot be written to, or not within 10 s.
    pub async fn deliver(&self, messages: &[Message]) -> Result<Vec<DeliveryOutcome>> {
        let mut outcomes = Vec::with_capacity(messages.len());
        for message in messages {
            self.write(&message.id, &message.body).await?;
            outcomes.push(DeliveryOutcome::DELIVERED);
        }
        Ok(outcomes)
    }

    async fn write(&self, id: &MessageId, body: &[u8]) -> Result<()> {
        let mut stuck = self.stuck.lock().await;
        if let Some(mut earlier) = stuck.take() {
            match timeout(WRITE_WITHIN, &mut earlier.write).await {
                Err(_) => {
                    *stuck = Some(earlier);
                    return Err(self.down("nobody reads it"));
                }
                Ok(Ok(Ok(()))) if earlier.id == *id => return Ok(()),
                Ok(_) => {}
            }
        }
        let Ok(mut output) = timeout(WRITE_WITHIN, Arc::clone(&self.output).lock_owned()).await else {
            return Err(self.down("nobody reads it"));
        };
        let line = line(body);
        // The thread holds the lock until it has written.
        let write = blocking::start("mail_room write", move || output.write(&line));
        let mut write = write.map_err(|error| self.down(&error.to_string()))?;
        match timeout(WRITE_WITHIN, &mut write).await {
            Ok(Ok(Ok(()))) => Ok(()),
            Ok(Ok(Err(error))) => Err(self.down(&error.to_string())),
            Ok(Err(_)) => Err(self.down("the write was interrupted")),
            Err(_) => {
                *stuck = Some(Stuck { id: id.clone(), write });
                Err(self.down("nobody reads it"))
            }
        }
    }

    fn down(&self, why: &str) -> Error {
        Error::target_down(format!("cannot write messages to {}: {why}", self.name))
    }
}

/// What `::Logger#info` writes, in local time.
fn line(body: &[u8]) -> Vec<u8> {
    let now = chrono::Local::now().format("%Y-%m-%dT%H:%M:%S%.6f").to_string();
    let head = format!("I, [{now} #{}]  INFO -- : ", std::process::id());
    let mut line = Vec::with_capacity(head.len() + body.len() + 1);
    line.extend_from_slice(head.as_bytes());
    line.extend_from_slice(body);
    line.push(b'\n');
    line
}

#[cfg(test)]
mod tests {
    use std::fs::OpenOptions;
    use std::io::Read;

    use super::*;

    fn message(uid: u32) -> Message {
        Message { id: MessageId::Uid(uid), body: vec![b'x'; 200_000] }
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 1)]
    async fn a_pipe_that_nobody_reads_pauses_its_mailbox_and_its_message_comes_once() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("pipe");
        assert!(std::process::Command::new("mkfifo").arg(&path).status().unwrap().success());
        let stuck = Arc::new(Logger::open(Some(&path)).unwrap());
        let sound = Logger::open(Some(&directory.path().join("file"))).unwrap();
        let pausing = tokio::spawn({
            let stuck = Arc::clone(&stuck);
            async move { stuck.deliver(&[message(1)]).await.map(drop) }
        });
        for uid in 1..=50 {
            timeout(WRITE_WITHIN / 2, sound.deliver(&[message(uid)])).await.unwrap().unwrap();
        }
        let error = pausing.await.unwrap().unwrap_err();
        assert!(matches!(&error, Error::TargetDown { what, .. } if what.ends_with("nobody reads it")), "{error:?}");
        let mut reader = OpenOptions::new().read(true).open(&path).unwrap();
        let reading = std::thread::spawn(move || {
            let mut read = Vec::new();
            reader.read_to_end(&mut read).unwrap();
            read
        });
        stuck.deliver(&[message(1)]).await.unwrap();
        drop(stuck);
        let read = reading.join().unwrap();
        assert_eq!(read.iter().filter(|octet| **octet == b'x').count(), 200_000);
    }

    #[test]
    fn a_line_is_what_rubys_logger_writes() {
        let line = line(b"From: a\r\n\r\n\xff\0");
        let head = line.strip_suffix(b"From: a\r\n\r\n\xff\0\n").unwrap();
        let head = std::str::from_utf8(head).unwrap();
        let (time, rest) = head.strip_prefix("I, [").unwrap().split_at(26);
        assert_eq!(rest, format!(" #{}]  INFO -- : ", std::process::id()));
        assert!(chrono::NaiveDateTime::parse_from_str(time, "%Y-%m-%dT%H:%M:%S%.6f").is_ok(), "{time}");
    }
}
