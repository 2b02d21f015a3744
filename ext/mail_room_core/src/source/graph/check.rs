//! Asking Graph as a watcher does, one step after the other, each noted. Reads only: no message is marked.

use super::connector;
use super::lane::Lanes;
use super::size::Sizes;
use super::{folder, page};
use crate::check::Report;
use crate::config::{Graph, Mailbox};
use crate::journal::Journal;

/// Steps `prepared`, `token`, `folder` and `unread`.
pub(crate) async fn check(mailbox: &Mailbox, graph: &Graph, report: &mut Report) -> Option<()> {
    let client = async {
        let log = Journal::default().log(None, &mailbox.email, &mailbox.name)?;
        connector::client(mailbox, graph, &mut Lanes::default(), &log)
    };
    let client = report.step("prepared", client).await?;
    report.step("token", client.log_in()).await?;
    let folder = report.step("folder", folder::find(&client, &mailbox.name)).await?;
    let mut sizes = Sizes::new(mailbox.max_message_size);
    let unread = report.step("unread", page::unread(&client, &folder, &mut sizes)).await?;
    report.fact("unread", unread.len());
    Some(())
}
