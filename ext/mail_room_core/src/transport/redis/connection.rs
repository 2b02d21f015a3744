//! One connection: writes commands and reads replies. Arguments are written without a copy, as they may be messages of many
//! megabytes. The caller brings the deadline, and drops a connection whose exchange did not end.

use std::borrow::Cow;
use std::time::{Duration, Instant};

use secrecy::ExposeSecret;
use tokio::io::{AsyncReadExt, AsyncWriteExt, BufWriter};
use tokio::time::timeout;

use super::address::Login;
use super::error::{ExchangeError, ServerError};
use super::reply::{Replies, Reply};
use crate::transport::tcp::Stream;

/// Octets of small arguments that are collected before they are written. Larger arguments are written without a copy.
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

    /// The command that logs in.
    pub(crate) fn auth(login: &'a Login) -> Self {
        let command = match &login.user {
            Some(user) => Self::new("AUTH").arg(user),
            None => Self::new("AUTH"),
        };
        command.arg(login.password.expose_secret())
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

/// A connection on which no reply is outstanding.
pub(crate) struct Connection {
    stream: BufWriter<Box<dyn Stream>>,
    pub(crate) used: Instant,
}

impl Connection {
    pub(crate) fn new(stream: Box<dyn Stream>) -> Self {
        Self { stream: BufWriter::with_capacity(COLLECTED, stream), used: Instant::now() }
    }

    /// Sends all of `commands`, then reads a reply to each. Not cancel safe: drop the connection if this did not end. All
    /// commands are written before any reply is read: Redis takes commands whether or not its replies are read.
    pub(crate) async fn exchange(
        &mut self,
        commands: &[Command<'_>],
    ) -> Result<Vec<Result<Reply, ServerError>>, ExchangeError> {
        for command in commands {
            self.stream.write_all(format!("*{}\r\n", command.arguments.len()).as_bytes()).await?;
            for argument in &command.arguments {
                self.stream.write_all(format!("${}\r\n", argument.len()).as_bytes()).await?;
                self.stream.write_all(argument).await?;
                self.stream.write_all(b"\r\n").await?;
            }
        }
        self.stream.flush().await?;
        let mut incoming = Replies::new(&mut self.stream);
        let mut replies = Vec::with_capacity(commands.len());
        for _ in commands {
            replies.push(incoming.next().await?);
        }
        if !incoming.is_empty() {
            // With more replies than commands, nobody knows which belongs to which.
            return Err(ExchangeError::Unexpected);
        }
        self.used = Instant::now();
        Ok(replies)
    }

    /// Whether the server has not closed the connection, as far as is known without asking. While no reply is outstanding,
    /// anything that can be read is the end of the stream, or unexpected.
    pub(crate) async fn is_open(&mut self) -> bool {
        let mut octet = [0];
        // Without waiting: only what has already arrived.
        timeout(Duration::ZERO, self.stream.read(&mut octet)).await.is_err()
    }
}
