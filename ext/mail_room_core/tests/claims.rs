//! The arbiter against a real Redis: every state a message's keys can be in, every step, what is left in Redis.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]

#[path = "support/redis.rs"]
mod redis_server;

use std::sync::Arc;
use std::time::{Duration, Instant};

use mail_room_core::arbiter::{Arbiter, Claim, Instance, Process, new_instance};
use mail_room_core::config::{Arbitration, Claims};
use mail_room_core::message::MessageId;
use mail_room_core::transport::redis::RedisClients;
use redis_server::{Server, redis_at, until};

const SCOPE: &str = "imap.example.com:993/me%40example.com/INBOX/1";
const OTHER_SCOPE: &str = "imap.example.com:993/you%40example.com/INBOX/1";

fn arbiter_of(
    redis: mail_room_core::config::Redis,
    instance: impl Into<Instance>,
    namespace: Option<&str>,
    claim_ttl: u64,
) -> Arbiter {
    let claims = Claims { redis, namespace: namespace.map(Into::into), claim_ttl };
    Arbiter::new(&Arbitration::Redis(claims), &RedisClients::new(), instance, &std::sync::Arc::default()).unwrap()
}

fn arbiter(server: &Server, instance: impl Into<Instance>) -> Arbiter {
    arbiter_of(server.config(), instance, None, 60)
}

fn uids(uids: impl IntoIterator<Item = u32>) -> Vec<MessageId> {
    uids.into_iter().map(MessageId::Uid).collect()
}

/// State, marker and attempts of UID 7 as the table writes them: `value@seconds`, `-` for none.
fn shown(server: &Server) -> String {
    let keys = [format!("delivered:7:{SCOPE}"), "delivered:7".into(), format!("attempts:7:{SCOPE}")];
    let shown = keys.map(|key| match server.ask::<Option<String>>(&format!("GET {key}")) {
        None => "-".to_owned(),
        Some(value) => {
            let left: u64 = server.ask(&format!("PTTL {key}"));
            format!("{}@{}", value.replace(OTHER_SCOPE, "OTHER").replace(SCOPE, "SCOPE"), left.div_ceil(1000))
        }
    });
    shown.join("|")
}

/// Makes the keys of UID 7 as the table writes them.
fn set(server: &Server, state: &str) {
    server.ask::<()>("FLUSHALL");
    let keys = [format!("delivered:7:{SCOPE}"), "delivered:7".into(), format!("attempts:7:{SCOPE}")];
    for (key, value) in keys.iter().zip(state.split('|')) {
        if let Some((value, seconds)) = value.rsplit_once('@') {
            let value = value.replace("SCOPE", SCOPE).replace("OTHER", OTHER_SCOPE);
            server.ask::<()>(&format!("SET {key} \"{value}\" EX {seconds}"));
        }
    }
}

/// Equal, but that a time may have run on for two seconds.
fn same(seen: &str, expected: &str) -> bool {
    seen.split('|').count() == 3
        && seen.split('|').zip(expected.split('|')).all(|(seen, expected)| {
            match (seen.rsplit_once('@'), expected.rsplit_once('@')) {
                (Some((a, seen)), Some((b, expected))) => {
                    let (seen, expected): (u64, u64) = (seen.parse().unwrap(), expected.parse().unwrap());
                    a == b && seen <= expected && seen + 2 >= expected
                }
                _ => seen == expected,
            }
        })
}

/// Claim's answer as the table writes it, a time rounded up to 10 s.
fn answer(claim: &Claim) -> String {
    match claim {
        Claim::Won { attempts } => format!("won {attempts}"),
        Claim::Delivered => "delivered".into(),
        Claim::Held { lasts } => format!("held {}", lasts.as_secs().div_ceil(10) * 10),
    }
}

