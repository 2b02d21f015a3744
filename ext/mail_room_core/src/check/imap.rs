//! Connects to an IMAP server as a watcher does, and notes each step. Opens the mailbox read-only (EXAMINE), which changes no flag,
//! not even \Recent.

mod folders;

use std::time::Duration;

use async_imap::types::{QuotaResource, QuotaResourceName};
use serde_json::Value;
use tokio::time::Instant;

use super::report::Report;
use crate::config::Mailbox;
use crate::error::{Error, Result};
use crate::limits::shutdown::Stop;
use crate::observe::text::said;
use crate::source::imap::Deadlines;
use crate::source::imap::LoginLimiter;
use crate::source::imap::connect::{Progress, open};
use crate::source::imap::idle;
use crate::source::imap::list;
use crate::source::imap::login::TokenRefused;
use crate::source::imap::namespace;
use crate::source::imap::search::{self, Answer};
use crate::source::imap::session::{Session, exchange};
use crate::transport::credentials::Credentials;
use crate::transport::imap_stream::{Kind, Status};
use crate::transport::imap_syntax::mailbox_name::same;
use crate::transport::imap_syntax::search_program::SearchProgram;
use crate::transport::imap_syntax::utf7;
use crate::transport::oauth::Tokens;

/// How long IDLE is tried.
const IDLE: Duration = Duration::from_millis(100);

impl Progress for Report {
    fn step(&mut self, step: &'static str) {
        self.begin(step);
    }

    fn fact(&mut self, name: &'static str, value: Value) {
        Self::fact(self, name, value);
    }
}

/// Steps `token` (only with OAuth), those of [`Progress`], `mailbox`, `capabilities`, `unread`, `quota` (if the server tells it),
/// `failed_mailbox` and `delivered_mailbox` (if they are configured).
pub(super) async fn check(mailbox: &Mailbox, report: &mut Report) -> Option<()> {
    let connected = connected(mailbox, report).await;
    let mut session = report.end(connected)?;
    session.control.end_connecting();
    inspect(&mut session, mailbox, report).await?;
    session.logout(Deadlines::default().logout).await;
    Some(())
}

async fn connected(mailbox: &Mailbox, report: &mut Report) -> Result<Session> {
    let mut token = None;
    if let Some(auth) = &mailbox.auth {
        // Before there is a connection, as in watching.
        report.begin("token");
        token = Some(Tokens::new(auth).token().await?);
    }
    let credentials = Credentials::new(mailbox, token.as_ref());
    let opened = open(mailbox, &credentials, None, &Deadlines::default(), &LoginLimiter::new(), report).await?;
    opened.map_err(|TokenRefused(text)| Error::Refused(text))
}

/// The steps after the login.
async fn inspect(session: &mut Session, mailbox: &Mailbox, report: &mut Report) -> Option<()> {
    let mut not_connected = false;
    let Some(opened_as) = report.step("mailbox", examine(session, &mailbox.name, &mut not_connected)).await else {
        // Not a step: it only helps with the one that failed.
        let names = list::names(session).await.unwrap_or_default();
        report.fact("names", names);
        report.fact("not_connected", not_connected);
        return None;
    };
    report.step("capabilities", try_idle(session)).await?;
    report.fact("idle_offered", session.control.has("IDLE"));
    report.fact("idle", session.idles());
    report.fact("uidplus", session.control.has("UIDPLUS"));
    report.fact("move", session.control.has("MOVE"));
    let unread = async {
        match search::ask(session, &SearchProgram::new(&mailbox.search_command)?).await? {
            Answer::Found(uids) => Ok(uids.len()),
            Answer::NoLine => Ok(0),
            Answer::Refused(text) => Err(search::refused(&text)),
        }
    };
    let unread = report.step("unread", unread).await?;
    report.fact("unread", unread);
    if session.control.has("QUOTA")
        && let Some(fullest) = quota(session, &mailbox.name).await.ok().flatten()
    {
        report.begin("quota");
        report.fact("percent", fullest.get_usage_percentage());
        report.fact("resource", resource_name(&fullest.name));
    }
    let folders = [("failed_mailbox", &mailbox.failed_mailbox), ("delivered_mailbox", &mailbox.delivered_mailbox)];
    for (step, name) in folders {
        let Some(name) = name else { continue };
        let folder = report.step(step, folders::find(session, name)).await?;
        report.fact("watched", folder.exists && same(&folder.place, &opened_as));
        report.fact("exists", folder.exists);
        report.fact("place", said(&folder.place));
        report.fact("rights", folder.rights.as_deref().map(said));
        report.fact("may", folder.may);
        report.fact("separator", folder.separator.map(String::from));
    }
    report.end(Ok(()))
}

/// The resource of the mailbox's quota that is used up most; `None` if there is no limit.
async fn quota(session: &mut Session, name: &str) -> Result<Option<QuotaResource>> {
    let (_, told) = exchange!(session, get_quota_root(&utf7::encode(name)))?;
    let resources = told.into_iter().flat_map(|(_, quotas)| quotas).flat_map(|quota| quota.resources);
    Ok(resources.filter(|resource| resource.limit > 0).max_by_key(QuotaResource::get_usage_percentage))
}

fn resource_name(name: &QuotaResourceName) -> String {
    match name {
        QuotaResourceName::Storage => "STORAGE".into(),
        QuotaResourceName::Message => "MESSAGE".into(),
        QuotaResourceName::Atom(name) => said(name),
    }
}

/// Opens the mailbox read-only, under the name that watching would open. Returns that name.
async fn examine(session: &mut Session, name: &str, not_connected: &mut bool) -> Result<String> {
    let status = opened(session, name).await?;
    if status.kind == Kind::Ok {
        return Ok(name.to_owned());
    }
    if let Some(full) = namespace::with_prefix(session, name).await?
        && opened(session, &full).await?.kind == Kind::Ok
    {
        return Ok(full);
    }
    *not_connected = status.is_not_connected();
    Err(Error::Refused(format!("the server does not open mailbox {}: {}", said(name), status.text)))
}

/// Begins IDLE and ends it, where it is offered: some servers announce it and refuse it.
async fn try_idle(session: &mut Session) -> Result<()> {
    if !session.idles() {
        return Ok(());
    }
    session.control.lock().notes.news = false;
    idle::wait(session, IDLE, Instant::now() + IDLE, &Stop::new()).await.map(drop)
}

async fn opened(session: &mut Session, name: &str) -> Result<Status> {
    exchange!(session, examine(utf7::encode(name))).map(|(status, _)| status)
}
