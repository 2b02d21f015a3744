//! Trying out what a configuration names, step by step, with the very connections that watching uses: names, TLS, logins,
//! targets. Changes nothing anywhere: no flag, no key, no row. What the steps are called and what to do about one that
//! failed is said elsewhere.

use std::time::{Duration, Instant};

use serde::Serialize;
use serde_json::{Map, Value};
use tokio::time::timeout;

use crate::config;
use crate::delivery::postback::Postback;
use crate::error::{Error, Result};
use crate::rejection;
use crate::source::graph::check as graph_check;
use crate::source::imap::check as imap_check;
use crate::transport::postgres::{PostgresClients, check as postgres_check};
use crate::transport::redis::check as redis_check;
pub use crate::transport::redis::permissions::{Jobs, Keys, Needs};

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
    under_way: Option<Instant>,
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

    /// What was learned in the last step.
    pub(crate) fn fact(&mut self, name: &str, value: impl Into<Value>) {
        if let Some(step) = self.steps.last_mut() {
            step.facts.insert(name.to_owned(), value.into());
        }
    }

    /// The step that was under way when the time was up has failed.
    fn late(&mut self) {
        self.end::<()>(Err(Error::Reconnect(format!("not done after {} s", WITHIN.as_secs()))));
    }
}

async fn within(report: &mut Report, work: impl AsyncFnOnce(&mut Report) -> Option<()>) {
    if timeout(WITHIN, work(report)).await.is_err() {
        report.late();
    }
}

/// The mail server: its name, connection, certificate, login, folder, abilities, and how many messages wait.
pub async fn imap(mailbox: &config::Mailbox) -> Report {
    let mut report = Report::default();
    within(&mut report, async |report| imap_check::check(mailbox, report).await).await;
    report
}

/// Microsoft Graph: token, permission, folder, and how many messages wait. Nothing for a mailbox that lies elsewhere.
pub async fn graph(mailbox: &config::Mailbox) -> Report {
    let mut report = Report::default();
    if let Some(graph) = &mailbox.graph {
        within(&mut report, async |report| graph_check::check(mailbox, graph, report).await).await;
    }
    report
}

/// A Redis: connection, login, role, and the permissions for what is needed of it.
pub async fn redis(config: &config::Redis, needs: &Needs) -> Report {
    let mut report = Report::default();
    within(&mut report, async |report| redis_check::check(config, needs, report).await).await;
    report
}

/// An HTTP endpoint: whether it answers, and with what.
pub async fn http(config: &config::Postback) -> Report {
    let mut report = Report::default();
    let work = async |report: &mut Report| {
        let postback = report.step("prepared", async { Postback::new(config) }).await?;
        let status = report.step("answered", postback.ask()).await?;
        report.fact("status", status);
        Some(())
    };
    within(&mut report, work).await;
    report
}

/// The SMTP server for notices: connection, TLS and login.
pub async fn smtp(config: &config::Smtp) -> Report {
    let mut report = Report::default();
    within(&mut report, async |report| report.step("logged_in", rejection::ask(config)).await).await;
    report
}

/// Que's table in PostgreSQL: connection, login, and whether rows could be added.
pub async fn postgres(config: &config::Que) -> Report {
    let mut report = Report::default();
    let client = PostgresClients::new().client(&config.database);
    within(&mut report, async |report| postgres_check::check(&client, report).await).await;
    report
}
