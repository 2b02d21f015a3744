//! Replies of Redis: version 2 of its protocol (RESP), which every server speaks until it is asked for another. A reply
//! comes from outside: its lines, its strings, its elements and its depth are bounded.

use std::io;

use tokio::io::{AsyncBufRead, AsyncBufReadExt, AsyncRead, AsyncReadExt, BufReader};

use super::error::{ExchangeError, ServerError};

/// Octets of a line, as of an error. Redis itself shortens the arguments that it repeats to far less.
const LONGEST_LINE: u64 = 64 << 10;
/// Octets of all strings of one reply. No command asks for more than names and numbers.
const MOST_OCTETS: usize = 16 << 20;
/// Elements of one reply. A batch of claims is answered by three numbers for each message.
const MOST_ELEMENTS: usize = 1 << 20;
/// Arrays within arrays.
const DEEPEST: usize = 8;

/// A reply, or an element of one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Reply {
    /// No value: a null string or a null array.
    Nil,
    /// A simple string, as `OK`.
    Status(String),
    /// An integer.
    Integer(i64),
    /// A bulk string.
    Bulk(Vec<u8>),
    /// An array.
    Array(Vec<Reply>),
    /// An error. At the top, [`Replies::next`] makes it the `Err` of the reply.
    Error(ServerError),
}

/// Reads the replies of one exchange. Reads ahead: only when no reply is outstanding may it be dropped.
pub(super) struct Replies<R> {
    stream: BufReader<R>,
}

impl<R: AsyncRead + Unpin> Replies<R> {
    pub(super) fn new(stream: R) -> Self {
        Self { stream: BufReader::new(stream) }
    }

    /// The next reply. Not cancel safe.
    ///
    /// # Errors
    /// [`ExchangeError::Io`] if the connection breaks, [`ExchangeError::Unexpected`] for what is no reply, or one beyond the
    /// bounds. Neither leaves the connection usable.
    pub(super) async fn next(&mut self) -> Result<Result<Reply, ServerError>, ExchangeError> {
        let mut budget = Budget { octets: MOST_OCTETS, elements: MOST_ELEMENTS };
        let mut open: Vec<Array> = Vec::new();
        loop {
            let mut reply = match read(&mut self.stream, &mut budget).await? {
                Read::Reply(reply) => reply,
                Read::Array(0) => Reply::Array(Vec::new()),
                Read::Array(_) if open.len() == DEEPEST => return Err(ExchangeError::Unexpected),
                Read::Array(expected) => {
                    open.push(Array { expected, elements: Vec::new() });
                    continue;
                }
            };
            // A reply completes the array that it is in, and maybe those around it.
            loop {
                let Some(mut array) = open.pop() else {
                    return Ok(match reply {
                        Reply::Error(error) => Err(error),
                        reply => Ok(reply),
                    });
                };
                array.elements.push(reply);
                if array.elements.len() < array.expected {
                    open.push(array);
                    break;
                }
                reply = Reply::Array(array.elements);
            }
        }
    }

    /// Whether all that was read belonged to a reply.
    pub(super) fn is_empty(&self) -> bool {
        self.stream.buffer().is_empty()
    }
}

/// Reads `octets` as replies, up to what is none. For fuzzing.
#[cfg(fuzzing)]
pub fn read_all(octets: &[u8]) {
    let mut replies = Replies::new(octets);
    // Nothing waits: all of them are there.
    while let Some(Ok(_)) = futures_util::FutureExt::now_or_never(replies.next()) {}
}

/// An array whose elements are being read.
struct Array {
    expected: usize,
    elements: Vec<Reply>,
}

/// What the rest of a reply may still hold.
struct Budget {
    octets: usize,
    elements: usize,
}

enum Read {
    Reply(Reply),
    /// The beginning of an array of so many elements.
    Array(usize),
}

async fn read(stream: &mut (impl AsyncBufRead + Unpin), budget: &mut Budget) -> Result<Read, ExchangeError> {
    let line = line(stream).await?;
    let (kind, text) = line.split_at_checked(1).ok_or(ExchangeError::Unexpected)?;
    let text = String::from_utf8_lossy(text);
    spend(&mut budget.octets, text.len())?;
    spend(&mut budget.elements, 1)?;
    Ok(Read::Reply(match kind {
        b"+" => Reply::Status(text.into_owned()),
        b"-" => Reply::Error(ServerError::new(text.into_owned())),
        b":" => Reply::Integer(text.parse().map_err(|_| ExchangeError::Unexpected)?),
        b"$" => match length(&text)? {
            Some(octets) => {
                spend(&mut budget.octets, octets)?;
                Reply::Bulk(string(stream, octets).await?)
            }
            None => Reply::Nil,
        },
        b"*" => match length(&text)? {
            Some(elements) if elements <= budget.elements => return Ok(Read::Array(elements)),
            Some(_) => return Err(ExchangeError::Unexpected),
            None => Reply::Nil,
        },
        _ => return Err(ExchangeError::Unexpected),
    }))
}

