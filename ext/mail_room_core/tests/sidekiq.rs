//! Sidekiq jobs in a real Redis: what they look like, and that each is there once, whatever happens on the way.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]

#[path = "support/redis.rs"]
mod redis_server;

use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use mail_room_core::Error;
use mail_room_core::arbiter::{Arbiter, Claim};
use mail_room_core::config::{self, Arbitration, Claims};
use mail_room_core::delivery::sidekiq::Sidekiq;
use mail_room_core::limits::memory_budget::{Budget, ENCODING_OCTETS};
use mail_room_core::message::{Message, MessageId};
use mail_room_core::outcome::DeliveryOutcome;
use mail_room_core::transport::redis::RedisClients;
use redis_server::{Proxy, Server, redis_at};
use serde_json::Value;

const SCOPE: &str = "imap.example.com:993/me%40example.com/INBOX/1";

/// One process: an arbiter and a delivery.
struct Process {
    arbiter: Arc<Arbiter>,
    sidekiq: Sidekiq,
    encoding: Budget,
}

impl Process {
    /// Claims in `claims`, if anywhere, and jobs in `jobs`.
    fn new(claims: Option<config::Redis>, jobs: config::Redis, instance: &str, namespace: Option<&str>) -> Self {
        let clients = RedisClients::new();
        let arbitration = match claims {
            Some(redis) => Arbitration::Redis(Claims { redis, namespace: None, claim_ttl: 60 }),
            None => Arbitration::Noop,
        };
        let arbiter = Arc::new(Arbiter::new(&arbitration, &clients, instance, &std::sync::Arc::default()).unwrap());
        let config = config::Sidekiq {
            redis: jobs,
            namespace: namespace.map(Into::into),
            queue: "email_receiver".into(),
            worker: "EmailReceiverWorker".into(),
            max_job_size: None,
        };
        let sidekiq = Sidekiq::new(config, &clients, arbiter.clone()).unwrap();
        Self { arbiter, sidekiq, encoding: Budget::new(ENCODING_OCTETS) }
    }

    /// Both in one Redis.
    fn on(redis: config::Redis, instance: &str) -> Self {
        Self::new(Some(redis.clone()), redis, instance, None)
    }

    async fn claim(&self, messages: &[Message]) -> Vec<Claim> {
        let ids: Vec<_> = messages.iter().map(|message| message.id.clone()).collect();
        self.arbiter.claim(SCOPE, &ids).await.unwrap()
    }

    async fn deliver(&self, messages: &[Message]) -> mail_room_core::Result<Vec<DeliveryOutcome>> {
        self.sidekiq.deliver(SCOPE, messages, &self.encoding).await
    }
}

fn message(uid: u32, body: &[u8]) -> Message {
    Message { id: MessageId::Uid(uid), body: body.to_vec() }
}

fn messages(uids: std::ops::RangeInclusive<u32>) -> Vec<Message> {
    uids.map(|uid| message(uid, format!("Subject: {uid}\r\n\r\nbody").as_bytes())).collect()
}

fn delivered(outcomes: &[DeliveryOutcome]) -> usize {
    outcomes.iter().filter(|outcome| matches!(outcome, DeliveryOutcome::Delivered { .. })).count()
}

/// What the jobs' texts are, oldest first.
fn texts(server: &Server) -> Vec<String> {
    let jobs = server.jobs("queue:email_receiver").into_iter();
    jobs.map(|job| serde_json::from_str::<Value>(&job).unwrap()["args"][0].as_str().unwrap().to_owned()).collect()
}

fn state(server: &Server, uid: u32) -> Option<String> {
    server.ask(&format!("GET delivered:{uid}:{SCOPE}"))
}

fn told(error: &Error) -> String {
    assert!(matches!(error, Error::TargetDown { .. }), "{error:?}");
    error.to_string()
}

