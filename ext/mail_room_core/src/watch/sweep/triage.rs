//! Decided between fetching and handing over: which messages are for the app at all. Hands nothing over and marks nothing.

use std::collections::HashSet;

use serde_json::{Value, json};

use crate::config::{Matching, Unmatched};
use crate::error::Result;
use crate::matching::matcher::{Match, Verdict};
use crate::message::{Message, MessageId};
use crate::observe::progress;
use crate::rejection::Fate;
use crate::track::retry;
use crate::watch::mailbox::Mailbox;

/// Characters of a key or address in a log line; the sender chooses how long they are.
const SHOWN: usize = 255;

/// What is to become of a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Decision {
    Deliver,
    Ignore,
    Reject,
}

/// Takes the messages that nobody wants out of `messages` and says so in the log, a line a message. Those ignored are noted
/// at the arbiter as delivered, and decided: only to be marked now. What another process has by now is left to it. Those
/// whose senders are told go on to the rejection, which decides about them later.
///
/// # Errors
/// [`Error::TargetDown`](crate::Error::TargetDown) if the arbiter cannot be told: nothing is decided then.
pub(super) async fn triage(mailbox: &Mailbox, scope: &str, messages: &mut Vec<Message>) -> Result<()> {
    let (Some(matcher), Some(config)) = (&mailbox.matcher, &mailbox.account.config.matching) else { return Ok(()) };
    let (mut ignored, mut silent, mut later, mut told) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
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
                ignored.push(id);
            }
            Some(rejection) => match rejection.consider(scope, message, &found, told.len()) {
                Fate::Silent(why) => {
                    log(mailbox, &id, &found, decision, Some(why));
                    silent.push(id);
                }
                Fate::Later(until) => later.push((id, until)),
                Fate::Told(pending) => {
                    log(mailbox, &id, &found, decision, None);
                    later.push((id, pending.until()));
                    told.push(*pending);
                }
            },
        }
    }
    *messages = wanted;
    let ids: Vec<_> = later.iter().map(|(id, _)| id.clone()).collect();
    // Theirs by now: a process that stood still for long must not tell a sender again.
    let ours = mailbox.tracker.arbiter.renew(scope, &ids).await?;
    let lost: HashSet<_> = ids.iter().zip(ours).filter(|(_, ours)| !ours).map(|(id, _)| id.clone()).collect();
    told.retain(|pending| !lost.contains(pending.id()));
    later.into_iter().for_each(|(id, until)| mailbox.tracker.ledger().wait(&id, until));
    // Not held any longer: a notice may take its time, and claims anew. One that cannot be given back ends by itself.
    if !ids.is_empty() {
        mailbox.tracker.release(scope, &ids).await.ok();
    }
    lost.iter().for_each(|id| retry::lost(&mailbox.tracker, id));
    if let Some(rejection) = &mailbox.rejection {
        rejection.tell(told);
    }
    settle(mailbox, scope, &ignored, progress::Fate::Ignored).await?;
    settle(mailbox, scope, &silent, progress::Fate::Rejected).await
}

/// Nothing more is to be done about `ids` but to mark them. Those that were ours are counted.
async fn settle(mailbox: &Mailbox, scope: &str, ids: &[MessageId], fate: progress::Fate) -> Result<()> {
    if ids.is_empty() {
        return Ok(());
    }
    let ours = mailbox.tracker.arbiter.finish(scope, ids).await?;
    let mut settled = Vec::with_capacity(ids.len());
    for (id, ours) in ids.iter().zip(ours) {
        if ours {
            settled.push(id);
        } else {
            retry::lost(&mailbox.tracker, id);
        }
    }
    mailbox.tracker.forget_claims(settled.iter().copied());
    let mut memory = mailbox.tracker.ledger();
    for id in settled {
        memory.decided(id, mailbox.tracker.mark());
        mailbox.tracker.progress.count(fate);
    }
    Ok(())
}

fn decide(config: &Matching, verdict: Verdict) -> Decision {
    match (verdict, config.unmatched) {
        (Verdict::Accepted, _) => Decision::Deliver,
        // The matcher finds none where they are to be delivered.
        (Verdict::AutoReply, _) => Decision::Ignore,
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
