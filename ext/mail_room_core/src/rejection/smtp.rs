//! Hands a mail to an SMTP server (RFC 5321) within one deadline. The stream and its TLS come from `transport`; lettre
//! speaks the protocol.

use std::fmt;
use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use lettre::address::Envelope;
use lettre::transport::smtp::authentication::{Credentials, Mechanism};
use lettre::transport::smtp::client::{AsyncSmtpConnection, AsyncTokioStream};
use lettre::transport::smtp::extension::ClientId;
use secrecy::ExposeSecret;
use tokio::io::{AsyncBufReadExt, AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, BufReader, ReadBuf};
use tokio::net::TcpStream;
use tokio::time::timeout;

use crate::config::{Smtp, SmtpSecurity};
use crate::error::Error;
use crate::transport::stream;
use crate::transport::tcp::{self, ConnectError, Stream};
use crate::transport::tls;

/// How long a check waits for greeting and login; less than a notice does.
const ASKED_WITHIN: Duration = Duration::from_secs(20);
/// Octets of a reply in several lines.
const REPLY: u64 = 64 << 10;

/// Why a mail was not accepted.
#[derive(Debug)]
pub(super) enum SmtpError {
    /// The server refuses this mail or this address, and would refuse it again.
    Refused(Error),
    /// The server is down, or refuses us.
    Down(Error),
}

/// Gives `mail` to the server.
pub(super) async fn send(config: &Smtp, envelope: &Envelope, mail: &[u8]) -> Result<(), SmtpError> {
    let within = Duration::from_secs(config.timeout.max(1));
    match timeout(within, hand_over(config, envelope, mail, Instant::now() + within)).await {
        Ok(sent) => sent,
        Err(_) => Err(down(config, &format!("no answer within {} s", within.as_secs()))),
    }
}

/// Checks that the server answers and accepts our login. Sends nothing.
///
/// # Errors
/// [`Error::TargetDown`].
pub(crate) async fn ask(config: &Smtp) -> Result<(), Error> {
    let within = Duration::from_secs(config.timeout.max(1)).min(ASKED_WITHIN);
    let asked = async {
        let mut connection = log_in(config, Instant::now() + within).await?;
        connection.quit().await.ok();
        Ok(())
    };
    let late = || Err(down(config, &format!("no answer within {} s", within.as_secs())));
    match timeout(within, asked).await.unwrap_or_else(|_| late()) {
        Ok(()) => Ok(()),
        Err(SmtpError::Refused(error) | SmtpError::Down(error)) => Err(error),
    }
}

async fn hand_over(config: &Smtp, envelope: &Envelope, mail: &[u8], until: Instant) -> Result<(), SmtpError> {
    let mut connection = log_in(config, until).await?;
    connection.send(envelope, mail).await.map_err(|error| classify(config, &error))?;
    // The server has accepted the mail; a failed QUIT changes nothing.
    connection.quit().await.ok();
    Ok(())
}

/// Opens a connection and logs in.
async fn log_in(config: &Smtp, until: Instant) -> Result<AsyncSmtpConnection, SmtpError> {
    let stream = open(config, until).await?;
    let hello = ClientId::Domain(config.domain.clone());
    let mut connection = AsyncSmtpConnection::connect_with_transport(Box::new(stream), &hello)
        .await
        .map_err(|error| classify(config, &error))?;
    if let (Some(user), Some(password)) = (&config.username, &config.password) {
        let credentials = Credentials::new(user.clone(), password.expose_secret().to_owned());
        let mechanisms = [Mechanism::Plain, Mechanism::Login];
        // A refused login is not the mail's fault.
        connection.auth(&mechanisms, &credentials).await.map_err(|error| match error.status() {
            Some(code) => down(config, &format!("it answered {code} to the login; correct user_name and password")),
            None => classify(config, &error),
        })?;
    }
    Ok(connection)
}

/// Opens a stream on which the server greets, encrypted as `security` requires.
async fn open(config: &Smtp, until: Instant) -> Result<Greeting, SmtpError> {
    let stream = tcp::tcp(&config.host, config.port, until).await.map_err(|unreached| match unreached {
        ConnectError::Io(error) => down(config, &format!("{error}; check address and port")),
        ConnectError::Late(within) => down(config, &format!("no connection within {} s", within.as_secs())),
    })?;
    match config.security {
        SmtpSecurity::Plain => Ok(Greeting { said: b"", stream: Box::new(stream) }),
        SmtpSecurity::Tls => Ok(Greeting { said: b"", stream: encrypted(config, stream, until).await? }),
        SmtpSecurity::StartTls | SmtpSecurity::Auto => start_tls(config, stream, until).await,
    }
}

