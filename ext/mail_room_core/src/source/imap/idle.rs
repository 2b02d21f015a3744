//! Waiting for news: IDLE (RFC 2177), or a nap and NOOP where the server has no IDLE or makes a mess of it.
//!
//! Who wakes us: the server, the stop signal, the end of the wait. Who makes sure that the server is still there: a
//! DONE and a new IDLE after 90 s of silence, answered within 15 s. All clocks but that one are absolute; a server's
//! keepalives do not push the end of the wait away.

use std::time::Duration;

use tokio::time::{Instant, sleep_until, timeout_at};

use super::command::Command;
use super::identity;
use super::parse::{Data, Kind, Reply, Status};
use super::response::Nothing;
use super::session::{Budget, Session, ok, out_of_step};
use crate::control::Stop;
use crate::error::{Error, Result};

/// How long a server that grumbles at IDLE with an untagged line may take to answer it after all.
const GRUMBLE: Duration = Duration::from_secs(2);

/// How a wait ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Waited {
    /// There is news, or a stop was asked for.
    News,
    /// IDLE announced nothing until it was to be renewed.
    Silent,
    /// Nothing is known to be new, and the time was up.
    Quiet,
}

/// Waits for news until `until` or a stop, or until it is time to search for other reasons: after `idle_timeout`.
pub(super) async fn wait(session: &mut Session, idle_timeout: Duration, until: Instant, stop: &Stop) -> Result<Waited> {
    if stop.asked() {
        return Ok(Waited::News);
    }
    let idles = session.capabilities.idle && session.idle_works;
    let renewal = Instant::now() + idle_timeout.min(session.deadlines.idle);
    let waited = if idles {
        idle(session, until.min(renewal), stop).await
    } else {
        nap(session, idle_timeout, until, stop).await
    };
    // The caller searches now, or knows why not: what came in has been told.
    let news = std::mem::take(&mut session.news) || stop.asked();
    waited.map(|()| match news {
        true => Waited::News,
        false if idles && session.idle_works && Instant::now() >= renewal => Waited::Silent,
        false => Waited::Quiet,
    })
}

/// Why one IDLE ended.
enum End {
    /// Time is up, news, or a stop.
    Over,
    /// It was silent for so long that the server must show it is there.
    Silent,
    /// The server does not do IDLE.
    Unwilling,
}

async fn idle(session: &mut Session, until: Instant, stop: &Stop) -> Result<()> {
    // One IDLE after the other, each proof that the server is there.
    while !session.news && !stop.asked() && Instant::now() < until {
        session.wire.rest();
        match one_idle(session, until, stop).await? {
            End::Over => break,
            End::Silent => {}
            End::Unwilling => {
                session.idle_works = false;
                return nap(session, session.deadlines.poll, until, stop).await;
            }
        }
    }
    Ok(())
}

async fn one_idle(session: &mut Session, until: Instant, stop: &Stop) -> Result<End> {
    session.wire.begin(session.deadlines.done);
    let tag = session.next_tag();
    session.send(format!("A{tag} IDLE\r\n").as_bytes()).await?;
    if !accepted(session, tag).await? {
        return Ok(End::Unwilling);
    }
    let mut silent_at = Instant::now() + session.deadlines.idle_silence;
    let mut budget = Budget::new();
    let end = loop {
        if session.news {
            break End::Over;
        }
        tokio::select! {
            biased;
            () = stop.wait() => break End::Over,
            () = sleep_until(until) => break End::Over,
            () = sleep_until(silent_at) => break End::Silent,
            readable = session.wire.readable() => readable?,
        }
        // The line has begun; its end must not take long.
        session.wire.begin(session.deadlines.done);
        match session.response(&mut Nothing, &mut budget).await? {
            Reply::Untagged(_) => silent_at = Instant::now() + session.deadlines.idle_silence,
            Reply::Go(_) => {}
            // Nobody said DONE.
            Reply::Tagged(answered, _) if answered == tag => return Ok(End::Unwilling),
            Reply::Tagged(..) => return Err(out_of_step()),
        }
    };
    done(session, tag, stop).await?;
    Ok(end)
}

/// Waits for IDLE's `+`. A refusal may be tagged or not.
async fn accepted(session: &mut Session, tag: u64) -> Result<bool> {
    let mut budget = Budget::new();
    let mut patience: Option<Instant> = None;
    loop {
        if let Some(patience) = patience {
            match timeout_at(patience, session.wire.readable()).await {
                Ok(readable) => readable?,
                // It will not answer this tag any more.
                Err(_) => return Ok(false),
            }
        }
        match session.response(&mut Nothing, &mut budget).await? {
            Reply::Go(_) => return Ok(true),
            Reply::Tagged(answered, _) if answered == tag => return Ok(false),
            Reply::Tagged(..) => return Err(out_of_step()),
            Reply::Untagged(Data::Status(Status { kind: Kind::Bad | Kind::No, .. })) => {
                patience.get_or_insert(Instant::now() + GRUMBLE);
            }
            Reply::Untagged(_) => {}
        }
    }
}

/// Ends IDLE. What is announced until the answer is news, too.
async fn done(session: &mut Session, tag: u64, stop: &Stop) -> Result<()> {
    // Whoever wants to stop waits for no slow server.
    let limit = if stop.asked() { session.deadlines.logout } else { session.deadlines.done };
    session.wire.begin(limit);
    session.send(b"DONE\r\n").await?;
    match session.answer(tag, &mut Nothing, &mut Budget::new()).await {
        Ok(status) if status.kind == Kind::Ok => Ok(()),
        Ok(_) => {
            session.idle_works = false;
            Ok(())
        }
        Err(Error::Reconnect(text)) => Err(Error::Reconnect(format!("IDLE did not end: {text}"))),
        Err(error) => Err(error),
    }
}

/// Sleeps and asks with NOOP (RFC 3501 section 6.1.2). A server may tell news, or hang up, in between.
async fn nap(session: &mut Session, idle_timeout: Duration, until: Instant, stop: &Stop) -> Result<()> {
    let until = until.min(Instant::now() + idle_timeout.min(session.deadlines.poll));
    session.wire.rest();
    let mut budget = Budget::new();
    while !session.news {
        tokio::select! {
            biased;
            () = stop.wait() => return Ok(()),
            () = sleep_until(until) => break,
            readable = session.wire.readable() => readable?,
        }
        session.wire.begin(session.deadlines.done);
        if !matches!(session.response(&mut Nothing, &mut budget).await?, Reply::Untagged(_)) {
            return Err(out_of_step());
        }
    }
    let status = session.run_within(session.deadlines.done, &Command::new("NOOP"), &mut Nothing).await?;
    if status.kind == Kind::No && !status.is_transient() {
        // There may be no mailbox any more.
        return identity::select_again(session).await;
    }
    ok(status, "NOOP")
}
