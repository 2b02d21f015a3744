//! The connection as a stream of bytes: one small buffer, a deadline on everything. Knows lines and octets, not IMAP.

use std::fmt;
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::time::{Instant, timeout_at};

use crate::error::{Error, Result};

/// Octets of the buffer while nothing much comes in: a mailbox in IDLE holds no more.
const SMALL: usize = 1 << 10;
/// Octets of the buffer otherwise; larger literals bypass it.
const LARGE: usize = 32 << 10;
/// Octets of a wanted literal that extend the absolute deadline by a second: slower than that is as good as dead.
const OCTETS_A_SECOND: u64 = 16 << 10;

/// Any stream to a server.
pub(super) trait Io: AsyncRead + AsyncWrite + Unpin + Send {}
impl<T: AsyncRead + AsyncWrite + Unpin + Send> Io for T {}

/// The connection to a server.
pub(super) struct Wire {
    stream: Box<dyn Io>,
    buffer: Vec<u8>,
    start: usize,
    end: usize,
    /// How long the server may send nothing at all while we wait for it.
    silence: Duration,
    /// When the current exchange must be over.
    until: Instant,
    /// When all exchanges must be over; set while connecting.
    fixed: Option<Instant>,
}

impl fmt::Debug for Wire {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Wire").field("buffered", &(self.end - self.start)).finish_non_exhaustive()
    }
}

impl Wire {
    /// Everything up to [`released`](Self::released) must be over at `fixed`.
    pub(super) fn new(stream: Box<dyn Io>, silence: Duration, fixed: Instant) -> Self {
        Self { stream, buffer: Vec::new(), start: 0, end: 0, silence, until: fixed, fixed: Some(fixed) }
    }

    /// From now on every exchange has a deadline of its own.
    pub(super) fn released(&mut self) {
        self.fixed = None;
    }

    /// An exchange begins; it must be over within `limit`.
    pub(super) fn begin(&mut self, limit: Duration) {
        let until = Instant::now() + limit;
        self.until = self.fixed.map_or(until, |fixed| fixed.min(until));
    }

    /// Gives the stream back for STARTTLS, unless bytes are waiting: those came before the handshake, unprotected.
    pub(super) fn into_stream(self) -> Option<Box<dyn Io>> {
        (self.start == self.end).then_some(self.stream)
    }

    /// Sends `bytes`.
    pub(super) async fn send(&mut self, bytes: &[u8]) -> Result<()> {
        let deadline = self.until.min(Instant::now() + self.silence);
        let sending = async {
            self.stream.write_all(bytes).await?;
            self.stream.flush().await
        };
        match timeout_at(deadline, sending).await {
            Ok(Ok(())) => Ok(()),
            Ok(Err(error)) => Err(Error::Reconnect(format!("the connection broke: {error}"))),
            Err(_) => Err(Error::Reconnect("the server takes nothing from us any more".into())),
        }
    }

    /// Returns once bytes are there to be read. No deadline; cancel safe.
    pub(super) async fn readable(&mut self) -> Result<()> {
        if self.start < self.end {
            return Ok(());
        }
        let wanted = if self.end == self.buffer.len() && !self.buffer.is_empty() { LARGE } else { SMALL };
        if self.buffer.len() < wanted {
            self.buffer.resize(wanted, 0);
        }
        self.start = 0;
        self.end = 0;
        let read = self.stream.read(&mut self.buffer).await;
        match read {
            Ok(0) => Err(closed()),
            Ok(octets) => {
                self.end = octets;
                Ok(())
            }
            Err(error) => Err(broken(&error)),
        }
    }

    /// Whether bytes are there right now.
    pub(super) async fn pending(&mut self) -> Result<bool> {
        match timeout_at(Instant::now(), self.readable()).await {
            Ok(readable) => readable.map(|()| true),
            Err(_) => Ok(false),
        }
    }

    /// Gives memory back before a long wait.
    pub(super) fn rest(&mut self) {
        if self.start == self.end {
            self.buffer = Vec::new();
            self.start = 0;
            self.end = 0;
        }
    }

    async fn fill(&mut self) -> Result<()> {
        let deadline = self.until.min(Instant::now() + self.silence);
        match timeout_at(deadline, self.readable()).await {
            Ok(readable) => readable,
            Err(_) => Err(self.late()),
        }
    }

