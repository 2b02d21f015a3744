//! The state of one mailbox's messages, with the arbiter, the log and the counters that learn of changes. It outlives
//! the mailbox's connections.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use serde_json::json;

use super::claims::Claims;
use super::ledger::Ledger;
use crate::arbiter::Arbiter;
use crate::config;
use crate::message::MessageId;
use crate::observe::log::{Log, Severity};
use crate::observe::progress::{Outcome, Progress};
use crate::source::{AbsentFlags, Mark, imap};

/// The state of one mailbox's messages.
#[derive(Debug)]
pub struct Tracker {
    /// Decides which process delivers a message.
    pub arbiter: Arc<Arbiter>,
    /// How far the mailbox has got.
    pub progress: Arc<Progress>,
    /// The mailbox's log.
    pub log: Log,
    /// Failures that count against a message before it is set aside.
    pub(super) max_attempts: u32,
    mark: Mark,
    absent_flags: AbsentFlags,
    failed_mailbox: Option<String>,
    warned: Mutex<BTreeSet<&'static str>>,
    /// The claims that this watcher holds.
    pub claims: Claims,
    ledger: Mutex<Ledger>,
}

impl Tracker {
    /// A tracker that knows nothing yet.
    pub fn new(config: &config::Mailbox, arbiter: Arc<Arbiter>, log: Log) -> Self {
        Self {
            max_attempts: config.max_delivery_attempts,
            mark: if config.delete_after_delivery { Mark::Deleted } else { Mark::Seen },
            absent_flags: match &config.graph {
                // Graph is always searched for unread messages.
                Some(_) => AbsentFlags { seen: true, ..AbsentFlags::default() },
                None => imap::absent_flags(&config.search_command),
            },
            failed_mailbox: config.failed_mailbox.clone(),
            claims: Claims::new(arbiter.clone()),
            arbiter,
            progress: Arc::default(),
            log,
            warned: Mutex::default(),
            ledger: Mutex::default(),
        }
    }

    /// The ledger. A panic elsewhere leaves it valid: every change is a single step.
    pub fn ledger(&self) -> MutexGuard<'_, Ledger> {
        self.ledger.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// How a delivered message is marked.
    pub fn mark(&self) -> Mark {
        self.mark
    }

    /// Flags that listed messages do not have. A listed message reveals something about its mark only if these flags hide
    /// it.
    pub fn absent_flags(&self) -> AbsentFlags {
        self.absent_flags
    }

    /// Whether this process has not given the warning `name` before.
    pub(crate) fn is_first_warning(&self, name: &'static str) -> bool {
        self.warned.lock().unwrap_or_else(PoisonError::into_inner).insert(name)
    }

    /// Counts and logs a message that was set aside, and says where to find it.
    pub fn record_set_aside(&self, id: &MessageId, why: &str) {
        self.progress.count(Outcome::SetAside);
        let where_to = match &self.failed_mailbox {
            Some(folder) => format!("it is moved to {folder}"),
            None => "it is left \\Flagged \\Seen".to_owned(),
        };
        let error = format!("{why}; {where_to} and has to be looked at by a person");
        self.log.line(Severity::Error, "Message set aside", &[("uid", json!(id)), ("error", error.into())]);
    }
}
