//! Applies the matcher between fetching and delivering: decides which messages are for the app. Delivers and marks nothing.

use std::collections::HashSet;

use serde_json::{Value, json};

use crate::config::{Matching, Unmatched};
use crate::error::Result;
use crate::matching::matcher::{Match, Verdict};
use crate::message::{Message, MessageId};
use crate::observe::progress;
use crate::rejection::Disposition;
use crate::track::retry;
use crate::watch::mailbox::Mailbox;

/// Longest key or address in a log line, in characters. The sender chooses its length.
const SHOWN: usize = 255;

/// What is done with a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Decision {
    Deliver,
    Ignore,
    Reject,
}

/// Removes the messages that are not for the app from `messages`, and logs a line for each message. Ignored messages are
/// finished at the arbiter and only have to be marked. Rejected messages whose senders are notified go to
/// [`Rejection`](crate::rejection::Rejection), which decides them later. Messages that another process has claimed since are
/// left to it.
///
/// # Errors
/// [`Error::TargetDown`](crate::Error::TargetDown) if the arbiter does not answer. Nothing is decided then.
pub(super) async fn triage(mailbox: &Mailbox, scope: &str, messages: &mut Vec<Message>) -> Result<()> {
    let (Some(matcher), Some(config)) = (&mailbox.matcher, &mailbox.account.config.matching) else { return Ok(()) };
    let (mut ignored, mut bounced, mut silent, mut deferred, mut notify) =
        (Vec::new(), Vec::new(), Vec::new(), Vec::new(), Vec::new());
    let mut wanted = Vec::with_capacity(messages.len());
    for message in std::mem::take(messages) {
        let found = matcher.find(&message.body);
        let decision = decide(config, found.verdict);
        if decision == Decision::Deliver || config.dry_run {
            log(mailbox, &message.id, &found, decision, None);
            wanted.push(message);
            continue;
        }
        let id = message.id.clone();
        match mailbox.rejection.as_ref().filter(|_| decision == Decision::Reject) {
            None => {
                log(mailbox, &id, &found, decision, None);
                if found.verdict == Verdict::Bounce { &mut bounced } else { &mut ignored }.push(id);
            }
            Some(rejection) => match rejection.consider(scope, message, &found, notify.len()) {
                Disposition::Silent(why) => {
                    log(mailbox, &id, &found, decision, Some(why));
                    silent.push(id);
                }
                Disposition::Deferred(until) => deferred.push((id, until)),
                Disposition::Notify(pending) => {
                    log(mailbox, &id, &found, decision, None);
                    deferred.push((id, pending.until()));
                    notify.push(*pending);
                }
            },
        }
    }
    *messages = wanted;
    let ids: Vec<_> = deferred.iter().map(|(id, _)| id.clone()).collect();
    // A process that was suspended for long may have lost its claims. It must not notify a sender a second time.
    let ours = mailbox.tracker.arbiter.renew(scope, &ids).await?;
    let lost: HashSet<_> = ids.iter().zip(ours).filter(|(_, ours)| !ours).map(|(id, _)| id.clone()).collect();
    notify.retain(|pending| !lost.contains(pending.id()));
    deferred.into_iter().for_each(|(id, until)| mailbox.tracker.ledger().wait(&id, until));
    // A notice may take long, so it claims the message again when it is sent. A claim that cannot be released expires.
    if !ids.is_empty() {
        mailbox.tracker.claims.release(scope, &ids).await.ok();
    }
    lost.iter().for_each(|id| retry::claim_lost(&mailbox.tracker, id));
    if let Some(rejection) = &mailbox.rejection {
        rejection.enqueue(notify);
    }
    finish(mailbox, scope, &ignored, progress::Outcome::Ignored).await?;
    finish(mailbox, scope, &bounced, progress::Outcome::Bounced).await?;
    finish(mailbox, scope, &silent, progress::Outcome::Rejected).await
}

/// Finishes `ids` at the arbiter, so that they only have to be marked. Counts those that were ours.
async fn finish(mailbox: &Mailbox, scope: &str, ids: &[MessageId], outcome: progress::Outcome) -> Result<()> {
    if ids.is_empty() {
        return Ok(());
    }
    let ours = mailbox.tracker.arbiter.finish(scope, ids).await?;
    let mut settled = Vec::with_capacity(ids.len());
    for (id, ours) in ids.iter().zip(ours) {
        if ours {
            settled.push(id);
        } else {
            retry::claim_lost(&mailbox.tracker, id);
        }
    }
    mailbox.tracker.claims.forget(settled.iter().copied());
    let mut ledger = mailbox.tracker.ledger();
    for id in settled {
        ledger.decided(id, mailbox.tracker.mark());
        mailbox.tracker.progress.count(outcome);
    }
    Ok(())
}

fn decide(config: &Matching, verdict: Verdict) -> Decision {
    match (verdict, config.unmatched) {
        (Verdict::Accepted, _) => Decision::Deliver,
        // The matcher reports these verdicts only where such messages are not delivered.
        (Verdict::AutoReply | Verdict::Bounce, _) => Decision::Ignore,
        (Verdict::Unmatched | Verdict::Empty, Unmatched::Deliver) => Decision::Deliver,
        (Verdict::Unmatched | Verdict::Empty, Unmatched::Ignore) => Decision::Ignore,
        (Verdict::Unmatched | Verdict::Empty, Unmatched::Reject) => Decision::Reject,
    }
}

fn log(mailbox: &Mailbox, id: &MessageId, found: &Match, decision: Decision, silent: Option<&'static str>) {
    if !mailbox.account.log.enabled() {
        return;
    }
    let dry_run = mailbox.account.config.matching.as_ref().is_some_and(|matching| matching.dry_run);
    let decision = match (decision, dry_run) {
        (Decision::Deliver, _) => "deliver",
        (Decision::Ignore, false) => "ignore",
        (Decision::Ignore, true) => "deliver (dry run; ignore without)",
        (Decision::Reject, false) => "reject",
        (Decision::Reject, true) => "deliver (dry run; reject without)",
    };
    let key = found.key.as_ref().map_or(Value::Null, |key| key.chars().take(SHOWN).collect::<String>().into());
    let mut fields = vec![
        ("uid", json!(id)),
        ("decision", decision.into()),
        ("verdict", found.verdict.name().into()),
        ("key", key),
        ("source", found.source.map_or(Value::Null, |source| source.name().into())),
        ("feature", found.feature.map_or(Value::Null, |feature| feature.name().into())),
        ("reason", found.reason.into()),
    ];
    if let Some(why) = silent {
        fields.push(("no_notice", why.into()));
    }
    mailbox.account.log.info("Message matched", &fields);
}
