//! Senders are told that their messages were rejected, beside the sweep: however long that takes, it holds up no other
//! message. What is told waits in a short queue; only when the notice is out the message is decided, to be marked like a
//! delivered one. What the queue has no room for is looked at again later.

mod limits;
mod notice;
mod smtp;

use std::collections::VecDeque;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use lettre::Address;
use lettre::address::Envelope;
use serde_json::json;
use tokio::sync::Notify;
use tokio::time::timeout;

use crate::arbiter::Claim;
use crate::config;
use crate::error::{Error, Result};
use crate::limits::backoff::{Backoff, seconds};
use crate::limits::shutdown::Stop;
use crate::matching::matcher::{Match, Matcher};
use crate::message::{Message, MessageId};
use crate::observe::log::Severity;
use crate::observe::progress;
use crate::outcome::Symptom;
use crate::ruby::calls::{Answer, Calls, Question};
use crate::system::clock;
use crate::track::failures::Failures;
use crate::track::retry::{self, Terms};
use crate::track::tracker::Tracker;
use limits::Limits;
use notice::Rejected;
use smtp::Untaken;
pub(crate) use smtp::ask;

/// Messages that wait to be told of, and their octets where the app wants to see them. A larger one waits alone.
const QUEUE: (usize, usize) = (100, 8 << 20);
/// When a message that is not in the queue for lack of room is looked at again.
const NO_ROOM: Duration = Duration::from_secs(1);
/// Longer than any message waits in the queue; should it be forgotten there, it is looked at again then.
const FORGOTTEN: Duration = Duration::from_secs(600);
/// First and longest pause while nothing can be told.
const PAUSE: (Duration, Duration) = (Duration::from_secs(1), Duration::from_secs(60));
/// Messages of which failures are noted.
const NOTED: usize = 10_000;

/// How one mailbox's senders are told.
#[derive(Debug)]
pub struct Rejection {
    by: By,
    matcher: Matcher,
    /// Addresses besides the matcher's that are never told anything.
    own: Vec<Address>,
    mailbox: String,
    limits: Mutex<Limits>,
    failures: Mutex<Failures>,
    pause: Mutex<Pause>,
    queue: Mutex<VecDeque<Pending>>,
    queued: Notify,
    /// One is being told of.
    telling: AtomicBool,
    told: Notify,
}

#[derive(Debug)]
enum By {
    Smtp(Box<config::Smtp>),
    Hook(Arc<Calls>, String),
}

#[derive(Debug)]
struct Pause {
    until: Instant,
    backoff: Backoff,
}

/// A message whose sender is to be told.
#[derive(Debug)]
pub(crate) struct Pending {
    scope: String,
    id: MessageId,
    rejected: Rejected,
    found: Match,
    /// For the app's own class.
    raw: Vec<u8>,
    until: Instant,
    /// When the message was looked at, in time since boot.
    considered: Duration,
}

impl Pending {
    /// Which message it is.
    pub(crate) fn id(&self) -> &MessageId {
        &self.id
    }

    /// When the message is looked at again at the latest.
    pub(crate) fn until(&self) -> Instant {
        self.until
    }

    /// For how long the message has been waiting to be told of.
    fn age(&self) -> Duration {
        clock::since_boot().saturating_sub(self.considered)
    }

    /// Whether somebody may have told the sender, and the arbiter have forgotten it, since we looked at the message.
    fn is_outdated(&self, tracker: &Tracker) -> bool {
        let age = self.age();
        tracker.arbiter.search_is_good_for().is_some_and(|good_for| age > good_for)
    }
}

/// What is to become of a rejected message.
#[derive(Debug)]
pub(crate) enum Fate {
    /// Nobody is told, for this reason: the message is decided.
    Silent(&'static str),
    /// Not now.
    Later(Instant),
    /// To be given to [`Rejection::tell`].
    Told(Box<Pending>),
}

/// What became of telling.
enum Outcome {
    Told,
    Refused(Error),
    Failed(Error),
    Down(Error),
}

impl Rejection {
    /// Tells as `mailbox` says; `None` where nobody is told. Connects to nothing yet.
    ///
    /// # Errors
    /// [`Error::Configuration`] if an address has no meaning.
    pub fn new(mailbox: &config::Mailbox, calls: &Arc<Calls>) -> Result<Option<Self>> {
        let (Some(config), Some(matching)) = (&mailbox.rejection, &mailbox.matching) else { return Ok(None) };
        let mut own: Vec<Address> = mailbox.email.parse().ok().into_iter().collect();
        let by = match &config.by {
            config::RejectBy::Smtp(smtp) => {
                own.push(notice::sender(smtp)?.email);
                By::Smtp(smtp.clone())
            }
            config::RejectBy::Hook { class_name } => By::Hook(calls.clone(), class_name.clone()),
        };
        Ok(Some(Self {
            by,
            matcher: Matcher::new(matching),
            own,
            mailbox: mailbox.email.clone(),
            limits: Mutex::new(Limits::new(config.per_sender, config.in_all)),
            failures: Mutex::default(),
            pause: Mutex::new(Pause { until: Instant::now(), backoff: Backoff::new(PAUSE.0, PAUSE.1) }),
            queue: Mutex::default(),
            queued: Notify::new(),
            telling: AtomicBool::new(false),
            told: Notify::new(),
        }))
    }

