//! What is known of one mailbox's messages, together with whom to tell: the arbiter, the log, the counters. It outlives the
//! mailbox's connections.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use serde_json::json;

use super::claims::Claims;
use super::ledger::Ledger;
use crate::arbiter::Arbiter;
use crate::config;
use crate::error::Result;
use crate::message::MessageId;
use crate::observe::log::{Log, Severity};
use crate::observe::progress::{Fate, Progress};
use crate::source::{AbsentFlags, Mark, imap};

/// What is known of one mailbox's messages.
#[derive(Debug)]
pub struct Tracker {
    /// Who decides between processes.
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
    claims: Claims,
    ledger: Mutex<Ledger>,
}

impl Tracker {
    /// Nothing is known yet.
    pub fn new(config: &config::Mailbox, arbiter: Arc<Arbiter>, log: Log) -> Self {
        Self {
            max_attempts: config.max_delivery_attempts,
            mark: if config.delete_after_delivery { Mark::Deleted } else { Mark::Seen },
            absent_flags: match &config.graph {
                // Asks for unread messages, always.
                Some(_) => AbsentFlags { seen: true, ..AbsentFlags::default() },
                None => imap::absent_flags(&config.search_command),
            },
            failed_mailbox: config.failed_mailbox.clone(),
            claims: Claims::new(arbiter.clone()),
            arbiter,
            progress: Arc::default(),
            log,
            told: Mutex::default(),
            ledger: Mutex::default(),
        }
    }

    /// What is known of the messages. A panic elsewhere leaves it as it was: every change is one step.
    pub fn ledger(&self) -> MutexGuard<'_, Ledger> {
        self.ledger.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// How a delivered message is marked.
    pub fn mark(&self) -> Mark {
        self.mark
    }

    /// Flags whose absence the search asks for: listing a message says something about its mark only if they hide it.
    pub fn absent_flags(&self) -> AbsentFlags {
        self.absent_flags
    }

    /// Whether `name` was not told before by this process.
    pub(crate) fn tells_first(&self, name: &'static str) -> bool {
        self.told.lock().unwrap_or_else(PoisonError::into_inner).insert(name)
    }

    /// Logs that a message was given up, and where to find it.
    pub fn tell_set_aside(&self, id: &MessageId, why: &str) {
        self.progress.count(Fate::SetAside);
        let where_to = match &self.failed_mailbox {
            Some(folder) => format!("it is moved to {folder}"),
            None => "it is left \\Flagged \\Seen".to_owned(),
        };
        let error = format!("{why}; {where_to} and has to be looked at by a person");
        self.log.line(Severity::Error, "Message set aside", &[("uid", json!(id)), ("error", error.into())]);
    }

    /// Notes that these claims are held.
    pub fn hold_claims<'a>(&self, scope: &str, ids: impl Iterator<Item = &'a MessageId>) {
        self.claims.hold(scope, ids);
    }

    /// Notes that these claims are settled or lost.
    pub fn forget_claims<'a>(&self, ids: impl Iterator<Item = &'a MessageId>) {
        self.claims.forget(ids);
    }

    /// Renews the claims that are held, every third of a claim's life, until dropped.
    pub async fn keep_claims(&self) {
        self.claims.keep().await;
    }

    /// Gives back whatever claims are still held, so that nobody has to wait for them.
    pub async fn release_claims(&self) {
        self.claims.release_all().await;
    }

    /// Gives back these claims, within 2 s.
    ///
    /// # Errors
    /// [`Error::TargetDown`](crate::Error::TargetDown) if the arbiter cannot be told; the claims end by themselves then.
    pub async fn release(&self, scope: &str, ids: &[MessageId]) -> Result<()> {
        self.claims.release(scope, ids).await
    }
}
