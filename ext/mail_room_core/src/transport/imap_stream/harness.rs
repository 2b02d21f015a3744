//! Drives the stream with octets, splits and commands that somebody else makes up: for fuzzing and for properties. Asserts
//! what must hold whatever they are.

use std::collections::{BTreeMap, VecDeque};
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use async_imap::imap_proto::{AttributeValue, Response};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::Instant;

use super::{Control, Expected, Stream};
use crate::transport::credentials::Credentials;

/// Octets a body may have in here.
pub const LIMIT: u64 = 300_000;
/// Octets the stream may hold: an answer to SEARCH, its rewritten form, a body, buffers.
const MOST: usize = (16 << 20) * 3 + LIMIT as usize + (1 << 20);

/// Gives octets in pieces, and nothing in between.
struct Pieces {
    octets: VecDeque<u8>,
    splits: VecDeque<u8>,
    pause: bool,
}

impl AsyncRead for Pieces {
    fn poll_read(self: Pin<&mut Self>, _: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        this.pause = !this.pause;
        if this.pause && !this.octets.is_empty() {
            return Poll::Pending;
        }
        let split = this.splits.pop_front().map_or(usize::MAX, usize::from);
        let octets = split.max(1).min(buffer.remaining()).min(this.octets.len());
        this.octets.drain(..octets).for_each(|octet| buffer.put_slice(&[octet]));
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for Pieces {
    fn poll_write(self: Pin<&mut Self>, _: &mut Context<'_>, octets: &[u8]) -> Poll<io::Result<usize>> {
        Poll::Ready(Ok(octets.len().min(7)))
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}

/// Plays `octets`, split as `splits` says, against the commands of `script`; gives the bodies that came, in their order.
///
/// # Panics
/// If the library could not read what it would be given, or the stream holds more than its bounds.
pub fn play(octets: &[u8], splits: &[u8], script: &[u8]) -> Vec<(u32, Vec<u8>)> {
    // A timer needs a runtime; its clock stands still, so no deadline ends anything.
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build();
    let runtime = runtime.unwrap_or_else(|error| panic!("no runtime: {error}"));
    let _entered = runtime.enter();
    let control =
        Control::new(Duration::from_secs(3600), Instant::now() + Duration::from_secs(3600), Credentials::none(), None);
    let pieces =
        Pieces { octets: octets.iter().copied().collect(), splits: splits.iter().copied().collect(), pause: false };
    let mut stream = Stream::new(Box::new(pieces), control.clone());
    let mut script = script.iter().copied();
    let mut cx = Context::from_waker(Waker::noop());
    let (mut bodies, mut lines, mut tag) = (Vec::new(), Vec::new(), 0_u32);
    command(&mut stream, &control, script.next().unwrap_or_default(), &mut tag);
    // Every poll takes octets, is a pause before some, or gives lines: a range in ESEARCH makes many of few octets.
    for _ in 0..octets.len() * 4 + 1_000_000 {
        let mut space = [0; 4096];
        let mut buffer = ReadBuf::new(&mut space);
        match Pin::new(&mut stream).poll_read(&mut cx, &mut buffer) {
            Poll::Pending => continue,
            Poll::Ready(Err(_)) => {
                assert!(control.lock().notes.failure.is_some(), "an error without a reason");
                return bodies;
            }
            Poll::Ready(Ok(())) => lines.extend_from_slice(buffer.filled()),
        }
        assert!(stream.held() + lines.len() <= MOST, "{} octets are held", stream.held());
        while let Some(left) = read(&lines, &control, &mut bodies) {
            lines.drain(..lines.len() - left);
            if let Some(next) = script.next() {
                command(&mut stream, &control, next, &mut tag);
            }
        }
    }
    panic!("the stream makes no way");
}

/// Reads one response as the library does; gives how many octets are left, or `None` if it is not complete.
fn read(lines: &[u8], control: &Control, bodies: &mut Vec<(u32, Vec<u8>)>) -> Option<usize> {
    match Response::parse(lines) {
        Ok((left, response)) => {
            if let Response::Fetch(_, items) = &response {
                let body = control.lock().notes.body.take();
                let uid = items.iter().find_map(|item| match item {
                    AttributeValue::Uid(uid) => Some(*uid),
                    _ => None,
                });
                bodies.extend(uid.zip(body));
            }
            Some(left.len())
        }
        Err(error) if error.is_incomplete() => None,
        Err(_) => panic!("the library cannot read {:?}", String::from_utf8_lossy(lines)),
    }
}

/// Begins one exchange of a few kinds.
fn command(stream: &mut Stream, control: &Control, kind: u8, tag: &mut u32) {
    let expected = match kind % 8 {
        0..=3 => Expected::bodies(1..=50, LIMIT),
        4 => Expected::search(),
        5 => Expected::flags(),
        6 => Expected::fetches(),
        _ => return stream.release_buffer(),
    };
    control.begin(Duration::from_secs(3600), expected);
    *tag += 1;
    let text = format!("A{:04} UID FETCH 1:50 \"{}\"\r\n", *tag % 10_000, if kind > 127 { "ä" } else { "a" });
    let mut cx = Context::from_waker(Waker::noop());
    let _ = Pin::new(&mut *stream).poll_write(&mut cx, text.as_bytes());
    let _ = Pin::new(stream).poll_flush(&mut cx);
}

/// Bodies in every form, as a server may send them; what comes out must be these, each once and unchanged.
///
/// # Panics
/// If an octet is lost, doubled or changed.
pub fn bodies(bodies: &BTreeMap<u32, Vec<u8>>, forms: &[u8], splits: &[u8]) {
    let mut octets = Vec::new();
    let mut forms = forms.iter().copied().chain(std::iter::repeat(0));
    for (uid, body) in bodies {
        let form = forms.next().unwrap_or_default();
        let is_text = body.iter().all(|octet| !matches!(octet, b'\r' | b'\n' | 0)) && body.len() < 60_000;
        let before = [&b""[..], b"\r\n", b"* 9 EXISTS\r\n", b"* XYZZY {3}\r\n"][usize::from(form & 3)];
        octets.extend_from_slice(if form & 3 == 3 { b"" } else { before });
        octets.extend_from_slice(format!("* 1 FETCH (UID {uid} ").as_bytes());
        octets.extend_from_slice([&b""[..], b"FLAGS (\\Seen \\a[b]) ", b" "][usize::from(form >> 2 & 3) % 3]);
        octets.extend_from_slice(b"BODY[] ");
        match form >> 4 & 3 {
            3 if is_text => {
                octets.push(b'"');
                for octet in body {
                    if matches!(octet, b'"' | b'\\') {
                        octets.push(b'\\');
                    }
                    octets.push(*octet);
                }
                octets.push(b'"');
            }
            kind => {
                let (tilde, plus) = (["", "~", "", ""][usize::from(kind)], ["", "", "+", ""][usize::from(kind)]);
                octets.extend_from_slice(format!("{tilde}{{{}{plus}}}", body.len()).as_bytes());
                octets.extend_from_slice(if form & 64 == 0 { b"\r\n" } else { b"\n" });
                octets.extend_from_slice(body);
                octets.extend_from_slice(if form & 128 == 0 { b"" } else { b"\r\n" });
            }
        }
        octets.extend_from_slice(b")\r\n");
    }
    let given = play(&octets, splits, &[]);
    let expected: Vec<_> = bodies.iter().map(|(uid, body)| (*uid, body.clone())).collect();
    assert!(given == expected, "bodies were changed: {} of {} came", given.len(), expected.len());
}

#[cfg(test)]
mod tests {
    use proptest::prelude::{ProptestConfig, any, proptest};
    use proptest::{collection, sample, strategy::Strategy};

    use super::*;

    fn fragments() -> impl Strategy<Value = Vec<u8>> {
        const WORDS: &[&str] = &[
            "* ",
            "1 FETCH (",
            "UID 7 ",
            "BODY[] ",
            "{5}\r\n",
            "{0}\r\n",
            "~{3}\r\n",
            "hello",
            "(",
            ")",
            "\r\n",
            "\"",
            "\\",
            "FLAGS (\\Seen)",
            "RFC822.SIZE 12 ",
            "SEARCH 1 2",
            "ESEARCH UID ALL 1:9",
            "A0001 ",
            "OK ",
            "NO [X] ",
            "BAD",
            "+ ",
            "LIST () \"/\" ",
            "CAPABILITY IMAP4rev1",
            "INTERNALDATE NIL",
            "[UIDVALIDITY 7]",
            "é",
            "\0",
            "BYE",
            "{99}\r\n",
        ];
        let word = proptest::prop_oneof![
            sample::select(WORDS).prop_map(|word| word.as_bytes().to_vec()),
            collection::vec(any::<u8>(), 0..6),
        ];
        collection::vec(word, 0..60).prop_map(|words| words.concat())
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 200, failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn any_octets_in_any_split(octets in fragments(), splits in collection::vec(1..9_u8, 0..99), script: [u8; 8]) {
            play(&octets, &splits, &script);
        }

        #[test]
        fn bodies_come_out_as_they_went_in(
            sent in collection::btree_map(1..50_u32, collection::vec(any::<u8>(), 0..300), 0..9),
            (seed, length) in (any::<u8>(), 66_000..70_000_usize),
            forms: [u8; 9],
            splits in collection::vec(any::<u8>(), 0..99),
        ) {
            let mut sent = sent;
            sent.insert(50, (0..length).map(|at| (at as u8).wrapping_mul(seed)).collect());
            bodies(&sent, &forms, &splits);
        }
    }
}
