//! Messages as lines of a Ruby Logger, in a file or on standard output. Each line is written through before the message
//! counts as delivered.

use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::task::JoinHandle;
use tokio::time::timeout;

use super::Handover;
use crate::error::{Error, Result};
use crate::message::{Message, MessageId};

/// How long one line may take; a reader that does not read fills the pipe.
const WRITE_WITHIN: Duration = Duration::from_secs(10);

/// The delivery `logger`.
#[derive(Debug)]
pub struct Logger {
    output: Arc<Mutex<Output>>,
    name: String,
    stuck: tokio::sync::Mutex<Option<Stuck>>,
}

/// A write that outlived its deadline. It may still succeed, and then the message must not be written again.
#[derive(Debug)]
struct Stuck {
    id: MessageId,
    write: JoinHandle<io::Result<()>>,
}

#[derive(Debug)]
enum Output {
    Stdout,
    File(File),
}

impl Logger {
    /// Appends to the file at `path`, or writes to standard output.
    ///
    /// # Errors
    /// [`Error::Configuration`] if the file cannot be opened.
    pub fn open(path: Option<&Path>) -> Result<Self> {
        let (output, name) = match path {
            None => (Output::Stdout, "standard output".to_owned()),
            Some(path) => {
                let name = path.display().to_string();
                let file = OpenOptions::new().append(true).create(true).open(path).map_err(|error| {
                    Error::Configuration(format!("cannot open {name} for delivery: {error}; change :log_path"))
                })?;
                (Output::File(file), name)
            }
        };
        Ok(Self { output: Arc::new(Mutex::new(output)), name, stuck: tokio::sync::Mutex::default() })
    }

    /// Writes messages one by one; the caller gives one at a time, so that an error speaks for that one.
    ///
    /// # Errors
    /// [`Error::TargetDown`] if the output cannot be written to, or not within 10 s.
    pub async fn deliver(&self, messages: &[Message]) -> Result<Vec<Handover>> {
        let mut handovers = Vec::with_capacity(messages.len());
        for message in messages {
            self.write(&message.id, &message.body).await?;
            handovers.push(Handover::DELIVERED);
        }
        Ok(handovers)
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
        let line = line(body);
        let output = self.output.clone();
        let mut write =
            tokio::task::spawn_blocking(move || match &mut *output.lock().unwrap_or_else(PoisonError::into_inner) {
                Output::Stdout => io::stdout().lock().write_all(&line).and_then(|()| io::stdout().flush()),
                Output::File(file) => file.write_all(&line),
            });
        match timeout(WRITE_WITHIN, &mut write).await {
            Ok(Ok(Ok(()))) => Ok(()),
            Ok(Ok(Err(error))) => Err(self.down(&error.to_string())),
            Ok(Err(_)) => Err(self.down("the write was broken off")),
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
    let now = jiff::Zoned::now().strftime("%Y-%m-%dT%H:%M:%S%.6f").to_string();
    let head = format!("I, [{now} #{}]  INFO -- : ", std::process::id());
    let mut line = Vec::with_capacity(head.len() + body.len() + 1);
    line.extend_from_slice(head.as_bytes());
    line.extend_from_slice(body);
    line.push(b'\n');
    line
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_what_rubys_logger_writes() {
        let line = line(b"From: a\r\n\r\n\xff\0");
        let head = line.strip_suffix(b"From: a\r\n\r\n\xff\0\n").unwrap();
        let head = std::str::from_utf8(head).unwrap();
        let (time, rest) = head.strip_prefix("I, [").unwrap().split_at(26);
        assert_eq!(rest, format!(" #{}]  INFO -- : ", std::process::id()));
        assert!(jiff::civil::DateTime::strptime("%Y-%m-%dT%H:%M:%S%.f", time).is_ok(), "{time}");
    }
}
