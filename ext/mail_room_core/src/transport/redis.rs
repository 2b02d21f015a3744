//! Clients of Redis: addresses, connections, deadlines, errors in plain words. Knows nothing of claims and jobs. Up to
//! three connections per address serve the whole process.

pub(crate) mod address;
pub(crate) mod connect;
pub(crate) mod connection;
pub(crate) mod error;
pub(crate) mod reply;
mod script;
pub(crate) mod sentinel;
mod shared_connection;
mod stream;

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use crate::config;
use crate::error::{Error, Result};
use address::Address;
pub(crate) use connection::Command;
use error::{ExchangeError, ServerError};
pub(crate) use reply::Reply;
#[cfg(fuzzing)]
pub use reply::read_all;
pub(crate) use script::{Invocation, Script, integers};
use shared_connection::SharedConnection;

/// The process's Redis connections. Clones share them. They belong to the runtime that uses them first.
#[derive(Debug, Clone, Default)]
pub struct RedisClients {
    clients: Arc<Mutex<Vec<RedisClient>>>,
}

impl RedisClients {
    /// No connections yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// The one client for what `config` means. Connects at first use.
    ///
    /// # Errors
    /// [`Error::Configuration`] if the address has no meaning.
    pub(crate) fn client(&self, config: &config::Redis) -> Result<RedisClient> {
        let address = Address::new(config)?;
        let mut clients = self.clients.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(client) = clients.iter().find(|client| client.shared.address.shares_connection(&address)) {
            return Ok(client.clone());
        }
        let (commands, heartbeats, payloads) = Default::default();
        let client = RedisClient { shared: Arc::new(Shared { address, commands, heartbeats, payloads }) };
        clients.push(client.clone());
        Ok(client)
    }
}

/// Whether `a` and `b` mean the same keys, so that one script can change both. An invalid address equals no other.
pub fn same_server(a: &config::Redis, b: &config::Redis) -> bool {
    match (Address::new(a), Address::new(b)) {
        (Ok(a), Ok(b)) => a.same_server(&b),
        _ => false,
    }
}

/// What commands carry. Each kind has a connection of its own, so that claims need not wait for megabytes of messages.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Traffic {
    /// Keys and numbers.
    Commands,
    /// Heartbeats, which must not wait for an answer that does not come.
    Heartbeats,
    /// Messages.
    Payloads,
}

/// Talks to one Redis. Clones share its connections.
#[derive(Clone)]
pub(crate) struct RedisClient {
    shared: Arc<Shared>,
}

struct Shared {
    address: Address,
    commands: SharedConnection,
    heartbeats: SharedConnection,
    payloads: SharedConnection,
}

impl fmt::Debug for RedisClient {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "RedisClient({})", self.shared.address)
    }
}

impl RedisClient {
    /// Whether `other` is a clone of this one.
    pub(crate) fn is_same(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.shared, &other.shared)
    }

    /// As the function [`same_server`].
    pub(crate) fn same_server(&self, other: &Self) -> bool {
        self.shared.address.same_server(&other.shared.address)
    }

    /// Runs `commands`, pipelined, once. Returns one reply per command. An error of one does not prevent the others.
    ///
    /// # Errors
    /// [`Error::TargetDown`] if the server cannot be reached or does not answer in time. It is not known then whether
    /// commands were carried out.
    pub(crate) async fn run(&self, traffic: Traffic, commands: &[Command<'_>]) -> Result<Vec<Result<Reply>>> {
        let replies = self.exchange(traffic, commands, false).await?;
        Ok(replies.into_iter().map(|reply| reply.map_err(|error| self.refusal(error))).collect())
    }

    /// Runs `script` once per invocation, pipelined. Loads it first if the server does not know it. A script must do no harm
    /// when it runs twice: if the connection turns out to be broken, it runs again on a new one.
    ///
    /// # Errors
    /// [`Error::TargetDown`] as [`run`](Self::run), also if one invocation fails.
    pub(crate) async fn run_script(
        &self,
        traffic: Traffic,
        script: &Script,
        invocations: &[Invocation<'_>],
    ) -> Result<Vec<Reply>> {
        let commands: Vec<_> = invocations.iter().map(|invocation| invocation.command(script)).collect();
        if commands.is_empty() {
            return Ok(Vec::new());
        }
        let mut replies = self.exchange(traffic, &commands, true).await?;
        let unknown = |reply: &std::result::Result<Reply, ServerError>| {
            reply.as_ref().is_err_and(|error| error.code() == "NOSCRIPT")
        };
        if replies.iter().any(unknown) {
            // All invocations are repeated. Running one twice does no harm.
            let mut commands = commands;
            commands.insert(0, script.load());
            let mut again = self.exchange(traffic, &commands, true).await?.into_iter();
            // The first reply is the hash of the script; the others belong to the invocations.
            again.next().transpose().map_err(|error| self.refusal(error))?;
            replies = again.collect();
        }
        replies.into_iter().map(|reply| reply.map_err(|error| self.refusal(error))).collect()
    }

    async fn exchange(
        &self,
        traffic: Traffic,
        commands: &[Command<'_>],
        repeatable: bool,
    ) -> Result<shared_connection::Replies> {
        let connection = match traffic {
            Traffic::Commands => &self.shared.commands,
            Traffic::Heartbeats => &self.shared.heartbeats,
            Traffic::Payloads => &self.shared.payloads,
        };
        let replies = connection.run(&self.shared.address, commands, repeatable).await;
        replies.map_err(|error| error.into_error(&self.shared.address.to_string()))
    }

    /// The error for an unexpected reply.
    pub(crate) fn unexpected_reply(&self) -> Error {
        ExchangeError::Unexpected.into_error(&self.shared.address.to_string())
    }

    fn refusal(&self, error: ServerError) -> Error {
        ExchangeError::Server(error).into_error(&self.shared.address.to_string())
    }
}
