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

use futures_util::future::BoxFuture;

use crate::config;
use crate::delivery::postback::Postback;
use crate::rejection;
use crate::transport::postgres::PostgresClients;
pub use redis::permissions::{Jobs, Keys, Needs};
use report::reported;
pub use report::{Report, Step};

/// The steps that were tried. Boxed, so that what they do is compiled here and not again in the binding.
pub type Checking = BoxFuture<'static, Report>;

/// The mail server: name, connection, certificate, login, folder, capabilities, and how many messages wait.
pub fn imap(mailbox: config::Mailbox) -> Checking {
    Box::pin(reported(async move |report: &mut Report| imap::check(&mailbox, report).await))
}

/// Microsoft Graph: token, permission, folder, and how many messages wait. An empty report for an IMAP mailbox.
pub fn graph(mailbox: config::Mailbox) -> Checking {
    Box::pin(reported(async move |report: &mut Report| match &mailbox.graph {
        Some(graph) => graph::check(&mailbox, graph, report).await,
        None => None,
    }))
}

/// A Redis: connection, login, role, and the permissions that `needs` requires.
pub fn redis(config: config::Redis, needs: Needs) -> Checking {
    Box::pin(reported(async move |report: &mut Report| redis::check(&config, &needs, report).await))
}

/// An HTTP endpoint: whether it answers, its status, and its clock.
pub fn http(config: config::Postback) -> Checking {
    Box::pin(reported(async move |report: &mut Report| {
        let postback = report.step("prepared", async { Postback::new(&config) }).await?;
        let (status, clock_ahead) = report.step("answered", postback.ask()).await?;
        report.fact("status", status);
        report.fact("clock_ahead", clock_ahead);
        Some(())
    }))
}

/// The SMTP server for notices: connection, TLS and login.
pub fn smtp(config: config::Smtp) -> Checking {
    Box::pin(reported(async move |report: &mut Report| report.step("logged_in", rejection::ask(&config)).await))
}

/// Que's table in PostgreSQL: connection, login, and whether a row could be added.
pub fn postgres(config: config::Que) -> Checking {
    let client = PostgresClients::new().client(&config.database);
    Box::pin(reported(async move |report: &mut Report| postgres::check(&client, report).await))
}
