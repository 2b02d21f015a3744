//! The time limit of a mailbox that is worked through once. It has to end, whatever servers do.

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use crate::limits::shutdown::{STOP_WITHIN, Stop};
use crate::observe::log::Severity;
use crate::observe::progress::{Snapshot, State};
use crate::watch::mailbox::Mailbox;

/// Waits for `watching`, and gives the mailbox up after `stall_timeout` without progress. Messages in flight are then finished
/// or released, as after any stop.
pub(crate) async fn work_through(
    watching: impl Future<Output = ()>,
    mailbox: Arc<Mailbox>,
    stall_timeout: Duration,
    stop: Stop,
) {
    let stopped = async {
        tokio::select! {
            () = stop.wait() => {}
            () = stalled(&mailbox, stall_timeout) => {}
        }
        mailbox.account.stop.ask();
        mailbox.account.stop.wait_and(STOP_WITHIN).await;
    };
    tokio::select! {
        () = watching => {}
        () = stopped => {}
    }
}

/// Returns after `stall_timeout` without progress, with a log line.
async fn stalled(mailbox: &Mailbox, stall_timeout: Duration) {
    while let Some(left) =
        stall_timeout.checked_sub(mailbox.tracker.progress.still_for()).filter(|left| !left.is_zero())
    {
        tokio::time::sleep(left).await;
    }
    let why = match mailbox.tracker.progress.snapshot() {
        // The last notices are under way. They have a deadline of their own.
        Snapshot { state: State::Finished, .. } => return std::future::pending().await,
        Snapshot { state: State::Disconnected | State::Paused, trouble: Some(trouble), .. } => trouble,
        Snapshot { state: State::Starting, .. } => "it was still connecting".to_owned(),
        Snapshot { left, .. } => {
            format!("what is left ({left}) is under way, waits for its next try, or is claimed by another process")
        }
    };
    give_up(mailbox, &format!("there was no progress for {} s; {why}", stall_timeout.as_secs()));
}

/// Logs and records that the mailbox cannot be worked through.
pub(crate) fn give_up(mailbox: &Mailbox, why: &str) {
    mailbox.tracker.progress.trouble(State::GivenUp, why);
    mailbox.account.log.line(Severity::Error, "Giving up", &[("error", why.into())]);
}
