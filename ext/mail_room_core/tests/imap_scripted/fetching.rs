//! Bodies in every form, and everything a server can get wrong about them.

use super::*;

#[tokio::test]
async fn reads_every_form_of_body() {
    let data = b"* 1 FETCH (UID 1 BODY[] {4}\r\na\0\rb)\r\n\
        * 2 FETCH (BODY[] {3}\r\n\r\n) UID 2)\r\n\
        * 3 fetch (uid 3 body[] ~{2}\r\n\xff\xfe FLAGS (\\Seen))\r\n\
        * 9 FETCH (FLAGS (\\Seen))\r\n* 10 EXISTS\r\n* 4 EXPUNGE\r\n* OK still here\r\n\
        * 4 FETCH (UID 4 BODY[] \"quo\\\"ted\")\r\n\
        * 5 FETCH (UID 5 BODY[] NIL)\r\n\
        * 6 FETCH (UID 6 BODY[] {0}\r\n)\r\n\
        * 7 FETCH (UID 7 BODY[] \"\")\r\n";
    let (mut imap, server) =
        open("", async move |mut talk| talk.serve("UID FETCH 1:8 (UID BODY.PEEK[])", data).await).await;
    let (given, result) = fetch(&mut imap, &[1, 2, 3, 4, 5, 6, 7, 8], 100).await;
    result.unwrap();
    assert_eq!(
        given,
        [
            (1, Some(b"a\0\rb".to_vec())),
            (2, Some(b"\r\n)".to_vec())),
            (3, Some(b"\xff\xfe".to_vec())),
            (4, Some(b"quo\"ted".to_vec())),
            (5, None),
            (6, Some(vec![])),
            (7, Some(vec![])),
        ]
    );
    server.played().await;
}

#[tokio::test]
async fn takes_only_what_was_asked_for_and_each_once() {
    let data = format!(
        "* 1 FETCH (UID 2 BODY[] {{5}}\r\nfirst)\r\n* 1 FETCH (UID 2 BODY[] {{6}}\r\nsecond)\r\n\
         * 2 FETCH (UID 3 BODY[] {{300000}}\r\n{})\r\n* 3 FETCH (BODY[] {{5}}\r\nother UID 4)\r\n\
         * 4 FETCH (UID 5 BODY[] {{2}}\r\nok)\r\n",
        "x".repeat(300_000)
    );
    let (mut imap, server) =
        open("", async move |mut talk| talk.serve("UID FETCH 2,5 (UID BODY.PEEK[])", data).await).await;
    let (given, result) = fetch(&mut imap, &[5, 2], 100).await;
    result.unwrap();
    assert_eq!(given, [(2, Some(b"first".to_vec())), (5, Some(b"ok".to_vec()))]);
    server.played().await;
}

#[tokio::test]
async fn large_bodies_arrive_byte_for_byte() {
    let body: Vec<u8> = (0..5_000_000_u32).map(|n| (n % 251) as u8).collect();
    let sent = body.clone();
    let (mut imap, server) = open("", async move |mut talk| {
        talk.expect("UID FETCH 1:2 (UID BODY.PEEK[])").await;
        for uid in [1, 2] {
            talk.say(format!("* {uid} FETCH (UID {uid} BODY[] {{{}}}\r\n", sent.len())).await;
            for piece in sent.chunks(70_001) {
                talk.say(piece).await;
            }
            talk.say(")\r\n").await;
        }
        talk.answer("OK done").await;
    })
    .await;
    let (given, result) = fetch(&mut imap, &[1, 2], 5_000_000).await;
    result.unwrap();
    assert!(given.len() == 2 && given.iter().all(|(_, given)| given.as_ref() == Some(&body)));
    assert!(given.iter().all(|(_, given)| given.as_ref().is_some_and(|body| body.capacity() == body.len())));
    server.played().await;
}

#[tokio::test]
async fn sizes_are_checked_before_anything_is_allocated() {
    for announced in ["101", "18446744073709551615", "99999999999999999999999"] {
        let (mut imap, server) = open("", async move |mut talk| {
            talk.expect("UID FETCH 1 (UID BODY.PEEK[])").await;
            talk.say(format!("* 1 FETCH (UID 1 BODY[] {{{announced}}}\r\nPRIVATE")).await;
            talk.gone().await;
        })
        .await;
        let (given, result) = fetch(&mut imap, &[1], 100).await;
        unparseable(result);
        assert!(given.is_empty());
        drop(imap);
        server.played().await;
    }
}

