//! IDLE, and what takes its place.

use super::*;

#[tokio::test]
async fn idle_ends_with_news_and_leaves_the_session_ready() {
    let (mut imap, server) = settled(&patient(), "IDLE", async |mut talk| {
        talk.expect("IDLE").await;
        talk.say("+ idling\r\n").await;
        // Neither of these is news.
        talk.say("* OK Still here\r\n* 2 EXPUNGE\r\n* 0 RECENT\r\n").await;
        tokio::time::sleep(Duration::from_millis(100)).await;
        talk.say("* 4 EXISTS\r\n").await;
        assert_eq!(talk.hear().await, "DONE");
        talk.say("* 5 EXISTS\r\n").await;
        talk.answer("OK idle done").await;
        talk.serve("UID SEARCH UNSEEN", "* SEARCH 5\r\n").await;
        // Still the same mailbox?
        talk.serve("STATUS \"INBOX\" (UIDVALIDITY)", "* STATUS INBOX (UIDVALIDITY 7)\r\n").await;
    })
    .await;
    let started = Instant::now();
    imap.wait(soon(), &Stop::new()).await.unwrap();
    assert!((100..5000).contains(&started.elapsed().as_millis()), "{:?}", started.elapsed());
    assert_eq!(uids(&imap.search().await.unwrap()), [5]);
    server.played().await;
}

#[tokio::test]
async fn news_from_before_the_idle_end_it_at_once() {
    let (mut imap, server) = settled(&patient(), "IDLE", async |mut talk| {
        // While the server searched: this search may have missed it.
        talk.serve("UID SEARCH UNSEEN", "* SEARCH\r\n* 4 EXISTS\r\n").await;
        // Between a search and IDLE's +.
        talk.serve("UID SEARCH UNSEEN", "* SEARCH\r\n").await;
        talk.expect("IDLE").await;
        talk.say("* 5 EXISTS\r\n+ idling\r\n").await;
        assert_eq!(talk.hear().await, "DONE");
        talk.answer("OK").await;
        // Together with the +.
        talk.expect("IDLE").await;
        talk.say("+ idling\r\n* 5 FETCH (FLAGS ())\r\n").await;
        assert_eq!(talk.hear().await, "DONE");
        talk.answer("OK").await;
    })
    .await;
    let started = Instant::now();
    imap.search().await.unwrap();
    imap.wait(soon(), &Stop::new()).await.unwrap();
    imap.search().await.unwrap();
    imap.wait(soon(), &Stop::new()).await.unwrap();
    imap.wait(soon(), &Stop::new()).await.unwrap();
    assert!(started.elapsed() < Duration::from_secs(5));
    server.played().await;
}

#[tokio::test]
async fn our_own_marks_are_no_news() {
    let (mut imap, server) = settled(&patient(), "IDLE", async |mut talk| {
        talk.serve("UID STORE 1 +FLAGS.SILENT (\\Seen)", "* 1 FETCH (UID 1 FLAGS (\\Seen) MODSEQ (3))\r\n").await;
        talk.expect("IDLE").await;
        talk.say("+ idling\r\n").await;
        tokio::time::sleep(Duration::from_millis(300)).await;
        talk.say("* 4 EXISTS\r\n").await;
        assert_eq!(talk.hear().await, "DONE");
        talk.answer("OK").await;
    })
    .await;
    imap.mark(&ids([1]), Mark::Seen).await.unwrap();
    let started = Instant::now();
    imap.wait(soon(), &Stop::new()).await.unwrap();
    assert!(started.elapsed() >= Duration::from_millis(290));
    server.played().await;
}

#[tokio::test]
async fn keepalives_do_not_push_the_end_away() {
    let (mut imap, server) = settled(&patient(), "IDLE", async |mut talk| {
        talk.expect("IDLE").await;
        talk.say("+ idling\r\n").await;
        let heard = tokio::time::timeout(Duration::from_secs(5), async {
            loop {
                tokio::select! {
                    line = talk.hear() => break line,
                    () = tokio::time::sleep(Duration::from_millis(100)) => {}
                }
                talk.say("* OK Still here\r\n").await;
            }
        });
        assert_eq!(heard.await.unwrap(), "DONE");
        talk.answer("OK").await;
    })
    .await;
    let started = Instant::now();
    imap.wait(Instant::now() + Duration::from_millis(500), &Stop::new()).await.unwrap();
    assert!((500..5000).contains(&started.elapsed().as_millis()), "{:?}", started.elapsed());
    server.played().await;
}

#[tokio::test]
async fn a_silent_server_must_show_that_it_is_there() {
    let server = Scripted::play(async |mut talk: Talk| {
        talk.open("IDLE").await;
        talk.serve("UID SEARCH UNSEEN", "* SEARCH\r\n").await;
        for _ in 0..2 {
            talk.expect("IDLE").await;
            talk.say("+ idling\r\n").await;
            assert_eq!(talk.hear().await, "DONE");
            talk.answer("OK").await;
        }
        talk.expect("IDLE").await;
        talk.say("+ idling\r\n").await;
        assert_eq!(talk.hear().await, "DONE");
        // Dead by now.
        talk.gone().await;
    })
    .await;
    let mut deadlines = impatient();
    deadlines.idle_silence = Duration::from_millis(100);
    let mut imap = connect_within(&mailbox(server.port), &deadlines).await.unwrap();
    imap.search().await.unwrap();
    let started = Instant::now();
    let text = reconnect(imap.wait(soon(), &Stop::new()).await);
    assert!(text.contains("IDLE did not end"), "{text}");
    assert!((200..5000).contains(&started.elapsed().as_millis()), "{:?}", started.elapsed());
    drop(imap);
    server.played().await;
}

