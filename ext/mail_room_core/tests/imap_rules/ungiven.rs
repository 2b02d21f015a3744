//! Messages that the server lists and does not give.

use super::*;

/// What a server does about commands that name UID 3 and contain this.
fn refuses(what: &'static str, does: fn(&str) -> Does) -> impl FnMut(&mut State, &Asked<'_>) -> Does + Send {
    move |_, asked| if asked.uids.contains(&3) && asked.line.contains(what) { does(asked.line) } else { Does::AsUsual }
}

/// The lines of a FETCH of `uids` but 3, as they should be.
fn others(asked: &Asked<'_>) -> String {
    let line = |uid: &u32| {
        let body = format!("Subject: 7/{uid}\r\n\r\nx");
        match asked.line.contains("RFC822.SIZE") {
            true => format!("* {uid} FETCH (UID {uid} RFC822.SIZE {})\r\n", body.len()),
            false => format!("* {uid} FETCH (UID {uid} BODY[] {{{}}}\r\n{body})\r\n", body.len()),
        }
    };
    asked.uids.iter().filter(|uid| **uid != 3).map(line).collect()
}

/// A mailbox where few tries are enough, so that tests need not wait long.
fn impatient(odd: &Odd) -> mail_room_core::config::Mailbox {
    mail_room_core::config::Mailbox { max_delivery_attempts: 2, ..mailbox(odd.port) }
}

#[tokio::test]
async fn one_message_that_cannot_be_had_does_not_hold_up_the_others() {
    let forms: [fn(&str) -> Does; 5] = [
        |_| Does::Say("TAG NO [SERVERBUG] internal error\r\n".into()),
        |_| Does::Say("TAG NO cannot\r\n".into()),
        |_| Does::Say("TAG BAD cannot\r\n".into()),
        |_| Does::HangUp("* BYE internal error\r\n".into()),
        |_| Does::HangUp(String::new()),
    ];
    for what in ["UID FETCH", "BODY.PEEK"] {
        for (form, does) in forms.into_iter().enumerate() {
            let odd = Odd::start("IDLE", Folder::with(7, 1..=8), refuses(what, does)).await;
            let watching = Watching::start(impatient(&odd));
            let took = watching.until("seven", SOON, |it| it.delivered().len() == 7).await;
            assert!(took < Duration::from_secs(8), "{what}, form {form}: {took:?}");
            assert_eq!(sorted(watching.delivered()), subjects(7, [1, 2, 4, 5, 6, 7, 8]));
            watching.until("a warning", SOON, |it| !it.log("Message not fetched").is_empty()).await;
            assert!(watching.log("Message not fetched").iter().all(|line| line["uid"] == 3), "{what}, form {form}");
            // A new one is not held up either.
            odd.state().folder("INBOX").messages.extend(Folder::with(7, [9]).messages);
            odd.announce();
            watching.until("the new one", Duration::from_secs(8), |it| it.delivered().contains(&"7/9".into())).await;
            watching
                .until("the end of it", Duration::from_secs(60), |_| {
                    odd.state().folder("INBOX").flagged("\\Flagged") == [3]
                })
                .await;
            watching.until("a line of it", SOON, |it| !it.log("Message set aside").is_empty()).await;
            let aside = watching.log("Message set aside");
            assert!(aside.len() == 1 && aside[0]["uid"] == 3, "{aside:?}");
            assert_eq!(odd.state().folder("INBOX").flagged("\\Seen"), (1..=9).collect::<Vec<_>>());
            let (connections, asked) = {
                let state = odd.state();
                (state.connections, state.count("UID FETCH"))
            };
            assert!(
                connections <= 12 && asked <= 80,
                "{what}, form {form}: {connections} connections, {asked} fetches"
            );
            watching.stop().await;
        }
    }
}

#[tokio::test]
async fn one_of_two_thousand_is_found_in_a_few_connections() {
    let quirk = |_: &mut State, asked: &Asked<'_>| {
        let names_it = asked.uids.contains(&777) && asked.line.contains("UID FETCH");
        if names_it { Does::HangUp(String::new()) } else { Does::AsUsual }
    };
    let odd = Odd::start("", Folder::with(7, 1..=2000), quirk).await;
    let watching = Watching::start(mailbox(odd.port));
    watching.until("all but one", SOON, |it| it.watched.tracker.progress.snapshot().delivered == 1999).await;
    watching.until("a warning", SOON, |it| !it.log("Message not fetched").is_empty()).await;
    let connections = odd.state().connections;
    assert!(connections <= 6, "{connections} connections");
    assert_eq!(sorted(watching.delivered()), subjects(7, (1..=2000).filter(|uid| *uid != 777)));
    watching.stop().await;
}

#[tokio::test]
async fn a_server_that_refuses_everything_is_not_the_messages_fault() {
    for transient in ["NO [UNAVAILABLE] later", "NO later", "BAD later"] {
        let mut asked_for = 0;
        let odd = Odd::start("IDLE", Folder::with(7, 1..=8), move |_, asked| {
            asked_for += usize::from(asked.line.contains("UID FETCH"));
            let refuses = asked.line.contains("UID FETCH") && asked_for < 60;
            if refuses { Does::Say(format!("TAG {transient}\r\n")) } else { Does::AsUsual }
        })
        .await;
        let watching = Watching::start(mailbox(odd.port));
        watching.until("all of them", Duration::from_secs(60), |it| it.delivered().len() == 8).await;
        assert_eq!(sorted(watching.delivered()), subjects(7, 1..=8), "{transient}");
        assert!(watching.log("Message set aside").is_empty());
        watching.stop().await;
    }
}

