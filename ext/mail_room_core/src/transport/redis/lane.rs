//! One connection and the queue of those who want to use it. Connecting is everybody's business at once: who waits while
//! an attempt fails gets that failure, instead of making the same attempt again. What is said on the connection is
//! decided elsewhere.

use std::time::{Duration, Instant};

use redis::{ServerError, Value};
use tokio::sync::Mutex;
use tokio::time::timeout;

use super::address::Address;
use super::connect::connect;
use super::connection::{Command, Connection};
use super::trouble::Trouble;
use crate::error::Error;

/// From the first DNS query to the server's first answer.
const CONNECT_WITHIN: Duration = Duration::from_secs(5);
/// From asking for a turn to the last reply, and how fast at least payloads travel: octets per second.
const ANSWER_WITHIN: Duration = Duration::from_secs(10);
const SLOWEST: usize = 1 << 20;
/// A connection not used for this long is tried before it is relied upon: it may have been forgotten on the way.
const DOUBTFUL_AFTER: Duration = Duration::from_secs(5);
const PING_WITHIN: Duration = Duration::from_secs(1);

/// The replies to a series of commands.
pub(super) type Replies = Vec<Result<Value, ServerError>>;

/// One connection and its queue. First come, first served.
#[derive(Default)]
pub(super) struct Lane {
    slot: Mutex<Slot>,
}

#[derive(Default)]
struct Slot {
    /// Taken out while it is used, so that one whose user has vanished is gone, too.
    connection: Option<Connection>,
    /// When the last attempt to connect failed, and why.
    failure: Option<(Instant, Error)>,
}

impl Lane {
    /// Says `commands` and hears the replies. `repeatable` commands do no harm when said twice: they are said again on a
    /// new connection if the old one turns out to be broken.
    ///
    /// # Errors
    /// Anything but an error of the server, which is a reply like others. Whether commands were carried out is not known
    /// then.
    pub(super) async fn run(
        &self,
        address: &Address,
        commands: &[Command<'_>],
        repeatable: bool,
    ) -> Result<Replies, Trouble> {
        let octets: usize = commands.iter().map(Command::octets).sum();
        let within = ANSWER_WITHIN + Duration::from_secs(u64::try_from(octets / SLOWEST).unwrap_or(u64::MAX));
        let turn = self.turn(address, commands, repeatable);
        timeout(within, turn).await.unwrap_or(Err(Trouble::Late(within)))
    }

    async fn turn(&self, address: &Address, commands: &[Command<'_>], repeatable: bool) -> Result<Replies, Trouble> {
        let asked = Instant::now();
        let mut slot = self.slot.lock().await;
        if let Some(mut connection) = slot.connection.take()
            && connection.is_open().await
            && (connection.used.elapsed() < DOUBTFUL_AFTER || answers(&mut connection).await)
        {
            match connection.exchange(commands).await {
                Err(Trouble::Io(_)) if repeatable => {}
                replies => return slot.keep(connection, replies),
            }
        }
        if let Some((when, error)) = &slot.failure
            && *when >= asked
        {
            return Err(Trouble::Told(error.clone()));
        }
        let connected = timeout(CONNECT_WITHIN, connect(address, Instant::now() + CONNECT_WITHIN)).await;
        match connected.unwrap_or(Err(Trouble::Late(CONNECT_WITHIN))) {
            Ok(mut connection) => {
                let replies = connection.exchange(commands).await;
                slot.keep(connection, replies)
            }
            Err(trouble) => {
                let error = trouble.told(&address.to_string());
                slot.failure = Some((Instant::now(), error.clone()));
                Err(Trouble::Told(error))
            }
        }
    }
}

impl Slot {
    /// Keeps `connection` for the next one if it is still in step and good for more.
    fn keep(&mut self, connection: Connection, replies: Result<Replies, Trouble>) -> Result<Replies, Trouble> {
        let replies = replies?;
        let over = replies.iter().any(|reply| reply.as_ref().is_err_and(Trouble::means_another_server));
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
