//! What follows for messages that the server lists and did not give: they are asked for again later, or set aside in the
//! end. Which of them share a command is decided here, too, by what is known of them.

use std::cmp::Reverse;
use std::collections::VecDeque;
use std::time::Instant;

use serde_json::json;

use super::Pass;
use super::gather::SIZED_AT_A_TIME;
use crate::error::Error;
use crate::message::{Message, MessageId};
use crate::observe::log::Severity;
use crate::source::{Mark, Source};
use crate::track::ungiven::Ungiven;
use crate::watch::mailbox::Mailbox;

/// Messages of a fetch that did not arrive, although nothing is wrong with the session.
#[derive(Debug, Default)]
pub(super) struct NotGiven {
    /// Without a body.
    pub(super) nil: Vec<MessageId>,
    /// With an empty body, although the server told a size.
    pub(super) empty: Vec<MessageId>,
    /// Refused, and why.
    pub(super) refused: Vec<(MessageId, String)>,
    /// Too much for the memory planned for all of them.
    pub(super) excessive: Vec<MessageId>,
}

/// The least suspicious first: a message that the server chokes on must not keep the others waiting.
pub(super) fn suspects_last(mailbox: &Mailbox, mut todo: Vec<MessageId>) -> VecDeque<MessageId> {
    let mut memory = mailbox.tracker.ledger();
    let ungiven = memory.ungiven_messages();
    if ungiven.len() > 0 {
        todo.sort_by_cached_key(|id| Reverse(ungiven.group(id).unwrap_or(usize::MAX)));
    }
    todo.into()
}

/// Says which messages of the last search were passed over when they were fetched: the server lists them still.
pub(super) fn tell_passed_over(mailbox: &Mailbox) {
    let listed = mailbox.tracker.ledger().ungiven_messages().listed_though_passed_over();
    for (id, attempts) in listed {
        let error = "the server lists the message and does not give it; asked for again later";
        let fields = [("uid", json!(id)), ("error", error.into()), ("attempts", attempts.into())];
        mailbox.account.log.line(Severity::Warn, "Message not fetched", &fields);
    }
}

