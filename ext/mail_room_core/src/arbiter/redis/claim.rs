//! Takes claims on messages that nobody holds, or whose holder has ended. A holder on this machine is looked up; one
//! elsewhere is judged by its heartbeat. The script takes over only what that very holder still holds.

use std::collections::HashMap;
use std::sync::LazyLock;
use std::time::Duration;

use super::{BATCH, Keys, Redis};
use crate::arbiter::Claim;
use crate::arbiter::heartbeat::Liveness;
use crate::arbiter::process::{Holder, ProcessState};
use crate::error::Result;
use crate::message::MessageId;
use crate::transport::redis::{Invocation, Reply, Script, Traffic, integers};

script!(CLAIM, "../claim.lua");

/// When to look again at a key without an expiry. Neither we nor the original write such a key.
const NO_END: Duration = Duration::from_secs(600);
/// When to look again at a message claimed on this machine; its holder may have ended.
const LOOK_AGAIN: Duration = Duration::from_secs(5);
/// Most holders judged at a time. There are no more than processes that watch a mailbox.
const HOLDERS: usize = 100;

/// The script's answer for one message.
#[derive(Clone, Copy)]
enum Answer {
    Won {
        attempts: u32,
    },
    Delivered,
    /// `holder` is an index into the list of holders; `None` if it is not an instance.
    Held {
        left: Duration,
        holder: Option<usize>,
    },
}

/// Holders that have ended.
#[derive(Default)]
struct Ended<'a> {
    /// Their heartbeats are missing.
    missing: Vec<Holder<'a>>,
    /// Known for certain.
    certain: Vec<Holder<'a>>,
}

/// What is known of a holder.
#[derive(Clone, Copy)]
enum Known {
    Ended,
    /// Not ended as far as known; judge it again after this time.
    AskAgain(Duration),
    /// Its name reveals nothing of its process.
    Nothing,
}

impl Redis {
    pub(in crate::arbiter) async fn claim(&self, scope: &str, ids: &[MessageId], age: Duration) -> Result<Vec<Claim>> {
        let (mut answers, holders) = self.ask(scope, ids, age, &Ended::default()).await?;
        let (known, ended) = self.judge(&holders).await?;
        let of = |holder: Option<usize>| holder.and_then(|holder| known.get(holder)).copied().unwrap_or(Known::Nothing);
        let orphaned =
            |answer: &Answer| matches!(answer, Answer::Held { holder, .. } if matches!(of(*holder), Known::Ended));
        let again: Vec<_> =
            ids.iter().zip(&answers).filter(|(_, answer)| orphaned(answer)).map(|(id, _)| id.clone()).collect();
        if !again.is_empty() {
            // A message that is held now has only just been claimed, so its holder need not be judged.
            let mut anew = self.ask(scope, &again, age, &ended).await?.0.into_iter();
            for answer in answers.iter_mut().filter(|answer| orphaned(answer)) {
                *answer = match anew.next().ok_or_else(|| self.client.unexpected_reply())? {
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

    /// Judges `holders`. Returns what is known of each, and those that have ended.
    async fn judge<'a>(&self, holders: &'a [String]) -> Result<(Vec<Known>, Ended<'a>)> {
        let mut known = vec![Known::Nothing; holders.len()];
        let (mut ended, mut elsewhere) = (Ended::default(), Vec::new());
        let Some(heartbeat) = &self.heartbeat else { return Ok((known, ended)) };
        for (name, known) in holders.iter().zip(&mut known).take(HOLDERS) {
            let Some(holder) = Holder::parse(name) else { continue };
            match self.instance.judge(&holder) {
                ProcessState::Runs => *known = Known::AskAgain(LOOK_AGAIN),
                ProcessState::Ended => {
                    *known = Known::Ended;
                    ended.certain.push(holder);
                }
                ProcessState::Unknown => elsewhere.push((holder, known)),
            }
        }
        let processes: Vec<_> = elsewhere.iter().map(|(holder, _)| holder.process).collect();
        let lives = heartbeat.look(&processes).await?;
        for ((holder, known), life) in elsewhere.into_iter().zip(lives) {
            *known = match life {
                Liveness::AskAgain(wait) => Known::AskAgain(wait),
                Liveness::Ended => {
                    ended.missing.push(holder);
                    Known::Ended
                }
            };
        }
        Ok((known, ended))
    }

    /// Claims `ids`, including messages claimed by holders that have `ended`. Returns the answers in order, and the
    /// holders.
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
        let replies = self.client.run_script(Traffic::Commands, &CLAIM, &calls).await?;
        if !calls.is_empty() {
            self.heartbeat_was_set();
        }
        let read = read(&replies).filter(|(answers, _)| answers.len() == ids.len());
        read.ok_or_else(|| self.client.unexpected_reply())
    }
}

/// Parses the replies of all batches, with a single list of holders.
fn read(replies: &[Reply]) -> Option<(Vec<Answer>, Vec<String>)> {
    let (mut answers, mut holders, mut places) = (Vec::new(), Vec::new(), HashMap::new());
    for reply in replies {
        let Reply::Array(lists) = reply else { return None };
        let [numbers, Reply::Array(names)] = lists.as_slice() else { return None };
        let mut here = Vec::with_capacity(names.len());
        for name in names {
            let Reply::Bulk(name) = name else { return None };
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
                    // Never 0, so that an expiring claim is waited for.
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
        // The state, whether the holder's heartbeat is there, how it is known to have ended; whether the claim is won.
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
        for (state, beats, ended, won) in table {
            server.ask::<()>("FLUSHALL");
            server.ask::<()>(&format!("SET delivered:7:s \"{state}\" EX 60"));
            if beats {
                server.ask::<()>(&format!("SET {HEARTBEAT} 1"));
            }
            let (answers, _) = me.ask("s", &[MessageId::Uid(7)], Duration::ZERO, &ended).await.unwrap();
            assert_eq!(matches!(answers[..], [Answer::Won { attempts: 0 }]), won, "{state}, heartbeat: {beats}");
            let after = if won { format!("claimed {}", me.instance.name()) } else { state };
            assert_eq!(server.ask::<String>("GET delivered:7:s"), after);
        }
    }
}
