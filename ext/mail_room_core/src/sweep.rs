//! One sweep over a mailbox, top to bottom: search, then chunk by chunk claim, fetch, deliver and mark, until nothing is
//! left. While one chunk is being delivered the next is being fetched. Connects to nothing and waits for nothing new.
//!
//! The order is what keeps messages: a flag changes on the server only after [`Memory::decided`], and that is called only
//! after the target has taken the message. Dying before it: the message is unread, its claim ends, it is delivered later.
//! Dying after it: the arbiter's truth says delivered, and the message is only marked.
//!
//! [`Memory::decided`]: crate::memory::Memory::decided

use std::collections::{HashMap, VecDeque};
use std::time::{Duration, Instant};

use serde_json::json;

use crate::arbiter::Claim;
use crate::budget::Lease;
use crate::delivery::Handover;
use crate::error::{Error, Result};
use crate::journal::Severity;
use crate::message::{Message, MessageId};
use crate::source::{Fetched, Mark, Source};
use crate::triage;
use crate::watched::Watched;

/// Messages in one chunk.
const CHUNK_MESSAGES: usize = 500;
/// Messages whose sizes are asked for at a time.
const SIZED_AT_A_TIME: usize = 2_000;
/// Messages marked deleted before they are expunged.
const EXPUNGE_EVERY: usize = 2_000;
/// First and longest delay before a failed message is tried again.
pub(crate) const RETRY: (Duration, Duration) = (Duration::from_secs(1), Duration::from_secs(60));

/// Sweeps until the mailbox holds nothing that can be delivered now, or a stop is asked for.
///
/// # Errors
/// What made the connection useless ([`Error::Reconnect`] and its like), or [`Error::TargetDown`] with the connection
/// intact. Nothing is lost by either: what was delivered is remembered, what was not is unread.
pub async fn sweep<S: Source>(source: &mut S, watched: &Watched) -> Result<()> {
    watched.memory().enter(source.scope());
    let _share = watched.budget.share();
    let swept = tokio::select! {
        swept = passes(source, watched) => swept,
        // Never ends by itself.
        () = watched.keep_claims() => Ok(()),
    };
    watched.release_claims().await;
    swept
}

