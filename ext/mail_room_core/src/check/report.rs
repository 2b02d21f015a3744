//! The steps of a check: the result of each, and the facts that it found.

use std::time::{Duration, Instant};

use serde::Serialize;
use serde_json::{Map, Value};
use tokio::time::timeout;

use crate::error::{Error, Result};

/// How long all steps towards one server may take together.
const WITHIN: Duration = Duration::from_secs(60);

/// One step that was tried.
#[derive(Debug, Serialize)]
pub struct Step {
    /// Its name.
    pub step: &'static str,
    /// Whether it succeeded.
    pub ok: bool,
    /// Its duration in milliseconds.
    pub took_ms: u64,
    /// The error, if it failed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
    /// The facts that it found.
    pub facts: Map<String, Value>,
}

/// The steps so far, in order. Only the last one may have failed: it ends the check.
#[derive(Debug, Default, Serialize)]
#[serde(transparent)]
pub struct Report {
    steps: Vec<Step>,
    #[serde(skip)]
    under_way: Option<Instant>,
}

impl Report {
    /// The steps.
    pub fn steps(&self) -> &[Step] {
        &self.steps
    }

    /// The steps as a JSON array.
    ///
    /// # Errors
    /// [`Error::Configuration`] if JSON cannot express it, which is not known to happen.
    pub fn to_json(&self) -> Result<String> {
        serde_json::to_string(self).map_err(|error| Error::Configuration(error.to_string()))
    }

    /// Runs `work` and notes the result.
    pub(crate) async fn step<T>(&mut self, step: &'static str, work: impl Future<Output = Result<T>>) -> Option<T> {
        self.begin(step);
        let done = work.await;
        self.end(done)
    }

    /// A step begins; the one that was under way went well.
    pub(crate) fn begin(&mut self, step: &'static str) {
        self.end(Ok(()));
        self.steps.push(Step { step, ok: false, took_ms: 0, error: None, facts: Map::new() });
        self.under_way = Some(Instant::now());
    }

    /// The step that was under way ends.
    pub(crate) fn end<T>(&mut self, done: Result<T>) -> Option<T> {
        if let (Some(started), Some(step)) = (self.under_way.take(), self.steps.last_mut()) {
            step.took_ms = u64::try_from(started.elapsed().as_millis()).unwrap_or(u64::MAX);
            step.ok = done.is_ok();
            step.error = done.as_ref().err().map(ToString::to_string);
        }
        done.ok()
    }

    /// Notes a fact that the last step found.
    pub(crate) fn fact(&mut self, name: &str, value: impl Into<Value>) {
        if let Some(step) = self.steps.last_mut() {
            step.facts.insert(name.to_owned(), value.into());
        }
    }

    /// Notes that the step in progress has failed because the time is up.
    fn late(&mut self) {
        self.end::<()>(Err(Error::Reconnect(format!("not done after {} s", WITHIN.as_secs()))));
    }
}

/// The steps of `work`, which has 60 s for all of them.
pub(super) async fn reported(work: impl AsyncFnOnce(&mut Report) -> Option<()>) -> Report {
    let mut report = Report::default();
    if timeout(WITHIN, work(&mut report)).await.is_err() {
        report.late();
    }
    report
}
