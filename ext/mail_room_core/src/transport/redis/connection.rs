//! One connection: writes commands, reads replies. Arguments are written from where they are, without a copy: they may be
//! messages of many megabytes. The protocol's replies are read by the `redis` crate. No deadline here: the caller brings
//! it, and drops a connection whose exchange did not end.

use std::borrow::Cow;
use std::time::{Duration, Instant};

use redis::{ServerError, Value};
use tokio::io::{AsyncReadExt, AsyncWriteExt, BufWriter};
use tokio::time::timeout;

use super::trouble::Trouble;
use crate::transport::tcp::Stream;

/// Small arguments are collected up to this many octets before they are written; larger ones are written from where they
/// are.
const COLLECTED: usize = 16 << 10;

/// A command: its name and arguments.
#[derive(Debug, Default)]
pub(crate) struct Command<'a> {
    arguments: Vec<Cow<'a, [u8]>>,
}

impl<'a> Command<'a> {
    /// A command without arguments.
    pub(crate) fn new(name: &'a str) -> Self {
        Self { arguments: vec![Cow::Borrowed(name.as_bytes())] }
    }

    /// Adds a borrowed argument.
    pub(crate) fn arg(mut self, argument: &'a (impl AsRef<[u8]> + ?Sized)) -> Self {
        self.arguments.push(Cow::Borrowed(argument.as_ref()));
        self
    }

    /// Adds an argument made for this command.
    pub(crate) fn owned(mut self, argument: impl Into<Vec<u8>>) -> Self {
        self.arguments.push(Cow::Owned(argument.into()));
        self
    }

    /// Octets of all arguments.
    pub(crate) fn octets(&self) -> usize {
        self.arguments.iter().map(|argument| argument.len()).sum()
    }
}

/// A connection that is in step: nothing is outstanding.
pub(crate) struct Connection {
    stream: BufWriter<Box<dyn Stream>>,
    pub(crate) used: Instant,
}

impl Connection {
    pub(crate) fn new(stream: Box<dyn Stream>) -> Self {
        Self { stream: BufWriter::with_capacity(COLLECTED, stream), used: Instant::now() }
    }

    /// Sends all of `commands`, then reads a reply to each. Not cancel safe: a connection dropped out of here is out of
    /// step. All is written before anything is read: Redis takes commands whether or not its replies are read.
    pub(crate) async fn exchange(
        &mut self,
        commands: &[Command<'_>],
    ) -> Result<Vec<Result<Value, ServerError>>, Trouble> {
        for command in commands {
            self.stream.write_all(format!("*{}\r\n", command.arguments.len()).as_bytes()).await?;
            for argument in &command.arguments {
                self.stream.write_all(format!("${}\r\n", argument.len()).as_bytes()).await?;
                self.stream.write_all(argument).await?;
                self.stream.write_all(b"\r\n").await?;
            }
        }
        self.stream.flush().await?;
        // What the decoder has read ahead can only be replies of this exchange.
        let mut decoder = Default::default();
        let mut replies = Vec::with_capacity(commands.len());
        for _ in commands {
            replies.push(match redis::parse_redis_value_async(&mut decoder, &mut self.stream).await? {
                Value::ServerError(error) => Err(error),
                value => Ok(value),
            });
        }
        self.used = Instant::now();
        Ok(replies)
    }

    /// Whether the other end has not hung up, as far as known without asking. What can be read while nothing is
    /// outstanding is the end of the stream, or something out of step.
    pub(crate) async fn is_open(&mut self) -> bool {
        let mut octet = [0];
        // No time at all: reads what is already there, waits for nothing.
        timeout(Duration::ZERO, self.stream.read(&mut octet)).await.is_err()
    }
}
