//! Taking claims: what is nobody's, and what is held by a process that has ended. Whether it has is seen on this machine, or
//! by its heartbeat; the script takes over only what that very holder still has.

use std::collections::HashMap;
use std::sync::LazyLock;
use std::time::Duration;

use redis::Value;

use super::{BATCH, Keys, Redis};
use crate::arbiter::Claim;
use crate::arbiter::heartbeat::Life;
use crate::arbiter::process::{Holder, Verdict};
use crate::error::Result;
use crate::message::MessageId;
use crate::transport::redis::{Carry, Invocation, Script, integers};

script!(CLAIM, "../claim.lua");

/// When to look again at a key that has no end; none of ours and none of the original's is without.
const NO_END: Duration = Duration::from_secs(600);
/// When to look again at what a process of this machine has claimed: it may have ended.
const LOOK_AGAIN: Duration = Duration::from_secs(5);
/// Holders that are judged at a time; there are no more than processes on a mailbox.
const HOLDERS: usize = 100;

/// What the script says of one message.
#[derive(Clone, Copy)]
enum Answer {
    Won {
        attempts: u32,
    },
    Delivered,
    /// By the holder of this place in the list of holders; not by an instance if there is none.
    Held {
        left: Duration,
        holder: Option<usize>,
    },
}

/// Holders that have ended.
#[derive(Default)]
struct Ended<'a> {
    /// Seen by their missing heartbeats.
    missing: Vec<Holder<'a>>,
    /// For certain.
    certain: Vec<Holder<'a>>,
}

/// What is known of a holder.
#[derive(Clone, Copy)]
enum Known {
    Ended,
    /// Not ended, as far as can be told before this time has passed.
    AskAgain(Duration),
    /// It says nothing of itself.
    Nothing,
}

impl Redis {
    pub(in crate::arbiter) async fn claim(&self, scope: &str, ids: &[MessageId], age: Duration) -> Result<Vec<Claim>> {
        let (mut answers, holders) = self.ask(scope, ids, age, &Ended::default()).await?;
        let (known, ended) = self.judge(&holders).await?;
        let of = |holder: Option<usize>| holder.and_then(|holder| known.get(holder)).copied().unwrap_or(Known::Nothing);
        let heirless =
            |answer: &Answer| matches!(answer, Answer::Held { holder, .. } if matches!(of(*holder), Known::Ended));
        let again: Vec<_> =
            ids.iter().zip(&answers).filter(|(_, answer)| heirless(answer)).map(|(id, _)| id.clone()).collect();
        if !again.is_empty() {
            // Who holds one now has only just claimed it: nothing more is to be known of that holder yet.
            let mut anew = self.ask(scope, &again, age, &ended).await?.0.into_iter();
            for answer in answers.iter_mut().filter(|answer| heirless(answer)) {
                *answer = match anew.next().ok_or_else(|| self.client.nonsense())? {
                    Answer::Held { left, holder: Some(_) } => Answer::Held { left: left.min(LOOK_AGAIN), holder: None },
                    answer => answer,
                };
            }
        }
        let claims = answers.into_iter().map(|answer| match answer {
            Answer::Won { attempts } => Claim::Won { attempts },
            Answer::Delivered => Claim::Delivered,
            Answer::Held { left, holder } => match of(holder) {
                Known::AskAgain(wait) => Claim::Held { lasts: left.min(wait) },
                Known::Ended | Known::Nothing => Claim::Held { lasts: left },
            },
        });
        Ok(claims.collect())
    }

    /// What is known of each of `holders`, and which have ended.
    async fn judge<'a>(&self, holders: &'a [String]) -> Result<(Vec<Known>, Ended<'a>)> {
        let mut known = vec![Known::Nothing; holders.len()];
        let (mut ended, mut elsewhere) = (Ended::default(), Vec::new());
        let Some(heartbeat) = &self.heartbeat else { return Ok((known, ended)) };
        for (name, known) in holders.iter().zip(&mut known).take(HOLDERS) {
            let Some(holder) = Holder::parse(name) else { continue };
            match self.instance.judge(&holder) {
                Verdict::Runs => *known = Known::AskAgain(LOOK_AGAIN),
                Verdict::Ended => {
                    *known = Known::Ended;
                    ended.certain.push(holder);
                }
                Verdict::Unknown => elsewhere.push((holder, known)),
            }
        }
        let processes: Vec<_> = elsewhere.iter().map(|(holder, _)| holder.process).collect();
        let lives = heartbeat.look(&processes).await?;
        for ((holder, known), life) in elsewhere.into_iter().zip(lives) {
            *known = match life {
                Life::AskAgain(wait) => Known::AskAgain(wait),
                Life::Ended => {
                    ended.missing.push(holder);
                    Known::Ended
                }
            };
        }
        Ok((known, ended))
    }

    /// Asks for `ids`, and for what the holders have claimed that have `ended`. Answers in order, and the holders in them.
    async fn ask(
        &self,
        scope: &str,
        ids: &[MessageId],
        age: Duration,
        ended: &Ended<'_>,
    ) -> Result<(Vec<Answer>, Vec<String>)> {
        let (own, life) = self.own_heartbeat();
        let calls = ids.chunks(BATCH).map(|ids| {
            let mut call = Invocation::default();
            ids.iter().for_each(|id| self.keys(&mut call, scope, id, Keys::Three));
            if let Some(own) = own {
                call.key(own.to_owned());
            }
            call.arg(self.instance.name()).arg(scope).millis(self.ttl).millis(NO_END).number(ids.len()).millis(life);
            call.millis(age).millis(self.kept_afterwards);
            if let Some(heartbeat) = &self.heartbeat {
                ended.missing.iter().for_each(|holder| _ = call.key(heartbeat.key_of(holder.process)));
            }
            ended.missing.iter().chain(&ended.certain).for_each(|holder| _ = call.arg(holder.name));
            call
        });
        let calls: Vec<_> = calls.collect();
        let replies = self.client.run_script(Carry::Words, &CLAIM, &calls).await?;
        if !calls.is_empty() {
            self.heartbeat_was_set();
        }
        let read = read(&replies).filter(|(answers, _)| answers.len() == ids.len());
        read.ok_or_else(|| self.client.nonsense())
    }
}

