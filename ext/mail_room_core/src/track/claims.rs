//! The claims that one watcher holds: renewed while it works, released afterwards.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::time::timeout;

use crate::arbiter::Arbiter;
use crate::error::Result;
use crate::message::MessageId;

/// How long releasing claims may take. A claim that is not released expires.
const RELEASE_WITHIN: Duration = Duration::from_secs(2);

/// Claims that one watcher holds.
#[derive(Debug)]
pub struct Claims {
    arbiter: Arc<Arbiter>,
    held: Mutex<Held>,
}

#[derive(Debug, Default)]
struct Held {
    scope: String,
    ids: BTreeSet<MessageId>,
}

impl Claims {
    pub(super) fn new(arbiter: Arc<Arbiter>) -> Self {
        Self { arbiter, held: Mutex::default() }
    }

    /// Records that these claims are held.
    pub(crate) fn hold<'a>(&self, scope: &str, ids: impl Iterator<Item = &'a MessageId>) {
        let mut held = self.held();
        if held.scope != scope {
            *held = Held { scope: scope.to_owned(), ids: BTreeSet::new() };
        }
        held.ids.extend(ids.cloned());
    }

    /// Records that these claims are settled or lost.
    pub(crate) fn forget<'a>(&self, ids: impl Iterator<Item = &'a MessageId>) {
        let mut held = self.held();
        for id in ids {
            held.ids.remove(id);
        }
    }

    /// Renews the claims every third of their life, until dropped.
    pub(crate) async fn keep(&self) {
        let Some(mut ticks) = self.arbiter.renewals() else { return std::future::pending().await };
        loop {
            ticks.tick().await;
            let (scope, ids) = self.held_now();
            if ids.is_empty() {
                continue;
            }
            // If Redis does not answer, nothing is lost: delivering checks the claim again.
            if let Ok(still_ours) = self.arbiter.renew(&scope, &ids).await {
                self.forget(ids.iter().zip(still_ours).filter(|(_, ours)| !ours).map(|(id, _)| id));
            }
        }
    }

    /// Releases all claims that are still held, so that no process has to wait for them.
    pub(crate) async fn release_all(&self) {
        let (scope, ids) = self.held_now();
        if !ids.is_empty() {
            self.release(&scope, &ids).await.ok();
        }
    }

    /// Releases these claims, within 2 s.
    pub(crate) async fn release(&self, scope: &str, ids: &[MessageId]) -> Result<()> {
        self.forget(ids.iter());
        timeout(RELEASE_WITHIN, self.arbiter.release(scope, ids)).await.unwrap_or(Ok(()))
    }

    fn held_now(&self) -> (String, Vec<MessageId>) {
        let held = self.held();
        (held.scope.clone(), held.ids.iter().cloned().collect())
    }

    fn held(&self) -> MutexGuard<'_, Held> {
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
