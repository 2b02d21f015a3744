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
        Self {
            matcher: config.matching.as_ref().map(Matcher::new),
            rejection: None,
            tracker: Tracker::new(&config, arbiter, log.clone()),
            account: Account::new(config, log, stop),
            delivery,
            budget,
            encoding,
            once: false,
            in_flight: AtomicBool::new(false),
        }
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
