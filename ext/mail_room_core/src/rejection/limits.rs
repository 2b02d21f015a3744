//! Limits the notices per hour, to one sender and in all, so that nobody can use us to flood a mailbox. Kept in this
//! process only.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

const HOUR: Duration = Duration::from_secs(3600);

/// The notices of the last hour.
#[derive(Debug)]
pub(super) struct Limits {
    per_sender: usize,
    in_all: usize,
    /// When and to whom, oldest first. Never more than `in_all`.
    sent: VecDeque<(Instant, String)>,
}

impl Limits {
    pub(super) fn new(per_sender: usize, in_all: usize) -> Self {
        Self { per_sender, in_all, sent: VecDeque::new() }
    }

    /// Takes one notice to `sender` from the limits.
    ///
    /// # Errors
    /// The limit that is reached, for the log.
    pub(super) fn take(&mut self, sender: &str, now: Instant) -> Result<(), &'static str> {
        while self.sent.front().is_some_and(|(at, _)| now.saturating_duration_since(*at) >= HOUR) {
            self.sent.pop_front();
        }
        let sender = one_person(sender);
        if self.sent.iter().filter(|(_, to)| *to == sender).count() >= self.per_sender {
            return Err("its sender had enough notices within an hour");
        }
        if self.sent.len() >= self.in_all {
            return Err("enough notices were sent within an hour");
        }
        self.sent.push_back((now, sender));
        Ok(())
    }

    /// Gives back a notice that was not sent.
    pub(super) fn give_back(&mut self, sender: &str) {
        let sender = one_person(sender);
        if let Some(at) = self.sent.iter().rposition(|(_, to)| *to == sender) {
            self.sent.remove(at);
        }
    }
}

/// The address without the parts that its owner can vary: case and subaddress (RFC 5233).
fn one_person(address: &str) -> String {
    let address = address.to_ascii_lowercase();
    match address.rsplit_once('@') {
        Some((local, domain)) => format!("{}@{domain}", local.split('+').next().unwrap_or_default()),
        None => address,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn so_many_to_one_sender_and_so_many_in_all() {
        let now = Instant::now();
        let mut limits = Limits::new(2, 3);
        assert!(limits.take("a@x", now).is_ok());
        assert!(limits.take("A+tag@X", now).is_ok());
        assert!(limits.take("a@x", now).unwrap_err().contains("its sender"));
        assert!(limits.take("b@x", now).is_ok());
        assert!(limits.take("c@x", now).unwrap_err().starts_with("enough"));
        limits.give_back("a+other@x");
        assert!(limits.take("a@x", now).is_ok());
        assert!(limits.take("c@x", now + HOUR).is_ok());
    }

    #[test]
    fn none_may_be_as_many() {
        assert!(Limits::new(0, 1).take("a@x", Instant::now()).is_err());
        assert!(Limits::new(1, 0).take("a@x", Instant::now()).is_err());
    }
}
