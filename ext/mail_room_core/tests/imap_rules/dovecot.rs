//! The same rules against a real server.

use std::os::unix::fs::PermissionsExt;

use super::*;
use crate::support::connect;
use crate::support::dovecot::Dovecot;
use mail_room_core::source::Source;

fn mail(n: u32) -> Vec<u8> {
    format!("From: a@example.com\r\nSubject: 7/{n}\r\n\r\nx\r\n").into_bytes()
}

fn name(n: u32) -> String {
    format!("{:010}.M{n:06}.test", 1_700_000_000 + n)
}

/// How many messages a search finds in `folder`.
async fn found(port: u16, folder: &str, program: &str) -> usize {
    let mut config = mailbox(port);
    (config.name, config.search_command) = (folder.into(), program.into());
    connect(&config).await.unwrap().search().await.unwrap().len()
}

#[tokio::test]
async fn a_file_that_may_not_be_read_does_not_hold_up_the_others() {
    let dovecot = Dovecot::start();
    (1..=8).for_each(|n| dovecot.deliver(&name(n), &mail(n)));
    std::fs::set_permissions(dovecot.file(&name(3)), std::fs::Permissions::from_mode(0o000)).unwrap();
    let watching = Watching::start(mailbox(dovecot.port));
    watching.until("seven", SOON, |it| it.delivered().len() == 7).await;
    assert_eq!(sorted(watching.delivered()), subjects(7, [1, 2, 4, 5, 6, 7, 8]));
    watching.until("a warning", SOON, |it| it.log("Message not fetched").iter().any(|line| line["uid"] == 3)).await;
    dovecot.deliver(&name(9), &mail(9));
    watching.until("a new one", SOON, |it| it.delivered().contains(&"7/9".into())).await;
    watching.until("the end of it", Duration::from_secs(60), |it| !it.log("Message set aside").is_empty()).await;
    watching.until("its mark", SOON, |it| it.watched.tracker.ledger().to_mark().is_empty()).await;
    assert_eq!(found(dovecot.port, "INBOX", "FLAGGED").await, 1);
    watching.stop().await;
}

#[tokio::test]
async fn a_mailbox_made_anew_is_noticed_and_its_mail_delivered() {
    for rename in [false, true] {
        let dovecot = Dovecot::start();
        dovecot.doveadm(&["mailbox", "create", "Support"]);
        dovecot.deliver_into("Support", &name(1), &mail(1));
        let mut config = mailbox(dovecot.port);
        (config.name, config.idle_timeout) = ("Support".into(), 2);
        let watching = Watching::start(config);
        watching.until("a wait", SOON, |it| it.delivered().len() == 1 && !it.log("Idling").is_empty()).await;
        match rename {
            true => dovecot.doveadm(&["mailbox", "rename", "Support", "Old"]),
            false => dovecot.doveadm(&["mailbox", "delete", "Support"]),
        }
        watching
            .until("an error", SOON, |it| {
                it.log("Disconnected. Resetting...")
                    .iter()
                    .any(|line| line["error"].to_string().contains("there are: "))
            })
            .await;
        dovecot.doveadm(&["mailbox", "create", "Support"]);
        dovecot.deliver_into("Support", &name(2), &mail(2));
        watching.until("the new one", SOON, |it| it.delivered() == subjects(7, [1, 2])).await;
        watching.stop().await;
    }
}

#[tokio::test]
async fn names_without_the_prefix_are_found_and_made_below_it() {
    let dovecot = Dovecot::start_below("INBOX.");
    dovecot.doveadm(&["mailbox", "create", "INBOX.Support"]);
    dovecot.deliver_into("Support", &name(1), &mail(1));
    dovecot.deliver_into("Support", &name(2), &[b"Subject: large\r\n\r\n".as_slice(), &[b'x'; 3000]].concat());
    let mut config = mailbox(dovecot.port);
    (config.name, config.failed_mailbox, config.max_message_size) = ("Support".into(), Some("Failed".into()), 1000);
    let watching = Watching::start(config);
    watching
        .until("both", SOON, |it| it.delivered().len() == 1 && it.watched.tracker.progress.snapshot().set_aside == 1)
        .await;
    watching.until("their marks", SOON, |it| it.watched.tracker.ledger().to_mark().is_empty()).await;
    assert!(watching.log("Set aside in place").is_empty(), "{:?}", watching.log("Set aside in place"));
    watching.stop().await;
    assert_eq!(found(dovecot.port, "INBOX.Failed", "ALL").await, 1);
    assert_eq!(found(dovecot.port, "INBOX.Support", "ALL").await, 1);
}
