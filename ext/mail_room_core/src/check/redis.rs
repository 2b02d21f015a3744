//! Whether a Redis answers, is a master, and permits what we need. Writes nothing.

pub(super) mod permissions;

use std::time::{Duration, Instant};

use tokio::time::timeout;

use super::report::Report;
use crate::config;
use crate::error::{Error, Result};
use crate::transport::redis::address::{Address, Server};
use crate::transport::redis::connect::connect;
use crate::transport::redis::connection::Connection;
use crate::transport::redis::error::ExchangeError;
use crate::transport::redis::sentinel;
use crate::transport::redis::{Command, Reply};
use permissions::Needs;

/// How long each step may take.
const WITHIN: Duration = Duration::from_secs(5);

/// Steps `sentinel` (only with Sentinels), `connected`, `role` and `permitted`.
pub(super) async fn check(config: &config::Redis, needs: &Needs, report: &mut Report) -> Option<()> {
    let address = match Address::new(config) {
        Ok(address) => address,
        Err(error) => return report.step("connected", async { Err(error) }).await,
    };
    if let Server::Sentinel { master, sentinels, login } = &address.server {
        let asked = sentinel::find_master(master, sentinels, login.as_ref(), Instant::now() + WITHIN);
        let (host, port) = report.step("sentinel", in_time(&address, asked)).await?;
        report.fact("master", format!("{host}:{port}"));
    }
    let mut connection =
        report.step("connected", in_time(&address, connect(&address, Instant::now() + WITHIN))).await?;
    report.fact("address", address.to_string());
    report.step("role", in_time(&address, role(&mut connection))).await?;
    report.step("permitted", in_time(&address, permissions::check(&mut connection, needs))).await
}

async fn in_time<T>(address: &Address, work: impl Future<Output = std::result::Result<T, ExchangeError>>) -> Result<T> {
    let done = timeout(WITHIN, work).await.unwrap_or(Err(ExchangeError::Late(WITHIN)));
    done.map_err(|error| error.into_error(&address.to_string()))
}

/// A replica takes no claims. A user without permission for ROLE is no failure: watching does not need it.
async fn role(connection: &mut Connection) -> std::result::Result<(), ExchangeError> {
    let replies = connection.exchange(&[Command::new("ROLE")]).await?;
    match replies.into_iter().next() {
        Some(Ok(role)) if is_replica(&role) => Err(ExchangeError::Worded(Error::target_down(
            "it is a replica: point redis_url to the master, or name the Sentinels",
        ))),
        Some(Ok(_)) => Ok(()),
        Some(Err(error)) if matches!(error.code(), "NOPERM" | "ERR") => Ok(()),
        Some(Err(error)) => Err(ExchangeError::Server(error)),
        None => Err(ExchangeError::Unexpected),
    }
}

fn is_replica(role: &Reply) -> bool {
    let Reply::Array(parts) = role else { return false };
    matches!(parts.first(), Some(Reply::Bulk(role)) if role == b"slave" || role == b"replica")
}
