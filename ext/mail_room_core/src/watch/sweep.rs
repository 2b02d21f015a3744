//! One sweep over a mailbox: search, then claim, fetch, deliver and mark chunk by chunk until nothing is left. Opens no
//! connection and does not wait for new mail.
//!
//! The order of the steps keeps messages from being lost or delivered twice. A flag on the server changes only after
//! [`Ledger::decided`], which is called only after the target has taken the message. If the process dies before that, the
//! message is still unread, its claim ends, and it is delivered later. If the process dies after that, the arbiter knows
//! that the message was delivered, and the message only has to be marked.
//!
//! Steps: `gather` claims and fetches, `triage` applies the matcher, `deliver` hands messages to the target,
//! `acknowledge` marks them on the server, `expunge` removes those marked deleted. `unfetched` handles messages that
//! the server did not send. `pass` runs the steps.
//!
//! [`Ledger::decided`]: crate::track::ledger::Ledger::decided

mod acknowledge;
mod chunk;
mod deliver;
mod expunge;
mod first_run;
mod gather;
#[cfg(test)]
mod memory_source;
mod pass;
mod search_age;
#[cfg(test)]
mod slow_sizes;
#[cfg(test)]
mod suspended;
mod triage;
mod unfetched;
#[cfg(test)]
mod waiting_since;

use std::time::Instant;

use serde_json::json;

use crate::error::{Error, Result};
use crate::observe::log::Severity;
use crate::source::Source;
use crate::watch::mailbox::Mailbox;
pub(crate) use acknowledge::acknowledge_decided;
use acknowledge::{acknowledge_all, note_listed};
use expunge::{expunge, expunge_leftovers};
use pass::Pass;
use search_age::SearchAge;
use unfetched::{log_omitted, suspects_last};

/// Messages at the first search that are more than a busy night leaves.
const MANY: usize = 500;

/// Sweeps until the mailbox holds nothing that can be delivered now, or a stop is asked for.
///
/// # Errors
/// [`Error::Reconnect`] and the like if the connection is no longer usable. [`Error::TargetDown`] and
/// [`Error::CircuitBreakerOpen`] if the target is down; the connection remains usable. No error loses a message: delivered
/// messages are remembered, the others are still unread.
pub async fn sweep<S: Source>(source: &mut S, mailbox: &Mailbox) -> Result<()> {
    mailbox.tracker.ledger().enter(source.scope());
    let _share = mailbox.budget.share();
    let swept = tokio::select! {
        swept = passes(source, mailbox) => swept,
        // Never returns.
        () = mailbox.tracker.claims.keep() => Ok(()),
    };
    if swept.as_ref().is_err_and(Error::spares_connection) {
        mailbox.tracker.ledger().half_open();
    }
    mailbox.tracker.claims.release_all().await;
    swept
}

async fn passes<S: Source>(source: &mut S, mailbox: &Mailbox) -> Result<()> {
    let mut delivered = deliver_all(source, mailbox).await;
    if delivered.as_ref().is_err_and(|error| !error.spares_connection()) {
        return delivered;
    }
    // Messages that the server failed to mark before come after new mail, because marking them may end the connection.
    let marked = acknowledge_all(source, mailbox).await?;
    if marked && delivered.is_ok() {
        // Searches again while these marks are fresh. Later nobody could tell whether the server does not keep them or a
        // person has removed them.
        delivered = deliver_all(source, mailbox).await;
        if delivered.as_ref().is_err_and(|error| !error.spares_connection()) {
            return delivered;
        }
    }
    expunge(source, mailbox, 1).await?;
    if delivered.is_ok() && !mailbox.account.stop.asked() {
        expunge_leftovers(source, mailbox).await?;
    }
    delivered
}

