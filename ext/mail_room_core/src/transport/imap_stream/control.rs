//! The other end of the stream, for the callers of the library: begins exchanges, and returns what the stream saw of them.

use std::fmt;
use std::io;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

use super::expected::Expected;
use super::notes::Notes;
use super::out_of_step;
use super::status::Status;
use crate::error::{Error, Result};
use crate::observe::log::Log;
use crate::transport::credentials::Credentials;

/// Octets of a expected body that extend the absolute deadline by a second: slower than that is as good as dead.
const OCTETS_A_SECOND: u64 = 16 << 10;

/// When the server must have done what.
#[derive(Debug)]
pub(super) struct Clock {
    /// How long the server may send nothing at all while we wait for it.
    silence: Duration,
    /// When the current exchange must be over; `None` while we wait for news.
    until: Option<Instant>,
    /// When all exchanges must be over; set while connecting.
    fixed: Option<Instant>,
    /// When octets last went in or out.
    pub(super) active: Instant,
}

impl Clock {
    fn set(&mut self, until: Instant) {
        self.until = Some(self.fixed.map_or(until, |fixed| fixed.min(until)));
    }

    pub(super) fn deadline(&self) -> Option<Instant> {
        self.until.map(|until| until.min(self.active + self.silence))
    }

    /// Who sends what we asked for may take longer.
    pub(super) fn extend(&mut self, octets: usize) {
        let octets = u64::try_from(octets).unwrap_or(u64::MAX);
        if let Some(until) = self.until {
            self.set(until + Duration::from_micros(octets.saturating_mul(1_000_000) / OCTETS_A_SECOND));
        }
    }

    pub(super) fn late(&self) -> Error {
        if self.until.is_some_and(|until| Instant::now() >= until) {
            Error::Reconnect("the server did not finish its answer in time".into())
        } else {
            Error::Reconnect(format!("the server sent nothing for {} s", self.silence.as_secs_f32()))
        }
    }
}

/// What both ends share.
#[derive(Debug)]
pub(crate) struct Shared {
    pub(super) clock: Clock,
    pub(crate) expected: Expected,
    pub(crate) notes: Notes,
    /// The next command is answered here and not sent.
    pub(super) answer_next: bool,
    /// Its answer.
    pub(super) local: Option<Vec<u8>>,
}

impl Shared {
    /// Remembers why the connection is of no use any more; the library passes on that something went wrong.
    pub(super) fn fail(&mut self, error: Error) -> io::Error {
        // Some servers give the reason in a line of its own and then hang up.
        let error = match (error, self.notes.last_complaint.take()) {
            (Error::Reconnect(text), Some(complaint)) => {
                Error::Reconnect(format!("{text}; before, it said: {complaint}"))
            }
            (error, _) => error,
        };
        self.notes.failure.get_or_insert(error);
        io::Error::other("see the failure that was noted")
    }
}

/// A handle on the stream that the library owns. Cheap to clone.
#[derive(Clone)]
pub(crate) struct Control(Arc<Mutex<Shared>>);

impl fmt::Debug for Control {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Control").finish_non_exhaustive()
    }
}

impl Control {
    /// Everything up to [`end_connecting`](Self::end_connecting) must be over at `fixed`. Dropped responses go to `log`.
    pub(crate) fn new(silence: Duration, fixed: Instant, credentials: Credentials, log: Option<Log>) -> Self {
        let clock = Clock { silence, until: Some(fixed), fixed: Some(fixed), active: Instant::now() };
        let notes = Notes { credentials: Some(credentials), log, ..Notes::default() };
        let shared = Shared { clock, expected: Expected::default(), notes, answer_next: false, local: None };
        Self(Arc::new(Mutex::new(shared)))
    }

    pub(crate) fn lock(&self) -> MutexGuard<'_, Shared> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether the server has listed `capability`.
    pub(crate) fn has(&self, capability: &str) -> bool {
        self.lock().notes.capabilities.has(capability)
    }

    /// From now on only each exchange has a deadline.
    pub(crate) fn end_connecting(&self) {
        self.lock().clock.fixed = None;
    }

    /// An exchange begins; it must be over within `limit`.
    pub(crate) fn begin(&self, limit: Duration, expected: Expected) {
        let mut shared = self.lock();
        shared.notes.begin();
        shared.expected = expected;
        shared.clock.active = Instant::now();
        shared.clock.set(Instant::now() + limit);
    }

    /// The exchange goes on with a new deadline: a command of a pipeline was answered.
    pub(crate) fn restart_clock(&self, limit: Duration) {
        let mut shared = self.lock();
        shared.expected.renew();
        shared.clock.active = Instant::now();
        shared.clock.set(Instant::now() + limit);
    }

    /// Why the library gave up.
    pub(crate) fn failure(&self) -> Error {
        self.lock().notes.failure.clone().unwrap_or_else(out_of_step)
    }

    /// The server's answer to the one command of this exchange, in its own words.
    pub(crate) fn answer(&self) -> Result<Status> {
        let notes = &mut self.lock().notes;
        match (&notes.failure, notes.answers.pop()) {
            (Some(failure), _) => Err(failure.clone()),
            (None, answer) => answer.map(|(_, status)| status).ok_or_else(out_of_step),
        }
    }

    /// Lifts the deadline: we wait for news, and the caller has a clock for that.
    pub(crate) fn wait(&self) {
        self.lock().clock.until = None;
    }

    /// The next command is not sent. The stream answers it with OK itself.
    pub(crate) fn answer_next(&self) {
        self.lock().answer_next = true;
    }
}
