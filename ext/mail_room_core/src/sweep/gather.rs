//! The next chunk: which messages fit into it, whose they are, and their octets. Claims and fetches; hands nothing over and
//! marks nothing.

use std::collections::{HashMap, HashSet};
use std::time::{Duration, Instant};

use serde_json::json;

use super::{Chunk, Decision, Measured, Pass};
use crate::arbiter::Claim;
use crate::error::{Error, Result};
use crate::journal::Severity;
use crate::message::{Message, MessageId};
use crate::progress::Fate;
use crate::source::{Fetched, Mark, Source};

/// Messages whose sizes are asked for at a time.
const SIZED_AT_A_TIME: usize = 2_000;

impl<S: Source> Pass<'_, S> {
    /// Claims and fetches the next chunk; `None` when there is no more.
    pub(super) async fn gather(&mut self) -> Result<Option<Chunk>> {
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
        let most = if self.watched.memory().is_probing() { 1 } else { S::AT_A_TIME.min(self.left) };
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
        chunk.lease = Some(watched.budget.take(planned).await);

        let mut missing: Vec<MessageId> = won.into_iter().map(|(id, _)| id).collect();
        let ids = missing.clone();
        let (mut octets, mut nil, mut excessive) = (0_u64, Vec::new(), Vec::new());
        let (mut larger, mut too_large) = (Vec::new(), Vec::new());
        let messages = &mut chunk.messages;
        let fetched = self
            .source
            .fetch(&ids, watched.config.max_message_size, &mut |fetched| match fetched {
                Fetched::Body(id, body) => {
                    octets = octets.saturating_add(u64::try_from(body.len()).unwrap_or(u64::MAX));
                    if octets > most && !alone {
                        excessive.push(id);
                    } else {
                        // Fetched again because its delivery failed, it has got no nearer to its end.
                        if watched.memory().fetched(&id) {
                            watched.progress.moved();
                        }
                        messages.push(Message { id, body });
                    }
                }
                Fetched::Nil(id) => nil.push(id),
                Fetched::Larger(id, size) => larger.push((id, size)),
                Fetched::TooLarge(id) => too_large.push(id),
            })
            .await;
        {
            let arrived: HashSet<_> = messages.iter().map(|message| message.id.clone()).collect();
            let larger: HashSet<_> = larger.iter().map(|(id, _)| id).collect();
            missing.retain(|id| !arrived.contains(id) && !larger.contains(id) && !too_large.contains(id));
        }
        self.not_read(larger, too_large, chunk).await?;
        match fetched {
            Ok(()) => {}
            Err(Error::Throttled { what, retry_after }) => {
                return self.fetch_later(&missing, chunk, what, retry_after).await;
            }
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

    /// Messages larger than planned are planned anew, their claims still ours; those larger than allowed are set aside.
    async fn not_read(&mut self, larger: Vec<Measured>, too_large: Vec<MessageId>, chunk: &mut Chunk) -> Result<()> {
        self.left = self.left.saturating_add(larger.len());
        larger.into_iter().rev().for_each(|measured| self.sized.push_front(measured));
        if too_large.is_empty() {
            return Ok(());
        }
        let most = self.watched.config.max_message_size;
        for id in &too_large {
            let error = format!("the message has more octets than max_message_size ({most}); it was not downloaded");
            self.watched.tell_set_aside(id, &error);
        }
        self.watched.release(&self.scope, &too_large).await?;
        chunk.settled.extend(too_large.into_iter().map(|id| (id, Mark::SetAside)));
        Ok(())
    }

    /// The server wants to be left alone. What has arrived is handed over; an error only if that is nothing. The message
    /// at which it happened comes later than the others: should it be its fault, they must not wait for it.
    async fn fetch_later(
        &mut self,
        missing: &[MessageId],
        chunk: &Chunk,
        what: String,
        retry_after: Duration,
    ) -> Result<()> {
        let watched = self.watched;
        let now = Instant::now();
        {
            let mut memory = watched.memory();
            for message in &chunk.messages {
                memory.cleared(&message.id);
            }
            missing.iter().for_each(|id| memory.wait(id, now + retry_after));
            if let Some(first) = missing.first() {
                memory.absent(first, now);
            }
        }
        watched.release(&self.scope, missing).await?;
        if chunk.messages.is_empty() && chunk.settled.is_empty() {
            return Err(Error::Throttled { what, retry_after });
        }
        Ok(())
    }

    /// The connection is gone or out of step. The messages that did not arrive are under suspicion.
    fn failed_fetch(&self, missing: &[MessageId], alone: bool, error: &Error) {
        if !S::ANSWERS_TOGETHER {
            return;
        }
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
