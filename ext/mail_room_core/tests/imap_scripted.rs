//! What a real server would not do: the IMAP source against servers that lie, stammer, stop and hang up. Real sockets;
//! where a deadline is tested it is a short one.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic, missing_docs)]

mod support;

use std::time::{Duration, Instant};

use mail_room_core::control::Stop;
use mail_room_core::source::imap::{Event, Gate, Imap};
use mail_room_core::source::{Mark, Source};
use mail_room_core::{Error, Result};
use support::scripted::{Scripted, Talk};
use support::{
    PASSWORD, connect, connect_impatient, fetch, ids, impatient, mailbox, reconnect, refused, uids, unparseable,
};

/// An open session with a server that then plays `script`.
async fn open<F>(capabilities: &'static str, script: impl FnOnce(Talk) -> F + Send + 'static) -> (Imap, Scripted)
where
    F: Future<Output = ()> + Send,
{
    let server = Scripted::play(async move |mut talk: Talk| {
        talk.open(capabilities).await;
        script(talk).await;
    });
    let server = server.await;
    (connect_impatient(&mailbox(server.port)).await.unwrap(), server)
}

/// The same after a search that found nothing: what SELECT announced is no news any more.
async fn settled<F>(capabilities: &'static str, script: impl FnOnce(Talk) -> F + Send + 'static) -> (Imap, Scripted)
where
    F: Future<Output = ()> + Send,
{
    let (mut imap, server) = open(capabilities, async |mut talk| {
        talk.serve("UID SEARCH UNSEEN", "* SEARCH\r\n").await;
        script(talk).await;
    })
    .await;
    assert!(imap.search().await.unwrap().is_empty());
    (imap, server)
}

fn soon() -> Instant {
    Instant::now() + Duration::from_secs(30)
}

// --- Commands ---

