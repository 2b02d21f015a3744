//! Opens connections: stream, TLS, login, database. The caller brings the deadline for all of it.

use std::time::Instant;

use tokio::net::UnixStream;

use super::address::{Address, Login, Server};
use super::connection::{Command, Connection};
use super::sentinel;
use super::stream::tcp;
use super::trouble::Trouble;
use crate::error::Error;

/// Opens a connection to the server that `address` means now, ready for commands. Asks the Sentinels if there are any.
pub(crate) async fn connect(address: &Address, until: Instant) -> Result<Connection, Trouble> {
    let stream = match &address.server {
        Server::Tcp { host, port } => tcp(host, *port, address.tls.as_ref(), until).await?,
        Server::Unix(path) => Box::new(UnixStream::connect(path).await?),
        Server::Sentinel { master, sentinels, login } => {
            let (host, port) = sentinel::find_master(master, sentinels, login.as_ref(), until).await?;
            tcp(&host, port, address.tls.as_ref(), until).await?
        }
    };
    let mut connection = Connection::new(stream);
    let by_sentinel = matches!(address.server, Server::Sentinel { .. });
    greet(&mut connection, address.login.as_ref(), address.db, by_sentinel).await?;
    Ok(connection)
}

/// Logs in, selects the database and checks that the server takes commands, in one round trip.
async fn greet(
    connection: &mut Connection,
    login: Option<&Login>,
    db: i64,
    has_to_be_master: bool,
) -> Result<(), Trouble> {
    let mut commands: Vec<_> = login.map(Command::auth).into_iter().collect();
    if db != 0 {
        commands.push(Command::new("SELECT").owned(db.to_string()));
    }
    // A server that is still loading, or that wants a login, refuses these.
    commands.push(Command::new(if has_to_be_master { "ROLE" } else { "PING" }));
    let mut replies = connection.exchange(&commands).await?;
    let last = replies.pop();
    for reply in replies {
        reply.map_err(Trouble::Server)?;
    }
    let last = match last {
        // The server takes commands, though not this one.
        Some(Err(error)) if !has_to_be_master && error.code() == "NOPERM" => return Ok(()),
        Some(reply) => reply.map_err(Trouble::Server)?,
        None => return Err(Trouble::Nonsense),
    };
    if has_to_be_master && !sentinel::is_master(&last) {
        return Err(Trouble::Told(Error::target_down(
            "the Sentinels name a server that is no longer the master: a failover is under way, wait",
        )));
    }
    Ok(())
}