/// Step, the keys before (state|marker|attempts), its answer, the keys after.
const STEPS: &[(&str, &str, &str, &str)] = &[
    ("claim", "-|-|-", "won 0", "claimed me@60|SCOPE@60|-"),
    ("claim", "-|-|2@30", "won 2", "claimed me@60|SCOPE@60|2@30"),
    ("claim", "-|-|3 dead@30", "won 3", "claimed me@60|SCOPE@60|3 dead@30"),
    ("claim", "-|OTHER@30|-", "won 0", "claimed me@60|OTHER@30|-"),
    ("claim", "-|SCOPE@30|-", "won 0", "claimed me@60|SCOPE@60|-"),
    ("claim", "-|1@30|-", "held 30", "-|1@30|-"),
    ("claim", "-|2@600|-", "held 600", "-|2@600|-"),
    ("claim", "claimed me@30|SCOPE@30|1@30", "won 1", "claimed me@60|SCOPE@60|1@30"),
    ("claim", "claimed me@30|-|-", "won 0", "claimed me@60|SCOPE@60|-"),
    ("claim", "claimed me@30|OTHER@30|-", "won 0", "claimed me@60|OTHER@30|-"),
    ("claim", "claimed me@30|1@600|-", "held 600", "-|1@600|-"),
    ("claim", "claimed you@30|SCOPE@30|-", "held 30", "claimed you@30|SCOPE@30|-"),
    ("claim", "claimed you@30|1@600|-", "held 30", "claimed you@30|1@600|-"),
    ("claim", "failed 2@30|-|2@30", "held 30", "failed 2@30|-|2@30"),
    ("claim", "delivered me@30|SCOPE@30|-", "delivered", "delivered me@30|SCOPE@30|-"),
    ("claim", "delivered you@30|1@30|-", "delivered", "delivered you@30|1@30|-"),
    // A search that was begun after it was set aside lists it because a person has marked it unread.
    ("claim", "aside@590|-|-", "won 0", "claimed me@60|SCOPE@60|-"),
    // Or because the server does not know yet that it was marked.
    ("claim", "aside@597|-|-", "held 10", "aside@597|-|-"),
    ("claim", "aside@590|1@30|-", "held 30", "aside@590|1@30|-"),
    ("claim listed 20 s ago", "aside@590|-|-", "held 10", "aside@590|-|-"),
    ("claim listed 20 s ago", "aside@570|-|-", "won 0", "claimed me@60|SCOPE@60|-"),
    ("claim listed 20 s ago", "delivered you@590|SCOPE@590|-", "delivered", "delivered you@590|SCOPE@590|-"),
    ("renew", "-|-|-", "no", "-|-|-"),
    ("renew", "-|SCOPE@30|-", "no", "-|SCOPE@30|-"),
    ("renew", "claimed me@30|SCOPE@30|1@30", "yes", "claimed me@60|SCOPE@60|1@30"),
    ("renew", "claimed me@30|-|-", "yes", "claimed me@60|SCOPE@60|-"),
    ("renew", "claimed me@30|OTHER@30|-", "yes", "claimed me@60|OTHER@30|-"),
    ("renew", "claimed me@30|1@30|-", "yes", "claimed me@60|1@30|-"),
    ("renew", "claimed you@30|SCOPE@30|-", "no", "claimed you@30|SCOPE@30|-"),
    ("renew", "delivered me@30|SCOPE@30|-", "no", "delivered me@30|SCOPE@30|-"),
    ("renew", "failed 1@30|-|1@30", "no", "failed 1@30|-|1@30"),
    ("release", "-|-|1@30", "-", "-|-|1@30"),
    ("release", "claimed me@30|SCOPE@30|-", "-", "-|-|-"),
    ("release", "claimed me@30|OTHER@30|-", "-", "-|OTHER@30|-"),
    ("release", "claimed me@30|1@30|-", "-", "-|1@30|-"),
    ("release", "claimed me@30|SCOPE@30|2@30", "-", "-|-|2@30"),
    ("release", "claimed me@30|SCOPE@30|2 me@30", "-", "-|-|1@86400"),
    ("release", "claimed me@30|SCOPE@30|1 me@30", "-", "-|-|-"),
    ("release", "claimed me@30|SCOPE@30|2 dead@30", "-", "-|-|2 dead@30"),
    ("release", "claimed you@30|SCOPE@30|1 me@30", "-", "claimed you@30|SCOPE@30|1 me@30"),
    ("release", "delivered me@30|SCOPE@30|-", "-", "delivered me@30|SCOPE@30|-"),
    ("begin", "-|-|-", "no", "-|-|-"),
    ("begin", "claimed me@30|SCOPE@30|-", "yes", "claimed me@60|SCOPE@60|1 me@86400"),
    ("begin", "claimed me@30|-|2@30", "yes", "claimed me@60|SCOPE@60|3 me@86400"),
    ("begin", "claimed me@30|OTHER@30|2 dead@30", "yes", "claimed me@60|OTHER@30|3 me@86400"),
    ("begin", "claimed me@30|SCOPE@30|3 me@30", "yes", "claimed me@60|SCOPE@60|3 me@30"),
    ("begin", "claimed me@30|1@30|-", "no", "claimed me@30|1@30|-"),
    ("begin", "claimed you@30|SCOPE@30|-", "no", "claimed you@30|SCOPE@30|-"),
    ("begin", "delivered me@30|SCOPE@30|-", "no", "delivered me@30|SCOPE@30|-"),
    ("finish", "-|-|1 me@30", "no", "-|-|1 me@30"),
    ("finish", "claimed me@30|SCOPE@30|1 me@30", "yes", "delivered me@86400|SCOPE@86400|-"),
    ("finish", "claimed me@30|-|-", "yes", "delivered me@86400|SCOPE@86400|-"),
    ("finish", "claimed me@30|OTHER@30|-", "yes", "delivered me@86400|OTHER@30|-"),
    ("finish", "claimed me@30|1@30|-", "yes", "delivered me@86400|1@30|-"),
    ("finish", "claimed you@30|SCOPE@30|1@30", "no", "claimed you@30|SCOPE@30|1@30"),
    ("finish", "delivered me@30|SCOPE@30|-", "yes", "delivered me@30|SCOPE@30|-"),
    ("finish", "delivered you@30|SCOPE@30|-", "no", "delivered you@30|SCOPE@30|-"),
    ("fail", "claimed me@30|SCOPE@30|-", "1", "failed 1@5|-|1@86400"),
    ("fail", "claimed me@30|OTHER@30|2@30", "3", "failed 3@5|OTHER@30|3@86400"),
    ("fail", "claimed me@30|1@30|2 dead@30", "3", "failed 3@5|1@30|3@86400"),
    ("fail", "claimed me@30|SCOPE@30|2 me@30", "2", "failed 2@5|-|2@86400"),
    ("fail", "claimed you@30|SCOPE@30|2@30", "2", "claimed you@30|SCOPE@30|2@30"),
    ("fail", "failed 1@30|-|1@30", "1", "failed 1@30|-|1@30"),
    ("fail", "-|-|-", "0", "-|-|-"),
    ("fail uncounted", "claimed me@30|SCOPE@30|-", "0", "failed 0@5|-|-"),
    ("fail uncounted", "claimed me@30|SCOPE@30|2@30", "2", "failed 2@5|-|2@86400"),
    ("fail uncounted", "claimed me@30|SCOPE@30|2 me@30", "1", "failed 1@5|-|1@86400"),
    ("fail uncounted", "claimed me@30|SCOPE@30|1 me@30", "0", "failed 0@5|-|-"),
    ("acknowledged", "-|SCOPE@30|1@30", "-", "-|SCOPE@30|1@30"),
    ("acknowledged", "claimed me@30|SCOPE@30|1@30", "-", "claimed me@30|SCOPE@30|1@30"),
    ("acknowledged", "failed 1@30|-|1@30", "-", "failed 1@30|-|1@30"),
    ("acknowledged", "delivered me@86400|SCOPE@86400|1@30", "-", "delivered me@600|SCOPE@600|-"),
    ("acknowledged", "delivered you@86400|SCOPE@86400|-", "-", "delivered you@600|SCOPE@600|-"),
    ("acknowledged", "delivered me@86400|OTHER@30|-", "-", "delivered me@600|OTHER@30|-"),
    ("acknowledged", "delivered me@86400|1@30|-", "-", "delivered me@600|1@30|-"),
    ("acknowledged", "delivered me@86400|-|-", "-", "delivered me@600|-|-"),
    ("set aside", "failed 2@30|-|2@30", "-", "aside@600|-|-"),
    ("set aside", "failed 2@1|1@30|2@30", "-", "aside@600|1@30|-"),
    ("set aside", "-|-|2 dead@30", "-", "aside@600|-|-"),
    ("set aside", "aside@300|-|2@30", "-", "aside@300|-|-"),
    ("set aside", "claimed you@30|SCOPE@30|2@30", "-", "claimed you@30|SCOPE@30|2@30"),
    ("set aside", "delivered you@30|SCOPE@30|-", "-", "delivered you@30|SCOPE@30|-"),
    ("remember", "-|-|-", "-", "delivered me@86400|SCOPE@86400|-"),
    ("remember", "-|1@30|-", "-", "delivered me@86400|1@30|-"),
    ("remember", "delivered you@600|SCOPE@600|-", "-", "delivered you@86400|SCOPE@86400|-"),
    ("remember", "delivered me@600|OTHER@30|-", "-", "delivered me@86400|OTHER@30|-"),
    ("remember", "claimed you@30|SCOPE@30|1@30", "-", "claimed you@30|SCOPE@30|1@30"),
    ("remember", "failed 1@30|-|1@30", "-", "failed 1@30|-|1@30"),
    ("delivered", "delivered you@30|SCOPE@30|-", "yes", "delivered you@30|SCOPE@30|-"),
    ("delivered", "claimed me@30|SCOPE@30|-", "no", "claimed me@30|SCOPE@30|-"),
    ("delivered", "failed 1@30|-|1@30", "no", "failed 1@30|-|1@30"),
    ("delivered", "-|1@30|-", "no", "-|1@30|-"),
];

