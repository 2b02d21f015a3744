//! TCP streams to targets and mail servers. Every address of a host gets its share of the time, and the kernel notices when the
//! other end is gone. Knows no protocol.

use std::io;
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use socket2::{SockRef, TcpKeepalive};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio::time::timeout;

use crate::error::Error;
use crate::transport::lookup;

/// When the kernel notices that the other end is gone.
pub(crate) struct Keepalive {
    /// Idle time before the first probe, and between probes.
    keepalive: (Duration, Duration),
    /// How long sent octets may stay unacknowledged (RFC 5482): without it the kernel tries again for a quarter of an hour.
    unacknowledged: Duration,
}

pub(crate) const TARGET: Keepalive = Keepalive {
    keepalive: (Duration::from_secs(30), Duration::from_secs(10)),
    unacknowledged: Duration::from_secs(20),
};
/// A mailbox is idle most of the time. A server that has vanished is noticed within two minutes.
const MAIL_SERVER: Keepalive = Keepalive {
    keepalive: (Duration::from_secs(60), Duration::from_secs(15)),
    unacknowledged: Duration::from_secs(90),
};
/// Probes before the kernel gives up.
const PROBES: u32 = 4;

/// A byte stream of any kind.
pub(crate) trait Stream: AsyncRead + AsyncWrite + Unpin + Send + Sync {}
impl<S: AsyncRead + AsyncWrite + Unpin + Send + Sync> Stream for S {}

/// Why there is no connection.
#[derive(Debug)]
pub(crate) enum ConnectError {
    /// The error of the system.
    Io(io::Error),
    /// Nobody answered within this time.
    Late(Duration),
}

impl From<io::Error> for ConnectError {
    fn from(error: io::Error) -> Self {
        Self::Io(error)
    }
}

/// A TCP stream to the first address of `host` that answers. The caller brings the deadline for the name's lookup.
pub(crate) async fn tcp(host: &str, port: u16, until: Instant) -> Result<TcpStream, ConnectError> {
    let addresses: Vec<_> = lookup::addresses(host).await?.into_iter().map(|ip| SocketAddr::new(ip, port)).collect();
    let (stream, mut failures) = first(&addresses, until).await;
    let none = || io::Error::other("the host name has no address").into();
    let stream = stream.ok_or_else(|| failures.pop().map_or_else(none, |(_, failure)| failure))?;
    settle(&stream, &TARGET);
    Ok(stream)
}

/// The addresses of a mail server, and how long the lookup took. Ends within `limit`.
pub(crate) async fn resolve(host: &str, port: u16, limit: Duration) -> crate::Result<(Vec<SocketAddr>, Duration)> {
    let started = Instant::now();
    match timeout(limit, lookup::addresses(host)).await {
        Ok(Ok(addresses)) => {
            let addresses = addresses.into_iter().map(|address| SocketAddr::new(address, port));
            Ok((addresses.collect(), started.elapsed()))
        }
        Ok(Err(error)) => Err(Error::Reconnect(format!("the host name cannot be resolved: {error}"))),
        Err(_) => Err(Error::Reconnect(format!("the host name was not resolved within {} s", limit.as_secs_f32()))),
    }
}

/// A TCP stream to the first of a mail server's `addresses` that answers until `until`.
pub(crate) async fn connect(addresses: &[SocketAddr], until: Instant) -> crate::Result<TcpStream> {
    let (stream, failures) = first(addresses, until).await;
    if let Some(stream) = stream {
        settle(&stream, &MAIL_SERVER);
        return Ok(stream);
    }
    let failures = failures.into_iter().take(4).map(|(address, failure)| match failure {
        ConnectError::Io(error) => format!("{}: {error}", address.ip()),
        ConnectError::Late(_) => format!("{}: no answer in time", address.ip()),
    });
    Err(Error::Reconnect(format!("cannot connect: {}", failures.collect::<Vec<_>>().join("; "))))
}

/// Tries `addresses` in order; each gets an equal share of the time that is left. Also returns why the others failed.
async fn first(addresses: &[SocketAddr], until: Instant) -> (Option<TcpStream>, Vec<(SocketAddr, ConnectError)>) {
    let mut left = u32::try_from(addresses.len()).unwrap_or(u32::MAX);
    let mut failures = Vec::new();
    for address in addresses {
        let share = until.saturating_duration_since(Instant::now()) / left.max(1);
        left = left.saturating_sub(1);
        match timeout(share, TcpStream::connect(address)).await {
            Ok(Ok(stream)) => return (Some(stream), failures),
            Ok(Err(error)) => failures.push((*address, ConnectError::Io(error))),
            Err(_) => failures.push((*address, ConnectError::Late(share))),
        }
    }
    (None, failures)
}

/// Sets the options of an open stream: no delay, and when the kernel notices that the other end is gone. An option that this system
/// does not have is no reason not to connect: every wait has a deadline of its own.
pub(crate) fn settle(stream: &TcpStream, patience: &Keepalive) {
    stream.set_nodelay(true).ok();
    let socket = SockRef::from(stream);
    let (quiet, between) = patience.keepalive;
    let keepalive = TcpKeepalive::new().with_time(quiet).with_interval(between).with_retries(PROBES);
    socket.set_tcp_keepalive(&keepalive).ok();
    #[cfg(target_os = "linux")]
    socket.set_tcp_user_timeout(Some(patience.unacknowledged)).ok();
}