async fn passes<S: Source>(source: &mut S, watched: &Watched) -> Result<()> {
    while !watched.stop.asked() {
        let found = source.search().await?;
        let sorted = watched.memory().sort_out(&found, watched.shows_unmarked(), Instant::now());
        for mark in [Mark::Seen, Mark::Deleted, Mark::SetAside] {
            let ids: Vec<_> =
                sorted.to_mark.iter().filter(|(_, wanted)| *wanted == mark).map(|(id, _)| id.clone()).collect();
            mark_decided(source, watched, &ids, mark).await?;
        }
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

/// Messages fetched and claimed, ready to be handed over.
#[derive(Debug, Default)]
struct Chunk {
    messages: Vec<Message>,
    /// Decided without a hand-over: delivered by somebody before, or too large.
    settled: Vec<(MessageId, Mark)>,
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
        let queue = sound.into_iter().chain(suspects).collect();
        Self { source, watched, scope, queue, sized: VecDeque::new(), left: limit }
    }

    async fn run(mut self) -> Result<()> {
        let (watched, scope) = (self.watched, self.scope.clone());
        let mut ready: Option<Chunk> = None;
        let mut acknowledged = Vec::new();
        loop {
            let current = ready.take();
            if current.is_none() && !self.wants_more() {
                break;
            }
            let (gathered, (decided, handed_over)) = tokio::join!(self.gather(), async {
                settle_acknowledged(watched, &scope, std::mem::take(&mut acknowledged)).await;
                match current {
                    Some(chunk) => hand_over(watched, &scope, chunk).await,
                    None => (Vec::new(), Ok(())),
                }
            });
            let next = gathered?;
            for mark in [Mark::Seen, Mark::Deleted, Mark::SetAside] {
                let ids: Vec<_> =
                    decided.iter().filter(|(_, wanted)| *wanted == mark).map(|(id, _)| id.clone()).collect();
                mark_decided(self.source, watched, &ids, mark).await?;
                acknowledged.extend(ids);
            }
            expunge(self.source, watched, EXPUNGE_EVERY).await?;
            if handed_over.is_err() {
                settle_acknowledged(watched, &scope, acknowledged).await;
                return handed_over;
            }
            ready = next;
        }
        settle_acknowledged(watched, &scope, acknowledged).await;
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
    fn plan(&mut self) -> (Vec<Measured>, Vec<(MessageId, Mark)>) {
        let most = CHUNK_MESSAGES.min(self.left);
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
            "the message has {size} octets, more than max_message_size ({}); it was not downloaded, is left \
             \\Flagged \\Seen and has to be looked at by a person",
            self.watched.config.max_message_size
        );
        self.watched.log.line(Severity::Error, "Message set aside", &[("uid", json!(id)), ("error", error.into())]);
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
        let mut won = Vec::with_capacity(candidates.len());
        for ((id, size), answer) in candidates.into_iter().zip(answers) {
            match answer {
                Claim::Won { .. } => won.push((id, size)),
                Claim::Delivered => {
                    watched.memory().decided(&id, watched.mark());
                    chunk.settled.push((id, watched.mark()));
                }
                Claim::Held { lasts } => watched.memory().wait(&id, now + lasts),
            }
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
            let error = format!("{error}; it is left \\Flagged \\Seen and has to be looked at by a person");
            watched.log.line(Severity::Error, "Message set aside", &[("uid", json!(first)), ("error", error.into())]);
        } else {
            memory.absent(first, Instant::now());
        }
    }
}

/// Hands a chunk over, group by group. Returns what is decided, also when it ends with an error.
async fn hand_over(watched: &Watched, scope: &str, chunk: Chunk) -> (Vec<(MessageId, Mark)>, Result<()>) {
    let Chunk { mut messages, settled, _lease } = chunk;
    let mut decided = settled;
    for (id, mark) in &decided {
        watched.memory().decided(id, *mark);
    }
    match triage::ignore(watched, scope, &mut messages).await {
        Ok(ids) => decided.extend(ids.into_iter().map(|id| (id, watched.mark()))),
        Err(error) => return (decided, Err(error)),
    }
    let (most, most_octets) = watched.delivery.group();
    let mut messages = messages.into_iter().peekable();
    while messages.peek().is_some() {
        let (mut group, mut octets) = (Vec::new(), 0_usize);
        while let Some(message) = messages.next_if(|message| {
            group.is_empty() || (group.len() < most && octets.saturating_add(message.body.len()) <= most_octets)
        }) {
            octets = octets.saturating_add(message.body.len());
            group.push(message);
        }
        match hand_over_group(watched, scope, group).await {
            Ok(ids) => decided.extend(ids.into_iter().map(|id| (id, watched.mark()))),
            Err(error) => return (decided, Err(error)),
        }
    }
    (decided, Ok(()))
}

async fn hand_over_group(watched: &Watched, scope: &str, mut group: Vec<Message>) -> Result<Vec<MessageId>> {
    let begins = !watched.delivery.settles_claims();
    if begins {
        let ids: Vec<_> = group.iter().map(|message| message.id.clone()).collect();
        let mut ours = watched.arbiter.begin(scope, &ids).await?.into_iter();
        group.retain(|message| {
            let ours = ours.next().unwrap_or(false);
            if !ours {
                lost(watched, &message.id);
            }
            ours
        });
    }
    if watched.log.enabled() {
        for message in &group {
            watched.log.info(
                "sending to deliverer",
                &[
                    ("uid", json!(message.id)),
                    ("deliverer", watched.delivery.class_name().into()),
                    ("byte_size", message.body.len().into()),
                ],
            );
        }
    }
    let handovers = watched.delivery.deliver(scope, &group, &watched.encoding).await?;
    let mut delivered = Vec::with_capacity(group.len());
    for (message, handover) in group.iter().zip(handovers) {
        match handover {
            Handover::Delivered => {
                watched.memory().decided(&message.id, watched.mark());
                watched.count_delivered();
                if let Some(name) = watched.delivery.pushed_as() {
                    watched.log.bare("message pushed", &[("delivery_method", name.into())]);
                }
                delivered.push(message.id.clone());
            }
            Handover::Lost => lost(watched, &message.id),
            Handover::Failed(error) => failed(watched, scope, &message.id, &error).await?,
        }
    }
    watched.let_go(delivered.iter());
    if begins && !delivered.is_empty() {
        // Redis away now: our memory knows, and the next claim finds the message ours.
        watched.arbiter.finish(scope, &delivered).await.ok();
    }
    Ok(delivered)
}

fn lost(watched: &Watched, id: &MessageId) {
    watched.let_go(std::iter::once(id));
    watched.memory().wait(id, Instant::now() + RETRY.0);
    let fields = [("uid", json!(id)), ("error", "another process has the message by now; left to it".into())];
    watched.log.line(Severity::Warn, "Claim lost", &fields);
}

async fn failed(watched: &Watched, scope: &str, id: &MessageId, error: &Error) -> Result<()> {
    let attempts = watched.memory().attempted(id);
    let backoff = RETRY.0.saturating_mul(2_u32.saturating_pow(attempts.saturating_sub(1))).min(RETRY.1);
    watched.memory().wait(id, Instant::now() + backoff);
    watched.let_go(std::iter::once(id));
    let fields = [
        ("uid", json!(id)),
        ("error", error.to_string().into()),
        ("attempts", attempts.into()),
        ("backoff_s", backoff.as_secs().into()),
    ];
    watched.log.line(Severity::Error, "Delivery failed", &fields);
    watched.arbiter.fail(scope, id, backoff, true).await.map(|_| ())
}

async fn mark_decided<S: Source>(source: &mut S, watched: &Watched, ids: &[MessageId], mark: Mark) -> Result<()> {
    if ids.is_empty() {
        return Ok(());
    }
    source.mark(ids, mark).await?;
    watched.memory().acknowledged(ids, mark);
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
