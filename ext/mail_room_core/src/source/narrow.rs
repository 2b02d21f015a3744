//! Finds the messages because of which a server refuses a whole set: the set is halved until they are alone, so that the
//! others are not affected. Knows no protocol. If the server ends the connection instead, see `track::fetch_failures`.

use std::future::Future;

use crate::error::Result;

/// A set that was refused.
#[derive(Debug)]
pub(crate) struct Refused {
    /// The messages that remain: the server may refuse the set after it has handled a part of it.
    pub(crate) left: Vec<u32>,
    /// What the server said.
    pub(crate) why: String,
    /// Whether the reason certainly has nothing to do with the messages, so that parts of the set would be refused as well.
    pub(crate) whole: bool,
}

/// A request that is made for sets of messages, which are numbers.
pub(crate) trait Request: Send {
    /// If more sets than this are refused and none was accepted, this many single messages are tried. If the server refuses
    /// all of them, it refuses everything.
    const PROBES: usize;
    /// Requests after which refused sets are no longer halved.
    const MOST: usize;

    /// Cuts `uids` into sets that fit a request.
    fn cut(&self, uids: &[u32]) -> Vec<Vec<u32>>;

    /// Makes a request for each of `sets`. Returns for each whether it was refused.
    fn ask(&mut self, sets: &[Vec<u32>]) -> impl Future<Output = Result<Vec<Option<Refused>>>> + Send;
}

/// The result of a request for many messages.
#[derive(Debug)]
pub(crate) enum Narrowed {
    /// These were refused, and why; the others were accepted. A single message that is refused is always returned here.
    Some(Vec<(u32, String)>),
    /// The server refuses everything; the last of its reasons.
    All(String),
}

/// Makes `request` for all of `uids`.
///
/// # Errors
/// Those of [`Request::ask`].
pub(crate) async fn narrow<R: Request>(request: &mut R, uids: &[u32]) -> Result<Narrowed> {
    let (mut refused, mut last, mut asked) = (Vec::new(), String::new(), 0_usize);
    // Whether the server has accepted anything.
    let mut works = uids.len() < 2;
    let mut pending = request.cut(uids);
    while !pending.is_empty() {
        asked = asked.saturating_add(pending.len());
        let mut halves = Vec::new();
        for (set, answer) in pending.iter().zip(request.ask(&pending).await?) {
            let Some(Refused { left, why, whole }) = answer else {
                works = true;
                continue;
            };
            works |= left.len() < set.len();
            if set.len() == 1 || whole || asked >= R::MOST {
                refused.extend(left.iter().map(|uid| (*uid, why.clone())));
            } else {
                let (one, other) = left.split_at(left.len() / 2);
                halves.extend([one, other].into_iter().flat_map(|half| request.cut(half)));
            }
            last = why;
        }
        if !works && halves.len() > R::PROBES {
            let probes = probes(&halves, R::PROBES);
            for (probe, answer) in probes.iter().zip(request.ask(&probes).await?) {
                match answer {
                    Some(Refused { why, .. }) => refused.extend(probe.iter().map(|uid| (*uid, why.clone()))),
                    None => works = true,
                }
            }
            if !works {
                return Ok(Narrowed::All(last));
            }
            let asked = probes.concat();
            halves.iter_mut().for_each(|half| half.retain(|uid| !asked.contains(uid)));
            halves = halves.iter().flat_map(|half| request.cut(half)).collect();
        }
        pending = halves;
    }
    Ok(if works { Narrowed::Some(refused) } else { Narrowed::All(last) })
}

/// Single messages, taken from all over `sets`.
fn probes(sets: &[Vec<u32>], most: usize) -> Vec<Vec<u32>> {
    let step = sets.len().div_ceil(most.max(1)).max(1);
    sets.iter().step_by(step).filter_map(|set| set.first().map(|uid| vec![*uid])).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A server that refuses whatever names one of `bad`, and everything after it was `asked` often enough.
    struct Server<'a> {
        bad: &'a [u32],
        whole: bool,
        asked: usize,
        done: Vec<u32>,
    }

    impl Request for Server<'_> {
        const PROBES: usize = 4;
        const MOST: usize = 40;

        fn cut(&self, uids: &[u32]) -> Vec<Vec<u32>> {
            uids.chunks(100).map(<[u32]>::to_vec).collect()
        }

        async fn ask(&mut self, sets: &[Vec<u32>]) -> Result<Vec<Option<Refused>>> {
            self.asked += sets.len();
            let answers = sets.iter().map(|set| {
                let is_bad = set.iter().any(|uid| self.bad.contains(uid));
                if !is_bad {
                    self.done.extend(set);
                }
                is_bad.then(|| Refused { left: set.clone(), why: "no".into(), whole: self.whole })
            });
            Ok(answers.collect())
        }
    }

    fn narrowed(uids: u32, bad: &[u32], whole: bool) -> (Option<Vec<u32>>, usize, usize) {
        let uids: Vec<u32> = (1..=uids).collect();
        let mut server = Server { bad, whole, asked: 0, done: Vec::new() };
        let narrowed = futures_util::FutureExt::now_or_never(narrow(&mut server, &uids)).unwrap().unwrap();
        let refused = match narrowed {
            Narrowed::Some(refused) => Some(refused.into_iter().map(|(uid, _)| uid).collect()),
            Narrowed::All(why) => {
                assert_eq!(why, "no");
                None
            }
        };
        (refused, server.done.len(), server.asked)
    }

    #[test]
    fn finds_those_at_fault() {
        assert_eq!(narrowed(0, &[], false), (Some(vec![]), 0, 0));
        assert_eq!(narrowed(300, &[], false), (Some(vec![]), 300, 3));
        assert_eq!(narrowed(1, &[1], false), (Some(vec![1]), 0, 1));
        assert_eq!(narrowed(2, &[2], false), (Some(vec![2]), 1, 3));
        let (refused, done, asked) = narrowed(100, &[7, 70], false);
        assert_eq!((refused, done), (Some(vec![7, 70]), 98));
        assert!(asked <= 25, "{asked}");
    }

    #[test]
    fn gives_up_where_the_server_refuses_everything() {
        let all: Vec<u32> = (1..=200).collect();
        assert_eq!(narrowed(200, &all, false), (None, 0, 2 + 4 + 4));
        assert_eq!(narrowed(200, &all, true), (None, 0, 2));
        assert_eq!(narrowed(2, &[1, 2], false), (None, 0, 3));
    }

    #[test]
    fn one_that_works_among_the_probes_shows_that_the_server_works() {
        // The first of each part can be had, and nothing else of it.
        let bad: Vec<u32> = (1..=100).filter(|uid| uid % 12 != 1).collect();
        let (refused, done, _) = narrowed(100, &bad, false);
        assert!(refused.is_some_and(|refused| refused.len() + done == 100) && done > 0);
    }
}