#[tokio::test]
async fn a_job_looks_as_the_original_makes_it() {
    let server = Server::start(&[]);
    let process = Process::on(server.config(), "me");
    let body = b"Subject: \"hi\" \\ \xc3\xbc\r\n\r\n\ttab \0 \x1b \x7f / \xe2\x80\xa8 end\n";
    let mail = [message(7, body)];
    process.claim(&mail).await;
    assert_eq!(delivered(&process.deliver(&mail).await.unwrap()), 1);

    let [job] = &server.jobs("queue:email_receiver")[..] else { panic!("not one job") };
    let parsed: serde_json::Map<String, Value> = serde_json::from_str(job).unwrap();
    let keys: Vec<_> = parsed.keys().map(String::as_str).collect();
    assert_eq!(keys, ["class", "args", "queue", "jid", "retry", "enqueued_at"]);
    assert_eq!(parsed["class"], "EmailReceiverWorker");
    assert_eq!(parsed["args"], serde_json::json!([std::str::from_utf8(body).unwrap()]));
    assert_eq!(parsed["queue"], "email_receiver");
    assert_eq!(parsed["retry"], false);
    let jid = parsed["jid"].as_str().unwrap();
    assert!(jid.len() == 24 && jid.bytes().all(|digit| digit.is_ascii_hexdigit()), "{jid}");
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs_f64();
    assert!(parsed["enqueued_at"].is_f64() && (now - parsed["enqueued_at"].as_f64().unwrap()).abs() < 10.0);
    // Nothing else: the original does not register the queue either.
    assert_eq!(server.keys(), ["delivered:7", &format!("delivered:7:{SCOPE}"), "queue:email_receiver"]);
}

#[tokio::test]
async fn bodies_of_any_kind_become_text() {
    let server = Server::start(&[]);
    let process = Process::on(server.config(), "me");
    let mails = [message(1, b""), message(2, b"Sch\xf6ne Gr\xfc\xdfe aus M\xfcnchen"), message(3, &[0xff; 3])];
    process.claim(&mails).await;
    assert_eq!(delivered(&process.deliver(&mails).await.unwrap()), 3);
    let texts = texts(&server);
    assert_eq!(texts[..2], ["", "Schöne Grüße aus München"]);
    assert_eq!(texts[2].chars().count(), 3);
}

#[tokio::test]
async fn queues_stand_behind_the_namespace() {
    let server = Server::start(&[]);
    let process = Process::new(Some(server.config()), server.config(), "me", Some("resque:gitlab"));
    process.claim(&messages(1..=1)).await;
    process.deliver(&messages(1..=1)).await.unwrap();
    assert_eq!(server.jobs("resque:gitlab:queue:email_receiver").len(), 1);
}

#[tokio::test]
async fn only_what_is_claimed_by_us_is_pushed() {
    let server = Server::start(&[]);
    let process = Process::on(server.config(), "me");
    // State and marker before; whether a job is pushed and what is answered; state and marker after.
    let table = [
        ("-", "-", 0, "lost", "-", "-"),
        ("-", SCOPE, 0, "lost", "-", SCOPE),
        ("claimed me", SCOPE, 1, "delivered", "delivered me", SCOPE),
        ("claimed me", "-", 1, "delivered", "delivered me", SCOPE),
        ("claimed me", "other", 1, "delivered", "delivered me", "other"),
        ("claimed me", "1", 0, "lost", "claimed me", "1"),
        ("claimed you", SCOPE, 0, "lost", "claimed you", SCOPE),
        ("failed 2", "-", 0, "lost", "failed 2", "-"),
        ("delivered me", SCOPE, 0, "delivered", "delivered me", SCOPE),
        ("delivered me", "1", 0, "delivered", "delivered me", "1"),
        ("delivered you", SCOPE, 0, "lost", "delivered you", SCOPE),
    ];
    for (state_before, marker_before, pushed, answer, state_after, marker_after) in table {
        server.ask::<()>("FLUSHALL");
        let (state_key, marker_key) = (format!("delivered:7:{SCOPE}"), "delivered:7");
        for (key, value) in [(state_key.as_str(), state_before), (marker_key, marker_before)] {
            if value != "-" {
                server.ask::<()>(&format!("SET {key} \"{value}\" EX 30"));
            }
        }
        let outcomes = process.deliver(&[message(7, b"hi")]).await.unwrap();
        let answered = match outcomes[0] {
            DeliveryOutcome::Delivered { .. } => "delivered",
            DeliveryOutcome::Lost => "lost",
            DeliveryOutcome::Refused { .. }
            | DeliveryOutcome::Unavailable { .. }
            | DeliveryOutcome::Failed(_)
            | DeliveryOutcome::Down(_) => "failed",
        };
        assert_eq!(answered, answer, "{state_before}|{marker_before}");
        assert_eq!(server.jobs("queue:email_receiver").len(), pushed, "{state_before}|{marker_before}");
        for (key, after) in [(state_key.as_str(), state_after), (marker_key, marker_after)] {
            let value: Option<String> = server.ask(&format!("GET {key}"));
            assert_eq!(value.as_deref().unwrap_or("-"), after, "{state_before}|{marker_before}");
            let kept = pushed == 1 && value.is_some() && !["other", "1"].contains(&after);
            let expected = if kept { 86_390..=86_400 } else { -2..=30 };
            assert!(expected.contains(&server.ask::<i64>(&format!("TTL {key}"))), "{state_before}|{marker_before}");
        }
    }
}