#[tokio::test]
async fn an_empty_body_of_a_message_that_has_a_size_is_not_the_mail() {
    let courier = "From: System Administrator <root@localhost>\r\nSubject: message unavailable\r\n\r\n\
                   This message is no longer available on the server.\r\n";
    let placeholder = format!("{{{}}}\r\n{courier}", courier.len());
    for body in ["{0}\r\n", "\"\"", "NIL", &placeholder] {
        let body = body.to_owned();
        let told = body.clone();
        let quirk = move |_: &mut State, asked: &Asked<'_>| match asked.uids.contains(&3) {
            true if asked.line.contains("BODY.PEEK") => {
                let others = others(asked);
                Does::Say(format!("* 3 FETCH (UID 3 BODY[] {told})\r\n{others}TAG OK done\r\n"))
            }
            _ => Does::AsUsual,
        };
        let odd = Odd::start("IDLE", Folder::with(7, 1..=4), quirk).await;
        let mut config = mailbox(odd.port);
        config.matching = Some(serde_json::from_value(serde_json::json!({
            "address": "incoming+%{key}@example.com", "gitlab_host": null, "also_accept": [], "auto_replies": "ignore",
            "unmatched": "ignore", "dry_run": false
        })).unwrap());
        let watching = Watching::start(config);
        watching.until("the others", SOON, |_| odd.state().folder("INBOX").flagged("\\Seen") == [1, 2, 4]).await;
        watching.until("a warning", SOON, |it| !it.log("Message without a body").is_empty()).await;
        let warnings = watching.log("Message without a body");
        assert!(warnings.len() == 1 && warnings[0]["uid"] == 3, "{body}: {warnings:?}");
        // Asked again after 10 s, and neither delivered nor marked.
        watching.until("another try", SOON, |it| it.log("Message without a body").len() == 2).await;
        assert_eq!(odd.state().folder("INBOX").flagged("\\Seen"), [1, 2, 4], "{body}");
        assert!(watching.delivered().is_empty());
        watching.stop().await;
    }
}

#[tokio::test]
async fn a_message_whose_size_was_told_as_zero_is_empty_mail() {
    let mut inbox = Folder::with(7, 1..=2);
    inbox.messages.get_mut(&1).unwrap().body.clear();
    let odd = Odd::start("IDLE", inbox, |_, _| Does::AsUsual).await;
    let watching = Watching::start(mailbox(odd.port));
    watching.until("both", SOON, |it| it.watched.tracker.progress.snapshot().delivered == 2).await;
    watching.until("marks", SOON, |_| odd.state().folder("INBOX").flagged("\\Seen") == [1, 2]).await;
    assert!(watching.log("Message without a body").is_empty());
    watching.stop().await;
}

#[tokio::test]
async fn a_message_without_a_size_is_fetched_all_the_same() {
    for line in ["", "* 3 FETCH (UID 3 FLAGS ())\r\n"] {
        let quirk = move |_: &mut State, asked: &Asked<'_>| {
            if !asked.line.contains("RFC822.SIZE") {
                return Does::AsUsual;
            }
            let others = others(asked);
            Does::Say(format!("{line}{others}TAG OK FETCH completed\r\n"))
        };
        let odd = Odd::start("IDLE", Folder::with(7, 1..=8), quirk).await;
        let watching = Watching::start(mailbox(odd.port));
        watching.until("all", SOON, |it| it.delivered().len() == 8).await;
        assert_eq!(sorted(watching.delivered()), subjects(7, 1..=8));
        watching.until("a warning", SOON, |it| !it.log("Message without a size").is_empty()).await;
        let warnings = watching.log("Message without a size");
        assert!(warnings.len() == 1 && warnings[0]["uid"] == 3, "{warnings:?}");
        watching.stop().await;
    }
}

#[tokio::test]
async fn a_message_that_is_listed_and_passed_over_is_told_and_set_aside_in_the_end() {
    // Cyrus with a file of its spool gone; and another that says nothing at all.
    for words in ["* OK Message 3 no longer exists\r\n", ""] {
        let quirk = move |_: &mut State, asked: &Asked<'_>| {
            let fetches_it = asked.uids.contains(&3) && asked.line.contains("UID FETCH");
            if !fetches_it {
                return Does::AsUsual;
            }
            let others = others(asked);
            Does::Say(format!("{others}{words}TAG OK FETCH completed\r\n"))
        };
        let odd = Odd::start("IDLE", Folder::with(7, 1..=8), quirk).await;
        let watching = Watching::start(impatient(&odd));
        watching.until("seven", SOON, |it| it.watched.tracker.progress.snapshot().delivered == 7).await;
        watching.until("a warning", SOON, |it| !it.log("Message not fetched").is_empty()).await;
        assert_eq!(watching.log("Message not fetched")[0]["uid"], 3);
        watching
            .until("the end", Duration::from_secs(60), |_| odd.state().folder("INBOX").flagged("\\Flagged") == [3])
            .await;
        watching.until("a line of it", SOON, |it| it.log("Message set aside").len() == 1).await;
        watching.stop().await;
    }
}