fn spend(budget: &mut usize, amount: usize) -> Result<(), ExchangeError> {
    *budget = budget.checked_sub(amount).ok_or(ExchangeError::Unexpected)?;
    Ok(())
}

/// A length; `None` for the -1 of a null value.
fn length(text: &str) -> Result<Option<usize>, ExchangeError> {
    if text == "-1" { Ok(None) } else { text.parse().map(Some).map_err(|_| ExchangeError::Unexpected) }
}

/// A line without its end.
async fn line(stream: &mut (impl AsyncBufRead + Unpin)) -> Result<Vec<u8>, ExchangeError> {
    let mut line = Vec::new();
    stream.take(LONGEST_LINE).read_until(b'\n', &mut line).await.map_err(broken)?;
    if line.ends_with(b"\r\n") {
        line.truncate(line.len() - 2);
        Ok(line)
    } else if line.ends_with(b"\n") || line.len() as u64 == LONGEST_LINE {
        Err(ExchangeError::Unexpected)
    } else {
        Err(ExchangeError::Io(io::ErrorKind::UnexpectedEof.into()))
    }
}

/// A string of so many octets, and the end of its line. Memory grows with what arrives and not with what is announced.
async fn string(stream: &mut (impl AsyncBufRead + Unpin), octets: usize) -> Result<Vec<u8>, ExchangeError> {
    let mut string = Vec::new();
    stream.take(octets as u64 + 2).read_to_end(&mut string).await.map_err(broken)?;
    if string.len() < octets + 2 {
        return Err(ExchangeError::Io(io::ErrorKind::UnexpectedEof.into()));
    }
    if string.split_off(octets) == b"\r\n" { Ok(string) } else { Err(ExchangeError::Unexpected) }
}

