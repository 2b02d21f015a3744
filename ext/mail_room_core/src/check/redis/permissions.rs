//! What a user of Redis' own (ACL) has to be permitted, and what it lacks. Each command is tried in a way that changes nothing:
//! Redis looks at the permission first.

use redis::{ServerError, Value};
use serde::Deserialize;

use crate::error::Error;
use crate::system::random::hex_96;
use crate::transport::redis::Command;
use crate::transport::redis::connection::Connection;
use crate::transport::redis::trouble::Trouble;

/// Commands on single keys, with what makes them change nothing on a key that is not there.
const ON_KEYS: [(&str, &[&str]); 6] =
    [("GET", &[]), ("MGET", &[]), ("SET", &["1", "XX"]), ("PEXPIRE", &["1"]), ("PTTL", &[]), ("DEL", &[])];
/// Patterns of the keys that claims need.
const CLAIMS: [&str; 3] = ["delivered:", "attempts:", "heartbeat:"];
/// A script that nobody has.
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

/// Keys of claims.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Keys {
    /// Prefix of all keys, without the colon.
    #[serde(default)]
    pub namespace: Option<String>,
}

/// A queue of Sidekiq's.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Jobs {
    /// Prefix of the key, without the colon.
    #[serde(default)]
    pub namespace: Option<String>,
    /// Its name.
    pub queue: String,
}

/// What the user lacks, in the words of ACL SETUSER.
#[derive(Debug, Default)]
struct Missing {
    commands: Vec<String>,
    keys: Vec<String>,
}

/// Fails with a list of what the user lacks for `needs`.
pub(super) async fn check(connection: &mut Connection, needs: &Needs) -> Result<(), Trouble> {
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
    Err(Trouble::Told(Error::target_down(format!(
        "the user of redis_url lacks permissions (ACL): {what}; grant them with ACL SETUSER <user> {what}"
    ))))
}

fn prefix(namespace: Option<&str>) -> String {
    namespace.map(|namespace| format!("{namespace}:")).unwrap_or_default()
}

async fn claims(connection: &mut Connection, prefix: &str, missing: &mut Missing) -> Result<(), Trouble> {
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

/// A push that is taken back before it is made; nothing is known where that is not permitted.
async fn jobs(connection: &mut Connection, queue: &str, missing: &mut Missing) -> Result<(), Trouble> {
    if said(connection, Command::new("MULTI")).await?.is_err() {
        return Ok(());
    }
    let pushed = said(connection, Command::new("LPUSH").arg(queue).arg("")).await?;
    // Refused, it is forgotten when the connection ends.
    let _ = said(connection, Command::new("DISCARD")).await?;
    missing.note(pushed.as_ref().err(), "+lpush", &format!("~{queue}"));
    Ok(())
}

async fn said(connection: &mut Connection, command: Command<'_>) -> Result<Result<Value, ServerError>, Trouble> {
    connection.exchange(&[command]).await?.pop().ok_or(Trouble::Nonsense)
}

impl Missing {
    /// Notes a refusal of `command`, or of a key of `pattern`. Any other answer is none.
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
