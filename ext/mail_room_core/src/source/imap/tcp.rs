//! From a host name to an open TCP connection that notices when its peer is gone. No TLS and no IMAP.

use std::net::SocketAddr;
use std::time::Duration;

use socket2::{SockRef, TcpKeepalive};
use tokio::net::TcpStream;
use tokio::time::{Instant, timeout, timeout_at};

use crate::error::{Error, Result};
use crate::transport::lookup;

/// A peer that vanished is noticed after 60 s of silence and four probes 15 s apart: within two minutes.
const KEEPALIVE_IDLE: Duration = Duration::from_secs(60);
const KEEPALIVE_INTERVAL: Duration = Duration::from_secs(15);
const KEEPALIVE_PROBES: u32 = 4;
/// How long sent bytes may stay unacknowledged (RFC 5482): without it the kernel tries again for a quarter of an hour.
#[cfg(target_os = "linux")]
const USER_TIMEOUT: Duration = Duration::from_secs(90);

/// The addresses of `host`, and how long finding them took. Ends within `limit`.
pub(super) async fn resolve(host: &str, port: u16, limit: Duration) -> Result<(Vec<SocketAddr>, Duration)> {
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

/// Tries `addresses` in their order until `until`; each gets its fair share of the time that is left.
pub(super) async fn connect(addresses: &[SocketAddr], until: Instant) -> Result<TcpStream> {
    let mut failures = Vec::new();
    for (tried, address) in addresses.iter().enumerate() {
        let left = until.saturating_duration_since(Instant::now());
        let others = u32::try_from(addresses.len() - tried).unwrap_or(u32::MAX).max(1);
        match timeout_at(Instant::now() + left / others, TcpStream::connect(address)).await {
            Ok(Ok(stream)) => {
                tune(&stream);
                return Ok(stream);
            }
            Ok(Err(error)) => failures.push(format!("{}: {error}", address.ip())),
            Err(_) => failures.push(format!("{}: no answer in time", address.ip())),
        }
    }
    failures.truncate(4);
    Err(Error::Reconnect(format!("cannot connect: {}", failures.join("; "))))
}

/// Options that make a dead peer visible. One that this system does not have is no reason not to fetch mail: the
/// deadlines of every read still hold.
fn tune(stream: &TcpStream) {
    let _ = stream.set_nodelay(true);
    let socket = SockRef::from(stream);
    let keepalive =
        TcpKeepalive::new().with_time(KEEPALIVE_IDLE).with_interval(KEEPALIVE_INTERVAL).with_retries(KEEPALIVE_PROBES);
    let _ = socket.set_tcp_keepalive(&keepalive);
    #[cfg(target_os = "linux")]
    let _ = socket.set_tcp_user_timeout(Some(USER_TIMEOUT));
}