/// A connection that the server reset is one that it closed.
fn broken(error: io::Error) -> ExchangeError {
    match error.kind() {
        io::ErrorKind::ConnectionReset | io::ErrorKind::BrokenPipe | io::ErrorKind::NotConnected => {
            ExchangeError::Io(io::ErrorKind::UnexpectedEof.into())
        }
        _ => ExchangeError::Io(error),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// The first reply in `octets`, after which the stream ends, and what remains.
    fn parsed(octets: &[u8]) -> Result<(Result<Reply, ServerError>, bool), ExchangeError> {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        runtime.block_on(async {
            let mut replies = Replies::new(octets);
            let reply = replies.next().await?;
            Ok((reply, replies.is_empty()))
        })
    }

    fn whole(octets: &[u8]) -> Reply {
        let (reply, nothing_left) = parsed(octets).unwrap();
        assert!(nothing_left);
        reply.unwrap()
    }

    #[test]
    fn each_kind_of_reply_is_read() {
        assert_eq!(whole(b"+OK\r\n"), Reply::Status("OK".into()));
        assert_eq!(whole(b":-42\r\n"), Reply::Integer(-42));
        assert_eq!(whole(b"$-1\r\n"), Reply::Nil);
        assert_eq!(whole(b"*-1\r\n"), Reply::Nil);
        assert_eq!(whole(b"$0\r\n\r\n"), Reply::Bulk(Vec::new()));
        assert_eq!(whole(b"$4\r\na\r\n\xff\r\n"), Reply::Bulk(b"a\r\n\xff".to_vec()));
        let nested = Reply::Array(vec![Reply::Array(vec![]), Reply::Array(vec![Reply::Integer(1)]), Reply::Nil]);
        assert_eq!(whole(b"*3\r\n*0\r\n*1\r\n:1\r\n$-1\r\n"), nested);
    }

    #[test]
    fn an_error_has_a_code_and_details() {
        let error = parsed(b"-NOAUTH Authentication required.\r\n").unwrap().0.unwrap_err();
        assert_eq!((error.code(), error.details()), ("NOAUTH", Some("Authentication required.")));
        let error = parsed(b"-LOADING\r\n").unwrap().0.unwrap_err();
        assert_eq!((error.code(), error.details()), ("LOADING", None));
    }

    #[test]
    fn an_error_within_an_array_fails_only_itself() {
        let Reply::Array(elements) = whole(b"*2\r\n-ERR no\r\n:1\r\n") else { panic!("no array") };
        assert!(matches!(elements.as_slice(), [Reply::Error(error), Reply::Integer(1)] if error.code() == "ERR"));
    }

    #[test]
    fn what_is_no_reply_is_unexpected() {
        let long = [b"+".as_slice(), &[b'a'; LONGEST_LINE as usize], b"\r\n"].concat();
        let deep = b"*1\r\n".repeat(DEEPEST + 1);
        let wide = format!("*{}\r\n", MOST_ELEMENTS + 1);
        let large = format!("${}\r\n", MOST_OCTETS + 1);
        for octets in [
            b"\r\n".as_slice(),
            b"HTTP/1.1 400 Bad Request\r\n",
            b"+OK\n",
            b":\r\n",
            b":1.5\r\n",
            b"$-2\r\n",
            b"*18446744073709551616\r\n",
            b"$18446744073709551615\r\n",
            b"$1\r\nabc",
            b"%1\r\n",
            &long,
            &deep,
            wide.as_bytes(),
            large.as_bytes(),
        ] {
            let shown = String::from_utf8_lossy(&octets[..octets.len().min(40)]);
            assert!(matches!(parsed(octets), Err(ExchangeError::Unexpected)), "{shown}: {:?}", parsed(octets));
        }
    }

    #[test]
    fn all_strings_of_a_reply_share_one_bound() {
        let half = MOST_OCTETS / 2;
        let mut octets = b"*3\r\n".to_vec();
        for _ in 0..3 {
            octets.extend_from_slice(format!("${half}\r\n").as_bytes());
            octets.resize(octets.len() + half, b'a');
            octets.extend_from_slice(b"\r\n");
        }
        assert!(matches!(parsed(&octets), Err(ExchangeError::Unexpected)));
    }

    #[test]
    fn a_reply_cut_short_is_a_closed_connection() {
        let reply = b"*2\r\n$3\r\nabc\r\n:12\r\n";
        for end in 0..reply.len() {
            let cut = parsed(&reply[..end]);
            let closed = matches!(&cut, Err(ExchangeError::Io(error)) if error.kind() == io::ErrorKind::UnexpectedEof);
            assert!(closed, "{end}: {cut:?}");
        }
    }

    fn any_reply() -> impl Strategy<Value = Reply> {
        let leaf = prop_oneof![
            Just(Reply::Nil),
            "[ -~]{0,20}".prop_map(Reply::Status),
            any::<i64>().prop_map(Reply::Integer),
            prop::collection::vec(any::<u8>(), 0..40).prop_map(Reply::Bulk),
        ];
        leaf.prop_recursive(6, 60, 6, |inner| prop::collection::vec(inner, 0..6).prop_map(Reply::Array))
    }

    fn written(reply: &Reply, out: &mut Vec<u8>) {
        match reply {
            Reply::Nil => out.extend_from_slice(b"$-1\r\n"),
            Reply::Status(text) => out.extend_from_slice(format!("+{text}\r\n").as_bytes()),
            Reply::Integer(number) => out.extend_from_slice(format!(":{number}\r\n").as_bytes()),
            Reply::Bulk(octets) => {
                out.extend_from_slice(format!("${}\r\n", octets.len()).as_bytes());
                out.extend_from_slice(octets);
                out.extend_from_slice(b"\r\n");
            }
            Reply::Array(elements) => {
                out.extend_from_slice(format!("*{}\r\n", elements.len()).as_bytes());
                elements.iter().for_each(|element| written(element, out));
            }
            Reply::Error(error) => out.extend_from_slice(format!("-{}\r\n", error.code()).as_bytes()),
        }
    }

    proptest! {
        #[test]
        fn what_is_written_is_read(reply in any_reply()) {
            let mut octets = Vec::new();
            written(&reply, &mut octets);
            prop_assert_eq!(whole(&octets), reply);
        }

        #[test]
        fn no_octets_are_more_than_an_error(octets in prop::collection::vec(prop_oneof![
            prop::sample::select(b"*$:+-\r\n0123456789".as_slice()), any::<u8>()], 0..80)) {
            let _ = parsed(&octets);
        }
    }
}
