//! From host names to addresses, with the system's resolver. It has no deadline of ours and cannot be called off, so each name is
//! looked up once at a time, on a thread of its own: a name whose lookup hangs holds up no other.

use std::ffi::OsStr;
use std::io;
use std::net::{IpAddr, SocketAddr, ToSocketAddrs};
use std::time::Duration;

use reqwest::dns::{Addrs, Name, Resolve, Resolving};

use crate::system::blocking::{Threads, Unfinished};

/// A name that takes longer is given up by whoever waits for it; the lookup itself goes on.
const WITHIN: Duration = Duration::from_secs(30);

static LOOKUPS: Threads<io::Result<Vec<IpAddr>>> = Threads::new("mail_room name", 4, 256);

/// The addresses of `host`, which is a name or an address, in the resolver's order. The caller brings a deadline of less than 30 s.
///
/// # Errors
/// What the resolver says; [`io::ErrorKind::TimedOut`] if it says nothing.
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
        Err(Unfinished::Late(_)) => Err(io::Error::new(io::ErrorKind::TimedOut, "the resolver does not answer")),
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

/// The same for HTTP.
#[derive(Debug)]
pub(crate) struct Resolver;

impl Resolve for Resolver {
    fn resolve(&self, name: Name) -> Resolving {
        Box::pin(async move {
            let addresses = addresses(name.as_str()).await?;
            Ok(Box::new(addresses.into_iter().map(|address| SocketAddr::new(address, 0))) as Addrs)
        })
    }
}
