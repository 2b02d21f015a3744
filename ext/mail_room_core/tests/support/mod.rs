//! What several test files need. Each file uses a part of it.
#![allow(dead_code, missing_docs, unreachable_pub)]

pub mod dovecot;
pub mod odd;
pub mod odd_server;
pub mod scripted;
pub mod watching;

use std::time::Duration;

use mail_room_core::config::{Arbitration, Delivery, Mailbox, Security, Tls};
use mail_room_core::limits::shutdown::Stop;
use mail_room_core::message::MessageId;
use mail_room_core::observe::log::Logs;
use mail_room_core::source::connector::Account;
use mail_room_core::source::imap::{Deadlines, Imap, LoginLimiter};
use mail_room_core::source::{Fetched, Source};
use mail_room_core::{Error, Result};

/// The password of all test mailboxes; must never show up anywhere.
pub const PASSWORD: &str = "s3cret-pass";

/// A mailbox on this machine, without TLS.
pub fn mailbox(port: u16) -> Mailbox {
    Mailbox {
        name: "INBOX".into(),
        email: "me@example.com".into(),
        password: PASSWORD.to_owned().into(),
        auth: None,
        host: "127.0.0.1".into(),
        port,
        security: Security::Plain,
        tls: Tls::default(),
        search_command: "UNSEEN".into(),
        limit_max_unread: 0,
        idle_timeout: 1740,
        delete_after_delivery: false,
        expunge_deleted: false,
        max_message_size: 64 << 20,
        max_delivery_attempts: 5,
        failed_mailbox: None,
        delivered_mailbox: None,
        since_first_run: false,
        on_trouble: None,
        log: None,
        matching: None,
        graph: None,
        rejection: None,
        delivery: Delivery::Noop,
        arbitration: Arbitration::Noop,
    }
}

/// Deadlines that tests can wait for.
pub fn impatient() -> Deadlines {
    let mut deadlines = Deadlines::default();
    deadlines.connect = Duration::from_secs(3);
    deadlines.silence = Duration::from_millis(300);
    deadlines.command = Duration::from_millis(900);
    deadlines.done = Duration::from_millis(300);
    deadlines.idle = Duration::from_secs(2);
    deadlines.poll = Duration::from_millis(200);
    deadlines
}

/// An account without a log that stops with `stop`.
pub fn account(mailbox: &Mailbox, stop: &Stop) -> Account {
    let log = Logs::default().log(None, &mailbox.email, &mailbox.name).unwrap();
    Account::new(mailbox.clone(), log, stop.clone())
}

/// Connects with default deadlines.
pub async fn connect(mailbox: &Mailbox) -> Result<Imap> {
    connect_within(mailbox, &Deadlines::default()).await
}

/// Connects with [`impatient`] deadlines.
pub async fn connect_impatient(mailbox: &Mailbox) -> Result<Imap> {
    connect_within(mailbox, &impatient()).await
}

/// Connects with other deadlines.
pub async fn connect_within(mailbox: &Mailbox, deadlines: &Deadlines) -> Result<Imap> {
    Imap::connect(&account(mailbox, &Stop::new()), deadlines, &LoginLimiter::new(), &mut |_| {}).await
}

/// Ids of `uids`.
pub fn ids(uids: impl IntoIterator<Item = u32>) -> Vec<MessageId> {
    uids.into_iter().map(MessageId::Uid).collect()
}

/// UIDs of `ids`.
pub fn uids(ids: &[MessageId]) -> Vec<u32> {
    ids.iter()
        .map(|id| match id {
            MessageId::Uid(uid) => *uid,
            MessageId::Text(text) => panic!("{text} is no UID"),
        })
        .collect()
}

/// What a fetch gave, in its order; `None` for NIL.
pub type Given = Vec<(u32, Option<Vec<u8>>)>;

/// Fetches and collects; nothing is refused.
pub async fn fetch(imap: &mut Imap, wanted: &[u32], limit: u64) -> (Given, Result<()>) {
    let (given, refused, result) = fetch_and_refused(imap, wanted, limit).await;
    assert!(refused.is_empty(), "{refused:?}");
    (given, result)
}

/// Fetches and collects, with what was refused and why.
pub async fn fetch_and_refused(imap: &mut Imap, wanted: &[u32], limit: u64) -> (Given, Vec<(u32, String)>, Result<()>) {
    let (mut given, mut refused) = (Vec::new(), Vec::new());
    let result = imap
        .fetch(&ids(wanted.iter().copied()), limit, &mut |fetched| match fetched {
            Fetched::Body(id, body) => given.push((uids(&[id])[0], Some(body))),
            Fetched::Nil(id) => given.push((uids(&[id])[0], None)),
            Fetched::Refused(id, why) => refused.push((uids(&[id])[0], harmless(why))),
            other => panic!("IMAP knows sizes: {other:?}"),
        })
        .await;
    (given, refused, result)
}

/// The text of an error that wants a new connection.
#[track_caller]
pub fn reconnect<T: std::fmt::Debug>(result: Result<T>) -> String {
    match result {
        Err(Error::Reconnect(text)) => harmless(text),
        other => panic!("expected Reconnect, got {other:?}"),
    }
}

/// The text of an error that wants a person.
#[track_caller]
pub fn refused<T: std::fmt::Debug>(result: Result<T>) -> String {
    match result {
        Err(Error::Refused(text)) => harmless(text),
        other => panic!("expected Refused, got {other:?}"),
    }
}

/// The text of an error about an unreadable answer.
#[track_caller]
pub fn unparseable<T: std::fmt::Debug>(result: Result<T>) -> String {
    match result {
        Err(Error::Unparseable(text)) => harmless(text),
        other => panic!("expected Unparseable, got {other:?}"),
    }
}

/// Passes `text` on if it holds neither the password nor mail.
#[track_caller]
pub fn harmless(text: String) -> String {
    assert!(!text.contains(PASSWORD), "shows the password: {text}");
    assert!(!text.contains("PRIVATE"), "shows mail: {text}");
    assert!(text.len() < 600, "too long: {text}");
    text
}
