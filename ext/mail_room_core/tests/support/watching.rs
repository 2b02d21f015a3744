//! A mailbox watched as a process does, against any server: what was delivered, and what the log says.

use std::sync::Arc;
use std::time::{Duration, Instant};

use mail_room_core::arbiter::Arbiter;
use mail_room_core::config::{self, Delivery as Deliver, LogTarget};
use mail_room_core::delivery::Delivery;
use mail_room_core::limits::memory_budget::{Budget, ENCODING_OCTETS, PROCESS_OCTETS};
use mail_room_core::limits::shutdown::Stop;
use mail_room_core::observe::log::Logs;
use mail_room_core::ruby::calls::Calls;
use mail_room_core::source::imap::ImapConnector;
use mail_room_core::transport::postgres::PostgresClients;
use mail_room_core::transport::redis::RedisClients;
use mail_room_core::watch::mailbox::Mailbox;
use mail_room_core::watch::watcher::watch;
use serde_json::Value;
use tokio::task::JoinHandle;

/// A watched mailbox.
pub struct Watching {
    pub watched: Arc<Mailbox>,
    directory: tempfile::TempDir,
    stop: Stop,
    task: JoinHandle<()>,
}

impl Watching {
    /// Watches `mailbox`, delivering into a file.
    pub fn start(mailbox: config::Mailbox) -> Self {
        Self::start_with(mailbox, false)
    }

    /// Works through `mailbox` once.
    pub fn once(mailbox: config::Mailbox) -> Self {
        Self::start_with(mailbox, true)
    }

    fn start_with(mailbox: config::Mailbox, once: bool) -> Self {
        let directory = tempfile::tempdir().unwrap();
        let deliver = Deliver::Logger { log_path: Some(directory.path().join("delivered")) };
        let arbiter = Arc::new(Arbiter::Noop);
        let calls: Arc<Calls> = Arc::default();
        let clients = (&RedisClients::new(), &PostgresClients::new());
        let delivery = Delivery::new(&deliver, clients, &arbiter, &calls).unwrap();
        let mut logs = Logs::default();
        let target = LogTarget::Path(directory.path().join("log"));
        let log = logs.log(Some(&target), &mailbox.email, &mailbox.name).unwrap();
        let budgets = (Budget::new(PROCESS_OCTETS), Budget::new(ENCODING_OCTETS));
        let stop = Stop::new();
        let mut watched = Mailbox::new(mailbox, arbiter, delivery, budgets, log, stop.clone());
        watched.once = once;
        let watched = Arc::new(watched);
        let task = tokio::spawn({
            let watched = watched.clone();
            async move {
                let _logs = logs;
                watch(&ImapConnector::new(), &watched).await;
            }
        });
        Self { watched, directory, stop, task }
    }

    /// The subjects of what was delivered, in its order.
    pub fn delivered(&self) -> Vec<String> {
        let text = std::fs::read(self.directory.path().join("delivered")).unwrap_or_default();
        let text = String::from_utf8_lossy(&text).into_owned();
        text.lines().filter_map(|line| Some(line.split_once("Subject: ")?.1.to_owned())).collect()
    }

    /// The lines of the log with this action.
    pub fn log(&self, action: &str) -> Vec<Value> {
        let text = std::fs::read_to_string(self.directory.path().join("log")).unwrap_or_default();
        let whole = text.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok());
        whole.filter(|line| line["action"] == action).collect()
    }

    /// Waits until `happened`, and says how long that took.
    pub async fn until(&self, what: &str, limit: Duration, mut happened: impl FnMut(&Self) -> bool) -> Duration {
        let started = Instant::now();
        while !happened(self) {
            let log = || std::fs::read_to_string(self.directory.path().join("log")).unwrap_or_default();
            assert!(started.elapsed() < limit, "no {what}; delivered {:?}; log:\n{}", self.delivered(), log());
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        started.elapsed()
    }

    /// Waits until the mailbox is worked through.
    pub async fn finished(&mut self, limit: Duration) {
        tokio::time::timeout(limit, &mut self.task).await.unwrap().unwrap();
    }

    /// Stops it and waits for its end.
    pub async fn stop(self) {
        self.stop.ask();
        tokio::time::timeout(Duration::from_secs(30), self.task).await.unwrap().unwrap();
    }
}
