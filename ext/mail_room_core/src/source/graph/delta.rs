//! Waiting by asking what has changed (`/messages/delta`) in place of listing what is unread. It only tells that there may
//! be news: what is to be delivered is listed as ever. The link that stands for what we know is kept in memory.

use std::time::{Duration, Instant, SystemTime};

use reqwest::{Method, Url};
use serde::Deserialize;
use serde_json::Value;

use super::address::query;
use super::client::{Client, Unsuccessful};
use super::folder::Folder;
use super::page::{PAGE_OCTETS, Page, Pages};
use super::request::Request;
use crate::error::{Error, Result};
use crate::limits::shutdown::Stop;
use crate::observe::log::Severity;

/// The unread messages are listed this often at least: a delta covers only messages received since it began.
const LOOK_AT_ALL_EVERY: Duration = Duration::from_secs(300);
/// Changes on a page, as we ask for: fewer after each failure in a row. After as many failures changes are not asked for any
/// more.
const PAGES: [&str; 3] = ["odata.maxpagesize=500", "odata.maxpagesize=100", "odata.maxpagesize=25"];
/// How much earlier than now a delta begins: clocks differ, and mail may be late.
const EARLIER: Duration = Duration::from_secs(3600);

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

/// What is known of a folder's changes.
#[derive(Debug, Default)]
pub(super) struct Delta {
    link: Option<Url>,
    failures: usize,
    /// Not to be had from this mailbox: it is waited as without it.
    refused: bool,
}

impl Delta {
    /// Returns when something may be new, `until` at the latest, at once on a stop.
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
            // What came before it begins is found by the search that follows.
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
                // 410: what the link stands for is forgotten. Whatever else it is, the search that follows finds out.
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

    /// Reads all changes since `link`, and keeps the next link. Whether there is news.
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

    /// Changes cannot be had now. A passing trouble is no reason to do without them.
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
    let since = jiff::Timestamp::try_from(SystemTime::now() - EARLIER).unwrap_or_default();
    let filter = format!("receivedDateTime ge {}", since.strftime("%Y-%m-%dT%H:%M:%SZ"));
    query(&mut url, &[("$filter", &filter), ("$select", "isRead")]);
    url
}
