//! The limits of time towards an IMAP server.

use std::time::Duration;

/// Every limit of time towards an IMAP server. A server that fell silent is noticed within two minutes in every state:
/// commands after `silence`, IDLE after `idle_silence` + `done`, polling after `poll` + `done`.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Deadlines {
    /// Name, TCP, TLS, greeting, login and SELECT together, without the wait at the [`LoginLimiter`]: 30 s.
    pub connect: Duration,
    /// The name's share of it: 10 s.
    pub dns: Duration,
    /// Without a single byte of an answer that is due: 60 s.
    pub silence: Duration,
    /// The whole answer to a command, plus a second for every 16 KiB of messages: 5 min.
    pub command: Duration,
    /// The answer to DONE and to NOOP, and to IDLE itself: 15 s.
    pub done: Duration,
    /// After which IDLE ends at the latest: 5 min.
    pub idle: Duration,
    /// Without a byte in IDLE, before the server must show that it is there: 90 s.
    pub idle_silence: Duration,
    /// Between two looks where there is no IDLE, or one that announces nothing: 60 s.
    pub poll: Duration,
    /// LOGOUT, and the DONE before it: 1 s.
    pub logout: Duration,
}

impl Default for Deadlines {
    fn default() -> Self {
        let [connect, dns, silence, command, done, idle, idle_silence, poll, logout] =
            [30, 10, 60, 300, 15, 300, 90, 60, 1].map(Duration::from_secs);
        Self { connect, dns, silence, command, done, idle, idle_silence, poll, logout }
    }
}
