//! Since when messages wait, and how old they are when they are delivered.

use std::time::{Duration, SystemTime};

use serde_json::json;

use super::memory_source::MemorySource;
use super::*;
use crate::arbiter::{Arbiter, Process};
use crate::delivery::Delivery;
use crate::limits::shutdown::Stop;
use crate::observe::counts::ARRIVAL_SECONDS;
use crate::observe::state::unix_seconds;
use crate::transport::redis::RedisClients;
use crate::watch::mailbox::tests::{config, mailbox};

/// By its header, the message arrived in 2001.
const BODY: &str = "Received: by z; Mon, 1 Jan 2001 00:00:00 +0000\r\n\r\nx";

fn ago(seconds: u64) -> SystemTime {
    SystemTime::now() - Duration::from_secs(seconds)
}

/// Sum and number of the times from arrival to delivery.
fn delivered_after(mailbox: &Mailbox) -> (f64, u64) {
    let (sum, count, _) = mailbox.tracker.progress.counts().arrival_seconds.read(&ARRIVAL_SECONDS);
    (sum, count)
}

#[tokio::test]
async fn a_delivered_message_is_as_old_as_the_server_says() {
    let mailbox = mailbox(config(json!({})), Arbiter::Noop, Delivery::Noop, &Stop::new());
    let mut source = MemorySource { arrived: Some(ago(1000)), body: BODY, ..MemorySource::new(1..=3) };
    sweep(&mut source, &mailbox).await.unwrap();
    let (sum, count) = delivered_after(&mailbox);
    assert!(count == 3 && (3000.0..3300.0).contains(&sum), "{sum} {count}");
    assert_eq!(mailbox.tracker.progress.snapshot().waiting_since, None);
    // A server that does not say so has written it into the header.
    let mut source = MemorySource { body: BODY, ..MemorySource::new(4..=4) };
    sweep(&mut source, &mailbox).await.unwrap();
    let (sum, count) = delivered_after(&mailbox);
    assert!(count == 4 && sum > 700_000_000.0, "{sum} {count}");
}

#[tokio::test]
async fn what_waits_waits_since_its_arrival() {
    // Nobody listens there.
    let config = config(json!({
        "arbitration": { "method": "redis", "redis": { "url": "redis://127.0.0.1:1" }, "claim_ttl": 60 }
    }));
    let clients = RedisClients::new();
    let arbiter = Arbiter::new(&config.arbitration, &clients, Process::new().instance(), &Default::default()).unwrap();
    let mailbox = mailbox(config, arbiter, Delivery::Noop, &Stop::new());
    let since = || mailbox.tracker.progress.snapshot().waiting_since;
    let began = unix_seconds(SystemTime::now());

    let mut source = MemorySource { body: BODY, ..MemorySource::new(1..=3) };
    sweep(&mut source, &mailbox).await.unwrap_err();
    assert!(since() >= Some(began), "the server does not say when they arrived: {:?}", since());
    source.arrived = Some(ago(1000));
    sweep(&mut source, &mailbox).await.unwrap_err();
    assert_eq!(since(), source.arrived.map(unix_seconds));
    // A person has read them.
    source.unread.lock().unwrap().clear();
    sweep(&mut source, &mailbox).await.unwrap();
    assert_eq!(since(), None);
    source.unread.lock().unwrap().insert(crate::message::MessageId::Uid(4));
    source.arrived = None;
    sweep(&mut source, &mailbox).await.unwrap_err();
    assert!(since() >= Some(began), "the others wait no more: {:?}", since());
}
