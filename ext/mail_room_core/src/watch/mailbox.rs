//! One watched mailbox: where its messages come from, what is known of them, and where they go.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use crate::arbiter::Arbiter;
use crate::config;
use crate::delivery::Delivery;
use crate::limits::memory_budget::Budget;
use crate::limits::shutdown::Stop;
use crate::matching::matcher::Matcher;
use crate::observe::log::Log;
use crate::observe::progress::Progress;
use crate::rejection::Rejection;
use crate::source::connector::Account;
use crate::track::tracker::Tracker;

/// One watched mailbox.
#[derive(Debug)]
pub struct Mailbox {
    /// Where messages come from.
    pub account: Account,
    /// What is known of them.
    pub tracker: Tracker,
    /// Where they go.
    pub delivery: Delivery,
    /// Memory for fetched messages, shared by the process.
    pub budget: Budget,
    /// Memory for messages being encoded, shared by the process.
    pub encoding: Budget,
    /// The matcher, if matching is configured.
    pub matcher: Option<Matcher>,
    /// Notifies senders of rejected messages, if configured.
    pub rejection: Option<Rejection>,
    /// Whether to end after delivering what is there.
    pub once: bool,
    in_flight: AtomicBool,
}

struct InFlight<'a>(&'a AtomicBool);

impl Drop for InFlight<'_> {
    fn drop(&mut self) {
        self.0.store(false, Ordering::Release);
    }
}

impl Mailbox {
    /// A mailbox with an empty ledger.
    pub fn new(
        config: config::Mailbox,
        arbiter: Arc<Arbiter>,
        delivery: Delivery,
        (budget, encoding): (Budget, Budget),
        log: Log,
        stop: Stop,
    ) -> Self {
        let tracker = Tracker::new(&config, arbiter, log.clone());
        let progress = tracker.progress.clone();
        let mailbox = Self {
            matcher: config.matching.as_ref().map(Matcher::new),
            rejection: None,
            tracker,
            account: Account::new(config, log, stop),
            delivery,
            budget,
            encoding,
            once: false,
            in_flight: AtomicBool::new(false),
        };
        mailbox.reporting_to(&progress)
    }

    /// Sets who is told of the mailbox's progress.
    pub fn reporting_to(mut self, progress: &Arc<Progress>) -> Self {
        self.tracker.progress.clone_from(progress);
        self.account.report_to(progress);
        self
    }

    /// Sets how senders of rejected messages are notified.
    pub fn rejecting(mut self, rejection: Option<Rejection>) -> Self {
        self.rejection = rejection;
        self
    }

    /// Whether messages are in flight to the target.
    pub fn has_in_flight(&self) -> bool {
        self.in_flight.load(Ordering::Acquire)
    }

    /// Messages are in flight until the returned guard is dropped.
    pub fn in_flight(&self) -> impl Drop + '_ {
        self.in_flight.store(true, Ordering::Release);
        InFlight(&self.in_flight)
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::limits::memory_budget::{ENCODING_OCTETS, PROCESS_OCTETS};
    use crate::observe::log::Logs;

    /// The configuration of a mailbox for tests that bring a source of their own. `options` replace its options.
    pub(crate) fn config(options: Value) -> config::Mailbox {
        let mut all = json!({
            "name": "inbox", "email": "a@example.com", "password": "p", "host": "localhost", "port": 143,
            "security": "plain", "search_command": "UNSEEN", "limit_max_unread": 0, "idle_timeout": 60,
            "delete_after_delivery": false, "expunge_deleted": false, "max_message_size": 64 << 20,
            "max_delivery_attempts": 5, "delivery": { "method": "noop" }, "arbitration": { "method": "noop" }
        });
        let Value::Object(options) = options else { panic!("{options}") };
        all.as_object_mut().unwrap().extend(options);
        serde_json::from_value(all).unwrap()
    }

    /// A mailbox with memory of its own and a log that is written nowhere.
    pub(crate) fn mailbox(
        config: config::Mailbox,
        arbiter: impl Into<Arc<Arbiter>>,
        delivery: Delivery,
        stop: &Stop,
    ) -> Mailbox {
        let log = Logs::default().log(None, &config.email, &config.name).unwrap();
        let budgets = (Budget::new(PROCESS_OCTETS), Budget::new(ENCODING_OCTETS));
        Mailbox::new(config, arbiter.into(), delivery, budgets, log, stop.clone())
    }
}