#[tokio::test]
async fn says_exactly_what_is_needed() {
    let (mut imap, server) = open("IDLE UIDPLUS", async |mut talk| {
        talk.serve("UID SEARCH UNSEEN", "* SEARCH 3 1 2\r\n").await;
        talk.serve(
            "UID FETCH 1:3 (UID RFC822.SIZE)",
            "* 1 FETCH (UID 1 RFC822.SIZE 10)\r\n* 3 FETCH (RFC822.SIZE 30 UID 3)\r\n",
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
    let sizes: Vec<_> = ids([1, 3]).into_iter().zip([10, 30]).collect();
    assert_eq!(imap.sizes(&ids([3, 2, 1])).await.unwrap(), sizes);
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
async fn a_refused_mark_is_an_error() {
    let (mut imap, server) = open("", async |mut talk| {
        talk.expect("UID STORE 1 +FLAGS.SILENT (\\Seen)").await;
        talk.answer("NO [OVERQUOTA] no room").await;
    })
    .await;
    assert!(reconnect(imap.mark(&ids([1]), Mark::Seen).await).contains("no room"));
    server.played().await;
}

// --- Greeting, login, SELECT ---

/// Connects to a server that plays `script` from the greeting on.
async fn connecting<F>(script: impl FnOnce(Talk) -> F + Send + 'static) -> Result<Imap>
where
    F: Future<Output = ()> + Send,
{
    let server = Scripted::play(script).await;
    let result = connect_impatient(&mailbox(server.port)).await;
    // Whoever holds the connection open keeps a script from ending.
    let result = result.map(drop);
    server.played().await;
    result.map(|()| panic!("connected"))
}

#[tokio::test]
async fn passwords_that_are_not_ascii_are_literals() {
    for (capabilities, announced, waits) in
        [("", "{9}", true), ("LITERAL+", "{9+}", false), ("LITERAL-", "{9+}", false)]
    {
        let server = Scripted::play(async move |mut talk: Talk| {
            talk.say(format!("* OK [CAPABILITY IMAP4rev1 {capabilities}] hi\r\n")).await;
            talk.expect(&format!("LOGIN \"me \\\"\\\\\" {announced}")).await;
            if waits {
                talk.say("+ go on\r\n").await;
            }
            talk.hear_bytes("pässwör\r\n".as_bytes()).await;
            talk.answer("OK [CAPABILITY IMAP4rev1] in").await;
            talk.serve("SELECT \"Entw&APw-rfe \\\"x\\\"\"", "").await;
            talk.gone().await;
        })
        .await;
        let mut mailbox = mailbox(server.port);
        mailbox.email = "me \"\\".into();
        mailbox.password = "pässwör".to_owned().into();
        mailbox.name = "Entwürfe \"x\"".into();
        let imap = connect_impatient(&mailbox).await;
        drop(imap.unwrap());
        server.played().await;
    }
}

#[tokio::test]
async fn asks_for_capabilities_that_were_not_told() {
    let server = Scripted::play(async |mut talk: Talk| {
        talk.say("* OK hi\r\n").await;
        talk.serve("CAPABILITY", "* CAPABILITY IMAP4rev1\r\n").await;
        talk.serve(&format!("LOGIN \"me@example.com\" \"{PASSWORD}\""), "").await;
        talk.serve("CAPABILITY", "* CAPABILITY IMAP4rev1 UIDPLUS\r\n").await;
        talk.serve("SELECT \"INBOX\"", "* OK [UIDVALIDITY 4294967295] x\r\n").await;
        talk.serve("UID EXPUNGE 9", "").await;
    })
    .await;
    let mut events = Vec::new();
    let mut imap = Imap::connect(&mailbox(server.port), &Stop::new(), &Gate::new(), &mut |event: Event| {
        events.push(event.action());
    })
    .await
    .unwrap();
    assert_eq!(events, ["Logging into mailbox", "Setting mailbox"]);
    assert!(imap.scope().ends_with("/INBOX/4294967295"));
    imap.expunge(&ids([9])).await.unwrap();
    server.played().await;
}

#[tokio::test]
async fn a_refused_login_tells_whom_it_takes_to_mend_it() {
    for (answer, transient) in [
        ("NO [AUTHENTICATIONFAILED] wrong", false),
        ("NO [AUTHORIZATIONFAILED] wrong", false),
        ("NO [EXPIRED] wrong", false),
        ("NO wrong", false),
        ("BAD wrong", false),
        ("NO [UNAVAILABLE] wrong", true),
        ("NO [THROTTLED] wrong", true),
        ("NO [INUSE] wrong", true),
    ] {
        let result = connecting(async move |mut talk: Talk| {
            talk.say("* OK [CAPABILITY IMAP4rev1] hi\r\n").await;
            talk.hear().await;
            talk.tag = "A1".into();
            talk.answer(answer).await;
            talk.gone().await;
        })
        .await;
        let text = if transient { reconnect(result) } else { refused(result) };
        assert!(text.starts_with("127.0.0.1:") && text.contains("wrong"), "{answer}: {text}");
    }
}

#[tokio::test]
async fn a_server_that_quotes_the_password_is_not_quoted() {
    let text = refused(
        connecting(async |mut talk: Talk| {
            talk.say("* OK [CAPABILITY IMAP4rev1] hi\r\n").await;
            let line = talk.hear().await;
            talk.say(format!("A1 BAD I don't get \u{7}{line} {}\r\n", "x".repeat(1000))).await;
        })
        .await,
    );
    assert!(text.contains("I don't get  A1 LOGIN \"me@example.com\" \"[password]\""), "{text}");
}

#[tokio::test]
async fn no_login_in_clear_where_the_server_forbids_it() {
    let text = refused(
        connecting(async |mut talk: Talk| {
            talk.say("* OK [CAPABILITY IMAP4rev1 LOGINDISABLED AUTH=PLAIN] hi\r\n").await;
            talk.gone().await;
        })
        .await,
    );
    assert!(text.contains("ssl: true") && text.contains("start_tls: true"), "{text}");
}

#[tokio::test]
async fn bad_greetings() {
    for (greeting, expected) in [
        ("* BYE too many connections\r\n", "too many connections"),
        ("220 smtp.example.com ESMTP\r\n", "does not greet like an IMAP server"),
        ("* NO go away\r\n", "go away"),
        ("", "closed the connection"),
    ] {
        let text = reconnect(connecting(async move |mut talk: Talk| talk.say(greeting).await).await);
        assert!(text.contains(expected), "{greeting}: {text}");
    }
    let text = reconnect(connecting(async |mut talk: Talk| talk.gone().await).await);
    assert!(text.contains("sent nothing for 0.3 s") && text.contains("ssl"), "{text}");
}

#[tokio::test]
async fn preauth_needs_no_login() {
    let server = Scripted::play(async |mut talk: Talk| {
        talk.say("* PREAUTH [CAPABILITY IMAP4rev1] hello me\r\n").await;
        talk.serve("SELECT \"INBOX\"", "").await;
        talk.gone().await;
    })
    .await;
    let imap = connect(&mailbox(server.port)).await.unwrap();
    assert!(imap.scope().ends_with("/INBOX/0"), "no UIDVALIDITY counts as 0");
    drop(imap);
    server.played().await;
}

#[tokio::test]
async fn mailboxes_that_cannot_be_used() {
    for (data, answer, expected) in [
        ("", "NO [NONEXISTENT] unknown", "check name"),
        ("", "OK [READ-ONLY] selected", "read-only"),
        ("* OK [PERMANENTFLAGS (\\Deleted)] x\r\n", "OK [READ-WRITE] selected", "\\Seen"),
    ] {
        let result = connecting(async move |mut talk: Talk| {
            talk.say("* PREAUTH [CAPABILITY IMAP4rev1] hello me\r\n").await;
            talk.expect("SELECT \"INBOX\"").await;
            talk.say(data).await;
            talk.answer(answer).await;
            talk.gone().await;
        })
        .await;
        assert!(refused(result).contains(expected), "{answer}");
    }
    let result = connecting(async |mut talk: Talk| {
        talk.say("* PREAUTH [CAPABILITY IMAP4rev1] hello me\r\n").await;
        talk.expect("SELECT \"INBOX\"").await;
        talk.answer("NO [UNAVAILABLE] later").await;
    })
    .await;
    assert!(reconnect(result).contains("later"));
}

#[tokio::test]
async fn nothing_of_the_configuration_becomes_a_command() {
    for field in ["email", "password", "name", "search_command"] {
        for bad in ["x\r\nA9 LOGOUT", "x\ny", "x\0y"] {
            let mut mailbox = mailbox(9);
            match field {
                "email" => mailbox.email = bad.into(),
                "password" => mailbox.password = bad.to_owned().into(),
                "name" => mailbox.name = bad.into(),
                _ => mailbox.search_command = bad.into(),
            }
            match connect(&mailbox).await {
                Err(Error::Configuration(text)) => assert!(text.starts_with(field) && !text.contains('x'), "{text}"),
                other => panic!("{field}: {other:?}"),
            }
        }
    }
}

#[tokio::test]
async fn a_stop_ends_connecting_at_once() {
    let server = Scripted::play(async |mut talk: Talk| talk.gone().await).await;
    let stop = Stop::new();
    let started = Instant::now();
    tokio::spawn({
        let stop = stop.clone();
        async move {
            tokio::time::sleep(Duration::from_millis(50)).await;
            stop.ask();
        }
    });
    let result = Imap::connect(&mailbox(server.port), &stop, &Gate::new(), &mut |_: Event| {}).await;
    assert!(matches!(result, Err(Error::Stopped)));
    assert!(started.elapsed() < Duration::from_secs(1));
    server.played().await;
}

#[tokio::test]
async fn no_more_than_twenty_log_in_at_a_time() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let mailbox = mailbox(listener.local_addr().unwrap().port());
    let (gate, stop) = (Gate::new(), Stop::new());
    let mut connecting = tokio::task::JoinSet::new();
    for _ in 0..30 {
        let (mailbox, gate, stop) = (mailbox.clone(), gate.clone(), stop.clone());
        connecting.spawn(async move { Imap::connect(&mailbox, &stop, &gate, &mut |_: Event| {}).await.map(drop) });
    }
    let mut open = Vec::new();
    while let Ok(accepted) = tokio::time::timeout(Duration::from_millis(300), listener.accept()).await {
        open.push(accepted.unwrap());
    }
    assert_eq!(open.len(), 20);
    stop.ask();
    while let Some(result) = connecting.join_next().await {
        assert!(matches!(result.unwrap(), Err(Error::Stopped)));
    }
}

#[tokio::test]
async fn unreachable_servers_are_named() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    drop(listener);
    let text = reconnect(connect(&mailbox(port)).await);
    assert!(text.starts_with(&format!("127.0.0.1:{port}: cannot connect")), "{text}");
    let mut mailbox = mailbox(143);
    mailbox.host = "imap.does-not-exist.invalid".into();
    let text = reconnect(connect_impatient(&mailbox).await);
    assert!(text.starts_with("imap.does-not-exist.invalid:143: the host name"), "{text}");
}

// --- SEARCH ---

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
            talk.serve("UID SEARCH UNSEEN", data).await;
        }
        talk.serve("UID SEARCH UNSEEN", "* SEARCH 5 PRIVATE\r\n").await;
    })
    .await;
    for expected in [&[3, 4, 5][..], &[9], &[1, 2, 3, 8], &[], &[], &[7]] {
        assert_eq!(uids(&imap.search().await.unwrap()), expected);
    }
    let started = Instant::now();
    assert_eq!(uids(&imap.search().await.unwrap()), (1..=300_000).collect::<Vec<_>>());
    assert!(started.elapsed() < Duration::from_secs(2), "{:?}", started.elapsed());
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
    })
    .await;
    assert!(reconnect(imap.search().await).contains("index broken"));
    assert!(refused(imap.search().await).contains("search_command: no such key"));
    server.played().await;
}

