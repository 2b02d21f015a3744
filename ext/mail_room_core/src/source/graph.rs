//! A mailbox of Microsoft Graph: HTTPS requests, at most four at a time, with no state on the server between them.
//!
//! `client` holds what the requests about a mailbox share. `ask` and `send` send a `request` and return its `answer`.
//! `token` gets access tokens, `throttle` limits the requests in flight, and `failures` counts failures of single messages. Each
//! other file is one thing that a session does.

mod address;
mod answer;
mod ask;
mod assertion;
mod batch;
pub(crate) mod client;
pub(crate) mod connector;
mod date;
mod delta;
mod failures;
mod fetch;
mod first_run;
pub(crate) mod folder;
pub(crate) mod lister;
mod mark;
mod operation;
mod page;
mod page_size;
mod request;
mod send;
mod set_aside;
pub(crate) mod size;
#[cfg(test)]
mod slow_list;
pub(crate) mod throttle;
mod token;
mod watch;

use std::fmt;
use std::sync::Arc;
use std::time::{Duration, Instant};

pub use connector::GraphConnector;
pub(crate) use throttle::Throttles;

use crate::error::Result;
use crate::limits::shutdown::Stop;
use crate::message::MessageId;
use crate::source::{Attributes, Fetched, Mark, Source};
use client::Client;
use delta::Delta;
use lister::Lister;
use mark::Marker;
use size::Sizes;
use watch::Watch;

/// A session on one folder.
pub struct Graph {
    client: Arc<Client>,
    watch: Watch,
    lister: Lister,
    scope: String,
    /// The scope by the folder's configured name, which outlives the folder; `None` where that is its id.
    named_scope: Option<String>,
    sizes: Sizes,
    marker: Marker,
    poll_interval: Duration,
    delta: Option<Delta>,
}

impl fmt::Debug for Graph {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Graph").field("scope", &self.scope).finish_non_exhaustive()
    }
}

impl Source for Graph {
    const ANSWERS_TOGETHER: bool = false;
    // Each takes a round trip: the first need not wait for hundreds of others.
    const AT_A_TIME: usize = 100;
    const LISTS_LATE: bool = true;

    fn scope(&self) -> &str {
        &self.scope
    }

    async fn search(&mut self) -> Result<Vec<MessageId>> {
        self.watch.check(&self.client).await?;
        self.lister.unread(&self.client, &self.watch.folder, &mut self.sizes).await
    }

    /// A folder that is deleted and made anew has another id.
    fn lasting_scope(&self) -> Option<&str> {
        self.named_scope.as_deref()
    }

    async fn newest(&mut self, found: &[MessageId]) -> Result<String> {
        let whole = self.lister.was_whole(found.len());
        first_run::newest(&self.client, &self.watch.folder, found, whole).await
    }

    async fn newer_than(&mut self, newest: &str, mut found: Vec<MessageId>) -> Result<Vec<MessageId>> {
        let Some(old) = first_run::Old::read(newest) else { return Ok(found) };
        if self.lister.limit(&old.since) {
            found = self.search().await?;
        }
        found.retain(|id| !old.has(id));
        Ok(found)
    }

    fn limit_since(&mut self, day: &str) -> Result<bool> {
        Ok(self.lister.limit(&format!("{day}T00:00:00Z")))
    }

    fn lists_all(&self) -> bool {
        !self.lister.is_cut()
    }

    async fn sizes(&mut self, ids: &[MessageId]) -> Result<Vec<Attributes>> {
        Ok(ids.iter().map(|id| self.sizes.attributes(id)).collect())
    }

    async fn fetch(&mut self, ids: &[MessageId], limit: u64, sink: &mut (dyn FnMut(Fetched) + Send)) -> Result<()> {
        fetch::fetch(&self.client, &mut self.sizes, ids, limit, sink).await
    }

    async fn mark(&mut self, ids: &[MessageId], mark: Mark) -> Result<()> {
        self.marker.mark(&self.client, &self.watch.folder, ids, mark).await
    }

    fn mark_warning(&mut self) -> Option<String> {
        self.marker.complaint.take()
    }

    fn unmarked(&mut self) -> Vec<(MessageId, String)> {
        std::mem::take(&mut self.marker.unmarked)
    }

    async fn expunge(&mut self, _: &[MessageId]) -> Result<()> {
        // A deleted message is gone already.
        Ok(())
    }

    async fn wait(&mut self, until: Instant, stop: &Stop) -> Result<()> {
        match &mut self.delta {
            Some(delta) => delta.wait(&self.client, &self.watch.folder, self.poll_interval, until, stop).await,
            None => {
                let poll = Instant::now() + self.poll_interval;
                stop.sleep(until.min(poll).saturating_duration_since(Instant::now())).await;
                Ok(())
            }
        }
    }

    async fn logout(self) {}
}
