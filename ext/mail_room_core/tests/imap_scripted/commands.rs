//! What is sent, byte for byte, and the answers to SEARCH and STORE.

use std::time::SystemTime;

use mail_room_core::message::MessageId;

use super::*;

/// UID, octets, and arrival in seconds since 1970.
async fn attributes(imap: &mut Imap, uids: impl IntoIterator<Item = u32>) -> Vec<(u32, u64, Option<u64>)> {
    let seconds = |at: SystemTime| at.duration_since(SystemTime::UNIX_EPOCH).unwrap().as_secs();
    let found = imap.sizes(&ids(uids)).await.unwrap();
    let found = found.into_iter().map(|found| {
        let MessageId::Uid(uid) = found.id else { panic!("{found:?}") };
        (uid, found.octets, found.arrived.map(seconds))
    });
    found.collect()
}

#[tokio::test]
async fn no_date_costs_the_size_of_a_message() {
    let (mut imap, server) = open("", async |mut talk| {
        talk.serve(
            "UID FETCH 1:9 (UID RFC822.SIZE INTERNALDATE)",
            b"* 1 FETCH (UID 1 INTERNALDATE NIL RFC822.SIZE 5)\r\n\
             * 2 FETCH (UID 2 INTERNALDATE \"yesterday\" RFC822.SIZE 5)\r\n\
             * 3 FETCH (UID 3 INTERNALDATE 14-Nov-2023 22:13:20 +0000 RFC822.SIZE 5)\r\n\
             * 4 FETCH (UID 4 RFC822.SIZE 5 INTERNALDATE {26}\r\n14-Nov-2023 22:13:20 +0000)\r\n\
             * 5 FETCH (UID 5 RFC822.SIZE 5 INTERNALDATE \"14-Nov)\r\n\
             * 6 FETCH (UID 6 INTERNALDATE \"\xff\xfe\" RFC822.SIZE 5)\r\n\
             * 7 FETCH (INTERNALDATE (14 Nov) UID 7 RFC822.SIZE 5)\r\n\
             * 8 FETCH (INTERNALDATE UID 8 RFC822.SIZE 5)\r\n\
             * 9 FETCH (INTERNALDATE \" 4-Nov-2023 22:13:20 +0000\" UID 9 RFC822.SIZE 5)\r\n",
        )
        .await;
        talk.goodbye().await;
    })
    .await;
    let found = attributes(&mut imap, 1..=9).await;
    let expected: Vec<_> = (1..=9).map(|uid| (uid, 5, (uid == 9).then_some(1_699_136_000))).collect();
    assert_eq!(found, expected);
    imap.logout().await;
    server.played().await;
}

#[tokio::test]
async fn a_server_that_does_not_tell_dates_is_asked_for_sizes_alone() {
    let (mut imap, server) = open("", async |mut talk| {
        // Asked for dates once.
        let line = talk.hear().await;
        let (tag, command) = line.split_once(' ').unwrap();
        assert_eq!(command, "UID FETCH 1:2 (UID RFC822.SIZE INTERNALDATE)");
        talk.say(format!("{tag} BAD what?\r\n")).await;
        let sizes = "* 1 FETCH (UID 1 RFC822.SIZE 5)\r\n* 2 FETCH (UID 2 RFC822.SIZE 6)\r\n";
        for _ in 0..2 {
            talk.serve("UID FETCH 1:2 (UID RFC822.SIZE)", sizes).await;
        }
        talk.goodbye().await;
    })
    .await;
    for _ in 0..2 {
        assert_eq!(attributes(&mut imap, [1, 2]).await, [(1, 5, None), (2, 6, None)]);
    }
    imap.logout().await;
    server.played().await;
}

#[tokio::test]
async fn says_exactly_what_is_needed() {
    let (mut imap, server) = open("IDLE UIDPLUS", async |mut talk| {
        talk.serve("UID SEARCH UNSEEN", "* SEARCH 3 1 2\r\n").await;
        talk.serve(
            "UID FETCH 1:3 (UID RFC822.SIZE INTERNALDATE)",
            "* 1 FETCH (UID 1 RFC822.SIZE 10 INTERNALDATE \"14-Nov-2023 22:13:20 +0000\")\r\n\
             * 3 FETCH (RFC822.SIZE 30 UID 3)\r\n",
        )
        .await;
        talk.serve("UID FETCH 1,3 (UID BODY.PEEK[])", "* 1 FETCH (UID 1 BODY[] {3}\r\none)\r\n").await;
        talk.serve("UID STORE 1 +FLAGS.SILENT (\\Seen)", "").await;
        talk.serve("UID STORE 1:2 +FLAGS.SILENT (\\Seen \\Deleted)", "").await;
        talk.serve("UID STORE 3 +FLAGS.SILENT (\\Seen \\Flagged)", "").await;
        talk.serve("UID EXPUNGE 1:2", "* 1 EXPUNGE\r\n* 1 EXPUNGE\r\n").await;
        talk.goodbye().await;
    })
    .await;
    assert_eq!(imap.scope(), format!("127.0.0.1:{}/me@example.com/INBOX/7", server.port));
    assert_eq!(uids(&imap.search().await.unwrap()), [1, 2, 3]);
    assert_eq!(attributes(&mut imap, [3, 2, 1]).await, [(1, 10, Some(1_700_000_000)), (3, 30, None)]);
    let (given, result) = fetch(&mut imap, &[1, 3], 100).await;
    result.unwrap();
    assert_eq!(given, [(1, Some(b"one".to_vec()))]);
    imap.mark(&ids([1]), Mark::Seen).await.unwrap();
    imap.mark(&ids([2, 1]), Mark::Deleted).await.unwrap();
    imap.mark(&ids([3]), Mark::SetAside).await.unwrap();
    imap.expunge(&ids([1, 2])).await.unwrap();
    imap.mark(&[], Mark::Seen).await.unwrap();
    imap.logout().await;
    server.played().await;
}

