//! Lists of Graph, page by page: unread messages, oldest first. All pages are listed before anything is acknowledged, as
//! that shifts those that follow. A list that does not come to its end in good order is cut short: what was listed by then
//! is as good as ever.

use std::collections::HashSet;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::time::{Duration, Instant};

use reqwest::{Method, Url};
use serde::Deserialize;

use super::address::query;
use super::client::{Client, Unsuccessful};
use super::folder::Folder;
use super::request::Request;
use super::shape::Shape;
use super::size::Sizes;
use crate::error::{Error, Result};
use crate::limits::backoff::Backoff;
use crate::message::MessageId;
use crate::observe::log::Severity;
use crate::system::clock;

/// Octets of a page.
pub(crate) const PAGE_OCTETS: usize = 8 << 20;
/// Messages listed at a time, the oldest; the others when these are done. Bounds what is kept of a backlog.
const LISTED: usize = 20_000;
/// Time after which a list ends with what it has.
const LISTED_WITHIN: Duration = Duration::from_secs(120);
/// Octets of their ids, for the same reason.
const LISTED_OCTETS: usize = 16 << 20;
/// Pages in a row without anything new, after which a list is taken to have no end.
const EMPTY_PAGES: u32 = 100;
/// Between tries of a page that did not come, first and longest.
const AGAIN: (Duration, Duration) = (Duration::from_millis(500), Duration::from_secs(2));
/// A list that is cut short again and again is told this often.
const TELL_EVERY: Duration = Duration::from_secs(600);
/// Ordered fields have to come first in the filter.
const FILTER: &str = "receivedDateTime ge 1900-01-01T00:00:00Z and isRead eq false";
/// PidTagMessageSize ([MS-OXPROPS] section 2.796).
const SIZE: &str = "singleValueExtendedProperties($filter=id eq 'Integer 0x0E08')";

/// One page of a list.
#[derive(Debug, Deserialize)]
pub(crate) struct Page<T> {
    pub(crate) value: Vec<T>,
    #[serde(rename = "@odata.nextLink", default)]
    pub(crate) next: Option<String>,
    #[serde(rename = "@odata.deltaLink", default)]
    pub(crate) delta: Option<String>,
}

#[derive(Debug, Deserialize)]
struct Listed {
    id: String,
    #[serde(rename = "singleValueExtendedProperties", default)]
    properties: Vec<Property>,
}

impl Listed {
    /// Whether the id can stand in an address; Graph's own can.
    fn has_id(&self) -> bool {
        !matches!(self.id.as_str(), "" | "." | "..")
    }
}

#[derive(Debug, Deserialize)]
struct Property {
    #[serde(default)]
    value: String,
}

/// Lists the unread messages of one folder, and remembers for a session what the server can answer.
#[derive(Debug, Default)]
pub(crate) struct Lister {
    shape: Shape,
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
    /// Ids of the unread messages, oldest first, each once. Their sizes go into `sizes`.
    ///
    /// # Errors
    /// If nothing can be listed: [`Error::Reconnect`], also where the folder is gone; [`Error::Refused`];
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
        self.shape.begin(Instant::now());
        self.is_cut = false;
        loop {
            let unsuccessful = match self.pages(client, folder, &mut found, begun).await? {
                Ok(()) => {
                    self.shape.went_well();
                    break;
                }
                Err(unsuccessful) => unsuccessful,
            };
            let asked_for = self.shape.top();
            if self.shape.failed(&unsuccessful, Instant::now()) {
                self.tell_shape(client, asked_for, &unsuccessful);
                tokio::time::sleep(again.delay()).await;
            } else if found.ids.is_empty() {
                return Err(folder_error(client, folder, &unsuccessful));
            } else {
                self.cut_short(client, &unsuccessful.words);
                break;
            }
        }
        if !self.is_cut {
            client.troubles.forget_others(&found.seen);
        }
        sizes.listed(found.stored);
        Ok(found.ids)
    }

    /// Lists from the first page on, until one does not come.
    async fn pages(
        &mut self,
        client: &Client,
        folder: &Folder,
        found: &mut Found,
        begun: Duration,
    ) -> Result<std::result::Result<(), Unsuccessful>> {
        let mut pages = Pages::new(first(client, folder, &self.shape));
        while let Some(url) = pages.next.take() {
            let request = Request::new(Method::GET, url).once();
            let page: Page<Listed> = match client.ask_json(&request, PAGE_OCTETS).await? {
                Ok(page) => page,
                Err(unsuccessful) => return Ok(Err(unsuccessful)),
            };
            let news = found.add(page.value);
            // The oldest come first. The rest is listed when these are delivered, before the list is too old to be relied upon.
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

    fn tell_shape(&self, client: &Client, before: &str, unsuccessful: &Unsuccessful) {
        let (top, without) = (self.shape.top(), if self.shape.with_sizes() { "" } else { " and without sizes" });
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

/// What it means that a folder's messages cannot be listed.
fn folder_error(client: &Client, folder: &Folder, unsuccessful: &Unsuccessful) -> Error {
    if unsuccessful.status == Some(404) && !folder.is_well_known() {
        let why = format!("the watched folder is gone: {}; it is looked for again", unsuccessful.words);
        return client.reconnect(&why);
    }
    unsuccessful.error(client)
}

fn first(client: &Client, folder: &Folder, shape: &Shape) -> Url {
    let mut url = client.address.of(&["mailFolders", folder.id(), "messages"]);
    let mut parts = vec![
        ("$filter", FILTER),
        ("$orderby", "receivedDateTime asc"),
        ("$select", "id,receivedDateTime"),
        ("$top", shape.top()),
    ];
    if shape.with_sizes() {
        parts.push(("$expand", SIZE));
    }
    query(&mut url, &parts);
    url
}

/// Where a list goes on. Every list has an end, whatever the server says.
pub(crate) struct Pages {
    pub(crate) next: Option<Url>,
    /// Hashes of the addresses read.
    read: HashSet<u64>,
    empty: u32,
}

impl Pages {
    pub(crate) fn new(first: Url) -> Self {
        let read = HashSet::from([hash(&first)]);
        Self { next: Some(first), read, empty: 0 }
    }

    /// Turns to the next page, if there is one. `news`: this one brought something. `Ok(Err(_))`: the list has no end, in
    /// words, and ends here.
    ///
    /// # Errors
    /// [`Error::Reconnect`] if it goes on at another origin.
    pub(crate) fn turn(
        &mut self,
        client: &Client,
        link: Option<&str>,
        news: bool,
    ) -> Result<std::result::Result<(), String>> {
        let Some(link) = link else { return Ok(Ok(())) };
        self.empty = if news { 0 } else { self.empty.saturating_add(1) };
        if self.empty >= EMPTY_PAGES {
            return Ok(Err(format!("it has {EMPTY_PAGES} pages without anything new, and goes on")));
        }
        let next = client.address.next(link)?;
        if !self.read.insert(hash(&next)) {
            return Ok(Err("it goes on at a page that was read before".into()));
        }
        self.next = Some(next);
        Ok(Ok(()))
    }
}

fn hash(url: &Url) -> u64 {
    let mut hasher = DefaultHasher::new();
    url.as_str().hash(&mut hasher);
    hasher.finish()
}
