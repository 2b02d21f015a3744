//! Asks Redis Sentinels where the master is. The caller brings the deadline. Each Sentinel gets a share of it, so that one
//! that is frozen leaves time for the next.

use std::time::{Duration, Instant};

use redis::Value;
use tokio::time::timeout;

use super::address::{HostPort, Login};
use super::connection::{Command, Connection};
use super::stream::tcp;
use super::trouble::Trouble;
use crate::config;
use crate::error::Error;

/// Host and port of the master `name`, from the first Sentinel that knows it.
pub(crate) async fn find_master(
    name: &str,
    sentinels: &[config::Sentinel],
    login: Option<&Login>,
    until: Instant,
) -> Result<(String, u16), Trouble> {
    let mut failure = None;
    for (asked, sentinel) in sentinels.iter().enumerate() {
        // One share more than there are Sentinels: the connection to the master takes time, too.
        let shares = u32::try_from(sentinels.len() - asked).unwrap_or(u32::MAX).saturating_add(1);
        let share = until.saturating_duration_since(Instant::now()) / shares;
        match timeout(share, ask(name, sentinel, login, Instant::now() + share)).await {
            Ok(Ok(Some(master))) => return Ok(master),
            Ok(Ok(None)) => failure = failure.or(Some(unknown(name))),
            Ok(Err(trouble)) => failure = Some(told(trouble, sentinel)),
            Err(_) => failure = Some(told(Trouble::Late(share.max(Duration::from_secs(1))), sentinel)),
        }
    }
    Err(Trouble::Told(failure.unwrap_or_else(|| Error::Configuration("sentinels is empty".into()))))
}

/// The answer of one Sentinel; `None` if it does not know the master.
async fn ask(
    name: &str,
    sentinel: &config::Sentinel,
    login: Option<&Login>,
    until: Instant,
) -> Result<Option<(String, u16)>, Trouble> {
    let stream = tcp(&sentinel.host, sentinel.port, sentinel.tls.as_ref(), until).await?;
    let mut connection = Connection::new(stream);
    let mut commands: Vec<_> = login.map(Command::auth).into_iter().collect();
    commands.push(Command::new("SENTINEL").arg("get-master-addr-by-name").arg(name));
    let mut last = Value::Nil;
    for reply in connection.exchange(&commands).await? {
        last = reply.map_err(Trouble::Server)?;
    }
    if last == Value::Nil {
        return Ok(None);
    }
    redis::from_redis_value::<(String, u16)>(last).map(Some).map_err(|_| Trouble::Nonsense)
}

/// Whether a reply to ROLE is a master's.
pub(crate) fn is_master(role: &Value) -> bool {
    let Value::Array(parts) = role else { return false };
    matches!(parts.first(), Some(Value::BulkString(role)) if role == b"master")
}

fn unknown(name: &str) -> Error {
    Error::target_down(format!(
        "the Sentinels know no master called {name}; with sentinels, the host in redis_url must be the name of the master"
    ))
}

fn told(trouble: Trouble, sentinel: &config::Sentinel) -> Error {
    let server = format!("Sentinel {}", HostPort(&sentinel.host, sentinel.port));
    match &trouble {
        Trouble::Server(error) if matches!(error.code(), "NOAUTH" | "WRONGPASS") => {
            Error::target_down(format!("{server} answered {}; correct sentinel_password", error.code()))
        }
        _ => trouble.told(&server),
    }
}
