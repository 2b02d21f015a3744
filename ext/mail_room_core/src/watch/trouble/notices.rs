//! The notices that wait to be sent. Their number is bounded, and so are those of messages set aside in an hour.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use serde_json::Value;

/// Most notices that wait. The oldest ones give way: the newest say how things stand.
const WAITING: usize = 20;
/// Most notices about messages that were set aside, in one period.
const LIMITED: (u32, Duration) = (10, Duration::from_secs(3600));

/// The notices of one mailbox.
#[derive(Debug, Default)]
pub(super) struct Notices {
    waiting: VecDeque<Value>,
    period: Option<(Instant, u32)>,
    /// Messages set aside that no notice tells of.
    untold: u64,
}

impl Notices {
    /// Adds a notice.
    pub(super) fn push(&mut self, notice: Value) {
        if self.waiting.len() >= WAITING
            && let Some(dropped) = self.waiting.pop_front()
            && let Some(others) = others(&dropped)
        {
            self.untold = self.untold.saturating_add(others).saturating_add(1);
        }
        self.waiting.push_back(notice);
    }

    /// Adds a notice about a message that was set aside, unless there were too many. The next one says how many `others`
    /// there were.
    pub(super) fn push_limited(&mut self, mut notice: Value, now: Instant) {
        let others = others(&notice).unwrap_or(0);
        let (began, sent) = self.period.filter(|(began, _)| now.duration_since(*began) < LIMITED.1).unwrap_or((now, 0));
        if sent >= LIMITED.0 {
            self.untold = self.untold.saturating_add(others).saturating_add(1);
            return;
        }
        self.period = Some((began, sent + 1));
        if let Some(fields) = notice.as_object_mut() {
            fields.insert("others".into(), others.saturating_add(std::mem::take(&mut self.untold)).into());
        }
        self.push(notice);
    }

    /// The next one to send.
    pub(super) fn first(&self) -> Option<&Value> {
        self.waiting.front()
    }

    /// How many wait.
    pub(super) fn waiting(&self) -> usize {
        self.waiting.len()
    }

    /// The next one was sent.
    pub(super) fn sent(&mut self) {
        self.waiting.pop_front();
    }
}

/// How many more messages a notice about a message that was set aside tells of.
fn others(notice: &Value) -> Option<u64> {
    notice.get("others").and_then(Value::as_u64)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_flood_of_messages_set_aside_is_ten_notices_an_hour() {
        let (mut notices, now) = (Notices::default(), Instant::now());
        for uid in 0..100 {
            notices.push_limited(json!({ "uid": uid, "others": 0 }), now);
        }
        assert_eq!(notices.waiting.len(), 10);
        notices.push_limited(json!({ "uid": 100, "others": 5 }), now + Duration::from_secs(3600));
        assert_eq!(notices.waiting.back(), Some(&json!({ "uid": 100, "others": 95 })));
        (0..100).for_each(|number| notices.push(json!(number)));
        assert_eq!((notices.waiting.len(), notices.first()), (20, Some(&json!(80))));
        notices.sent();
        assert_eq!((notices.waiting(), notices.first()), (19, Some(&json!(81))));
        // Those that gave way were set aside all the same.
        notices.push_limited(json!({ "uid": 101, "others": 0 }), now + Duration::from_secs(7200));
        assert_eq!(notices.waiting.back(), Some(&json!({ "uid": 101, "others": 106 })));
    }
}
