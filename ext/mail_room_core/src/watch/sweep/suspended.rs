//! A process that is suspended between two steps with a message that is not for the app. Meanwhile another process may have
//! handled the message, and Redis may have forgotten that. So no sender is notified and nothing is marked because of what was
//! known before.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::Poll;
use std::time::Duration;

use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

use super::memory_source::MemorySource;
use super::*;
use crate::arbiter::{Arbiter, Process};
use crate::delivery::Delivery;
use crate::limits::shutdown::Stop;
use crate::redis_server::Server;
use crate::rejection::Rejection;
use crate::ruby::calls::{Answer, Calls, Question};
use crate::source::Mark;
use crate::system::clock;
use crate::transport::redis::RedisClients;
use crate::watch::mailbox::tests::{config, mailbox};

/// Redis remembers a message that was handled for 600 s. No list is relied upon for longer than half of that.
const LONG: Duration = Duration::from_secs(601);
const TOO_LONG: Duration = Duration::from_secs(301);

/// A message to an unknown address.
const STRAY: &str = "From: sender@example.org\r\nTo: nobody@example.com\r\nMessage-ID: <1@example.org>\r\n\r\nx";

/// A mailbox that does `unmatched` with messages to unknown addresses. A class of the app's own notifies senders.
fn watched(redis: &str, unmatched: &str) -> (Mailbox, Arc<Calls>) {
    let config = config(json!({
        "arbitration": { "method": "redis", "redis": { "url": redis }, "claim_ttl": 60 },
        "matching": { "address": "incoming+%{key}@example.com", "auto_replies": "ignore", "unmatched": unmatched },
        "rejection": { "by": { "method": "hook", "class_name": "Teller" }, "per_sender": 10, "in_all": 10 }
    }));
    let (calls, clients) = (Arc::<Calls>::default(), RedisClients::new());
    let arbiter = Arbiter::new(&config.arbitration, &clients, Process::new().instance(), &calls).unwrap();
    let rejection = Rejection::new(&config, &calls).unwrap();
    let watched = mailbox(config, arbiter, Delivery::Noop, &Stop::new());
    (watched.rejecting(rejection), calls)
}

/// Sweeps, and returns the marks. If `stands_still`, the process is suspended during the fetch, and Redis forgets.
async fn swept(server: &Server, watched: &Mailbox, stands_still: bool) -> Vec<Mark> {
    let port = server.port;
    let standstill = move || {
        let mut redis = redis::Client::open(format!("redis://127.0.0.1:{port}")).unwrap().get_connection().unwrap();
        redis::cmd("FLUSHALL").exec(&mut redis).unwrap();
        clock::tests::pass(LONG);
    };
    let after_fetch = stands_still.then(|| Box::new(standstill) as Box<_>);
    let mut source = MemorySource { body: STRAY, after_fetch, ..MemorySource::new([7]) };
    tokio::time::timeout(Duration::from_secs(30), sweep(&mut source, watched)).await.unwrap().unwrap();
    source.marked.into_iter().map(|(_, mark)| mark).collect()
}

fn is_pending(watched: &Mailbox) -> bool {
    watched.rejection.as_ref().unwrap().is_pending()
}

/// Sends notices until none is left. Returns how many were sent.
async fn notified(watched: &Mailbox, calls: &Calls) -> usize {
    let mut notified = 0;
    let served = async {
        while is_pending(watched) {
            if let Poll::Ready(Some(call)) = calls.fetch() {
                assert!(matches!(call.question, Question::Reject(..)));
                notified += 1;
                call.answer(Answer::Yes);
            }
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    };
    let within = tokio::time::timeout(Duration::from_secs(30), served);
    tokio::select! {
        served = within => served.unwrap(),
        never = watched.rejection.as_ref().unwrap().serve(&watched.tracker, &watched.account.stop) => match never {},
    }
    notified
}

/// Whether the message is searched for again, and nothing is known of it.
fn is_open(watched: &Mailbox) -> bool {
    let memory = watched.tracker.ledger();
    memory.to_mark().is_empty() && memory.next_try().is_some_and(|next| next <= Instant::now() + Duration::from_secs(2))
}

#[tokio::test]
async fn what_is_ignored_after_a_standstill_is_not_marked() {
    let server = Server::start(&[]);
    for stands_still in [false, true] {
        let (watched, _) = watched(&server.url(), "ignore");
        let marked = swept(&server, &watched, stands_still).await;
        let ignored = watched.tracker.progress.snapshot().ignored;
        let expected = if stands_still { (vec![], 0, true) } else { (vec![Mark::Seen], 1, false) };
        assert_eq!((marked, ignored, is_open(&watched)), expected);
        server.ask::<()>("FLUSHALL");
    }
}

#[tokio::test]
async fn nobody_is_notified_of_a_message_that_was_fetched_before_a_standstill() {
    let server = Server::start(&[]);
    for stands_still in [false, true] {
        let (watched, calls) = watched(&server.url(), "reject");
        let marked = swept(&server, &watched, stands_still).await;
        assert_eq!((marked, is_pending(&watched)), (vec![], !stands_still));
        assert_eq!(notified(&watched, &calls).await, usize::from(!stands_still));
        assert_eq!(is_open(&watched), stands_still);
        server.ask::<()>("FLUSHALL");
    }
}

#[tokio::test]
async fn nobody_is_notified_of_a_message_that_waited_for_too_long() {
    let server = Server::start(&[]);
    let (watched, calls) = watched(&server.url(), "reject");
    swept(&server, &watched, false).await;
    assert!(is_pending(&watched));
    clock::tests::pass(TOO_LONG);
    assert_eq!((notified(&watched, &calls).await, is_open(&watched)), (0, true));
    assert_eq!(server.keys().iter().filter(|key| key.contains("delivered:")).count(), 0, "{:?}", server.keys());
}

#[tokio::test]
async fn nobody_is_notified_of_a_message_that_could_be_claimed_only_after_a_standstill() {
    let server = Server::start(&[]);
    // A proxy between us and Redis: once armed, it delays a command until time has passed.
    let armed = Arc::new(AtomicBool::new(false));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("redis://{}", listener.local_addr().unwrap());
    let (port, stands_still) = (server.port, armed.clone());
    tokio::spawn(async move {
        while let Ok((client, _)) = listener.accept().await {
            let stands_still = stands_still.clone();
            tokio::spawn(async move {
                let server = TcpStream::connect(("127.0.0.1", port)).await.unwrap();
                let ((mut from, mut back), (mut answers, mut to)) = (client.into_split(), server.into_split());
                tokio::spawn(async move { tokio::io::copy(&mut answers, &mut back).await.ok() });
                let mut some = [0; 4096];
                while let Ok(octets @ 1..) = from.read(&mut some).await {
                    if stands_still.swap(false, Ordering::AcqRel) {
                        clock::tests::pass(TOO_LONG);
                    }
                    to.write_all(&some[..octets]).await.unwrap();
                }
            });
        }
    });
    let (watched, calls) = watched(&url, "reject");
    swept(&server, &watched, false).await;
    assert!(is_pending(&watched));
    armed.store(true, Ordering::Release);
    assert_eq!((notified(&watched, &calls).await, is_open(&watched)), (0, true));
    assert!(!armed.load(Ordering::Acquire), "Redis was asked");
    assert_eq!(server.keys().iter().filter(|key| key.contains("delivered:")).count(), 0, "{:?}", server.keys());
}
