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

/// Steps `prepared`, `token`, `folder` and `unread`.
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
    let unread = report.step("unread", Lister::default().unread(&client, &folder, &mut sizes)).await?;
    report.fact("unread", unread.len());
    Some(())
}
