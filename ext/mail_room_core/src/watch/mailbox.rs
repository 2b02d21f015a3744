//! One mailbox being watched: where its messages come from, what is known of them, and where they go.

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

/// One mailbox being watched.
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
    /// What messages are for, if anybody wants to know.
    pub matcher: Option<Matcher>,
    /// How senders are told that their messages were rejected.
    pub rejection: Option<Rejection>,
    /// Whether to work through what is there and then end, in place of waiting for more.
    pub once: bool,
    handing_over: AtomicBool,
}

struct HandingOver<'a>(&'a AtomicBool);

impl Drop for HandingOver<'_> {
    fn drop(&mut self) {
        self.0.store(false, Ordering::Release);
    }
}

impl Mailbox {
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
            matcher: config.matching.as_ref().map(Matcher::new),
            rejection: None,
            tracker: Tracker::new(&config, arbiter, log.clone()),
            account: Account::new(config, log, stop),
            delivery,
            budget,
            encoding,
            once: false,
            handing_over: AtomicBool::new(false),
        }
    }

    /// With senders told as `rejection` does.
    pub fn rejecting(mut self, rejection: Option<Rejection>) -> Self {
        self.rejection = rejection;
        self
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
}
