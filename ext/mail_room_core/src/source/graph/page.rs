//! Pages of lists at Graph (OData), and the way from one to the next.

use std::collections::HashSet;
use std::hash::{DefaultHasher, Hash, Hasher};

use serde::Deserialize;
use url::Url;

use super::client::Client;
use crate::error::Result;

/// Octets of a page.
pub(crate) const PAGE_OCTETS: usize = 8 << 20;
/// Pages in a row without anything new, after which a list is taken to be endless.
const EMPTY_PAGES: u32 = 100;

/// One page of a list.
#[derive(Debug, Deserialize)]
pub(crate) struct Page<T> {
    pub(crate) value: Vec<T>,
    #[serde(rename = "@odata.nextLink", default)]
    pub(crate) next: Option<String>,
    #[serde(rename = "@odata.deltaLink", default)]
    pub(crate) delta: Option<String>,
}

/// The way through the pages of a list. It ends whatever the server says.
pub(crate) struct Pages {
    pub(crate) next: Option<Url>,
    /// Hashes of the addresses that were read.
    read: HashSet<u64>,
    empty: u32,
}

impl Pages {
    pub(crate) fn new(first: Url) -> Self {
        let read = HashSet::from([hash(&first)]);
        Self { next: Some(first), read, empty: 0 }
    }

    /// Turns to the next page, if there is one. `news` says whether the last page had anything new. `Ok(Err(_))` says why the
    /// list ends here although the server names another page.
    ///
    /// # Errors
    /// [`Error::Reconnect`](crate::Error::Reconnect) if it goes on at another origin.
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