#[tokio::test]
async fn a_stop_ends_idle_at_once() {
    let (mut imap, server) = settled(&patient(), "IDLE", async |mut talk| {
        talk.expect("IDLE").await;
        talk.say("+ idling\r\n").await;
        assert_eq!(talk.hear().await, "DONE");
        talk.answer("OK").await;
        talk.goodbye().await;
    })
    .await;
    let stop = Stop::new();
    let asked = tokio::spawn({
        let stop = stop.clone();
        async move {
            tokio::time::sleep(Duration::from_millis(100)).await;
            stop.ask();
            Instant::now()
        }
    });
    imap.wait(soon(), &stop).await.unwrap();
    assert!(asked.await.unwrap().elapsed() < Duration::from_secs(5));
    // Asked already: not even an IDLE.
    imap.wait(soon(), &stop).await.unwrap();
    imap.logout().await;
    server.played().await;
}

#[tokio::test]
async fn hang_ups_in_idle_are_noticed_at_once() {
    for (data, expected) in [("* BYE timeout\r\n", "timeout"), ("", "closed the connection")] {
        let (mut imap, server) = settled(&patient(), "IDLE", async move |mut talk| {
            talk.expect("IDLE").await;
            talk.say("+ idling\r\n").await;
            talk.say(data).await;
        })
        .await;
        let started = Instant::now();
        assert!(reconnect(imap.wait(soon(), &Stop::new()).await).contains(expected));
        assert!(started.elapsed() < Duration::from_secs(5));
        server.played().await;
    }
}

#[tokio::test]
async fn a_server_that_refuses_idle_is_asked_now_and_then() {
    for refusal in
        ["A0004 BAD no IDLE\r\n", "A0004 NO no IDLE\r\n", "* BAD what\r\n", "BAD what\r\n", "+ ok\r\nA0004 OK over\r\n"]
    {
        let (mut imap, server) = settled(&impatient(), "IDLE", async move |mut talk| {
            talk.expect("IDLE").await;
            talk.say(refusal).await;
            let mut noops = 0;
            loop {
                let line = talk.hear().await;
                let (tag, command) = line.split_once(' ').unwrap();
                match command {
                    "NOOP" => noops += 1,
                    // Every few polls.
                    "SELECT \"INBOX\"" => {}
                    "LOGOUT" => break,
                    other => panic!("{other}"),
                }
                let news = if command == "NOOP" && noops == 1 { "* 4 EXISTS\r\n" } else { "" };
                talk.say(format!("{news}{tag} OK done\r\n")).await;
            }
            assert_eq!(noops, 2);
        })
        .await;
        imap.wait(soon(), &Stop::new()).await.unwrap();
        let started = Instant::now();
        imap.wait(soon(), &Stop::new()).await.unwrap();
        assert!((190..5000).contains(&started.elapsed().as_millis()), "{refusal}: {:?}", started.elapsed());
        imap.logout().await;
        server.played().await;
    }
}

#[tokio::test]
async fn without_idle_it_looks_now_and_then() {
    let (mut imap, server) = settled(&patient(), "", async |mut talk| {
        talk.serve("NOOP", "").await;
        talk.say("* 4 EXISTS\r\n").await;
        talk.serve("NOOP", "").await;
        talk.gone().await;
    })
    .await;
    imap.wait(Instant::now() + Duration::from_millis(100), &Stop::new()).await.unwrap();
    let started = Instant::now();
    imap.wait(soon(), &Stop::new()).await.unwrap();
    assert!(started.elapsed() < Duration::from_secs(5), "news end it at once");
    let stop = Stop::new();
    stop.ask();
    imap.wait(soon(), &stop).await.unwrap();
    drop(imap);
    server.played().await;
}

#[tokio::test]
async fn a_server_whose_idle_announces_nothing_is_asked_more_often() {
    let mut deadlines = impatient();
    deadlines.idle = Duration::from_secs(1);
    let (mut imap, server) = settled(&deadlines, "IDLE", async |mut talk| {
        for found in ["* SEARCH 9\r\n", "* SEARCH 9\r\n"] {
            talk.expect("IDLE").await;
            talk.say("+ idling\r\n").await;
            assert_eq!(talk.hear().await, "DONE");
            talk.answer("OK").await;
            talk.serve("SELECT \"INBOX\"", "* 4 EXISTS\r\n* OK [UIDVALIDITY 7] valid\r\n").await;
            talk.serve("UID SEARCH UNSEEN", found).await;
        }
    })
    .await;
    for (at_least, at_most, remarks) in [(990, 5000, 1), (190, 900, 0)] {
        let started = Instant::now();
        imap.wait(soon(), &Stop::new()).await.unwrap();
        assert!((at_least..at_most).contains(&started.elapsed().as_millis()), "{:?}", started.elapsed());
        assert_eq!(uids(&imap.search().await.unwrap()), [9]);
        assert_eq!(imap.warnings().len(), remarks);
    }
    server.played().await;
}

#[tokio::test]
async fn a_refused_noop_makes_it_select_once_more() {
    let (mut imap, server) = settled(&impatient(), "", async |mut talk| {
        talk.expect("NOOP").await;
        talk.answer("NO no mailbox").await;
        talk.serve("SELECT \"INBOX\"", "* OK [UIDVALIDITY 8] another\r\n").await;
    })
    .await;
    assert!(reconnect(imap.wait(soon(), &Stop::new()).await).contains("replaced"));
    server.played().await;
}
