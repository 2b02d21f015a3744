//! Reads the status line of an answer beside the HTTP client. The client drops an answer whose header it cannot parse, but the
//! status line still says whether the request was accepted (RFC 9112 section 4). Parses no header.

use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, ready};

use hyper::StatusCode;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

/// Octets of a line that are kept. The status is at its beginning.
const KEPT: usize = 64;
/// How requests begin.
const BEGINNINGS: [&[u8]; 5] = [b"POST ", b"HEAD ", b"GET ", b"PATCH ", b"DELETE "];

/// The answer that arrives on one connection, as far as it is known.
#[derive(Debug, Clone, Default)]
pub(super) struct StatusLine(Arc<Mutex<State>>);

#[derive(Debug, Default)]
struct State {
    /// The line that is being read.
    line: Vec<u8>,
    /// In the header of an interim answer (1xx), up to its empty line.
    interim: bool,
    status: Option<StatusCode>,
    /// The last request is done: the next octets begin another.
    settled: bool,
}

impl StatusLine {
    /// The final status of the request that is under way, once its line has arrived. None after [`settle`](Self::settle): the
    /// next request may be given this connection and find it dead before an octet of it is sent.
    pub(super) fn status(&self) -> Option<StatusCode> {
        self.state().status
    }

    /// The request is done.
    pub(super) fn settle(&self) {
        *self.state() = State { settled: true, ..State::default() };
    }

    /// `octets` are sent. The next request may begin before the last one is done: no status is better than that of another
    /// request. A part of a body that looks like the beginning of a request only loses the status.
    fn sending(&self, octets: &[u8]) {
        let mut state = self.state();
        if state.settled || BEGINNINGS.iter().any(|beginning| octets.starts_with(beginning)) {
            *state = State::default();
        }
    }

    fn received(&self, octets: &[u8]) {
        let mut state = self.state();
        for octet in octets {
            if state.status.is_some() || state.settled {
                return;
            }
            match octet {
                b'\n' => state.end_of_line(),
                octet if state.line.len() < KEPT => state.line.push(*octet),
                _ => {}
            }
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn end_of_line(&mut self) {
        let line = std::mem::take(&mut self.line);
        let line = line.trim_ascii_end();
        if self.interim {
            self.interim = !line.is_empty();
            return;
        }
        match status(line) {
            Some(status) if status.is_informational() && status != StatusCode::SWITCHING_PROTOCOLS => {
                self.interim = true;
            }
            status => self.status = status,
        }
    }
}

/// The status in `HTTP/1.1 200 OK`, parsed as leniently as by Ruby's Net::HTTP: any version or none, any white space, any
/// reason phrase or none.
fn status(line: &[u8]) -> Option<StatusCode> {
    let (protocol, rest) = line.trim_ascii_start().split_at_checked(4)?;
    if !protocol.eq_ignore_ascii_case(b"HTTP") {
        return None;
    }
    let mut words = rest.split(u8::is_ascii_whitespace);
    let version = words.next()?;
    if !version.is_empty() && !version.starts_with(b"/") {
        return None;
    }
    let code = words.find(|word| !word.is_empty())?;
    if code.len() != 3 {
        return None;
    }
    StatusCode::from_bytes(code).ok()
}

/// A stream whose incoming status lines are recorded.
#[derive(Debug)]
pub(super) struct StatusLineStream<S> {
    stream: S,
    line: StatusLine,
}

impl<S> StatusLineStream<S> {
    pub(super) fn new(stream: S) -> Self {
        Self { stream, line: StatusLine::default() }
    }

    pub(super) fn line(&self) -> &StatusLine {
        &self.line
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for StatusLineStream<S> {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<std::io::Result<()>> {
        let before = buf.filled().len();
        ready!(Pin::new(&mut self.stream).poll_read(cx, buf))?;
        self.line.received(buf.filled().get(before..).unwrap_or_default());
        Poll::Ready(Ok(()))
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for StatusLineStream<S> {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, octets: &[u8]) -> Poll<std::io::Result<usize>> {
        self.line.sending(octets);
        Pin::new(&mut self.stream).poll_write(cx, octets)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<std::io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<std::io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(octets: &[u8]) -> Option<u16> {
        let whole = StatusLine::default();
        whole.received(octets);
        let single = StatusLine::default();
        octets.iter().for_each(|octet| single.received(&[*octet]));
        assert_eq!(whole.status(), single.status());
        whole.status().map(|status| status.as_u16())
    }

    #[test]
    fn the_status_is_read_as_net_http_reads_it() {
        let long = [b"HTTP/1.1 200 ".as_slice(), &[b'x'; 10_000], b"\r\n"].concat();
        for line in [
            b"HTTP/1.1 200 OK\r\n".as_slice(),
            b"HTTP/1.1 200\r\n",
            b"HTTP/1.1 200 \r\n",
            b"HTTP/1.0 200 OK\n",
            b"HTTP/1.1  200   OK\r\n",
            b"HTTP/2.0 200 OK\r\n",
            b"HTTP 200 OK\r\n",
            b"http/1.1 200 ok\r\n",
            b"HTTP/1.1 200 \xff\x00\x1b\r\n",
            b"HTTP/1.1 100 Continue\r\nX: y\r\n\r\nHTTP/1.1 102 Processing\n\nHTTP/1.1 200 OK\r\n",
            &long,
        ] {
            assert_eq!(read(line), Some(200), "{}", line.escape_ascii());
        }
        for line in [
            b"HTTP/1.1 200 OK".as_slice(),
            b"HTTP/1.1 2000 OK\r\n",
            b"HTTP/1.1 20 OK\r\n",
            b"HTTP/1.1 +20 OK\r\n",
            b"HTTPS 200 OK\r\n",
            b"220 ready\r\n",
            b"HTTP/1.1 100 Continue\r\n\r\n",
            b"HTTP/1.1 100 Continue\r\nHTTP/1.1 200 OK\r\n",
            b"\xff\xfe\n",
        ] {
            assert_eq!(read(line), None, "{}", line.escape_ascii());
        }
    }

    #[test]
    fn each_request_has_a_status_of_its_own() {
        let line = StatusLine::default();
        line.sending(b"POST /a HTTP/1.1\r\n\r\nx");
        line.received(b"HTTP/1.1 413 Too Large\r\nA: b\r\n\r\nHTTP/1.1 200 OK\r\n");
        // The rest of a body that is still being sent is part of the same request.
        line.sending(b"yz");
        assert_eq!(line.status().map(|status| status.as_u16()), Some(413));
        line.settle();
        line.received(b"HTTP/1.1 200 OK\r\n");
        assert_eq!(line.status(), None, "that of no request that is done");
        line.sending(b"POST /a HTTP/1.1\r\n");
        assert_eq!(line.status(), None);
        line.received(b"HTTP/1.1 201 Created\r\n");
        assert_eq!(line.status().map(|status| status.as_u16()), Some(201));
        // The next request may be quicker than whoever settles the one before.
        line.sending(b"POST /b HTTP/1.1\r\n");
        assert_eq!(line.status(), None);
    }
}
