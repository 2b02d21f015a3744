//! The progress of a mailbox: for a progress bar, a service manager, an exit status, monitoring. It decides nothing. Whatever
//! happens to a mailbox is told here; what only monitoring counts is kept in `counts`.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant, SystemTime};

use serde_json::{Map, Value};

use crate::observe::counts::{ARRIVAL_SECONDS, Attempt, Counts, DELIVERY_SECONDS, Disconnect, LastHour};
use crate::observe::events::{Event, Events};
pub use crate::observe::state::{Outcome, Snapshot, State};
use crate::observe::state::{now, unix_seconds};

/// The progress of one mailbox, across its connections.
#[derive(Debug)]
pub struct Progress {
    inner: Mutex<Inner>,
}

#[derive(Debug)]
struct Inner {
    snapshot: Snapshot,
    attempted: bool,
    connected: bool,
    moved: Instant,
    turned: Instant,
    counts: Counts,
    last_hour: LastHour,
    /// When the oldest waiting message arrived, in seconds since 1970, if that is known.
    oldest: Option<u64>,
    publisher: Option<Publisher>,
}

/// Where events are published, and of which mailbox they are.
#[derive(Debug)]
struct Publisher {
    events: Arc<Events>,
    mailbox: String,
    email: String,
}

impl Inner {
    fn new() -> Self {
        Self {
            publisher: None,
            snapshot: Snapshot::default(),
            attempted: false,
            connected: false,
            moved: Instant::now(),
            turned: Instant::now(),
            counts: Counts::default(),
            last_hour: LastHour::default(),
            oldest: None,
        }
    }

    /// Publishes an event, if anybody wants them.
    fn publish(&self, name: &'static str, fields: &[(&str, Value)]) {
        let Some(Publisher { events, mailbox, email }) = &self.publisher else { return };
        let mut payload = Map::new();
        payload.insert("mailbox".into(), mailbox.as_str().into());
        payload.insert("email".into(), email.as_str().into());
        payload.extend(fields.iter().map(|(name, value)| ((*name).to_owned(), value.clone())));
        events.push(Event { name, payload });
    }

    /// Changes the state, and counts what that means for the connection and the target.
    fn turn(&mut self, state: State) {
        let snapshot = &mut self.snapshot;
        let before = snapshot.state;
        match state {
            State::Working | State::Idle if !self.connected => {
                self.connected = true;
                snapshot.connects = snapshot.connects.saturating_add(1);
                snapshot.last_connect = Some(now());
                self.publish("connection", &[("state", "connected".into())]);
            }
            State::Disconnected => self.connected = false,
            State::Paused if before != State::Paused => snapshot.pauses = snapshot.pauses.saturating_add(1),
            _ => {}
        }
        let snapshot = &mut self.snapshot;
        match state {
            State::Paused => snapshot.target_down = true,
            // The sweep before it ended well.
            State::Idle | State::Finished => snapshot.target_down = false,
            _ => {}
        }
        if before != state {
            self.turned = Instant::now();
        }
        self.snapshot.state = state;
    }

    fn left(&mut self, left: u64) {
        self.snapshot.left = left;
        match left {
            0 => self.snapshot.waiting_since = None,
            _ => _ = self.snapshot.waiting_since.get_or_insert_with(now),
        }
    }
}

impl Default for Progress {
    fn default() -> Self {
        Self::new()
    }
}

impl Progress {
    /// Nothing has happened yet.
    pub fn new() -> Self {
        Self { inner: Mutex::new(Inner::new()) }
    }

    /// Publishes what happens as events of this mailbox from now on.
    pub(crate) fn publish_to(&self, events: &Arc<Events>, mailbox: &str, email: &str) {
        let (mailbox, email) = (mailbox.to_owned(), email.to_owned());
        self.inner().publisher = Some(Publisher { events: events.clone(), mailbox, email });
    }

    /// The progress now.
    pub fn snapshot(&self) -> Snapshot {
        let inner = self.inner();
        Snapshot {
            state_seconds: inner.turned.elapsed().as_secs(),
            disconnects: inner.counts.all_disconnects(),
            last_hour: inner.last_hour.by_minute().iter().copied().map(u64::from).sum(),
            waiting_since: inner.snapshot.waiting_since.map(|since| inner.oldest.unwrap_or(since)),
            ..inner.snapshot.clone()
        }
    }

    /// What monitoring counts.
    pub fn counts(&self) -> Counts {
        self.inner().counts.clone()
    }

    /// Messages decided in the last hour, by minute.
    pub fn last_hour(&self) -> LastHour {
        self.inner().last_hour.clone()
    }

    /// Whether a first connection was tried, with or without success.
    pub fn attempted(&self) -> bool {
        self.inner().attempted
    }

    /// How long there was no progress: no message was fetched for the first time, decided, or tried in a way that counts.
    pub fn still_for(&self) -> Duration {
        self.inner().moved.elapsed()
    }

    /// Changes the state.
    pub(crate) fn turn(&self, state: State) {
        let mut inner = self.inner();
        inner.attempted |= state != State::Starting;
        // A mailbox that was given up stays so during cleanup.
        if inner.snapshot.state != State::GivenUp {
            inner.turn(state);
        }
    }

    /// Notes an error and the state that it leads to.
    pub(crate) fn trouble(&self, state: State, what: &str) {
        self.turn(state);
        self.inner().snapshot.trouble = Some(what.to_owned());
    }