/// The replies of all batches, with one list of holders.
fn read(replies: &[Value]) -> Option<(Vec<Answer>, Vec<String>)> {
    let (mut answers, mut holders, mut places) = (Vec::new(), Vec::new(), HashMap::new());
    for reply in replies {
        let Value::Array(lists) = reply else { return None };
        let [numbers, Value::Array(names)] = lists.as_slice() else { return None };
        let mut here = Vec::with_capacity(names.len());
        for name in names {
            let Value::BulkString(name) = name else { return None };
            let name = String::from_utf8_lossy(name).into_owned();
            let place = *places.entry(name.clone()).or_insert(holders.len());
            if place == holders.len() {
                holders.push(name);
            }
            here.push(place);
        }
        let numbers = integers(numbers)?;
        for answer in numbers.chunks(3) {
            answers.push(match *answer {
                [1, attempts, _] => Answer::Won { attempts: u32::try_from(attempts).unwrap_or(u32::MAX) },
                [2, _, _] => Answer::Delivered,
                [3, left, holder] => Answer::Held {
                    // A claim with less than a millisecond to go is worth waiting for it, too.
                    left: Duration::from_millis(u64::try_from(left).unwrap_or(0).max(1)),
                    holder: usize::try_from(holder).ok().and_then(|holder| here.get(holder.checked_sub(1)?).copied()),
                },
                _ => return None,
            });
        }
    }
    Some((answers, holders))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::arbiter::Process;
    use crate::config::Claims;
    use crate::redis_server::Server;
    use crate::transport::redis::RedisClients;

    const HOLDER: &str = "host/boot/1-2/4711/99/0123456789abcdef01234567/0";
    const HEARTBEAT: &str = "heartbeat:host/boot/1-2/4711/99/0123456789abcdef01234567";

    #[tokio::test]
    async fn only_what_the_ended_holder_still_has_is_taken_over() {
        let server = Server::start(&[]);
        let claims = Claims { redis: server.config(), namespace: None, claim_ttl: 60 };
        let me = Redis::new(&claims, &RedisClients::new(), Process::new().instance()).unwrap();
        let holder = Holder::parse(HOLDER).unwrap();
        let missing = || Ended { missing: vec![holder], certain: Vec::new() };
        let certain = || Ended { missing: Vec::new(), certain: vec![holder] };
        // The truth, whether the holder's heartbeat is there, how it is known to have ended; whether the claim is won.
        let held = format!("claimed {HOLDER}");
        let table = [
            (held.clone(), false, missing(), true),
            (held.clone(), true, missing(), false),
            (held.clone(), true, certain(), true),
            (held.clone(), true, Ended::default(), false),
            (format!("{held}1"), false, missing(), false),
            ("claimed you".to_owned(), false, missing(), false),
            ("failed 2".to_owned(), false, certain(), false),
        ];
        for (truth, beats, ended, won) in table {
            server.ask::<()>("FLUSHALL");
            server.ask::<()>(&format!("SET delivered:7:s \"{truth}\" EX 60"));
            if beats {
                server.ask::<()>(&format!("SET {HEARTBEAT} 1"));
            }
            let (answers, _) = me.ask("s", &[MessageId::Uid(7)], Duration::ZERO, &ended).await.unwrap();
            assert_eq!(matches!(answers[..], [Answer::Won { attempts: 0 }]), won, "{truth}, heartbeat: {beats}");
            let after = if won { format!("claimed {}", me.instance.name()) } else { truth };
            assert_eq!(server.ask::<String>("GET delivered:7:s"), after);
        }
    }
}
