//! Lines for the app's own logger. A Ruby thread fetches them; nothing here calls the logger. If the thread does not keep up, info
//! lines are dropped and counted.

use std::collections::VecDeque;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::task::Poll;

use super::Severity;
use crate::ruby::waker::Waker;

/// Lines that wait, at most.
const MOST: usize = 1_000;
/// Octets of lines that wait, at most.
const MOST_OCTETS: usize = 4 << 20;
/// Lines fetched at a time.
const AT_A_TIME: usize = 100;

/// A line: its severity, and a JSON object without severity and time, which the logger adds.
pub type Line = (Severity, String);

/// The lines for one logger.
#[derive(Debug, Default)]
pub struct Lines {
    /// Wakes the thread for each line, and at the end.
    pub waker: Waker,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    waiting: VecDeque<Line>,
    octets: usize,
    dropped: u64,
    closed: bool,
}

impl Lines {
    pub(super) fn push(&self, severity: Severity, line: String) {
        {
            let mut state = self.state();
            while state.waiting.len() >= MOST || state.octets.saturating_add(line.len()) > MOST_OCTETS {
                state.dropped += 1;
                let expendable = match severity {
                    Severity::Debug | Severity::Info => None,
                    _ => state
                        .waiting
                        .iter()
                        .position(|(severity, _)| matches!(severity, Severity::Debug | Severity::Info)),
                };
                match expendable.and_then(|index| state.waiting.remove(index)) {
                    Some((_, line)) => state.octets = state.octets.saturating_sub(line.len()),
                    None => return,
                }
            }
            state.octets = state.octets.saturating_add(line.len());
            state.waiting.push_back((severity, line));
        }
        self.waker.wake();
    }

    /// Some of the lines that wait; does not wait itself. Pending if there are none yet: the waker tells when to fetch again. `None`
    /// if there will be no more.
    pub fn fetch(&self) -> Poll<Option<Vec<Line>>> {
        let mut state = self.state();
        if state.waiting.is_empty() && state.dropped == 0 {
            return if state.closed { Poll::Ready(None) } else { Poll::Pending };
        }
        let some = state.waiting.len().min(AT_A_TIME);
        let mut lines: Vec<_> = state.waiting.drain(..some).collect();
        let octets = lines.iter().map(|(_, line)| line.len()).sum();
        state.octets = state.octets.saturating_sub(octets);
        let dropped = std::mem::take(&mut state.dropped);
        if dropped > 0 {
            let line = serde_json::json!({ "action": "Log lines dropped", "lines": dropped });
            lines.push((Severity::Warn, line.to_string()));
        }
        Poll::Ready(Some(lines))
    }

    pub(crate) fn close(&self) {
        self.state().closed = true;
        self.waker.wake();
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn drops_info_first_and_says_how_many() {
        let lines = Lines::default();
        (0..MOST + 10).for_each(|n| lines.push(Severity::Info, n.to_string()));
        lines.push(Severity::Error, "grave".into());
        let mut fetched = Vec::new();
        while let Poll::Ready(Some(some)) = lines.fetch() {
            fetched.extend(some);
        }
        assert_eq!(fetched.len(), MOST + 1);
        assert!(fetched.contains(&(Severity::Error, "grave".into())));
        assert!(fetched.contains(&(Severity::Warn, "{\"action\":\"Log lines dropped\",\"lines\":11}".into())));
        assert_eq!(lines.fetch(), Poll::Pending);
        lines.close();
        assert_eq!(lines.fetch(), Poll::Ready(None));
    }

    #[test]
    fn large_lines_are_bounded_by_their_octets() {
        let lines = Lines::default();
        (0..10).for_each(|_| lines.push(Severity::Info, "x".repeat(MOST_OCTETS / 4)));
        lines.push(Severity::Warn, "y".repeat(MOST_OCTETS / 2));
        let Poll::Ready(Some(fetched)) = lines.fetch() else { panic!("nothing") };
        assert_eq!(fetched.iter().map(|(_, line)| line.len()).sum::<usize>(), MOST_OCTETS + 40);
        assert!(fetched.iter().any(|(severity, line)| *severity == Severity::Warn && line.starts_with('y')));
        lines.push(Severity::Info, "x".repeat(MOST_OCTETS));
        assert!(matches!(lines.fetch(), Poll::Ready(Some(fetched)) if fetched.len() == 1));
    }

    #[test]
    fn what_waits_at_the_end_is_still_fetched() {
        let lines = Lines::default();
        lines.push(Severity::Info, "last".into());
        lines.close();
        assert_eq!(lines.fetch(), Poll::Ready(Some(vec![(Severity::Info, "last".into())])));
        assert_eq!(lines.fetch(), Poll::Ready(None));
    }
}
