//! Servers that stop talking, talk without end or hang up.

use super::*;

#[tokio::test]
async fn a_server_that_stops_in_mid_answer_is_noticed() {
    for part in ["", "* 1 FET", "* 1 FETCH (UID 1 BODY[] {10}\r\nhalf"] {
        for hang_up in [false, true] {
            let (mut imap, server) = open_within(&impatient(), "", async move |mut talk| {
                talk.expect("UID FETCH 1 (UID BODY.PEEK[])").await;
                talk.say(part).await;
                if !hang_up {
                    talk.gone().await;
                }
            })
            .await;
            let started = Instant::now();
            let (given, result) = fetch(&mut imap, &[1], 100).await;
            let text = reconnect(result);
            let expected = if hang_up { "closed the connection" } else { "sent nothing for 0.3 s" };
            assert!(text.contains(expected), "{part}: {text}");
            assert!(given.is_empty() && started.elapsed() < Duration::from_secs(10));
            drop(imap);
            server.played().await;
        }
    }
}

#[tokio::test]
async fn a_server_that_talks_without_end_is_noticed() {
    let (mut imap, server) = open_within(&impatient(), "", async |mut talk| {
        talk.expect("UID SEARCH UNSEEN").await;
        for _ in 0..60 {
            talk.say("* OK working on it\r\n").await;
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        talk.gone().await;
    })
    .await;
    assert!(reconnect(imap.search().await).contains("did not finish"));
    drop(imap);
    server.played().await;
}

#[tokio::test]
async fn bye_is_told() {
    let (mut imap, server) = open("", async |mut talk| {
        talk.expect("UID SEARCH UNSEEN").await;
        talk.say("* BYE shutting down\r\n").await;
    })
    .await;
    assert!(reconnect(imap.search().await).contains("shutting down"));
    server.played().await;
}

#[tokio::test]
async fn another_mailbox_of_the_same_name_is_noticed() {
    let (mut imap, server) = open("", async |mut talk| {
        talk.serve("UID SEARCH UNSEEN", "* OK [UIDVALIDITY 7] same\r\n* SEARCH\r\n").await;
        talk.serve("UID SEARCH UNSEEN", "* OK [UIDVALIDITY 8] other\r\n").await;
    })
    .await;
    imap.search().await.unwrap();
    assert!(reconnect(imap.search().await).contains("replaced"));
    server.played().await;
}

#[tokio::test]
async fn logout_takes_a_second_at_most() {
    let (imap, server) = open("", async |mut talk| {
        talk.expect("LOGOUT").await;
        talk.gone().await;
    })
    .await;
    let started = Instant::now();
    imap.logout().await;
    assert!(started.elapsed() < Duration::from_secs(5));
    server.played().await;
}
