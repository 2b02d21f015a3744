//! Tries out what a configuration names, step by step, with the connections that watching uses: name lookup, TLS, logins, targets.
//! It changes nothing anywhere: no flag, no key, no row. `lib/mail_room/check` names the steps and says what to do about a failed
//! one.
//!
//! The topmost folder: it may import all others, and only the binding imports it.

mod graph;
mod imap;
mod postgres;
mod redis;
mod report;

use crate::config;
use crate::delivery::postback::Postback;
use crate::rejection;
use crate::transport::postgres::PostgresClients;
pub use redis::permissions::{Jobs, Keys, Needs};
use report::within;
pub use report::{Report, Step};

/// The mail server: name, connection, certificate, login, folder, capabilities, and how many messages wait.
pub async fn imap(mailbox: &config::Mailbox) -> Report {
    let mut report = Report::default();
    within(&mut report, async |report| imap::check(mailbox, report).await).await;
    report
}

/// Microsoft Graph: token, permission, folder, and how many messages wait. An empty report for an IMAP mailbox.
pub async fn graph(mailbox: &config::Mailbox) -> Report {
    let mut report = Report::default();
    if let Some(graph) = &mailbox.graph {
        within(&mut report, async |report| graph::check(mailbox, graph, report).await).await;
    }
    report
}

/// A Redis: connection, login, role, and the permissions that `needs` requires.
pub async fn redis(config: &config::Redis, needs: &Needs) -> Report {
    let mut report = Report::default();
    within(&mut report, async |report| redis::check(config, needs, report).await).await;
    report
}

/// An HTTP endpoint: whether it answers, its status, and its clock.
pub async fn http(config: &config::Postback) -> Report {
    let mut report = Report::default();
    let work = async |report: &mut Report| {
        let postback = report.step("prepared", async { Postback::new(config) }).await?;
        let (status, clock_ahead) = report.step("answered", postback.ask()).await?;
        report.fact("status", status);
        report.fact("clock_ahead", clock_ahead);
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

/// Que's table in PostgreSQL: connection, login, and whether a row could be added.
pub async fn postgres(config: &config::Que) -> Report {
    let mut report = Report::default();
    let client = PostgresClients::new().client(&config.database);
    within(&mut report, async |report| postgres::check(&client, report).await).await;
    report
}