// --- FETCH ---

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
        "* 1 FETCH (UID 1 BODY[] {7}\r\nPRIVATE\r\n",
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
        // Nothing but refusals: it is the server, not the messages.
        talk.expect("UID FETCH 2 (UID BODY.PEEK[])").await;
        talk.answer("NO cannot read it").await;
    })
    .await;
    let (given, result) = fetch(&mut imap, &[1, 2, 3], 100).await;
    assert_eq!(given, [(1, Some(b"one".to_vec())), (3, Some(b"three".to_vec()))]);
    assert!(unparseable(result).contains("cannot read it"));
    assert!(reconnect(fetch(&mut imap, &[2], 100).await.1).contains("cannot read it"));
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

// --- Silence and hang-ups ---

#[tokio::test]
async fn a_server_that_stops_in_mid_answer_is_noticed() {
    for part in ["", "* 1 FET", "* 1 FETCH (UID 1 BODY[] {10}\r\nhalf"] {
        for hang_up in [false, true] {
            let (mut imap, server) = open("", async move |mut talk| {
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
            assert!(given.is_empty() && started.elapsed() < Duration::from_secs(2));
            drop(imap);
            server.played().await;
        }
    }
}

#[tokio::test]
async fn a_server_that_talks_without_end_is_noticed() {
    let (mut imap, server) = open("", async |mut talk| {
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
        talk.serve("UID SEARCH UNSEEN", "* OK [UIDVALIDITY 7] same\r\n").await;
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
    assert!(started.elapsed() < Duration::from_millis(1500));
    server.played().await;
}

// --- IDLE ---

#[tokio::test]
async fn idle_ends_with_news_and_leaves_the_session_ready() {
    let (mut imap, server) = settled("IDLE", async |mut talk| {
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
    })
    .await;
    let started = Instant::now();
    imap.wait(soon(), &Stop::new()).await.unwrap();
    assert!((100..1000).contains(&started.elapsed().as_millis()), "{:?}", started.elapsed());
    assert_eq!(uids(&imap.search().await.unwrap()), [5]);
    server.played().await;
}

#[tokio::test]
async fn news_from_before_the_idle_end_it_at_once() {
    let (mut imap, server) = settled("IDLE", async |mut talk| {
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
    assert!(started.elapsed() < Duration::from_secs(1));
    server.played().await;
}

#[tokio::test]
async fn our_own_marks_are_no_news() {
    let (mut imap, server) = settled("IDLE", async |mut talk| {
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
    let (mut imap, server) = settled("IDLE", async |mut talk| {
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
    assert!((500..1000).contains(&started.elapsed().as_millis()), "{:?}", started.elapsed());
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
    let mailbox = mailbox(server.port);
    let mut imap =
        Imap::connect_within(&mailbox, &deadlines, &Stop::new(), &Gate::new(), &mut |_: Event| {}).await.unwrap();
    imap.search().await.unwrap();
    let started = Instant::now();
    let text = reconnect(imap.wait(soon(), &Stop::new()).await);
    assert!(text.contains("IDLE did not end"), "{text}");
    assert!((600..1500).contains(&started.elapsed().as_millis()), "{:?}", started.elapsed());
    drop(imap);
    server.played().await;
}

#[tokio::test]
async fn a_stop_ends_idle_at_once() {
    let (mut imap, server) = settled("IDLE", async |mut talk| {
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
    assert!(asked.await.unwrap().elapsed() < Duration::from_millis(100));
    // Asked already: not even an IDLE.
    imap.wait(soon(), &stop).await.unwrap();
    imap.logout().await;
    server.played().await;
}

#[tokio::test]
async fn hang_ups_in_idle_are_noticed_at_once() {
    for (data, expected) in [("* BYE timeout\r\n", "timeout"), ("", "closed the connection")] {
        let (mut imap, server) = settled("IDLE", async move |mut talk| {
            talk.expect("IDLE").await;
            talk.say("+ idling\r\n").await;
            talk.say(data).await;
        })
        .await;
        let started = Instant::now();
        assert!(reconnect(imap.wait(soon(), &Stop::new()).await).contains(expected));
        assert!(started.elapsed() < Duration::from_millis(200));
        server.played().await;
    }
}

#[tokio::test]
async fn a_server_that_refuses_idle_is_asked_now_and_then() {
    for refusal in
        ["A4 BAD no IDLE\r\n", "A4 NO no IDLE\r\n", "* BAD what\r\n", "BAD what\r\n", "+ ok\r\nA4 OK over\r\n"]
    {
        let (mut imap, server) = settled("IDLE", async move |mut talk| {
            talk.expect("IDLE").await;
            talk.say(refusal).await;
            talk.serve("NOOP", "* 4 EXISTS\r\n").await;
            talk.serve("NOOP", "").await;
            talk.goodbye().await;
        })
        .await;
        imap.wait(soon(), &Stop::new()).await.unwrap();
        let started = Instant::now();
        imap.wait(soon(), &Stop::new()).await.unwrap();
        assert!((190..600).contains(&started.elapsed().as_millis()), "{refusal}: {:?}", started.elapsed());
        imap.logout().await;
        server.played().await;
    }
}

#[tokio::test]
async fn without_idle_it_looks_now_and_then() {
    let (mut imap, server) = settled("", async |mut talk| {
        talk.serve("NOOP", "").await;
        talk.say("* 4 EXISTS\r\n").await;
        talk.serve("NOOP", "").await;
        talk.gone().await;
    })
    .await;
    imap.wait(soon(), &Stop::new()).await.unwrap();
    let started = Instant::now();
    imap.wait(soon(), &Stop::new()).await.unwrap();
    assert!(started.elapsed() < Duration::from_millis(190), "news end it at once");
    let stop = Stop::new();
    stop.ask();
    imap.wait(soon(), &stop).await.unwrap();
    drop(imap);
    server.played().await;
}
