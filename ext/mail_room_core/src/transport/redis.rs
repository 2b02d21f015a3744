//! Redis servers and how to talk to them: addresses, connections, deadlines, errors in plain words. Knows nothing of
//! claims and jobs. Up to three connections per distinct address serve the whole process.

pub(crate) mod address;
pub(crate) mod connect;
pub(crate) mod connection;
mod lane;
mod script;
pub(crate) mod sentinel;
mod stream;
pub(crate) mod trouble;

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use redis::{ServerError, Value};

use crate::config;
use crate::error::{Error, Result};
use address::Address;
pub(crate) use connection::Command;
use lane::Lane;
pub(crate) use script::{Invocation, Script, integers};
use trouble::Trouble;

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
        let (words, signs, loads) = Default::default();
        let client = RedisClient { shared: Arc::new(Shared { address, words, signs, loads }) };
        clients.push(client.clone());
        Ok(client)
    }
}

/// Whether `a` and `b` mean the same keys: one script can change both. An address without meaning is like no other.
pub fn same_server(a: &config::Redis, b: &config::Redis) -> bool {
    match (Address::new(a), Address::new(b)) {
        (Ok(a), Ok(b)) => a.same_server(&b),
        _ => false,
    }
}

/// What commands carry: they travel on connections of their own, so that claims need not wait behind megabytes.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Carry {
    /// Keys and numbers.
    Words,
    /// Signs of life: they must not wait for an answer that does not come.
    Signs,
    /// Messages.
    Loads,
}

/// Talks to one Redis. Clones share its connections.
#[derive(Clone)]
pub(crate) struct RedisClient {
    shared: Arc<Shared>,
}

struct Shared {
    address: Address,
    words: Lane,
    signs: Lane,
    loads: Lane,
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

    /// As the free function of the same name.
    pub(crate) fn same_server(&self, other: &Self) -> bool {
        self.shared.address.same_server(&other.shared.address)
    }

    /// Runs `commands`, pipelined, once. One reply per command; an error of one does not keep the others from being run.
    ///
    /// # Errors
    /// [`Error::TargetDown`] if the server cannot be reached or does not answer in time. Whether commands were carried
    /// out is not known then.
    pub(crate) async fn run(&self, carry: Carry, commands: &[Command<'_>]) -> Result<Vec<Result<Value>>> {
        let replies = self.say(carry, commands, false).await?;
        Ok(replies.into_iter().map(|reply| reply.map_err(|error| self.refusal(error))).collect())
    }

    /// Runs `script` once per invocation, pipelined; loads it first if the server does not know it. Scripts must do no
    /// harm when run twice: on a connection that turns out to be broken they are run again on a new one.
    ///
    /// # Errors
    /// [`Error::TargetDown`] as [`run`](Self::run), also if one invocation fails.
    pub(crate) async fn run_script(
        &self,
        carry: Carry,
        script: &Script,
        invocations: &[Invocation<'_>],
    ) -> Result<Vec<Value>> {
        let commands: Vec<_> = invocations.iter().map(|invocation| invocation.command(script)).collect();
        if commands.is_empty() {
            return Ok(Vec::new());
        }
        let mut replies = self.say(carry, &commands, true).await?;
        let unknown = |reply: &std::result::Result<Value, ServerError>| {
            reply.as_ref().is_err_and(|error| error.code() == "NOSCRIPT")
        };
        if replies.iter().any(unknown) {
            // Every invocation once more: those that did run do no harm.
            let mut commands = commands;
            commands.insert(0, script.load());
            let mut again = self.say(carry, &commands, true).await?.into_iter();
            // The answer to loading is its hash; the others are what is asked for.
            again.next().transpose().map_err(|error| self.refusal(error))?;
            replies = again.collect();
        }
        replies.into_iter().map(|reply| reply.map_err(|error| self.refusal(error))).collect()
    }

    async fn say(&self, carry: Carry, commands: &[Command<'_>], repeatable: bool) -> Result<lane::Replies> {
        let lane = match carry {
            Carry::Words => &self.shared.words,
            Carry::Signs => &self.shared.signs,
            Carry::Loads => &self.shared.loads,
        };
        let replies = lane.run(&self.shared.address, commands, repeatable).await;
        replies.map_err(|trouble| trouble.told(&self.shared.address.to_string()))
    }

    /// The error for a reply that makes no sense.
    pub(crate) fn nonsense(&self) -> Error {
        Trouble::Nonsense.told(&self.shared.address.to_string())
    }

    fn refusal(&self, error: ServerError) -> Error {
        Trouble::Server(error).told(&self.shared.address.to_string())
    }
}