async fn act(me: &Arbiter, step: &str) -> String {
    let ids = uids([7]);
    let yes_or_no = |ours: Vec<bool>| if ours == [true] { "yes".to_owned() } else { "no".to_owned() };
    let backoff = Duration::from_secs(5);
    match step {
        "claim" => answer(&me.claim(SCOPE, &ids).await.unwrap()[0]),
        "claim listed 20 s ago" => {
            let claims = me.claim_listed(SCOPE, &ids, Duration::from_secs(20)).await;
            answer(&claims.unwrap()[0])
        }
        "renew" => yes_or_no(me.renew(SCOPE, &ids).await.unwrap()),
        "release" => me.release(SCOPE, &ids).await.map(|()| "-".to_owned()).unwrap(),
        "begin" => yes_or_no(me.begin(SCOPE, &ids, true).await.unwrap()),
        "finish" => yes_or_no(me.finish(SCOPE, &ids).await.unwrap()),
        "fail" => me.fail(SCOPE, &ids[0], backoff, true).await.unwrap().to_string(),
        "fail uncounted" => me.fail(SCOPE, &ids[0], backoff, false).await.unwrap().to_string(),
        "acknowledged" => me.acknowledged(SCOPE, &ids).await.map(|()| "-".to_owned()).unwrap(),
        "set aside" => me.set_aside(SCOPE, &ids).await.map(|()| "-".to_owned()).unwrap(),
        "remember" => me.remember(SCOPE, &ids).await.map(|()| "-".to_owned()).unwrap(),
        "delivered" => yes_or_no(me.delivered(SCOPE, &ids).await.unwrap()),
        _ => unreachable!(),
    }
}

