//! The trait that every source implements: a session on one mailbox.

use std::future::Future;
use std::time::Instant;

use super::{Attributes, Fetched, Mark};
use crate::error::Result;
use crate::limits::shutdown::Stop;
use crate::message::MessageId;

/// An open session on one mailbox. Every method has its own deadline. After any error but [`Error::Throttled`] the session
/// cannot be used any more. Dropping a session closes its connection. No method returns [`Error::TargetDown`].
///
/// [`Error::TargetDown`]: crate::Error::TargetDown
/// [`Error::Throttled`]: crate::Error::Throttled
pub trait Source: Send {
    /// Whether one answer may hold several messages. If it cannot be read, any of them may be the cause.
    const ANSWERS_TOGETHER: bool = true;
    /// How many messages are fetched before the first of them is handed over.
    const AT_A_TIME: usize = 1_000;

    /// Whether a search may still list a message for a short time after it was marked.
    const LISTS_LATE: bool = false;

    /// The scope of claims: a percent-encoded text that no other mailbox shares. It changes when ids lose their meaning
    /// (UIDVALIDITY).
    fn scope(&self) -> &str;

    /// Ids of the messages to deliver, oldest first, each once.
    fn search(&mut self) -> impl Future<Output = Result<Vec<MessageId>>> + Send;

    /// Whether the last [`search`](Self::search) listed all messages. A list may have been cut short.
    fn lists_all(&self) -> bool {
        true
    }

    /// The part of the scope that stays when ids lose their meaning; `None` if they do not.
    fn lasting_scope(&self) -> Option<&str> {
        self.scope().rsplit_once('/').map(|(lasting, _)| lasting)
    }

    /// What tells the messages that are there now from those that come later, as text to be remembered. `found` is what the last
    /// [`search`](Self::search) listed.
    fn newest(&mut self, found: &[MessageId]) -> impl Future<Output = Result<String>> + Send {
        let uids = found.iter().filter_map(|id| match id {
            MessageId::Uid(uid) => Some(*uid),
            MessageId::Text(_) => None,
        });
        let newest = uids.max().unwrap_or(0).to_string();
        async { Ok(newest) }
    }

    /// Removes from `found` what was there when [`newest`](Self::newest) returned `newest`.
    fn newer_than(
        &mut self,
        newest: &str,
        mut found: Vec<MessageId>,
    ) -> impl Future<Output = Result<Vec<MessageId>>> + Send {
        if let Ok(newest) = newest.parse::<u32>() {
            found.retain(|id| !matches!(id, MessageId::Uid(uid) if *uid <= newest));
        }
        async { Ok(found) }
    }

    /// Searches no more for messages that the server received before `day`, as in `2026-11-01`. Returns whether the next search
    /// lists less.
    ///
    /// # Errors
    /// [`Error::Configuration`](crate::Error::Configuration) if it is no day.
    fn limit_since(&mut self, day: &str) -> Result<bool> {
        let _ = day;
        Ok(false)
    }

    /// Sizes of `ids`, and when they arrived. Messages that are gone or whose size the server does not tell are left out.
    fn sizes(&mut self, ids: &[MessageId]) -> impl Future<Output = Result<Vec<Attributes>>> + Send;

    /// Fetches `ids` without changing a flag and gives each message to `sink` as it arrives. Ids that the server no longer
    /// knows are left out. A body larger than `limit` octets is an error, or given as [`Fetched::TooLarge`]. Messages given
    /// before an [`Error::Throttled`] are complete.
    ///
    /// [`Error::Throttled`]: crate::Error::Throttled
    fn fetch(
        &mut self,
        ids: &[MessageId],
        limit: u64,
        sink: &mut (dyn FnMut(Fetched) + Send),
    ) -> impl Future<Output = Result<()>> + Send;

    /// Marks `ids` and returns when the server has acknowledged it. A message that the server refused to mark is not an
    /// error: [`unmarked`](Self::unmarked) returns it.
    fn mark(&mut self, ids: &[MessageId], mark: Mark) -> impl Future<Output = Result<()>> + Send;

    /// Takes the warning of the last [`mark`](Self::mark), if it had to mark messages differently than requested.
    fn mark_warning(&mut self) -> Option<String> {
        None
    }

    /// Takes the messages that the last [`mark`](Self::mark) could not mark, each with the reason.
    fn unmarked(&mut self) -> Vec<(MessageId, String)> {
        Vec::new()
    }

    /// Takes the warnings about this mailbox that an administrator should read. The name of each lets the caller log it once
    /// rather than at every connection.
    fn warnings(&mut self) -> Vec<(&'static str, String)> {
        Vec::new()
    }

    /// Expunges `ids`, which [`mark`](Self::mark) has marked [`Mark::Deleted`], and nothing else if the server supports that.
    /// A refusal is not an error: [`unexpunged`](Self::unexpunged) returns it.
    fn expunge(&mut self, ids: &[MessageId]) -> impl Future<Output = Result<()>> + Send;

    /// Takes the reason why the last [`expunge`](Self::expunge) did not expunge.
    fn unexpunged(&mut self) -> Option<String> {
        None
    }

    /// Whether [`expunge`](Self::expunge) leaves messages alone that other clients have marked deleted.
    fn expunges_only_given(&self) -> bool {
        true
    }

    /// Messages that are marked deleted and not expunged, whoever marked them. Later calls in a session return none.
    fn leftovers(&mut self) -> impl Future<Output = Result<Vec<MessageId>>> + Send {
        async { Ok(Vec::new()) }
    }

    /// Waits for new mail. Returns when the mailbox may hold some, at `until` at the latest, and at once on `stop`. The
    /// session is ready for the next command afterwards.
    fn wait(&mut self, until: Instant, stop: &Stop) -> impl Future<Output = Result<()>> + Send;

    /// Logs out, within a second.
    fn logout(self) -> impl Future<Output = ()> + Send;
}
