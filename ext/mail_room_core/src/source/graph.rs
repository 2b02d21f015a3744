//! A mailbox of Microsoft Graph: plain HTTPS requests, at most four at a time, nothing kept open between them.
//!
//! `token` (with `assertion`) shows who we are, `lane` says when a request may be sent, `client` asks and `attempt` sends
//! (`request` what, `address` where to, `answer` what came back), `trouble` knows the messages that it fails for; then one
//! file per thing a session does, and `check`.

mod address;
mod answer;
mod assertion;
mod attempt;
mod batch;
pub(crate) mod client;
pub(crate) mod connector;
mod delta;
mod fetch;
pub(crate) mod folder;
pub(crate) mod lane;
mod mark;
pub(crate) mod page;
mod request;
mod set_aside;
mod shape;
pub(crate) mod size;
#[cfg(test)]
mod slow_list;
mod token;
mod trouble;
mod watch;

use std::fmt;
use std::sync::Arc;
use std::time::{Duration, Instant};

pub use connector::GraphConnector;
pub(crate) use lane::Lanes;

use crate::error::Result;
use crate::limits::shutdown::Stop;
use crate::message::MessageId;
use crate::source::{Fetched, Mark, Source};
use client::Client;
use delta::Delta;
use mark::Marker;
use page::Lister;
use size::Sizes;
use watch::Watch;

/// A session on one folder: what was learned since the folder was found.
pub struct Graph {
    client: Arc<Client>,
    watch: Watch,
    lister: Lister,
    scope: String,
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
    // A round trip each: those that are here need not wait for hundreds of others.
    const AT_A_TIME: usize = 100;
    const LISTS_LATE: bool = true;

    fn scope(&self) -> &str {
        &self.scope
    }

    async fn search(&mut self) -> Result<Vec<MessageId>> {
        self.watch.check(&self.client).await?;
        self.lister.unread(&self.client, &self.watch.folder, &mut self.sizes).await
    }

    fn lists_all(&self) -> bool {
        !self.lister.is_cut()
    }

    async fn sizes(&mut self, ids: &[MessageId]) -> Result<Vec<(MessageId, u64)>> {
        Ok(ids.iter().map(|id| (id.clone(), if self.sizes.is_empty(id) { 0 } else { self.sizes.of(id) })).collect())
    }

    async fn fetch(&mut self, ids: &[MessageId], limit: u64, sink: &mut (dyn FnMut(Fetched) + Send)) -> Result<()> {
        fetch::fetch(&self.client, &mut self.sizes, ids, limit, sink).await
    }

    async fn mark(&mut self, ids: &[MessageId], mark: Mark) -> Result<()> {
        self.marker.mark(&self.client, &self.watch.folder, ids, mark).await
    }

    fn complaint(&mut self) -> Option<String> {
        self.marker.complaint.take()
    }

    fn unmarked(&mut self) -> Vec<(MessageId, String)> {
        std::mem::take(&mut self.marker.unmarked)
    }

    async fn expunge(&mut self, _: &[MessageId]) -> Result<()> {
        // What is deleted is gone.
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
