//! Ways to a Redis: addresses, passwords, TLS, Sentinels; and servers that are slow, gone, frozen or not what they seem.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]

#[path = "support/redis.rs"]
mod redis_server;

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use mail_room_core::Error;
use mail_room_core::arbiter::{Arbiter, Claim};
use mail_room_core::config::{self, Arbitration, Claims, Sentinel, Tls};
use mail_room_core::message::MessageId;
use mail_room_core::transport::redis::{RedisClients, same_server};
use redis_server::{Certificates, Proxy, Server, free_port, redis_at, until};

const SECRET: &str = "s3cr3t/@:%#";
const SECRET_ENCODED: &str = "s3cr3t%2F%40%3A%25%23";

/// Somebody to talk to `redis` for us.
fn arbiter_of(redis: config::Redis) -> Arbiter {
    arbiter_among(redis, &RedisClients::new())
}

fn arbiter_among(redis: config::Redis, clients: &RedisClients) -> Arbiter {
    let claims = Claims { redis, namespace: None, claim_ttl: 60 };
    Arbiter::new(&Arbitration::Redis(claims), clients, "me", &std::sync::Arc::default()).unwrap()
}

/// One exchange: claims a message.
async fn reach(arbiter: &Arbiter) -> Result<(), Error> {
    let claims = arbiter.claim("scope", &[MessageId::Uid(7)]).await?;
    assert_eq!(claims, [Claim::Won { attempts: 0 }]);
    Ok(())
}

async fn reaches(redis: config::Redis) -> bool {
    reach(&arbiter_of(redis)).await.map_err(|error| eprintln!("{error}")).is_ok()
}

/// Why `redis` cannot be reached.
async fn why_not(redis: config::Redis) -> String {
    let error = reach(&arbiter_of(redis)).await.unwrap_err();
    assert!(matches!(error, Error::TargetDown { .. }), "{error:?}");
    let told = error.to_string();
    assert!(!told.contains("s3cr3t"), "{told}");
    told
}

#[tokio::test]
async fn unix_sockets_in_all_their_forms() {
    let server = Server::start(&[]);
    let path = server.socket().to_str().unwrap().to_owned();
    for (url, database) in [
        (format!("unix:{path}"), 0),
        (format!("unix://{path}"), 0),
        (format!("unix:{path}?db=3"), 3),
        (format!("unix://{path}?x=y&db=4"), 4),
    ] {
        assert!(reaches(redis_at(&url)).await, "{url}");
        let databases: String = server.ask("INFO keyspace");
        assert!(databases.contains(&format!("db{database}:keys=2")), "{url}: {databases}");
        server.ask::<()>("FLUSHALL");
    }
    let gone = why_not(redis_at("unix:/nowhere/redis.sock")).await;
    assert!(gone.contains("/nowhere/redis.sock") && gone.contains("check that it runs"), "{gone}");
}

#[tokio::test]
async fn databases_by_path_and_by_override() {
    let server = Server::start(&[]);
    assert!(reaches(redis_at(&format!("{}/5", server.url()))).await);
    assert!(reaches(config::Redis { db: Some(6), ..redis_at(&format!("{}/5", server.url())) }).await);
    let databases: String = server.ask("INFO keyspace");
    assert!(databases.contains("db5:") && databases.contains("db6:") && !databases.contains("db0:"), "{databases}");
    let told = why_not(redis_at(&format!("{}/99", server.url()))).await;
    assert!(told.contains("/99") && told.contains("redis_db"), "{told}");
}

#[tokio::test]
async fn passwords_and_users() {
    let server = Server::start(&["--requirepass", "plain"]);
    server.ask::<()>(&format!("ACL SETUSER somebody on >{SECRET} ~* +@all"));
    let at = |login: &str| redis_at(&format!("redis://{login}127.0.0.1:{}", server.port));
    assert!(reaches(at(":plain@")).await);
    assert!(reaches(at("default:plain@")).await);
    assert!(reaches(at(&format!("somebody:{SECRET_ENCODED}@"))).await);
    assert!(reaches(redis_at(&format!("unix://:plain@{}", server.socket().display()))).await);
    let none = why_not(at("")).await;
    assert!(none.contains("NOAUTH") && none.contains("set its password in redis_url"), "{none}");
    let wrong = why_not(at(&format!(":{SECRET_ENCODED}@"))).await;
    assert!(wrong.contains("WRONGPASS") && wrong.contains("correct user and password in redis_url"), "{wrong}");

    let open = Server::start(&[]);
    let unwanted = why_not(redis_at(&format!("redis://:{SECRET_ENCODED}@127.0.0.1:{}", open.port))).await;
    assert!(unwanted.contains("remove it from redis_url"), "{unwanted}");
}

