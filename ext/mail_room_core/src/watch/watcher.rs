//! The life of one mailbox: connect, sweep, wait, sweep, and again from the start when the connection is lost. Ends only
//! when a stop is asked for: the outside world is no reason. Or, if it is to be worked through once, when nothing is left;
//! then also when the server refuses us, which takes a person. Who looks at the clock in that case is the supervisor.

use std::time::{Duration, Instant};

use crate::error::{Error, Result};
use crate::limits::backoff::{Backoff, seconds};
use crate::observe::log::Severity;
use crate::observe::progress::{Snapshot, State};
use crate::rejection::Rejection;
use crate::source::Source;
use crate::source::connector::Connector;
use crate::watch::mailbox::Mailbox;
use crate::watch::once::give_up;
use crate::watch::sweep::{mark_decided, sweep};

/// Delays between connections, first and longest.
const RECONNECT: (Duration, Duration) = (Duration::from_secs(1), Duration::from_secs(60));
/// The same while the server refuses us: asking too often locks accounts.
const REFUSED: (Duration, Duration) = (Duration::from_secs(5), Duration::from_secs(300));
/// Delay before the next connection if the last one ended over a message that is being narrowed down, and how often in a
/// row while no message is delivered: everybody else's mail waits for it.
const NARROWING: (Duration, u32) = (Duration::from_millis(250), 12);
/// First pause while a target is down; the longest is the delivery's.
const PAUSE: Duration = Duration::from_millis(500);
/// During a pause that no news ends, the server hears from us this often all the same.
const LISTEN_EVERY: Duration = Duration::from_secs(60);
/// A connection that lived this long, or brought a message, was a good one: the next failure starts anew.
const GOOD_AFTER: Duration = Duration::from_secs(60);
/// What is in flight has this long when a stop is asked for; the rest of the 25 s is for saying goodbye.
const FINISH_WITHIN: Duration = Duration::from_secs(20);
/// A command has this long then if nothing is in flight, so that a silent server does not hold up the end.
const ANSWER_WITHIN: Duration = Duration::from_millis(800);
/// How often it is looked whether something still is in flight.
const LOOK_EVERY: Duration = Duration::from_millis(50);
/// Without anything to wait for, the source itself decides when it looks again.
const FOREVER: Duration = Duration::from_secs(24 * 3600);
/// The soonest that a mailbox is looked at again although nothing new has come.
const LOOK_AGAIN: Duration = Duration::from_millis(100);
/// How soon it is looked for what is being decided beside the sweep: at first, and at the latest.
const DECIDED: (Duration, Duration) = (Duration::from_millis(500), Duration::from_secs(10));
/// How long a notice that is being sent may take when a stop is asked for.
const NOTICE_WITHIN: Duration = Duration::from_secs(10);

/// How often it is looked whether what others have claimed, or what waits for its next try, is still there, if the mailbox
/// is to be worked through once.
const ONCE_AGAIN: Duration = Duration::from_secs(1);

/// Watches until a stop is asked for, or works through the mailbox once.
pub async fn watch<C: Connector>(connector: &C, mailbox: &Mailbox) {
    let rejecting = async {
        match &mailbox.rejection {
            Some(rejection) => rejection.serve(&mailbox.tracker, &mailbox.account.stop).await,
            None => std::future::pending().await,
        }
    };
    tokio::select! {
        biased;
        () = keep_connected(connector, mailbox) => {}
        () = rejecting => {}
    }
}

async fn keep_connected<C: Connector>(connector: &C, mailbox: &Mailbox) {
    mailbox.account.log.info("Setting up watcher", &[]);
    let mut reconnect = Backoff::new(RECONNECT.0, RECONNECT.1);
    let mut refused = Backoff::new(REFUSED.0, REFUSED.1);
    let mut narrowings = 0;
    while !mailbox.account.stop.asked() {
        let (started, delivered) = (Instant::now(), mailbox.tracker.progress.snapshot().delivered);
        let Err(error) = live(connector, mailbox).await else { break };
        if matches!(error, Error::Stopped) {
            break;
        }
        if mailbox.once && matches!(error, Error::Refused(_) | Error::NoMailbox(_) | Error::Configuration(_)) {
            give_up(mailbox, &error.to_string());
            break;
        }
        mailbox.tracker.progress.trouble(State::Disconnected, &error.to_string());
        if started.elapsed() >= GOOD_AFTER || mailbox.tracker.progress.snapshot().delivered > delivered {
            reconnect.reset();
            refused.reset();
            narrowings = 0;
        }
        let narrowed = mailbox.tracker.ledger().ungiven_messages().take_narrowed();
        let delay = match error {
            Error::Refused(_) | Error::Configuration(_) => refused.delay(),
            Error::Throttled { retry_after, .. } => reconnect.at_least(Some(retry_after)),
            _ if narrowed && narrowings < NARROWING.1 => {
                narrowings += 1;
                NARROWING.0
            }
            _ => reconnect.delay(),
        };
        mailbox.account.log.line(
            Severity::Warn,
            "Disconnected. Resetting...",
            &[("error", error.to_string().into()), ("backoff_s", seconds(delay))],
        );
        mailbox.account.stop.sleep(delay).await;
    }
    mailbox.tracker.release_claims().await;
    let Snapshot { delivered, ignored, rejected, .. } = mailbox.tracker.progress.snapshot();
    let fields = [("delivered", delivered.into()), ("ignored", ignored.into()), ("rejected", rejected.into())];
    mailbox.account.log.info("Watcher stopped", &fields);
}