/// STARTTLS (RFC 3207). Refuses a server that goes on in plain text before the TLS handshake.
async fn start_tls(config: &Smtp, stream: TcpStream, until: Instant) -> Result<Greeting, SmtpError> {
    let mut stream = BufReader::new(stream);
    let broken = |error: io::Error| down(config, &format!("the connection broke: {error}"));
    expect(config, reply(&mut stream).await.map_err(broken)?, "220")?;
    stream.write_all(format!("EHLO {}\r\n", config.domain).as_bytes()).await.map_err(broken)?;
    let capabilities = expect(config, reply(&mut stream).await.map_err(broken)?, "250")?;
    let offered = capabilities.iter().any(|line| line.eq_ignore_ascii_case("STARTTLS"));
    if !offered {
        return if config.security == SmtpSecurity::Auto && config.password.is_none() {
            Ok(Greeting { said: b"220 \r\n", stream: Box::new(stream.into_inner()) })
        } else {
            Err(down(config, "it offers no STARTTLS; set starttls: false, or tls: true if it encrypts from the start"))
        };
    }
    stream.write_all(b"STARTTLS\r\n").await.map_err(broken)?;
    expect(config, reply(&mut stream).await.map_err(broken)?, "220")?;
    if !stream.buffer().is_empty() {
        return Err(down(config, "it sent plain text after STARTTLS; somebody in between may have sent it"));
    }
    // The server does not greet again after STARTTLS, but lettre waits for a greeting.
    Ok(Greeting { said: b"220 \r\n", stream: encrypted(config, stream.into_inner(), until).await? })
}

async fn encrypted(config: &Smtp, stream: TcpStream, until: Instant) -> Result<Box<dyn Stream>, SmtpError> {
    let options = tls::client_config(&config.tls).await.map_err(|error| down(config, &error.to_string()))?;
    let encrypted = stream::encrypt(options, &config.host, stream, until).await;
    encrypted.map_err(|error| down(config, &tls::reason(&error)))
}

/// Reads the lines of a reply, codes included.
async fn reply(stream: &mut BufReader<TcpStream>) -> io::Result<Vec<String>> {
    let mut lines = Vec::new();
    let mut left = REPLY;
    loop {
        let mut line = Vec::new();
        let octets = stream.take(left).read_until(b'\n', &mut line).await?;
        left = left.saturating_sub(u64::try_from(octets).unwrap_or(u64::MAX));
        if line.last() != Some(&b'\n') {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        let text = String::from_utf8_lossy(&line).trim_end().to_owned();
        let last = text.as_bytes().get(3) != Some(&b'-');
        lines.push(text);
        if last {
            return Ok(lines);
        }
    }
}

/// The texts behind the codes if all codes are `code`.
fn expect(config: &Smtp, lines: Vec<String>, code: &str) -> Result<Vec<String>, SmtpError> {
    let lines: Option<Vec<_>> = lines
        .iter()
        .map(|line| line.strip_prefix(code).map(|rest| rest.get(1..).unwrap_or_default().to_owned()))
        .collect();
    lines.ok_or_else(|| down(config, "it does not greet as an SMTP server does; check address and port"))
}

/// Describes an error without the server's words, which may contain an address.
fn classify(config: &Smtp, error: &lettre::transport::smtp::Error) -> SmtpError {
    let Some(code) = error.status() else {
        let what = match std::error::Error::source(error) {
            Some(cause) if cause.is::<io::Error>() => format!("the connection broke: {cause}"),
            Some(cause) => cause.to_string(),
            None => "it does not answer as an SMTP server does".to_owned(),
        };
        return down(config, &what);
    };
    let words = error.to_string();
    let about_us = ["5.7.", "5.3.", "5.5."].iter().any(|enhanced| words.contains(enhanced));
    let code = code.to_string();
    match code.as_str() {
        // RFC 3463: the reason is not the address (1), the mailbox (2) or the content (6).
        "550" | "551" | "552" | "553" | "554" | "555" if !about_us => {
            SmtpError::Refused(Error::Message(format!("{} answered {code}: it takes no such mail", shown(config))))
        }
        _ => down(config, &format!("it answered {code}; see its log (may we send from here, and as this sender?)")),
    }
}

fn down(config: &Smtp, why: &str) -> SmtpError {
    SmtpError::Down(Error::target_down(format!("{}: {why}", shown(config))))
}

fn shown(config: &Smtp) -> String {
    format!("SMTP server {}:{}", config.host, config.port)
}

/// A stream that yields a substitute greeting first.
struct Greeting {
    said: &'static [u8],
    stream: Box<dyn Stream>,
}

impl fmt::Debug for Greeting {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Greeting")
    }
}

impl AsyncTokioStream for Greeting {
    fn peer_addr(&self) -> io::Result<SocketAddr> {
        Err(io::ErrorKind::Unsupported.into())
    }
}

impl AsyncRead for Greeting {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        if self.said.is_empty() {
            return Pin::new(&mut self.stream).poll_read(cx, buf);
        }
        let (now, later) = self.said.split_at(self.said.len().min(buf.remaining()));
        buf.put_slice(now);
        self.said = later;
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for Greeting {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(cx, buf)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}
