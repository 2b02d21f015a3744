//! What is remembered of the first run of a mailbox: without end, so that a restart does not leave alone what came in meanwhile.

use super::Redis;
use crate::error::Result;
use crate::transport::redis::{Command, Reply, Traffic};

impl Redis {
    /// What is remembered under each of `names`.
    pub(in crate::arbiter) async fn first_run(&self, names: &[&str]) -> Result<Vec<Option<String>>> {
        let keys: Vec<String> = names.iter().map(|name| self.first_run_key(name)).collect();
        let commands: Vec<_> = keys.iter().map(|key| Command::new("GET").arg(key)).collect();
        self.words(&commands).await
    }

    /// Remembers each value under its name, and returns what is remembered: of several processes that begin at the same time, the
    /// first one decides.
    pub(in crate::arbiter) async fn begin_first_run(&self, named: &[(&str, String)]) -> Result<Vec<Option<String>>> {
        let keys: Vec<String> = named.iter().map(|(name, _)| self.first_run_key(name)).collect();
        let set = keys.iter().zip(named).map(|(key, (_, value))| Command::new("SET").arg(key).arg(value).arg("NX"));
        let get = keys.iter().map(|key| Command::new("GET").arg(key));
        let remembered = self.words(&set.chain(get).collect::<Vec<_>>()).await?.split_off(named.len());
        if remembered.iter().all(Option::is_some) { Ok(remembered) } else { Err(self.client.unexpected_reply()) }
    }

    fn first_run_key(&self, name: &str) -> String {
        format!("{}delivered:first_run:{name}", self.prefix)
    }

    /// Runs commands whose replies are text or nothing.
    async fn words(&self, commands: &[Command<'_>]) -> Result<Vec<Option<String>>> {
        let mut words = Vec::with_capacity(commands.len());
        for reply in self.client.run(Traffic::Commands, commands).await? {
            words.push(match reply? {
                Reply::Bulk(text) => Some(String::from_utf8_lossy(&text).into_owned()),
                Reply::Status(text) => Some(text),
                _ => None,
            });
        }
        if words.len() == commands.len() { Ok(words) } else { Err(self.client.unexpected_reply()) }
    }
}
