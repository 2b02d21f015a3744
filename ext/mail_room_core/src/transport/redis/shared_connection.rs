//! One connection that several callers use in turn. A caller that waits while connecting fails gets the same error, instead
//! of trying again itself.

use std::time::{Duration, Instant};

use tokio::sync::Mutex;
use tokio::time::timeout;

use super::address::Address;
use super::connect::connect;
use super::connection::{Command, Connection};
use super::error::{ExchangeError, ServerError};
use super::reply::Reply;
use crate::error::Error;

/// The time from the lookup of the name to the server's first reply.
const CONNECT_WITHIN: Duration = Duration::from_secs(5);
/// The time from waiting for the connection to the last reply, and the lowest rate of payloads in octets per second.
const ANSWER_WITHIN: Duration = Duration::from_secs(10);
const SLOWEST: usize = 1 << 20;
/// A connection that was idle for this long gets a PING first. A firewall may have dropped it.
const DOUBTFUL_AFTER: Duration = Duration::from_secs(5);
const PING_WITHIN: Duration = Duration::from_secs(1);

/// The replies to a series of commands.
pub(super) type Replies = Vec<Result<Reply, ServerError>>;

/// One connection, used in the order of the callers.
#[derive(Default)]
pub(super) struct SharedConnection {
    slot: Mutex<Slot>,
}

#[derive(Default)]
struct Slot {
    /// Taken out while it is used, so that it is dropped if its caller is.
    connection: Option<Connection>,
    /// When connecting last failed, and why.
    failure: Option<(Instant, Error)>,
}

impl SharedConnection {
    /// Sends `commands` and returns the replies. `repeatable` commands are sent again on a new connection if the old one turns
    /// out to be broken.
    ///
    /// # Errors
    /// Any failure but an error reply. It is not known then whether commands were carried out.
    pub(super) async fn run(
        &self,
        address: &Address,
        commands: &[Command<'_>],
        repeatable: bool,
    ) -> Result<Replies, ExchangeError> {
        let octets: usize = commands.iter().map(Command::octets).sum();
        let within = ANSWER_WITHIN + Duration::from_secs(u64::try_from(octets / SLOWEST).unwrap_or(u64::MAX));
        let turn = self.turn(address, commands, repeatable);
        timeout(within, turn).await.unwrap_or(Err(ExchangeError::Late(within)))
    }

    async fn turn(
        &self,
        address: &Address,
        commands: &[Command<'_>],
        repeatable: bool,
    ) -> Result<Replies, ExchangeError> {
        let asked = Instant::now();
        let mut slot = self.slot.lock().await;
        if let Some(mut connection) = slot.connection.take()
            && connection.is_open().await
            && (connection.used.elapsed() < DOUBTFUL_AFTER || answers(&mut connection).await)
        {
            match connection.exchange(commands).await {
                Err(ExchangeError::Io(_)) if repeatable => {}
                replies => return slot.keep(connection, replies),
            }
        }
        if let Some((when, error)) = &slot.failure
            && *when >= asked
        {
            return Err(ExchangeError::Worded(error.clone()));
        }
        let connected = timeout(CONNECT_WITHIN, connect(address, Instant::now() + CONNECT_WITHIN)).await;
        match connected.unwrap_or(Err(ExchangeError::Late(CONNECT_WITHIN))) {
            Ok(mut connection) => {
                let replies = connection.exchange(commands).await;
                slot.keep(connection, replies)
            }
            Err(error) => {
                let error = error.into_error(&address.to_string());
                slot.failure = Some((Instant::now(), error.clone()));
                Err(ExchangeError::Worded(error))
            }
        }
    }
}

impl Slot {
    /// Keeps `connection` for the next caller if it can still be used.
    fn keep(
        &mut self,
        connection: Connection,
        replies: Result<Replies, ExchangeError>,
    ) -> Result<Replies, ExchangeError> {
        let replies = replies?;
        let over = replies.iter().any(|reply| reply.as_ref().is_err_and(ExchangeError::means_another_server));
        if !over {
            self.connection = Some(connection);
        }
        Ok(replies)
    }
}

async fn answers(connection: &mut Connection) -> bool {
    let ping = [Command::new("PING")];
    matches!(timeout(PING_WITHIN, connection.exchange(&ping)).await, Ok(Ok(_)))
}
