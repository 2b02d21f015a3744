//! Tells Graph what became of messages: read, deleted, set aside. In batches where that saves round trips, else one by
//! one, several at a time. A message that cannot be marked is tried again later and holds up no other.

use futures_util::{StreamExt, stream};
use reqwest::Method;
use serde_json::{Value, json};

use super::answer;
use super::batch;
use super::client::Client;
use super::folder::Folder;
use super::lane::PLACES;
use super::request::Request;
use super::set_aside::FailedFolder;
use crate::error::{Error, Result};
use crate::message::MessageId;
use crate::source::Mark;

/// Batches that fail before no more are tried in this session.
const BATCHES: u32 = 3;

/// Messages that we are not allowed to mark, with none marked meanwhile, after which it is taken to hold for all.
const REFUSED: usize = 3;

/// What is done with a message.
#[derive(Debug, Clone)]
pub(super) enum Step {
    Read,
    Flag,
    Delete,
    /// To the folder of this id.
    Move(String),
}

impl Step {
    pub(super) fn method(&self) -> Method {
        match self {
            Self::Read | Self::Flag => Method::PATCH,
            Self::Delete => Method::DELETE,
            Self::Move(_) => Method::POST,
        }
    }

    pub(super) fn segments<'a>(&self, id: &'a str) -> Vec<&'a str> {
        match self {
            Self::Move(_) => vec!["messages", id, "move"],
            _ => vec!["messages", id],
        }
    }

    pub(super) fn body(&self) -> Option<Value> {
        match self {
            Self::Read => Some(json!({ "isRead": true })),
            Self::Flag => Some(json!({ "isRead": true, "flag": { "flagStatus": "flagged" } })),
            Self::Delete => None,
            Self::Move(folder) => Some(json!({ "destinationId": folder })),
        }
    }

    /// Whether an answer of this status means that there is nothing more to do. A message that is gone was taken by
    /// somebody else; of a move it may be the folder that is gone.
    pub(super) fn is_done(&self, status: u16) -> bool {
        matches!(status, 200..=299) || (matches!(status, 404 | 410) && !matches!(self, Self::Move(_)))
    }
}

/// What a session remembers of its marking.
pub(super) struct Marker {
    pub(super) complaint: Option<String>,
    pub(super) unmarked: Vec<(MessageId, String)>,
    failed_batches: u32,
    failed: Option<FailedFolder>,
}

impl Marker {
    pub(super) fn new(failed_mailbox: Option<&str>) -> Self {
        Self { complaint: None, unmarked: Vec::new(), failed_batches: 0, failed: failed_mailbox.map(FailedFolder::new) }
    }

    /// Marks `ids`; those that cannot be marked stand in `unmarked` afterwards.
    ///
    /// # Errors
    /// If none can be marked and it is not one message's fault.
    pub(super) async fn mark(
        &mut self,
        client: &Client,
        watched: &Folder,
        ids: &[MessageId],
        mark: Mark,
    ) -> Result<()> {
        let step = match (mark, &mut self.failed) {
            (Mark::Seen, _) => Step::Read,
            (Mark::Deleted, _) => Step::Delete,
            (Mark::SetAside, None) => Step::Flag,
            (Mark::SetAside, Some(failed)) => match failed.step(client, watched, &mut self.complaint).await {
                Ok(step) => step,
                Err(error @ (Error::Throttled { .. } | Error::Stopped)) => return Err(error),
                Err(error) => return self.note(client, 0, ids.iter().map(|id| (id.clone(), error.clone())).collect()),
            },
        };
        let (mut well, mut failures) = (0_usize, Vec::new());
        for some in ids.chunks(batch::MOST) {
            let left = self.in_batch(client, &step, some).await?;
            well += some.len() - left.len();
            let step = &step;
            let mut answers = stream::iter(left.into_iter().map(|id| async move {
                let answered = one(client, step, &id).await;
                (id, answered)
            }))
            .buffer_unordered(PLACES as usize);
            let mut unmoved = Vec::new();
            while let Some((id, answered)) = answers.next().await {
                match answered {
                    Ok(_) => {
                        client.troubles.went_well(&id);
                        well += 1;
                    }
                    Err(error @ (Error::Throttled { .. } | Error::Stopped)) => return Err(error),
                    Err(error) if matches!(step, Step::Move(_)) => unmoved.push((id, error)),
                    Err(error) => failures.push((id, error)),
                }
            }
            drop(answers);
            for (id, why) in unmoved {
                match self.in_place(client, &id, &why).await {
                    Ok(()) => well += 1,
                    Err(error @ Error::Throttled { .. }) => return Err(error),
                    Err(error) => failures.push((id, error)),
                }
            }
        }
        self.note(client, well, failures)
    }