#[tokio::test]
async fn every_step_acts_only_on_what_it_finds() {
    let server = Server::start(&[]);
    let me = arbiter(&server, "me");
    for &(step, before, expected, after) in STEPS {
        set(&server, before);
        assert_eq!(act(&me, step).await, expected, "{step} of {before}");
        let seen = shown(&server);
        assert!(same(&seen, after), "{step} of {before} left {seen}, not {after}");
    }
}

#[tokio::test]
async fn a_key_without_an_end_is_looked_at_again_in_ten_minutes() {
    let server = Server::start(&[]);
    let me = arbiter(&server, "me");
    server.ask::<()>("SET delivered:7 1");
    assert_eq!(me.claim(SCOPE, &uids([7])).await.unwrap(), [Claim::Held { lasts: Duration::from_secs(600) }]);
}

#[tokio::test]
async fn answers_come_in_order_and_in_any_number() {
    let server = Server::start(&[]);
    let (me, you) = (arbiter(&server, "me"), arbiter(&server, "you"));
    assert!(me.claim(SCOPE, &[]).await.unwrap().is_empty());
    assert!(me.renew(SCOPE, &[]).await.unwrap().is_empty());
    me.release(SCOPE, &[]).await.unwrap();
    me.acknowledged(SCOPE, &[]).await.unwrap();
    me.set_aside(SCOPE, &[]).await.unwrap();
    me.remember(SCOPE, &[]).await.unwrap();
    assert!(me.delivered(SCOPE, &[]).await.unwrap().is_empty());
    let every_third = uids((1..=1_500).filter(|uid| uid % 3 == 0));
    you.claim(SCOPE, &every_third).await.unwrap();
    let all = uids(1..=1_500);
    let claims = me.claim(SCOPE, &all).await.unwrap();
    for (id, claim) in all.iter().zip(&claims) {
        assert_eq!(every_third.contains(id), matches!(claim, Claim::Held { .. }), "{id}");
    }
    let ours = me.renew(SCOPE, &all).await.unwrap();
    assert_eq!(ours.iter().filter(|ours| **ours).count(), 1_000);
    me.release(SCOPE, &all).await.unwrap();
    assert_eq!(server.keys().len(), every_third.len() * 2);
}

#[tokio::test]
async fn ids_may_be_text() {
    let server = Server::start(&[]);
    let me = arbiter(&server, "me");
    let ids = [MessageId::Text("AAMkAG-_=".into())];
    assert_eq!(me.claim("graph/me/inbox", &ids).await.unwrap(), [Claim::Won { attempts: 0 }]);
    assert_eq!(server.keys(), ["delivered:AAMkAG-_=", "delivered:AAMkAG-_=:graph/me/inbox"]);
}

