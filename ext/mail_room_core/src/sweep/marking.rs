//! Telling the server what was decided: marks, and expunging what we marked deleted. Decides nothing.

use std::time::Instant;

use serde_json::json;

use super::Decision;
use crate::error::Result;
use crate::journal::Severity;
use crate::message::MessageId;
use crate::source::{Mark, Source};
use crate::watched::Watched;

/// Marks what was decided beside the sweep.
pub(crate) async fn mark_decided<S: Source>(source: &mut S, watched: &Watched) -> Result<()> {
    let decided = watched.memory().unacknowledged();
    let marked = mark(source, watched, &decided).await?;
    let told = marked.into_iter().filter(|(_, mark)| *mark != Mark::SetAside).map(|(id, _)| id).collect();
    settle_acknowledged(watched, source.scope(), told).await;
    expunge(source, watched, 1).await
}

/// Marks messages whose fate is decided, however long ago. Returns those the server has marked.
pub(super) async fn mark<S: Source>(source: &mut S, watched: &Watched, decided: &[Decision]) -> Result<Vec<Decision>> {
    let mut marked = Vec::with_capacity(decided.len());
    for mark in [Mark::Seen, Mark::Deleted, Mark::SetAside] {
        let mut ids: Vec<_> = decided.iter().filter(|(_, wanted)| *wanted == mark).map(|(id, _)| id.clone()).collect();
        if !ids.is_empty() {
            source.mark(&ids, mark).await?;
            for (id, why) in source.unmarked() {
                ids.retain(|marked| *marked != id);
                let backoff = watched.memory().unmarked(&id, Instant::now()).as_secs();
                let fields = [("uid", json!(id)), ("error", why.into()), ("backoff_s", backoff.into())];
                watched.log.line(Severity::Warn, "Message not marked", &fields);
            }
            watched.memory().acknowledged(&ids, mark);
            marked.extend(ids.into_iter().map(|id| (id, mark)));
            if let Some(complaint) = source.complaint() {
                watched.log.line(Severity::Error, "Set aside in place", &[("error", complaint.into())]);
            }
        }
    }
    Ok(marked)
}

/// The server knows: the claims need not live much longer. Only tidiness: they end by themselves.
pub(super) async fn settle_acknowledged(watched: &Watched, scope: &str, ids: Vec<MessageId>) {
    if !ids.is_empty() {
        watched.arbiter.acknowledged(scope, &ids).await.ok();
    }
}

/// Expunges what we have marked deleted, if asked to and if it is at least `least` messages.
pub(super) async fn expunge<S: Source>(source: &mut S, watched: &Watched, least: usize) -> Result<()> {
    if !(watched.config.delete_after_delivery && watched.config.expunge_deleted) {
        return Ok(());
    }
    let ids: Vec<_> = watched.memory().to_expunge().iter().cloned().collect();
    if ids.len() < least {
        return Ok(());
    }
    source.expunge(&ids).await?;
    watched.memory().expunged(&ids);
    Ok(())
}
