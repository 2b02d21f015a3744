//! PostgreSQL servers and how to talk to them: a few connections per distinct database serve the whole process. Knows
//! nothing of jobs.

mod connect;
mod handshake;
mod trouble;

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use secrecy::ExposeSecret;
use tokio::sync::{Semaphore, SemaphorePermit};
use tokio::time::timeout;
use tokio_postgres::types::{ToSql, Type};

use crate::config;
use connect::Connection;
pub(crate) use trouble::Trouble;

/// Connections to one database at a time. PostgreSQL has 100 for all its clients unless told otherwise.
const CONNECTIONS: usize = 4;
/// How long a connection may have been quiet: firewalls forget what is quiet, and tell nobody.
const QUIET: Duration = Duration::from_secs(240);
/// How long a statement may wait for others to be done with the connections.
const QUEUED: Duration = Duration::from_secs(60);
/// How long a statement that was called off may take to say what became of it.
const CALLED_OFF: Duration = Duration::from_secs(3);

/// The process's PostgreSQL connections. Clones share them. They belong to the runtime that uses them first.
#[derive(Debug, Clone, Default)]
pub struct PostgresClients {
    clients: Arc<Mutex<Vec<PostgresClient>>>,
}

impl PostgresClients {
    /// No connections yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// The one client for the database `config`. Connects at first use.
    pub(crate) fn client(&self, config: &config::Postgres) -> PostgresClient {
        let mut clients = self.clients.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(client) = clients.iter().find(|client| same(&client.shared.config, config)) {
            return client.clone();
        }
        let shared =
            Shared { config: config.clone(), permits: Semaphore::new(CONNECTIONS), idle: Mutex::new(Vec::new()) };
        let client = PostgresClient { shared: Arc::new(shared) };
        clients.push(client.clone());
        client
    }
}

/// Whether `a` and `b` may share connections.
fn same(a: &config::Postgres, b: &config::Postgres) -> bool {
    let secret =
        |config: &config::Postgres| config.password.as_ref().map(|password| password.expose_secret().to_owned());
    let rest = |config: &config::Postgres| {
        let config::Postgres { host, port, database, username, password: _, sslmode, tls, connect_timeout, timeout } =
            config.clone();
        (host, port, database, username, sslmode, tls, connect_timeout, timeout)
    };
    rest(a) == rest(b) && secret(a) == secret(b)
}

/// Talks to one database. Clones share its connections.
#[derive(Clone)]
pub(crate) struct PostgresClient {
    shared: Arc<Shared>,
}

struct Shared {
    config: config::Postgres,
    permits: Semaphore,
    idle: Mutex<Vec<(Instant, Connection)>>,
}

impl fmt::Debug for PostgresClient {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PostgresClient({})", trouble::shown(&self.shared.config))
    }
}

impl PostgresClient {
    /// Runs `statement` in a transaction of its own, in one round trip and without leaving a prepared statement behind
    /// (poolers give every statement another connection). The server finds out the parameters' types.
    ///
    /// # Errors
    /// [`Trouble::Down`] also when the answer is lost: whether the statement was carried out is not known then.
    pub(crate) async fn execute<V: ToSql + Sync>(&self, statement: &str, parameters: &[V]) -> Result<(), Trouble> {
        let config = &self.shared.config;
        let Ok(_permit) = timeout(QUEUED, self.permit()).await else {
            return Err(trouble::late(config, "no connection was free", QUEUED));
        };
        let connection = match self.idle() {
            Some(connection) => connection,
            None => connect::connect(config).await?,
        };
        let answer = self.answer(&connection, statement, parameters).await;
        if answer.as_ref().is_ok_and(|answer| answer.as_ref().map_or_else(trouble::spares_connection, |_| true)) {
            self.lock().push((Instant::now(), connection));
        }
        answer?.map(drop).map_err(|error| Trouble::of(&error, config))
    }

    /// The answer in time, or else after having called the statement off: one that waits for a lock would be carried out
    /// later, when it has been repeated already.
    async fn answer<V: ToSql + Sync>(
        &self,
        connection: &Connection,
        statement: &str,
        parameters: &[V],
    ) -> Result<Result<u64, tokio_postgres::Error>, Trouble> {
        let config = &self.shared.config;
        let within = Duration::from_secs(config.timeout.max(1));
        let parameters: Vec<_> = parameters.iter().map(|value| (value as &(dyn ToSql + Sync), Type::UNKNOWN)).collect();
        let answer = connection.client.execute_typed(statement, &parameters);
        tokio::pin!(answer);
        if let Ok(answer) = timeout(within, &mut answer).await {
            return Ok(answer);
        }
        let called_off = async {
            // Fails where the server is out of reach; then so is the answer.
            connect::cancel(config, connection).await.ok();
            answer.await
        };
        timeout(CALLED_OFF, called_off).await.map_err(|_| trouble::late(config, "no answer", within))
    }

    async fn permit(&self) -> Option<SemaphorePermit<'_>> {
        // Never closed.
        self.shared.permits.acquire().await.ok()
    }

    fn idle(&self) -> Option<Connection> {
        let mut idle = self.lock();
        while let Some((since, connection)) = idle.pop() {
            if since.elapsed() < QUIET && !connection.client.is_closed() {
                return Some(connection);
            }
        }
        None
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Vec<(Instant, Connection)>> {
        self.shared.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
