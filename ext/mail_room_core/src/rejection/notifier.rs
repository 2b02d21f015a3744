//! Notifies the senders of one mailbox's rejected messages, outside the sweep: a slow notice holds up no message. A message
//! is decided only after its notice was sent, and is then marked like a delivered one.

use std::convert::Infallible;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use lettre::Address;
use serde_json::json;

use super::limits::Limits;
use super::pause::Pause;
use super::queue::{Pending, Queue};
use super::sender::{Sender, Sent};
use super::{lock, notice};
use crate::arbiter::Claim;
use crate::config;
use crate::error::{Error, Result};
use crate::limits::backoff::seconds;
use crate::limits::shutdown::Stop;
use crate::matching::matcher::{Match, Matcher};
use crate::message::{Message, MessageId};
use crate::observe::log::Severity;
use crate::observe::progress::Outcome;
use crate::outcome::FailureClass;
use crate::ruby::calls::Calls;
use crate::system::clock;
use crate::track::failures::{Failure, Failures};
use crate::track::retry::{self, Terms};
use crate::track::tracker::Tracker;

/// When to look again at a message that does not fit into the queue.
const NO_ROOM: Duration = Duration::from_secs(1);
/// When to look again at a message in the queue. Longer than any message waits there; a safeguard.
const FORGOTTEN: Duration = Duration::from_secs(600);
/// Most messages whose failures are remembered.
const NOTED: usize = 10_000;

/// How the senders of one mailbox's rejected messages are notified.
#[derive(Debug)]
pub struct Rejection {
    sender: Sender,
    matcher: Matcher,
    /// Addresses of ours beside the matcher's. They are never notified.
    own: Vec<Address>,
    limits: Mutex<Limits>,
    failures: Mutex<Failures>,
    pause: Pause,
    queue: Queue,
}

/// What is done with a rejected message.
#[derive(Debug)]
pub(crate) enum Disposition {
    /// Nobody is notified, for this reason. The message is decided.
    Silent(&'static str),
    /// The message is looked at again then.
    Deferred(Instant),
    /// The message is to be given to [`Rejection::enqueue`].
    Notify(Box<Pending>),
}

impl Rejection {
    /// Notifies as `mailbox` is configured to; `None` if nobody is to be notified. Opens no connection yet.
    ///
    /// # Errors
    /// [`Error::Configuration`] if an address is invalid.
    pub fn new(mailbox: &config::Mailbox, calls: &Arc<Calls>) -> Result<Option<Self>> {
        let (Some(config), Some(matching)) = (&mailbox.rejection, &mailbox.matching) else { return Ok(None) };
        let mut own: Vec<Address> = mailbox.email.parse().ok().into_iter().collect();
        if let config::RejectBy::Smtp(smtp) = &config.by {
            own.push(notice::sender(smtp)?.email);
        }
        Ok(Some(Self {
            sender: Sender::new(&config.by, &mailbox.email, calls),
            matcher: Matcher::new(matching),
            own,
            limits: Mutex::new(Limits::new(config.per_sender, config.in_all)),
            failures: Mutex::default(),
            pause: Pause::new(),
            queue: Queue::default(),
        }))
    }

    /// Decides what is done with `message`. `ahead` is the number of messages that will enter the queue before it.
    pub(crate) fn consider(&self, scope: &str, message: Message, found: &Match, ahead: usize) -> Disposition {
        let ours = |address: &Address| notice::is_ours(address, &self.matcher, &self.own);
        let rejected = match notice::answerable(&message.body, &ours) {
            Ok(rejected) => rejected,
            Err(why) => return Disposition::Silent(why),
        };
        let now = Instant::now();
        if let Some(until) = self.pause.end(now) {
            return Disposition::Deferred(until);
        }
        let raw = if self.sender.wants_message() { message.body } else { Vec::new() };
        if !self.queue.has_room(ahead, raw.len()) {
            return Disposition::Deferred(now + NO_ROOM);
        }
        if let Err(why) = lock(&self.limits).take(rejected.sender.as_ref(), now) {
            return Disposition::Silent(why);
        }
        let (scope, found, until) = (scope.to_owned(), found.clone(), now + FORGOTTEN);
        let considered = clock::since_boot();
        Disposition::Notify(Box::new(Pending { scope, id: message.id, rejected, found, raw, until, considered }))
    }

    /// Queues notices for these messages.
    pub(crate) fn enqueue(&self, pending: Vec<Pending>) {
        self.queue.extend(pending);
    }

    /// Whether a message is going to be decided outside the sweep.
    pub(crate) fn is_pending(&self) -> bool {
        self.queue.is_busy()
    }

    /// Returns when no notice is in flight, after `within` at the latest.
    pub(crate) async fn finish(&self, within: Duration) {
        self.queue.idle(within).await;
    }

    /// Sends notices one after the other until dropped. Begins none after a stop was asked for.
    pub(crate) async fn serve(&self, tracker: &Tracker, stop: &Stop) -> Infallible {
        loop {
            let pending = self.queue.next(stop).await;
            if !self.notify(tracker, &pending).await {
                lock(&self.limits).give_back(pending.rejected.sender.as_ref());
            }
            self.queue.done();
        }
    }

