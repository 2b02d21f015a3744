//! Getting to a folder of Graph as a watcher does, one step after the other, each noted. Changes nothing.

use std::sync::Arc;

use super::connector::client;
use super::folder;
use super::lane::Lanes;
use super::page::Lister;
use super::size::Sizes;
use crate::check::Report;
use crate::config::{Graph, Mailbox};
use crate::observe::log::Journal;

/// Steps `prepared`, `token`, `folder` and `unread`.
pub(crate) async fn check(mailbox: &Mailbox, graph: &Graph, report: &mut Report) -> Option<()> {
    let prepared = async {
        let log = Journal::default().log(None, &mailbox.email, &mailbox.name)?;
        client(mailbox, graph, &mut Lanes::default(), &log)
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
