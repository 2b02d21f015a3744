//! Lists of Graph, page by page: unread messages, oldest first. All pages are listed before anything is acknowledged, as
//! that shifts those that follow.

use std::collections::HashSet;

use reqwest::{Method, Url};
use serde::Deserialize;

use super::address::query;
use super::client::{Client, Request, Unsuccessful};
use super::folder::Folder;
use super::size::Sizes;
use crate::error::Result;
use crate::message::MessageId;

/// Messages on a page, as we ask for; Graph gives at most 1,000.
const PAGE: &str = "500";
/// Octets of a page.
pub(super) const PAGE_OCTETS: usize = 8 << 20;
/// Messages listed at a time, the oldest; the others when these are done. Bounds what is kept of a backlog.
const LISTED: usize = 20_000;
/// Pages in a row without anything new, after which a list is taken to go round in circles.
const EMPTY_PAGES: u32 = 100;
/// Ordered fields have to come first in the filter.
const FILTER: &str = "receivedDateTime ge 1900-01-01T00:00:00Z and isRead eq false";
/// PidTagMessageSize ([MS-OXPROPS] section 2.796).
const SIZE: &str = "singleValueExtendedProperties($filter=id eq 'Integer 0x0E08')";

/// One page of a list.
#[derive(Debug, Deserialize)]
pub(super) struct Page<T> {
    pub(super) value: Vec<T>,
    #[serde(rename = "@odata.nextLink", default)]
    pub(super) next: Option<String>,
    #[serde(rename = "@odata.deltaLink", default)]
    pub(super) delta: Option<String>,
}

#[derive(Debug, Deserialize)]
struct Listed {
    id: String,
    #[serde(rename = "singleValueExtendedProperties", default)]
    properties: Vec<Property>,
}

#[derive(Debug, Deserialize)]
struct Property {
    #[serde(default)]
    value: String,
}

/// Ids of the unread messages, oldest first, each once. Their sizes go into `sizes`.
pub(super) async fn unread(client: &Client, folder: &Folder, sizes: &mut Sizes) -> Result<Vec<MessageId>> {
    let (mut ids, mut seen, mut stored) = (Vec::new(), HashSet::new(), Vec::new());
    let mut pages = Pages::new(first(client, folder, true));
    while let Some(url) = pages.next.take() {
        let page: Page<Listed> = match client.ask_json(&Request::new(Method::GET, url), PAGE_OCTETS).await? {
            Ok(page) => page,
            // Whoever is in front of the mailbox knows no extended properties.
            Err(Unsuccessful { status: 400, .. }) if ids.is_empty() && pages.may_be_simpler => {
                pages = Pages { may_be_simpler: false, ..Pages::new(first(client, folder, false)) };
                continue;
            }
            Err(unsuccessful) => return Err(unsuccessful.error(client)),
        };
        let before = ids.len();
        for listed in page.value {
            let id = MessageId::Text(listed.id.into());
            if seen.insert(id.clone()) {
                let size = listed.properties.first().and_then(|property| property.value.parse().ok());
                stored.push((id.clone(), size));
                ids.push(id);
            }
        }
        if ids.len() >= LISTED {
            break;
        }
        pages.turn(client, page.next.as_deref(), ids.len() > before)?;
    }
    sizes.listed(stored);
    Ok(ids)
}

fn first(client: &Client, folder: &Folder, with_sizes: bool) -> Url {
    let mut url = client.address.of(&["mailFolders", folder.id(), "messages"]);
    let mut parts = vec![
        ("$filter", FILTER),
        ("$orderby", "receivedDateTime asc"),
        ("$select", "id,receivedDateTime"),
        ("$top", PAGE),
    ];
    if with_sizes {
        parts.push(("$expand", SIZE));
    }
    query(&mut url, &parts);
    url
}

/// Where a list goes on.
pub(super) struct Pages {
    pub(super) next: Option<Url>,
    may_be_simpler: bool,
    empty: u32,
}

impl Pages {
    pub(super) fn new(first: Url) -> Self {
        Self { next: Some(first), may_be_simpler: true, empty: 0 }
    }

    /// Turns to the next page, if there is one. `news`: this one brought something.
    pub(super) fn turn(&mut self, client: &Client, link: Option<&str>, news: bool) -> Result<()> {
        self.empty = if news { 0 } else { self.empty.saturating_add(1) };
        if link.is_some() && self.empty >= EMPTY_PAGES {
            return Err(
                client.reconnect(&format!("the list has {EMPTY_PAGES} pages without anything new, and goes on"))
            );
        }
        self.next = link.map(|link| client.address.next(link)).transpose()?;
        Ok(())
    }
}
