//! TCP streams to targets: every address of a host gets its share of the time, and what falls silent is noticed by the
//! kernel. Knows no protocol.

use std::io;
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use socket2::{SockRef, TcpKeepalive};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio::time::timeout;

use crate::transport::lookup;

/// Quiet before the kernel asks whether the other end is still there, and between its questions.
const KEEPALIVE: (Duration, Duration) = (Duration::from_secs(30), Duration::from_secs(10));
/// How long sent octets may stay unacknowledged before the kernel gives the connection up.
const UNACKNOWLEDGED: Duration = Duration::from_secs(20);

/// A byte stream of any kind.
pub(crate) trait Stream: AsyncRead + AsyncWrite + Unpin + Send + Sync {}
impl<S: AsyncRead + AsyncWrite + Unpin + Send + Sync> Stream for S {}

/// Why there is no connection.
#[derive(Debug)]
pub(crate) enum Unreached {
    /// The system said so.
    Io(io::Error),
    /// Nobody answered within this time.
    Late(Duration),
}

impl From<io::Error> for Unreached {
    fn from(error: io::Error) -> Self {
        Self::Io(error)
    }
}

/// A TCP stream to the first address of `host` that answers. The caller brings the deadline for the name's lookup.
pub(crate) async fn tcp(host: &str, port: u16, until: Instant) -> Result<TcpStream, Unreached> {
    let addresses = lookup::addresses(host).await?;
    let mut left = u32::try_from(addresses.len()).unwrap_or(u32::MAX);
    let mut failure = io::Error::other("the host name has no address").into();
    for address in addresses.into_iter().map(|address| SocketAddr::new(address, port)) {
        let share = until.saturating_duration_since(Instant::now()) / left.max(1);
        left = left.saturating_sub(1);
        match timeout(share, TcpStream::connect(address)).await {
            Ok(Ok(stream)) => {
                settle(&stream)?;
                return Ok(stream);
            }
            Ok(Err(error)) => failure = Unreached::Io(error),
            Err(_) => failure = Unreached::Late(share),
        }
    }
    Err(failure)
}

fn settle(stream: &TcpStream) -> io::Result<()> {
    stream.set_nodelay(true)?;
    let socket = SockRef::from(stream);
    socket.set_tcp_keepalive(&TcpKeepalive::new().with_time(KEEPALIVE.0).with_interval(KEEPALIVE.1))?;
    #[cfg(target_os = "linux")]
    socket.set_tcp_user_timeout(Some(UNACKNOWLEDGED))?;
    Ok(())
}
