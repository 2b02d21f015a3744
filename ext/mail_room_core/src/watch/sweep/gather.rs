//! Gathers the next chunk: chooses messages, claims them and fetches their bodies. Delivers and marks nothing.

use std::collections::{HashMap, HashSet};
use std::time::{Duration, Instant};

use serde_json::json;

use super::chunk::{Chunk, Decision, Measured};
use super::pass::Pass;
use super::unfetched::Unfetched;
use crate::arbiter::Claim;
use crate::error::{Error, Result};
use crate::message::{Message, MessageId};
use crate::observe::progress::Outcome;
use crate::source::{Attributes, Fetched, Mark, Source};
use crate::track::fetch_failures::FetchFailure;

/// The assumed size of a message whose size the server does not send.
const ASSUMED_OCTETS: u64 = 1 << 20;

impl<S: Source> Pass<'_, S> {
    /// Claims and fetches the next chunk; `None` when there is no more.
    pub(super) async fn gather(&mut self) -> Result<Option<Chunk>> {
        while self.wants_more() {
            if self.sized.is_empty() {
                self.request_sizes().await?;
                continue;
            }
            if self.ends_outdated() {
                break;
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

    /// Requests the sizes of the next messages in the queue.
    async fn request_sizes(&mut self) -> Result<()> {
        let ids = self.next_together();
        let sizes = if self.is_without_size(&ids) { Ok(Vec::new()) } else { self.source.sizes(&ids).await };
        let sizes = match sizes {
            Ok(sizes) => sizes,
            Err(error) => {
                self.sizes_failed(&ids, &error);
                return Err(error);
            }
        };
        self.note_arrivals(&sizes);
        let mut sizes: HashMap<_, _> = sizes.into_iter().map(|found| (found.id, found.octets)).collect();
        let (sized, unsized_): (Vec<_>, Vec<_>) = ids.into_iter().partition(|id| sizes.contains_key(id));
        self.sized.extend(sized.into_iter().filter_map(|id| sizes.remove_entry(&id)));
        // Either these are gone or the server does not send their sizes; fetching them shows which. They come last.
        self.unmeasured.extend(unsized_.iter().cloned());
        self.sized.extend(unsized_.into_iter().map(|id| (id, ASSUMED_OCTETS)));
        Ok(())
    }

    fn note_arrivals(&self, found: &[Attributes]) {
        let tracker = &self.mailbox.tracker;
        {
            let mut ledger = tracker.ledger();
            for Attributes { id, arrived, .. } in found {
                arrived.iter().for_each(|at| ledger.arrivals().note(id, *at));
            }
        }
        tracker.tell_oldest();
    }

    /// Chooses the messages of the next chunk, limited by count and octets. A large message travels alone; so does one that
    /// is suspected of breaking connections. Returns messages that are too large separately.
    fn plan(&mut self) -> (Vec<Measured>, Vec<Decision>) {
        let most = if self.mailbox.tracker.ledger().is_half_open() { 1 } else { S::AT_A_TIME.min(self.left) };
        let most_octets = self.mailbox.budget.chunk_octets();
        let (mut chosen, mut too_large, mut octets, mut suspects) = (Vec::new(), Vec::new(), 0_u64, false);
        while let Some((id, size)) = self.sized.pop_front() {
            if size > self.mailbox.account.config.max_message_size {
                self.too_large(&id, size);
                too_large.push((id, Mark::SetAside));
                continue;
            }
            let group = self.mailbox.tracker.ledger().fetch_failures().group(&id);
            let alike = group.is_some() == suspects;
            let within = octets.saturating_add(size) <= most_octets && chosen.len() < most.min(group.unwrap_or(most));
            let fits = chosen.is_empty() || (within && alike);
            if !fits {
                self.sized.push_front((id, size));
                break;
            }
            suspects = group.is_some();
            octets = octets.saturating_add(size);
            chosen.push((id, size));
        }
        (chosen, too_large)
    }

    fn too_large(&self, id: &MessageId, size: u64) {
        let error = format!(
            "the message has {size} octets, more than max_message_size ({}); it was not downloaded",
            self.mailbox.account.config.max_message_size
        );
        self.mailbox.tracker.record_set_aside(id, &error);
    }

    /// Claims `candidates`. Returns the messages that are ours; those decided already go to `chunk`.
    async fn claim(&mut self, candidates: Vec<Measured>, chunk: &mut Chunk) -> Result<Vec<Measured>> {
        let mailbox = self.mailbox;
        if candidates.is_empty() {
            return Ok(candidates);
        }
        let ids: Vec<_> = candidates.iter().map(|(id, _)| id.clone()).collect();
        if mailbox.account.log.enabled() {
            for id in &ids {
                let arbitrator = mailbox.tracker.arbiter.class_name().into();
                mailbox
                    .account
                    .log
                    .info("asking arbiter to deliver", &[("uid", json!(id)), ("arbitrator", arbitrator)]);
            }
        }
        let answers = mailbox.tracker.arbiter.claim_listed(&self.scope, &ids, self.search.age()).await?;
        // The process may also have been suspended between the search and the claim.
        let outdated = self.ends_outdated();
        let now = Instant::now();
        let (mut won, mut hopeless, mut unsure) = (Vec::with_capacity(candidates.len()), Vec::new(), Vec::new());
        for ((id, size), answer) in candidates.into_iter().zip(answers) {
            match answer {
                Claim::Won { .. } if outdated => unsure.push(id),
                Claim::Won { attempts } if attempts >= mailbox.account.config.max_delivery_attempts => {
                    mailbox.tracker.record_set_aside(
                        &id,
                        &format!("{attempts} attempts failed, or ended with the process that made them"),
                    );
                    hopeless.push(id);
                }
                Claim::Won { .. } => won.push((id, size)),
                Claim::Delivered => {
                    mailbox.tracker.ledger().decided(&id, mailbox.tracker.mark());
                    mailbox.tracker.progress.count(Outcome::Elsewhere);
                    chunk.settled.push((id, mailbox.tracker.mark()));
                }
                Claim::Held { lasts } => mailbox.tracker.ledger().wait(&id, now + lasts),
            }
        }
        if !unsure.is_empty() {
            mailbox.tracker.arbiter.release(&self.scope, &unsure).await?;
        }
        if !hopeless.is_empty() {
            mailbox.tracker.arbiter.release(&self.scope, &hopeless).await?;
            chunk.settled.extend(hopeless.into_iter().map(|id| (id, Mark::SetAside)));
        }
        mailbox.tracker.claims.hold(&self.scope, won.iter().map(|(id, _)| id));
        Ok(won)
    }

    /// Fetches the messages that were claimed into `chunk`, and handles those that did not arrive.
    async fn fetch(&mut self, won: Vec<Measured>, chunk: &mut Chunk) -> Result<()> {
        let mailbox = self.mailbox;
        let alone = won.len() == 1;
        let planned: u64 = won.iter().map(|(_, size)| *size).sum();
        // Exchange rounds sizes. A server that sends much more than it announced must not fill the memory.
        let most = planned.saturating_mul(2).saturating_add(1 << 20);
        chunk.lease = Some(mailbox.budget.take(planned).await);

        let empty: HashSet<_> = won.iter().filter(|(_, size)| *size == 0).map(|(id, _)| id.clone()).collect();
        let mut missing: Vec<MessageId> = won.into_iter().map(|(id, _)| id).collect();
        let ids = missing.clone();
        let (mut octets, mut unfetched) = (0_u64, Unfetched::default());
        let (mut larger, mut too_large) = (Vec::new(), Vec::new());
        let messages = &mut chunk.messages;
        let fetched = self
            .source
            .fetch(&ids, mailbox.account.config.max_message_size, &mut |fetched| match fetched {
                // The server announced a size: it has lost the body, or cannot read it.
                Fetched::Body(id, body) if body.is_empty() && !empty.contains(&id) => unfetched.empty.push(id),
                Fetched::Body(id, body) => {
                    octets = octets.saturating_add(u64::try_from(body.len()).unwrap_or(u64::MAX));
                    mailbox.tracker.progress.fetched(body.len());
                    if octets > most && !alone {
                        unfetched.excessive.push(id);
                    } else {
                        // A message that is fetched again because its delivery failed is no progress.
                        if mailbox.tracker.ledger().fetched(&id) {
                            mailbox.tracker.progress.moved();
                        }
                        messages.push(Message { id, body });
                    }
                }
                Fetched::Nil(id) => unfetched.nil.push(id),
                Fetched::Refused(id, why) => unfetched.refused.push((id, why)),
                Fetched::Larger(id, size) => larger.push((id, size)),
                Fetched::TooLarge(id) => too_large.push(id),
            })
            .await;
        {
            let arrived: HashSet<_> = messages.iter().map(|message| message.id.clone()).collect();
            let larger: HashSet<_> = larger.iter().map(|(id, _)| id).collect();
            missing.retain(|id| !arrived.contains(id) && !larger.contains(id) && !too_large.contains(id));
        }
        self.requeue_larger(larger, too_large, chunk).await?;
        match fetched {
            Ok(()) => {}
            Err(Error::Throttled { what, retry_after }) => {
                return self.fetch_later(&missing, chunk, what, retry_after).await;
            }
            Err(error) => {
                self.cut_off(&missing, &chunk.messages, alone, &error);
                return Err(error);
            }
        }
        self.unfetched(&missing, unfetched, &chunk.messages);
        if !missing.is_empty() {
            mailbox.tracker.claims.release(&self.scope, &missing).await?;
        }
        Ok(())
    }

    /// Messages larger than announced go back into the queue and stay claimed. Messages larger than allowed are set aside.
    async fn requeue_larger(
        &mut self,
        larger: Vec<Measured>,
        too_large: Vec<MessageId>,
        chunk: &mut Chunk,
    ) -> Result<()> {
        self.left = self.left.saturating_add(larger.len());
        larger.into_iter().rev().for_each(|measured| self.sized.push_front(measured));
        if too_large.is_empty() {
            return Ok(());
        }
        let most = self.mailbox.account.config.max_message_size;
        for id in &too_large {
            let error = format!("the message has more octets than max_message_size ({most}); it was not downloaded");
            self.mailbox.tracker.record_set_aside(id, &error);
        }
        self.mailbox.tracker.claims.release(&self.scope, &too_large).await?;
        chunk.settled.extend(too_large.into_iter().map(|id| (id, Mark::SetAside)));
        Ok(())
    }

    /// The server asked us to slow down. Messages that have arrived are delivered; an error only if none has. The message
    /// that was being fetched waits longer than the others, in case it is the cause.
    async fn fetch_later(
        &mut self,
        missing: &[MessageId],
        chunk: &Chunk,
        what: String,
        retry_after: Duration,
    ) -> Result<()> {
        let mailbox = self.mailbox;
        let now = Instant::now();
        {
            let mut ledger = mailbox.tracker.ledger();
            for message in &chunk.messages {
                ledger.fetch_failures().arrived(&message.id);
            }
            missing.iter().for_each(|id| ledger.wait(id, now + retry_after));
            if let Some(first) = missing.first() {
                ledger.fetch_failed(first, FetchFailure::Empty, true, now);
            }
        }
        mailbox.tracker.claims.release(&self.scope, missing).await?;
        if chunk.messages.is_empty() && chunk.settled.is_empty() {
            return Err(Error::Throttled { what, retry_after });
        }
        Ok(())
    }
}