#[tokio::test]
async fn secrets_stay_out_of_debug_output() {
    let clients = RedisClients::new();
    let arbiter = arbiter_among(redis_at(&format!("redis://u:{SECRET_ENCODED}@127.0.0.1:1")), &clients);
    let shown = format!("{arbiter:?} {clients:?}");
    assert!(!shown.contains("s3cr3t") && shown.contains("127.0.0.1:1/0"), "{shown}");
}

#[test]
fn addresses_without_meaning() {
    for url in [
        "",
        "localhost",
        "http://host",
        "redis:host",
        "redis://host:port",
        "redis://host:99999",
        "redis://host/db",
        "redis://[::1",
        "unix:relative",
        "unix://relative/path",
        "redis://:s3cr3t@host/-1",
    ] {
        let claims = Claims { redis: redis_at(url), namespace: None, claim_ttl: 60 };
        let error = Arbiter::new(&Arbitration::Redis(claims), &RedisClients::new(), "me", &std::sync::Arc::default())
            .unwrap_err();
        assert!(matches!(error, Error::Configuration(_)) && !error.to_string().contains("s3cr3t"), "{url}: {error}");
    }
}

#[test]
fn what_is_the_same_server() {
    let sentinel = |url: &str, hosts: &[&str]| config::Redis {
        sentinels: hosts.iter().map(|&host| Sentinel { host: host.into(), port: 26379, tls: None }).collect(),
        ..redis_at(url)
    };
    let table = [
        (redis_at("redis://host"), redis_at("redis://HOST:6379/0"), true),
        (redis_at("redis://"), redis_at("redis://localhost/"), true),
        (redis_at("redis://host"), redis_at("rediss://host"), true),
        (redis_at("redis://:a@host"), redis_at("redis://default:b@host"), true),
        (redis_at("redis://u:a@host"), redis_at("redis://host"), false),
        (redis_at("redis://a@host"), redis_at("redis://host"), true),
        (redis_at("redis://host/1"), redis_at("redis://host/2"), false),
        (redis_at("redis://host/1"), config::Redis { db: Some(1), ..redis_at("redis://host/2") }, true),
        (redis_at("redis://host:1"), redis_at("redis://host:2"), false),
        (redis_at("redis://[::1]:1"), redis_at("redis://[::1]:1/0"), true),
        (redis_at("unix:/a"), redis_at("unix:///a?db=0"), true),
        (redis_at("unix:/a"), redis_at("unix:/b"), false),
        (redis_at("unix:/a%20b"), redis_at("unix:///a%20b"), true),
        (redis_at("unix:/a"), redis_at("redis://a"), false),
        (sentinel("redis://m", &["a", "b"]), sentinel("redis://m", &["B", "c"]), true),
        (sentinel("redis://m", &["a"]), sentinel("redis://m", &["b"]), false),
        (sentinel("redis://m", &["a"]), sentinel("redis://n", &["a"]), false),
        (sentinel("redis://m", &["a"]), redis_at("redis://m"), false),
        (redis_at("nonsense"), redis_at("nonsense"), false),
    ];
    for (a, b, same) in table {
        let urls = format!("{a:?} {b:?}");
        assert_eq!((same_server(&a, &b), same_server(&b, &a)), (same, same), "{urls}");
    }
}