/// Delivers until a search lists nothing more that can be delivered now.
async fn deliver_all<S: Source>(source: &mut S, mailbox: &Mailbox) -> Result<()> {
    while !mailbox.account.stop.asked() {
        let search = SearchAge::starts();
        let found = source.search().await?;
        let found = first_run::without_older(source, mailbox, found).await?;
        let search = search.answered();
        if !source.lists_all() {
            mailbox.tracker.ledger().listed_in_part();
        }
        let sorted = mailbox.tracker.ledger().sort_out(&found, mailbox.tracker.absent_flags(), Instant::now());
        log_omitted(mailbox);
        mailbox.tracker.progress.left(sorted.todo.len().saturating_add(sorted.waiting));
        mailbox.tracker.tell_oldest();
        note_listed(source, mailbox, &found, &sorted).await;
        warn_of_many(mailbox, sorted.todo.len());
        if sorted.todo.is_empty() {
            return Ok(());
        }
        let limit = match mailbox.account.config.limit_max_unread {
            0 => usize::MAX,
            limit => usize::try_from(limit).unwrap_or(usize::MAX),
        };
        if mailbox.account.log.enabled() {
            let next: Vec<_> = sorted.todo.iter().take(limit).collect();
            mailbox.account.log.info(
                "Getting new messages",
                &[
                    ("unread", json!({ "count": found.len(), "ids": found })),
                    ("to_be_delivered", json!({ "count": next.len(), "ids": next })),
                ],
            );
        }
        drop(found);
        let queue = suspects_last(mailbox, sorted.todo);
        Pass::new(source, mailbox, queue, limit, search).run().await?;
        expunge(source, mailbox, 1).await?;
    }
    Ok(())
}

