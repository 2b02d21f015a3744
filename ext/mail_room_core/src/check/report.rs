//! Steps that were tried, how each went, and what was learned.

use std::time::{Duration, Instant};

use serde::Serialize;
use serde_json::{Map, Value};
use tokio::time::timeout;

use crate::error::{Error, Result};

/// How long all steps towards one party may take together.
const WITHIN: Duration = Duration::from_secs(60);

/// One step that was tried.
#[derive(Debug, Serialize)]
pub struct Step {
    /// What was tried.
    pub step: &'static str,
    /// Whether it went well.
    pub ok: bool,
    /// How long it took, in milliseconds.
    pub took_ms: u64,
    /// What went wrong.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
    /// What was learned.
    pub facts: Map<String, Value>,
}

/// The steps so far, in their order. The last one may have failed: no further one is tried then.
#[derive(Debug, Default, Serialize)]
#[serde(transparent)]
pub struct Report {
    steps: Vec<Step>,
    #[serde(skip)]
    under_way: Option<(&'static str, Instant)>,
}

impl Report {
    /// The steps.
    pub fn steps(&self) -> &[Step] {
        &self.steps
    }

    /// A list of the steps, in JSON.
    ///
    /// # Errors
    /// [`Error::Configuration`] never, as far as anybody knows: there is nothing in it that JSON has no form for.
    pub fn to_json(&self) -> Result<String> {
        serde_json::to_string(self).map_err(|error| Error::Configuration(error.to_string()))
    }

    /// Does `work` and notes how it went.
    pub(crate) async fn step<T>(&mut self, step: &'static str, work: impl Future<Output = Result<T>>) -> Option<T> {
        let started = Instant::now();
        self.under_way = Some((step, started));
        let done = work.await;
        self.note(step, started, done)
    }

    /// What was learned in the last step.
    pub(crate) fn fact(&mut self, name: &str, value: impl Into<Value>) {
        if let Some(step) = self.steps.last_mut() {
            step.facts.insert(name.to_owned(), value.into());
        }
    }

    fn note<T>(&mut self, step: &'static str, started: Instant, done: Result<T>) -> Option<T> {
        self.under_way = None;
        let took_ms = u64::try_from(started.elapsed().as_millis()).unwrap_or(u64::MAX);
        let (value, error) = match done {
            Ok(value) => (Some(value), None),
            Err(error) => (None, Some(error.to_string())),
        };
        self.steps.push(Step { step, ok: error.is_none(), took_ms, error, facts: Map::new() });
        value
    }

    /// The step that was under way when the time was up has failed.
    fn late(&mut self) {
        if let Some((step, started)) = self.under_way {
            let error = Error::Reconnect(format!("not done after {} s", WITHIN.as_secs()));
            self.note::<()>(step, started, Err(error));
        }
    }
}

/// Notes the steps of `work`, which has 60 s for all of them together.
pub(super) async fn within(report: &mut Report, work: impl AsyncFnOnce(&mut Report) -> Option<()>) {
    if timeout(WITHIN, work(report)).await.is_err() {
        report.late();
    }
}
