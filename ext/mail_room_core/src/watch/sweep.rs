//! One sweep over a mailbox, top to bottom: search, then chunk by chunk claim, fetch, deliver and mark, until nothing is
//! left. While one chunk is being delivered the next is being fetched. Connects to nothing and waits for nothing new.
//!
//! The order is what keeps messages: a flag changes on the server only after [`Ledger::decided`], and that is called only
//! after the target has taken the message. Dying before it: the message is unread, its claim ends, it is delivered later.
//! Dying after it: the arbiter's truth says delivered, and the message is only marked.
//!
//! [`Ledger::decided`]: crate::track::ledger::Ledger::decided

mod gather;
mod hand_over;
mod marking;
mod not_given;
#[cfg(test)]
mod overtaken;
#[cfg(test)]
mod sizes_told_slowly;
mod triage;

use std::collections::{HashSet, VecDeque};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use serde_json::json;
use tokio::sync::Notify;

use crate::error::{Error, Result};
use crate::limits::memory_budget::Lease;
use crate::message::{Message, MessageId};
use crate::source::{Mark, Source};
use crate::system::clock;
use crate::watch::mailbox::Mailbox;
use gather::SIZED_AT_FIRST;
use hand_over::{give_up, hand_over};
pub(crate) use marking::mark_decided;
use marking::{expunge, expunge_leftovers, mark_all, note_listed, settle, tell_server};

/// Messages marked deleted before they are expunged.
const EXPUNGE_EVERY: usize = 10_000;
/// While a hand-over takes its time, what is decided is marked this often: dying then repeats little. No more often where
/// the arbiter knows of it anyway: servers take many messages at once better.
const MARK_EVERY: Duration = Duration::from_millis(200);

/// Sweeps until the mailbox holds nothing that can be delivered now, or a stop is asked for.
///
/// # Errors
/// What made the connection useless ([`Error::Reconnect`] and its like), or [`Error::TargetDown`] and
/// [`Error::TargetDoubted`] with the connection intact. Nothing is lost by either: what was delivered is remembered, what was not is unread.
pub async fn sweep<S: Source>(source: &mut S, mailbox: &Mailbox) -> Result<()> {
    mailbox.tracker.ledger().enter(source.scope());
    let _share = mailbox.budget.share();
    let swept = tokio::select! {
        swept = passes(source, mailbox) => swept,
        // Never ends by itself.
        () = mailbox.tracker.keep_claims() => Ok(()),
    };
    if swept.as_ref().is_err_and(Error::spares_connection) {
        mailbox.tracker.ledger().probe();
    }
    mailbox.tracker.release_claims().await;
    swept
}

