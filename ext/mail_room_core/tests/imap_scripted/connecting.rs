//! Greeting, login and SELECT.

use super::*;

/// Connects to a server that plays `script` from the greeting on.
async fn connecting<F>(script: impl FnOnce(Talk) -> F + Send + 'static) -> Result<Imap>
where
    F: Future<Output = ()> + Send,
{
    let server = Scripted::play(script).await;
    let result = connect(&mailbox(server.port)).await;
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
        let imap = connect(&mailbox).await;
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
    let mut steps = Vec::new();
    let account = account(&mailbox(server.port), &Stop::new());
    let mut imap = Imap::connect(&account, &Deadlines::default(), &LoginLimiter::new(), &mut |step| steps.push(step))
        .await
        .unwrap();
    assert_eq!(steps, ["resolved", "connected", "greeted", "logged_in", "mailbox"]);
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
            talk.tag = "A0001".into();
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
            talk.say(format!("A0001 BAD I don't get \u{7}{line} {}\r\n", "x".repeat(1000))).await;
        })
        .await,
    );
    assert!(text.contains("I don't get  A0001 LOGIN \"me@example.com\" \"[password]\""), "{text}");
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
    let server = Scripted::play(async |mut talk: Talk| talk.gone().await).await;
    let text = reconnect(connect_impatient(&mailbox(server.port)).await);
    server.played().await;
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
    let (_, own) =
        imap.scope().split_once("/INBOX/0-").expect("no UIDVALIDITY counts as 0, and the scope is the session's own");
    assert_eq!(own.len(), 32);
    drop(imap);
    server.played().await;
}

