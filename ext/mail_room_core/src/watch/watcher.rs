//! Watches one mailbox: connects, sweeps, waits, sweeps, and reconnects when the connection is lost. Ends only when a stop
//! is asked for. A mailbox that is worked through once also ends when nothing is left, or when the server refuses us;
//! `once` watches its time limit.

use std::time::{Duration, Instant};

use crate::error::{Error, Result};
use crate::limits::backoff::{Backoff, seconds};
use crate::limits::shutdown::Stop;
use crate::observe::counts::Disconnect;
use crate::observe::log::Severity;
use crate::observe::progress::{Snapshot, State};
use crate::rejection::Rejection;
use crate::source::Source;
use crate::source::connector::Connector;
use crate::watch::mailbox::Mailbox;
use crate::watch::once::give_up;
use crate::watch::sweep::{acknowledge_decided, sweep};
use crate::watch::trouble;

/// First and longest delay between connections.
const RECONNECT: (Duration, Duration) = (Duration::from_secs(1), Duration::from_secs(60));
/// The same while the server refuses us. More frequent logins may lock the account.
const REFUSED: (Duration, Duration) = (Duration::from_secs(5), Duration::from_secs(300));
/// Delay before the next connection if the last one narrowed down which message ends connections, and how often in a row
/// without a delivery. It is short because all other messages wait for it.
const NARROWING: (Duration, u32) = (Duration::from_millis(250), 12);
/// First pause while a target is down. The delivery method sets the longest.
const PAUSE: Duration = Duration::from_millis(500);
/// How often the connection is kept alive during a pause that new mail does not end.
const LISTEN_EVERY: Duration = Duration::from_secs(60);
/// A connection that lasted this long, or delivered a message, resets the backoff.
const GOOD_AFTER: Duration = Duration::from_secs(60);
/// How long messages in flight may take after a stop was asked for. The rest of the 25 s is for logging out.
const FINISH_WITHIN: Duration = Duration::from_secs(20);
/// How long a command may take then if nothing is in flight, so that a silent server does not delay the end.
const ANSWER_WITHIN: Duration = Duration::from_millis(800);
/// How often to check whether messages are still in flight.
const LOOK_EVERY: Duration = Duration::from_millis(50);
/// The wait if nothing is due. The source itself may check earlier.
const FOREVER: Duration = Duration::from_secs(24 * 3600);
/// The shortest wait between two sweeps without new mail.
const LOOK_AGAIN: Duration = Duration::from_millis(100);
/// First and longest wait for messages that are being decided outside the sweep.
const DECIDED: (Duration, Duration) = (Duration::from_millis(500), Duration::from_secs(10));
/// How long a notice in flight may take after a stop was asked for.
const NOTICE_WITHIN: Duration = Duration::from_secs(10);

/// How often to check messages that others have claimed or that are in backoff, if the mailbox is worked through once.
const ONCE_AGAIN: Duration = Duration::from_secs(1);

/// Watches until a stop is asked for, or works through the mailbox once.
pub async fn watch<C: Connector>(connector: &C, mailbox: &Mailbox) {
    let rejecting = async {
        match &mailbox.rejection {
            Some(rejection) => Box::pin(rejection.serve(&mailbox.tracker, &mailbox.account.stop)).await,
            None => std::future::pending().await,
        }
    };
    let ended = Stop::new();
    let watching = async {
        tokio::select! {
            biased;
            () = keep_connected(connector, mailbox) => {}
            // It must not return: that would drop messages in flight.
            never = rejecting => match never {},
        }
        ended.ask();
    };
    tokio::join!(watching, trouble::tell(mailbox, &ended));
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
        mailbox.tracker.progress.disconnected(reason(&error), &error.to_string());
        if started.elapsed() >= GOOD_AFTER || mailbox.tracker.progress.snapshot().delivered > delivered {
            reconnect.reset();
            refused.reset();
            narrowings = 0;
        }
        let narrowed = mailbox.tracker.ledger().fetch_failures().take_narrowed();
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
    mailbox.tracker.claims.release_all().await;
    let Snapshot { delivered, ignored, bounced, rejected, .. } = mailbox.tracker.progress.snapshot();
    let counts = [("delivered", delivered), ("ignored", ignored), ("bounced", bounced), ("rejected", rejected)];
    let fields = counts.map(|(name, count)| (name, count.into()));
    mailbox.account.log.info("Watcher stopped", &fields);
}

/// What monitoring counts an error as.
fn reason(error: &Error) -> Disconnect {
    match error {
        Error::Reconnect(_) => Disconnect::Connection,
        Error::Unparseable(_) => Disconnect::Unparseable,
        Error::Refused(_) => Disconnect::Refused,
        Error::NoMailbox(_) => Disconnect::NoMailbox,
        Error::Throttled { .. } => Disconnect::Throttled,
        _ => Disconnect::Other,
    }
}

