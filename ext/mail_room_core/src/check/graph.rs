//! Opens a folder of Microsoft Graph as a watcher does, and notes each step. Changes nothing.

use std::sync::Arc;

use super::report::Report;
use crate::config::{Graph, Mailbox};
use crate::error::Result;
use crate::observe::log::Logs;
use crate::source::graph::client::Client;
use crate::source::graph::connector::client;
use crate::source::graph::folder::{self, Folder};
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
        let (exists, watched) = report.step(step, look(&client, name, &folder)).await?;
        report.fact("exists", exists);
        report.fact("watched", watched);
    }
    Some(())
}

/// Whether there is the folder that `name` means, and whether it is the one that is watched.
async fn look(client: &Client, name: &str, watched: &Folder) -> Result<(bool, bool)> {
    match folder::look(client, name).await? {
        Some(folder) => Ok((true, folder::same(client, &folder, watched).await?)),
        None => Ok((false, false)),
    }
}
