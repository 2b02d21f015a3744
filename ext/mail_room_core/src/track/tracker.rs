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

/// Messages set aside that are kept for a notice; the others are counted.
const NOTED: usize = 10;

/// A message that was set aside, for a notice.
#[derive(Debug)]
pub(crate) struct SetAside {
    pub(crate) id: MessageId,
    pub(crate) why: String,
    /// Messages set aside after it that are not noted one by one.
    pub(crate) others: u64,
}

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
    told: Mutex<BTreeSet<&'static str>>,
    /// Messages set aside that `on_trouble` is to tell of; empty without it.
    set_aside: Mutex<Vec<SetAside>>,
    tells_of_trouble: bool,
    hides_errors: bool,
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
            told: Mutex::default(),
            set_aside: Mutex::default(),
            tells_of_trouble: config.on_trouble.is_some(),
            hides_errors: config.delivery.may_quote_messages(),
            ledger: Mutex::default(),
        }
    }

    /// The ledger. A panic elsewhere leaves it valid: every change is a single step.
    pub fn ledger(&self) -> MutexGuard<'_, Ledger> {
        self.ledger.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Tells since when the oldest message waits. To be called when messages were found or decided.
    pub(crate) fn tell_oldest(&self) {
        let oldest = self.ledger().arrivals().oldest();
        self.progress.oldest(oldest);
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
        self.told.lock().unwrap_or_else(PoisonError::into_inner).insert(name)
    }

    /// Takes the messages that were set aside since the last call, for notices.
    pub(crate) fn take_set_aside(&self) -> Vec<SetAside> {
        std::mem::take(&mut *self.set_aside.lock().unwrap_or_else(PoisonError::into_inner))
    }

    fn note_set_aside(&self, id: &MessageId, why: &str) {
        if !self.tells_of_trouble {
            return;
        }
        // A notice goes to others. The app's own code may quote the message in its errors.
        let why = if self.hides_errors { "its attempts failed; the log has the errors" } else { why };
        let mut noted = self.set_aside.lock().unwrap_or_else(PoisonError::into_inner);
        if noted.len() < NOTED {
            noted.push(SetAside { id: id.clone(), why: why.to_owned(), others: 0 });
        } else if let Some(last) = noted.last_mut() {
            last.others = last.others.saturating_add(1);
        }
    }

    /// Counts and logs a message that was set aside, and says where to find it.
    pub fn record_set_aside(&self, id: &MessageId, why: &str) {
        self.progress.count(Outcome::SetAside);
        self.note_set_aside(id, why);
        let where_to = match &self.failed_mailbox {
            Some(folder) => format!("it is moved to {folder}"),
            None => "it is left \\Flagged \\Seen".to_owned(),
        };
        let error = format!("{why}; {where_to} and has to be looked at by a person");
        self.log.line(Severity::Error, "Message set aside", &[("uid", json!(id)), ("error", error.into())]);
    }
}