#[tokio::test]
async fn equal_uids_of_two_mailboxes_do_not_hinder_one_another() {
    let server = Server::start(&[]);
    let me = arbiter(&server, "me");
    let ids = uids([7]);
    for scope in [SCOPE, OTHER_SCOPE] {
        assert_eq!(me.claim(scope, &ids).await.unwrap(), [Claim::Won { attempts: 0 }]);
    }
    assert_eq!(me.finish(SCOPE, &ids).await.unwrap(), [true]);
    assert_eq!(me.renew(OTHER_SCOPE, &ids).await.unwrap(), [true]);
    assert_eq!(me.finish(OTHER_SCOPE, &ids).await.unwrap(), [true]);
    assert_eq!(server.ask::<String>("GET delivered:7"), SCOPE, "the first one's marker is left alone");
    me.acknowledged(SCOPE, &ids).await.unwrap();
    me.acknowledged(OTHER_SCOPE, &ids).await.unwrap();
    for scope in [SCOPE, OTHER_SCOPE] {
        assert_eq!(me.claim(scope, &ids).await.unwrap(), [Claim::Delivered]);
    }
}

#[tokio::test]
async fn a_missing_sign_comes_back_with_the_next_renewal() {
    let server = Server::start(&[]);
    let me = arbiter(&server, "me");
    server.ask::<()>(&format!("SET delivered:7 {OTHER_SCOPE}"));
    me.claim(SCOPE, &uids([7])).await.unwrap();
    assert_eq!(server.ask::<String>("GET delivered:7"), OTHER_SCOPE);
    server.ask::<()>("DEL delivered:7");
    assert_eq!(me.renew(SCOPE, &uids([7])).await.unwrap(), [true]);
    assert_eq!(server.ask::<String>("GET delivered:7"), SCOPE);
}

#[tokio::test]
async fn all_keys_stand_behind_the_namespace() {
    let server = Server::start(&[]);
    let me = arbiter_of(server.config(), "me", Some("resque:gitlab"), 60);
    me.claim("s", &uids([7])).await.unwrap();
    me.begin("s", &uids([7]), true).await.unwrap();
    let expected = ["resque:gitlab:attempts:7:s", "resque:gitlab:delivered:7", "resque:gitlab:delivered:7:s"];
    assert_eq!(server.keys(), expected);
}

#[tokio::test]
async fn a_claim_ends_by_itself_unless_renewed() {
    let server = Server::start(&[]);
    let (me, you) = (arbiter_of(server.config(), "me", None, 1), arbiter(&server, "you"));
    assert_eq!(me.claim_ttl(), Some(Duration::from_secs(1)));
    me.claim(SCOPE, &uids([7])).await.unwrap();
    me.begin(SCOPE, &uids([7]), true).await.unwrap();
    let [Claim::Held { lasts }] = you.claim(SCOPE, &uids([7])).await.unwrap()[..] else { panic!("not held") };
    assert!(lasts <= Duration::from_secs(1));
    until("the claim has ended", || server.keys() == [format!("attempts:7:{SCOPE}")]);
    let claims = you.claim(SCOPE, &uids([7])).await.unwrap();
    assert_eq!(claims, [Claim::Won { attempts: 1 }], "a try that nobody lived to end counts");
    assert_eq!(me.renew(SCOPE, &uids([7])).await.unwrap(), [false]);
    assert_eq!(me.finish(SCOPE, &uids([7])).await.unwrap(), [false]);
    assert_eq!(server.ask::<String>(&format!("GET delivered:7:{SCOPE}")), "claimed you");
}

#[tokio::test]
async fn a_try_that_cannot_be_deadly_is_not_counted_in_advance() {
    let server = Server::start(&[]);
    let (me, you) = (arbiter_of(server.config(), "me", None, 1), arbiter(&server, "you"));
    me.claim(SCOPE, &uids([7])).await.unwrap();
    assert_eq!(me.begin(SCOPE, &uids([7]), false).await.unwrap(), [true]);
    until("the claim has ended", || server.keys().is_empty());
    assert_eq!(you.claim(SCOPE, &uids([7])).await.unwrap(), [Claim::Won { attempts: 0 }]);
}

#[tokio::test]
async fn tries_are_counted_across_claims() {
    let server = Server::start(&[]);
    let me = arbiter(&server, "me");
    let ids = uids([7]);
    for tries in 1..=3 {
        assert_eq!(me.claim(SCOPE, &ids).await.unwrap(), [Claim::Won { attempts: tries - 1 }]);
        assert_eq!(me.begin(SCOPE, &ids, true).await.unwrap(), [true]);
        assert_eq!(me.fail(SCOPE, &ids[0], Duration::ZERO, true).await.unwrap(), tries);
        until("the pause has ended", || !server.keys().contains(&format!("delivered:7:{SCOPE}")));
    }
    me.claim(SCOPE, &ids).await.unwrap();
    me.begin(SCOPE, &ids, true).await.unwrap();
    assert_eq!(me.finish(SCOPE, &ids).await.unwrap(), [true]);
    assert!(!server.keys().contains(&format!("attempts:7:{SCOPE}")));
}