    fn late(&self) -> Error {
        if Instant::now() >= self.until {
            Error::Reconnect("the server did not finish its answer in time".into())
        } else {
            Error::Reconnect(format!("the server sent nothing for {} s", self.silence.as_secs_f32()))
        }
    }

    fn unread(&self) -> &[u8] {
        self.buffer.get(self.start..self.end).unwrap_or_default()
    }

    /// Appends a line to `text`, without its end (CRLF; a bare LF is accepted), unless `text` grows past `limit` octets.
    pub(super) async fn line(&mut self, text: &mut Vec<u8>, limit: usize) -> Result<()> {
        loop {
            self.fill().await?;
            let unread = self.unread();
            let line_end = unread.iter().position(|byte| *byte == b'\n');
            let taken = line_end.unwrap_or(unread.len());
            if text.len() + taken > limit {
                return Err(Error::Unparseable(format!("the server sent a line of more than {limit} octets")));
            }
            text.extend_from_slice(unread.get(..taken).unwrap_or_default());
            self.start += taken + usize::from(line_end.is_some());
            if line_end.is_some() {
                if text.last() == Some(&b'\r') {
                    text.pop();
                }
                return Ok(());
            }
        }
    }

    /// Reads a literal of `octets`, allocated once and exactly. The caller has checked `octets` against its limit.
    pub(super) async fn literal(&mut self, octets: usize) -> Result<Vec<u8>> {
        let mut literal = Vec::new();
        literal
            .try_reserve_exact(octets)
            .map_err(|_| Error::Reconnect(format!("no memory for a message of {octets} octets")))?;
        while literal.len() < octets {
            let missing = octets - literal.len();
            let read = if self.start == self.end && missing >= LARGE {
                self.read_past_the_buffer(&mut literal, missing).await?
            } else {
                self.fill().await?;
                let unread = self.unread();
                let taken = unread.len().min(missing);
                literal.extend_from_slice(unread.get(..taken).unwrap_or_default());
                self.start += taken;
                taken
            };
            self.extend(read);
        }
        Ok(literal)
    }

    async fn read_past_the_buffer(&mut self, literal: &mut Vec<u8>, missing: usize) -> Result<usize> {
        let deadline = self.until.min(Instant::now() + self.silence);
        let limit = u64::try_from(missing).unwrap_or(u64::MAX);
        let read = timeout_at(deadline, (&mut self.stream).take(limit).read_buf(literal)).await;
        match read {
            Ok(Ok(0)) => Err(closed()),
            Ok(Ok(octets)) => Ok(octets),
            Ok(Err(error)) => Err(broken(&error)),
            Err(_) => Err(self.late()),
        }
    }

    /// Who sends what we asked for may take longer.
    fn extend(&mut self, octets: usize) {
        let octets = u64::try_from(octets).unwrap_or(u64::MAX);
        self.until += Duration::from_micros(octets.saturating_mul(1_000_000) / OCTETS_A_SECOND);
        self.until = self.fixed.map_or(self.until, |fixed| fixed.min(self.until));
    }

    /// Reads `octets` and forgets them. They do not extend the deadline: nobody asked for them.
    pub(super) async fn skip(&mut self, mut octets: u64) -> Result<()> {
        while octets > 0 {
            self.fill().await?;
            let taken = self.unread().len().min(usize::try_from(octets).unwrap_or(usize::MAX));
            self.start += taken;
            octets -= u64::try_from(taken).unwrap_or(octets);
        }
        Ok(())
    }

    /// Closes the connection in good order, as far as the server lets us. The caller brings the deadline.
    pub(super) async fn close(&mut self) {
        let _ = self.stream.shutdown().await;
    }
}

fn closed() -> Error {
    Error::Reconnect("the server closed the connection".into())
}

fn broken(error: &std::io::Error) -> Error {
    match error.kind() {
        // TLS ends with a notice; servers in a hurry leave it out.
        std::io::ErrorKind::UnexpectedEof => closed(),
        // With TLS 1.3 a server refuses a missing certificate only after the handshake.
        _ => crate::tls::alert(error).unwrap_or_else(|| Error::Reconnect(format!("the connection broke: {error}"))),
    }
}
