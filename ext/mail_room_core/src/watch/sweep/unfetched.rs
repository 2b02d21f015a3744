//! Handles messages that the server lists and did not send: they are fetched again later, or set aside in the end. Also
//! decides which of them share a command.

use std::cmp::Reverse;
use std::collections::VecDeque;
use std::time::Instant;

use serde_json::json;

use super::pass::{Pass, SIZED_AT_A_TIME};
use crate::error::Error;
use crate::message::{Message, MessageId};
use crate::observe::log::Severity;
use crate::source::{Mark, Source};
use crate::track::fetch_failures::FetchFailure;
use crate::watch::mailbox::Mailbox;

/// Messages of a FETCH that did not arrive although the command succeeded.
#[derive(Debug, Default)]
pub(super) struct Unfetched {
    /// The server sent NIL for the body.
    pub(super) nil: Vec<MessageId>,
    /// The server sent an empty body, although it had announced a size.
    pub(super) empty: Vec<MessageId>,
    /// The server refused; with its reason.
    pub(super) refused: Vec<(MessageId, String)>,
    /// The body exceeded the memory reserved for the chunk.
    pub(super) excessive: Vec<MessageId>,
}

/// Puts suspected messages last, so that one that breaks the connection does not hold up the others.
pub(super) fn suspects_last(mailbox: &Mailbox, mut todo: Vec<MessageId>) -> VecDeque<MessageId> {
    let mut ledger = mailbox.tracker.ledger();
    let failures = ledger.fetch_failures();
    if failures.len() > 0 {
        todo.sort_by_cached_key(|id| Reverse(failures.group(id).unwrap_or(usize::MAX)));
    }
    todo.into()
}

/// Logs the messages that the server omitted when they were fetched, and that the last search lists all the same.
pub(super) fn log_omitted(mailbox: &Mailbox) {
    let listed = mailbox.tracker.ledger().fetch_failures().listed_though_omitted();
    for (id, attempts) in listed {
        let error = "the server lists the message and does not send it; it is fetched again later";
        let fields = [("uid", json!(id)), ("error", error.into()), ("attempts", attempts.into())];
        mailbox.account.log.line(Severity::Warn, "Message not fetched", &fields);
    }
}