    /// What is to become of `message`. `ahead`: as many are going to be told before it and not in the queue yet.
    pub(crate) fn consider(&self, scope: &str, message: Message, found: &Match, ahead: usize) -> Fate {
        let ours = |address: &Address| notice::is_ours(address, &self.matcher, &self.own);
        let rejected = match notice::answerable(&message.body, &ours) {
            Ok(rejected) => rejected,
            Err(why) => return Fate::Silent(why),
        };
        let now = Instant::now();
        let paused = lock(&self.pause).until;
        if paused > now {
            return Fate::Later(paused);
        }
        let raw = if matches!(self.by, By::Hook(..)) { message.body } else { Vec::new() };
        {
            let queue = lock(&self.queue);
            let octets: usize = queue.iter().map(|pending| pending.raw.len()).sum();
            let is_first = queue.is_empty() && ahead == 0;
            if !is_first && (queue.len() + ahead >= QUEUE.0 || octets.saturating_add(raw.len()) > QUEUE.1) {
                return Fate::Later(now + NO_ROOM);
            }
        }
        if let Err(why) = lock(&self.limits).take(rejected.sender.as_ref(), now) {
            return Fate::Silent(why);
        }
        let (scope, found, until) = (scope.to_owned(), found.clone(), now + FORGOTTEN);
        let considered = clock::since_boot();
        Fate::Told(Box::new(Pending { scope, id: message.id, rejected, found, raw, until, considered }))
    }

    /// Tells of these, soon.
    pub(crate) fn tell(&self, pending: Vec<Pending>) {
        if !pending.is_empty() {
            lock(&self.queue).extend(pending);
            self.queued.notify_one();
        }
    }

    /// Whether something is going to be decided without anybody asking for it.
    pub(crate) fn is_pending(&self) -> bool {
        self.telling.load(Ordering::Acquire) || !lock(&self.queue).is_empty()
    }

    /// Returns when nobody is being told any more, after `within` at the latest.
    pub(crate) async fn finish(&self, within: Duration) {
        let finished = async {
            loop {
                let told = self.told.notified();
                if !self.telling.load(Ordering::Acquire) {
                    return;
                }
                told.await;
            }
        };
        timeout(within, finished).await.ok();
    }

    /// Tells senders, one after the other, until dropped. Begins nothing once a stop was asked for.
    pub(crate) async fn serve(&self, tracker: &Tracker, stop: &Stop) {
        loop {
            let queued = self.queued.notified();
            // Set while the queue is locked: what is neither in it nor being told is decided.
            let next = {
                let mut queue = lock(&self.queue);
                let next = if stop.asked() { None } else { queue.pop_front() };
                self.telling.store(next.is_some(), Ordering::Release);
                next
            };
            match next {
                Some(pending) => {
                    if !self.tell_of(tracker, &pending).await {
                        lock(&self.limits).give_back(pending.rejected.sender.as_ref());
                    }
                    self.telling.store(false, Ordering::Release);
                    self.told.notify_waiters();
                }
                None => queued.await,
            }
        }
    }

    /// Whether the sender was told.
    async fn tell_of(&self, tracker: &Tracker, pending: &Pending) -> bool {
        let Pending { scope, id, .. } = pending;
        if !tracker.ledger().is_about(scope) {
            return false;
        }
        let paused = lock(&self.pause).until;
        if paused > Instant::now() {
            tracker.ledger().wait(id, paused);
            return false;
        }
        let ids = std::slice::from_ref(id);
        if pending.is_outdated(tracker) {
            // Looked for anew.
            tracker.ledger().wait(id, Instant::now());
            return false;
        }
        match self.claim(tracker, pending, ids).await {
            Ok(Claim::Won { .. }) if pending.is_outdated(tracker) => {
                tracker.release(scope, ids).await.ok();
                tracker.ledger().wait(id, Instant::now());
                return false;
            }
            Ok(Claim::Won { .. }) => {}
            Ok(Claim::Delivered) => {
                tracker.ledger().decided(id, tracker.mark());
                tracker.progress.count(progress::Fate::Elsewhere);
                return false;
            }
            Ok(Claim::Held { lasts }) => {
                tracker.ledger().wait(id, Instant::now() + lasts);
                return false;
            }
            Err(error) => {
                self.not_now(tracker, id, &error);
                return false;
            }
        }
        let outcome = tokio::select! {
            outcome = self.say(pending) => outcome,
            () = keep(tracker, scope, ids) => return false,
        };
        let (error, failure) = match outcome {
            Outcome::Told => {
                // Redis away now: our memory knows, and the next claim finds the message ours.
                tracker.arbiter.finish(scope, ids).await.ok();
                tracker.ledger().decided(id, tracker.mark());
                tracker.progress.count(progress::Fate::Rejected);
                self.succeeded(id);
                tracker.log.info("Rejection notice sent", &[("uid", json!(id))]);
                return true;
            }
            Outcome::Down(error) => {
                tracker.release(scope, ids).await.ok();
                self.not_now(tracker, id, &error);
                return false;
            }
            Outcome::Refused(error) => (error, lock(&self.failures).refused(id)),
            Outcome::Failed(error) => (error, self.failed(id)),
        };
        // An arbiter that is away: what matters is in the memory.
        retry::failed(tracker, scope, id, "Rejection failed", &error, failure, Terms::default()).await.ok();
        if lock(&self.failures).doubted() {
            self.not_now(tracker, id, &error);
        }
        false
    }

