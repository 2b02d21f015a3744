//! One pass over the result of a search. While one chunk is being delivered, the next one is fetched.

use std::collections::{HashSet, VecDeque};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use tokio::sync::Notify;

use super::acknowledge::{mark, settle_claims};
use super::chunk::{Chunk, Decision, Measured};
use super::deliver::{deliver, release_unsent};
use super::expunge::expunge;
use super::search_age::SearchAge;
use crate::error::Result;
use crate::message::MessageId;
use crate::source::Source;
use crate::watch::mailbox::Mailbox;

/// Messages marked deleted before they are expunged.
const EXPUNGE_EVERY: usize = 10_000;
/// While a delivery takes long, decided messages are marked this often, so that a crash repeats little. If the arbiter
/// knows of a delivery anyway, marks wait for the end of the chunk: servers handle many messages per command better.
const MARK_EVERY: Duration = Duration::from_millis(200);
/// Messages whose sizes are requested at a time.
pub(super) const SIZED_AT_A_TIME: usize = 2_000;
/// The same for the first request of a pass. A server that is slow to send sizes must not outlast the search.
const SIZED_AT_FIRST: usize = 200;

/// One pass over the result of a search.
pub(super) struct Pass<'a, S> {
    pub(super) source: &'a mut S,
    pub(super) mailbox: &'a Mailbox,
    pub(super) scope: String,
    pub(super) queue: VecDeque<MessageId>,
    pub(super) sized: VecDeque<Measured>,
    /// Messages in `sized` whose size the server did not send. Their size is an assumption.
    pub(super) unmeasured: HashSet<MessageId>,
    /// How many more messages this pass may fetch.
    pub(super) left: usize,
    /// Messages whose sizes are requested at a time.
    pub(super) sized_at_a_time: usize,
    pub(super) search: SearchAge,
}

impl<'a, S: Source> Pass<'a, S> {
    /// A pass over `queue` that fetches at most `limit` messages.
    pub(super) fn new(
        source: &'a mut S,
        mailbox: &'a Mailbox,
        queue: VecDeque<MessageId>,
        limit: usize,
        search: SearchAge,
    ) -> Self {
        let scope = source.scope().to_owned();
        let (sized, unmeasured) = (VecDeque::new(), HashSet::new());
        let sized_at_a_time = SIZED_AT_FIRST;
        Self { source, mailbox, scope, queue, sized, unmeasured, left: limit, sized_at_a_time, search }
    }

    /// Delivers chunk by chunk until the queue is empty, the limit is reached, or a stop is asked for.
    ///
    /// # Errors
    /// As [`sweep`](super::sweep).
    pub(super) async fn run(mut self) -> Result<()> {
        let (mailbox, scope) = (self.mailbox, self.scope.clone());
        let mut ready: Option<Chunk> = None;
        let mut acknowledged = Vec::new();
        let mut marked = Instant::now();
        loop {
            let current = ready.take();
            if current.is_none() && !self.wants_more() {
                break;
            }
            let (over, stuck) = (Notify::new(), AtomicBool::new(false));
            let known = std::mem::take(&mut acknowledged);
            let (gathered, delivered) = tokio::join!(self.gather_during((&over, &stuck), &mut acknowledged), async {
                settle_claims(mailbox, &scope, known).await;
                let delivered = match current {
                    Some(chunk) => deliver(mailbox, &scope, chunk, &stuck).await,
                    None => Ok(()),
                };
                over.notify_one();
                delivered
            });
            let (next, delivered) = match gathered {
                // The connection still works, so the messages that were decided meanwhile are marked.
                Err(error) if error.spares_connection() => (None, Err(error)),
                gathered => (gathered?, delivered),
            };
            let ends = next.is_none() || delivered.is_err();
            if ends || !mailbox.delivery.settles_claims() || marked.elapsed() >= MARK_EVERY {
                self.acknowledge(&mut acknowledged).await?;
                expunge(self.source, mailbox, EXPUNGE_EVERY).await?;
                marked = Instant::now();
            }
            if delivered.is_err() {
                settle_claims(mailbox, &scope, acknowledged).await;
                return delivered;
            }
            ready = next;
        }
        settle_claims(mailbox, &scope, acknowledged).await;
        Ok(())
    }

    /// Gathers the next chunk during a delivery, then marks decided messages until the delivery is `over`. Releases the
    /// gathered chunk if the delivery is `stuck`.
    async fn gather_during(
        &mut self,
        (over, stuck): (&Notify, &AtomicBool),
        acknowledged: &mut Vec<Decision>,
    ) -> Result<Option<Chunk>> {
        let mut gathered = self.gather().await?;
        while tokio::time::timeout(MARK_EVERY, over.notified()).await.is_err() {
            if stuck.load(Ordering::Acquire)
                && let Some(chunk) = gathered.take()
            {
                chunk.settled.iter().for_each(|(id, mark)| self.mailbox.tracker.ledger().decided(id, *mark));
                release_unsent(self.mailbox, &self.scope, chunk.messages).await;
            }
            self.acknowledge(acknowledged).await?;
        }
        Ok(gathered)
    }

    /// Marks decided messages, except those that the server failed to mark before. Adds the marked ones to `acknowledged`.
    async fn acknowledge(&mut self, acknowledged: &mut Vec<Decision>) -> Result<()> {
        let decided = self.mailbox.tracker.ledger().to_mark();
        acknowledged.extend(mark(self.source, self.mailbox, &decided).await?);
        Ok(())
    }

    /// Ends the pass if its search is outdated; the next search lists the remaining messages again. Returns whether it is
    /// outdated.
    pub(super) fn ends_outdated(&mut self) -> bool {
        let outdated = self.search.is_outdated(&self.mailbox.tracker);
        if outdated {
            self.queue.clear();
            self.sized.clear();
        }
        outdated
    }

    /// Whether there are messages left that this pass may fetch.
    pub(super) fn wants_more(&self) -> bool {
        !self.mailbox.account.stop.asked() && self.left > 0 && !(self.queue.is_empty() && self.sized.is_empty())
    }
}