#[tokio::test]
async fn the_last_try_of_a_refused_message_keeps_those_away_who_allow_more() {
    let server = Server::start(&[]);
    let (me, you) = (arbiter(&server, "me"), arbiter(&server, "you"));
    let ids = uids([7]);
    me.claim(SCOPE, &ids).await.unwrap();
    assert_eq!(me.refuse(SCOPE, &ids[0], Duration::ZERO, (2, 5)).await.unwrap(), 1);
    until("the pause has ended", || !server.keys().contains(&format!("delivered:7:{SCOPE}")));
    assert_eq!(you.claim(SCOPE, &ids).await.unwrap(), [Claim::Won { attempts: 1 }]);
    assert_eq!(you.refuse(SCOPE, &ids[0], Duration::ZERO, (2, 5)).await.unwrap(), 5);
    until("the pause has ended", || !server.keys().contains(&format!("delivered:7:{SCOPE}")));
    assert_eq!(me.claim(SCOPE, &ids).await.unwrap(), [Claim::Won { attempts: 5 }]);
}

#[tokio::test]
async fn an_original_beside_us_sees_our_claims_and_we_see_its() {
    let server = Server::start(&[]);
    let me = arbiter(&server, "me");
    let original = |uid: u32| server.ask::<Option<String>>(&format!("SET delivered:{uid} 1 NX EX 1")).is_some();
    me.claim(SCOPE, &uids([7])).await.unwrap();
    assert!(!original(7), "claimed by us");
    me.finish(SCOPE, &uids([7])).await.unwrap();
    assert!(!original(7), "delivered by us");
    assert!(original(8));
    let [Claim::Held { lasts }] = me.claim(SCOPE, &uids([8])).await.unwrap()[..] else { panic!("not held") };
    assert!(lasts <= Duration::from_secs(1));
    until("the original's key has ended", || !server.keys().contains(&"delivered:8".to_owned()));
    assert_eq!(me.claim(SCOPE, &uids([8])).await.unwrap(), [Claim::Won { attempts: 0 }]);
}

#[tokio::test]
async fn the_original_question_is_asked_as_the_original_does() {
    let server = Server::start(&[]);
    let Arbiter::Redis(door) = arbiter_of(server.config(), "me", Some("ns"), 60) else { panic!("no Redis") };
    assert!(door.original("7", 600).await.unwrap());
    assert!(!door.original("7", 600).await.unwrap());
    assert_eq!(server.ask::<String>("GET ns:delivered:7"), "1");
    assert!((598..=600).contains(&server.ask::<i64>("TTL ns:delivered:7")));
    assert!(door.original("8", 1).await.unwrap());
    until("it has ended", || server.keys() == ["ns:delivered:7"]);
    assert!(door.original("8", 1).await.unwrap());
}

#[tokio::test]
async fn scripts_are_loaded_again_when_redis_has_forgotten_them() {
    let server = Server::start(&[]);
    let me = arbiter(&server, "me");
    for uid in 1..=3 {
        assert_eq!(me.claim(SCOPE, &uids([uid])).await.unwrap(), [Claim::Won { attempts: 0 }]);
        server.ask::<()>("SCRIPT FLUSH");
    }
}

#[tokio::test]
async fn without_arbitration_everything_is_ours() {
    let me =
        Arbiter::new(&Arbitration::Noop, &RedisClients::new(), &new_instance(), &std::sync::Arc::default()).unwrap();
    let ids = uids([1, 2]);
    assert_eq!(me.claim_ttl(), None);
    assert_eq!(me.claim(SCOPE, &ids).await.unwrap(), [Claim::Won { attempts: 0 }, Claim::Won { attempts: 0 }]);
    for ours in [me.renew(SCOPE, &ids).await, me.begin(SCOPE, &ids, true).await, me.finish(SCOPE, &ids).await] {
        assert_eq!(ours.unwrap(), [true, true]);
    }
}

#[tokio::test]
async fn an_address_without_meaning_is_refused_at_once() {
    let claims = Claims { redis: redis_at("http://:secret@host"), namespace: None, claim_ttl: 60 };
    let error =
        Arbiter::new(&Arbitration::Redis(claims), &RedisClients::new(), "me", &std::sync::Arc::default()).unwrap_err();
    assert!(matches!(error, mail_room_core::Error::Configuration(_)));
    assert!(!error.to_string().contains("secret"), "{error}");
}

#[test]
fn instances_have_names_of_their_own() {
    assert_eq!(new_instance().len(), 32);
    assert_ne!(new_instance(), new_instance());
}

/// What it says of UID 7.
async fn claim(arbiter: &Arbiter) -> Claim {
    arbiter.claim(SCOPE, &uids([7])).await.unwrap().remove(0)
}