#[tokio::test]
async fn answers_come_in_order_and_so_do_jobs() {
    let server = Server::start(&[]);
    let (process, other) = (Process::on(server.config(), "me"), Process::on(server.config(), "you"));
    let mails = messages(1..=250);
    other.claim(&mails[100..110]).await;
    process.claim(&mails).await;
    let outcomes = process.deliver(&mails).await.unwrap();
    for (n, outcome) in outcomes.iter().enumerate() {
        assert_eq!((100..110).contains(&n), matches!(outcome, DeliveryOutcome::Lost), "{n}");
    }
    let expected: Vec<_> = (1..=250).filter(|uid| !(101..=110).contains(uid)).collect();
    let subjects: Vec<u32> =
        texts(&server).iter().map(|text| text[9..].split('\r').next().unwrap().parse().unwrap()).collect();
    assert_eq!(subjects, expected);
    assert!(process.deliver(&[]).await.unwrap().is_empty());
}

#[tokio::test]
async fn two_processes_deliver_every_message_once() {
    let server = Server::start(&[]);
    let processes = [Process::on(server.config(), "me"), Process::on(server.config(), "you")];
    let work = processes.iter().map(|process| {
        let server = &server;
        async move {
            let mut count = 0;
            for chunk in messages(1..=300).chunks(7) {
                process.claim(chunk).await;
                count += delivered(&process.deliver(chunk).await.unwrap());
                let _ = server;
            }
            count
        }
    });
    let [a, b]: [_; 2] = work.collect::<Vec<_>>().try_into().ok().unwrap();
    let (a, b) = tokio::join!(a, b);
    assert_eq!(a + b, 300);
    let mut texts = texts(&server);
    texts.sort();
    texts.dedup();
    assert_eq!((texts.len(), server.jobs("queue:email_receiver").len()), (300, 300));
}

#[tokio::test]
async fn a_lost_reply_makes_no_second_job() {
    let server = Server::start(&[]);
    let proxy = Proxy::start(server.port, "Subject").await;
    let process = Process::on(redis_at(&format!("redis://127.0.0.1:{}", proxy.port)), "me");
    process.claim(&messages(1..=3)).await;
    process.deliver(&messages(1..=1)).await.unwrap();
    proxy.cut(1);
    let outcomes = process.deliver(&messages(2..=3)).await.unwrap();
    assert_eq!((delivered(&outcomes), proxy.cuts_left()), (2, 0), "asked again on a new connection");
    assert_eq!(server.jobs("queue:email_receiver").len(), 3);
}

#[tokio::test]
async fn nor_does_a_reply_that_stays_lost() {
    let server = Server::start(&[]);
    let proxy = Proxy::start(server.port, "Subject").await;
    let process = Process::on(redis_at(&format!("redis://127.0.0.1:{}", proxy.port)), "me");
    let mails = messages(1..=2);
    process.claim(&mails).await;
    process.deliver(&mails[..1]).await.unwrap();
    proxy.cut(2);
    let told = told(&process.deliver(&mails).await.unwrap_err());
    assert!(told.contains(&format!("127.0.0.1:{}/0", proxy.port)), "{told}");
    // Either way of going on finds out: the same step again, or a new claim.
    assert_eq!(delivered(&process.deliver(&mails).await.unwrap()), 2);
    assert_eq!(process.claim(&mails).await, [Claim::Delivered, Claim::Delivered]);
    assert_eq!(server.jobs("queue:email_receiver").len(), 2);
}