#[tokio::test]
async fn mailboxes_that_cannot_be_used() {
    let flags = "* FLAGS (\\Seen \\Deleted)\r\n* OK [PERMANENTFLAGS (\\Deleted)] x\r\n";
    for (data, answer, expected) in [
        ("", "NO [NOPERM] not yours", "for this user"),
        ("", "OK [READ-ONLY] selected", "read-only"),
        (flags, "OK [READ-WRITE] selected", "\\Seen"),
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
    let account = account(&mailbox(server.port), &stop);
    let result = Imap::connect(&account, &Deadlines::default(), &LoginLimiter::new(), &mut |_| {}).await;
    assert!(matches!(result, Err(Error::Stopped)));
    assert!(started.elapsed() < Duration::from_secs(5));
    server.played().await;
}

#[tokio::test]
async fn no_more_than_twenty_log_in_at_a_time() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let mailbox = mailbox(listener.local_addr().unwrap().port());
    let (gate, stop) = (LoginLimiter::new(), Stop::new());
    let mut connecting = tokio::task::JoinSet::new();
    for _ in 0..30 {
        let (account, gate) = (account(&mailbox, &stop), gate.clone());
        connecting
            .spawn(async move { Imap::connect(&account, &Deadlines::default(), &gate, &mut |_| {}).await.map(drop) });
    }
    let mut open = Vec::new();
    while let Ok(accepted) = tokio::time::timeout(Duration::from_secs(1), listener.accept()).await {
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

#[tokio::test]
async fn a_mailbox_that_is_not_there_is_told_with_those_that_are() {
    let server = Scripted::play(async |mut talk: Talk| {
        talk.say("* PREAUTH [CAPABILITY IMAP4rev1] hello me\r\n").await;
        talk.expect("SELECT \"Support\"").await;
        talk.answer("NO [NONEXISTENT] unknown").await;
        // Where there is no NAMESPACE, the root may tell; below INBOX is tried last.
        talk.serve("LIST \"\" \"\"", "* LIST (\\Noselect) \".\" \"\"\r\n").await;
        talk.expect("SELECT \"INBOX.Support\"").await;
        talk.answer("NO unknown, too").await;
        talk.serve("LIST \"\" \"*\"", "* LIST () \".\" \"Entw&APw-rfe\"\r\n* LIST () \".\" \"a\u{7}b\"\r\n").await;
        talk.gone().await;
    })
    .await;
    let result = connect(&Mailbox { name: "Support".into(), ..mailbox(server.port) }).await;
    server.played().await;
    match result {
        Err(Error::NoMailbox(text)) => {
            assert!(text.contains("mailbox Support (check name): unknown; there are: Entwürfe, a b"), "{text}");
        }
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn a_name_without_the_prefix_of_the_users_own_mailboxes_is_found_below_it() {
    let server = Scripted::play(async |mut talk: Talk| {
        talk.say("* PREAUTH [CAPABILITY IMAP4rev1 NAMESPACE] hello me\r\n").await;
        talk.expect("SELECT \"Support\"").await;
        talk.answer("NO Invalid mailbox name.").await;
        talk.serve("NAMESPACE", "* NAMESPACE ((\"INBOX.\" \".\")) NIL ((\"shared.\" \".\"))\r\n").await;
        talk.serve("SELECT \"INBOX.Support\"", "* OK [UIDVALIDITY 7] x\r\n").await;
        talk.gone().await;
    })
    .await;
    let imap = connect(&Mailbox { name: "Support".into(), ..mailbox(server.port) }).await.unwrap();
    assert!(imap.scope().ends_with("/INBOX.Support/7"), "{}", imap.scope());
    drop(imap);
    server.played().await;
}

#[tokio::test]
async fn a_flag_that_the_server_does_not_list_may_be_changed() {
    for flags in [
        "* FLAGS ()\r\n* OK [PERMANENTFLAGS (\\*)] x\r\n",
        "* OK [PERMANENTFLAGS (\\*)] x\r\n* FLAGS (\\Deleted)\r\n",
        "* FLAGS (\\Seen)\r\n* OK [PERMANENTFLAGS ()] x\r\n",
        "* FLAGS (\\Seen)\r\n* OK [PERMANENTFLAGS (\\seen \\*)] x\r\n",
    ] {
        let server = Scripted::play(async move |mut talk: Talk| {
            talk.say("* PREAUTH [CAPABILITY IMAP4rev1] hello me\r\n").await;
            talk.serve("SELECT \"INBOX\"", flags).await;
            talk.gone().await;
        })
        .await;
        let imap = connect(&mailbox(server.port)).await;
        drop(imap.unwrap());
        server.played().await;
    }
}

#[tokio::test]
async fn a_login_that_exchange_has_not_connected_is_tried_again_and_explained() {
    let result = connecting(async |mut talk: Talk| {
        talk.say("* PREAUTH [CAPABILITY IMAP4rev1] hello me\r\n").await;
        talk.expect("SELECT \"INBOX\"").await;
        talk.answer("BAD User is authenticated but not connected.").await;
    })
    .await;
    let text = reconnect(result);
    assert!(text.contains("authenticated but not connected") && text.contains("licence"), "{text}");
}

#[tokio::test]
async fn the_last_words_of_a_server_that_hangs_up_are_told() {
    let text = reconnect(
        connecting(async |mut talk: Talk| {
            talk.say("* OK [CAPABILITY IMAP4rev1] hi\r\n").await;
            talk.hear().await;
            talk.say("* BAD internal server error\r\n").await;
        })
        .await,
    );
    assert!(text.contains("closed the connection; before, it said: internal server error"), "{text}");
}

/// What `check` finds at a server that plays `script` once we are logged in.
async fn checked<F>(script: impl FnOnce(Talk) -> F + Send + 'static) -> Vec<serde_json::Value>
where
    F: Future<Output = ()> + Send,
{
    let server = Scripted::play(async |mut talk: Talk| {
        talk.say("* PREAUTH [CAPABILITY IMAP4rev1 IDLE NAMESPACE] hello me\r\n").await;
        script(talk).await;
    })
    .await;
    let report = mail_room_core::check::imap(mailbox(server.port)).await;
    server.played().await;
    serde_json::from_str(&report.to_json().unwrap()).unwrap()
}

#[tokio::test]
async fn check_explains_a_login_that_is_not_connected() {
    let steps = checked(async |mut talk| {
        talk.expect("EXAMINE \"INBOX\"").await;
        talk.answer("BAD User is authenticated but not connected.").await;
        talk.expect("LIST \"\" \"*\"").await;
        talk.answer("BAD User is authenticated but not connected.").await;
        talk.gone().await;
    })
    .await;
    let last = steps.last().unwrap();
    assert_eq!((&last["step"], &last["ok"]), (&"mailbox".into(), &false.into()));
    assert_eq!(last["facts"]["not_connected"], true, "{last}");
}

#[tokio::test]
async fn check_tells_of_an_idle_that_is_offered_and_refused() {
    for (answer, idles) in [("NO not here", false), ("OK", true)] {
        let steps = checked(async move |mut talk| {
            talk.serve("EXAMINE \"INBOX\"", "").await;
            talk.expect("IDLE").await;
            if idles {
                talk.say("+ idling\r\n").await;
                assert_eq!(talk.hear().await, "DONE");
                talk.answer("OK").await;
            } else {
                talk.answer(answer).await;
                talk.serve("NOOP", "").await;
            }
            talk.serve("UID SEARCH UNSEEN", "* SEARCH 1 2\r\n").await;
            talk.goodbye().await;
        })
        .await;
        let of = |step: &str| steps.iter().find(|found| found["step"] == step).unwrap()["facts"].clone();
        let capabilities = of("capabilities");
        let idle = (&capabilities["idle_offered"], &capabilities["idle"]);
        assert_eq!((idle, &of("unread")["unread"]), ((&true.into(), &idles.into()), &2.into()));
    }
}
