//! Sequence sets of UIDs (RFC 9051 section 9, `sequence-set`): written short, and cut into commands of a bounded length.
//! A range never covers a UID that was not asked for.

use std::fmt::Write;

/// Octets of one set at most. RFC 2683 section 3.2.1.5 asks clients to keep command lines below 1,000 octets; servers
/// refuse longer ones ("Too long argument").
pub(super) const SET_OCTETS: usize = 1_000;

/// One set and the UIDs it covers, ascending.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct UidSet {
    /// As sent, like `1:3,7`.
    pub(super) text: String,
    /// Each UID once.
    pub(super) uids: Vec<u32>,
}

/// Cuts `uids` (any order, repeats allowed) into sets of at most `octets` octets, ascending. A single range that is
/// longer still gets a set of its own.
pub(super) fn sets(uids: &[u32], octets: usize) -> Vec<UidSet> {
    let mut sorted = uids.to_vec();
    sorted.sort_unstable();
    sorted.dedup();
    let mut sets: Vec<UidSet> = Vec::new();
    for run in sorted.chunk_by(|a, b| a.checked_add(1) == Some(*b)) {
        let text = range(run);
        match sets.last_mut().filter(|set| set.text.len() + 1 + text.len() <= octets) {
            Some(set) => {
                set.text.push(',');
                set.text.push_str(&text);
                set.uids.extend_from_slice(run);
            }
            None => sets.push(UidSet { text, uids: run.to_vec() }),
        }
    }
    sets
}

fn range(run: &[u32]) -> String {
    let mut text = String::new();
    if let (Some(first), Some(last)) = (run.first(), run.last()) {
        // Writing to a String cannot fail.
        let _ = if first == last { write!(text, "{first}") } else { write!(text, "{first}:{last}") };
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(uids: &[u32], octets: usize) -> Vec<String> {
        sets(uids, octets).into_iter().map(|set| set.text).collect()
    }

    #[test]
    fn writes_short_sets() {
        let cases: &[(&[u32], usize, &[&str])] = &[
            (&[], 1000, &[]),
            (&[7], 1000, &["7"]),
            (&[1, 2], 1000, &["1:2"]),
            (&[1, 2, 3, 5, 7, 8], 1000, &["1:3,5,7:8"]),
            (&[8, 1, 3, 2, 2], 1000, &["1:3,8"]),
            (&[u32::MAX, u32::MAX - 1], 1000, &["4294967294:4294967295"]),
            (&[1, 3, 5, 7, 9], 5, &["1,3,5", "7,9"]),
            (&[10, 12], 1, &["10", "12"]),
            (&[1, 2, 3, 100], 3, &["1:3", "100"]),
        ];
        for (uids, octets, expected) in cases {
            assert_eq!(texts(uids, *octets), *expected, "{uids:?} in {octets}");
        }
    }

    #[test]
    fn covers_exactly_what_was_asked_for_within_the_limit() {
        // A fixed linear congruence: the same sets in every run, with runs and gaps of all lengths.
        let mut state = 12_345_u32;
        for round in 1..200_u32 {
            let mut uids = Vec::new();
            let mut uid = 1_u32;
            for _ in 0..round * 3 {
                state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                uid = uid.saturating_add(if state >> 30 == 0 { 1 + (state >> 8) % 100_000 } else { 1 });
                uids.push(uid);
            }
            let made = sets(&uids, SET_OCTETS);
            assert!(made.iter().all(|set| set.text.len() <= SET_OCTETS));
            let listed: Vec<u32> = made.iter().flat_map(|set| set.uids.clone()).collect();
            assert_eq!(listed, uids);
            let parsed: Vec<u32> = made
                .iter()
                .flat_map(|set| set.text.split(','))
                .flat_map(|range| match range.split_once(':') {
                    Some((first, last)) => first.parse().unwrap()..=last.parse().unwrap(),
                    None => range.parse().unwrap()..=range.parse().unwrap(),
                })
                .collect();
            assert_eq!(parsed, uids);
        }
    }
}