#[tokio::test]
async fn garbage_is_an_error_that_does_not_quote_it() {
    for garbage in [
        "PRIVATE\r\n",
        "* 1 FETCH (UID 1 BODY[] PRIVATE)\r\n",
        "* 1 FETCH (UID 1 BODY[] {7}\r\nPRIVATE\r\nPRIVATE\r\n",
        "* 1 FETCH (UID 1 BODY[] {7}\r\nPRIVATE BODY[] {7}\r\nPRIVATE)\r\n",
        "* 1 FETCH (UID 0 BODY[] {7}\r\nPRIVATE)\r\n",
        "* 1 FETCH (UID 1 BODY[] {6}\r\nPRIVATE)\r\n",
        "* PRIVATE FETCH\r\n* 1 PRIVATE PRIVATE\r\n* 1 FETCH PRIVATE\r\n",
        "* 1 FETCH (X {70000}\r\n",
    ] {
        let (mut imap, server) = open("", async move |mut talk| {
            talk.expect("UID FETCH 1:2 (UID BODY.PEEK[])").await;
            talk.say("* 2 FETCH (UID 2 BODY[] {2}\r\nok)\r\n").await;
            talk.say(garbage).await;
            talk.gone().await;
        })
        .await;
        let (given, result) = fetch(&mut imap, &[1, 2], 100).await;
        unparseable(result);
        assert_eq!(given, [(2, Some(b"ok".to_vec()))], "what came before counts");
        drop(imap);
        server.played().await;
    }
    // A line without an end.
    let (mut imap, server) = open("", async move |mut talk| {
        talk.expect("UID FETCH 1 (UID BODY.PEEK[])").await;
        talk.say("* 1 FETCH (UID 1 BODY[] \"".to_owned() + &"PRIVATE ".repeat(20_000)).await;
        talk.gone().await;
    })
    .await;
    unparseable(fetch(&mut imap, &[1], u64::MAX).await.1);
    drop(imap);
    server.played().await;
}

#[tokio::test]
async fn one_message_the_server_cannot_read_does_not_hide_the_others() {
    let (mut imap, server) = open("", async |mut talk| {
        talk.expect("UID FETCH 1:3 (UID BODY.PEEK[])").await;
        talk.say("* 1 FETCH (UID 1 BODY[] {3}\r\none)\r\n").await;
        talk.answer("NO cannot read message 2").await;
        talk.expect("UID FETCH 2 (UID BODY.PEEK[])").await;
        let second = talk.tag.clone();
        talk.expect("UID FETCH 3 (UID BODY.PEEK[])").await;
        talk.say(format!("{second} NO cannot read it\r\n* 3 FETCH (UID 3 BODY[] {{5}}\r\nthree)\r\n")).await;
        talk.answer("OK done").await;
        // Alone: whose fault it is, the caller knows better.
        talk.expect("UID FETCH 2 (UID BODY.PEEK[])").await;
        talk.answer("NO cannot read it").await;
        // Nothing but refusals: it is the server, not the messages.
        for set in ["2:3", "2", "3"] {
            talk.expect(&format!("UID FETCH {set} (UID BODY.PEEK[])")).await;
            talk.answer("NO cannot read anything").await;
        }
    })
    .await;
    let (given, refused, result) = fetch_and_refused(&mut imap, &[1, 2, 3], 100).await;
    result.unwrap();
    assert_eq!(given, [(1, Some(b"one".to_vec())), (3, Some(b"three".to_vec()))]);
    let why = "the server refused to fetch it: cannot read it".to_owned();
    assert_eq!(refused, [(2, why.clone())]);
    let (_, refused, result) = fetch_and_refused(&mut imap, &[2], 100).await;
    result.unwrap();
    assert_eq!(refused, [(2, why)]);
    assert!(reconnect(fetch(&mut imap, &[2, 3], 100).await.1).contains("cannot read anything"));
    server.played().await;
}

#[tokio::test]
async fn a_refused_set_is_halved_until_the_message_at_fault_is_alone() {
    let (mut imap, server) = open("", async |mut talk| {
        // However the server refuses it, and of however many.
        let mut asked = 0;
        loop {
            let line = talk.hear().await;
            let (tag, command) = line.split_once(' ').unwrap();
            if command == "LOGOUT" {
                break;
            }
            asked += 1;
            assert!(asked < 60, "{asked} commands");
            let set = command.split(' ').nth(2).unwrap();
            let numbers: Vec<u32> = set.split([',', ':']).map(|number| number.parse().unwrap()).collect();
            let (first, last) = (numbers[0], *numbers.last().unwrap());
            if (first..=last).contains(&617) {
                talk.say(format!("{tag} NO [SERVERBUG] internal error\r\n")).await;
            } else {
                let sizes: String =
                    (first..=last).map(|uid| format!("* {uid} FETCH (UID {uid} RFC822.SIZE 5)\r\n")).collect();
                talk.say(format!("{sizes}{tag} OK done\r\n")).await;
            }
        }
    })
    .await;
    let sizes = imap.sizes(&ids(1..=2000)).await.unwrap();
    assert_eq!(sizes.len(), 1999);
    assert!(sizes.iter().all(|told| told.id != ids([617])[0]));
    imap.logout().await;
    server.played().await;
}

#[tokio::test]
async fn expunged_messages_are_simply_not_given() {
    let (mut imap, server) = open("", async |mut talk| {
        talk.expect("UID FETCH 1:2 (UID BODY.PEEK[])").await;
        talk.say("* 2 FETCH (UID 2 BODY[] {3}\r\ntwo)\r\n").await;
        talk.answer("NO [EXPUNGEISSUED] some are gone").await;
    })
    .await;
    let (given, result) = fetch(&mut imap, &[1, 2], 100).await;
    result.unwrap();
    assert_eq!(given, [(2, Some(b"two".to_vec()))]);
    server.played().await;
}
