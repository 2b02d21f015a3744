//! What becomes of marks on servers that refuse, forget or lose them, and of messages whose marks a person changes. The
//! whole watcher runs against a server whose flags are looked at afterwards, with a real Redis where it remembers.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::{Arc, Mutex};

use mail_room_core::arbiter::{Arbiter, new_instance};
use mail_room_core::config::{self, Arbitration, Claims, Delivery as Target, LogTarget, Postback, Sidekiq};
use mail_room_core::delivery::Delivery;
use mail_room_core::limits::memory_budget::{Budget, ENCODING_OCTETS, PROCESS_OCTETS};
use mail_room_core::observe::log::Logs;
use mail_room_core::source::imap::ImapConnector;
use mail_room_core::transport::postgres::PostgresClients;
use mail_room_core::transport::redis::RedisClients;
use mail_room_core::watch::mailbox::Mailbox;
use mail_room_core::watch::watcher::watch;
use tempfile::TempDir;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

use super::redis_server::Server;
use super::support::dovecot::Dovecot;
use super::support::odd_server::OddServer;
use super::*;

/// How long anything here may take; the machine may be busy.
const WITHIN: Duration = Duration::from_secs(60);

/// A process that watches one mailbox.
struct Process {
    stop: Stop,
    watching: JoinHandle<()>,
    log: PathBuf,
    _directory: TempDir,
    _logs: Logs,
}

impl Process {
    fn start(mut config: config::Mailbox) -> Self {
        let directory = TempDir::new().unwrap();
        let log = directory.path().join("log");
        config.log = Some(LogTarget::Path(log.clone()));
        let calls = Arc::default();
        let (redis, postgres) = (RedisClients::new(), PostgresClients::new());
        let arbiter = Arc::new(Arbiter::new(&config.arbitration, &redis, &new_instance(), &calls).unwrap());
        let delivery = Delivery::new(&config.delivery, (&redis, &postgres), &arbiter, &calls).unwrap();
        let mut logs = Logs::new(Vec::new());
        let log_of_it = logs.log(config.log.as_ref(), &config.email, &config.name).unwrap();
        let (stop, budgets) = (Stop::new(), (Budget::new(PROCESS_OCTETS), Budget::new(ENCODING_OCTETS)));
        let watched = Arc::new(Mailbox::new(config, arbiter, delivery, budgets, log_of_it, stop.clone()));
        let connector = ImapConnector::new();
        let watching = tokio::spawn(async move { watch(&connector, &watched).await });
        Self { stop, watching, log, _directory: directory, _logs: logs }
    }

    /// The lines of the log with this action.
    fn said(&self, action: &str) -> Vec<String> {
        let log = std::fs::read_to_string(&self.log).unwrap_or_default();
        log.lines().filter(|line| line.contains(&format!("\"{action}\""))).map(ToOwned::to_owned).collect()
    }

    async fn end(self) {
        self.stop.ask();
        self.watching.await.unwrap();
    }

    /// As kill -9 does: nothing is finished, nothing said goodbye.
    async fn kill(self) {
        self.watching.abort();
        let _ = self.watching.await;
    }
}

