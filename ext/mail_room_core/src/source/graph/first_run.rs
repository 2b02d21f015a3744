//! What was in a folder when it was watched first: the second in which Graph received the newest message by then, and the ids of all that
//! came in that second. Graph's own clock decides; ours may be wrong.

use std::collections::HashSet;

use chrono::{DateTime, Utc};
use hyper::Method;
use serde::Deserialize;
use serde_json::Value;

use super::address::query;
use super::client::Client;
use super::date;
use super::folder::Folder;
use super::lister::ALL_TIME;
use super::page::{PAGE_OCTETS, Page};
use super::request::Request;
use crate::error::Result;
use crate::message::MessageId;

/// Messages that are looked at: more than come in one second.
const LOOKED_AT: &str = "200";
/// Seconds by which Graph's clock may be ahead of ours.
const CLOCKS_DIFFER: i64 = 300;

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Received {
    id: String,
    #[serde(default)]
    received_date_time: Value,
    #[serde(default)]
    is_read: bool,
}

impl Received {
    /// When it came, in seconds since 1970; `None` if the date cannot be read.
    fn second(&self) -> Option<i64> {
        Some(date::moment(self.received_date_time.as_str()?)?.timestamp())
    }
}

/// What was there, as text to be remembered. `found` are the unread messages of the last list; `whole` says whether it had all of them. A
/// message that is unread and not among them came after the list.
pub(super) async fn newest(client: &Client, folder: &Folder, found: &[MessageId], whole: bool) -> Result<String> {
    let mut url = client.address.of(&["mailFolders", folder.id(), "messages"]);
    let parts = [("$orderby", "receivedDateTime desc"), ("$select", "id,receivedDateTime,isRead"), ("$top", LOOKED_AT)];
    query(&mut url, &parts);
    let page: Page<Received> = match client.ask_json(&Request::new(Method::GET, url), PAGE_OCTETS).await? {
        Ok(page) => page,
        Err(unsuccessful) => return Err(unsuccessful.error(client)),
    };
    let found: HashSet<&MessageId> = found.iter().collect();
    let was_there =
        |message: &&Received| !whole || message.is_read || found.contains(&MessageId::Text(message.id.as_str().into()));
    let dated = |message: &Received| Some((message.second()?, message.id.clone()));
    let old: Vec<(i64, String)> = page.value.iter().filter(was_there).filter_map(dated).collect();
    if old.is_empty() && (!found.is_empty() || page.next.is_some()) {
        // Remembered, this would have everything delivered that was there.
        return Err(client.reconnect("it does not say when the newest messages came"));
    }
    // Imported messages may be dated in the future. New mail is not, and would never be listed.
    let soon = Utc::now().timestamp().saturating_add(CLOCKS_DIFFER);
    let seconds = || old.iter().map(|(second, _)| *second);
    let newest = seconds().filter(|second| *second <= soon).max().or_else(|| seconds().max());
    let Some(newest) = newest else { return Ok(ALL_TIME.to_owned()) };
    let ids: Vec<&str> = old.iter().filter(|(second, _)| *second >= newest).map(|(_, id)| id.as_str()).collect();
    let second = date::text(DateTime::from_timestamp(newest, 0).unwrap_or_default());
    Ok(format!("{second} {}", ids.join(" ")))
}

/// What was there, as it is remembered.
#[derive(Debug)]
pub(super) struct Old {
    /// When the newest messages came: those before are not listed any more.
    pub(super) since: String,
    ids: HashSet<MessageId>,
}

impl Old {
    /// Reads what [`newest`] returned; `None` if it is something else.
    pub(super) fn read(text: &str) -> Option<Self> {
        let (since, ids) = text.split_once(' ').unwrap_or((text, ""));
        date::moment(since).filter(|_| since.ends_with('Z'))?;
        let ids = ids.split_ascii_whitespace().map(|id| MessageId::Text(id.into())).collect();
        Some(Self { since: since.to_owned(), ids })
    }

    /// Whether it is one of the newest messages by then.
    pub(super) fn has(&self, id: &MessageId) -> bool {
        self.ids.contains(id)
    }
}
