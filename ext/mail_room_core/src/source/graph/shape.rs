//! How much a request for a list asks for at a time. A server that cannot answer for a whole page is asked for smaller ones,
//! then for pages without the messages' sizes (`$expand`). What it could answer is remembered for the session. Sends nothing.

use std::time::{Duration, Instant};

use super::ask::Unsuccessful;

/// Messages on a page, as we ask for (Graph gives at most 1,000), and whether with their sizes.
const SHAPES: [(&str, bool); 8] = [
    ("500", true),
    ("100", true),
    ("25", true),
    ("5", true),
    ("500", false),
    ("100", false),
    ("25", false),
    ("5", false),
];
/// Failures in a row after which less is asked for: one alone may be a passing one.
const TRIES: u32 = 2;
/// For how long less is asked for: a passing trouble must not make a session that lasts for months slow.
const REMEMBERED: Duration = Duration::from_secs(6 * 3600);

/// What pages are asked for.
#[derive(Debug, Default)]
pub(super) struct Shape {
    step: usize,
    failures: u32,
    changed: Option<Instant>,
}

impl Shape {
    /// Messages on a page, as a value of `$top`.
    pub(super) fn top(&self) -> &'static str {
        self.shape().0
    }

    /// Whether each message's size is asked for.
    pub(super) fn with_sizes(&self) -> bool {
        self.shape().1
    }

    /// A list begins.
    pub(super) fn begin(&mut self, now: Instant) {
        if self.changed.is_some_and(|changed| now.duration_since(changed) >= REMEMBERED) {
            *self = Self::default();
        }
    }

    /// The whole list came.
    pub(super) fn went_well(&mut self) {
        self.failures = 0;
    }

    /// A page did not come. Whether it is worth another try, with the shape as it is now.
    pub(super) fn failed(&mut self, unsuccessful: &Unsuccessful, now: Instant) -> bool {
        let next = match unsuccessful.status {
            // Who is in front of the mailbox may know no extended properties.
            Some(400) if self.with_sizes() => SHAPES.iter().position(|(_, with_sizes)| !with_sizes),
            Some(408 | 413 | 425 | 500..=599) | None => {
                self.failures = self.failures.saturating_add(1);
                if self.failures < TRIES { Some(self.step) } else { self.step.checked_add(1) }
            }
            _ => None,
        };
        let Some(next) = next.filter(|step| *step < SHAPES.len()) else { return false };
        if next != self.step {
            *self = Self { step: next, failures: 0, changed: Some(now) };
        }
        true
    }

    fn shape(&self) -> (&'static str, bool) {
        SHAPES.get(self.step).copied().unwrap_or(("5", false))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn status(status: u16) -> Unsuccessful {
        Unsuccessful { status: Some(status), words: String::new() }
    }

    fn all_shapes(unsuccessful: &Unsuccessful) -> Vec<(&'static str, bool)> {
        let (mut shape, mut shapes) = (Shape::default(), Vec::new());
        loop {
            shapes.push((shape.top(), shape.with_sizes()));
            if !shape.failed(unsuccessful, Instant::now()) {
                return shapes;
            }
        }
    }

    #[test]
    fn what_fails_twice_is_asked_for_in_smaller_pages_and_then_without_sizes() {
        let twice: Vec<_> = SHAPES.iter().flat_map(|shape| [*shape; 2]).collect();
        for trouble in
            [500, 502, 503, 504, 408].map(status).into_iter().chain([Unsuccessful { status: None, words: "".into() }])
        {
            assert_eq!(all_shapes(&trouble), twice, "{trouble:?}");
        }
        assert_eq!(all_shapes(&status(400)), [("500", true), ("500", false)]);
        for final_answer in [401, 403, 404, 302] {
            assert_eq!(all_shapes(&status(final_answer)), [("500", true)], "{final_answer}");
        }
    }

    #[test]
    fn a_passing_failure_changes_nothing_and_a_shape_is_remembered_for_hours() {
        let (mut shape, now) = (Shape::default(), Instant::now());
        for _ in 0..5 {
            assert!(shape.failed(&status(500), now));
            shape.went_well();
        }
        assert_eq!(shape.top(), "500");
        assert!(shape.failed(&status(500), now) && shape.failed(&status(500), now));
        shape.begin(now + REMEMBERED - Duration::from_secs(1));
        assert_eq!((shape.top(), shape.with_sizes()), ("100", true));
        shape.begin(now + REMEMBERED);
        assert_eq!(shape.top(), "500");
    }
}
