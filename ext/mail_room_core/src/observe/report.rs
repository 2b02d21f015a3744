//! Writes the status of each mailbox into its log when somebody asks for it (SIGUSR1).

use std::sync::Arc;

use serde_json::{Value, json};
use tokio::sync::Notify;

use crate::observe::log::Log;
use crate::observe::progress::Progress;
use crate::observe::state::Snapshot;

static REQUESTED: Notify = Notify::const_new();

/// Asks every supervisor of the process for a line for each mailbox.
pub fn request() {
    REQUESTED.notify_waiters();
}

/// Writes the lines until dropped.
pub(crate) async fn serve(mailboxes: Vec<(Log, Arc<Progress>)>) {
    loop {
        REQUESTED.notified().await;
        for (log, progress) in &mailboxes {
            log.info("Status", &fields(&progress.snapshot()));
        }
    }
}

fn fields(snapshot: &Snapshot) -> Vec<(&'static str, Value)> {
    let mut fields = vec![
        ("state", json!(snapshot.state)),
        ("state_s", snapshot.state_seconds.into()),
        ("delivered", snapshot.delivered.into()),
        ("ignored", snapshot.ignored.into()),
        ("rejected", snapshot.rejected.into()),
        ("set_aside", snapshot.set_aside.into()),
        ("elsewhere", snapshot.elsewhere.into()),
        ("left", snapshot.left.into()),
        ("last_hour", snapshot.last_hour.into()),
        ("disconnects", snapshot.disconnects.into()),
        ("pauses", snapshot.pauses.into()),
    ];
    if let Some(trouble) = &snapshot.trouble {
        fields.push(("error", trouble.as_str().into()));
    }
    fields
}
