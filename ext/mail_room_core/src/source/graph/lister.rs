//! Lists the unread messages of a folder, page by page, oldest first. All pages are read before any message is marked, as marks
//! shift the pages that follow. A list that cannot be read to its end is cut short, and what was listed by then is delivered.

use std::collections::{HashMap, HashSet};
use std::time::{Duration, Instant, SystemTime};

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
use super::page_size::PageSize;
use super::request::Request;
use super::size::Sizes;
use crate::error::{Error, Result};
use crate::limits::backoff::Backoff;
use crate::message::MessageId;
use crate::observe::log::Severity;
use crate::system::clock;

/// Messages listed at a time, oldest first. The others follow when these are done. Bounds the memory for a backlog.
const LISTED: usize = 20_000;
/// How long listing may take. The list then ends with the messages it has.
const LISTED_WITHIN: Duration = Duration::from_secs(120);
/// The most octets of their ids.
const LISTED_OCTETS: usize = 16 << 20;
/// Backoff between tries of a page that did not come, first and longest.
const AGAIN: (Duration, Duration) = (Duration::from_millis(500), Duration::from_secs(2));
/// How often a list that is cut short is logged, at most.
const TELL_EVERY: Duration = Duration::from_secs(600);
/// No message is older. Graph requires that ordered fields come first in the filter.
pub(super) const ALL_TIME: &str = "1900-01-01T00:00:00Z";
/// PidTagMessageSize ([MS-OXPROPS] section 2.796).
const SIZE: &str = "singleValueExtendedProperties($filter=id eq 'Integer 0x0E08')";

#[derive(Debug, Deserialize)]
struct Listed {
    id: String,
    #[serde(rename = "receivedDateTime", default)]
    received: Value,
    #[serde(rename = "singleValueExtendedProperties", default)]
    properties: Vec<Property>,
}

impl Listed {
    /// Whether the id can be part of an address. Graph's own can.
    fn has_id(&self) -> bool {
        !matches!(self.id.as_str(), "" | "." | "..")
    }

    /// When it arrived. A date that cannot be read is no reason to lose the page.
    fn arrived(&self) -> Option<SystemTime> {
        let moment = SystemTime::from(date::moment(self.received.as_str()?)?);
        (moment >= SystemTime::UNIX_EPOCH).then_some(moment)
    }
}

#[derive(Debug, Deserialize)]
struct Property {
    #[serde(default)]
    value: String,
}

/// Lists the unread messages of one folder. Remembers for a session which page sizes the server can answer.
#[derive(Debug, Default)]
pub(crate) struct Lister {
    /// When the oldest message may have come, as in `2026-11-01T00:00:00Z`.
    since: Option<String>,
    page_size: PageSize,
    told: Option<Instant>,
    /// Whether the last list was cut short.
    is_cut: bool,
}

/// The messages listed so far.
#[derive(Debug, Default)]
struct Found {
    ids: Vec<MessageId>,
    seen: HashSet<MessageId>,
    stored: Vec<(MessageId, Option<u64>)>,
    arrivals: HashMap<MessageId, SystemTime>,
    octets: usize,
}

impl Found {
    /// Whether one of the page's messages is new.
    fn add(&mut self, page: Vec<Listed>) -> bool {
        let before = self.ids.len();
        for listed in page.into_iter().filter(Listed::has_id) {
            let id = MessageId::Text(listed.id.as_str().into());
            if self.seen.insert(id.clone()) {
                let size = listed.properties.first().and_then(|property| property.value.parse().ok());
                self.octets = self.octets.saturating_add(listed.id.len());
                self.stored.push((id.clone(), size));
                self.arrivals.extend(listed.arrived().map(|arrived| (id.clone(), arrived)));
                self.ids.push(id);
            }
        }
        self.ids.len() > before
    }

    fn is_full(&self) -> bool {
        self.ids.len() >= LISTED || self.octets >= LISTED_OCTETS
    }
}

impl Lister {
    /// Lists messages from this day on (UTC).
    pub(crate) fn since(since: Option<&str>) -> Self {
        Self { since: since.map(|day| format!("{day}T00:00:00Z")), ..Self::default() }
    }

    /// Lists messages from this moment on. Returns whether that is another one than before.
    pub(super) fn limit(&mut self, since: &str) -> bool {
        let other = self.since.as_deref() != Some(since);
        self.since = Some(since.to_owned());
        other
    }

    /// Whether the last list, with so many messages, had all that there are.
    pub(super) fn was_whole(&self, listed: usize) -> bool {
        !self.is_cut && listed < LISTED
    }

