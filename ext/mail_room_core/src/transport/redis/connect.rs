//! Opening a connection: stream, TLS, login, database. The caller brings the deadline for all of it.

use std::path::Path;
use std::time::Instant;

use secrecy::ExposeSecret;
use tokio::net::{TcpStream, UnixStream};
use tokio::time::timeout;

use super::address::{Address, HostPort, Login, Server};
use super::connection::{Command, Connection};
use super::sentinel;
use super::trouble::Trouble;
use crate::config;
use crate::error::Error;
use crate::transport::tcp::{self, Stream};
use crate::transport::tls;

/// Connects to what `address` means now, ready for commands; by way of the Sentinels if there are any.
pub(crate) async fn connect(address: &Address, until: Instant) -> Result<Connection, Trouble> {
    let stream = match &address.server {
        Server::Tcp { host, port } => tcp(host, *port, address.tls.as_ref(), until).await?,
        Server::Unix(path) => unix(path).await?,
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

/// Logs in, selects the database and makes sure that the server is up to commands, in one round trip.
async fn greet(
    connection: &mut Connection,
    login: Option<&Login>,
    db: i64,
    has_to_be_master: bool,
) -> Result<(), Trouble> {
    let mut commands: Vec<_> = login.map(auth).into_iter().collect();
    if db != 0 {
        commands.push(Command::new("SELECT").owned(db.to_string()));
    }
    // Refused by a server that is still loading, or that wants a login.
    commands.push(Command::new(if has_to_be_master { "ROLE" } else { "PING" }));
    let mut replies = connection.exchange(&commands).await?;
    let last = replies.pop();
    for reply in replies {
        reply.map_err(Trouble::Server)?;
    }
    let last = match last {
        // It answers, and that is all we want to know.
        Some(Err(error)) if !has_to_be_master && error.code() == "NOPERM" => return Ok(()),
        Some(reply) => reply.map_err(Trouble::Server)?,
        None => return Err(Trouble::Nonsense),
    };
    if has_to_be_master && !sentinel::is_master(&last) {
        return Err(Trouble::Told(Error::target_down(
            "the Sentinels name a master that is none any more: a failover is under way, wait",
        )));
    }
    Ok(())
}

/// The command that logs in.
pub(crate) fn auth(login: &Login) -> Command<'_> {
    let command = match &login.user {
        Some(user) => Command::new("AUTH").arg(user),
        None => Command::new("AUTH"),
    };
    command.arg(login.password.expose_secret())
}

/// A TCP stream to `host`, encrypted if `tls` says so.
pub(crate) async fn tcp(
    host: &str,
    port: u16,
    tls: Option<&config::Tls>,
    until: Instant,
) -> Result<Box<dyn Stream>, Trouble> {
    encrypted(tcp::tcp(host, port, until).await?, host, port, tls, until).await
}

async fn unix(path: &Path) -> Result<Box<dyn Stream>, Trouble> {
    Ok(Box::new(UnixStream::connect(path).await?))
}

async fn encrypted(
    stream: TcpStream,
    host: &str,
    port: u16,
    tls: Option<&config::Tls>,
    until: Instant,
) -> Result<Box<dyn Stream>, Trouble> {
    let Some(options) = tls else { return Ok(Box::new(stream)) };
    // What TLS says is for the mail server's ears (reconnect, refused); here it all means: this target is down.
    let told = |error| Trouble::Told(Error::target_down(format!("{}: {error}", HostPort(host, port))));
    let config = tls::client_config(options).await.map_err(|error| told(error.to_string()))?;
    // A server without TLS waits for the rest of what it takes for a command. Ending first, we can say so.
    let share = until.saturating_duration_since(Instant::now()).mul_f64(0.8);
    match timeout(share, tls::connect(config, host, stream)).await {
        Ok(Ok(stream)) => Ok(Box::new(stream)),
        Ok(Err(error)) => Err(told(error.to_string())),
        Err(_) => Err(told("no answer to the TLS handshake; check that the server speaks TLS on this port".into())),
    }
}
