//! `MailRoom::Native::Call`: one question for the app's own code, which is answered once. If it is dropped without an answer, the
//! answer is that nothing was delivered.

use std::cell::RefCell;

use magnus::value::ReprValue;
use magnus::{Error, RArray, RModule, RString, Ruby, Value, method, prelude::*};
use mail_room_core::message::MessageId;
use mail_room_core::ruby::calls::{Answer, Call as Core, Question};

use crate::matcher::members;

#[magnus::wrap(class = "MailRoom::Native::Call", free_immediately, size)]
pub(crate) struct Call(RefCell<Option<Core>>);

pub(crate) fn define(ruby: &Ruby, native: RModule) -> Result<(), Error> {
    let class = native.define_class("Call", ruby.class_object())?;
    class.undef_default_alloc_func();
    class.define_method("uid", method!(Call::uid, 0))?;
    class.define_method("body", method!(Call::body, 0))?;
    class.define_method("rejected", method!(Call::rejected, 0))?;
    class.define_method("answer", method!(Call::answer, 1))?;
    class.define_method("raised", method!(Call::raised, 1))?;
    class.define_method("abandon", method!(Call::abandon, 0))
}

impl Call {
    pub(crate) fn new(call: Core) -> Self {
        Self(RefCell::new(Some(call)))
    }

    /// The message's id: an Integer for IMAP, else a String.
    fn uid(ruby: &Ruby, rb_self: &Self) -> Option<Value> {
        let call = rb_self.0.borrow();
        let (Question::Deliver(id, _) | Question::Ask(id) | Question::Reject(id, ..)) = &call.as_ref()?.question;
        Some(match id {
            MessageId::Uid(uid) => ruby.integer_from_u64(u64::from(*uid)).as_value(),
            MessageId::Text(id) => ruby.str_new(id).as_value(),
        })
    }

    /// The raw message as an ASCII-8BIT string; empty after the first call. nil if the question is whether to deliver it.
    fn body(ruby: &Ruby, rb_self: &Self) -> Option<RString> {
        let body = match &mut rb_self.0.borrow_mut().as_mut()?.question {
            Question::Deliver(_, body) | Question::Reject(_, body, _) => std::mem::take(body),
            Question::Ask(_) => return None,
        };
        // After the borrow has ended: allocating a string may run Ruby's finalizers.
        Some(ruby.str_from_slice(&body))
    }

    /// The members of the message's `MailRoom::Match` if its sender is to be notified that it was rejected, else nil.
    fn rejected(ruby: &Ruby, rb_self: &Self) -> Result<Option<RArray>, Error> {
        let found = match rb_self.0.borrow().as_ref().map(|call| &call.question) {
            Some(Question::Reject(.., found)) => found.clone(),
            _ => return Ok(None),
        };
        members(ruby, *found).map(Some)
    }

    /// Answers, unless it was answered before.
    fn answer(&self, yes: bool) {
        self.settle(if yes { Answer::Yes } else { Answer::No });
    }

    /// Answers that an exception was raised, described by `words`.
    fn raised(&self, words: String) {
        self.settle(Answer::Raised(words));
    }

    /// Drops the question, unless it was answered before.
    fn abandon(&self) {
        drop(self.0.borrow_mut().take());
    }

    fn settle(&self, answer: Answer) {
        let call = self.0.borrow_mut().take();
        if let Some(call) = call {
            call.answer(answer);
        }
    }
}