    /// Ids of the unread messages, oldest first, each once. Their sizes go into `sizes`.
    ///
    /// # Errors
    /// If nothing can be listed: [`Error::Reconnect`], also if the folder is gone; [`Error::Refused`];
    /// [`Error::Throttled`].
    pub(crate) async fn unread(
        &mut self,
        client: &Client,
        folder: &Folder,
        sizes: &mut Sizes,
    ) -> Result<Vec<MessageId>> {
        let mut found = Found::default();
        let mut again = Backoff::new(AGAIN.0, AGAIN.1);
        let begun = clock::since_boot();
        self.page_size.begin(Instant::now());
        self.is_cut = false;
        loop {
            let unsuccessful = match self.pages(client, folder, &mut found, begun).await? {
                Ok(()) => {
                    self.page_size.succeeded();
                    break;
                }
                Err(unsuccessful) => unsuccessful,
            };
            let asked_for = self.page_size.top();
            if self.page_size.failed(&unsuccessful, Instant::now()) {
                self.log_page_size(client, asked_for, &unsuccessful);
                tokio::time::sleep(again.delay()).await;
            } else if found.ids.is_empty() {
                return Err(folder_error(client, folder, &unsuccessful));
            } else {
                self.cut_short(client, &unsuccessful.words);
                break;
            }
        }
        if !self.is_cut {
            client.failures.forget_others(&found.seen);
        }
        sizes.listed(found.stored);
        sizes.arrived(found.arrivals);
        Ok(found.ids)
    }

    /// Reads pages from the first on, until one does not come.
    async fn pages(
        &mut self,
        client: &Client,
        folder: &Folder,
        found: &mut Found,
        begun: Duration,
    ) -> Result<std::result::Result<(), Unsuccessful>> {
        let mut pages = Pages::new(self.first(client, folder));
        while let Some(url) = pages.next.take() {
            let request = Request::new(Method::GET, url).once();
            let page: Page<Listed> = match client.ask_json(&request, PAGE_OCTETS).await? {
                Ok(page) => page,
                Err(unsuccessful) => return Ok(Err(unsuccessful)),
            };
            let news = found.add(page.value);
            // The rest is listed when these are delivered. An older list would be out of date.
            let late = clock::since_boot().saturating_sub(begun) > LISTED_WITHIN;
            if found.is_full() || (late && !found.ids.is_empty()) {
                self.is_cut = page.next.is_some();
                break;
            }
            if let Err(endless) = pages.turn(client, page.next.as_deref(), news)? {
                self.cut_short(client, &endless);
            }
        }
        Ok(Ok(()))
    }

    fn first(&self, client: &Client, folder: &Folder) -> Url {
        let since = self.since.as_deref().unwrap_or(ALL_TIME);
        let filter = format!("receivedDateTime ge {since} and isRead eq false");
        let mut url = client.address.of(&["mailFolders", folder.id(), "messages"]);
        let mut parts = vec![
            ("$filter", filter.as_str()),
            ("$orderby", "receivedDateTime asc"),
            ("$select", "id,receivedDateTime"),
            ("$top", self.page_size.top()),
        ];
        if self.page_size.with_sizes() {
            parts.push(("$expand", SIZE));
        }
        query(&mut url, &parts);
        url
    }

    fn log_page_size(&self, client: &Client, before: &str, unsuccessful: &Unsuccessful) {
        let (top, without) =
            (self.page_size.top(), if self.page_size.with_sizes() { "" } else { " and without sizes" });
        if top == before {
            return;
        }
        let error = format!(
            "{}: the list of messages fails: {}; it is asked for with {top} messages a page{without} from now on",
            client.address.host(),
            unsuccessful.words
        );
        client.log.line(Severity::Warn, "List not answered", &[("error", error.into())]);
    }

    /// Whether the last list was cut short.
    pub(crate) fn is_cut(&self) -> bool {
        self.is_cut
    }

    fn cut_short(&mut self, client: &Client, why: &str) {
        self.is_cut = true;
        let now = Instant::now();
        if self.told.is_some_and(|told| now.duration_since(told) < TELL_EVERY) {
            return;
        }
        self.told = Some(now);
        let error = format!(
            "{}: the list of messages cannot be read to its end: {why}; what was listed is delivered",
            client.address.host()
        );
        client.log.line(Severity::Warn, "List cut short", &[("error", error.into())]);
    }
}

/// The error if a folder's messages cannot be listed.
fn folder_error(client: &Client, folder: &Folder, unsuccessful: &Unsuccessful) -> Error {
    if unsuccessful.status == Some(404) && !folder.is_well_known() {
        let why = format!("the watched folder is gone: {}; it is looked up again", unsuccessful.words);
        return client.reconnect(&why);
    }
    unsuccessful.error(client)
}