/// Makes the keys of UID 7 such that `holder` has claimed it, in a try that counts.
fn set_claimed_by(server: &Server, holder: &str) {
    set(server, &format!("claimed {holder}@60|SCOPE@60|3 {holder}@60"));
}

/// The name of a process of this machine that was there a moment ago.
fn name_of_a_dead_process() -> String {
    let mut child = std::process::Command::new("true").spawn().unwrap();
    child.wait().unwrap();
    let ours = Process::new().instance().name().to_owned();
    let mut parts: Vec<_> = ours.split('/').collect();
    let pid = child.id().to_string();
    parts[3] = &pid;
    parts.join("/")
}

#[tokio::test]
async fn two_watchers_of_one_process_are_two() {
    let server = Server::start(&[]);
    let (process, ids) = (Process::new(), uids(1..=12));
    let (one, two) = (arbiter(&server, process.instance()), arbiter(&server, process.instance()));
    assert_eq!(one.claim(SCOPE, &ids[..6]).await.unwrap(), vec![Claim::Won { attempts: 0 }; 6]);
    let claims = two.claim(SCOPE, &ids).await.unwrap();
    assert!(claims[..6].iter().all(|claim| matches!(claim, Claim::Held { lasts } if *lasts <= Duration::from_secs(5))));
    assert_eq!(claims[6..], vec![Claim::Won { attempts: 0 }; 6]);
    assert_eq!(two.begin(SCOPE, &ids[..6], false).await.unwrap(), [false; 6]);
    assert_eq!(one.begin(SCOPE, &ids[..6], false).await.unwrap(), [true; 6]);
    assert_eq!(one.finish(SCOPE, &ids[..6]).await.unwrap(), [true; 6]);
    assert_eq!(two.claim(SCOPE, &ids[..6]).await.unwrap(), vec![Claim::Delivered; 6]);
    // A watcher that has ended leaves nothing behind that the other would have to wait for.
    drop(two);
    assert_eq!(one.claim(SCOPE, &ids[6..]).await.unwrap(), vec![Claim::Won { attempts: 0 }; 6]);
}

#[tokio::test]
async fn what_a_dead_process_of_this_machine_has_claimed_is_taken_over_at_once() {
    let server = Server::start(&[]);
    let me = Process::new().instance();
    let (name, dead) = (me.name().to_owned(), name_of_a_dead_process());
    let me = arbiter(&server, me);
    set_claimed_by(&server, &dead);
    assert_eq!(claim(&me).await, Claim::Won { attempts: 3 }, "its try counts");
    let expected = format!("claimed {name}@60|SCOPE@60|3 {dead}@60");
    assert!(same(&shown(&server), &expected), "{}", shown(&server));
    assert_eq!(me.begin(SCOPE, &uids([7]), true).await.unwrap(), [true]);
    assert!(same(&shown(&server), &format!("claimed {name}@60|SCOPE@60|4 {name}@86400")), "{}", shown(&server));

    // What it has delivered is delivered; what the original has by now is the original's.
    set(&server, &format!("delivered {dead}@60|SCOPE@60|-"));
    assert_eq!(claim(&me).await, Claim::Delivered);
    set(&server, &format!("claimed {dead}@60|1@600|-"));
    assert_eq!(answer(&claim(&me).await), "held 600");
    assert!(same(&shown(&server), "-|1@600|-"), "{}", shown(&server));

    // Many of them, some taken by somebody who lives.
    let all = uids(1..=450);
    server.ask::<()>("FLUSHALL");
    for id in &all {
        let holder = if id.to_string().ends_with('5') { "you" } else { &dead };
        server.ask::<()>(&format!("SET delivered:{id}:{SCOPE} \"claimed {holder}\" EX 60"));
    }
    let claims = me.claim(SCOPE, &all).await.unwrap();
    for (id, claim) in all.iter().zip(&claims) {
        assert_eq!(id.to_string().ends_with('5'), matches!(claim, Claim::Held { .. }), "{id}");
        assert!(matches!(claim, Claim::Held { .. } | Claim::Won { attempts: 0 }), "{claim:?}");
    }
}

#[tokio::test]
async fn a_claim_of_an_older_version_holds_until_it_ends() {
    let server = Server::start(&[]);
    let me = arbiter(&server, Process::new().instance());
    for holder in [new_instance(), "someone else".to_owned(), "a/b/c".to_owned()] {
        set_claimed_by(&server, &holder);
        let Claim::Held { lasts } = claim(&me).await else { panic!("{holder} lost its claim") };
        assert!(lasts > Duration::from_secs(58), "{lasts:?}");
    }
}