async fn passes<S: Source>(source: &mut S, mailbox: &Mailbox) -> Result<()> {
    let mut delivered = deliver_all(source, mailbox).await;
    if delivered.as_ref().is_err_and(|error| !error.spares_connection()) {
        return delivered;
    }
    // After new mail, for it may end the connection: what the server did not mark before.
    let marked = mark_all(source, mailbox).await?;
    if marked && delivered.is_ok() {
        // A person may remove a mark at any time; whether the server keeps it shows now or never.
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

/// Delivers until a search finds nothing more that can be delivered now.
async fn deliver_all<S: Source>(source: &mut S, mailbox: &Mailbox) -> Result<()> {
    while !mailbox.account.stop.asked() {
        let searched = Searched::now();
        let found = source.search().await?;
        let searched = searched.answered();
        if !source.lists_all() {
            mailbox.tracker.ledger().found_in_part();
        }
        let sorted = mailbox.tracker.ledger().sort_out(&found, mailbox.tracker.absent_flags(), Instant::now());
        not_given::tell_passed_over(mailbox);
        mailbox.tracker.progress.left(sorted.todo.len().saturating_add(sorted.waiting));
        note_listed(source, mailbox, &found, &sorted).await;
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
        Pass::new(source, mailbox, sorted.todo, limit, searched).run().await?;
        expunge(source, mailbox, 1).await?;
    }
    Ok(())
}

/// A message and the octets it has.
type Measured = (MessageId, u64);

/// What became of a message, for the server to know.
type Decision = (MessageId, Mark);

/// Messages fetched and claimed, ready to be handed over.
#[derive(Debug, Default)]
struct Chunk {
    messages: Vec<Message>,
    /// Decided without a hand-over: delivered by somebody before, too large, or tried too often.
    settled: Vec<Decision>,
    lease: Option<Lease>,
}

/// When a search was begun, and how long its answer took.
#[derive(Debug, Clone, Copy)]
struct Searched {
    begun: Duration,
    took: Duration,
}

impl Searched {
    /// One that is about to be begun.
    fn now() -> Self {
        Self { begun: clock::since_boot(), took: Duration::ZERO }
    }

    /// How long ago it was begun.
    fn age(&self) -> Duration {
        clock::since_boot().saturating_sub(self.begun)
    }

    /// Its answer is there.
    fn answered(self) -> Self {
        Self { took: self.age(), ..self }
    }

    /// Whether it is so old that somebody may have delivered, and the arbiter have forgotten, what it found. A process that
    /// was stopped, or whose machine was suspended, has old ones. A long list must not be too old as soon as it is there: the
    /// time it took is granted, within bounds.
    fn is_outdated(&self, mailbox: &Mailbox) -> bool {
        let Some(good_for) = mailbox.tracker.arbiter.search_is_good_for() else { return false };
        let most = good_for.saturating_mul(9) / 5;
        self.age() > good_for.saturating_add(self.took).min(most)
    }
}

/// One pass over what a search found.
struct Pass<'a, S> {
    source: &'a mut S,
    mailbox: &'a Mailbox,
    scope: String,
    queue: VecDeque<MessageId>,
    sized: VecDeque<Measured>,
    /// Those of them whose size the server did not tell, so that it is only assumed.
    unmeasured: HashSet<MessageId>,
    left: usize,
    /// Messages whose sizes are asked for at a time.
    sized_at_a_time: usize,
    searched: Searched,
}

impl<'a, S: Source> Pass<'a, S> {
    fn new(source: &'a mut S, mailbox: &'a Mailbox, todo: Vec<MessageId>, limit: usize, searched: Searched) -> Self {
        let scope = source.scope().to_owned();
        let queue = not_given::suspects_last(mailbox, todo);
        let (sized, unmeasured) = (VecDeque::new(), HashSet::new());
        Self {
            source,
            mailbox,
            scope,
            queue,
            sized,
            unmeasured,
            left: limit,
            sized_at_a_time: SIZED_AT_FIRST,
            searched,
        }
    }

    async fn run(mut self) -> Result<()> {
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
            let (gathered, handed_over) = tokio::join!(self.gather_during((&over, &stuck), &mut acknowledged), async {
                settle(mailbox, &scope, known).await;
                let handed_over = match current {
                    Some(chunk) => hand_over(mailbox, &scope, chunk, &stuck).await,
                    None => Ok(()),
                };
                over.notify_one();
                handed_over
            });
            let (next, handed_over) = match gathered {
                // What the hand-over decided meanwhile can and must be marked all the same.
                Err(error) if error.spares_connection() => (None, Err(error)),
                gathered => (gathered?, handed_over),
            };
            let ends = next.is_none() || handed_over.is_err();
            if ends || !mailbox.delivery.settles_claims() || marked.elapsed() >= MARK_EVERY {
                self.acknowledge(&mut acknowledged).await?;
                expunge(self.source, mailbox, EXPUNGE_EVERY).await?;
                marked = Instant::now();
            }
            if handed_over.is_err() {
                settle(mailbox, &scope, acknowledged).await;
                return handed_over;
            }
            ready = next;
        }
        settle(mailbox, &scope, acknowledged).await;
        Ok(())
    }

    /// Gathers the next chunk while one is being handed over, and then marks what is decided until that is `over`. Gives
    /// the chunk up if that is `stuck`.
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
                give_up(self.mailbox, &self.scope, chunk.messages).await;
            }
            self.acknowledge(acknowledged).await?;
        }
        Ok(gathered)
    }

    /// Marks what is decided, but for what the server gave trouble with, and adds those marked to `acknowledged`.
    async fn acknowledge(&mut self, acknowledged: &mut Vec<Decision>) -> Result<()> {
        let decided = self.mailbox.tracker.ledger().to_mark();
        acknowledged.extend(tell_server(self.source, self.mailbox, &decided).await?);
        Ok(())
    }

    /// Ends the pass if its search is outdated: what is left is searched anew. Tells whether it is.
    fn ends_outdated(&mut self) -> bool {
        let outdated = self.searched.is_outdated(self.mailbox);
        if outdated {
            self.queue.clear();
            self.sized.clear();
        }
        outdated
    }

    fn wants_more(&self) -> bool {
        !self.mailbox.account.stop.asked() && self.left > 0 && !(self.queue.is_empty() && self.sized.is_empty())
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::pin::Pin;
    use std::sync::{Arc, Mutex};
    use std::task::Poll;

    use tokio::time::timeout;

    use super::*;
    use crate::arbiter::{Arbiter, Process};
    use crate::config;
    use crate::delivery::Delivery;
    use crate::limits::memory_budget::{Budget, ENCODING_OCTETS, PROCESS_OCTETS};
    use crate::limits::shutdown::Stop;
    use crate::observe::log::Logs;
    use crate::redis_server::Server;
    use crate::ruby::calls::{Answer, Calls, Question};
    use crate::source::Fetched;
    use crate::transport::postgres::PostgresClients;
    use crate::transport::redis::RedisClients;

    /// Two messages so large that each travels alone, and what was marked.
    #[derive(Default)]
    struct TwoLarge {
        marked: Vec<(MessageId, Mark)>,
    }

    impl Source for TwoLarge {
        fn scope(&self) -> &str {
            "scope"
        }

        async fn search(&mut self) -> Result<Vec<MessageId>> {
            let unmarked = |id: &MessageId| !self.marked.iter().any(|(marked, _)| marked == id);
            Ok((1..=2).map(MessageId::Uid).filter(unmarked).collect())
        }

        async fn sizes(&mut self, ids: &[MessageId]) -> Result<Vec<(MessageId, u64)>> {
            Ok(ids.iter().map(|id| (id.clone(), 20 << 20)).collect())
        }

        async fn fetch(&mut self, ids: &[MessageId], _: u64, sink: &mut (dyn FnMut(Fetched) + Send)) -> Result<()> {
            ids.iter().for_each(|id| sink(Fetched::Body(id.clone(), b"x".to_vec())));
            Ok(())
        }

        async fn mark(&mut self, ids: &[MessageId], mark: Mark) -> Result<()> {
            self.marked.extend(ids.iter().map(|id| (id.clone(), mark)));
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
    async fn what_was_delivered_is_marked_although_the_arbiter_fails_for_the_next() {
        let config: config::Mailbox = serde_json::from_value(json!({
            "name": "inbox", "email": "a@example.com", "password": "p", "host": "localhost", "port": 143,
            "security": "plain", "search_command": "UNSEEN", "limit_max_unread": 0, "idle_timeout": 60,
            "delete_after_delivery": false, "expunge_deleted": false, "max_message_size": 64 << 20,
            "max_delivery_attempts": 5, "delivery": { "method": "noop" },
            "arbitration": { "method": "hook", "class_name": "AppArbiter" }
        }))
        .unwrap();
        let calls: Arc<Calls> = Arc::default();
        let arbiter = Arc::new(Arbiter::new(&config.arbitration, &RedisClients::new(), "me", &calls).unwrap());
        let log = Logs::default().log(None, "a@example.com", "inbox").unwrap();
        let budgets = (Budget::new(PROCESS_OCTETS), Budget::new(ENCODING_OCTETS));
        let mailbox = Mailbox::new(config, arbiter, Delivery::Noop, budgets, log, Stop::new());

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
        let mut source = TwoLarge::default();
        let swept = tokio::time::timeout(Duration::from_secs(10), sweep(&mut source, &mailbox)).await.unwrap();
        answering.abort();
        assert!(matches!(swept, Err(Error::TargetDown { .. })), "{swept:?}");
        assert_eq!(source.marked, [(MessageId::Uid(1), Mark::Seen)]);
    }

    /// Twelve messages on a server that two processes look at. Something may happen before the sizes are told.
    struct Shared {
        unread: Arc<Mutex<BTreeSet<u32>>>,
        searches: usize,
        before_sizes: Option<Pin<Box<dyn Future<Output = ()> + Send>>>,
    }

    impl Source for Shared {
        fn scope(&self) -> &str {
            "scope"
        }

        async fn search(&mut self) -> Result<Vec<MessageId>> {
            self.searches += 1;
            Ok(self.unread.lock().unwrap().iter().copied().map(MessageId::Uid).collect())
        }

        async fn sizes(&mut self, ids: &[MessageId]) -> Result<Vec<(MessageId, u64)>> {
            if let Some(before) = self.before_sizes.take() {
                before.await;
            }
            Ok(ids.iter().map(|id| (id.clone(), 1)).collect())
        }

        async fn fetch(&mut self, ids: &[MessageId], _: u64, sink: &mut (dyn FnMut(Fetched) + Send)) -> Result<()> {
            ids.iter().for_each(|id| sink(Fetched::Body(id.clone(), id.to_string().into())));
            Ok(())
        }

        async fn mark(&mut self, ids: &[MessageId], _: Mark) -> Result<()> {
            let mut unread = self.unread.lock().unwrap();
            unread.retain(|uid| !ids.contains(&MessageId::Uid(*uid)));
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

    /// A watcher with claims and queue in the Redis at `url`.
    fn with_redis(url: &str) -> Mailbox {
        let redis = json!({ "url": url });
        let config: config::Mailbox = serde_json::from_value(json!({
            "name": "inbox", "email": "a@example.com", "password": "p", "host": "localhost", "port": 143,
            "security": "plain", "search_command": "UNSEEN", "limit_max_unread": 0, "idle_timeout": 60,
            "delete_after_delivery": false, "expunge_deleted": false, "max_message_size": 64 << 20,
            "max_delivery_attempts": 5, "delivery": { "method": "sidekiq", "redis": redis, "queue": "q", "worker": "W" },
            "arbitration": { "method": "redis", "redis": redis, "claim_ttl": 60 }
        }))
        .unwrap();
        let (calls, clients) = (Arc::default(), RedisClients::new());
        let arbiter = Arbiter::new(&config.arbitration, &clients, Process::new().instance(), &calls).unwrap();
        let arbiter = Arc::new(arbiter);
        let targets = (&clients, &PostgresClients::new());
        let delivery = Delivery::new(&config.delivery, targets, &arbiter, &calls).unwrap();
        let log = Logs::default().log(None, "a@example.com", "inbox").unwrap();
        let budgets = (Budget::new(PROCESS_OCTETS), Budget::new(ENCODING_OCTETS));
        Mailbox::new(config, arbiter, delivery, budgets, log, Stop::new())
    }

    /// Another process delivers and marks everything; then so much time passes that Redis has forgotten it.
    async fn meanwhile(url: String, port: u16, unread: Arc<Mutex<BTreeSet<u32>>>) {
        let mut source = Shared { unread, searches: 0, before_sizes: None };
        sweep(&mut source, &with_redis(&url)).await.unwrap();
        assert!(source.unread.lock().unwrap().is_empty());
        // What ends by itself after 600 s.
        let mut redis = redis::Client::open(format!("redis://127.0.0.1:{port}")).unwrap().get_connection().unwrap();
        let keys: Vec<String> = redis::cmd("KEYS").arg("*delivered:*").query(&mut redis).unwrap();
        assert_eq!(keys.len(), 24);
        redis::cmd("DEL").arg(keys).query::<()>(&mut redis).unwrap();
        clock::tests::pass(Duration::from_secs(601));
    }

    #[tokio::test]
    async fn an_old_search_is_not_relied_upon() {
        let server = Server::start(&[]);
        let unread: Arc<Mutex<BTreeSet<u32>>> = Arc::new(Mutex::new((1..=12).collect()));
        let before_sizes = Box::pin(meanwhile(server.url(), server.port, unread.clone()));
        let mut source = Shared { unread, searches: 0, before_sizes: Some(before_sizes) };
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
        let unread: Arc<Mutex<BTreeSet<u32>>> = Arc::new(Mutex::new((1..=12).collect()));
        // Stands between the search and Redis: the first request is kept back while time passes.
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("redis://{}", listener.local_addr().unwrap());
        let mut before = Some(meanwhile(server.url(), server.port, unread.clone()));
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
        let mut source = Shared { unread, searches: 0, before_sizes: None };
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
        let searched = Searched::now();
        clock::tests::pass(Duration::from_secs(310));
        assert!(searched.is_outdated(&mailbox));
        let searched = searched.answered();
        assert!(!searched.is_outdated(&mailbox));
        clock::tests::pass(Duration::from_secs(235));
        assert!(searched.is_outdated(&mailbox), "but never longer than what is delivered is remembered");
    }
}
