//! Servers that take IDLE and announce nothing in it (mailutils, UW, Courier without FAM, some proxies). That shows when a
//! search finds mail that IDLE has not announced; from then on IDLE is renewed more often there.

use std::collections::HashSet;
use std::sync::{Arc, Mutex, PoisonError};

/// What is said about such a server, once.
pub(super) const REMARK: &str =
    "the server takes IDLE and did not announce mail that a search found; it is asked every 60 s from now on";

/// What is known of servers, shared by all mailboxes of a process.
#[derive(Debug, Clone, Default)]
pub(crate) struct SilentIdle {
    servers: Arc<Mutex<HashSet<String>>>,
}

impl SilentIdle {
    /// Whether `server` announces nothing.
    pub(super) fn is_known_of(&self, server: &str) -> bool {
        self.servers.lock().unwrap_or_else(PoisonError::into_inner).contains(server)
    }

    /// `server` announces nothing. Tells whether that is new.
    fn note(&self, server: &str) -> bool {
        self.servers.lock().unwrap_or_else(PoisonError::into_inner).insert(server.to_owned())
    }
}

/// Watches one session for mail that was not announced.
#[derive(Debug, Default)]
pub(super) struct Announcements {
    /// The highest UID found so far.
    highest: u32,
    /// An IDLE ended without a word, and nothing was searched since.
    silent: bool,
    searched: bool,
}

impl Announcements {
    /// An IDLE ended because its time was up.
    pub(super) fn silent(&mut self) {
        self.silent = self.searched;
    }

    /// A search found `uids`, ascending. Tells whether `server` turns out to announce nothing.
    pub(super) fn found(&mut self, uids: &[u32], server: &str, known: &SilentIdle) -> bool {
        let highest = uids.last().copied().unwrap_or(0);
        let unannounced = std::mem::take(&mut self.silent) && highest > self.highest;
        self.highest = self.highest.max(highest);
        self.searched = true;
        unannounced && known.note(server)
    }

    /// There was news, so what is found now was announced.
    pub(super) fn announced(&mut self) {
        self.silent = false;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn mail_found_after_a_silent_idle_was_not_announced() {
        let (mut announcements, known) = (Announcements::default(), SilentIdle::default());
        announcements.silent();
        assert!(!announcements.found(&[3], "a:143", &known), "the first search of a session finds what was there");
        announcements.announced();
        assert!(!announcements.found(&[3, 4], "a:143", &known));
        announcements.silent();
        assert!(!announcements.found(&[2, 4], "a:143", &known), "an old one that was marked unread");
        announcements.silent();
        assert!(
            announcements.found(&[5], "a:143", &known) && known.is_known_of("a:143") && !known.is_known_of("b:143")
        );
        announcements.silent();
        assert!(!announcements.found(&[6], "a:143", &known), "told once");
    }
}
