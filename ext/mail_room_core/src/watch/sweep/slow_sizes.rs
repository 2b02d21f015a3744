//! A server that takes so long to send the sizes of a backlog that the search is outdated by then.

use std::sync::Arc;
use std::time::Duration;

use serde_json::json;

use super::memory_source::MemorySource;
use super::*;
use crate::arbiter::{Arbiter, Process};
use crate::delivery::Delivery;
use crate::limits::shutdown::Stop;
use crate::redis_server::Server;
use crate::transport::redis::RedisClients;
use crate::watch::mailbox::tests::{config, mailbox};

const MESSAGES: u32 = 5_000;
/// The time for the size of one message. All sizes together take longer than a search may be relied upon.
const TAKES: Duration = Duration::from_millis(300);

#[tokio::test]
async fn a_backlog_whose_sizes_arrive_slowly_makes_progress_and_a_fast_one_is_requested_in_large_steps() {
    let server = Server::start(&[]);
    let config = config(json!({
        "arbitration": { "method": "redis", "redis": { "url": server.url() }, "claim_ttl": 60 }
    }));
    let clients = RedisClients::new();
    let arbiter = Arbiter::new(&config.arbitration, &clients, Process::new().instance(), &Arc::default()).unwrap();
    let watched = mailbox(config, arbiter, Delivery::Noop, &Stop::new());
    let mut source = MemorySource { size_takes: TAKES, ..MemorySource::new(1..=MESSAGES) };
    tokio::time::timeout(Duration::from_secs(60), sweep(&mut source, &watched)).await.unwrap().unwrap();
    assert_eq!(watched.tracker.progress.snapshot().delivered, u64::from(MESSAGES));
    assert!(source.unread.lock().unwrap().is_empty());
    // 60 s, 120 s and 240 s: the third search for sizes outlasts what the search is good for, and another one begins.
    assert_eq!(source.sized[..4], [200, 400, 800, 200]);
}
