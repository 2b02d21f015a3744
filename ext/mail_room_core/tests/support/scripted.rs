//! A server on a free port that says exactly what a test wants and hears every byte. It knows no IMAP.

use std::future::Future;
use std::sync::Arc;

use tokio::io::{AsyncBufReadExt, AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, BufReader};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;
use tokio_rustls::TlsAcceptor;

/// Any stream to a client.
pub trait Io: AsyncRead + AsyncWrite + Unpin + Send {}
impl<T: AsyncRead + AsyncWrite + Unpin + Send> Io for T {}

/// A listening server and the script it plays to its first client.
pub struct Scripted {
    pub port: u16,
    playing: JoinHandle<()>,
}

impl Scripted {
    /// Plays `script` to whoever connects first.
    pub async fn play<F>(script: impl FnOnce(Talk) -> F + Send + 'static) -> Self
    where
        F: Future<Output = ()> + Send,
    {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let playing = tokio::spawn(async move {
            let (stream, _) = listener.accept().await.unwrap();
            script(Talk::new(Box::new(stream))).await;
        });
        Self { port, playing }
    }

    /// Waits for the end of the script; a failed assertion in it fails the test.
    pub async fn played(self) {
        if let Err(error) = self.playing.await {
            std::panic::resume_unwind(error.into_panic());
        }
    }
}

/// The server's end of the conversation.
pub struct Talk {
    stream: BufReader<Box<dyn Io>>,
    /// The tag of the last command heard.
    pub tag: String,
}

impl Talk {
    fn new(stream: Box<dyn Io>) -> Self {
        Self { stream: BufReader::new(stream), tag: String::new() }
    }

    /// Sends `bytes`; a client that has gone is no failure.
    pub async fn say(&mut self, bytes: impl AsRef<[u8]>) {
        let _ = self.stream.write_all(bytes.as_ref()).await;
        let _ = self.stream.flush().await;
    }

    /// The next line, with its CRLF checked and taken off; empty at the end.
    pub async fn hear(&mut self) -> String {
        let mut line = Vec::new();
        // A client that drops the connection with bytes unread resets it: that is an end, too.
        let _ = self.stream.read_until(b'\n', &mut line).await;
        let line = String::from_utf8(line).unwrap();
        if line.is_empty() { line } else { line.strip_suffix("\r\n").expect("CRLF").to_owned() }
    }

    /// Reads exactly these bytes.
    pub async fn hear_bytes(&mut self, expected: &[u8]) {
        let mut bytes = vec![0; expected.len()];
        self.stream.read_exact(&mut bytes).await.unwrap();
        assert_eq!(String::from_utf8_lossy(&bytes), String::from_utf8_lossy(expected));
    }

    /// Expects `command` with any tag, and remembers the tag.
    pub async fn expect(&mut self, command: &str) {
        let line = self.hear().await;
        let (tag, rest) = line.split_once(' ').unwrap_or((&line, ""));
        assert_eq!(rest, command);
        assert!(tag.starts_with('A'), "{tag}");
        self.tag = tag.to_owned();
    }

    /// Answers the last command heard with `text`.
    pub async fn answer(&mut self, text: &str) {
        let line = format!("{} {text}\r\n", self.tag);
        self.say(line).await;
    }

    /// Expects `command`, sends `data`, answers OK.
    pub async fn serve(&mut self, command: &str, data: impl AsRef<[u8]>) {
        self.expect(command).await;
        self.say(data).await;
        self.answer("OK done").await;
    }

    /// Expects the end of the connection.
    pub async fn gone(&mut self) {
        assert_eq!(self.hear().await, "");
    }

    /// Expects LOGOUT and the end.
    pub async fn goodbye(&mut self) {
        self.serve("LOGOUT", "* BYE bye\r\n").await;
        self.gone().await;
    }

    /// From the greeting to a selected INBOX with UIDVALIDITY 7.
    pub async fn open(&mut self, capabilities: &str) {
        self.say(format!("* OK [CAPABILITY IMAP4rev1 {capabilities}] ready\r\n")).await;
        self.expect(&format!("LOGIN \"me@example.com\" \"{}\"", super::PASSWORD)).await;
        self.answer(&format!("OK [CAPABILITY IMAP4rev1 {capabilities}] logged in")).await;
        let data = "* FLAGS (\\Seen)\r\n* 3 EXISTS\r\n* OK [UIDVALIDITY 7] valid\r\n";
        self.expect("SELECT \"INBOX\"").await;
        self.say(data).await;
        self.answer("OK [READ-WRITE] selected").await;
    }

    /// Turns this end into TLS.
    pub async fn encrypted(self, config: Arc<rustls::ServerConfig>) -> std::io::Result<Self> {
        let stream = TlsAcceptor::from(config).accept(self.stream.into_inner()).await?;
        Ok(Self::new(Box::new(stream)))
    }
}
