//! The IMAP source against a real server: a private Dovecot with Maildir, started for each test.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic, missing_docs)]

mod support;

use std::time::{Duration, Instant};

use mail_room_core::Error;
use mail_room_core::config::{Mailbox, Security, Tls};
use mail_room_core::limits::shutdown::Stop;
use mail_room_core::source::{Mark, Source};
use support::dovecot::Dovecot;
use support::{connect, fetch, ids, mailbox, reconnect, refused, uids};

/// The `n`th message: of its own size, with bytes of all kinds but NUL, which Dovecot does not keep.
fn mail(n: usize) -> Vec<u8> {
    let mut mail = format!("From: a@example.com\r\nSubject: message {n}\r\nX-Braces: {{{n}}}\r\n\r\n").into_bytes();
    for line in 0..n % 50 {
        mail.extend((0..60).map(|column| match (n * 31 + line * 7 + column) % 256 {
            0 | 10 | 13 => b'.',
            byte => byte as u8,
        }));
        mail.extend_from_slice(b")\r\n* OK {5}\r\n");
    }
    mail
}

fn name(n: usize) -> String {
    format!("{:010}.M{n:06}.test", 1_700_000_000 + n)
}

#[tokio::test]
async fn three_thousand_messages_from_search_to_expunge() {
    let dovecot = Dovecot::start();
    for n in 1..=3000 {
        dovecot.deliver(&name(n), &mail(n));
    }
    let mut imap = connect(&mailbox(dovecot.port)).await.unwrap();
    assert!(imap.scope().starts_with(&format!("127.0.0.1:{}/me@example.com/INBOX/", dovecot.port)));
    assert!(!imap.scope().ends_with("/0"));
    let found = imap.search().await.unwrap();
    assert_eq!(found.len(), 3000);
    let sizes = imap.sizes(&found).await.unwrap();
    for (n, told) in (1..).zip(&sizes) {
        assert_eq!((&told.id, told.octets), (&found[n - 1], mail(n).len() as u64));
        assert!(told.arrived.unwrap().elapsed().unwrap() < Duration::from_secs(600), "{told:?}");
    }
    let started = Instant::now();
    let (given, result) = fetch(&mut imap, &uids(&found), 1 << 20).await;
    result.unwrap();
    println!("3,000 messages fetched in {:?}", started.elapsed());
    assert_eq!(given.len(), 3000);
    for (n, (uid, body)) in (1..).zip(&given) {
        assert_eq!(uids(&found)[n - 1], *uid);
        assert!(body.as_ref() == Some(&mail(n)), "message {n} differs");
    }
    assert_eq!(imap.search().await.unwrap().len(), 3000, "a fetch changes no flag");
    // Every third: sets without long ranges, several commands.
    let third: Vec<_> = found.iter().step_by(3).cloned().collect();
    imap.mark(&third, Mark::Seen).await.unwrap();
    assert_eq!(imap.search().await.unwrap().len(), 2000);
    let deleted: Vec<_> = found.iter().skip(1).step_by(3).cloned().collect();
    imap.mark(&deleted, Mark::Deleted).await.unwrap();
    // Deleted by somebody else: not ours to expunge.
    let other = found.iter().skip(2).step_by(3).cloned().collect::<Vec<_>>();
    imap.mark(&other[..10], Mark::Deleted).await.unwrap();
    imap.expunge(&deleted).await.unwrap();
    assert_eq!(dovecot.messages(), 2000);
    imap.mark(&other[10..20], Mark::SetAside).await.unwrap();
    assert_eq!(uids(&imap.search().await.unwrap()), uids(&other[20..]));
    // Gone ones are simply not given.
    let (given, result) = fetch(&mut imap, &uids(&[deleted[0].clone(), other[30].clone()]), 1 << 20).await;
    result.unwrap();
    assert_eq!(given.len(), 1);
    assert_eq!(imap.sizes(&[deleted[0].clone()]).await.unwrap(), []);
    imap.mark(&[deleted[0].clone()], Mark::Seen).await.unwrap();
    imap.logout().await;
}