#[tokio::test]
async fn tls_is_verified_unless_told_otherwise() {
    let certificates = Certificates::new();
    let server = Server::start_tls(&certificates, &["--requirepass", "pw"]);
    let at = |host: &str, tls: Option<Tls>| config::Redis {
        tls,
        ..redis_at(&format!("rediss://:pw@{host}:{}/2", server.port))
    };
    assert!(reaches(at("127.0.0.1", Some(certificates.trusted()))).await);
    assert!(reaches(at("localhost", Some(certificates.trusted()))).await);
    assert!(reaches(at("127.0.0.1", Some(Tls { verify: false, ..Tls::default() }))).await);
    for tls in [None, Some(Tls::default()), Some(Certificates::new().trusted())] {
        let told = why_not(at("127.0.0.1", tls)).await;
        assert!(told.contains("certificate") || told.contains("issuer"), "{told}");
        assert!(told.contains(&format!("127.0.0.1:{}", server.port)), "{told}");
    }
    let missing = Tls { ca_file: Some("/nowhere/ca.pem".into()), ..Tls::default() };
    let told = why_not(at("127.0.0.1", Some(missing))).await;
    assert!(told.contains("/nowhere/ca.pem"), "{told}");
    let plain = why_not(redis_at(&format!("redis://:pw@127.0.0.1:{}", server.port))).await;
    assert!(plain.contains("Redis 127.0.0.1") && plain.contains("speaks TLS?"), "{plain}");
}

#[tokio::test]
async fn a_server_may_ask_for_our_certificate() {
    let certificates = Certificates::new();
    let server = Server::start_tls(&certificates, &["--tls-auth-clients", "yes"]);
    let at = |tls| config::Redis { tls: Some(tls), ..redis_at(&format!("rediss://localhost:{}", server.port)) };
    let shown = Tls {
        cert: Some(certificates.file("cert.pem")),
        key: Some(certificates.file("key.pem")),
        ..certificates.trusted()
    };
    assert!(reaches(at(shown)).await);
    why_not(at(certificates.trusted())).await;
}

#[tokio::test]
async fn tls_to_a_server_without_it_is_an_error() {
    let server = Server::start(&[]);
    let told = why_not(redis_at(&format!("rediss://127.0.0.1:{}", server.port))).await;
    assert!(told.contains(&format!("127.0.0.1:{}", server.port)) && told.contains("speaks TLS"), "{told}");
}

#[tokio::test]
async fn many_mailboxes_share_two_connections() {
    let server = Server::start(&[]);
    let clients = RedisClients::new();
    let arbiters: Vec<_> = (0..200).map(|_| Arc::new(arbiter_among(server.config(), &clients))).collect();
    let tasks: Vec<_> =
        arbiters.into_iter().map(|arbiter| tokio::spawn(async move { reach(&arbiter).await })).collect();
    for task in tasks {
        task.await.unwrap().unwrap();
    }
    let connected: String = server.ask("CLIENT LIST TYPE normal");
    let by_tcp = connected.lines().filter(|line| !line.contains("redis.sock")).count();
    assert_eq!(by_tcp, 1, "{connected}");
}

#[tokio::test]
async fn who_waits_for_an_attempt_gets_its_failure() {
    // Accepts and hangs up.
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let redis = redis_at(&format!("redis://{}", listener.local_addr().unwrap()));
    let accepted = Arc::new(AtomicUsize::new(0));
    tokio::spawn({
        let accepted = accepted.clone();
        async move {
            while listener.accept().await.is_ok() {
                accepted.fetch_add(1, Ordering::SeqCst);
            }
        }
    });
    let clients = RedisClients::new();
    let arbiters: Vec<_> = (0..100).map(|_| Arc::new(arbiter_among(redis.clone(), &clients))).collect();
    let tasks: Vec<_> =
        arbiters.into_iter().map(|arbiter| tokio::spawn(async move { reach(&arbiter).await })).collect();
    for task in tasks {
        task.await.unwrap().unwrap_err();
    }
    assert_eq!(accepted.load(Ordering::SeqCst), 1);
}

#[tokio::test]
async fn a_connection_closed_while_idle_is_replaced_unnoticed() {
    let mut server = Server::start(&[]);
    let arbiter = arbiter_of(server.config());
    reach(&arbiter).await.unwrap();
    server.ask::<i64>("CLIENT KILL TYPE normal SKIPME yes");
    reach(&arbiter).await.unwrap();
    server.ask::<i64>("CLIENT KILL TYPE normal SKIPME yes");
    let Arbiter::Redis(door) = &arbiter else { panic!("no Redis") };
    assert!(door.original("8", 600).await.unwrap(), "nothing is asked on a connection known to be closed");
    server.kill();
    let told = reach(&arbiter).await.unwrap_err().to_string();
    assert!(told.contains("refused"), "{told}");
    server.start_again();
    reach(&arbiter).await.unwrap();
}

