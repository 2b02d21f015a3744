//! Where messages come from. A source is an open session on one mailbox; it knows nothing of claims and deliveries.

mod gate;
pub mod graph;
pub mod imap;
mod narrow;
mod placeholder;

use std::future::Future;
use std::time::Instant;

use crate::error::Result;
use crate::limits::shutdown::Stop;
use crate::message::MessageId;

/// What becomes of a message on the server once its fate is decided.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mark {
    /// Delivered or ignored: `\Seen`.
    Seen,
    /// Delivered with delete_after_delivery: `\Seen \Deleted`.
    Deleted,
    /// Given up: moved to the folder for it, else `\Seen \Flagged`, for a person to look at.
    SetAside,
}

/// Flags whose absence a search asks for: it does not list a message that bears one of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct AbsentFlags {
    /// `\Seen`.
    pub seen: bool,
    /// `\Deleted`.
    pub deleted: bool,
    /// `\Flagged`.
    pub flagged: bool,
}

impl AbsentFlags {
    /// Flags of which one or the other says that they are absent.
    pub(crate) fn or(self, other: Self) -> Self {
        let Self { seen, deleted, flagged } = other;
        Self { seen: self.seen || seen, deleted: self.deleted || deleted, flagged: self.flagged || flagged }
    }

    /// Flags of which both say that they are absent.
    pub(crate) fn and(self, other: Self) -> Self {
        let Self { seen, deleted, flagged } = other;
        Self { seen: self.seen && seen, deleted: self.deleted && deleted, flagged: self.flagged && flagged }
    }

    /// Whether the search does not list a message that bears `mark`. If it does, listing one says nothing about its mark.
    pub fn hide(self, mark: Mark) -> bool {
        self.seen
            || match mark {
                Mark::Seen => false,
                Mark::Deleted => self.deleted,
                Mark::SetAside => self.flagged,
            }
    }
}

/// One message of a fetch, as the source saw it.
#[derive(Debug)]
pub enum Fetched {
    /// The message's bytes; may be empty.
    Body(MessageId, Vec<u8>),
    /// The server has the message but yields no body (NIL).
    Nil(MessageId),
    /// The server refuses to give the message and says why; nothing is wrong with the session.
    Refused(MessageId, String),
    /// Larger than [`Source::sizes`] said, so memory was not planned for it: it was not read, and has this many octets at
    /// the most, or as far as anybody knows.
    Larger(MessageId, u64),
    /// Larger than the limit; it was not read.
    TooLarge(MessageId),
}

/// An open session on one mailbox. Every method has its own deadline; an error other than [`Error::TargetDown`]
/// (never returned here) makes the session useless, and dropping it closes the connection.
///
/// [`Error::TargetDown`]: crate::Error::TargetDown
pub trait Source: Send {
    /// Whether one answer may hold several messages, so that nobody knows whose fault it is that it cannot be read.
    const ANSWERS_TOGETHER: bool = true;
    /// Messages that are best fetched before the first of them is handed over.
    const AT_A_TIME: usize = 1_000;

    /// Whether a search may list a message for a moment after it was marked.
    const LISTS_LATE: bool = false;

    /// What tells this mailbox's ids from those of any other, percent-encoded: the claims' scope. Changes when ids lose
    /// their meaning (UIDVALIDITY).
    fn scope(&self) -> &str;

    /// Ids of the messages to deliver, oldest first, each once.
    fn search(&mut self) -> impl Future<Output = Result<Vec<MessageId>>> + Send;

    /// Whether the last [`search`](Self::search) found all there is; a list may have been cut short.
    fn lists_all(&self) -> bool {
        true
    }

    /// Sizes in octets, of those of `ids` that still exist and whose size the server tells.
    fn sizes(&mut self, ids: &[MessageId]) -> impl Future<Output = Result<Vec<(MessageId, u64)>>> + Send;

    /// Fetches `ids` without changing a flag and gives each message to `sink` as it arrives. Ids the server no longer
    /// knows are simply not given. A body larger than `limit` octets is an error, or given as [`Fetched::TooLarge`]. What
    /// was given before an [`Error::Throttled`] is as good as ever.
    ///
    /// [`Error::Throttled`]: crate::Error::Throttled
    fn fetch(
        &mut self,
        ids: &[MessageId],
        limit: u64,
        sink: &mut (dyn FnMut(Fetched) + Send),
    ) -> impl Future<Output = Result<()>> + Send;

    /// Marks `ids`; returns when the server has acknowledged it. What it refused to mark is no error, but told by
    /// [`unmarked`](Self::unmarked).
    fn mark(&mut self, ids: &[MessageId], mark: Mark) -> impl Future<Output = Result<()>> + Send;

    /// What the last [`mark`](Self::mark) could not do as it was asked to, once; messages are safe all the same.
    fn complaint(&mut self) -> Option<String> {
        None
    }

    /// Which messages the last [`mark`](Self::mark) did not mark though it went well for others, and why, once.
    fn unmarked(&mut self) -> Vec<(MessageId, String)> {
        Vec::new()
    }

    /// What a person has to know of this mailbox, once; each with a name, so that it is said once and not at each
    /// connection.
    fn remarks(&mut self) -> Vec<(&'static str, String)> {
        Vec::new()
    }

    /// Expunges `ids`, which [`mark`](Self::mark) has marked [`Mark::Deleted`], and nothing else where the server can. A
    /// refusal is no error, but told by [`unexpunged`](Self::unexpunged).
    fn expunge(&mut self, ids: &[MessageId]) -> impl Future<Output = Result<()>> + Send;

    /// Why the last [`expunge`](Self::expunge) did not expunge, once.
    fn unexpunged(&mut self) -> Option<String> {
        None
    }

    /// Whether [`expunge`](Self::expunge) spares what others have marked deleted.
    fn expunges_only_given(&self) -> bool {
        true
    }

    /// What is marked deleted and not expunged, whoever marked it. Told once a session; later nothing.
    fn leftovers(&mut self) -> impl Future<Output = Result<Vec<MessageId>>> + Send {
        async { Ok(Vec::new()) }
    }

    /// Waits for news: returns when the mailbox may hold something new, at `until` at the latest, at once when `stop` is
    /// asked for. The session is ready for the next command afterwards.
    fn wait(&mut self, until: Instant, stop: &Stop) -> impl Future<Output = Result<()>> + Send;

    /// Says goodbye, within a second.
    fn logout(self) -> impl Future<Output = ()> + Send;
}
