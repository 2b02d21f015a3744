//! Waiting for news: IDLE (RFC 2177), or a pause and NOOP where the server has no IDLE or a broken one.
//!
//! The server, the stop signal or the end of the wait wakes us. After 90 s of silence DONE and a new IDLE prove that the server
//! is still there; it has 15 s to answer. All other clocks are absolute: keepalives do not postpone the end of the wait.
//!
//! IDLE uses the library's lower calls: its handle gives the session back only after a DONE that is answered OK, takes a
//! hang-up for an interruption, and restarts its clock at every keepalive.

use std::time::Duration;

use tokio::time::{Instant, sleep_until, timeout_at};

use super::identity;
use super::session::{Reply, Session, ok};
use crate::error::{Error, Result};
use crate::limits::shutdown::Stop;
use crate::transport::imap_stream::{Expected, Kind, Status, out_of_step};

/// How long a server that complains of IDLE in an untagged line may take to answer it after all.
const GRACE: Duration = Duration::from_secs(2);

/// Waits for news until `until` or a stop, or until it is time to search for other reasons: after `idle_timeout`. Returns
/// whether IDLE announced nothing until it was to be renewed.
pub(crate) async fn wait(session: &mut Session, idle_timeout: Duration, until: Instant, stop: &Stop) -> Result<bool> {
    if stop.asked() {
        return Ok(false);
    }
    let idles = session.idles();
    let renewal = Instant::now() + idle_timeout.min(session.deadlines.idle);
    let waited = if idles {
        idle(session, until.min(renewal), stop).await
    } else {
        pause(session, idle_timeout, until, stop).await
    };
    // The caller searches now, so what came in so far is no longer news.
    let news = std::mem::take(&mut session.control.lock().notes.news) || stop.asked();
    waited.map(|()| !news && idles && session.idles() && Instant::now() >= renewal)
}

/// One IDLE after the other. The end of each proves that the server is still there.
async fn idle(session: &mut Session, until: Instant, stop: &Stop) -> Result<()> {
    while !session.has_news() && !stop.asked() && Instant::now() < until {
        session.imap.as_mut().release_buffer();
        if !one_idle(session, until, stop).await? {
            session.idle_works = false;
            return pause(session, session.deadlines.poll, until, stop).await;
        }
    }
    Ok(())
}

/// IDLE until there is news, a stop, silence for so long that the server must prove that it is there, or `until`. Returns
/// false if the server does not do IDLE.
async fn one_idle(session: &mut Session, until: Instant, stop: &Stop) -> Result<bool> {
    session.control.begin(session.deadlines.done, Expected::default());
    let tag = session.send("IDLE").await?;
    if !accepted(session, &tag).await? {
        return Ok(false);
    }
    session.control.wait();
    let mut silent_at = Instant::now() + session.deadlines.idle_silence;
    while !session.has_news() {
        let response = tokio::select! {
            biased;
            () = stop.wait() => break,
            () = sleep_until(until.min(silent_at)) => break,
            response = session.response() => response?,
        };
        match response {
            // We have not sent DONE.
            Reply::Tagged(answered, _) if answered == tag => return Ok(false),
            Reply::Tagged(..) => return Err(out_of_step()),
            Reply::Continue => {}
            _ => silent_at = Instant::now() + session.deadlines.idle_silence,
        }
    }
    done(session, &tag, stop).await?;
    Ok(true)
}

/// Waits for IDLE's `+`. A refusal may be tagged or not.
async fn accepted(session: &mut Session, tag: &str) -> Result<bool> {
    // The stream's deadline ends the wait before this one, until it is lifted.
    let mut give_up_at = Instant::now() + session.deadlines.done.saturating_mul(2);
    loop {
        let Ok(response) = timeout_at(give_up_at, session.response()).await else {
            // It will not answer this tag any more.
            return Ok(false);
        };
        match response? {
            Reply::Continue => return Ok(true),
            Reply::Tagged(answered, _) if answered == tag => return Ok(false),
            Reply::Tagged(..) => return Err(out_of_step()),
            Reply::Untagged(Status { kind: Kind::Bad | Kind::No, .. }) => {
                give_up_at = give_up_at.min(Instant::now() + GRACE);
                session.control.wait();
            }
            _ => {}
        }
    }
}

/// Ends IDLE. What is announced until the answer is news, too.
async fn done(session: &mut Session, tag: &str, stop: &Stop) -> Result<()> {
    // A stop does not wait for a slow server.
    let limit = if stop.asked() { session.deadlines.logout } else { session.deadlines.done };
    session.control.restart_clock(limit);
    // The reason of a failure shows in the answer.
    let _ = session.imap.run_command_untagged("DONE").await;
    match answer(session, tag).await {
        Ok(status) if status.kind == Kind::Ok => Ok(()),
        Ok(_) => {
            session.idle_works = false;
            Ok(())
        }
        Err(Error::Reconnect(text)) => Err(Error::Reconnect(format!("IDLE did not end: {text}"))),
        Err(error) => Err(error),
    }
}

/// Waits for the answer to `tag`.
async fn answer(session: &mut Session, tag: &str) -> Result<Status> {
    loop {
        match session.response().await? {
            Reply::Tagged(answered, status) if answered == tag => return Ok(status),
            Reply::Tagged(..) | Reply::Continue => return Err(out_of_step()),
            _ => {}
        }
    }
}

/// Waits, then asks with NOOP (RFC 3501 section 6.1.2). In between the server may announce news, or hang up.
async fn pause(session: &mut Session, idle_timeout: Duration, until: Instant, stop: &Stop) -> Result<()> {
    let until = until.min(Instant::now() + idle_timeout.min(session.deadlines.poll));
    session.imap.as_mut().release_buffer();
    session.control.wait();
    while !session.has_news() {
        tokio::select! {
            biased;
            () = stop.wait() => return Ok(()),
            () = sleep_until(until) => break,
            response = session.unsolicited() => response?,
        }
    }
    session.control.begin(session.deadlines.done, Expected::default());
    let asked = session.imap.noop().await;
    let (status, _) = session.answered(asked)?;
    if status.kind == Kind::No && !status.is_transient() {
        // There may be no mailbox any more.
        return identity::select_again(session).await;
    }
    ok(status, "NOOP")
}
