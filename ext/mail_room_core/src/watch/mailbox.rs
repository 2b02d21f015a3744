//! One mailbox being watched: its configuration, and what outlives its connections.

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use serde_json::json;
use tokio::time::timeout;

use crate::arbiter::Arbiter;
use crate::config;
use crate::delivery::Delivery;
use crate::error::Result;
use crate::limits::memory_budget::Budget;
use crate::limits::shutdown::Stop;
use crate::matching::matcher::Matcher;
use crate::message::MessageId;
use crate::observe::log::{Log, Severity};
use crate::observe::progress::{Fate, Progress};
use crate::rejection::Rejection;
use crate::source::{AbsentFlags, Mark, imap};
use crate::track::ledger::Memory;
use crate::transport::oauth::Tokens;

/// How long giving claims back may take; what is not given back ends by itself.
const RELEASE_WITHIN: Duration = Duration::from_secs(2);

/// One mailbox being watched.
#[derive(Debug)]
pub struct Watched {
    /// What to do.
    pub config: config::Mailbox,
    /// Who decides between processes.
    pub arbiter: Arc<Arbiter>,
    /// Where messages go.
    pub delivery: Delivery,
    /// Memory for fetched messages, shared by the process.
    pub budget: Budget,
    /// Memory for messages being encoded, shared by the process.
    pub encoding: Budget,
    /// What messages are for, if anybody wants to know.
    pub matcher: Option<Matcher>,
    /// What to log in with where there is no password.
    pub tokens: Option<Tokens>,
    /// This mailbox's log.
    pub log: Log,
    /// Asked to stop?
    pub stop: Stop,
    /// How senders are told that their messages were rejected.
    pub rejection: Option<Rejection>,
    /// How far it has got.
    pub progress: Arc<Progress>,
    /// Whether to work through what is there and then end, in place of waiting for more.
    pub once: bool,
    absent_flags: AbsentFlags,
    told: Mutex<BTreeSet<&'static str>>,
    handing_over: AtomicBool,
    memory: Mutex<Memory>,
    held: Mutex<Held>,
}

struct HandingOver<'a>(&'a AtomicBool);

impl Drop for HandingOver<'_> {
    fn drop(&mut self) {
        self.0.store(false, Ordering::Release);
    }
}

/// Claims that we hold.
#[derive(Debug, Default)]
struct Held {
    scope: String,
    ids: BTreeSet<MessageId>,
}

impl Watched {
    /// A mailbox of which nothing is known yet.
    pub fn new(
        config: config::Mailbox,
        arbiter: Arc<Arbiter>,
        delivery: Delivery,
        (budget, encoding): (Budget, Budget),
        log: Log,
        stop: Stop,
    ) -> Self {
        Self {
            tokens: config.auth.as_ref().map(Tokens::new),
            matcher: config.matching.as_ref().map(Matcher::new),
            absent_flags: match &config.graph {
                // Asks for unread messages, always.
                Some(_) => AbsentFlags { seen: true, ..AbsentFlags::default() },
                None => imap::absent_flags(&config.search_command),
            },
            told: Mutex::default(),
            rejection: None,
            config,
            arbiter,
            delivery,
            budget,
            encoding,
            log,
            stop,
            progress: Arc::default(),
            once: false,
            handing_over: AtomicBool::new(false),
            memory: Mutex::default(),
            held: Mutex::default(),
        }
    }

    /// With senders told as `rejection` does.
    pub fn rejecting(mut self, rejection: Option<Rejection>) -> Self {
        self.rejection = rejection;
        self
    }

    /// What is known of the messages. A panic elsewhere leaves it as it was: every change is one step.
    pub fn memory(&self) -> MutexGuard<'_, Memory> {
        self.memory.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// How a delivered message is marked.
    pub fn mark(&self) -> Mark {
        if self.config.delete_after_delivery { Mark::Deleted } else { Mark::Seen }
    }

    /// Flags whose absence the search asks for: listing a message says something about its mark only if they hide it.
    pub fn absent_flags(&self) -> AbsentFlags {
        self.absent_flags
    }

    /// Whether `name` was not told before by this process.
    pub(crate) fn tells_first(&self, name: &'static str) -> bool {
        self.told.lock().unwrap_or_else(PoisonError::into_inner).insert(name)
    }

    /// Messages delivered since the start.
    pub fn delivered(&self) -> u64 {
        self.progress.snapshot().delivered
    }

    /// Whether messages are on their way to the target.
    pub fn is_handing_over(&self) -> bool {
        self.handing_over.load(Ordering::Acquire)
    }

    /// Messages are on their way until what is returned is dropped.
    pub fn handing_over(&self) -> impl Drop + '_ {
        self.handing_over.store(true, Ordering::Release);
        HandingOver(&self.handing_over)
    }

    /// Says that a message was given up, and where to find it.
    pub fn tell_set_aside(&self, id: &MessageId, why: &str) {
        self.progress.count(Fate::SetAside);
        let where_to = match &self.config.failed_mailbox {
            Some(folder) => format!("it is moved to {folder}"),
            None => "it is left \\Flagged \\Seen".to_owned(),
        };
        let error = format!("{why}; {where_to} and has to be looked at by a person");
        self.log.line(Severity::Error, "Message set aside", &[("uid", json!(id)), ("error", error.into())]);
    }

    /// These claims are ours now.
    pub fn hold<'a>(&self, scope: &str, ids: impl Iterator<Item = &'a MessageId>) {
        let mut held = self.held();
        if held.scope != scope {
            *held = Held { scope: scope.to_owned(), ids: BTreeSet::new() };
        }
        held.ids.extend(ids.cloned());
    }

    /// These claims are settled or lost.
    pub fn let_go<'a>(&self, ids: impl Iterator<Item = &'a MessageId>) {
        let mut held = self.held();
        for id in ids {
            held.ids.remove(id);
        }
    }

    /// Renews what is held, every third of a claim's life, until dropped.
    pub async fn keep_claims(&self) {
        let Some(mut ticks) = self.arbiter.renewals() else { return std::future::pending().await };
        loop {
            ticks.tick().await;
            let (scope, ids) = self.held_now();
            if ids.is_empty() {
                continue;
            }
            // Redis away: the hand-over checks the claim anyway, so nothing is lost by not knowing now.
            if let Ok(still_ours) = self.arbiter.renew(&scope, &ids).await {
                self.let_go(ids.iter().zip(still_ours).filter(|(_, ours)| !ours).map(|(id, _)| id));
            }
        }
    }

    /// Gives back whatever is still held, so that nobody has to wait for it.
    pub async fn release_claims(&self) {
        let (scope, ids) = self.held_now();
        if !ids.is_empty() {
            let _ = self.release(&scope, &ids).await;
        }
    }

    /// Gives back these.
    pub async fn release(&self, scope: &str, ids: &[MessageId]) -> Result<()> {
        self.let_go(ids.iter());
        timeout(RELEASE_WITHIN, self.arbiter.release(scope, ids)).await.unwrap_or(Ok(()))
    }

    fn held_now(&self) -> (String, Vec<MessageId>) {
        let held = self.held();
        (held.scope.clone(), held.ids.iter().cloned().collect())
    }

    fn held(&self) -> MutexGuard<'_, Held> {
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
