//! Finds the folder of a name: a well-known name, an id, a display name or a path of display names, in that order.

use hyper::Method;
use serde::Deserialize;
use serde_json::json;

use super::address::query;
use super::answer::{SMALL, printable};
use super::client::Client;
use super::page::Page;
use super::request::Request;
use crate::error::{Error, Result};

/// Names of folders that every mailbox has, whatever their display names.
const WELL_KNOWN: [&str; 17] = [
    "archive",
    "clutter",
    "conflicts",
    "conversationhistory",
    "deleteditems",
    "drafts",
    "inbox",
    "junkemail",
    "localfailures",
    "msgfolderroot",
    "outbox",
    "recoverableitemsdeletions",
    "scheduled",
    "searchfolders",
    "sentitems",
    "serverfailures",
    "syncissues",
];

/// How many folders an error names, and how many characters of each name.
const NAMES_SHOWN: usize = 30;
const NAME_SHOWN: usize = 60;

/// A folder that was found.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub(crate) struct Folder {
    id: String,
}

impl Folder {
    /// The id, or a well-known name, which serves as one.
    pub(crate) fn id(&self) -> &str {
        &self.id
    }

    /// Whether renaming or deleting folders cannot change what it means.
    pub(crate) fn is_well_known(&self) -> bool {
        well_known(&self.id).is_some()
    }
}

/// A folder as a list of folders names it.
#[derive(Deserialize)]
#[serde(default)]
#[derive(Default)]
struct Named {
    #[serde(rename = "displayName")]
    name: String,
}

/// The folder that `name` means.
///
/// # Errors
/// [`Error::Refused`] if there is none.
pub(crate) async fn find(client: &Client, name: &str) -> Result<Folder> {
    match look(client, name).await? {
        Some(folder) => Ok(folder),
        None => Err(Error::Refused(format!(
            "{}: there is no folder {name:?}, whether as well-known name, id, display name or path{}; check name",
            client.address.host(),
            there_are(client).await
        ))),
    }
}

/// The folder that `name` means, if there is one.
pub(crate) async fn look(client: &Client, name: &str) -> Result<Option<Folder>> {
    if let Some(folder) = well_known(name) {
        return Ok(Some(folder));
    }
    if let Some(folder) = by_id(client, name).await? {
        return Ok(Some(folder));
    }
    if let Some(folder) = named(client, None, name).await? {
        return Ok(Some(folder));
    }
    if !name.contains('/') {
        return Ok(None);
    }
    let mut parent: Option<Folder> = None;
    for part in name.split('/').filter(|part| !part.is_empty()) {
        parent = match &parent {
            None if well_known(part).is_some() => well_known(part),
            _ => named(client, parent.as_ref(), part).await?,
        };
        if parent.is_none() {
            return Ok(None);
        }
    }
    Ok(parent)
}

/// Whether both are the same folder. A well-known name serves as an id, but is another one than that by which the folder is found under
/// its display name.
pub(crate) async fn same(client: &Client, one: &Folder, other: &Folder) -> Result<bool> {
    if one == other || one.is_well_known() == other.is_well_known() {
        return Ok(one == other);
    }
    let (known, found) = if one.is_well_known() { (one, other) } else { (other, one) };
    Ok(by_id(client, known.id()).await?.as_ref() == Some(found))
}

/// The top folders, for an error; empty if they cannot be listed.
async fn there_are(client: &Client) -> String {
    let mut url = client.address.of(&children(None));
    query(&mut url, &[("$select", "displayName"), ("$top", "100")]);
    let answer = client.ask_json::<Page<Named>>(&Request::new(Method::GET, url).once(), SMALL).await;
    let folders = answer.ok().and_then(std::result::Result::ok).map(|page| page.value).unwrap_or_default();
    let mut names: Vec<_> = folders.iter().map(|folder| printable(&folder.name, NAME_SHOWN)).collect();
    names.retain(|name| !name.is_empty());
    let more = if names.len() > NAMES_SHOWN { ", and others" } else { "" };
    names.truncate(NAMES_SHOWN);
    if names.is_empty() { String::new() } else { format!(" (at the top there are: {}{more})", names.join(", ")) }
}

/// The folder that `name` means. Creates it, with the missing part of its path, if there is none.
///
/// # Errors
/// `Ok(Err(_))` says why it cannot be created.
pub(crate) async fn find_or_make(client: &Client, name: &str) -> Result<std::result::Result<Folder, String>> {
    if let Some(folder) = look(client, name).await? {
        return Ok(Ok(folder));
    }
    let mut parent: Option<Folder> = None;
    for part in name.split('/').filter(|part| !part.is_empty()) {
        let found = match &parent {
            None if well_known(part).is_some() => well_known(part),
            _ => named(client, parent.as_ref(), part).await?,
        };
        let folder = match found {
            Some(folder) => folder,
            None => {
                let url = client.address.of(&children(parent.as_ref()));
                let request = Request::new(Method::POST, url).json(&json!({ "displayName": part }));
                match client.ask_json(&request, SMALL).await? {
                    Ok(folder) => folder,
                    // Another client may have just created it.
                    Err(refused) => match named(client, parent.as_ref(), part).await? {
                        Some(folder) => folder,
                        None => return Ok(Err(refused.words)),
                    },
                }
            }
        };
        parent = Some(folder);
    }
    Ok(parent.ok_or_else(|| "it is not the name of a folder".into()))
}

fn well_known(name: &str) -> Option<Folder> {
    let known = WELL_KNOWN.iter().find(|known| known.eq_ignore_ascii_case(name))?;
    Some(Folder { id: (*known).to_owned() })
}

async fn by_id(client: &Client, id: &str) -> Result<Option<Folder>> {
    let mut url = client.address.of(&["mailFolders", id]);
    query(&mut url, &[("$select", "id")]);
    match client.ask_json(&Request::new(Method::GET, url), SMALL).await? {
        Ok(folder) => Ok(Some(folder)),
        // Graph calls anything that is not an id malformed.
        Err(answer) if matches!(answer.status, Some(400 | 404 | 405)) => Ok(None),
        Err(answer) => Err(answer.error(client)),
    }
}

/// The folder of this display name below `parent`, at the top if there is none.
async fn named(client: &Client, parent: Option<&Folder>, name: &str) -> Result<Option<Folder>> {
    let mut url = client.address.of(&children(parent));
    let filter = format!("displayName eq '{}'", name.replace('\'', "''"));
    query(&mut url, &[("$filter", &filter), ("$select", "id,displayName")]);
    match client.ask_json::<Page<Folder>>(&Request::new(Method::GET, url), SMALL).await? {
        Ok(page) => Ok(page.value.into_iter().next()),
        Err(answer) => Err(answer.error(client)),
    }
}

fn children(parent: Option<&Folder>) -> Vec<&str> {
    parent.map_or_else(|| vec!["mailFolders"], |parent| vec!["mailFolders", parent.id(), "childFolders"])
}
