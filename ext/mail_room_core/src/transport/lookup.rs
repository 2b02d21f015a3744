//! Looks up host names with the system's resolver, which has no deadline and cannot be cancelled. Each name is looked up on a
//! thread of its own, once at a time, so that a lookup that hangs does not delay other names.

use std::ffi::OsStr;
use std::future::Future;
use std::io;
use std::net::{IpAddr, SocketAddr, ToSocketAddrs};
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;
use std::vec;

use hyper_util::client::legacy::connect::dns::Name;
use tower_service::Service;

use crate::system::blocking::{BlockingError, Threads};

/// How long callers wait for a lookup. The lookup itself goes on.
const WITHIN: Duration = Duration::from_secs(30);

static LOOKUPS: Threads<io::Result<Vec<IpAddr>>> = Threads::new("mail_room name", 4, 256);

/// The addresses of `host`, a name or an address, in the order of the resolver. The caller brings a deadline below 30 s.
///
/// # Errors
/// The error of the resolver; [`io::ErrorKind::TimedOut`] if it does not answer.
pub(crate) async fn addresses(host: &str) -> io::Result<Vec<IpAddr>> {
    let bare = host.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')).unwrap_or(host);
    if let Ok(address) = bare.parse::<IpAddr>() {
        return Ok(vec![address]);
    }
    let name = host.to_lowercase();
    let found = LOOKUPS
        .run(OsStr::new(&name), WITHIN, {
            let name = name.clone();
            move || look_up(&name)
        })
        .await;
    match found.as_deref() {
        Ok(Ok(addresses)) => Ok(addresses.clone()),
        Ok(Err(error)) => Err(io::Error::new(error.kind(), error.to_string())),
        Err(BlockingError::Late(_)) => Err(io::Error::new(io::ErrorKind::TimedOut, "the resolver does not answer")),
        Err(unfinished) => Err(io::Error::other(format!("the name was not looked up: {unfinished}"))),
    }
}

/// Blocks.
fn look_up(name: &str) -> io::Result<Vec<IpAddr>> {
    let mut addresses: Vec<IpAddr> = Vec::new();
    for address in (name, 0).to_socket_addrs()? {
        if !addresses.contains(&address.ip()) {
            addresses.push(address.ip());
        }
    }
    if addresses.is_empty() { Err(io::Error::other("the host name has no address")) } else { Ok(addresses) }
}

/// The resolver for HTTP. The port of its addresses is 0.
#[derive(Debug, Clone)]
pub(crate) struct Resolver;

impl Service<Name> for Resolver {
    type Response = vec::IntoIter<SocketAddr>;
    type Error = io::Error;
    type Future = Pin<Box<dyn Future<Output = io::Result<Self::Response>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, name: Name) -> Self::Future {
        Box::pin(async move {
            let addresses = addresses(name.as_str()).await?;
            Ok(addresses.into_iter().map(|address| SocketAddr::new(address, 0)).collect::<Vec<_>>().into_iter())
        })
    }
}