#[tokio::test]
async fn a_dead_process_of_another_machine_is_succeeded_within_15_s_and_a_living_one_never() {
    let server = Server::start(&[]);
    let (dead, alive, me) =
        (Process::on_another_machine("one"), Process::on_another_machine("two"), Process::on_another_machine("three"));
    let (theirs, living) = (arbiter(&server, dead.instance()), arbiter(&server, alive.instance()));
    let mine = arbiter(&server, me.instance());
    let beating = [&alive, &me].map(|process| {
        let process: Arc<Process> = process.clone();
        tokio::spawn(async move { process.beat().await })
    });
    assert_eq!(living.claim(SCOPE, &uids([8])).await.unwrap(), [Claim::Won { attempts: 0 }]);
    // As it dies in the middle of a try.
    assert_eq!(claim(&theirs).await, Claim::Won { attempts: 0 });
    assert_eq!(theirs.begin(SCOPE, &uids([7]), true).await.unwrap(), [true]);
    let died = Instant::now();
    let mut looks = 0;
    let attempts = loop {
        let claims = mine.claim(SCOPE, &uids([7, 8])).await.unwrap();
        assert!(matches!(claims[1], Claim::Held { .. }), "taken from one that lives: {claims:?}");
        match claims[0] {
            Claim::Won { attempts } => break attempts,
            Claim::Held { lasts } => tokio::time::sleep(lasts).await,
            Claim::Delivered => panic!("delivered by nobody"),
        }
        looks += 1;
        assert!(died.elapsed() < Duration::from_secs(15), "still held");
    };
    assert!(died.elapsed() < Duration::from_secs(15), "{:?}", died.elapsed());
    assert!(died.elapsed() > Duration::from_secs(8) && looks <= 6, "{:?} and {looks} looks", died.elapsed());
    assert_eq!(attempts, 1, "a try that nobody lived to end counts");
    // It was only frozen, and comes back: nothing of it is its own any more.
    assert_eq!(theirs.renew(SCOPE, &uids([7])).await.unwrap(), [false]);
    assert_eq!(theirs.begin(SCOPE, &uids([7]), true).await.unwrap(), [false]);
    assert_eq!(theirs.finish(SCOPE, &uids([7])).await.unwrap(), [false]);
    assert_eq!(theirs.fail(SCOPE, &uids([7])[0], Duration::from_secs(5), true).await.unwrap(), 1);
    theirs.release(SCOPE, &uids([7])).await.unwrap();
    assert_eq!(mine.finish(SCOPE, &uids([7])).await.unwrap(), [true]);
    assert_eq!(living.finish(SCOPE, &uids([8])).await.unwrap(), [true]);
    beating.iter().for_each(tokio::task::JoinHandle::abort);
}

#[tokio::test]
async fn a_process_has_one_heartbeat_and_only_while_it_claims() {
    let server = Server::start(&[]);
    let process = Process::new();
    let arbiters: Vec<_> = {
        let clients = RedisClients::new();
        let claims = Claims { redis: server.config(), namespace: Some("ns".into()), claim_ttl: 60 };
        let arbiter = || {
            Arbiter::new(&Arbitration::Redis(claims.clone()), &clients, process.instance(), &Arc::default()).unwrap()
        };
        (0..20).map(|_| arbiter()).collect()
    };
    let beating = tokio::spawn({
        let process = process.clone();
        async move { process.beat().await }
    });
    let heartbeats = || server.keys().into_iter().filter(|key| key.starts_with("ns:heartbeat:")).collect::<Vec<_>>();
    tokio::task::yield_now().await;
    assert_eq!(heartbeats(), Vec::<String>::new(), "nothing is claimed yet");
    for (number, arbiter) in (0..).zip(&arbiters) {
        arbiter.claim(SCOPE, &uids([number])).await.unwrap();
    }
    let [key] = &heartbeats()[..] else { panic!("not one heartbeat: {:?}", heartbeats()) };
    assert!((1..=8_000).contains(&server.ask::<i64>(&format!("PTTL {key}"))));
    // It comes back by itself: no mailbox has to do anything.
    server.ask::<()>(&format!("DEL {key}"));
    let deadline = Instant::now() + Duration::from_secs(10);
    while heartbeats().is_empty() {
        assert!(Instant::now() < deadline, "no further heartbeat");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    // What keeps a claim keeps the heartbeat: no successor may step in while a message is on its way.
    for step in ["renew", "begin"] {
        beating.abort();
        server.ask::<()>(&format!("DEL {key}"));
        let ours = match step {
            "renew" => arbiters[3].renew(SCOPE, &uids([3])).await,
            _ => arbiters[3].begin(SCOPE, &uids([3]), false).await,
        };
        assert_eq!(ours.unwrap(), [true]);
        assert!((7_000..=8_000).contains(&server.ask::<i64>(&format!("PTTL {key}"))), "{step}");
    }
    process.end().await;
    assert_eq!(heartbeats(), Vec::<String>::new());
}