/// Warns at the first search if so many messages wait that somebody may not have meant to deliver them.
fn warn_of_many(mailbox: &Mailbox, waiting: usize) {
    if mailbox.tracker.is_first_warning("many waiting") && waiting > MANY {
        let error = format!(
            "{waiting} messages wait, and all of them are delivered now; if that is not meant, stop and set since to the day \
             of the oldest message that is for the app"
        );
        mailbox.account.log.line(Severity::Warn, "Many messages wait", &[("error", error.into())]);
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::sync::{Arc, Mutex};
    use std::task::Poll;
    use std::time::Duration;

    use tokio::time::timeout;

    use super::memory_source::MemorySource;
    use super::*;
    use crate::arbiter::{Arbiter, Process};
    use crate::delivery::Delivery;
    use crate::limits::shutdown::Stop;
    use crate::message::MessageId;
    use crate::redis_server::Server;
    use crate::ruby::calls::{Answer, Calls, Question};
    use crate::source::Mark;
    use crate::system::clock;
    use crate::transport::postgres::PostgresClients;
    use crate::transport::redis::RedisClients;
    use crate::watch::mailbox::tests::{config, mailbox};

    #[tokio::test]
    async fn what_was_delivered_is_marked_although_the_arbiter_fails_for_the_next() {
        let config = config(json!({ "arbitration": { "method": "hook", "class_name": "AppArbiter" } }));
        let calls: Arc<Calls> = Arc::default();
        let arbiter = Arc::new(Arbiter::new(&config.arbitration, &RedisClients::new(), "me", &calls).unwrap());
        let mailbox = mailbox(config, arbiter, Delivery::Noop, &Stop::new());

        // The first may be delivered; asked about the second, the app's class raises.
        let theirs = calls.clone();
        let answering = tokio::spawn(async move {
            loop {
                if let Poll::Ready(Some(call)) = theirs.fetch() {
                    let first = matches!(call.question, Question::Ask(MessageId::Uid(1)));
                    call.answer(if first { Answer::Yes } else { Answer::Raised("down".into()) });
                }
                tokio::task::yield_now().await;
            }
        });
        // So large that each travels alone.
        let mut source = MemorySource { size: 20 << 20, ..MemorySource::new(1..=2) };
        let swept = tokio::time::timeout(Duration::from_secs(10), sweep(&mut source, &mailbox)).await.unwrap();
        answering.abort();
        assert!(matches!(swept, Err(Error::TargetDown { .. })), "{swept:?}");
        assert_eq!(source.marked, [(MessageId::Uid(1), Mark::Seen)]);
    }

    type Unread = Arc<Mutex<BTreeSet<MessageId>>>;

    /// A watcher with claims and queue in the Redis at `url`.
    fn with_redis(url: &str) -> Mailbox {
        let redis = json!({ "url": url });
        let config = config(json!({
            "delivery": { "method": "sidekiq", "redis": redis, "queue": "q", "worker": "W" },
            "arbitration": { "method": "redis", "redis": redis, "claim_ttl": 60 }
        }));
        let (calls, clients) = (Arc::default(), RedisClients::new());
        let arbiter = Arbiter::new(&config.arbitration, &clients, Process::new().instance(), &calls).unwrap();
        let arbiter = Arc::new(arbiter);
        let targets = (&clients, &PostgresClients::new());
        let delivery = Delivery::new(&config.delivery, targets, &arbiter, &calls).unwrap();
        mailbox(config, arbiter, delivery, &Stop::new())
    }

    /// Another process delivers and marks everything; then so much time passes that Redis has forgotten it.
    async fn meanwhile(url: String, port: u16, unread: Unread) {
        let mut source = MemorySource { unread, ..MemorySource::new([]) };
        sweep(&mut source, &with_redis(&url)).await.unwrap();
        assert!(source.unread.lock().unwrap().is_empty());
        // These keys expire after 600 s.
        let mut redis = redis::Client::open(format!("redis://127.0.0.1:{port}")).unwrap().get_connection().unwrap();
        let keys: Vec<String> = redis::cmd("KEYS").arg("*delivered:*").query(&mut redis).unwrap();
        assert_eq!(keys.len(), 24);
        redis::cmd("DEL").arg(keys).query::<()>(&mut redis).unwrap();
        clock::tests::pass(Duration::from_secs(601));
    }

    #[tokio::test]
    async fn an_old_search_is_not_relied_upon() {
        let server = Server::start(&[]);
        let mut source = MemorySource::new(1..=12);
        source.before_sizes = Some(Box::pin(meanwhile(server.url(), server.port, source.unread.clone())));
        let mailbox = with_redis(&server.url());
        timeout(Duration::from_secs(30), sweep(&mut source, &mailbox)).await.unwrap().unwrap();
        assert_eq!(
            (server.jobs("queue:q").len(), mailbox.tracker.progress.snapshot().delivered, source.searches),
            (12, 0, 2)
        );
    }

    #[tokio::test]
    async fn a_claim_that_comes_too_late_is_given_back() {
        let server = Server::start(&[]);
        let mut source = MemorySource::new(1..=12);
        // A proxy between us and Redis: it delays the first request while time passes.
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("redis://{}", listener.local_addr().unwrap());
        let mut before = Some(meanwhile(server.url(), server.port, source.unread.clone()));
        let port = server.port;
        let forwarding = tokio::spawn(async move {
            loop {
                let (mut client, _) = listener.accept().await.unwrap();
                if let Some(before) = before.take() {
                    let mut octet = [0];
                    client.peek(&mut octet).await.unwrap();
                    before.await;
                }
                let mut redis = tokio::net::TcpStream::connect(("127.0.0.1", port)).await.unwrap();
                tokio::spawn(async move { tokio::io::copy_bidirectional(&mut client, &mut redis).await.ok() });
            }
        });
        let mailbox = with_redis(&url);
        timeout(Duration::from_secs(30), sweep(&mut source, &mailbox)).await.unwrap().unwrap();
        forwarding.abort();
        assert_eq!(
            (server.jobs("queue:q").len(), mailbox.tracker.progress.snapshot().delivered, source.searches),
            (12, 0, 2)
        );
        assert_eq!(server.keys().iter().filter(|key| key.contains("delivered:")).count(), 0, "{:?}", server.keys());
    }

    #[test]
    fn a_search_that_takes_long_is_good_for_something() {
        let mailbox = with_redis("redis://localhost");
        let searched = SearchAge::starts();
        clock::tests::pass(Duration::from_secs(310));
        assert!(searched.is_outdated(&mailbox.tracker));
        let searched = searched.answered();
        assert!(!searched.is_outdated(&mailbox.tracker));
        clock::tests::pass(Duration::from_secs(235));
        assert!(searched.is_outdated(&mailbox.tracker), "but never longer than what is delivered is remembered");
    }
}
