//! The stream that async-imap reads and writes. It lies between TLS and the library, and knows framing and nothing else. It
//! keeps the promises, whatever the library does: everything has a deadline, octets are counted before memory is allocated, a
//! body is read once into a buffer of its own size, and the library gets no response that it cannot read. [`Control`] is the
//! other end.
//!
//! May be imported by `source/imap` and `check`.

mod admit;
mod capabilities;
mod control;
mod expected;
mod frame;
#[cfg(any(test, fuzzing))]
#[cfg_attr(test, allow(unreachable_pub))]
pub mod harness;
mod notes;
mod outgoing;
mod response;
mod search;
mod status;

use std::fmt;
use std::io;
use std::pin::{Pin, pin};
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, ReadBuf};
use tokio::time::{Instant, Sleep, sleep_until};

use crate::error::{Error, Result};
use crate::transport::tcp;
pub(crate) use control::Control;
use control::{Clock, Shared};
use frame::{Framer, LARGE};

pub(crate) use expected::Expected;
use outgoing::Outgoing;
pub(crate) use status::{Kind, Status};

/// Octets of the buffer while nothing much comes in: a mailbox in IDLE holds no more.
const SMALL: usize = 1 << 10;

/// The connection to a server, as the library sees it.
pub(crate) struct Stream {
    io: Box<dyn tcp::Stream>,
    control: Control,
    buffer: Vec<u8>,
    /// Octets of the buffer that the framer has.
    start: usize,
    framer: Framer,
    outgoing: Outgoing,
    unflushed: bool,
    /// Lines that the library has not read yet.
    lines: Bytes,
    sleep: Option<Pin<Box<Sleep>>>,
}

impl fmt::Debug for Stream {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Stream").field("buffered", &(self.buffer.len() - self.start)).finish_non_exhaustive()
    }
}

impl Stream {
    pub(crate) fn new(io: Box<dyn tcp::Stream>, control: Control) -> Self {
        Self {
            io,
            control,
            buffer: Vec::new(),
            start: 0,
            framer: Framer::default(),
            outgoing: Outgoing::default(),
            unflushed: false,
            lines: Bytes::new(),
            sleep: None,
        }
    }

    /// Gives the connection back for STARTTLS, unless bytes are waiting: those came before the handshake, unprotected.
    pub(crate) fn into_io(self) -> Option<Box<dyn tcp::Stream>> {
        (self.start == self.buffer.len() && self.framer.is_idle()).then_some(self.io)
    }

    /// Octets in memory.
    #[cfg(any(test, fuzzing))]
    fn held(&self) -> usize {
        self.buffer.capacity() + self.lines.len() + self.framer.held()
    }

    /// Releases the buffer before a long wait.
    pub(crate) fn release_buffer(&mut self) {
        if self.start == self.buffer.len() {
            (self.start, self.buffer) = (0, Vec::new());
        }
    }

    /// The next response for the library.
    fn poll_response(&mut self, cx: &mut Context<'_>, shared: &mut Shared) -> Poll<Result<Vec<u8>>> {
        loop {
            if let Some(failure) = &shared.notes.failure {
                return Poll::Ready(Err(failure.clone()));
            }
            if let Some(lines) = shared.local.take() {
                return Poll::Ready(Ok(lines));
            }
            ready!(self.poll_send(cx, &mut shared.clock))?;
            if self.start == self.buffer.len() {
                ready!(self.poll_fill(cx, &mut shared.clock))?;
                continue;
            }
            let is_body = self.framer.in_body();
            let unread = self.buffer.get(self.start..).unwrap_or_default();
            let (taken, frame) = self.framer.feed(unread, &mut shared.expected)?;
            self.start += taken;
            if is_body {
                shared.clock.extend(taken);
            }
            let Some(frame) = frame else { continue };
            if frame.text.starts_with(b"+") && self.outgoing.proceed() {
                continue;
            }
            let lines = admit::admit(frame, &mut shared.expected, &mut shared.notes)?;
            if !lines.is_empty() {
                if !matches!(lines.first(), Some(b'*' | b'+')) {
                    self.outgoing.cancel();
                }
                return Poll::Ready(Ok(lines));
            }
        }
    }