/// One connection, from login to its end.
async fn live<C: Connector>(connector: &C, mailbox: &Mailbox) -> Result<()> {
    let mut source = tokio::select! {
        biased;
        () = mailbox.account.stop.wait() => return Err(Error::Stopped),
        source = connector.connect(&mailbox.account) => source?,
    };
    let mut pause = Backoff::new(PAUSE, mailbox.delivery.longest_pause());
    let mut deciding = Backoff::new(DECIDED.0, DECIDED.1);
    let mut delivered = mailbox.tracker.progress.snapshot().delivered;
    while !mailbox.account.stop.asked() {
        mailbox.account.log.info("Processing started", &[]);
        mailbox.tracker.progress.turn(State::Working);
        let swept = tokio::select! {
            biased;
            swept = sweep(&mut source, mailbox) => swept,
            () = time_is_up(mailbox) => return Err(Error::Stopped),
        };
        if std::mem::replace(&mut delivered, mailbox.tracker.progress.snapshot().delivered) != delivered {
            pause.reset();
        }
        match swept {
            Ok(()) => {
                pause.reset();
                let mut until = next_look(mailbox, &mut deciding);
                if mailbox.once && !mailbox.account.stop.asked() {
                    if mailbox.tracker.progress.snapshot().left == 0 {
                        mailbox.tracker.progress.turn(State::Finished);
                        break;
                    }
                    until = until.min(Instant::now() + ONCE_AGAIN);
                }
                mailbox.account.log.info("Idling", &[]);
                mailbox.tracker.progress.turn(State::Idle);
                wait(&mut source, until, mailbox).await?;
            }
            // Said where the server said so.
            Err(Error::Throttled { retry_after, .. }) => {
                _ = mailbox.account.stop.sleep(pause.at_least(Some(retry_after))).await;
            }
            Err(Error::TargetDown { what, retry_after }) => {
                pause_for(&mut source, mailbox, &what, retry_after, &mut pause).await?;
            }
            Err(Error::TargetDoubted(what)) => pause_for(&mut source, mailbox, &what, None, &mut pause).await?,
            Err(error) => return Err(error),
        }
    }
    if let Some(rejection) = &mailbox.rejection {
        // A notice that is out has to be marked, or it goes out again.
        rejection.finish(NOTICE_WITHIN).await;
        mark_decided(&mut source, mailbox).await?;
    }
    mailbox.account.log.info("Quitting connection...", &[]);
    source.logout().await;
    Ok(())
}

/// When the mailbox is looked at again although nothing new has come. Never at once: whatever is wrong, a server is not
/// searched without pause.
fn next_look(mailbox: &Mailbox, deciding: &mut Backoff) -> Instant {
    let now = Instant::now();
    let next = mailbox.tracker.ledger().next_try().unwrap_or(now + FOREVER).max(now + LOOK_AGAIN);
    let deciding_now = mailbox.rejection.as_ref().is_some_and(Rejection::is_pending);
    if deciding_now || mailbox.tracker.ledger().is_to_mark(now) {
        // Decided beside the sweep: somebody has to mark it.
        return next.min(now + deciding.delay());
    }
    deciding.reset();
    next
}

async fn wait<S: Source>(source: &mut S, until: Instant, mailbox: &Mailbox) -> Result<()> {
    tokio::select! {
        biased;
        waited = source.wait(until, &mailbox.account.stop) => waited,
        () = time_is_up(mailbox) => Err(Error::Stopped),
    }
}

