//! Delivers through the app's own class: one call per message, answered on a thread of the app. A slow call delays only its
//! own mailbox.

use std::sync::Arc;

use crate::error::Error;
use crate::message::Message;
use crate::outcome::DeliveryOutcome;
use crate::ruby::calls::{Answer, Calls, Question};

/// The delivery by a class of the app's own.
#[derive(Debug)]
pub struct Hook {
    calls: Arc<Calls>,
    class_name: String,
}

impl Hook {
    /// Delivers through `calls`, to a class of this name.
    pub(super) fn new(calls: Arc<Calls>, class_name: String) -> Self {
        Self { calls, class_name }
    }

    /// The class's name.
    pub(super) fn class_name(&self) -> &str {
        &self.class_name
    }

    /// Delivers messages one by one. Returns one outcome per message, in order.
    pub(super) async fn deliver(&self, messages: Vec<Message>) -> Vec<DeliveryOutcome> {
        let mut outcomes = Vec::with_capacity(messages.len());
        for message in messages {
            let question = Question::Deliver(message.id, message.body);
            outcomes.push(self.judge(self.calls.ask(question).await));
        }
        outcomes
    }

    fn judge(&self, answer: Option<Answer>) -> DeliveryOutcome {
        let class = &self.class_name;
        match answer {
            Some(Answer::Yes) => DeliveryOutcome::DELIVERED,
            Some(Answer::No) => {
                DeliveryOutcome::Failed(Error::Message(format!("{class}#deliver returned false or nil")))
            }
            Some(Answer::Raised(words)) => {
                DeliveryOutcome::Failed(Error::Message(format!("{class}#deliver raised {words}")))
            }
            // Counts as a failure, because this very message may have ended the thread and would end the next one.
            None => DeliveryOutcome::Failed(Error::Message(format!(
                "the thread in {class}#deliver ended before it returned"
            ))),
        }
    }
}