#[tokio::test]
async fn a_redis_out_of_memory_takes_nothing_and_later_everything_once() {
    let server = Server::start(&[]);
    let process = Process::on(server.config(), "me");
    let mails = messages(1..=150);
    process.claim(&mails).await;
    server.ask::<()>("CONFIG SET maxmemory 1000");
    let told = told(&process.deliver(&mails).await.unwrap_err());
    assert!(told.contains("OOM") && told.contains("maxmemory") && !told.contains("Subject"), "{told}");
    assert_eq!(state(&server, 1).as_deref(), Some("claimed me"));
    assert!(server.jobs("queue:email_receiver").is_empty());
    let claimed = process.arbiter.claim(SCOPE, &[MessageId::Uid(1_000)]).await;
    assert!(claimed.is_err(), "claiming is writing");
    server.ask::<()>("CONFIG SET maxmemory 0");
    assert_eq!(delivered(&process.deliver(&mails).await.unwrap()), 150);
    assert_eq!(server.jobs("queue:email_receiver").len(), 150);
}

#[tokio::test]
async fn a_queue_that_cannot_take_jobs_leaves_the_claims_as_they_are() {
    let server = Server::start(&[]);
    server.ask::<()>("ACL SETUSER restricted on >pw ~* +@all -lpush");
    let mails = messages(1..=2);

    let process = Process::on(server.config(), "me");
    process.claim(&mails).await;
    server.ask::<()>("SET queue:email_receiver x");
    let wrong_type = told(&process.deliver(&mails).await.unwrap_err());
    assert!(wrong_type.contains("WRONGTYPE") && wrong_type.contains("queue"), "{wrong_type}");
    server.ask::<()>("DEL queue:email_receiver");

    let restricted = Process::on(redis_at(&format!("redis://restricted:pw@127.0.0.1:{}", server.port)), "me");
    let no_permission = told(&restricted.deliver(&mails).await.unwrap_err());
    assert!(no_permission.contains("lacks a permission (ACL)"), "{no_permission}");

    for uid in 1..=2 {
        assert_eq!(state(&server, uid).as_deref(), Some("claimed me"));
        assert!((50..=60).contains(&server.ask::<i64>(&format!("TTL delivered:{uid}:{SCOPE}"))));
    }
    assert_eq!(delivered(&process.deliver(&mails).await.unwrap()), 2);
    assert_eq!(server.jobs("queue:email_receiver").len(), 2);
}

#[tokio::test]
async fn a_replica_takes_nothing_until_it_is_the_master() {
    let (server, master) = (Server::start(&[]), Server::start(&[]));
    let proxy = Proxy::start(server.port, "nothing").await;
    let process = Process::on(redis_at(&format!("redis://127.0.0.1:{}", proxy.port)), "me");
    process.claim(&messages(1..=1)).await;
    server.ask::<()>(&format!("REPLICAOF 127.0.0.1 {}", master.port));
    let error = process.arbiter.claim(SCOPE, &[MessageId::Uid(2)]).await.unwrap_err();
    let told = told(&error);
    assert!(["READONLY", "MASTERDOWN", "LOADING"].iter().any(|code| told.contains(code)), "{told}");
    server.ask::<()>("REPLICAOF NO ONE");
    process.claim(&messages(1..=1)).await;
    let connections = proxy.accepted.load(std::sync::atomic::Ordering::SeqCst);
    assert!(connections >= 2, "a new connection may lead to the new master");
    assert_eq!(delivered(&process.deliver(&messages(1..=1)).await.unwrap()), 1);
}

#[tokio::test]
async fn a_killed_redis_is_found_again() {
    let mut server = Server::start(&[]);
    let process = Process::on(server.config(), "me");
    process.claim(&messages(1..=1)).await;
    process.deliver(&messages(1..=1)).await.unwrap();
    server.kill();
    let told = told(&process.deliver(&messages(1..=1)).await.unwrap_err());
    assert!(told.contains("refused") && told.contains("check that it runs"), "{told}");
    server.start_again();
    process.claim(&messages(2..=2)).await;
    assert_eq!(delivered(&process.deliver(&messages(2..=2)).await.unwrap()), 1);
}

