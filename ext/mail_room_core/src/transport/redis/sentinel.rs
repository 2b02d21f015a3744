//! Asks Redis Sentinels where the master is. The caller brings the deadline. Each Sentinel gets a share of it, so that one
//! that is frozen leaves time for the next.

use std::time::{Duration, Instant};

use tokio::time::timeout;

use super::address::{HostPort, Login};
use super::connection::{Command, Connection};
use super::error::ExchangeError;
use super::reply::Reply;
use super::stream::tcp;
use crate::config;
use crate::error::Error;

/// Host and port of the master `name`, from the first Sentinel that knows it.
pub(crate) async fn find_master(
    name: &str,
    sentinels: &[config::Sentinel],
    login: Option<&Login>,
    until: Instant,
) -> Result<(String, u16), ExchangeError> {
    let mut failure = None;
    for (asked, sentinel) in sentinels.iter().enumerate() {
        // One share more than there are Sentinels: the connection to the master takes time, too.
        let shares = u32::try_from(sentinels.len() - asked).unwrap_or(u32::MAX).saturating_add(1);
        let share = until.saturating_duration_since(Instant::now()) / shares;
        match timeout(share, ask(name, sentinel, login, Instant::now() + share)).await {
            Ok(Ok(Some(master))) => return Ok(master),
            Ok(Ok(None)) => failure = failure.or(Some(unknown(name))),
            Ok(Err(error)) => failure = Some(named(error, sentinel)),
            Err(_) => failure = Some(named(ExchangeError::Late(share.max(Duration::from_secs(1))), sentinel)),
        }
    }
    Err(ExchangeError::Worded(failure.unwrap_or_else(|| Error::Configuration("sentinels is empty".into()))))
}

/// The answer of one Sentinel; `None` if it does not know the master.
async fn ask(
    name: &str,
    sentinel: &config::Sentinel,
    login: Option<&Login>,
    until: Instant,
) -> Result<Option<(String, u16)>, ExchangeError> {
    let stream = tcp(&sentinel.host, sentinel.port, sentinel.tls.as_ref(), until).await?;
    let mut connection = Connection::new(stream);
    let mut commands: Vec<_> = login.map(Command::auth).into_iter().collect();
    commands.push(Command::new("SENTINEL").arg("get-master-addr-by-name").arg(name));
    let mut last = Reply::Nil;
    for reply in connection.exchange(&commands).await? {
        last = reply.map_err(ExchangeError::Server)?;
    }
    if last == Reply::Nil {
        return Ok(None);
    }
    host_and_port(&last).map(Some).ok_or(ExchangeError::Unexpected)
}

fn host_and_port(reply: &Reply) -> Option<(String, u16)> {
    let Reply::Array(parts) = reply else { return None };
    let [host, port] = parts.as_slice() else { return None };
    Some((text(host)?, text(port)?.parse().ok()?))
}

/// Sentinel answers with bulk strings. What stands in for it may have other types.
fn text(reply: &Reply) -> Option<String> {
    match reply {
        Reply::Bulk(text) => Some(str::from_utf8(text).ok()?.to_owned()),
        Reply::Status(text) => Some(text.clone()),
        Reply::Integer(number) => Some(number.to_string()),
        Reply::Nil | Reply::Array(_) | Reply::Error(_) => None,
    }
}

/// Whether a reply to ROLE is a master's.
pub(crate) fn is_master(role: &Reply) -> bool {
    let Reply::Array(parts) = role else { return false };
    parts.first().and_then(text).is_some_and(|role| role == "master")
}

fn unknown(name: &str) -> Error {
    Error::target_down(format!(
        "the Sentinels know no master called {name}; with sentinels, the host in redis_url must be the name of the master"
    ))
}

fn named(error: ExchangeError, sentinel: &config::Sentinel) -> Error {
    let server = format!("Sentinel {}", HostPort(&sentinel.host, sentinel.port));
    match &error {
        ExchangeError::Server(reply) if matches!(reply.code(), "NOAUTH" | "WRONGPASS") => {
            Error::target_down(format!("{server} answered {}; correct sentinel_password", reply.code()))
        }
        _ => error.into_error(&server),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_text_whatever_its_types() {
        let host = || Reply::Bulk(b"host".to_vec());
        for (host, port) in [
            (host(), Reply::Bulk(b"6379".to_vec())),
            (Reply::Status("host".into()), Reply::Status("6379".into())),
            (host(), Reply::Integer(6379)),
        ] {
            assert_eq!(host_and_port(&Reply::Array(vec![host, port])), Some(("host".into(), 6379)));
        }
        for nonsense in [
            vec![host()],
            vec![host(), Reply::Integer(-1)],
            vec![host(), Reply::Integer(65_536)],
            vec![host(), Reply::Nil],
            vec![Reply::Bulk(b"\xff".to_vec()), Reply::Integer(1)],
            vec![host(), Reply::Integer(1), Reply::Integer(2)],
        ] {
            assert_eq!(host_and_port(&Reply::Array(nonsense.clone())), None, "{nonsense:?}");
        }
    }
}
