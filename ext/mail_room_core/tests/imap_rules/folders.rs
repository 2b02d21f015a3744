//! Where messages go that are set aside.

use super::*;

/// Watches a mailbox whose one message is too large, with a folder for it.
fn too_large(odd: &Odd) -> Watching {
    let mut config = mailbox(odd.port);
    (config.max_message_size, config.failed_mailbox) = (3, Some("Failed".into()));
    Watching::start(config)
}

#[tokio::test]
async fn move_that_is_announced_and_refused_is_done_in_three_steps() {
    for refusal in ["NO MOVE extension not supported", "BAD what?"] {
        // And a server that has its own word for a folder that is not there.
        let quirk = move |state: &mut State, asked: &Asked<'_>| match asked.line {
            line if line.starts_with("UID MOVE") => Does::Say(format!("TAG {refusal}\r\n")),
            line if line.starts_with("UID COPY") && !state.folders.contains_key("Failed") => {
                Does::Say("TAG BAD no such thing\r\n".into())
            }
            _ => Does::AsUsual,
        };
        let odd = Odd::start("IDLE MOVE UIDPLUS", Folder::with(7, [1]), quirk).await;
        let watching = too_large(&odd);
        watching.until("the move", SOON, |_| odd.state().folder("INBOX").messages.is_empty()).await;
        let moved = odd.state().folder("Failed").clone();
        assert_eq!(
            (moved.messages.len(), moved.flagged("\\Flagged"), moved.flagged("\\Deleted")),
            (1, vec![1], vec![])
        );
        assert!(watching.log("Set aside in place").is_empty());
        watching.stop().await;
    }
}

#[tokio::test]
async fn a_folder_that_can_only_be_below_a_prefix_is_made_there() {
    // Told by NAMESPACE; by the root; not at all.
    for (capabilities, root) in [("IDLE MOVE NAMESPACE", ""), ("IDLE MOVE", "INBOX."), ("IDLE MOVE", "")] {
        let quirk = move |_: &mut State, asked: &Asked<'_>| match asked.line {
            "NAMESPACE" => Does::Say("* NAMESPACE ((\"INBOX.\" \".\")) NIL NIL\r\nTAG OK done\r\n".into()),
            "LIST \"\" \"\"" => Does::Say(format!("* LIST (\\Noselect) \".\" \"{root}\"\r\nTAG OK done\r\n")),
            "CREATE \"Failed\"" => Does::Say("TAG NO Invalid mailbox name.\r\n".into()),
            _ => Does::AsUsual,
        };
        let odd = Odd::start(capabilities, Folder::with(7, [1, 2]), quirk).await;
        let watching = too_large(&odd);
        watching.until("the move", SOON, |_| odd.state().folder("INBOX").messages.is_empty()).await;
        assert_eq!(odd.state().folder("INBOX.Failed").messages.len(), 2, "{capabilities}");
        assert!(watching.log("Set aside in place").is_empty());
        watching.stop().await;
    }
}

#[tokio::test]
async fn a_message_that_cannot_be_moved_does_not_keep_the_others_from_it() {
    let quirk = |_: &mut State, asked: &Asked<'_>| match asked.uids.contains(&3) && !asked.line.contains("STORE") {
        true if asked.line.starts_with("UID MOVE") || asked.line.starts_with("UID COPY") => {
            Does::Say("TAG NO cannot read it\r\n".into())
        }
        _ => Does::AsUsual,
    };
    let odd = Odd::start("IDLE MOVE UIDPLUS", Folder::with(7, 1..=4), quirk).await;
    let watching = too_large(&odd);
    watching
        .until("the others", SOON, |_| odd.state().folders.get("Failed").is_some_and(|it| it.messages.len() == 3))
        .await;
    watching.until("its flags", SOON, |_| odd.state().folder("INBOX").flagged("\\Seen") == [3]).await;
    assert_eq!(odd.state().folder("INBOX").flagged("\\Flagged"), [3]);
    watching.until("the warning", SOON, |watching| !watching.log("Set aside in place").is_empty()).await;
    assert!(watching.log("Set aside in place")[0]["error"].as_str().unwrap().contains("cannot read it"));
    watching.stop().await;
}

#[tokio::test]
async fn messages_stay_if_the_folder_is_the_one_that_is_watched() {
    let quirk = |_: &mut State, asked: &Asked<'_>| match asked.line {
        "NAMESPACE" => Does::Say("* NAMESPACE ((\"INBOX.\" \".\")) NIL NIL\r\nTAG OK done\r\n".into()),
        "SELECT \"Shop\"" => Does::Say("TAG NO no such mailbox\r\n".into()),
        _ => Does::AsUsual,
    };
    let odd = Odd::start("IDLE MOVE UIDPLUS NAMESPACE", Folder::with(7, []), quirk).await;
    odd.state().folders.insert("INBOX.Shop".into(), Folder::with(8, [1, 2]));
    let mut config = mailbox(odd.port);
    config.name = "Shop".into();
    config.delivered_mailbox = Some("INBOX.Shop".into());
    let watching = Watching::start(config);
    watching.until("the marks", SOON, |_| odd.state().folder("INBOX.Shop").flagged("\\Seen") == [1, 2]).await;
    watching.until("the warning", SOON, |watching| !watching.log("Delivered in place").is_empty()).await;
    let said = watching.log("Delivered in place")[0]["error"].to_string();
    assert!(said.contains("to INBOX.Shop: it is the folder that is watched; they are left"), "{said}");
    assert_eq!((watching.delivered(), odd.state().count("UID MOVE")), (subjects(8, [1, 2]), 0));
    watching.stop().await;
}
