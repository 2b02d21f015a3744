//! Answers that break the rules, as known servers send them, and who we say we are.

use super::*;

#[tokio::test]
async fn says_who_it_is_where_that_is_offered() {
    let server = Scripted::play(async |mut talk: Talk| {
        talk.say("* OK [CAPABILITY IMAP4rev1 ID] ready\r\n").await;
        talk.expect(&format!("LOGIN \"me@example.com\" \"{PASSWORD}\"")).await;
        talk.answer("OK [CAPABILITY IMAP4rev1 ID] logged in").await;
        let version = env!("CARGO_PKG_VERSION");
        talk.serve(&format!("ID (\"name\" \"gitlab-mail_room\" \"version\" \"{version}\")"), "* ID NIL\r\n").await;
        talk.serve("SELECT \"INBOX\"", "* OK [UIDVALIDITY 7] valid\r\n").await;
        talk.gone().await;
    })
    .await;
    drop(connect(&mailbox(server.port)).await.unwrap());
    server.played().await;
}

#[tokio::test]
async fn blank_lines_bare_line_feeds_and_two_spaces_are_not_there() {
    let data = b"\r\n* 1 FETCH (UID 1 BODY[] {3}\r\none\r\n)\r\n\r\n\n* 2 FETCH  (UID 2  BODY[] {3+}\ntwo)\n\
        * 3 FETCH (FLAGS (\\Seen ~todo \\a[b]) UID 3 BODY[] ~{5}\r\nthree)\r\n* XYZZY {9}\r\n123456789\r\n\
        * NO almost full\r\n* OK [XODD]\xe9\r\n* 4 FETCH (INTERNALDATE NIL)\r\n";
    let (mut imap, server) =
        open("", async move |mut talk| talk.serve("UID FETCH 1:3 (UID BODY.PEEK[])", data).await).await;
    let (given, result) = fetch(&mut imap, &[1, 2, 3], 100).await;
    result.unwrap();
    assert_eq!(given, [(1, Some(b"one".to_vec())), (2, Some(b"two".to_vec())), (3, Some(b"three".to_vec()))]);
    server.played().await;
}

#[tokio::test]
async fn news_in_odd_company_end_the_wait() {
    let (mut imap, server) = settled(&patient(), "IDLE", async |mut talk| {
        talk.expect("IDLE").await;
        talk.say("+\r\n* FLAGS (\\Foo[bar])\r\n* VANISHED 1:3\r\n* LIST () \"/\" {4}\r\nSent\r\n\r\n* 4  EXISTS\r\n")
            .await;
        assert_eq!(talk.hear().await, "DONE");
        talk.answer("OK").await;
        talk.serve("UID SEARCH UNSEEN", "* LIST () \"/\" {4}\r\nSent\r\n* SEARCH 4 (MODSEQ 9)\r\n").await;
        talk.serve("STATUS \"INBOX\" (UIDVALIDITY)", "* STATUS INBOX (UIDVALIDITY 7)\r\n").await;
    })
    .await;
    imap.wait(soon(), &Stop::new()).await.unwrap();
    assert_eq!(uids(&imap.search().await.unwrap()), [4]);
    server.played().await;
}

#[tokio::test]
async fn a_debug_line_names_each_response_that_is_dropped() {
    let dropped = ["XYZZY", "VANISHED", "FETCH", "LIST", "?", "[password]"];
    for (debug, expected) in [(true, &dropped[..]), (false, &[])] {
        let server = Scripted::play(async |mut talk: Talk| {
            talk.open("").await;
            talk.expect("UID SEARCH UNSEEN").await;
            talk.say(
                "* XYZZY private\r\n* VANISHED 1:3\r\n* 1 FETCH private\r\n* LIST () private\r\n* \"private\"\r\n",
            )
            .await;
            talk.say(format!("* {PASSWORD} private\r\n* SEARCH\r\n")).await;
            talk.answer("OK").await;
            talk.gone().await;
        })
        .await;
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("log");
        let mut logs = Logs::default();
        logs.debug = debug;
        let log = logs.log(Some(&LogTarget::Path(path.clone())), "me@example.com", "INBOX").unwrap();
        let account = Account::new(mailbox(server.port), log.clone(), Stop::new());
        let mut imap = Imap::connect(&account, &Deadlines::default(), &LoginLimiter::new(), &mut |_| {}).await.unwrap();
        assert!(imap.search().await.unwrap().is_empty());
        drop(imap);
        log.info("last", &[]);
        let started = Instant::now();
        let lines = loop {
            let text = std::fs::read_to_string(&path).unwrap_or_default();
            if text.contains("\"last\"") {
                break text;
            }
            assert!(started.elapsed() < Duration::from_secs(20), "{text}");
            tokio::time::sleep(Duration::from_millis(10)).await;
        };
        assert!(!lines.contains("private") && !lines.contains(PASSWORD), "{lines}");
        let lines: Vec<serde_json::Value> = lines.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        let debug: Vec<_> = lines.iter().filter(|line| line["severity"] == "DEBUG").collect();
        assert!(debug.iter().all(|line| line["action"] == "Response dropped"), "{debug:?}");
        let named: Vec<_> = debug.iter().map(|line| line["response"].as_str().unwrap()).collect();
        assert_eq!(named, expected);
        server.played().await;
    }
}
