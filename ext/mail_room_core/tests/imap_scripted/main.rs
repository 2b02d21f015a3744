//! What a real server would not do: the IMAP source against servers that lie, stammer, stop and hang up. Real sockets;
//! where a deadline is tested it is a short one.
#![allow(missing_docs)]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic, clippy::wildcard_imports)]

mod commands;
mod connecting;
mod fetching;
mod marking;
mod oauth;
mod odd_answers;
#[path = "../support/redis.rs"]
mod redis_server;
mod silence;
#[path = "../support/mod.rs"]
mod support;
mod waiting;

use std::time::{Duration, Instant};

use mail_room_core::config::{LogTarget, Mailbox};
use mail_room_core::limits::shutdown::Stop;
use mail_room_core::observe::log::Logs;
use mail_room_core::source::connector::Account;
use mail_room_core::source::imap::{Deadlines, Imap, LoginLimiter};
use mail_room_core::source::{Mark, Source};
use mail_room_core::{Error, Result};
use support::scripted::{Scripted, Talk};
use support::{
    PASSWORD, account, connect, connect_impatient, connect_within, fetch, fetch_and_refused, ids, impatient, mailbox,
    reconnect, refused, uids, unparseable,
};

/// An open session with a server that then plays `script`.
async fn open<F>(capabilities: &'static str, script: impl FnOnce(Talk) -> F + Send + 'static) -> (Imap, Scripted)
where
    F: Future<Output = ()> + Send,
{
    open_within(&Deadlines::default(), capabilities, script).await
}

/// The same with other deadlines.
async fn open_within<F>(
    deadlines: &Deadlines,
    capabilities: &'static str,
    script: impl FnOnce(Talk) -> F + Send + 'static,
) -> (Imap, Scripted)
where
    F: Future<Output = ()> + Send,
{
    let server = Scripted::play(async move |mut talk: Talk| {
        talk.open(capabilities).await;
        script(talk).await;
    });
    let server = server.await;
    let imap = connect_within(&mailbox(server.port), deadlines).await;
    (imap.unwrap(), server)
}

/// The same after a search that found nothing: what SELECT announced is no news any more.
async fn settled<F>(
    deadlines: &Deadlines,
    capabilities: &'static str,
    script: impl FnOnce(Talk) -> F + Send + 'static,
) -> (Imap, Scripted)
where
    F: Future<Output = ()> + Send,
{
    let (mut imap, server) = open_within(deadlines, capabilities, async |mut talk| {
        talk.serve("UID SEARCH UNSEEN", "* SEARCH\r\n").await;
        script(talk).await;
    })
    .await;
    assert!(imap.search().await.unwrap().is_empty());
    (imap, server)
}

fn patient() -> Deadlines {
    Deadlines::default()
}

fn soon() -> Instant {
    Instant::now() + Duration::from_secs(30)
}