    /// Reads what is there: much of a body directly to where it belongs, all else into the buffer.
    fn poll_fill(&mut self, cx: &mut Context<'_>, clock: &mut Clock) -> Poll<Result<()>> {
        let read = if let Some((body, left)) = self.framer.body_room() {
            let read = pin!((&mut self.io).take(left).read_buf(body)).poll(cx);
            if let Poll::Ready(Ok(octets)) = read {
                self.framer.took(octets as u64);
                clock.extend(octets);
            }
            read
        } else {
            let room = if self.buffer.len() >= SMALL { LARGE } else { SMALL };
            self.start = 0;
            self.buffer.clear();
            self.buffer.reserve_exact(room);
            pin!((&mut self.io).take(LARGE as u64).read_buf(&mut self.buffer)).poll(cx)
        };
        match read {
            Poll::Pending => {
                ready!(self.poll_deadline(cx, clock));
                Poll::Ready(Err(clock.late()))
            }
            Poll::Ready(Ok(0)) => Poll::Ready(Err(closed())),
            Poll::Ready(Ok(_)) => {
                clock.active = Instant::now();
                Poll::Ready(Ok(()))
            }
            Poll::Ready(Err(error)) => Poll::Ready(Err(broken(&error))),
        }
    }

    /// Sends what is ready to be sent.
    fn poll_send(&mut self, cx: &mut Context<'_>, clock: &mut Clock) -> Poll<Result<()>> {
        while self.unflushed || !self.outgoing.ready.is_empty() {
            let sent = if self.outgoing.ready.is_empty() {
                Pin::new(&mut self.io).poll_flush(cx).map_ok(|()| None)
            } else {
                Pin::new(&mut self.io).poll_write(cx, &self.outgoing.ready).map_ok(Some)
            };
            match sent {
                Poll::Pending => {
                    ready!(self.poll_deadline(cx, clock));
                    return Poll::Ready(Err(Error::Reconnect("the server takes nothing from us any more".into())));
                }
                Poll::Ready(Ok(None)) => self.unflushed = false,
                Poll::Ready(Ok(Some(octets))) if octets > 0 => {
                    self.outgoing.ready.drain(..octets);
                    self.unflushed = true;
                    clock.active = Instant::now();
                }
                // Before it stopped reading, the server may have sent the reason. Reading also shows that it is gone.
                Poll::Ready(Ok(Some(_)) | Err(_)) => {
                    self.outgoing.ready.clear();
                    self.unflushed = false;
                }
            }
        }
        Poll::Ready(Ok(()))
    }

    /// Ready once the deadline is over. There is none while we wait for news: the caller has a clock for that.
    fn poll_deadline(&mut self, cx: &mut Context<'_>, clock: &Clock) -> Poll<()> {
        let Some(at) = clock.deadline() else {
            self.sleep = None;
            return Poll::Pending;
        };
        let sleep = self.sleep.get_or_insert_with(|| Box::pin(sleep_until(at)));
        if sleep.deadline() != at {
            sleep.as_mut().reset(at);
        }
        sleep.as_mut().poll(cx)
    }
}

impl AsyncRead for Stream {
    /// At most one response, or those of one search, so that nothing stays in the library when it is asked for its stream.
    fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        let control = this.control.clone();
        let shared = &mut *control.lock();
        if this.lines.is_empty() {
            this.lines = ready!(this.poll_response(cx, shared)).map_err(|error| shared.fail(error))?.into();
        }
        buffer.put_slice(&this.lines.split_to(this.lines.len().min(buffer.remaining())));
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for Stream {
    fn poll_write(self: Pin<&mut Self>, _: &mut Context<'_>, octets: &[u8]) -> Poll<io::Result<usize>> {
        self.get_mut().outgoing.write(octets);
        Poll::Ready(Ok(octets.len()))
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        let control = this.control.clone();
        let shared = &mut *control.lock();
        if let Some(failure) = shared.notes.failure.clone() {
            return Poll::Ready(Err(shared.fail(failure)));
        }
        this.outgoing.flush(shared);
        this.poll_send(cx, &mut shared.clock).map_err(|error| shared.fail(error))
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().io).poll_shutdown(cx)
    }
}

/// The server answered nothing that we have asked.
pub(crate) fn out_of_step() -> Error {
    Error::Reconnect("the server answered something we have not asked".into())
}

fn closed() -> Error {
    Error::Reconnect("the server closed the connection".into())
}

