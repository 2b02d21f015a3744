//! Messages that are set aside by COPY, on a server that then does not mark them.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use super::*;

#[tokio::test]
async fn a_message_that_was_copied_and_could_not_be_marked_is_not_copied_again() {
    let refuses = Arc::new(AtomicBool::new(true));
    let refusing = refuses.clone();
    let quirk = move |_: &mut State, asked: &Asked<'_>| {
        let removes = asked.line.contains("\\Deleted") && asked.uids.contains(&1);
        match removes && refusing.load(Ordering::Acquire) {
            true => Does::Say("TAG NO [SERVERBUG] cannot store it now\r\n".into()),
            false => Does::AsUsual,
        }
    };
    let odd = Odd::start("IDLE UIDPLUS", Folder::with(7, 1..=2), quirk).await;
    let mut config = mailbox(odd.port);
    (config.max_message_size, config.failed_mailbox) = (3, Some("Failed".into()));
    let watching = Watching::start(config);
    let not_marked = |watching: &Watching| watching.log("Message not marked").iter().any(|line| line["uid"] == 1);
    watching.until("the refusal", SOON, not_marked).await;
    watching.until("the other", SOON, |_| odd.state().folder("INBOX").messages.keys().eq(&[1])).await;
    assert_eq!(odd.state().folder("Failed").messages.len(), 2);
    refuses.store(false, Ordering::Release);
    watching.until("the first", SOON, |_| odd.state().folder("INBOX").messages.is_empty()).await;
    let copies: Vec<_> = odd.state().folder("Failed").messages.values().map(|stored| stored.body.clone()).collect();
    assert_eq!(copies, [1, 2].map(|uid| format!("Subject: 7/{uid}\r\n\r\nx").into_bytes()));
    watching.until("two lines", SOON, |it| it.log("Message set aside").len() == 2).await;
    watching.stop().await;
}
