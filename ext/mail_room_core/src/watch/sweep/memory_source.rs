//! A mailbox in memory, for tests of the sweep. A test may act while sizes are requested and after bodies were fetched.

use std::collections::BTreeSet;
use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant, SystemTime};

use crate::error::Result;
use crate::limits::shutdown::Stop;
use crate::message::MessageId;
use crate::source::{Attributes, Fetched, Mark, Source};
use crate::system::clock;

/// A mailbox in memory.
pub(super) struct MemorySource {
    /// The messages that are not marked. Two sources may share them.
    pub(super) unread: Arc<Mutex<BTreeSet<MessageId>>>,
    /// The messages that this source has marked.
    pub(super) marked: Vec<(MessageId, Mark)>,
    /// Searches so far.
    pub(super) searches: usize,
    /// How many sizes were requested at a time.
    pub(super) sized: Vec<usize>,
    /// The size of each message, in octets.
    pub(super) size: u64,
    /// The time that the size of one message takes.
    pub(super) size_takes: Duration,
    /// When each message arrived, if the server tells.
    pub(super) arrived: Option<SystemTime>,
    /// The body of each message.
    pub(super) body: &'static str,
    /// Awaited once, before the first sizes.
    pub(super) before_sizes: Option<Pin<Box<dyn Future<Output = ()> + Send>>>,
    /// Called once, after the first bodies.
    pub(super) after_fetch: Option<Box<dyn FnOnce() + Send>>,
}

impl MemorySource {
    /// Unread messages with these UIDs.
    pub(super) fn new(uids: impl IntoIterator<Item = u32>) -> Self {
        Self {
            unread: Arc::new(Mutex::new(uids.into_iter().map(MessageId::Uid).collect())),
            marked: Vec::new(),
            searches: 0,
            sized: Vec::new(),
            size: 1,
            size_takes: Duration::ZERO,
            arrived: None,
            body: "x",
            before_sizes: None,
            after_fetch: None,
        }
    }
}

impl Source for MemorySource {
    fn scope(&self) -> &str {
        "scope"
    }

    async fn search(&mut self) -> Result<Vec<MessageId>> {
        self.searches += 1;
        Ok(self.unread.lock().unwrap().iter().cloned().collect())
    }

    async fn sizes(&mut self, ids: &[MessageId]) -> Result<Vec<Attributes>> {
        if let Some(before) = self.before_sizes.take() {
            before.await;
        }
        self.sized.push(ids.len());
        assert!(self.sized.len() < 1_000, "there is no progress: {:?}", &self.sized[..10]);
        clock::tests::pass(self.size_takes * u32::try_from(ids.len()).unwrap());
        let (octets, arrived) = (self.size, self.arrived);
        Ok(ids.iter().map(|id| Attributes { id: id.clone(), octets, arrived }).collect())
    }

    async fn fetch(&mut self, ids: &[MessageId], _: u64, sink: &mut (dyn FnMut(Fetched) + Send)) -> Result<()> {
        ids.iter().for_each(|id| sink(Fetched::Body(id.clone(), self.body.into())));
        if let Some(act) = self.after_fetch.take() {
            act();
        }
        Ok(())
    }

    async fn mark(&mut self, ids: &[MessageId], mark: Mark) -> Result<()> {
        self.marked.extend(ids.iter().map(|id| (id.clone(), mark)));
        let mut unread = self.unread.lock().unwrap();
        ids.iter().for_each(|id| _ = unread.remove(id));
        Ok(())
    }

    async fn expunge(&mut self, _: &[MessageId]) -> Result<()> {
        Ok(())
    }

    async fn wait(&mut self, _: Instant, _: &Stop) -> Result<()> {
        Ok(())
    }

    async fn logout(self) {}
}