#[tokio::test]
async fn new_mail_wakes_idle() {
    let dovecot = Dovecot::start();
    let mut imap = connect(&mailbox(dovecot.port)).await.unwrap();
    assert!(imap.search().await.unwrap().is_empty());
    let stop = Stop::new();
    for n in 1..=3 {
        let waiting =
            async { imap.wait(Instant::now() + Duration::from_secs(20), &stop).await.map(|()| Instant::now()) };
        let delivering = async {
            tokio::time::sleep(Duration::from_millis(500)).await;
            dovecot.deliver(&name(n), &mail(n));
            Instant::now()
        };
        let (woken, delivered) = tokio::join!(waiting, delivering);
        let latency = woken.unwrap().duration_since(delivered);
        println!("woken after {latency:?}");
        assert!(latency < Duration::from_secs(2), "{latency:?}");
        let found = imap.search().await.unwrap();
        assert_eq!(found.len(), 1);
        imap.mark(&found, Mark::Seen).await.unwrap();
    }
    let started = Instant::now();
    imap.wait(started + Duration::from_millis(500), &stop).await.unwrap();
    assert!((500..1500).contains(&started.elapsed().as_millis()));
    assert!(imap.search().await.unwrap().is_empty());
}

#[tokio::test]
async fn a_server_that_goes_down_is_noticed_in_idle() {
    let mut dovecot = Dovecot::start();
    let mut imap = connect(&mailbox(dovecot.port)).await.unwrap();
    imap.search().await.unwrap();
    let stop = Stop::new();
    let waiting = async {
        let result = imap.wait(Instant::now() + Duration::from_secs(20), &stop).await;
        (result, Instant::now())
    };
    let stopping = async {
        tokio::time::sleep(Duration::from_millis(300)).await;
        let stopped = Instant::now();
        tokio::task::spawn_blocking(move || dovecot.stop()).await.unwrap();
        stopped
    };
    let ((result, noticed), stopped) = tokio::join!(waiting, stopping);
    reconnect(result);
    assert!(noticed.duration_since(stopped) < Duration::from_secs(3));
}

#[tokio::test]
async fn tls_and_starttls_with_a_self_signed_certificate() {
    let dovecot = Dovecot::start();
    for (security, port) in [(Security::Tls, dovecot.tls_port), (Security::StartTls, dovecot.port)] {
        let tls = Tls { ca_file: Some(dovecot.certificate.clone()), ..Tls::default() };
        let encrypted = Mailbox { security, tls, host: "localhost".into(), ..mailbox(port) };
        let mut imap = connect(&encrypted).await.unwrap();
        assert!(imap.search().await.unwrap().is_empty());
        imap.logout().await;
        let text = refused(connect(&Mailbox { tls: Tls::default(), ..encrypted }).await);
        assert!(text.starts_with(&format!("localhost:{port}: ")) && text.contains("ca_file"), "{text}");
    }
}

#[tokio::test]
async fn folders_searches_and_refusals() {
    let dovecot = Dovecot::start();
    dovecot.folder("Entw&APw-rfe");
    dovecot.deliver(&name(1), "Subject: =?utf-8?q?Gr=C3=BC=C3=9Fe?=\r\n\r\nx\r\n".as_bytes());
    dovecot.deliver(&name(2), &mail(2));
    let folder = Mailbox { name: "Entwürfe".into(), ..mailbox(dovecot.port) };
    assert!(connect(&folder).await.unwrap().search().await.unwrap().is_empty());
    match connect(&Mailbox { name: "Nowhere".into(), ..folder.clone() }).await {
        Err(Error::NoMailbox(text)) => {
            assert!(text.contains("mailbox Nowhere (check name)") && text.contains("there are: Entwürfe"), "{text}");
        }
        other => panic!("{other:?}"),
    }
    for (program, expected) in [
        ("NEW", vec![1, 2]),
        ("SUBJECT \"grüße\" UNSEEN", vec![1]),
        ("OR (SUBJECT \"message 2\") SUBJECT nothing", vec![2]),
        ("UNSEEN SINCE 1-Jan-2100", vec![]),
    ] {
        let mut imap =
            connect(&Mailbox { name: "inbox".into(), search_command: program.into(), ..folder.clone() }).await.unwrap();
        assert_eq!(imap.search().await.unwrap(), ids(expected), "{program}");
    }
    let mut imap =
        connect(&Mailbox { name: "INBOX".into(), search_command: "XYZZY".into(), ..folder.clone() }).await.unwrap();
    let text = refused(imap.search().await);
    assert!(text.contains("search_command"), "{text}");
    let wrong = Mailbox { password: "wrong-pass".to_owned().into(), ..mailbox(dovecot.port) };
    let text = refused(connect(&wrong).await);
    assert!(text.contains("login refused") && !text.contains("wrong-pass"), "{text}");
}
