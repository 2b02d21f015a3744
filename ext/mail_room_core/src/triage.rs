//! Decided between fetching and handing over: which messages are for the app at all. Hands nothing over and marks nothing.

use serde_json::{Value, json};

use crate::config::{Matching, Unmatched};
use crate::error::Result;
use crate::matcher::{Match, Verdict};
use crate::message::{Message, MessageId};
use crate::progress::Fate;
use crate::watched::Watched;

/// Characters of a key or address in a log line; the sender chooses how long they are.
const SHOWN: usize = 255;

/// Takes the messages that nobody wants out of `messages` and says so in the log, a line a message. They are noted at the
/// arbiter as delivered, and decided: only to be marked now. What another process has by now is left to it.
///
/// # Errors
/// [`Error::TargetDown`](crate::Error::TargetDown) if the arbiter cannot be told: nothing is decided then.
pub(crate) async fn ignore(watched: &Watched, scope: &str, messages: &mut Vec<Message>) -> Result<()> {
    let (Some(matcher), Some(config)) = (&watched.matcher, &watched.config.matching) else { return Ok(()) };
    let mut ignored = Vec::new();
    messages.retain(|message| {
        let found = matcher.find(&message.body);
        let wanted = is_wanted(config, found.verdict);
        log(watched, &message.id, &found, wanted);
        if !wanted && !config.dry_run {
            ignored.push(message.id.clone());
            return false;
        }
        true
    });
    if ignored.is_empty() {
        return Ok(());
    }
    let mut ours = watched.arbiter.finish(scope, &ignored).await?.into_iter();
    let (settled, lost): (Vec<_>, Vec<_>) = ignored.into_iter().partition(|_| ours.next().unwrap_or(false));
    watched.let_go(settled.iter().chain(&lost));
    let mut memory = watched.memory();
    let now = std::time::Instant::now();
    for id in &lost {
        memory.wait(id, now + crate::sweep::RETRY.0);
    }
    for id in &settled {
        memory.decided(id, watched.mark());
        watched.progress.count(Fate::Ignored);
    }
    Ok(())
}

fn is_wanted(config: &Matching, verdict: Verdict) -> bool {
    match verdict {
        Verdict::Accepted => true,
        // The matcher finds none where they are to be delivered.
        Verdict::AutoReply => false,
        Verdict::Unmatched | Verdict::Empty => config.unmatched == Unmatched::Deliver,
    }
}

fn log(watched: &Watched, id: &MessageId, found: &Match, wanted: bool) {
    if !watched.log.enabled() {
        return;
    }
    let dry_run = watched.config.matching.as_ref().is_some_and(|matching| matching.dry_run);
    let decision = match (wanted, dry_run) {
        (true, _) => "deliver",
        (false, false) => "ignore",
        (false, true) => "deliver (dry run; ignore without)",
    };
    let key = found.key.as_ref().map_or(Value::Null, |key| key.chars().take(SHOWN).collect::<String>().into());
    watched.log.info(
        "Message matched",
        &[
            ("uid", json!(id)),
            ("decision", decision.into()),
            ("verdict", found.verdict.name().into()),
            ("key", key),
            ("source", found.source.map_or(Value::Null, |source| source.name().into())),
            ("feature", found.feature.map_or(Value::Null, |feature| feature.name().into())),
            ("reason", found.reason.into()),
        ],
    );
}
