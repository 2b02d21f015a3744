//! Opens a folder of Microsoft Graph as a watcher does, and notes each step. Changes nothing.

use std::sync::Arc;

use super::report::Report;
use crate::config::{Graph, Mailbox};
use crate::observe::log::Logs;
use crate::source::graph::connector::client;
use crate::source::graph::folder;
use crate::source::graph::lister::Lister;
use crate::source::graph::size::Sizes;
use crate::source::graph::throttle::Throttles;

/// Steps `prepared`, `token`, `folder`, `unread`, and `failed_mailbox` and `delivered_mailbox` (if they are configured).
pub(super) async fn check(mailbox: &Mailbox, graph: &Graph, report: &mut Report) -> Option<()> {
    let prepared = async {
        let log = Logs::default().log(None, &mailbox.email, &mailbox.name)?;
        client(mailbox, graph, &mut Throttles::default(), (&log, &Arc::default()))
    };
    let client = Arc::new(report.step("prepared", prepared).await?);
    let roles = report.step("token", client.roles()).await?;
    if let Some(roles) = roles {
        report.fact("roles", roles);
    }
    let folder = report.step("folder", folder::find(&client, &mailbox.name)).await?;
    let mut sizes = Sizes::new(mailbox.max_message_size);
    let unread =
        report.step("unread", Lister::since(graph.since.as_deref()).unread(&client, &folder, &mut sizes)).await?;
    report.fact("unread", unread.len());
    let folders = [("failed_mailbox", &mailbox.failed_mailbox), ("delivered_mailbox", &mailbox.delivered_mailbox)];
    for (step, name) in folders {
        let Some(name) = name else { continue };
        let exists = report.step(step, folder::exists(&client, name)).await?;
        report.fact("exists", exists);
    }
    Some(())
}
