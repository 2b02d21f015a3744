//! The size of the pages of a list. A server that does not answer gets requests for smaller pages, then for pages without the
//! sizes of the messages (`$expand`). A session remembers what the server could answer. Sends nothing.

use std::time::{Duration, Instant};

use super::ask::Unsuccessful;

/// Messages on a page (Graph sends at most 1,000), and whether with their sizes.
const STEPS: [(&str, bool); 8] = [
    ("500", true),
    ("100", true),
    ("25", true),
    ("5", true),
    ("500", false),
    ("100", false),
    ("25", false),
    ("5", false),
];
/// Failures in a row after which less is asked for. A single failure may be transient.
const TRIES: u32 = 2;
/// How long less is asked for. A session may last for months, and must not stay slow because of a transient failure.
const REMEMBERED: Duration = Duration::from_secs(6 * 3600);

/// The page size in use.
#[derive(Debug, Default)]
pub(super) struct PageSize {
    step: usize,
    failures: u32,
    changed: Option<Instant>,
}

impl PageSize {
    /// Messages on a page, as a value of `$top`.
    pub(super) fn top(&self) -> &'static str {
        self.current().0
    }

    /// Whether each message's size is asked for.
    pub(super) fn with_sizes(&self) -> bool {
        self.current().1
    }

    /// A list begins.
    pub(super) fn begin(&mut self, now: Instant) {
        if self.changed.is_some_and(|changed| now.duration_since(changed) >= REMEMBERED) {
            *self = Self::default();
        }
    }

    /// The whole list came.
    pub(super) fn succeeded(&mut self) {
        self.failures = 0;
    }

    /// A page did not come. Returns whether to try again, with the page size as it is now.
    pub(super) fn failed(&mut self, unsuccessful: &Unsuccessful, now: Instant) -> bool {
        let next = match unsuccessful.status {
            // Who is in front of the mailbox may know no extended properties.
            Some(400) if self.with_sizes() => STEPS.iter().position(|(_, with_sizes)| !with_sizes),
            Some(408 | 413 | 425 | 500..=599) | None => {
                self.failures = self.failures.saturating_add(1);
                if self.failures < TRIES { Some(self.step) } else { self.step.checked_add(1) }
            }
            _ => None,
        };
        let Some(next) = next.filter(|step| *step < STEPS.len()) else { return false };
        if next != self.step {
            *self = Self { step: next, failures: 0, changed: Some(now) };
        }
        true
    }

    fn current(&self) -> (&'static str, bool) {
        STEPS.get(self.step).copied().unwrap_or(("5", false))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn status(status: u16) -> Unsuccessful {
        Unsuccessful { status: Some(status), words: String::new() }
    }

    fn all_steps(unsuccessful: &Unsuccessful) -> Vec<(&'static str, bool)> {
        let (mut page_size, mut steps) = (PageSize::default(), Vec::new());
        loop {
            steps.push((page_size.top(), page_size.with_sizes()));
            if !page_size.failed(unsuccessful, Instant::now()) {
                return steps;
            }
        }
    }

    #[test]
    fn what_fails_twice_is_asked_for_in_smaller_pages_and_then_without_sizes() {
        let twice: Vec<_> = STEPS.iter().flat_map(|step| [*step; 2]).collect();
        for unsuccessful in
            [500, 502, 503, 504, 408].map(status).into_iter().chain([Unsuccessful { status: None, words: "".into() }])
        {
            assert_eq!(all_steps(&unsuccessful), twice, "{unsuccessful:?}");
        }
        assert_eq!(all_steps(&status(400)), [("500", true), ("500", false)]);
        for final_answer in [401, 403, 404, 302] {
            assert_eq!(all_steps(&status(final_answer)), [("500", true)], "{final_answer}");
        }
    }

    #[test]
    fn a_passing_failure_changes_nothing_and_a_page_size_is_remembered_for_hours() {
        let (mut page_size, now) = (PageSize::default(), Instant::now());
        for _ in 0..5 {
            assert!(page_size.failed(&status(500), now));
            page_size.succeeded();
        }
        assert_eq!(page_size.top(), "500");
        assert!(page_size.failed(&status(500), now) && page_size.failed(&status(500), now));
        page_size.begin(now + REMEMBERED - Duration::from_secs(1));
        assert_eq!((page_size.top(), page_size.with_sizes()), ("100", true));
        page_size.begin(now + REMEMBERED);
        assert_eq!(page_size.top(), "500");
    }
}
