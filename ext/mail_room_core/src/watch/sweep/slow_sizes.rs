//! A server that takes so long to tell the sizes of a backlog that the search has grown too old by then.

use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;

use serde_json::json;

use super::*;
use crate::arbiter::{Arbiter, Process};
use crate::delivery::Delivery;
use crate::limits::shutdown::Stop;
use crate::message::MessageId;
use crate::redis_server::Server;
use crate::source::{Fetched, Mark};
use crate::system::clock;
use crate::transport::redis::RedisClients;
use crate::watch::mailbox::tests::{config, mailbox};

const MESSAGES: u32 = 5_000;
/// For the size of one message. All of them take longer than any search is good for.
const TAKES: Duration = Duration::from_millis(300);

/// Unread messages, and how many sizes were asked for at a time.
struct Slow {
    unread: Vec<MessageId>,
    asked: Vec<usize>,
}

impl Source for Slow {
    fn scope(&self) -> &str {
        "scope"
    }

    async fn search(&mut self) -> Result<Vec<MessageId>> {
        Ok(self.unread.clone())
    }

    async fn sizes(&mut self, ids: &[MessageId]) -> Result<Vec<(MessageId, u64)>> {
        self.asked.push(ids.len());
        clock::tests::pass(TAKES * u32::try_from(ids.len()).unwrap());
        assert!(self.asked.len() < 1_000, "nothing gets on: {:?}", &self.asked[..10]);
        Ok(ids.iter().map(|id| (id.clone(), 1)).collect())
    }

    async fn fetch(&mut self, ids: &[MessageId], _: u64, sink: &mut (dyn FnMut(Fetched) + Send)) -> Result<()> {
        ids.iter().for_each(|id| sink(Fetched::Body(id.clone(), b"x".to_vec())));
        Ok(())
    }

    async fn mark(&mut self, ids: &[MessageId], _: Mark) -> Result<()> {
        let marked: HashSet<_> = ids.iter().collect();
        self.unread.retain(|id| !marked.contains(id));
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

#[tokio::test]
async fn a_backlog_whose_sizes_are_told_slowly_gets_on_and_a_fast_one_is_asked_for_in_large_steps() {
    let server = Server::start(&[]);
    let config = config(json!({
        "arbitration": { "method": "redis", "redis": { "url": server.url() }, "claim_ttl": 60 }
    }));
    let clients = RedisClients::new();
    let arbiter = Arbiter::new(&config.arbitration, &clients, Process::new().instance(), &Arc::default()).unwrap();
    let watched = mailbox(config, arbiter, Delivery::Noop, &Stop::new());
    let mut source = Slow { unread: (1..=MESSAGES).map(MessageId::Uid).collect(), asked: Vec::new() };
    tokio::time::timeout(Duration::from_secs(60), sweep(&mut source, &watched)).await.unwrap().unwrap();
    assert_eq!(watched.tracker.progress.snapshot().delivered, u64::from(MESSAGES));
    assert_eq!(source.unread, []);
    // 60 s, 120 s and 240 s: the third search for sizes outlasts what the search is good for, and another one begins.
    assert_eq!(source.asked[..4], [200, 400, 800, 200]);
}