#[tokio::test]
async fn a_frozen_redis_costs_a_deadline_and_a_connection() {
    let server = Server::start(&[]);
    let arbiter = arbiter_of(server.config());
    reach(&arbiter).await.unwrap();
    server.freeze();
    // With nothing else to do, tokio's clock runs ahead to the deadline.
    tokio::time::pause();
    let begun = tokio::time::Instant::now();
    let told = reach(&arbiter).await.unwrap_err().to_string();
    assert!(told.contains("did not answer within 10 s"), "{told}");
    assert!(begun.elapsed() < Duration::from_secs(11), "{:?}", begun.elapsed());
    let told = reach(&arbiter).await.unwrap_err().to_string();
    assert!(told.contains("did not answer within 5 s"), "connecting anew: {told}");
    assert!(begun.elapsed() < Duration::from_secs(17), "{:?}", begun.elapsed());
    tokio::time::resume();
    server.thaw();
    reach(&arbiter).await.unwrap();
}

#[tokio::test]
async fn giving_up_in_the_middle_leaves_nobody_out_of_step() {
    let server = Server::start(&[]);
    let arbiter = arbiter_of(server.config());
    reach(&arbiter).await.unwrap();
    server.freeze();
    let begin = [MessageId::Uid(7)];
    let given_up = tokio::time::timeout(Duration::from_millis(50), arbiter.begin("scope", &begin, true)).await;
    assert!(given_up.is_err());
    server.thaw();
    for _ in 0..3 {
        reach(&arbiter).await.unwrap_or_else(|error| panic!("{error}"));
    }
}

#[tokio::test]
async fn a_redis_that_is_still_loading_is_waited_for() {
    let slowly = ["--key-load-delay", "200", "--loading-process-events-interval-bytes", "1024"];
    let mut server = Server::start(&[&slowly[..], &["--enable-debug-command", "yes"]].concat());
    let arbiter = arbiter_of(server.config());
    reach(&arbiter).await.unwrap();
    server.ask::<()>("FLUSHALL");
    server.ask::<()>("DEBUG POPULATE 3000 key 100");
    server.ask::<()>("SAVE");
    server.kill();
    server.start_again();
    let told = reach(&arbiter).await.unwrap_err().to_string();
    assert!(told.contains("LOADING") && told.contains("wait"), "{told}");
    let deadline = Instant::now() + Duration::from_secs(10);
    while reach(&arbiter).await.is_err() {
        assert!(Instant::now() < deadline);
    }
}

#[tokio::test]
async fn something_else_than_redis_is_not_talked_to() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let redis = redis_at(&format!("redis://:{SECRET_ENCODED}@{}", listener.local_addr().unwrap()));
    tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        tokio::io::AsyncWriteExt::write_all(&mut stream, b"220 mail.example.com ESMTP s3cr3t\r\n").await.unwrap();
        std::future::pending::<()>().await;
    });
    let told = why_not(redis).await;
    assert!(told.contains("does not answer as Redis does"), "{told}");
}

/// A master, a replica and a Sentinel, each with a password of its own.
fn by_sentinel(ports: &[u16], sentinel_password: &str) -> config::Redis {
    let sentinels = ports.iter().map(|&port| Sentinel { host: "127.0.0.1".into(), port, tls: None });
    config::Redis {
        sentinels: sentinels.collect(),
        sentinel_password: Some(sentinel_password.to_owned().into()),
        ..redis_at("redis://:masterpass@mymaster/")
    }
}

