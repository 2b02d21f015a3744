//! What a mailbox is doing, and the words for it. Data only.

use std::time::{SystemTime, UNIX_EPOCH};

use serde::Serialize;

/// What a mailbox is doing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum State {
    /// It connects for the first time.
    #[default]
    Starting,
    /// It reconnects, or waits before it does.
    Disconnected,
    /// It sweeps.
    Working,
    /// It waits for its target to come back.
    Paused,
    /// It waits for mail.
    Idle,
    /// It was to be worked through once, and was.
    Finished,
    /// It was to be worked through once, and could not be.
    GivenUp,
}

impl State {
    /// All of them.
    pub const ALL: [Self; 7] =
        [Self::Starting, Self::Disconnected, Self::Working, Self::Paused, Self::Idle, Self::Finished, Self::GivenUp];

    /// Its name as data.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Starting => "starting",
            Self::Disconnected => "disconnected",
            Self::Working => "working",
            Self::Paused => "paused",
            Self::Idle => "idle",
            Self::Finished => "finished",
            Self::GivenUp => "given_up",
        }
    }
}

impl State {
    /// What it means for a person.
    pub const fn words(self) -> &'static str {
        match self {
            Self::Starting => "connecting",
            Self::Disconnected => "not connected",
            Self::Working => "working",
            Self::Paused => "its target is down",
            Self::Idle => "waiting for mail",
            Self::Finished => "worked through",
            Self::GivenUp => "given up",
        }
    }

    /// What a person should do about it, beside what the error says.
    pub const fn advice(self) -> Option<&'static str> {
        match self {
            Self::Disconnected => Some(
                "It connects again by itself, and no mail is lost meanwhile. If it goes on, do what the error says, and run \
                 mail_room check with the same configuration.",
            ),
            Self::Paused => Some(
                "No message counts as failed, and deliveries go on as soon as the target takes one. See whether the target \
                 (Redis, the application) is up and can be reached from here.",
            ),
            Self::GivenUp => Some("Do what the error says, and start mail_room again."),
            Self::Starting | Self::Working | Self::Idle | Self::Finished => None,
        }
    }
}

/// The progress at one moment. Times are in seconds since 1970.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Snapshot {
    /// What it is doing.
    pub state: State,
    /// Messages delivered since the start.
    pub delivered: u64,
    /// Messages that were ignored: only marked.
    pub ignored: u64,
    /// Those of them that were reports about failed deliveries.
    pub bounced: u64,
    /// Messages rejected, whether or not their senders were told.
    pub rejected: u64,
    /// Messages set aside.
    pub set_aside: u64,
    /// Messages that another process had delivered: only marked.
    pub elsewhere: u64,
    /// Messages found and not yet decided.
    pub left: u64,
    /// The last error.
    pub trouble: Option<String>,
    /// Seconds that it has been in this state.
    pub state_seconds: u64,
    /// Connections that could be used.
    pub connects: u64,
    /// Connections that ended or could not be made.
    pub disconnects: u64,
    /// How often deliveries were paused because the target was down.
    pub pauses: u64,
    /// Whether the target was down at the last attempt.
    pub target_down: bool,
    /// When it was last connected.
    pub last_connect: Option<u64>,
    /// When a message was last decided.
    pub last_message: Option<u64>,
    /// When the oldest of the waiting messages arrived. If the server does not say so, since when there have been waiting messages
    /// all the time.
    pub waiting_since: Option<u64>,
    /// Messages decided in the last hour.
    pub last_hour: u64,
    /// When the OAuth2 token expires.
    pub token_expires: Option<u64>,
    /// When the mail server's certificate expires.
    pub certificate_expires: Option<u64>,
    /// When the certificate of the delivery target expires.
    pub target_certificate_expires: Option<u64>,
}

impl Snapshot {
    /// Whether the mailbox is connected, and its target took the last message or was reachable.
    pub fn is_ready(&self) -> bool {
        !self.target_down && matches!(self.state, State::Working | State::Idle | State::Finished)
    }
}

/// Seconds since 1970.
pub(crate) fn unix_seconds(time: SystemTime) -> u64 {
    time.duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs())
}

/// Now, in seconds since 1970.
pub(crate) fn now() -> u64 {
    unix_seconds(SystemTime::now())
}

/// The end of a message, to be counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// The target has taken it.
    Delivered,
    /// It was ignored.
    Ignored,
    /// It was ignored because it was a report about a failed delivery.
    Bounced,
    /// It was rejected. Its sender was told, unless there was a reason not to.
    Rejected,
    /// It was set aside.
    SetAside,
    /// Another process had delivered it.
    Elsewhere,
}
