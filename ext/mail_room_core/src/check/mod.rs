//! Tries out what a configuration names, step by step, with the very connections that watching uses: names, TLS, logins,
//! targets. Changes nothing anywhere: no flag, no key, no row. What the steps are called and what to do about one that
//! failed is said elsewhere.

mod graph;
mod postgres;
mod redis;
mod report;

use crate::config;
use crate::delivery::postback::Postback;
use crate::rejection;
use crate::source::imap::check as imap_check;
use crate::transport::postgres::PostgresClients;
pub use redis::permissions::{Jobs, Keys, Needs};
use report::within;
pub use report::{Report, Step};

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
        within(&mut report, async |report| graph::check(mailbox, graph, report).await).await;
    }
    report
}

/// A Redis: connection, login, role, and the permissions for what is needed of it.
pub async fn redis(config: &config::Redis, needs: &Needs) -> Report {
    let mut report = Report::default();
    within(&mut report, async |report| redis::check(config, needs, report).await).await;
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
    within(&mut report, async |report| postgres::check(&client, report).await).await;
    report
}