impl<S: Source> Pass<'_, S> {
    /// The next messages whose sizes are asked for together.
    pub(super) fn next_together(&mut self) -> Vec<MessageId> {
        let mut memory = self.mailbox.tracker.ledger();
        let ungiven = memory.ungiven_messages();
        let Some(group) = self.queue.front().map(|id| ungiven.group(id)) else { return Vec::new() };
        let most = self.sized_at_a_time.min(group.unwrap_or(SIZED_AT_A_TIME));
        self.sized_at_a_time = self.sized_at_a_time.saturating_mul(2).min(SIZED_AT_A_TIME);
        let alike = self.queue.iter().take(most).take_while(|id| ungiven.group(id) == group).count();
        self.queue.drain(..alike).collect()
    }

    /// Whether to fetch `ids` without asking for sizes: they are one message, and asking once was enough.
    pub(super) fn is_without_size(&self, ids: &[MessageId]) -> bool {
        matches!(ids, [id] if self.mailbox.tracker.ledger().ungiven_messages().is_without_size(id))
    }

    /// The connection ended, or went out of step, before the sizes of `ids` were told.
    pub(super) fn not_measured(&self, ids: &[MessageId], error: &Error) {
        if !S::ANSWERS_TOGETHER || !matches!(error, Error::Reconnect(_) | Error::Unparseable(_)) {
            return;
        }
        let [id] = ids else { return self.mailbox.tracker.ledger().ungiven_messages().narrow(ids) };
        self.mailbox.tracker.ledger().ungiven_messages().without_size(id);
        self.mailbox.tracker.ledger().ungiven_messages().narrow(ids);
        // Never set aside for its size: perhaps it can be fetched all the same.
        self.ask_again(id, Ungiven::Refused, false, &format!("its size was asked for: {error}"), u32::MAX);
    }

    /// The connection ended, or went out of step, before `missing` arrived.
    pub(super) fn cut_off(&self, missing: &[MessageId], arrived: &[Message], alone: bool, error: &Error) {
        if !S::ANSWERS_TOGETHER {
            return;
        }
        self.mailbox.tracker.ledger().ungiven_messages().narrow(missing);
        if let ([id], true) = (missing, alone) {
            let how = if matches!(error, Error::Unparseable(_)) { Ungiven::Unreadable } else { Ungiven::Refused };
            self.ask_again(id, how, false, &error.to_string(), self.mailbox.account.config.max_delivery_attempts);
        }
        self.cleared(arrived);
    }

    /// The fetch is over, and `missing` did not arrive.
    pub(super) fn not_given(&self, missing: &[MessageId], not_given: NotGiven, arrived: &[Message]) {
        let mailbox = self.mailbox;
        let most = mailbox.account.config.max_delivery_attempts;
        let others_arrived = !arrived.is_empty();
        let NotGiven { nil, empty, refused, excessive } = not_given;
        for (id, why) in &refused {
            self.ask_again(id, Ungiven::Refused, others_arrived, why, most);
        }
        for (ids, error) in [
            (&nil, "the server has no body for it; asked again later"),
            (&empty, "the server told a size and gave an empty body; asked again later"),
        ] {
            for id in ids {
                mailbox.tracker.ledger().ungiven(id, Ungiven::Empty, others_arrived, Instant::now());
                let fields = [("uid", json!(id)), ("error", error.into())];
                mailbox.account.log.line(Severity::Warn, "Message without a body", &fields);
            }
        }
        excessive.iter().for_each(|id| mailbox.tracker.ledger().ungiven_messages().single_out(id));
        let told = |id: &MessageId| {
            nil.contains(id)
                || empty.contains(id)
                || excessive.contains(id)
                || refused.iter().any(|(told, _)| told == id)
        };
        for id in missing.iter().filter(|id| !told(id)) {
            self.passed_over(id, others_arrived);
        }
        self.cleared(arrived);
    }

    /// The server did not mention the message. Gone by now, or is it? The next search tells.
    fn passed_over(&self, id: &MessageId, others_arrived: bool) {
        let (mailbox, now) = (self.mailbox, Instant::now());
        if !S::ANSWERS_TOGETHER {
            // A source that asks for each message by itself has said what became of it.
            mailbox.tracker.ledger().ungiven(id, Ungiven::Empty, others_arrived, now);
            return;
        }
        let setback = mailbox.tracker.ledger().ungiven(id, Ungiven::PassedOver, others_arrived, now);
        if setback.counted >= mailbox.account.config.max_delivery_attempts {
            mailbox.tracker.ledger().decided(id, Mark::SetAside);
            let why = format!("the server lists the message and did not give it {} times", setback.times);
            mailbox.tracker.tell_set_aside(id, &why);
        }
    }

    /// The server refused to give the message: asked for again later, or set aside if it was asked for `most` times.
    fn ask_again(&self, id: &MessageId, how: Ungiven, others_arrived: bool, why: &str, most: u32) {
        let mailbox = self.mailbox;
        let setback = mailbox.tracker.ledger().ungiven(id, how, others_arrived, Instant::now());
        if setback.counted >= most {
            mailbox.tracker.ledger().decided(id, Mark::SetAside);
            mailbox
                .tracker
                .tell_set_aside(id, &format!("the server did not give the message {} times: {why}", setback.times));
            return;
        }
        let fields = [
            ("uid", json!(id)),
            ("error", why.into()),
            ("attempts", setback.counted.into()),
            ("backoff_s", setback.backoff.as_secs().into()),
        ];
        mailbox.account.log.line(Severity::Warn, "Message not fetched", &fields);
    }

    /// These arrived, so they are above suspicion, and the server works.
    fn cleared(&self, arrived: &[Message]) {
        for message in arrived {
            self.mailbox.tracker.ledger().ungiven_messages().arrived(&message.id);
            if self.unmeasured.contains(&message.id) {
                let error = "the server did not tell the size of the message; it was fetched all the same";
                let fields = [("uid", json!(message.id)), ("error", error.into())];
                self.mailbox.account.log.line(Severity::Warn, "Message without a size", &fields);
            }
        }
    }
}