#[tokio::test]
async fn without_claims_in_the_same_redis_jobs_are_simply_pushed() {
    let (server, claims) = (Server::start(&[]), Server::start(&[]));
    let other_database = config::Redis { db: Some(1), ..server.config() };
    for arbitration in [None, Some(claims.config()), Some(other_database)] {
        server.ask::<()>("FLUSHALL");
        let process = Process::new(arbitration, server.config(), "me", None);
        assert!(!process.sidekiq.settles_claims());
        assert_eq!(delivered(&process.deliver(&messages(1..=250)).await.unwrap()), 250);
        assert_eq!(texts(&server).len(), 250);
        assert!(texts(&server)[249].starts_with("Subject: 250"));
        assert_eq!(server.keys(), ["queue:email_receiver"]);
    }
    server.ask::<()>("FLUSHALL");
    server.ask::<()>("SET queue:email_receiver x");
    let process = Process::new(None, server.config(), "me", None);
    let told = told(&process.deliver(&messages(1..=2)).await.unwrap_err());
    assert!(told.contains("WRONGTYPE"), "{told}");
}

#[tokio::test]
async fn the_same_redis_is_recognised_by_any_name() {
    let server = Server::start(&[]);
    let config = redis_at(&format!("redis://LOCALHOST:{}/3", server.port));
    let named = config::Redis { db: Some(3), ..redis_at(&format!("redis://localhost:{}/0", server.port)) };
    assert!(Process::new(Some(config), named, "me", None).sidekiq.settles_claims());
}

#[tokio::test]
async fn a_message_larger_than_the_budget_is_delivered_and_the_budget_given_back() {
    let server = Server::start(&[]);
    let process = Process::on(server.config(), "me");
    let mut body = b"Subject: large\r\n\r\n".to_vec();
    body.resize(usize::try_from(ENCODING_OCTETS).unwrap() + (4 << 20), b'\n');
    let mails = [message(1, b"small"), message(2, &body), message(3, b"small")];
    process.claim(&mails).await;
    assert_eq!(delivered(&process.deliver(&mails).await.unwrap()), 3);
    assert_eq!(texts(&server)[1].len(), body.len());
    let all = tokio::time::timeout(Duration::from_secs(1), process.encoding.take(ENCODING_OCTETS)).await;
    assert!(all.is_ok(), "all of it is free again");
}

#[tokio::test]
async fn a_message_whose_job_would_be_too_large_is_refused_alone() {
    let server = Server::start(&[]);
    let mut process = Process::on(server.config(), "one");
    let config = config::Sidekiq {
        redis: server.config(),
        namespace: None,
        queue: "email_receiver".into(),
        worker: "EmailReceiverWorker".into(),
        max_job_size: Some(10_000),
    };
    process.sidekiq = Sidekiq::new(config, &RedisClients::new(), process.arbiter.clone()).unwrap();
    // The third is short and its job is not: each octet takes six in JSON.
    let messages = [
        message(1, b"first"),
        message(2, &[b'x'; 20_000]),
        message(3, &[1; 5_000]),
        message(4, &[b'x'; 9_000]),
        message(5, b"last"),
    ];
    process.claim(&messages).await;
    let outcomes = process.deliver(&messages).await.unwrap();
    let refused: Vec<_> = outcomes
        .iter()
        .enumerate()
        .filter_map(|(number, outcome)| match outcome {
            DeliveryOutcome::Refused { error, tries: Some(1) } => Some((number, error.to_string())),
            _ => None,
        })
        .collect();
    assert_eq!(refused.iter().map(|(number, _)| *number).collect::<Vec<_>>(), [1, 2]);
    assert!(refused.iter().all(|(_, why)| why.contains("max_job_size allows 10000")), "{refused:?}");
    assert_eq!(delivered(&outcomes), 3);
    assert_eq!(texts(&server), ["first".to_owned(), "x".repeat(9_000), "last".into()]);
}