    /// Marks what it can with one request; returns the others.
    async fn in_batch(&mut self, client: &Client, step: &Step, ids: &[MessageId]) -> Result<Vec<MessageId>> {
        // Up to four take one round trip anyway, all at the same time.
        if ids.len() <= PLACES as usize || self.failed_batches >= BATCHES {
            return Ok(ids.to_vec());
        }
        // A message in trouble goes alone, so that its trouble is its own.
        let (mut left, sound): (Vec<_>, Vec<_>) =
            ids.iter().cloned().partition(|id| client.troubles.patience(id).is_some());
        match batch::run(client, step, &sound).await {
            Ok(Some(not_done)) => {
                self.failed_batches = 0;
                left.extend(not_done);
            }
            Ok(None) => {
                self.failed_batches += 1;
                left.extend(sound);
            }
            Err(error) => {
                self.failed_batches += 1;
                return Err(error);
            }
        }
        Ok(left)
    }

    /// The folder does not take the message: it stays, for a person to look at.
    async fn in_place(&mut self, client: &Client, id: &MessageId, why: &Error) -> Result<()> {
        let gone = one(client, &Step::Flag, id).await?;
        client.troubles.went_well(id);
        if let Some(failed) = &mut self.failed
            && !gone
        {
            self.complaint = Some(failed.complaint(&why.to_string()));
            failed.forget();
        }
        Ok(())
    }

    /// Decides whose fault the failures are.
    fn note(&mut self, client: &Client, well: usize, failures: Vec<(MessageId, Error)>) -> Result<()> {
        if well > 0 {
            client.troubles.marked();
        }
        let (mut suspicious, mut refused) = (0_usize, 0_usize);
        for (id, error) in &failures {
            suspicious += usize::from(!client.troubles.failed(id));
            if matches!(error, Error::Refused(_)) {
                refused = client.troubles.refused(id);
            }
        }
        match failures.first() {
            // Whoever may not mark must not deliver.
            Some((_, error)) if well == 0 && (suspicious > 1 || refused >= REFUSED) => return Err(error.clone()),
            _ => {}
        }
        self.unmarked = failures.into_iter().map(|(id, error)| (id, error.to_string())).collect();
        Ok(())
    }
}

/// Takes `step` for one message. Whether it is gone.
async fn one(client: &Client, step: &Step, id: &MessageId) -> Result<bool> {
    let MessageId::Text(text) = id else { return Ok(true) };
    if let Some(left) = client.troubles.held(id) {
        let why = format!("it wants to be left alone about this message for {} s more", left.as_secs().max(1));
        return Err(client.reconnect(&why));
    }
    let url = client.address.of(&step.segments(text));
    let mut request = Request::new(step.method(), url).prefer("return=minimal").about(id);
    if let Some(body) = step.body() {
        request = request.json(&body);
    }
    let mut answer = client.ask(&request).await?;
    let status = answer.status();
    if step.is_done(status) {
        answer.drain().await;
        return Ok(matches!(status, 404 | 410));
    }
    let words = answer::failure(&mut answer.response).await;
    Err(if matches!(status, 401 | 403) { client.refused(&words) } else { client.reconnect(&words) })
}