/// Runs one connection, from login to logout. What takes long only now and then is boxed: the future of a mailbox that waits
/// keeps no room for it. With 500 mailboxes that is a third of the memory.
async fn live<C: Connector>(connector: &C, mailbox: &Mailbox) -> Result<()> {
    let mut source = tokio::select! {
        biased;
        () = mailbox.account.stop.wait() => return Err(Error::Stopped),
        source = Box::pin(connector.connect(&mailbox.account)) => source?,
    };
    let mut pause = Backoff::new(PAUSE, mailbox.delivery.longest_pause());
    let mut deciding = Backoff::new(DECIDED.0, DECIDED.1);
    let mut delivered = mailbox.tracker.progress.snapshot().delivered;
    while !mailbox.account.stop.asked() {
        mailbox.account.log.info("Processing started", &[]);
        mailbox.tracker.progress.turn(State::Working);
        let swept = tokio::select! {
            biased;
            swept = Box::pin(sweep(&mut source, mailbox)) => swept,
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
            // The source has logged it.
            Err(Error::Throttled { retry_after, .. }) => {
                _ = mailbox.account.stop.sleep(pause.at_least(Some(retry_after))).await;
            }
            Err(Error::TargetDown { what, retry_after }) => {
                pause_for(&mut source, mailbox, &what, retry_after, &mut pause).await?;
            }
            Err(Error::CircuitBreakerOpen(what)) => pause_for(&mut source, mailbox, &what, None, &mut pause).await?,
            Err(error) => return Err(error),
        }
    }
    if let Some(rejection) = &mailbox.rejection {
        // A message whose notice was sent has to be marked, or its sender is notified again.
        rejection.finish(NOTICE_WITHIN).await;
        Box::pin(acknowledge_decided(&mut source, mailbox)).await?;
    }
    mailbox.account.log.info("Quitting connection...", &[]);
    source.logout().await;
    Ok(())
}

/// When to sweep again without new mail. Never at once, so that no error can make us search without a pause.
fn next_look(mailbox: &Mailbox, deciding: &mut Backoff) -> Instant {
    let now = Instant::now();
    let next = mailbox.tracker.ledger().next_try().unwrap_or(now + FOREVER).max(now + LOOK_AGAIN);
    let deciding_now = mailbox.rejection.as_ref().is_some_and(Rejection::is_pending);
    if deciding_now || mailbox.tracker.ledger().is_to_mark(now) {
        // A message that was decided outside the sweep has to be marked.
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

/// Returns some time after a stop was asked for: soon if nothing is in flight and no mark is due, else when the time for
/// that is over.
async fn time_is_up(mailbox: &Mailbox) {
    let last = mailbox.account.stop.wait_and(FINISH_WITHIN);
    let nothing_in_flight = async {
        mailbox.account.stop.wait_and(ANSWER_WITHIN).await;
        while mailbox.has_in_flight() || mailbox.tracker.ledger().is_to_mark(Instant::now()) {
            tokio::time::sleep(LOOK_EVERY).await;
        }
    };
    tokio::select! {
        () = last => {}
        () = nothing_in_flight => {}
    }
}

/// Pauses while the target is down. The connection is kept. Fetched messages are dropped and fetched again later, so that
/// other mailboxes can use the memory. New mail ends the pause, because the target may take it; but not before the time
/// that the target asked for, nor before [`PAUSE`], so that senders cannot hurry us.
async fn pause_for<S: Source>(
    source: &mut S,
    mailbox: &Mailbox,
    what: &str,
    retry_after: Option<Duration>,
    pause: &mut Backoff,
) -> Result<()> {
    let delay = pause.at_least(retry_after);
    log_pause(mailbox, what, delay);
    let now = Instant::now();
    let (until, earliest) = (now + delay, now + delay.min(retry_after.unwrap_or_default().max(PAUSE)));
    loop {
        wait(source, until, mailbox).await?;
        let left = earliest.saturating_duration_since(Instant::now());
        // The source reports new mail once. From here on there is some, and the next search lists it.
        if left.is_zero() || !mailbox.account.stop.sleep(left.min(LISTEN_EVERY)).await || left <= LISTEN_EVERY {
            break;
        }
    }
    if Instant::now() < until {
        mailbox.tracker.ledger().newest_first();
    }
    Ok(())
}

fn log_pause(mailbox: &Mailbox, what: &str, delay: Duration) {
    mailbox.tracker.progress.trouble(State::Paused, what);
    let fields = [("error", what.into()), ("backoff_s", seconds(delay))];
    mailbox.account.log.line(Severity::Error, "Delivery paused", &fields);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::arbiter::Arbiter;
    use crate::delivery::Delivery;
    use crate::limits::shutdown::Stop;
    use crate::message::MessageId;
    use crate::source::Mark;
    use crate::watch::mailbox::tests::{config, mailbox};

    #[test]
    fn a_mailbox_is_never_searched_without_a_pause() {
        let config = config(serde_json::json!({ "search_command": "UNDELETED", "max_message_size": 1000 }));
        let mailbox = mailbox(config, Arbiter::Noop, Delivery::Noop, &Stop::new());
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
