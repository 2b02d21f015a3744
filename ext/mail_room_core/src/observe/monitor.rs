//! A supervisor as monitoring sees it: its heartbeat, its mailboxes, its memory. It only reads.

use std::sync::{Arc, OnceLock};
use std::time::SystemTime;

use serde::Serialize;

use crate::limits::memory_budget::Budget;
use crate::observe::heartbeat::Heartbeat;
use crate::observe::progress::Progress;
use crate::observe::state::{Snapshot, unix_seconds};

/// A supervisor as monitoring sees it.
#[derive(Debug)]
pub struct Monitor {
    /// The heartbeat of its runtime.
    pub heartbeat: Heartbeat,
    /// Its mailboxes, in the order of the configuration.
    pub mailboxes: Vec<Monitored>,
    started: u64,
    budget: OnceLock<Budget>,
}

/// A mailbox as monitoring sees it.
#[derive(Debug)]
pub struct Monitored {
    /// Its name on the server.
    pub mailbox: String,
    /// The account it belongs to.
    pub email: String,
    /// Its progress.
    pub progress: Arc<Progress>,
}

/// A mailbox at one moment.
#[derive(Debug, Serialize)]
pub struct Status {
    /// Its name on the server.
    pub mailbox: String,
    /// The account it belongs to.
    pub email: String,
    /// Whether it is connected, and its target took the last message or was reachable.
    pub ready: bool,
    /// Its state in words.
    pub words: &'static str,
    /// What a person should do, beside what the last error says.
    pub advice: Option<&'static str>,
    /// Its progress.
    #[serde(flatten)]
    pub progress: Snapshot,
}

impl Monitor {
    /// Monitors these mailboxes from now on.
    pub fn new(mailboxes: Vec<Monitored>) -> Self {
        Self {
            heartbeat: Heartbeat::default(),
            mailboxes,
            started: unix_seconds(SystemTime::now()),
            budget: OnceLock::new(),
        }
    }

    /// When it was made, in seconds since 1970.
    pub fn started(&self) -> u64 {
        self.started
    }

    /// Whose memory is shown.
    pub(crate) fn share(&self, budget: &Budget) {
        _ = self.budget.set(budget.clone());
    }

    /// Octets of the memory for messages that are taken.
    pub fn memory_octets(&self) -> u64 {
        self.budget.get().map_or(0, Budget::taken_octets)
    }

    /// The mailboxes now.
    pub fn statuses(&self) -> Vec<Status> {
        self.mailboxes.iter().map(Monitored::status).collect()
    }
}

impl Monitored {
    /// The mailbox now.
    pub fn status(&self) -> Status {
        let progress = self.progress.snapshot();
        Status {
            mailbox: self.mailbox.clone(),
            email: self.email.clone(),
            ready: progress.is_ready(),
            words: progress.state.words(),
            advice: progress.state.advice(),
            progress,
        }
    }
}
