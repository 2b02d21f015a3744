//! Marks messages at Graph: read, deleted, set aside. In batches if that saves round trips, else one by one, several at a
//! time. A message that cannot be marked is tried again later and does not delay others.

use futures_util::{StreamExt, stream};

use super::answer;
use super::batch;
use super::client::Client;
use super::folder::Folder;
use super::operation::Operation;
use super::request::Request;
use super::set_aside::Destination;
use super::throttle::MAX_IN_FLIGHT;
use crate::error::{Error, Result};
use crate::message::MessageId;
use crate::source::Mark;

/// Failed batches in a row, after which this session sends no more of them.
const BATCHES: u32 = 3;

/// Messages that we are not allowed to mark, with none marked in between, after which the permission is taken to be missing.
const REFUSED: usize = 3;

/// What a session remembers about marking.
pub(super) struct Marker {
    pub(super) complaint: Option<String>,
    pub(super) unmarked: Vec<(MessageId, String)>,
    failed_batches: u32,
    failed: Option<Destination>,
    delivered: Option<Destination>,
}

impl Marker {
    pub(super) fn new(failed_mailbox: Option<&str>, delivered_mailbox: Option<&str>) -> Self {
        Self {
            complaint: None,
            unmarked: Vec::new(),
            failed_batches: 0,
            failed: failed_mailbox.map(Destination::failed),
            delivered: delivered_mailbox.map(Destination::delivered),
        }
    }

    /// The folder that messages with this mark are moved to, if there is one.
    fn destination(&mut self, mark: Mark) -> Option<&mut Destination> {
        match mark {
            Mark::Seen => self.delivered.as_mut(),
            Mark::Deleted => None,
            Mark::SetAside => self.failed.as_mut(),
        }
    }

    /// Marks `ids`. Those that cannot be marked are in `unmarked` afterwards.
    ///
    /// # Errors
    /// If none can be marked, and not because of a single message.
    pub(super) async fn mark(
        &mut self,
        client: &Client,
        watched: &Folder,
        ids: &[MessageId],
        mark: Mark,
    ) -> Result<()> {
        let mut complaint = None;
        let operation = match (self.destination(mark), mark) {
            (None, Mark::Seen) => Operation::Read,
            (None, Mark::Deleted) => Operation::Delete,
            (None, Mark::SetAside) => Operation::Flag,
            (Some(destination), _) => match destination.operation(client, watched, &mut complaint).await {
                Ok(operation) => operation,
                Err(error @ (Error::Throttled { .. } | Error::Stopped)) => return Err(error),
                Err(error) => return self.note(client, 0, ids.iter().map(|id| (id.clone(), error.clone())).collect()),
            },
        };
        self.complaint = complaint.or(self.complaint.take());
        let (mut well, mut failures) = (0_usize, Vec::new());
        for some in ids.chunks(batch::MOST) {
            let left = self.in_batch(client, &operation, some).await?;
            well += some.len() - left.len();
            let operation = &operation;
            let mut answers = stream::iter(left.into_iter().map(|id| async move {
                let answered = one(client, operation, &id).await;
                (id, answered)
            }))
            .buffer_unordered(MAX_IN_FLIGHT as usize);
            let mut unmoved = Vec::new();
            while let Some((id, answered)) = answers.next().await {
                match answered {
                    Ok(_) => {
                        client.failures.succeeded(&id);
                        well += 1;
                    }
                    Err(error @ (Error::Throttled { .. } | Error::Stopped)) => return Err(error),
                    Err(error) if matches!(operation, Operation::Move(_)) => unmoved.push((id, error)),
                    Err(error) => failures.push((id, error)),
                }
            }
            drop(answers);
            for (id, why) in unmoved {
                match self.in_place(client, mark, &id, &why).await {
                    Ok(()) => well += 1,
                    Err(error @ Error::Throttled { .. }) => return Err(error),
                    Err(error) => failures.push((id, error)),
                }
            }
        }
        self.note(client, well, failures)
    }

    /// Marks as many as it can with one request. Returns the others.
    async fn in_batch(&mut self, client: &Client, operation: &Operation, ids: &[MessageId]) -> Result<Vec<MessageId>> {
        // Up to four are sent at the same time and take one round trip anyway.
        if ids.len() <= MAX_IN_FLIGHT as usize || self.failed_batches >= BATCHES {
            return Ok(ids.to_vec());
        }
        // A message that failed before goes alone, so that its failure affects no other.
        let (mut left, sound): (Vec<_>, Vec<_>) =
            ids.iter().cloned().partition(|id| client.failures.patience(id).is_some());
        match batch::run(client, operation, &sound).await {
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

    /// Marks a message that the folder did not take. It stays where it is.
    async fn in_place(&mut self, client: &Client, mark: Mark, id: &MessageId, why: &Error) -> Result<()> {
        let Some(destination) = self.destination(mark) else { return Ok(()) };
        let gone = one(client, &destination.in_place(), id).await?;
        client.failures.succeeded(id);
        if !gone {
            destination.forget();
            self.complaint = Some(destination.complaint(&why.to_string()));
        }
        Ok(())
    }

    /// Decides whether the failures are the messages' or the mailbox's.
    fn note(&mut self, client: &Client, well: usize, failures: Vec<(MessageId, Error)>) -> Result<()> {
        if well > 0 {
            client.failures.marked();
        }
        let (mut suspicious, mut refused) = (0_usize, 0_usize);
        for (id, error) in &failures {
            suspicious += usize::from(!client.failures.failed(id));
            if matches!(error, Error::Refused(_)) {
                refused = client.failures.refused(id);
            }
        }
        match failures.first() {
            // Messages that cannot be marked must not be delivered: they would be again.
            Some((_, error)) if well == 0 && (suspicious > 1 || refused >= REFUSED) => return Err(error.clone()),
            _ => {}
        }
        self.unmarked = failures.into_iter().map(|(id, error)| (id, error.to_string())).collect();
        Ok(())
    }
}

/// Runs `operation` on one message. Returns whether the message is gone.
async fn one(client: &Client, operation: &Operation, id: &MessageId) -> Result<bool> {
    let MessageId::Text(text) = id else { return Ok(true) };
    if let Some(left) = client.failures.held(id) {
        let why = format!("it asked for a pause for this message, {} s of which are left", left.as_secs().max(1));
        return Err(client.reconnect(&why));
    }
    let url = client.address.of(&operation.segments(text));
    let mut request = Request::new(operation.method(), url).prefer("return=minimal").about(id);
    if let Some(body) = operation.body() {
        request = request.json(&body);
    }
    let mut answer = client.ask(&request).await?;
    let status = answer.status();
    if operation.is_done(status) {
        answer.drain().await;
        return Ok(matches!(status, 404 | 410));
    }
    let words = answer::failure(&mut answer.response).await;
    Err(if matches!(status, 401 | 403) { client.refused(&words) } else { client.reconnect(&words) })
}