    /// Notes how many messages a search found that are still to be decided.
    pub(crate) fn left(&self, left: usize) {
        let left = u64::try_from(left).unwrap_or(u64::MAX);
        let mut inner = self.inner();
        if left < inner.snapshot.left {
            inner.moved = Instant::now();
        }
        inner.left(left);
    }

    /// Notes when the oldest message that waits arrived, if that is known.
    pub(crate) fn oldest(&self, at: Option<SystemTime>) {
        self.inner().oldest = at.map(unix_seconds);
    }

    /// Counts a message that was decided.
    pub(crate) fn count(&self, outcome: Outcome) {
        let mut inner = self.inner();
        let counter = match outcome {
            Outcome::Delivered => &mut inner.snapshot.delivered,
            Outcome::Ignored | Outcome::Bounced => &mut inner.snapshot.ignored,
            Outcome::Rejected => &mut inner.snapshot.rejected,
            Outcome::SetAside => &mut inner.snapshot.set_aside,
            Outcome::Elsewhere => &mut inner.snapshot.elsewhere,
        };
        *counter = counter.saturating_add(1);
        match outcome {
            Outcome::Delivered => inner.snapshot.target_down = false,
            Outcome::Bounced => inner.snapshot.bounced = inner.snapshot.bounced.saturating_add(1),
            Outcome::SetAside => inner.publish("set_aside", &[]),
            _ => {}
        }
        let left = inner.snapshot.left.saturating_sub(1);
        inner.left(left);
        inner.last_hour.count();
        inner.snapshot.last_message = Some(now());
        inner.moved = Instant::now();
    }

    /// Counts an attempt to deliver a message, which took so long.
    pub(crate) fn attempt(&self, attempt: Attempt, took: Duration) {
        let mut inner = self.inner();
        inner.counts.attempt(attempt);
        inner.counts.delivery_seconds.observe(&DELIVERY_SECONDS, took);
        inner.publish("deliver", &[("result", attempt.name().into()), ("duration_s", took.as_secs_f64().into())]);
    }

    /// Counts a delivered message by the time since its arrival at the mail server.
    pub(crate) fn arrived(&self, at: SystemTime) {
        // The server's clock may be ahead of ours.
        let since = at.elapsed().unwrap_or_default();
        self.inner().counts.arrival_seconds.observe(&ARRIVAL_SECONDS, since);
    }

    /// Counts a connection that ended or could not be made.
    pub(crate) fn disconnected(&self, reason: Disconnect, what: &str) {
        self.trouble(State::Disconnected, what);
        let mut inner = self.inner();
        inner.counts.disconnect(reason);
        let fields = [("state", "disconnected".into()), ("reason", reason.name().into()), ("error", what.into())];
        inner.publish("connection", &fields);
    }

    /// Counts octets of fetched messages.
    pub(crate) fn fetched(&self, octets: usize) {
        let octets = u64::try_from(octets).unwrap_or(u64::MAX);
        let counts = &mut self.inner().counts;
        counts.octets = counts.octets.saturating_add(octets);
    }

    /// Counts a claim that another process took over.
    pub(crate) fn claim_lost(&self) {
        let counts = &mut self.inner().counts;
        counts.claims_lost = counts.claims_lost.saturating_add(1);
    }

    /// Counts a pause that the mail server asked for.
    pub(crate) fn throttled(&self) {
        let counts = &mut self.inner().counts;
        counts.throttles = counts.throttles.saturating_add(1);
    }

    /// Counts a new OAuth2 token, and notes when it expires if that is known.
    pub(crate) fn token_renewed(&self, lifetime: Option<Duration>) {
        let mut inner = self.inner();
        inner.counts.token_renewals = inner.counts.token_renewals.saturating_add(1);
        inner.snapshot.token_expires = lifetime.map(|lifetime| now().saturating_add(lifetime.as_secs()));
    }

    /// Notes when the certificate that the mail server showed expires, in seconds since 1970.
    pub(crate) fn certificate(&self, expires: u64) {
        self.inner().snapshot.certificate_expires = Some(expires);
    }

    /// Notes when the certificate of the delivery target expires, in seconds since 1970.
    pub(crate) fn target_certificate(&self, expires: Option<u64>) {
        self.inner().snapshot.target_certificate_expires = expires;
    }

    /// Notes progress with a message.
    pub(crate) fn moved(&self) {
        self.inner().moved = Instant::now();
    }

    /// A panic of another thread does no harm: each change is one step.
    fn inner(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_and_what_is_left() {
        let progress = Progress::new();
        assert!(!progress.attempted());
        progress.left(5);
        progress.turn(State::Working);
        for outcome in [Outcome::Delivered, Outcome::Delivered, Outcome::SetAside, Outcome::Ignored] {
            progress.count(outcome);
        }
        let Snapshot { state, delivered, ignored, set_aside, left, .. } = progress.snapshot();
        assert_eq!((state, delivered, ignored, set_aside, left), (State::Working, 2, 1, 1, 1));
        assert!(progress.attempted());
    }

    #[test]
    fn what_was_given_up_stays_so() {
        let progress = Progress::new();
        progress.trouble(State::GivenUp, "why");
        progress.turn(State::Working);
        let snapshot = progress.snapshot();
        assert_eq!((snapshot.state, snapshot.trouble.as_deref()), (State::GivenUp, Some("why")));
    }
}