impl<S: Source> Pass<'_, S> {
    /// Takes the next messages whose sizes are requested together.
    pub(super) fn next_together(&mut self) -> Vec<MessageId> {
        let mut ledger = self.mailbox.tracker.ledger();
        let failures = ledger.fetch_failures();
        let Some(group) = self.queue.front().map(|id| failures.group(id)) else { return Vec::new() };
        let most = self.sized_at_a_time.min(group.unwrap_or(SIZED_AT_A_TIME));
        self.sized_at_a_time = self.sized_at_a_time.saturating_mul(2).min(SIZED_AT_A_TIME);
        let alike = self.queue.iter().take(most).take_while(|id| failures.group(id) == group).count();
        self.queue.drain(..alike).collect()
    }

    /// Whether to fetch `ids` without requesting sizes: they are a single message whose size ended a connection before.
    pub(super) fn is_without_size(&self, ids: &[MessageId]) -> bool {
        matches!(ids, [id] if self.mailbox.tracker.ledger().fetch_failures().is_without_size(id))
    }

    /// The connection ended, or its protocol state was lost, before the sizes of `ids` arrived.
    pub(super) fn sizes_failed(&self, ids: &[MessageId], error: &Error) {
        if !S::ANSWERS_TOGETHER || !matches!(error, Error::Reconnect(_) | Error::Unparseable(_)) {
            return;
        }
        let [id] = ids else { return self.mailbox.tracker.ledger().fetch_failures().narrow(ids) };
        self.mailbox.tracker.ledger().fetch_failures().without_size(id);
        self.mailbox.tracker.ledger().fetch_failures().narrow(ids);
        // A message is never set aside for its size alone: it may be possible to fetch it.
        self.retry_later(id, FetchFailure::Refused, false, &format!("requesting its size failed: {error}"), u32::MAX);
    }

    /// The connection ended, or its protocol state was lost, before `missing` arrived.
    pub(super) fn cut_off(&self, missing: &[MessageId], arrived: &[Message], alone: bool, error: &Error) {
        if !S::ANSWERS_TOGETHER {
            return;
        }
        self.mailbox.tracker.ledger().fetch_failures().narrow(missing);
        if let ([id], true) = (missing, alone) {
            let how =
                if matches!(error, Error::Unparseable(_)) { FetchFailure::Unreadable } else { FetchFailure::Refused };
            self.retry_later(id, how, false, &error.to_string(), self.mailbox.account.config.max_delivery_attempts);
        }
        self.cleared(arrived);
    }

    /// The FETCH succeeded, and `missing` did not arrive.
    pub(super) fn unfetched(&self, missing: &[MessageId], unfetched: Unfetched, arrived: &[Message]) {
        let mailbox = self.mailbox;
        let most = mailbox.account.config.max_delivery_attempts;
        let others_arrived = !arrived.is_empty();
        let Unfetched { nil, empty, refused, excessive } = unfetched;
        for (id, why) in &refused {
            self.retry_later(id, FetchFailure::Refused, others_arrived, why, most);
        }
        for (ids, error) in [
            (&nil, "the server sent no body for it; it is fetched again later"),
            (&empty, "the server announced a size and sent an empty body; it is fetched again later"),
        ] {
            for id in ids {
                mailbox.tracker.ledger().fetch_failed(id, FetchFailure::Empty, others_arrived, Instant::now());
                let fields = [("uid", json!(id)), ("error", error.into())];
                mailbox.account.log.line(Severity::Warn, "Message without a body", &fields);
            }
        }
        excessive.iter().for_each(|id| mailbox.tracker.ledger().fetch_failures().single_out(id));
        let reported = |id: &MessageId| {
            nil.contains(id)
                || empty.contains(id)
                || excessive.contains(id)
                || refused.iter().any(|(refused, _)| refused == id)
        };
        for id in missing.iter().filter(|id| !reported(id)) {
            self.omitted(id, others_arrived);
        }
        self.cleared(arrived);
    }

    /// The server did not mention the message. It may have been removed; the next search shows.
    fn omitted(&self, id: &MessageId, others_arrived: bool) {
        let (mailbox, now) = (self.mailbox, Instant::now());
        if !S::ANSWERS_TOGETHER {
            // A source that requests each message by itself has already reported what became of it.
            mailbox.tracker.ledger().fetch_failed(id, FetchFailure::Empty, others_arrived, now);
            return;
        }
        let retry = mailbox.tracker.ledger().fetch_failed(id, FetchFailure::Omitted, others_arrived, now);
        if retry.counted >= mailbox.account.config.max_delivery_attempts {
            mailbox.tracker.ledger().decided(id, Mark::SetAside);
            let why = format!("the server lists the message and did not send it {} times", retry.times);
            mailbox.tracker.record_set_aside(id, &why);
        }
    }

    /// The server refused to send the message. It is fetched again later, or set aside after `most` failures.
    fn retry_later(&self, id: &MessageId, how: FetchFailure, others_arrived: bool, why: &str, most: u32) {
        let mailbox = self.mailbox;
        let retry = mailbox.tracker.ledger().fetch_failed(id, how, others_arrived, Instant::now());
        if retry.counted >= most {
            mailbox.tracker.ledger().decided(id, Mark::SetAside);
            mailbox
                .tracker
                .record_set_aside(id, &format!("the server did not send the message {} times: {why}", retry.times));
            return;
        }
        let fields = [
            ("uid", json!(id)),
            ("error", why.into()),
            ("attempts", retry.counted.into()),
            ("backoff_s", retry.backoff.as_secs().into()),
        ];
        mailbox.account.log.line(Severity::Warn, "Message not fetched", &fields);
    }

    /// These messages arrived, so they are no longer suspected, and the server works.
    fn cleared(&self, arrived: &[Message]) {
        for message in arrived {
            self.mailbox.tracker.ledger().fetch_failures().arrived(&message.id);
            if self.unmeasured.contains(&message.id) {
                let error = "the server did not send the size of the message; it was fetched all the same";
                let fields = [("uid", json!(message.id)), ("error", error.into())];
                self.mailbox.account.log.line(Severity::Warn, "Message without a size", &fields);
            }
        }
    }
}