#[tokio::test]
async fn sentinels_lead_to_the_master() {
    let master = Server::start(&["--requirepass", "masterpass", "--masterauth", "masterpass"]);
    let port = free_port();
    let lines = "sentinel auth-pass mymaster masterpass\nrequirepass sentinelpass\nprotected-mode no";
    let _sentinel = Server::start_sentinel(port, master.port, lines);
    assert!(reaches(by_sentinel(&[port], "sentinelpass")).await);
    assert_eq!(master.keys(), ["delivered:7", "delivered:7:scope"]);
    // One that is gone, then one that knows.
    assert!(reaches(by_sentinel(&[free_port(), port], "sentinelpass")).await);

    let wrong = why_not(by_sentinel(&[port], "s3cr3t")).await;
    assert!(wrong.contains(&format!("Sentinel 127.0.0.1:{port}")) && wrong.contains("sentinel_password"), "{wrong}");
    let mut unknown = by_sentinel(&[port], "sentinelpass");
    unknown.url = "redis://:s3cr3t@nomaster/".to_owned().into();
    let unknown = why_not(unknown).await;
    assert!(unknown.contains("nomaster"), "{unknown}");
    let mut password = by_sentinel(&[port], "sentinelpass");
    password.url = "redis://:s3cr3t@mymaster/".to_owned().into();
    let password = why_not(password).await;
    assert!(password.contains("WRONGPASS") && password.contains("mymaster"), "{password}");
    let gone = why_not(by_sentinel(&[free_port()], "sentinelpass")).await;
    assert!(gone.contains("Sentinel 127.0.0.1"), "{gone}");
}

#[tokio::test]
async fn sentinels_may_speak_tls() {
    let certificates = Certificates::new();
    let master = Server::start(&[]);
    let port = free_port();
    let _sentinel = Server::start_sentinel(port, master.port, &certificates.lines(port));
    let with = |tls| config::Redis {
        sentinels: vec![Sentinel { host: "localhost".into(), port, tls }],
        ..redis_at("redis://mymaster")
    };
    assert!(reaches(with(Some(certificates.trusted()))).await);
    let told = why_not(with(Some(Tls::default()))).await;
    assert!(told.contains(&format!("localhost:{port}")), "{told}");
}

#[tokio::test]
async fn a_frozen_sentinel_does_not_keep_us_from_the_next() {
    let master = Server::start(&[]);
    let ports = [free_port(), free_port()];
    let sentinels = ports.map(|port| Server::start_sentinel(port, master.port, ""));
    sentinels[0].freeze();
    let mut redis = by_sentinel(&ports, "");
    redis.sentinel_password = None;
    redis.url = "redis://mymaster".to_owned().into();
    let begun = Instant::now();
    assert!(reaches(redis).await);
    assert!(begun.elapsed() < Duration::from_secs(4), "{:?}", begun.elapsed());
}

#[tokio::test]
async fn a_failover_leads_to_the_new_master() {
    let mut master = Server::start(&[]);
    let replica =
        Server::start(&["--replicaof", "127.0.0.1", &master.port.to_string(), "--repl-diskless-sync-delay", "0"]);
    until("the replica follows", || replica.ask::<String>("INFO replication").contains("master_link_status:up"));
    let port = free_port();
    let sentinel = Server::start_sentinel(port, master.port, "");
    until("the Sentinel knows the replica", || {
        sentinel.try_ask::<Vec<redis::Value>>("SENTINEL REPLICAS mymaster").is_ok_and(|replicas| replicas.len() == 1)
    });
    let mut redis = by_sentinel(&[port], "");
    redis.sentinel_password = None;
    redis.url = "redis://mymaster".to_owned().into();
    let arbiter = arbiter_of(redis);
    reach(&arbiter).await.unwrap();
    until("it is replicated", || replica.keys().len() == 2);
    master.kill();
    let told = reach(&arbiter).await.unwrap_err().to_string();
    assert!(told.contains("mymaster"), "{told}");
    let deadline = Instant::now() + Duration::from_secs(15);
    while let Err(error) = reach(&arbiter).await {
        assert!(Instant::now() < deadline, "{error}");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    assert!(replica.ask::<Vec<redis::Value>>("ROLE")[0] == redis::Value::BulkString(b"master".to_vec()));
}

#[tokio::test]
async fn steps_are_repeated_on_a_new_connection_but_questions_of_the_original_are_not() {
    let server = Server::start(&[]);
    let proxy = Proxy::start(server.port, "delivered:").await;
    let arbiter = arbiter_of(redis_at(&format!("redis://127.0.0.1:{}", proxy.port)));
    reach(&arbiter).await.unwrap();
    proxy.cut(1);
    reach(&arbiter).await.unwrap();
    assert_eq!((proxy.cuts_left(), proxy.accepted.load(Ordering::SeqCst)), (0, 2));
    let Arbiter::Redis(door) = &arbiter else { panic!("no Redis") };
    proxy.cut(1);
    door.original("8", 600).await.unwrap_err();
    assert!(!door.original("8", 600).await.unwrap(), "the first one got through");
}
