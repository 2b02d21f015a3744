//! The watched mailbox is deleted, renamed or made anew while we wait.

use super::*;

/// Watches a server whose INBOX, once delivered from, is replaced. Sessions go on with the new one without a word.
async fn replaced(capabilities: &'static str, announces: bool) -> (Odd, Watching) {
    let odd = Odd::start(capabilities, Folder::with(7, [101]), |_, _| Does::AsUsual).await;
    odd.state().announces = announces;
    let mut config = mailbox(odd.port);
    (config.delete_after_delivery, config.expunge_deleted, config.idle_timeout) = (true, true, 1);
    if announces {
        config.idle_timeout = 1740;
    }
    let watching = Watching::start(config);
    watching.until("the first", SOON, |it| it.delivered() == subjects(7, [101])).await;
    watching
        .until("a wait", SOON, |it| odd.state().folder("INBOX").messages.is_empty() && !it.log("Idling").is_empty())
        .await;
    odd.state().folders.insert("INBOX".into(), Folder::with(8, [101]));
    odd.announce();
    (odd, watching)
}

#[tokio::test]
async fn mail_of_a_new_mailbox_is_not_taken_for_that_of_the_old_one() {
    // Announced, found at the renewal of IDLE, found by polling.
    for (capabilities, announces) in [("IDLE UIDPLUS", true), ("IDLE UIDPLUS", false), ("UIDPLUS", false)] {
        let (odd, watching) = replaced(capabilities, announces).await;
        // The search may come before or after the mailbox is known to be another one; the mail must survive both.
        watching.until("the new one", SOON, |it| it.delivered().len() == 2).await;
        assert_eq!(watching.delivered(), ["7/101", "8/101"], "{capabilities:?}");
        watching.until("its end", SOON, |_| odd.state().folder("INBOX").messages.is_empty()).await;
        let told = watching.log("Disconnected. Resetting...");
        assert!(told[0]["error"].as_str().unwrap().contains("replaced"), "{told:?}");
        watching.stop().await;
    }
}

#[tokio::test]
async fn a_mailbox_that_is_gone_is_told_and_looked_for_again() {
    // The second as Cyrus has it: no line, and OK.
    for cyrus in [false, true] {
        let quirk = move |state: &mut State, asked: &Asked<'_>| {
            let gone = cyrus && asked.line.starts_with("UID SEARCH") && !state.folders.contains_key("Support");
            if gone { Does::Say("TAG OK Completed\r\n".into()) } else { Does::AsUsual }
        };
        let odd = Odd::start("IDLE", Folder::with(1, []), quirk).await;
        odd.state().folders.insert("Support".into(), Folder::with(7, [1]));
        let mut config = mailbox(odd.port);
        (config.name, config.idle_timeout) = ("Support".into(), if cyrus { 1740 } else { 1 });
        let watching = Watching::start(config);
        watching.until("a wait", SOON, |it| it.delivered().len() == 1 && !it.log("Idling").is_empty()).await;
        odd.state().folders.remove("Support");
        odd.announce();
        watching.until("an error", SOON, |it| !it.log("Disconnected. Resetting...").is_empty()).await;
        let told = watching.log("Disconnected. Resetting...")[0]["error"].to_string();
        assert!(told.contains("Support") && told.contains("there are: INBOX"), "{told}");
        odd.state().folders.insert("Support".into(), Folder::with(8, [1]));
        watching.until("the new one", SOON, |it| it.delivered() == ["7/1", "8/1"]).await;
        watching.stop().await;
    }
}

#[tokio::test]
async fn a_server_that_leaves_out_the_line_of_an_empty_search_is_taken_as_it_is() {
    for status in [true, false] {
        let quirk = move |state: &mut State, asked: &Asked<'_>| match asked.line {
            line if line.starts_with("UID SEARCH") && state.folder("INBOX").flagged("\\Seen").len() == 2 => {
                Does::Say("TAG OK Completed\r\n".into())
            }
            line if line.starts_with("STATUS") && !status => Does::Say("TAG BAD what?\r\n".into()),
            _ => Does::AsUsual,
        };
        let odd = Odd::start("IDLE", Folder::with(7, 1..=2), quirk).await;
        let watching = Watching::start(mailbox(odd.port));
        watching.until("a wait", SOON, |it| it.delivered().len() == 2 && !it.log("Idling").is_empty()).await;
        assert_eq!((odd.state().connections, watching.log("Disconnected. Resetting...").len()), (1, 0));
        watching.stop().await;
    }
}

#[tokio::test]
async fn exchange_connects_the_login_the_next_time() {
    let quirk = |_: &mut State, asked: &Asked<'_>| match asked.line.starts_with("SELECT") && asked.connection < 3 {
        true => Does::Say("TAG BAD User is authenticated but not connected.\r\n".into()),
        false => Does::AsUsual,
    };
    let odd = Odd::start("IDLE", Folder::with(7, 1..=2), quirk).await;
    let mut watching = Watching::once(mailbox(odd.port));
    watching.finished(SOON).await;
    assert_eq!(sorted(watching.delivered()), subjects(7, 1..=2));
    let told = watching.log("Disconnected. Resetting...");
    assert!(told[0]["backoff_s"].as_f64().unwrap() <= 1.0 && told.len() == 2, "{told:?}");
}
