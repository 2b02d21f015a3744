//! Which messages are for the app.

use serde::Deserialize;

/// Which messages are for the app.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Matching {
    /// The mailbox's address, with `%{key}` in place of the app's key. If it has no `%{key}`, only References is searched for keys.
    pub address: String,
    /// The host in the message ids of the app's own mails, `<reply-KEY@host>`. If absent, References is not searched.
    #[serde(default)]
    pub gitlab_host: Option<String>,
    /// More addresses that are accepted; `*` stands for any run of octets.
    #[serde(default)]
    pub also_accept: Vec<String>,
    /// What happens to automatic replies.
    pub auto_replies: AutoReplies,
    /// What happens to reports about the delivery of other messages.
    #[serde(default)]
    pub bounces: Bounces,
    /// What happens to messages to an address that is not ours.
    pub unmatched: Unmatched,
    /// Whether decisions are only logged, and every message is delivered.
    #[serde(default)]
    pub dry_run: bool,
}

/// What happens to an automatic reply.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AutoReplies {
    /// It is marked like a delivered message and not delivered.
    Ignore,
    /// It is handled like any other message.
    Deliver,
}

/// What happens to a report about the delivery of another message: a `multipart/report` with an empty return path.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Bounces {
    /// It is handled like any other message.
    #[default]
    Deliver,
    /// It is marked like a delivered message and not delivered.
    Ignore,
}

/// What happens to a message to an address that is not ours.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Unmatched {
    /// It is delivered like any other message.
    Deliver,
    /// It is marked like a delivered message and not delivered.
    Ignore,
    /// Its sender gets a notice; then it is marked like a delivered message.
    Reject,
}
