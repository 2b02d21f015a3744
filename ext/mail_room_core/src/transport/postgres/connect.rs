//! Opens connections within `connect_timeout`: stream, TLS as `sslmode` says, login. Also cancels a running statement.

use std::path::Path;
use std::time::{Duration, Instant};

use secrecy::ExposeSecret;
use tokio::net::UnixStream;
use tokio::task::JoinHandle;
use tokio::time::timeout;
use tokio_postgres::Client;
use tokio_postgres::config::SslMode as Encryption;
use tokio_postgres::error::SqlState;

use super::error::{self, StatementError};
use super::handshake::{Handshake, Plain};
use crate::config::{Postgres, SslMode};
use crate::error::Result;
use crate::transport::tcp::{self, ConnectError};
use crate::transport::tls;

/// A connection that is logged in. Dropping it closes it.
pub(super) struct Connection {
    pub(super) client: Client,
    /// Reads and writes the stream.
    task: JoinHandle<()>,
    encryption: Encryption,
}

impl Drop for Connection {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// Connects and logs in.
pub(super) async fn connect(config: &Postgres) -> std::result::Result<Connection, StatementError> {
    let within = Duration::from_secs(config.connect_timeout.max(1));
    let until = Instant::now() + within;
    match timeout(within, connect_as_sslmode(config, until)).await {
        Ok(connected) => connected.map_err(|failure| failure.into_error(config)),
        Err(_) => Err(error::late(config, "no connection", within)),
    }
}

/// Asks the server to cancel the statement of `connection`, which then fails on that connection.
pub(super) async fn cancel(config: &Postgres, connection: &Connection) -> std::result::Result<(), StatementError> {
    let until = Instant::now() + Duration::from_secs(config.connect_timeout.max(1));
    let cancelled = async {
        let stream = open(config, until).await?;
        let handshake = handshake(config, connection.encryption, until).await?;
        Ok(connection.client.cancel_token().cancel_query_raw(stream, handshake).await?)
    };
    cancelled.await.map_err(|failure: Failure| failure.into_error(config))
}

/// Why there is no connection.
enum Failure {
    ConnectError(ConnectError),
    /// The TLS options.
    Options(crate::error::Error),
    Postgres(tokio_postgres::Error),
}

impl From<ConnectError> for Failure {
    fn from(unreached: ConnectError) -> Self {
        Self::ConnectError(unreached)
    }
}

impl From<crate::error::Error> for Failure {
    fn from(error: crate::error::Error) -> Self {
        Self::Options(error)
    }
}

impl From<tokio_postgres::Error> for Failure {
    fn from(error: tokio_postgres::Error) -> Self {
        Self::Postgres(error)
    }
}

impl Failure {
    fn into_error(self, config: &Postgres) -> StatementError {
        match self {
            Self::ConnectError(ConnectError::Io(error)) => error::unreachable(config, &error),
            Self::ConnectError(ConnectError::Late(within)) => error::late(config, "no connection", within),
            Self::Options(error) => error::about_tls(config, &error),
            Self::Postgres(error) => StatementError::of(&error, config),
        }
    }

    /// Whether another try may succeed with encryption instead of without, or the reverse: the handshake failed, or
    /// pg_hba.conf has no line for this kind of connection.
    fn may_be_about_encryption(&self) -> bool {
        match self {
            Self::ConnectError(_) | Self::Options(_) => false,
            Self::Postgres(error) => {
                error.code() == Some(&SqlState::INVALID_AUTHORIZATION_SPECIFICATION) || error::tls(error).is_some()
            }
        }
    }
}

async fn connect_as_sslmode(config: &Postgres, until: Instant) -> std::result::Result<Connection, Failure> {
    // As in libpq: https://www.postgresql.org/docs/current/libpq-ssl.html
    let (first, second) = match config.sslmode {
        // libpq never encrypts what stays on the machine.
        _ if socket(config).is_some() => (Encryption::Disable, None),
        SslMode::Disable => (Encryption::Disable, None),
        SslMode::Allow => (Encryption::Disable, Some(Encryption::Require)),
        SslMode::Prefer => (Encryption::Prefer, Some(Encryption::Disable)),
        SslMode::Require | SslMode::VerifyCa | SslMode::VerifyFull => (Encryption::Require, None),
    };
    match (log_in(config, first, until).await, second) {
        (Err(failure), Some(second)) if failure.may_be_about_encryption() => {
            // The first way is the preferred one, so its error is the one to report.
            log_in(config, second, until).await.map_err(|_| failure)
        }
        (connected, _) => connected,
    }
}

async fn log_in(config: &Postgres, encryption: Encryption, until: Instant) -> std::result::Result<Connection, Failure> {
    let mut login = tokio_postgres::Config::new();
    login.user(&config.username).dbname(&config.database).application_name("mail_room").ssl_mode(encryption);
    if let Some(password) = &config.password {
        login.password(password.expose_secret());
    }
    let stream = open(config, until).await?;
    let (client, connection) = login.connect_raw(stream, handshake(config, encryption, until).await?).await?;
    // The client gets the error that ends the connection.
    let task = tokio::spawn(async move { connection.await.unwrap_or_default() });
    Ok(Connection { client, task, encryption })
}

async fn handshake(config: &Postgres, encryption: Encryption, until: Instant) -> Result<Handshake> {
    let options = match encryption {
        Encryption::Disable => None,
        _ => Some(tls::client_config(&config.tls).await?),
    };
    Ok(Handshake { options, host: config.host.clone(), until })
}

/// The path of the Unix socket, if `host` is the directory that holds it.
fn socket(config: &Postgres) -> Option<std::path::PathBuf> {
    config.host.starts_with('/').then(|| Path::new(&config.host).join(format!(".s.PGSQL.{}", config.port)))
}

async fn open(config: &Postgres, until: Instant) -> std::result::Result<Plain, ConnectError> {
    Ok(Plain(match socket(config) {
        Some(path) => Box::new(UnixStream::connect(path).await?),
        None => Box::new(tcp::tcp(&config.host, config.port, until).await?),
    }))
}