    /// Sends one notice and decides its message. Returns whether the sender was notified.
    async fn notify(&self, tracker: &Tracker, pending: &Pending) -> bool {
        if !self.claim(tracker, pending).await {
            return false;
        }
        let Pending { scope, id, .. } = pending;
        let ids = std::slice::from_ref(id);
        let sent = tokio::select! {
            sent = self.sender.send(pending) => sent,
            () = keep_claim(tracker, scope, ids) => return false,
        };
        let (error, failure) = match sent {
            Sent::Accepted => {
                // If Redis does not answer, the ledger still knows, and the next claim finds the message ours.
                tracker.arbiter.finish(scope, ids).await.ok();
                tracker.ledger().decided(id, tracker.mark());
                tracker.progress.count(Outcome::Rejected);
                lock(&self.failures).succeeded(id);
                self.pause.reset();
                tracker.log.info("Rejection notice sent", &[("uid", json!(id))]);
                return true;
            }
            Sent::Down(error) => {
                tracker.claims.release(scope, ids).await.ok();
                self.pause_for(tracker, id, &error);
                return false;
            }
            Sent::Refused(error) => (error, lock(&self.failures).refused(id)),
            Sent::Failed(error) => (error, self.failed(id)),
        };
        // If the arbiter does not answer, the ledger still knows.
        retry::failed(tracker, scope, id, "Rejection failed", &error, failure, Terms::default()).await.ok();
        if lock(&self.failures).is_breaker_open() {
            self.pause_for(tracker, id, &error);
        }
        false
    }

    /// Claims the message for the time of sending. Returns `false` if it is not to be notified now; the ledger then knows
    /// when to look at it again, or that it is decided.
    async fn claim(&self, tracker: &Tracker, pending: &Pending) -> bool {
        let Pending { scope, id, .. } = pending;
        if !tracker.ledger().is_about(scope) {
            return false;
        }
        let now = Instant::now();
        if let Some(until) = self.pause.end(now) {
            tracker.ledger().wait(id, until);
            return false;
        }
        if pending.is_outdated(tracker) {
            // The next search lists it again.
            tracker.ledger().wait(id, now);
            return false;
        }
        match self.ask_arbiter(tracker, pending).await {
            Ok(Claim::Won { .. }) if pending.is_outdated(tracker) => {
                tracker.claims.release(scope, std::slice::from_ref(id)).await.ok();
                tracker.ledger().wait(id, Instant::now());
                false
            }
            Ok(Claim::Won { .. }) => true,
            Ok(Claim::Delivered) => {
                tracker.ledger().decided(id, tracker.mark());
                tracker.progress.count(Outcome::Elsewhere);
                false
            }
            Ok(Claim::Held { lasts }) => {
                tracker.ledger().wait(id, Instant::now() + lasts);
                false
            }
            Err(error) => {
                self.pause_for(tracker, id, &error);
                false
            }
        }
    }

    /// Claims the message at the arbiter, and counts the attempt in advance if the app's code runs in it.
    async fn ask_arbiter(&self, tracker: &Tracker, pending: &Pending) -> Result<Claim> {
        let (scope, ids) = (&pending.scope, std::slice::from_ref(&pending.id));
        let claim = tracker.arbiter.claim_listed(scope, ids, pending.age()).await?.into_iter().next();
        let Some(Claim::Won { .. }) = claim else { return Ok(claim.unwrap_or(Claim::Held { lasts: NO_ROOM })) };
        let ours = tracker.arbiter.begin(scope, ids, self.sender.wants_message()).await?;
        let ours = ours.into_iter().next().unwrap_or(false);
        Ok(if ours { Claim::Won { attempts: 0 } } else { Claim::Held { lasts: NO_ROOM } })
    }

    fn failed(&self, id: &MessageId) -> Failure {
        let mut failures = lock(&self.failures);
        if failures.len() >= NOTED {
            *failures = Failures::default();
        }
        failures.failed(id, FailureClass::UNKNOWN, Instant::now())
    }

    /// No notice can be sent for now: neither for this message nor for any other.
    fn pause_for(&self, tracker: &Tracker, id: &MessageId, error: &Error) {
        let (until, delay) = self.pause.begin();
        tracker.ledger().wait(id, until);
        let fields = [("uid", json!(id)), ("error", error.to_string().into()), ("backoff_s", seconds(delay))];
        tracker.log.line(Severity::Error, "Rejection paused", &fields);
    }
}

/// Renews the claim every third of its life. Never returns.
async fn keep_claim(tracker: &Tracker, scope: &str, ids: &[MessageId]) {
    let Some(mut ticks) = tracker.arbiter.renewals() else { return std::future::pending().await };
    loop {
        ticks.tick().await;
        // A notice in flight cannot be recalled, whatever the answer.
        tracker.arbiter.renew(scope, ids).await.ok();
    }
}