/// Waits until `done`.
async fn until(what: &str, mut done: impl FnMut() -> bool) {
    let deadline = Instant::now() + WITHIN;
    while !done() {
        assert!(Instant::now() < deadline, "not in time: {what}");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

fn claims(redis: &Server) -> Arbitration {
    Arbitration::Redis(Claims { redis: redis.config(), namespace: None, claim_ttl: 60 })
}

/// A mailbox of `server` whose messages go into `redis`.
fn to_sidekiq(server: &OddServer, redis: &Server) -> config::Mailbox {
    let (queue, worker) = ("mails".into(), "Worker".into());
    let sidekiq = Sidekiq { redis: redis.config(), namespace: None, queue, worker, max_job_size: None };
    config::Mailbox { delivery: Target::Sidekiq(sidekiq), arbitration: claims(redis), ..mailbox(server.port) }
}

/// Waits until the watcher waits, having seen all that was done before.
async fn until_idle(server: &OddServer) {
    until("the watcher waits", || server.state().commands.last().is_some_and(|last| last == "IDLE")).await;
}

/// How often each message is in the queue.
fn delivered(redis: &Server) -> BTreeMap<u32, usize> {
    let mut delivered = BTreeMap::new();
    for job in redis.jobs("queue:mails") {
        *delivered.entry(uid_in(&job)).or_default() += 1;
    }
    delivered
}

fn once_each(uids: impl IntoIterator<Item = u32>) -> BTreeMap<u32, usize> {
    uids.into_iter().map(|uid| (uid, 1)).collect()
}

fn uid_in(text: &str) -> u32 {
    let (_, rest) = text.split_once("Subject: message ").unwrap();
    rest.chars().take_while(char::is_ascii_digit).collect::<String>().parse().unwrap()
}

/// An endpoint that answers with a status of our choice and remembers which messages came.
#[derive(Clone)]
struct Endpoint {
    port: u16,
    status: Arc<Mutex<u16>>,
    came: Arc<Mutex<Vec<u32>>>,
}

impl Endpoint {
    async fn start(status: u16) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let endpoint = Self { port, status: Arc::new(Mutex::new(status)), came: Arc::default() };
        let serving = endpoint.clone();
        tokio::spawn(async move {
            while let Ok((mut stream, _)) = listener.accept().await {
                let (mut heard, mut some) = (String::new(), [0; 4096]);
                while !heard.contains("body\r\n") {
                    let octets = stream.read(&mut some).await.unwrap_or(0);
                    if octets == 0 {
                        break;
                    }
                    heard.push_str(&String::from_utf8_lossy(&some[..octets]));
                }
                serving.came.lock().unwrap().push(uid_in(&heard));
                let answer = format!(
                    "HTTP/1.1 {} x\r\nContent-Length: 0\r\nConnection: close\r\n\r\n",
                    serving.status.lock().unwrap()
                );
                let _ = stream.write_all(answer.as_bytes()).await;
            }
        });
        endpoint
    }

    fn came(&self) -> Vec<u32> {
        self.came.lock().unwrap().clone()
    }

    fn answers(&self, status: u16) {
        *self.status.lock().unwrap() = status;
    }

    fn target(&self) -> Target {
        Target::Postback(Box::new(Postback {
            url: Some(format!("http://127.0.0.1:{}/", self.port).into()),
            token: None,
            username: None,
            password: None,
            jwt: None,
            content_type: "text/plain".into(),
            headers: BTreeMap::new(),
            tls: mailbox(0).tls,
            connect_timeout: 5,
            timeout: 5,
            concurrency: 1,
            endpoint: mail_room_core::config::Endpoint::Generic,
        }))
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_message_set_aside_that_a_person_marks_unread_is_tried_again_and_never_deleted() {
    let (redis, endpoint, server) = (Server::start(&[]), Endpoint::start(418).await, OddServer::start([1]).await);
    let config = config::Mailbox {
        delivery: endpoint.target(),
        arbitration: claims(&redis),
        max_delivery_attempts: 2,
        delete_after_delivery: true,
        expunge_deleted: true,
        ..mailbox(server.port)
    };
    let process = Process::start(config.clone());
    let set_aside = || server.flags().get(&1).is_some_and(|flags| flags == "\\Flagged \\Seen");
    until("it is set aside", set_aside).await;
    until("its tries are forgotten", || !redis.keys().iter().any(|key| key.starts_with("attempts:"))).await;
    assert_eq!(endpoint.came(), [1, 1]);
    until_idle(&server).await;
    server.set_flags(1, &["\\Flagged"]);
    until("it is tried as often as at first", || endpoint.came() == [1, 1, 1, 1]).await;
    until("it is set aside again", set_aside).await;
    assert_eq!(process.said("Message set aside").len(), 2);
    process.end().await;

    // Another process knows nothing of it, and must not count the tries of the first.
    server.set_flags(1, &[]);
    let process = Process::start(config);
    until("it is set aside by the other process", set_aside).await;
    assert_eq!(endpoint.came(), [1; 6]);
    endpoint.answers(200);
    until_idle(&server).await;
    server.set_flags(1, &["\\Flagged"]);
    until("it is delivered, and then deleted like any other", || server.flags().is_empty()).await;
    assert_eq!(endpoint.came(), [1; 7]);
    process.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_delivered_message_that_a_person_marks_unread_is_marked_again_and_not_delivered() {
    let (redis, server) = (Server::start(&[]), OddServer::start(1..=3).await);
    let process = Process::start(to_sidekiq(&server, &redis));
    until("all are marked", || server.flags().values().all(|flags| flags == "\\Seen")).await;
    until_idle(&server).await;
    server.set_flags(2, &["\\Answered"]);
    until("it is marked again", || server.flags().get(&2).is_some_and(|flags| flags.contains("\\Seen"))).await;
    process.end().await;
    assert_eq!(delivered(&redis), once_each(1..=3));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_without_uidvalidity_may_number_new_mail_as_old_mail() {
    for oddity in
        ["none", "* OK [UIDVALIDITY 0] none\r\n", "* OK [UIDVALIDITY 9] x\r\n* NO [UIDNOTSTICKY] temporary\r\n"]
    {
        let (redis, server) = (Server::start(&[]), OddServer::start(1..=3).await);
        {
            let mut state = server.state();
            state.uid_validity = None;
            state.selected = if oddity == "none" { "" } else { oddity };
        }
        let mut config = to_sidekiq(&server, &redis);
        (config.delete_after_delivery, config.expunge_deleted) = (true, true);
        let process = Process::start(config);
        until("all are delivered and gone", || server.flags().is_empty()).await;
        // The next session numbers from 1 again.
        server.state().replies_lost = 1;
        server.append(4);
        until("the connection is lost", || server.state().sessions >= 2).await;
        // Marked by a session that is over: nobody can know whose it is.
        assert_eq!(server.flags().into_iter().collect::<Vec<_>>(), [(4, "\\Deleted \\Seen".to_owned())]);
        server.state().messages.clear();
        (1..=2).for_each(|uid| server.append(uid));
        until("the new ones are delivered", || delivered(&redis).values().sum::<usize>() >= 6).await;
        until("and gone", || server.flags().is_empty()).await;
        let counts = delivered(&redis);
        assert_eq!((counts[&1], counts[&2], counts[&3]), (2, 2, 1), "{oddity}");
        let scopes: std::collections::BTreeSet<_> =
            redis.keys().iter().filter_map(|key| key.split("/INBOX/").nth(1).map(ToOwned::to_owned)).collect();
        assert!(scopes.len() == 2 && scopes.iter().all(|scope| scope.len() == 34), "{scopes:?}");
        let warnings = process.said("Mailbox warning");
        assert!(warnings.len() == 1 && warnings[0].contains("UIDVALIDITY"), "{warnings:?}");
        process.end().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_keeps_no_flags_is_told_of_and_a_restart_delivers_nothing_again() {
    let (redis, server) = (Server::start(&[]), OddServer::start(1..=3).await);
    server.state().forgets_flags = true;
    server.state().selected = "* OK [PERMANENTFLAGS ()] none\r\n";
    let config = to_sidekiq(&server, &redis);
    let truths = || redis.keys().into_iter().filter(|key| key.starts_with("delivered:") && key.contains("INBOX"));
    let remembered =
        || truths().count() == 3 && truths().all(|key| redis.ask::<i64>(&format!("TTL {key}")) > 23 * 3600);
    let process = Process::start(config.clone());
    until("a warning", || !process.said("Marks not kept").is_empty()).await;
    until("it is known for a day, not for ten minutes", remembered).await;
    until("STORE again after the backoff", || server.count("UID STORE") == 2).await;
    let searches = server.count("UID SEARCH");
    server.append(4);
    until("new mail is delivered all the same", || delivered(&redis).len() == 4).await;
    let lives = |key: String| redis.ask::<i64>(&format!("TTL {key}"));
    until("and known for a day", || truths().count() == 4 && truths().all(|key| lives(key) > 23 * 3600)).await;
    assert!(server.count("UID SEARCH") - searches <= 8, "{:?}", server.state().commands);
    assert_eq!(process.said("Marks not kept").len(), 1, "said once");
    let warnings = process.said("Mailbox warning");
    assert!(warnings.len() == 1 && warnings[0].contains("PERMANENTFLAGS"), "{warnings:?}");
    process.kill().await;

    // Hours later: what had been shortened to ten minutes would be gone by now.
    for key in truths().collect::<Vec<_>>() {
        let left: i64 = redis.ask(&format!("TTL {key}"));
        assert!(left > 23 * 3600, "{key} lives for {left} s");
    }
    let process = Process::start(config);
    until("the next process has marked them", || server.count("UID STORE 1:4") == 1).await;
    until("it says so, too", || !process.said("Marks not kept").is_empty()).await;
    process.end().await;
    assert_eq!(delivered(&redis), once_each(1..=4));
    assert!(server.flags().values().all(String::is_empty));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_listed_message_is_noted_again_if_redis_has_forgotten_it() {
    let (redis, server) = (Server::start(&[]), OddServer::start([1]).await);
    server.state().forgets_flags = true;
    let process = Process::start(to_sidekiq(&server, &redis));
    until("a warning", || !process.said("Marks not kept").is_empty()).await;
    until("the watcher waits", || !process.said("Idling").is_empty()).await;
    process.end().await;
    let search = "ALL".to_owned();
    let (again, before) =
        (config::Mailbox { search_command: search, ..to_sidekiq(&server, &redis) }, redis.jobs("queue:mails"));
    let process = Process::start(again);
    until("the watcher waits", || !process.said("Idling").is_empty()).await;
    let truth = redis.keys().into_iter().find(|key| key.contains("INBOX")).unwrap();
    let left: i64 = redis.ask(&format!("TTL {truth}"));
    assert!(left > 23 * 3600, "listed by ALL although it may be marked: {left} s");
    process.end().await;
    assert_eq!(redis.jobs("queue:mails"), before);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_message_whose_store_is_refused_holds_up_no_other() {
    one_cannot_be_marked("NO [SERVERBUG] internal error").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_message_whose_store_is_bad_holds_up_no_other() {
    one_cannot_be_marked("BAD internal error").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_message_whose_store_ends_the_connection_holds_up_no_other() {
    one_cannot_be_marked("hangs up").await;
}

async fn one_cannot_be_marked(refusal: &'static str) {
    let (redis, server) = (Server::start(&[]), OddServer::start(1..=40).await);
    if refusal == "hangs up" {
        server.state().hangs_up_at.insert(3);
    } else {
        server.state().refuses.insert(3, refusal);
    }
    let process = Process::start(to_sidekiq(&server, &redis));
    let unmarked = || {
        let unmarked = server.flags().into_iter().filter(|(_, flags)| flags.is_empty());
        unmarked.map(|(uid, _)| uid).collect::<Vec<_>>()
    };
    until("the others are marked", || unmarked() == [3]).await;
    until("a warning", || !process.said("Message not marked").is_empty()).await;
    let warnings = process.said("Message not marked");
    assert!(warnings.iter().all(|line| line.contains("\"uid\":3")), "{warnings:?}");
    for uid in 41..=43 {
        server.append(uid);
        until("new mail is delivered", || delivered(&redis).len() == uid as usize).await;
        until("and marked", || unmarked() == [3]).await;
    }
    assert!(server.count("UID STORE") < 60, "{:?}", server.state().commands);
    let expected = if refusal == "hangs up" { 2..=8 } else { 1..=1 };
    assert!(expected.contains(&server.state().sessions), "{} sessions", server.state().sessions);
    // Once the server has come to its senses, it is marked like the others.
    server.state().hangs_up_at.clear();
    server.state().refuses.clear();
    until("it is marked after its backoff", || unmarked().is_empty()).await;
    process.end().await;
    assert_eq!(delivered(&redis), once_each(1..=43));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_marks_nothing_delivers_on_and_is_not_asked_without_end() {
    let (redis, server) = (Server::start(&[]), OddServer::start(1..=200).await);
    server.state().refuses.extend((1..=1000).map(|uid| (uid, "NO [NOPERM] not yours")));
    let process = Process::start(to_sidekiq(&server, &redis));
    until("all are delivered", || delivered(&redis).len() == 200).await;
    until("the watcher waits", || !process.said("Idling").is_empty()).await;
    assert!(server.count("UID STORE") <= 40, "{}", server.count("UID STORE"));
    let warnings = process.said("Message not marked");
    assert!((1..=11).contains(&warnings.len()) && warnings[0].contains("not yours"), "{warnings:?}");
    server.append(201);
    until("new mail is delivered", || delivered(&redis).len() == 201).await;
    assert_eq!((server.state().sessions, delivered(&redis)), (1, once_each(1..=201)));
    process.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lost_reply_to_store_ends_in_a_mark_and_not_in_a_storm_of_searches() {
    for (search, deletes) in [("UNDELETED", true), ("UNDELETED", false), ("UNSEEN", false), ("UNSEEN UNDELETED", true)]
    {
        let (redis, server) = (Server::start(&[]), OddServer::start(1..=5).await);
        server.state().replies_lost = 1;
        let config = config::Mailbox {
            search_command: search.into(),
            delete_after_delivery: deletes,
            ..to_sidekiq(&server, &redis)
        };
        let process = Process::start(config);
        until("the connection is lost", || server.state().sessions >= 2).await;
        until("the watcher waits", || !process.said("Idling").is_empty()).await;
        let marked = if deletes { "\\Deleted \\Seen" } else { "\\Seen" };
        until("all are marked", || server.flags().values().all(|flags| flags == marked)).await;
        let searches = server.count("UID SEARCH");
        assert!(searches <= 6, "{search}: {searches} searches");
        // Seconds without a word.
        tokio::time::sleep(Duration::from_secs(2)).await;
        assert_eq!(server.count("UID SEARCH"), searches, "{search}");
        process.end().await;
        assert_eq!(delivered(&redis), once_each(1..=5), "{search}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_killed_process_marked_deleted_is_expunged_by_the_next_and_nothing_else() {
    for uidplus in [true, false] {
        let (redis, server) = (Server::start(&[]), OddServer::start(1..=5).await);
        server.set_flags(5, &["\\Seen", "\\Deleted"]);
        server.state().refuses_expunge = Some("NO not now");
        server.state().uidplus = uidplus;
        let mut config = to_sidekiq(&server, &redis);
        (config.delete_after_delivery, config.expunge_deleted) = (true, true);
        let process = Process::start(config.clone());
        until("all are marked", || server.flags().values().all(|flags| flags.contains("\\Deleted"))).await;
        until("expunging was refused", || !process.said("Messages not expunged").is_empty()).await;
        process.kill().await;
        let truths: Vec<_> = redis.keys().into_iter().filter(|key| key.contains("/INBOX/")).collect();
        for key in &truths {
            let left: i64 = redis.ask(&format!("TTL {key}"));
            assert!(left > 23 * 3600, "not to be forgotten before it is expunged: {key} {left}");
        }
        assert_eq!(truths.len(), 4);
        server.state().refuses_expunge = None;
        let process = Process::start(config.clone());
        if uidplus {
            until("what is ours is expunged", || server.flags().keys().eq([&5])).await;
        } else {
            // It could only expunge everything, and the fifth is a person's.
            until("the watcher waits", || !process.said("Idling").is_empty()).await;
            assert_eq!((server.flags().len(), server.count("EXPUNGE")), (5, 1));
            process.end().await;
            server.state().messages.remove(&5);
            let process = Process::start(config);
            until("all of it is ours", || server.flags().is_empty()).await;
            process.end().await;
            continue;
        }
        until("it need not be known any more", || {
            truths.iter().all(|key| redis.ask::<i64>(&format!("TTL {key}")) <= 600)
        })
        .await;
        process.end().await;
        assert_eq!(delivered(&redis), once_each(1..=4));
        assert_eq!(server.flags().into_iter().collect::<Vec<_>>(), [(5, "\\Deleted \\Seen".to_owned())]);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn dovecot_is_left_with_what_a_person_deleted_when_the_next_process_expunges() {
    let (redis, dovecot) = (Server::start(&[]), Dovecot::start());
    for uid in 1..=4 {
        let mail = crate::support::odd_server::body(uid);
        dovecot.deliver(&format!("{:010}.M{uid}.test", 1_700_000_000 + uid), mail.as_bytes());
    }
    let sidekiq = Sidekiq {
        redis: redis.config(),
        namespace: None,
        queue: "mails".into(),
        worker: "Worker".into(),
        max_job_size: None,
    };
    let person = mailbox(dovecot.port);
    let mut imap = connect(&person).await.unwrap();
    let found = imap.search().await.unwrap();
    imap.mark(&found[3..], Mark::Deleted).await.unwrap();
    imap.logout().await;
    // Marks and does not expunge, as a process does that is killed in between.
    let config = config::Mailbox {
        delivery: Target::Sidekiq(sidekiq),
        arbitration: claims(&redis),
        delete_after_delivery: true,
        ..person.clone()
    };
    let process = Process::start(config.clone());
    until("all are delivered", || delivered(&redis).len() == 3).await;
    until("the watcher waits", || !process.said("Idling").is_empty()).await;
    process.kill().await;
    assert_eq!(dovecot.messages(), 4);
    let process = Process::start(config::Mailbox { expunge_deleted: true, ..config });
    until("what we marked is expunged", || dovecot.messages() == 1).await;
    process.end().await;
    let mut imap = connect(&person).await.unwrap();
    assert_eq!(imap.leftovers().await.unwrap(), found[3..]);
    assert!(imap.leftovers().await.unwrap().is_empty(), "told once a session");
    imap.logout().await;
    assert_eq!(delivered(&redis), once_each(1..=3));
}

#[tokio::test]
async fn narrows_a_refused_set_down_to_the_messages_at_fault() {
    let server = OddServer::start(1..=1000).await;
    server.state().refuses.extend([(3, "NO [SERVERBUG] three"), (777, "BAD seven")]);
    let mut imap = connect(&mailbox(server.port)).await.unwrap();
    imap.mark(&ids(1..=1000), Mark::SetAside).await.unwrap();
    let unmarked = imap.unmarked();
    assert_eq!(uids(&unmarked.iter().map(|(id, _)| id.clone()).collect::<Vec<_>>()), [3, 777]);
    assert!(unmarked[0].1.contains("three") && unmarked[1].1.contains("seven"), "{unmarked:?}");
    assert!(server.count("UID STORE") <= 45, "{}", server.count("UID STORE"));
    assert_eq!(server.flags().values().filter(|flags| *flags == "\\Flagged \\Seen").count(), 998);
    assert!(imap.unmarked().is_empty(), "told once");
}
