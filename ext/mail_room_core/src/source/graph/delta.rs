//! Waits by asking for changes (`/messages/delta`) instead of listing unread messages. A change only means that there may be
//! new mail: the messages to deliver are listed as always. The link to the next changes is kept in memory.

use std::time::{Duration, Instant};

use chrono::{TimeDelta, Utc};
use hyper::Method;
use serde::Deserialize;
use serde_json::Value;
use url::Url;

use super::address::query;
use super::ask::Unsuccessful;
use super::client::Client;
use super::date;
use super::folder::Folder;
use super::page::{PAGE_OCTETS, Page, Pages};
use super::request::Request;
use crate::error::{Error, Result};
use crate::limits::shutdown::Stop;
use crate::observe::log::Severity;

/// How often unread messages are listed, at least. A delta covers only messages received after it began.
const LOOK_AT_ALL_EVERY: Duration = Duration::from_secs(300);
/// Preferences for the changes on a page: fewer after each failure in a row. After as many failures no more changes are
/// requested.
const PAGES: [&str; 3] = ["odata.maxpagesize=500", "odata.maxpagesize=100", "odata.maxpagesize=25"];
/// How much earlier than now a delta begins, as clocks differ and mail may be late.
const EARLIER: TimeDelta = TimeDelta::hours(1);

#[derive(Debug, Deserialize)]
struct Change {
    #[serde(rename = "@removed")]
    removed: Option<Value>,
    #[serde(rename = "isRead")]
    is_read: Option<bool>,
}

impl Change {
    fn is_news(&self) -> bool {
        self.removed.is_none() && self.is_read != Some(true)
    }
}

/// The state of one folder's changes.
#[derive(Debug, Default)]
pub(super) struct Delta {
    link: Option<Url>,
    failures: usize,
    /// This mailbox offers no changes: waiting works as without them.
    refused: bool,
}

impl Delta {
    /// Returns when there may be new mail, at `until` at the latest, and at once on `stop`.
    pub(super) async fn wait(
        &mut self,
        client: &Client,
        folder: &Folder,
        interval: Duration,
        until: Instant,
        stop: &Stop,
    ) -> Result<()> {
        let until = until.min(Instant::now() + LOOK_AT_ALL_EVERY.max(interval));
        if self.link.is_none() && !self.refused {
            // The search that follows finds what came before.
            match self.changes(client, first(client, folder)).await {
                Ok(Ok(_)) => return Ok(()),
                Ok(Err(answer)) => self.failed(client, &answer),
                Err(Error::Throttled { .. }) => {}
                Err(error) => return Err(error),
            }
        }
        loop {
            let poll = (Instant::now() + interval).min(until);
            let slept = stop.sleep(poll.saturating_duration_since(Instant::now())).await;
            let Some(link) = self.link.clone() else { return Ok(()) };
            if !slept || Instant::now() >= until {
                return Ok(());
            }
            match self.changes(client, link).await {
                Ok(Ok(true)) => return Ok(()),
                Ok(Ok(false)) => {}
                // 410: the server has dropped the state of the link. The search that follows meets any other error.
                Ok(Err(answer)) => {
                    let error = format!("{}; the unread messages are listed, and changes counted anew", answer.words);
                    client.log.info("Delta ended", &[("error", error.into())]);
                    self.link = None;
                    if answer.status != Some(410) {
                        self.failed(client, &answer);
                    }
                    return Ok(());
                }
                Err(Error::Throttled { retry_after, .. }) => _ = stop.sleep(retry_after).await,
                Err(error) => return Err(error),
            }
        }
    }

    /// Reads all changes since `link` and keeps the next link. Returns whether there may be new mail.
    async fn changes(&mut self, client: &Client, link: Url) -> Result<std::result::Result<bool, Unsuccessful>> {
        let prefer = PAGES.get(self.failures).copied().unwrap_or("odata.maxpagesize=25");
        let mut pages = Pages::new(link);
        let mut news = false;
        let mut why = "it ends without a link to the next changes".to_owned();
        while let Some(url) = pages.next.take() {
            let request = Request::new(Method::GET, url).prefer(prefer).once();
            let page: Page<Change> = match client.ask_json(&request, PAGE_OCTETS).await? {
                Ok(page) => page,
                Err(answer) => return Ok(Err(answer)),
            };
            news |= page.value.iter().any(Change::is_news);
            if let Some(link) = &page.delta {
                self.link = Some(client.address.next(link)?);
                self.failures = 0;
                return Ok(Ok(news));
            }
            if let Err(endless) = pages.turn(client, page.next.as_deref(), !page.value.is_empty())? {
                why = endless;
            }
        }
        Ok(Err(Unsuccessful { status: None, words: format!("the list of changes cannot be read to its end: {why}") }))
    }

    /// Counts a failure. A transient one is no reason to give up on changes.
    fn failed(&mut self, client: &Client, answer: &Unsuccessful) {
        self.failures = self.failures.saturating_add(1);
        let passing = matches!(answer.status, Some(408 | 413 | 425 | 500..=599) | None);
        if !passing || self.failures >= PAGES.len() {
            self.refuse(client, &answer.words);
        }
    }

    fn refuse(&mut self, client: &Client, words: &str) {
        let error = format!("{}: {words}; unread messages are listed instead", client.address.host());
        client.log.line(Severity::Warn, "Delta not available", &[("error", error.into())]);
        self.refused = true;
    }
}

fn first(client: &Client, folder: &Folder) -> Url {
    let mut url = client.address.of(&["mailFolders", folder.id(), "messages", "delta"]);
    let since = Utc::now().checked_sub_signed(EARLIER).unwrap_or_default();
    let filter = format!("receivedDateTime ge {}", date::text(since));
    query(&mut url, &[("$filter", &filter), ("$select", "isRead")]);
    url
}
