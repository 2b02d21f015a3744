//! Calls of the app's own code. Nothing here calls Ruby: a call waits in a queue until a Ruby thread fetches and answers it. A
//! call is a lease: if it is dropped, or its thread dies, that is its answer.

use std::collections::VecDeque;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::task::Poll;

use tokio::sync::oneshot;

use crate::matching::matcher::Match;
use crate::message::MessageId;
use crate::ruby::waker::Waker;

/// What the app's code is asked to do.
#[derive(Debug)]
pub enum Question {
    /// To deliver a message.
    Deliver(MessageId, Vec<u8>),
    /// To decide whether a message is to be delivered.
    Ask(MessageId),
    /// To notify a message's sender that the message was rejected.
    Reject(MessageId, Vec<u8>, Box<Match>),
}

/// The answer of the app's code.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Answer {
    /// It was delivered, is to be delivered, or the sender was notified.
    Yes,
    /// The opposite.
    No,
    /// It raised an exception, described here.
    Raised(String),
}

/// A call that was fetched.
#[derive(Debug)]
pub struct Call {
    /// The question.
    pub question: Question,
    answer: oneshot::Sender<Answer>,
}

impl Call {
    /// Answers. An answer that nobody waits for any more is dropped.
    pub fn answer(self, answer: Answer) {
        let _ = self.answer.send(answer);
    }
}

/// The calls of one mailbox.
#[derive(Debug, Default)]
pub struct Calls {
    /// Wakes the thread for each call, and at the end.
    pub waker: Waker,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    waiting: VecDeque<Call>,
    closed: bool,
}

impl Calls {
    /// Asks, and waits for the answer as long as the app's code takes. `None` if there will be none: the thread died, or the
    /// queue is closed. Dropping the future withdraws the question unless it was fetched.
    pub(crate) async fn ask(&self, question: Question) -> Option<Answer> {
        let (answer, answered) = oneshot::channel();
        {
            let mut state = self.state();
            if state.closed {
                return None;
            }
            state.waiting.push_back(Call { question, answer });
        }
        self.waker.wake();
        answered.await.ok()
    }

    /// The next call; does not wait. Pending if there is none yet: the waker tells when to fetch again. `None` if there will be no
    /// more.
    pub fn fetch(&self) -> Poll<Option<Call>> {
        let mut state = self.state();
        while let Some(call) = state.waiting.pop_front() {
            // The asker may have given up.
            if !call.answer.is_closed() {
                return Poll::Ready(Some(call));
            }
        }
        if state.closed { Poll::Ready(None) } else { Poll::Pending }
    }

    /// Closes the queue. The threads that fetch from it may end.
    pub(crate) fn close(&self) {
        {
            let mut state = self.state();
            state.closed = true;
            state.waiting.clear();
        }
        self.waker.wake();
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::*;

    fn ask(calls: &Arc<Calls>, uid: u32) -> tokio::task::JoinHandle<Option<Answer>> {
        let calls = calls.clone();
        tokio::spawn(async move { calls.ask(Question::Ask(MessageId::Uid(uid))).await })
    }

    #[tokio::test]
    async fn a_call_is_fetched_once_and_answered() {
        let calls = Arc::new(Calls::default());
        let woken = Arc::new(AtomicUsize::new(0));
        let wake = woken.clone();
        calls.waker.on_wake(move || _ = wake.fetch_add(1, Ordering::AcqRel));
        let asked = ask(&calls, 7);
        tokio::task::yield_now().await;
        assert_eq!(woken.load(Ordering::Acquire), 1);
        let Poll::Ready(Some(call)) = calls.fetch() else { panic!("no call") };
        assert!(matches!(call.question, Question::Ask(MessageId::Uid(7))));
        assert!(calls.fetch().is_pending());
        call.answer(Answer::Yes);
        assert_eq!(asked.await.unwrap(), Some(Answer::Yes));
    }

    #[tokio::test]
    async fn a_call_that_is_dropped_has_no_answer() {
        let calls = Arc::new(Calls::default());
        let asked = ask(&calls, 1);
        tokio::task::yield_now().await;
        drop(calls.fetch());
        assert_eq!(asked.await.unwrap(), None);
    }

    #[tokio::test]
    async fn a_question_taken_back_is_never_fetched_and_closing_ends_all() {
        let calls = Arc::new(Calls::default());
        let (gone, waits) = (ask(&calls, 1), ask(&calls, 2));
        tokio::task::yield_now().await;
        gone.abort();
        let _ = gone.await;
        let Poll::Ready(Some(call)) = calls.fetch() else { panic!("no call") };
        assert!(matches!(call.question, Question::Ask(MessageId::Uid(2))));
        drop(call);
        assert_eq!(waits.await.unwrap(), None);
        calls.close();
        assert!(matches!(calls.fetch(), Poll::Ready(None)));
        assert_eq!(ask(&calls, 3).await.unwrap(), None);
    }
}
