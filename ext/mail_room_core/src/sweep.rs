//! One sweep over a mailbox, top to bottom: search, then chunk by chunk claim, fetch, deliver and mark, until nothing is
//! left. While one chunk is being delivered the next is being fetched. Connects to nothing and waits for nothing new.
//!
//! The order is what keeps messages: a flag changes on the server only after [`Memory::decided`], and that is called only
//! after the target has taken the message. Dying before it: the message is unread, its claim ends, it is delivered later.
//! Dying after it: the arbiter's truth says delivered, and the message is only marked.
//!
//! [`Memory::decided`]: crate::memory::Memory::decided

mod hand_over;
mod triage;

use std::collections::{HashMap, VecDeque};
use std::time::{Duration, Instant};

use serde_json::json;
use tokio::sync::Notify;

use crate::arbiter::Claim;
use crate::budget::Lease;
use crate::error::{Error, Result};
use crate::journal::Severity;
use crate::message::{Message, MessageId};
use crate::progress::Fate;
use crate::source::{Fetched, Mark, Source};
use crate::watched::Watched;
use hand_over::hand_over;

/// Messages in one chunk.
const CHUNK_MESSAGES: usize = 1_000;
/// Messages whose sizes are asked for at a time.
const SIZED_AT_A_TIME: usize = 2_000;
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
pub async fn sweep<S: Source>(source: &mut S, watched: &Watched) -> Result<()> {
    watched.memory().enter(source.scope());
    let _share = watched.budget.share();
    let swept = tokio::select! {
        swept = passes(source, watched) => swept,
        // Never ends by itself.
        () = watched.keep_claims() => Ok(()),
    };
    if swept.as_ref().is_err_and(Error::spares_connection) {
        watched.memory().probe();
    }
    watched.release_claims().await;
    swept
}

async fn passes<S: Source>(source: &mut S, watched: &Watched) -> Result<()> {
    while !watched.stop.asked() {
        let found = source.search().await?;
        let sorted = watched.memory().sort_out(&found, watched.shows_unmarked(), Instant::now());
        watched.progress.left(sorted.todo.len().saturating_add(sorted.waiting));
        mark(source, watched, &sorted.to_mark).await?;
        let nothing_left = sorted.todo.is_empty();
        if !nothing_left {
            let limit = match watched.config.limit_max_unread {
                0 => usize::MAX,
                limit => usize::try_from(limit).unwrap_or(usize::MAX),
            };
            if watched.log.enabled() {
                let next: Vec<_> = sorted.todo.iter().take(limit).collect();
                watched.log.info(
                    "Getting new messages",
                    &[
                        ("unread", json!({ "count": found.len(), "ids": found })),
                        ("to_be_delivered", json!({ "count": next.len(), "ids": next })),
                    ],
                );
            }
            drop(found);
            Pass::new(source, watched, sorted.todo, limit).run().await?;
        }
        expunge(source, watched, 1).await?;
        if nothing_left {
            return Ok(());
        }
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
    _lease: Option<Lease>,
}

/// One pass over what a search found.
struct Pass<'a, S> {
    source: &'a mut S,
    watched: &'a Watched,
    scope: String,
    queue: VecDeque<MessageId>,
    sized: VecDeque<Measured>,
    left: usize,
}

impl<'a, S: Source> Pass<'a, S> {
    fn new(source: &'a mut S, watched: &'a Watched, todo: Vec<MessageId>, limit: usize) -> Self {
        let scope = source.scope().to_owned();
        // Suspects last: a message the server chokes on must not keep the others waiting.
        let (suspects, sound): (Vec<_>, Vec<_>) = {
            let memory = watched.memory();
            todo.into_iter().partition(|id| memory.is_suspect(id))
        };
        let mut queue: VecDeque<_> = sound.into_iter().chain(suspects).collect();
        // The newest first: if those at the head are at fault and not the target, this one gets through.
        if watched.memory().doubts_target() {
            queue.rotate_right(1.min(queue.len()));
        }
        Self { source, watched, scope, queue, sized: VecDeque::new(), left: limit }
    }