    fn succeeded(&self, id: &MessageId) {
        lock(&self.failures).succeeded(id);
        lock(&self.pause).backoff.reset();
    }

    fn failed(&self, id: &MessageId) -> crate::track::failures::Failure {
        let mut failures = lock(&self.failures);
        if failures.len() >= NOTED {
            *failures = Failures::default();
        }
        failures.failed(id, Symptom::UNKNOWN, Instant::now())
    }

    /// Claims the message, for at least a third of a claim's life.
    async fn claim(&self, tracker: &Tracker, pending: &Pending, ids: &[MessageId]) -> Result<Claim> {
        let (scope, age) = (&pending.scope, pending.age());
        let claim = tracker.arbiter.claim_listed(scope, ids, age).await?.into_iter().next();
        let Some(Claim::Won { .. }) = claim else { return Ok(claim.unwrap_or(Claim::Held { lasts: NO_ROOM })) };
        let ours = tracker.arbiter.begin(scope, ids, matches!(self.by, By::Hook(..))).await?;
        let ours = ours.into_iter().next().unwrap_or(false);
        Ok(if ours { Claim::Won { attempts: 0 } } else { Claim::Held { lasts: NO_ROOM } })
    }

    async fn say(&self, pending: &Pending) -> Outcome {
        let told = match &self.by {
            By::Smtp(smtp) => self.mail(smtp, pending).await,
            By::Hook(calls, class) => {
                let Pending { id, raw, found, .. } = pending;
                let question = Question::Reject(id.clone(), raw.clone(), Box::new(found.clone()));
                return match calls.ask(question).await {
                    Some(Answer::Yes) => Outcome::Told,
                    Some(Answer::No) => failed(class, "returned false or nil"),
                    Some(Answer::Raised(words)) => failed(class, &format!("raised {words}")),
                    None => failed(class, "was ended with its thread"),
                };
            }
        };
        match told {
            Ok(()) => Outcome::Told,
            Err(Untaken::Refused(error)) => Outcome::Refused(error),
            Err(Untaken::Down(error)) => Outcome::Down(error),
        }
    }

    async fn mail(&self, smtp: &config::Smtp, pending: &Pending) -> std::result::Result<(), Untaken> {
        let name = pending.id.name_in(&pending.scope);
        let mail = notice::compose(smtp, &pending.rejected, &pending.found, &self.mailbox, &name);
        let mail = mail.map_err(Untaken::Refused)?;
        // No return path (RFC 3834 section 3.3): what comes back must not come back to us.
        let envelope = Envelope::new(None, vec![pending.rejected.sender.clone()]);
        let envelope = envelope.map_err(|error| Untaken::Refused(Error::Message(error.to_string())))?;
        smtp::send(smtp, &envelope, &mail).await
    }

    /// Nobody can be told for now: neither this message's sender nor any other's.
    fn not_now(&self, tracker: &Tracker, id: &MessageId, error: &Error) {
        let (until, delay) = {
            let mut pause = lock(&self.pause);
            let delay = pause.backoff.delay();
            pause.until = Instant::now() + delay;
            (pause.until, delay)
        };
        tracker.ledger().wait(id, until);
        let fields = [("uid", json!(id)), ("error", error.to_string().into()), ("backoff_s", seconds(delay))];
        tracker.log.line(Severity::Error, "Rejection paused", &fields);
    }
}

fn failed(class: &str, how: &str) -> Outcome {
    Outcome::Failed(Error::Message(format!("{class}#reject {how}")))
}

/// Renews the claim, every third of its life. Never returns.
async fn keep(tracker: &Tracker, scope: &str, ids: &[MessageId]) {
    let Some(mut ticks) = tracker.arbiter.renewals() else { return std::future::pending().await };
    loop {
        ticks.tick().await;
        // A notice that is on its way cannot be taken back, whatever the answer.
        tracker.arbiter.renew(scope, ids).await.ok();
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