fn broken(error: &io::Error) -> Error {
    match error.kind() {
        // TLS ends with a notice; servers in a hurry leave it out.
        io::ErrorKind::UnexpectedEof => closed(),
        // With TLS 1.3 a server refuses a missing certificate only after the handshake.
        _ => crate::transport::tls::alert(error)
            .unwrap_or_else(|| Error::Reconnect(format!("the connection broke: {error}"))),
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use tokio::io::{AsyncWriteExt, DuplexStream};

    use super::*;
    use crate::transport::credentials::Credentials;

    /// A stream with 10 s for everything and 3 s of silence, and the server's end of it.
    fn pair(pipe: usize) -> (Stream, Control, DuplexStream) {
        let (ours, theirs) = tokio::io::duplex(pipe);
        let control =
            Control::new(Duration::from_secs(3), Instant::now() + Duration::from_secs(100), Credentials::none(), None);
        control.begin(Duration::from_secs(10), Expected::bodies([7], 1 << 20));
        (Stream::new(Box::new(ours), control.clone()), control, theirs)
    }

    async fn response(stream: &mut Stream, control: &Control) -> Result<String> {
        let mut octets = [0; 4096];
        match stream.read(&mut octets).await {
            Ok(length) => Ok(String::from_utf8_lossy(&octets[..length]).into_owned()),
            Err(_) => Err(control.failure()),
        }
    }

    #[tokio::test(start_paused = true)]
    async fn silence_and_endless_talk_are_noticed() {
        let (mut stream, control, server) = pair(4096);
        let started = Instant::now();
        let told = response(&mut stream, &control).await.unwrap_err().to_string();
        assert_eq!((told.as_str(), started.elapsed().as_secs()), ("the server sent nothing for 3 s", 3));
        assert_eq!(response(&mut stream, &control).await.unwrap_err().to_string(), told, "for good");
        drop(server);

        let (mut stream, control, mut server) = pair(4096);
        let talking = tokio::spawn(async move {
            while server.write_all(b"* OK working\r\n").await.is_ok() {
                tokio::time::sleep(Duration::from_secs(2)).await;
            }
        });
        let started = Instant::now();
        let told = loop {
            match response(&mut stream, &control).await {
                Ok(lines) => assert_eq!(lines, "* OK -\r\n"),
                Err(error) => break error.to_string(),
            }
        };
        assert_eq!((told.as_str(), started.elapsed().as_secs()), ("the server did not finish its answer in time", 10));
        talking.abort();
    }

    #[tokio::test(start_paused = true)]
    async fn waiting_has_no_deadline_and_can_be_given_up_and_taken_up() {
        let (mut stream, control, mut server) = pair(4096);
        control.wait();
        server.write_all(b"* 3 EX").await.unwrap();
        let waited = tokio::time::timeout(Duration::from_secs(3600), response(&mut stream, &control)).await;
        assert!(waited.is_err());
        server.write_all(b"ISTS\r\n").await.unwrap();
        assert_eq!(response(&mut stream, &control).await.unwrap(), "* 3 EXISTS\r\n");
        assert!(control.lock().notes.news);
    }

    #[tokio::test(start_paused = true)]
    async fn a_server_that_takes_nothing_is_noticed() {
        let (mut stream, control, server) = pair(64);
        let started = Instant::now();
        stream.write_all(&[b'x'; 1000]).await.unwrap();
        stream.flush().await.unwrap_err();
        assert_eq!(control.failure().to_string(), "the server takes nothing from us any more");
        assert_eq!(started.elapsed().as_secs(), 3);
        drop(server);
    }

    #[tokio::test(start_paused = true)]
    async fn a_slow_body_that_was_asked_for_extends_the_deadline() {
        let (mut stream, control, mut server) = pair(1 << 20);
        let sending = tokio::spawn(async move {
            server.write_all(b"* 1 FETCH (UID 7 BODY[] {655360}\r\n").await.unwrap();
            for _ in 0..20 {
                server.write_all(&[b'x'; 32_768]).await.unwrap();
                tokio::time::sleep(Duration::from_secs(1)).await;
            }
            server.write_all(b")\r\n").await.unwrap();
            server
        });
        assert_eq!(response(&mut stream, &control).await.unwrap(), "* 1 FETCH (UID 7 BODY[] {0}\r\n)\r\n");
        let body = control.lock().notes.body.take().unwrap();
        assert_eq!((body.len(), body.capacity()), (655_360, 655_360));
        drop(sending.await.unwrap());
    }

    #[tokio::test]
    async fn bytes_before_the_handshake_are_noticed() {
        for (slipped_in, is_clean) in [("", true), ("* CAPABILITY IMAP4rev1\r\n", false), ("x", false)] {
            let (mut stream, control, mut server) = pair(4096);
            server.write_all(format!("* OK begin\r\n{slipped_in}").as_bytes()).await.unwrap();
            assert_eq!(response(&mut stream, &control).await.unwrap(), "* OK -\r\n");
            assert_eq!(stream.into_io().is_some(), is_clean, "{slipped_in}");
        }
    }
}