#[tokio::test]
async fn expunges_all_where_the_server_can_do_no_less() {
    let (mut imap, server) = open("", async |mut talk| talk.serve("EXPUNGE", "* 1 EXPUNGE\r\n").await).await;
    imap.expunge(&ids([1])).await.unwrap();
    server.played().await;
}

#[tokio::test]
async fn pipelines_a_bounded_number_of_commands() {
    let (mut imap, server) = open("", async |mut talk| {
        // 4,000 scattered UIDs make 20 or more sets; the first eight come unanswered, the ninth after an answer.
        let mut heard = Vec::new();
        let mut outstanding = std::collections::VecDeque::new();
        while heard.len() < 4000 {
            let line = talk.hear().await;
            assert!(line.len() < 1100);
            let mut words = line.split(' ');
            outstanding.push_back(words.next().unwrap().to_owned());
            let set = words.nth(2).unwrap();
            heard.extend(set.split(',').map(|uid| uid.parse::<u32>().unwrap()));
            if outstanding.len() == 8 || heard.len() == 4000 {
                // Answered in another order than asked.
                for tag in outstanding.drain(..).rev() {
                    talk.say(format!("{tag} OK done\r\n")).await;
                }
            }
        }
        assert_eq!(heard, (1..=4000).map(|n| n * 2).collect::<Vec<_>>());
    })
    .await;
    imap.mark(&ids((1..=4000).map(|n| n * 2)), Mark::Seen).await.unwrap();
    server.played().await;
}

#[tokio::test]
async fn a_refused_mark_is_told_and_ends_no_session() {
    let (mut imap, server) = open("", async |mut talk| {
        talk.expect("UID STORE 1 +FLAGS.SILENT (\\Seen)").await;
        talk.answer("NO [OVERQUOTA] no room").await;
        // Refused because the mailbox is gone?
        talk.serve("STATUS \"INBOX\" (UIDVALIDITY)", "* STATUS INBOX (UIDVALIDITY 7)\r\n").await;
        talk.serve("UID STORE 2 +FLAGS.SILENT (\\Seen)", "").await;
    })
    .await;
    imap.mark(&ids([1]), Mark::Seen).await.unwrap();
    let unmarked = imap.unmarked();
    assert!(unmarked.len() == 1 && unmarked[0].0 == MessageId::Uid(1) && unmarked[0].1.contains("no room"));
    imap.mark(&ids([2]), Mark::Seen).await.unwrap();
    assert!(imap.unmarked().is_empty());
    server.played().await;
}

#[tokio::test]
async fn reads_every_form_of_search_result() {
    let many: String = (1..=300_000).rev().map(|uid| format!(" {uid}")).collect();
    let (mut imap, server) = open("", async move |mut talk| {
        for data in [
            "* SEARCH 5 3\r\n* SEARCH 4 3\r\n".to_owned(),
            "* SEARCH 9 (MODSEQ 917)\r\n".to_owned(),
            "* ESEARCH (TAG \"A7\") UID ALL 1:3,8\r\n".to_owned(),
            "* SEARCH\r\n".to_owned(),
            String::new(),
            "* 4 EXISTS\r\n* search 7\r\n* 3 FETCH (FLAGS (\\Seen))\r\n".to_owned(),
            format!("* SEARCH{many}\r\n"),
        ] {
            let nothing = data.is_empty();
            talk.serve("UID SEARCH UNSEEN", data).await;
            if nothing {
                // Nothing found, or no mailbox any more?
                talk.serve("STATUS \"INBOX\" (UIDVALIDITY)", "* STATUS INBOX (UIDVALIDITY 7)\r\n").await;
            }
        }
        talk.serve("UID SEARCH UNSEEN", "* SEARCH 5 PRIVATE\r\n").await;
    })
    .await;
    for expected in [&[3, 4, 5][..], &[9], &[1, 2, 3, 8], &[], &[], &[7]] {
        assert_eq!(uids(&imap.search().await.unwrap()), expected);
    }
    let started = Instant::now();
    assert_eq!(uids(&imap.search().await.unwrap()), (1..=300_000).collect::<Vec<_>>());
    assert!(started.elapsed() < Duration::from_secs(10), "{:?}", started.elapsed());
    reconnect(imap.search().await);
    server.played().await;
}

#[tokio::test]
async fn a_refused_search_tells_why() {
    let (mut imap, server) = open("", async |mut talk| {
        talk.expect("UID SEARCH UNSEEN").await;
        talk.answer("NO [SERVERBUG] index broken").await;
        talk.expect("UID SEARCH UNSEEN").await;
        talk.answer("BAD no such key").await;
        talk.expect("UID SEARCH UNSEEN").await;
        talk.answer("BAD User is authenticated but not connected.").await;
        talk.expect("UID SEARCH UNSEEN").await;
        talk.answer("NO no mailbox").await;
        talk.serve("SELECT \"INBOX\"", "* OK [UIDVALIDITY 7] valid\r\n").await;
        talk.serve("UID SEARCH UNSEEN", "* SEARCH 3\r\n").await;
    })
    .await;
    assert!(reconnect(imap.search().await).contains("index broken"));
    assert!(refused(imap.search().await).contains("search_command: no such key"));
    assert!(reconnect(imap.search().await).contains("not connected"));
    assert_eq!(uids(&imap.search().await.unwrap()), [3], "after SELECT once more");
    server.played().await;
}
