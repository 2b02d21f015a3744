//! Servers that accept IDLE and announce nothing in it (mailutils, UW, Courier without FAM, some proxies). We notice when a
//! search finds mail that IDLE has not announced. From then on IDLE is renewed more often there.

use std::collections::HashSet;
use std::sync::{Arc, Mutex, PoisonError};

/// The warning about such a server, made once.
pub(super) const WARNING: &str =
    "the server takes IDLE and did not announce mail that a search found; it is asked every 60 s from now on";

/// Servers that announce nothing, shared by all mailboxes of a process.
#[derive(Debug, Clone, Default)]
pub(crate) struct SilentIdle {
    servers: Arc<Mutex<HashSet<String>>>,
}

impl SilentIdle {
    /// Whether `server` is known to announce nothing.
    pub(super) fn contains(&self, server: &str) -> bool {
        self.servers.lock().unwrap_or_else(PoisonError::into_inner).contains(server)
    }

    /// Adds `server`. Returns whether it is new.
    fn note(&self, server: &str) -> bool {
        self.servers.lock().unwrap_or_else(PoisonError::into_inner).insert(server.to_owned())
    }
}

/// Watches one session for mail that was not announced.
#[derive(Debug, Default)]
pub(super) struct Announcements {
    /// The highest UID found so far.
    highest: u32,
    /// The last wait was an IDLE that announced nothing, and there was no search since.
    pub(super) silent: bool,
    searched: bool,
}

impl Announcements {
    /// A search found `uids`, ascending. Returns whether `server` turns out to announce nothing, once.
    pub(super) fn found(&mut self, uids: &[u32], server: &str, known: &SilentIdle) -> bool {
        let highest = uids.last().copied().unwrap_or(0);
        // The first search finds what was there before.
        let unannounced = std::mem::take(&mut self.silent) && self.searched && highest > self.highest;
        self.highest = self.highest.max(highest);
        self.searched = true;
        unannounced && known.note(server)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn mail_found_after_a_silent_idle_was_not_announced() {
        let (mut announcements, known) = (Announcements::default(), SilentIdle::default());
        announcements.silent = true;
        assert!(!announcements.found(&[3], "a:143", &known), "the first search of a session finds what was there");
        announcements.silent = false;
        assert!(!announcements.found(&[3, 4], "a:143", &known));
        announcements.silent = true;
        assert!(!announcements.found(&[2, 4], "a:143", &known), "an old one that was marked unread");
        announcements.silent = true;
        assert!(announcements.found(&[5], "a:143", &known) && known.contains("a:143") && !known.contains("b:143"));
        announcements.silent = true;
        assert!(!announcements.found(&[6], "a:143", &known), "told once");
    }
}