    async fn run(mut self) -> Result<()> {
        let (watched, scope) = (self.watched, self.scope.clone());
        let mut ready: Option<Chunk> = None;
        let mut acknowledged = Vec::new();
        let mut marked = Instant::now();
        loop {
            let current = ready.take();
            if current.is_none() && !self.wants_more() {
                break;
            }
            let over = Notify::new();
            let known = std::mem::take(&mut acknowledged);
            let (gathered, handed_over) = tokio::join!(self.gather_during(&over, &mut acknowledged), async {
                settle_acknowledged(watched, &scope, known).await;
                let handed_over = match current {
                    Some(chunk) => hand_over(watched, &scope, chunk).await,
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
            if ends || !watched.delivery.settles_claims() || marked.elapsed() >= MARK_EVERY {
                self.acknowledge(&mut acknowledged).await?;
                expunge(self.source, watched, EXPUNGE_EVERY).await?;
                marked = Instant::now();
            }
            if handed_over.is_err() {
                settle_acknowledged(watched, &scope, acknowledged).await;
                return handed_over;
            }
            ready = next;
        }
        settle_acknowledged(watched, &scope, acknowledged).await;
        Ok(())
    }

    /// Gathers the next chunk while one is being handed over, and then marks what is decided until that is `over`.
    async fn gather_during(&mut self, over: &Notify, acknowledged: &mut Vec<MessageId>) -> Result<Option<Chunk>> {
        let gathered = self.gather().await?;
        while tokio::time::timeout(MARK_EVERY, over.notified()).await.is_err() {
            self.acknowledge(acknowledged).await?;
        }
        Ok(gathered)
    }

    /// Marks what is decided, and adds those delivered to `acknowledged`.
    async fn acknowledge(&mut self, acknowledged: &mut Vec<MessageId>) -> Result<()> {
        let decided = self.watched.memory().unacknowledged();
        mark(self.source, self.watched, &decided).await?;
        // One that was set aside is not noted as delivered: others would mark it so, and perhaps delete it.
        acknowledged.extend(decided.into_iter().filter(|(_, mark)| *mark != Mark::SetAside).map(|(id, _)| id));
        Ok(())
    }

    fn wants_more(&self) -> bool {
        !self.watched.stop.asked() && self.left > 0 && !(self.queue.is_empty() && self.sized.is_empty())
    }

    /// Claims and fetches the next chunk; `None` when there is no more.
    async fn gather(&mut self) -> Result<Option<Chunk>> {
        while self.wants_more() {
            if self.sized.is_empty() {
                self.ask_sizes().await?;
                continue;
            }
            let (candidates, too_large) = self.plan();
            let mut chunk = Chunk { settled: too_large, ..Chunk::default() };
            let won = self.claim(candidates, &mut chunk).await?;
            self.left = self.left.saturating_sub(won.len());
            if !won.is_empty() {
                self.fetch(won, &mut chunk).await?;
            }
            if !chunk.messages.is_empty() || !chunk.settled.is_empty() {
                return Ok(Some(chunk));
            }
        }
        Ok(None)
    }

    async fn ask_sizes(&mut self) -> Result<()> {
        let ids: Vec<_> = self.queue.drain(..self.queue.len().min(SIZED_AT_A_TIME)).collect();
        let mut sizes: HashMap<_, _> = self.source.sizes(&ids).await?.into_iter().collect();
        let now = Instant::now();
        for id in ids {
            match sizes.remove(&id) {
                Some(size) => self.sized.push_back((id, size)),
                None => self.watched.memory().absent(&id, now),
            }
        }
        Ok(())
    }

    /// The messages of the next chunk: bounded by count and octets, a large one alone, a suspect alone.
    fn plan(&mut self) -> (Vec<Measured>, Vec<Decision>) {
        let most = if self.watched.memory().is_probing() { 1 } else { CHUNK_MESSAGES.min(self.left) };
        let most_octets = self.watched.budget.chunk_octets();
        let (mut chosen, mut too_large, mut octets) = (Vec::new(), Vec::new(), 0_u64);
        while let Some((id, size)) = self.sized.pop_front() {
            if size > self.watched.config.max_message_size {
                self.too_large(&id, size);
                too_large.push((id, Mark::SetAside));
                continue;
            }
            let suspect = self.watched.memory().is_suspect(&id);
            let fits = octets.saturating_add(size) <= most_octets && chosen.len() < most && !suspect;
            if !fits && !chosen.is_empty() {
                self.sized.push_front((id, size));
                break;
            }
            octets = octets.saturating_add(size);
            chosen.push((id, size));
            if suspect {
                break;
            }
        }
        (chosen, too_large)
    }

    fn too_large(&self, id: &MessageId, size: u64) {
        let error = format!(
            "the message has {size} octets, more than max_message_size ({}); it was not downloaded",
            self.watched.config.max_message_size
        );
        self.watched.tell_set_aside(id, &error);
    }

    async fn claim(&mut self, candidates: Vec<Measured>, chunk: &mut Chunk) -> Result<Vec<Measured>> {
        let watched = self.watched;
        if candidates.is_empty() {
            return Ok(candidates);
        }
        let ids: Vec<_> = candidates.iter().map(|(id, _)| id.clone()).collect();
        if watched.log.enabled() {
            for id in &ids {
                let arbitrator = watched.arbiter.class_name().into();
                watched.log.info("asking arbiter to deliver", &[("uid", json!(id)), ("arbitrator", arbitrator)]);
            }
        }
        let answers = watched.arbiter.claim(&self.scope, &ids).await?;
        let now = Instant::now();
        let (mut won, mut hopeless) = (Vec::with_capacity(candidates.len()), Vec::new());
        for ((id, size), answer) in candidates.into_iter().zip(answers) {
            match answer {
                Claim::Won { attempts } if attempts >= watched.config.max_delivery_attempts => {
                    watched.tell_set_aside(
                        &id,
                        &format!("{attempts} tries failed, or ended with the process that made them"),
                    );
                    hopeless.push(id);
                }
                Claim::Won { .. } => won.push((id, size)),
                Claim::Delivered => {
                    watched.memory().decided(&id, watched.mark());
                    watched.progress.count(Fate::Elsewhere);
                    chunk.settled.push((id, watched.mark()));
                }
                Claim::Held { lasts } => watched.memory().wait(&id, now + lasts),
            }
        }
        if !hopeless.is_empty() {
            watched.arbiter.release(&self.scope, &hopeless).await?;
            chunk.settled.extend(hopeless.into_iter().map(|id| (id, Mark::SetAside)));
        }
        watched.hold(&self.scope, won.iter().map(|(id, _)| id));
        Ok(won)
    }

    async fn fetch(&mut self, won: Vec<Measured>, chunk: &mut Chunk) -> Result<()> {
        let watched = self.watched;
        let alone = won.len() == 1;
        let planned: u64 = won.iter().map(|(_, size)| *size).sum();
        // Servers round sizes (Exchange), but one that promises little and sends much must not fill the memory.
        let most = planned.saturating_mul(2).saturating_add(1 << 20);
        chunk._lease = watched.budget.take(planned).await;

        let mut missing: Vec<MessageId> = won.into_iter().map(|(id, _)| id).collect();
        let ids = missing.clone();
        let (mut octets, mut nil, mut excessive) = (0_u64, Vec::new(), Vec::new());
        let messages = &mut chunk.messages;
        let fetched = self
            .source
            .fetch(&ids, watched.config.max_message_size, &mut |fetched| match fetched {
                Fetched::Body(id, body) => {
                    octets = octets.saturating_add(u64::try_from(body.len()).unwrap_or(u64::MAX));
                    if octets > most && !alone {
                        excessive.push(id);
                    } else {
                        messages.push(Message { id, body });
                        watched.progress.moved();
                    }
                }
                Fetched::Nil(id) => nil.push(id),
            })
            .await;
        {
            let arrived: std::collections::HashSet<_> = messages.iter().map(|message| message.id.clone()).collect();
            missing.retain(|id| !arrived.contains(id));
        }
        match fetched {
            Ok(()) => {}
            Err(error) => {
                self.failed_fetch(&missing, alone, &error);
                return Err(error);
            }
        }
        let now = Instant::now();
        {
            let mut memory = watched.memory();
            for message in chunk.messages.iter() {
                memory.cleared(&message.id);
            }
            for id in &missing {
                if excessive.contains(id) {
                    (0..3).for_each(|_| memory.suspect(std::slice::from_ref(id)));
                } else {
                    memory.absent(id, now);
                }
            }
        }
        for id in &nil {
            watched.log.line(
                Severity::Warn,
                "Message without a body",
                &[("uid", json!(id)), ("error", "the server has no body for it; asked again later".into())],
            );
        }
        if !missing.is_empty() {
            watched.release(&self.scope, &missing).await?;
        }
        Ok(())
    }

    /// The connection is gone or out of step. The messages that did not arrive are under suspicion.
    fn failed_fetch(&self, missing: &[MessageId], alone: bool, error: &Error) {
        let watched = self.watched;
        let mut memory = watched.memory();
        let Some(first) = missing.first() else { return };
        if !(alone && memory.is_suspect(first)) {
            memory.suspect(missing);
            return;
        }
        if matches!(error, Error::Unparseable(_)) {
            memory.decided(first, Mark::SetAside);
            drop(memory);
            watched.tell_set_aside(first, &error.to_string());
        } else {
            memory.absent(first, Instant::now());
        }
    }
}

/// Marks what was decided beside the sweep.
pub(crate) async fn mark_decided<S: Source>(source: &mut S, watched: &Watched) -> Result<()> {
    let decided = watched.memory().unacknowledged();
    mark(source, watched, &decided).await?;
    let told = decided.into_iter().filter(|(_, mark)| *mark != Mark::SetAside).map(|(id, _)| id).collect();
    settle_acknowledged(watched, source.scope(), told).await;
    expunge(source, watched, 1).await
}

/// Marks messages whose fate is decided, however long ago.
async fn mark<S: Source>(source: &mut S, watched: &Watched, decided: &[Decision]) -> Result<()> {
    for mark in [Mark::Seen, Mark::Deleted, Mark::SetAside] {
        let ids: Vec<_> = decided.iter().filter(|(_, wanted)| *wanted == mark).map(|(id, _)| id.clone()).collect();
        if !ids.is_empty() {
            source.mark(&ids, mark).await?;
            watched.memory().acknowledged(&ids, mark);
            if let Some(complaint) = source.complaint() {
                watched.log.line(Severity::Error, "Set aside in place", &[("error", complaint.into())]);
            }
        }
    }
    Ok(())
}

/// The server knows: the claims need not live much longer. Only tidiness: they end by themselves.
async fn settle_acknowledged(watched: &Watched, scope: &str, ids: Vec<MessageId>) {
    if !ids.is_empty() {
        watched.arbiter.acknowledged(scope, &ids).await.ok();
    }
}

/// Expunges what we have marked deleted, if asked to and if it is at least `least` messages.
async fn expunge<S: Source>(source: &mut S, watched: &Watched, least: usize) -> Result<()> {
    if !(watched.config.delete_after_delivery && watched.config.expunge_deleted) {
        return Ok(());
    }
    let ids: Vec<_> = watched.memory().to_expunge().iter().cloned().collect();
    if ids.len() < least {
        return Ok(());
    }
    source.expunge(&ids).await?;
    watched.memory().expunged(&ids);
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::task::Poll;

    use super::*;
    use crate::arbiter::Arbiter;
    use crate::budget::{Budget, ENCODING_OCTETS, PROCESS_OCTETS};
    use crate::config;
    use crate::control::Stop;
    use crate::delivery::Delivery;
    use crate::hook::{Answer, Calls, Question};
    use crate::journal::Journal;
    use crate::redis_client::RedisClients;

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
        let log = Journal::default().log(None, "a@example.com", "inbox").unwrap();
        let budgets = (Budget::new(PROCESS_OCTETS), Budget::new(ENCODING_OCTETS));
        let watched = Watched::new(config, arbiter, Delivery::Noop, budgets, log, Stop::new());

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
        let swept = tokio::time::timeout(Duration::from_secs(10), sweep(&mut source, &watched)).await.unwrap();
        answering.abort();
        assert!(matches!(swept, Err(Error::TargetDown { .. })), "{swept:?}");
        assert_eq!(source.marked, [(MessageId::Uid(1), Mark::Seen)]);
    }
}