/// Returns when a stop was asked for and there is no use in waiting any longer. What the server does not yet know of is
/// worth waiting for; the answer to a search is not.
async fn time_is_up(mailbox: &Mailbox) {
    let last = mailbox.account.stop.wait_and(FINISH_WITHIN);
    let nothing_in_flight = async {
        mailbox.account.stop.wait_and(ANSWER_WITHIN).await;
        while mailbox.is_handing_over() || mailbox.tracker.ledger().is_to_mark(Instant::now()) {
            tokio::time::sleep(LOOK_EVERY).await;
        }
    };
    tokio::select! {
        () = last => {}
        () = nothing_in_flight => {}
    }
}

/// The target is down, or taken to be. The connection is kept; what was fetched is given up and fetched again, so that the
/// memory is there for the mailboxes whose targets are up. A new message ends the pause: it may be one that the target
/// takes. It ends neither what the target itself asked for, nor the first [`PAUSE`]: senders cannot make us hurry.
async fn pause_for<S: Source>(
    source: &mut S,
    mailbox: &Mailbox,
    what: &str,
    retry_after: Option<Duration>,
    pause: &mut Backoff,
) -> Result<()> {
    let delay = pause.at_least(retry_after);
    tell_pause(mailbox, what, delay);
    let now = Instant::now();
    let (until, earliest) = (now + delay, now + delay.min(retry_after.unwrap_or_default().max(PAUSE)));
    loop {
        wait(source, until, mailbox).await?;
        let left = earliest.saturating_duration_since(Instant::now());
        // The source tells news once: from here on something has come, and the next search finds it.
        if left.is_zero() || !mailbox.account.stop.sleep(left.min(LISTEN_EVERY)).await || left <= LISTEN_EVERY {
            break;
        }
    }
    if Instant::now() < until {
        mailbox.tracker.ledger().newest_first();
    }
    Ok(())
}

fn tell_pause(mailbox: &Mailbox, what: &str, delay: Duration) {
    mailbox.tracker.progress.trouble(State::Paused, what);
    let fields = [("error", what.into()), ("backoff_s", seconds(delay))];
    mailbox.account.log.line(Severity::Error, "Delivery paused", &fields);
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::arbiter::Arbiter;
    use crate::delivery::Delivery;
    use crate::limits::memory_budget::{Budget, ENCODING_OCTETS, PROCESS_OCTETS};
    use crate::limits::shutdown::Stop;
    use crate::message::MessageId;
    use crate::observe::log::Logs;
    use crate::source::Mark;

    #[test]
    fn a_mailbox_is_never_searched_without_a_pause() {
        let config = serde_json::from_value(serde_json::json!({
            "name": "inbox", "email": "a@example.com", "password": "p", "host": "localhost", "port": 143,
            "security": "plain", "search_command": "UNDELETED", "limit_max_unread": 0, "idle_timeout": 60,
            "delete_after_delivery": false, "expunge_deleted": false, "max_message_size": 1000, "max_delivery_attempts": 5,
            "delivery": { "method": "noop" }, "arbitration": { "method": "noop" }
        }))
        .unwrap();
        let log = Logs::default().log(None, "a@example.com", "inbox").unwrap();
        let budgets = (Budget::new(PROCESS_OCTETS), Budget::new(ENCODING_OCTETS));
        let mailbox = Mailbox::new(config, Arc::new(Arbiter::Noop), Delivery::Noop, budgets, log, Stop::new());
        let mut deciding = Backoff::new(DECIDED.0, DECIDED.1);
        let mut pause = || next_look(&mailbox, &mut deciding).saturating_duration_since(Instant::now());
        assert!(pause() > Duration::from_secs(3600), "nothing to do");
        // Decided, and marked by nobody, sweep after sweep.
        mailbox.tracker.ledger().decided(&MessageId::Uid(1), Mark::Seen);
        let looks: Vec<_> = (0..10).map(|_| pause()).collect();
        assert!(looks.iter().all(|pause| *pause >= Duration::from_millis(200)), "{looks:?}");
        assert!(looks.iter().skip(6).all(|pause| *pause >= Duration::from_secs(4)), "ever more rarely: {looks:?}");
        assert!(looks.iter().all(|pause| *pause <= DECIDED.1), "{looks:?}");
        mailbox.tracker.ledger().acknowledged(&[MessageId::Uid(1)], Mark::Seen);
        // Waits whose time is over.
        mailbox.tracker.ledger().wait(&MessageId::Uid(2), Instant::now());
        assert!(pause() >= Duration::from_millis(90), "a wait that is over");
    }
}
