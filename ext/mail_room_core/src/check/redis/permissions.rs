//! The permissions (ACL) that a Redis user needs, and those that it lacks. Each command is tried in a way that changes nothing:
//! Redis checks the permission first.

use serde::Deserialize;

use crate::config::from_options;
use crate::error::Error;
use crate::system::random::hex_96;
use crate::transport::redis::connection::Connection;
use crate::transport::redis::error::{ExchangeError, ServerError};
use crate::transport::redis::{Command, Reply};

/// Commands on single keys, with arguments that change nothing if the key does not exist.
const ON_KEYS: [(&str, &[&str]); 6] =
    [("GET", &[]), ("MGET", &[]), ("SET", &["1", "XX"]), ("PEXPIRE", &["1"]), ("PTTL", &[]), ("DEL", &[])];
/// The patterns of the keys that claims use.
const CLAIMS: [&str; 3] = ["delivered:", "attempts:", "heartbeat:"];
/// The digest of a script that does not exist.
const NO_SCRIPT: &str = "0000000000000000000000000000000000000000";

/// What a Redis is needed for.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Needs {
    /// Claims, with keys of this namespace.
    #[serde(default)]
    pub claims: Option<Keys>,
    /// Jobs, in this queue.
    #[serde(default)]
    pub jobs: Option<Jobs>,
}

from_options!(Needs);

/// Keys of claims.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Keys {
    /// Prefix of all keys, without the colon.
    #[serde(default)]
    pub namespace: Option<String>,
}

/// A Sidekiq queue.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Jobs {
    /// Prefix of the key, without the colon.
    #[serde(default)]
    pub namespace: Option<String>,
    /// Its name.
    pub queue: String,
}

/// The permissions that the user lacks, as ACL SETUSER writes them.
#[derive(Debug, Default)]
struct Missing {
    commands: Vec<String>,
    keys: Vec<String>,
}

/// Fails with the permissions for `needs` that the user lacks.
pub(super) async fn check(connection: &mut Connection, needs: &Needs) -> Result<(), ExchangeError> {
    let mut missing = Missing::default();
    if let Some(Keys { namespace }) = &needs.claims {
        claims(connection, &prefix(namespace.as_deref()), &mut missing).await?;
    }
    if let Some(Jobs { namespace, queue }) = &needs.jobs {
        jobs(connection, &format!("{}queue:{queue}", prefix(namespace.as_deref())), &mut missing).await?;
    }
    let Missing { commands, keys } = missing;
    if commands.is_empty() && keys.is_empty() {
        return Ok(());
    }
    let what = [commands, keys].concat().join(" ");
    Err(ExchangeError::Worded(Error::target_down(format!(
        "the user of redis_url lacks permissions (ACL): {what}; grant them with ACL SETUSER <user> {what}"
    ))))
}

fn prefix(namespace: Option<&str>) -> String {
    namespace.map(|namespace| format!("{namespace}:")).unwrap_or_default()
}

async fn claims(connection: &mut Connection, prefix: &str, missing: &mut Missing) -> Result<(), ExchangeError> {
    let probe = format!("check-{}", hex_96());
    for kind in CLAIMS {
        let key = format!("{prefix}{kind}{probe}");
        for (name, arguments) in ON_KEYS {
            let mut command = Command::new(name).arg(&key);
            for argument in arguments {
                command = command.arg(*argument);
            }
            let reply = said(connection, command).await?;
            missing.note(reply.as_ref().err(), &format!("+{}", name.to_lowercase()), &format!("~{prefix}{kind}*"));
        }
    }
    for (command, name) in [
        (Command::new("EVALSHA").arg(NO_SCRIPT).arg("0"), "+evalsha"),
        (Command::new("SCRIPT").arg("LOAD").arg("return 1"), "+script|load"),
    ] {
        let reply = said(connection, command).await?;
        missing.note(reply.as_ref().err(), name, "");
    }
    Ok(())
}

/// Queues a push and discards it (MULTI, DISCARD). If these are not permitted, nothing is learned.
async fn jobs(connection: &mut Connection, queue: &str, missing: &mut Missing) -> Result<(), ExchangeError> {
    if said(connection, Command::new("MULTI")).await?.is_err() {
        return Ok(());
    }
    let pushed = said(connection, Command::new("LPUSH").arg(queue).arg("")).await?;
    // If DISCARD is refused, Redis discards the push when the connection ends.
    let _ = said(connection, Command::new("DISCARD")).await?;
    missing.note(pushed.as_ref().err(), "+lpush", &format!("~{queue}"));
    Ok(())
}

async fn said(connection: &mut Connection, command: Command<'_>) -> Result<Result<Reply, ServerError>, ExchangeError> {
    connection.exchange(&[command]).await?.pop().ok_or(ExchangeError::Unexpected)
}

impl Missing {
    /// Notes that `command`, or a key of `pattern`, was refused. Other answers are ignored.
    fn note(&mut self, error: Option<&ServerError>, command: &str, pattern: &str) {
        let Some(error) = error.filter(|error| error.code() == "NOPERM") else { return };
        // "... has no permissions to run the 'get' command", "No permissions to access a key" and the like.
        let of_command = error.details().is_some_and(|details| details.contains("to run the '"));
        let (list, what) = if of_command { (&mut self.commands, command) } else { (&mut self.keys, pattern) };
        if !list.iter().any(|noted| noted == what) {
            list.push(what.to_owned());
        }
    }
}
