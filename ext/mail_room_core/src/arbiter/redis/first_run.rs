//! When a mailbox was watched first, and what was in it by then: remembered without end, so that a restart does not leave alone
//! what came in meanwhile.

use redis::Value;

use super::Redis;
use crate::error::Result;
use crate::message::MessageId;
use crate::transport::redis::{Command, Traffic};

/// What is remembered of the first run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FirstRun {
    /// Its day in UTC, as in `2026-11-01`.
    pub day: String,
    /// The newest message of that time; `None` in a mailbox whose ids have a new meaning since (UIDVALIDITY).
    pub newest: Option<u32>,
}

impl Redis {
    /// What is remembered of the first run. If nothing is, this is it: `day` and the newest of `listed` are remembered. Of several
    /// processes that begin at the same time, the first one decides.
    pub(in crate::arbiter) async fn first_run(&self, scope: &str, listed: &[MessageId], day: &str) -> Result<FirstRun> {
        // The scope without UIDVALIDITY, which is its last part.
        let account = scope.rsplit_once('/').map_or(scope, |(account, _)| account);
        let day_key = format!("{}delivered:first_run:{account}", self.prefix);
        let newest_key = format!("{}delivered:first_run:{scope}", self.prefix);
        let mut remembered =
            self.words(&[Command::new("GET").arg(&day_key), Command::new("GET").arg(&newest_key)]).await?;
        if remembered.first().is_none_or(Option::is_none) {
            let uids = listed.iter().filter_map(|id| match id {
                MessageId::Uid(uid) => Some(*uid),
                MessageId::Text(_) => None,
            });
            let newest = uids.max().unwrap_or(0).to_string();
            let note = [
                Command::new("SET").arg(&newest_key).arg(&newest).arg("NX"),
                Command::new("SET").arg(&day_key).arg(day).arg("NX"),
                Command::new("GET").arg(&day_key),
                Command::new("GET").arg(&newest_key),
            ];
            remembered = self.words(&note).await?.split_off(2);
        }
        let newest = remembered.pop().flatten().and_then(|newest| newest.parse().ok());
        match remembered.pop().flatten() {
            Some(day) => Ok(FirstRun { day, newest }),
            None => Err(self.client.unexpected_reply()),
        }
    }

    /// Runs commands whose replies are text or nothing.
    async fn words(&self, commands: &[Command<'_>]) -> Result<Vec<Option<String>>> {
        let mut words = Vec::with_capacity(commands.len());
        for reply in self.client.run(Traffic::Commands, commands).await? {
            words.push(match reply? {
                Value::BulkString(text) => Some(String::from_utf8_lossy(&text).into_owned()),
                Value::SimpleString(text) => Some(text),
                Value::Okay => Some("OK".to_owned()),
                _ => None,
            });
        }
        if words.len() == commands.len() { Ok(words) } else { Err(self.client.unexpected_reply()) }
    }
}
