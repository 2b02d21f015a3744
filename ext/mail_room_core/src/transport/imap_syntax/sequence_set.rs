//! Sequence sets of UIDs (RFC 9051 section 9, `sequence-set`): written short, and cut into commands of a bounded length.
//! A range never covers a UID that was not asked for.

/// Octets of one set at most. RFC 2683 section 3.2.1.5 asks clients to keep command lines below 1,000 octets; servers
/// refuse longer ones ("Too long argument").
const SET_OCTETS: usize = 1_000;

/// Cuts `uids` (any order, repeats allowed) into sets that are sent in at most 1,000 octets, ascending.
pub(crate) fn sets(uids: &[u32]) -> Vec<Vec<u32>> {
    cut(uids, SET_OCTETS)
}

/// `uids`, which are ascending, as they are sent: like `1:3,7`.
pub(crate) fn sequence_set(uids: &[u32]) -> String {
    runs(uids).map(range).collect::<Vec<_>>().join(",")
}

/// Sets of at most `octets` octets. A single range that is longer still gets a set of its own.
fn cut(uids: &[u32], octets: usize) -> Vec<Vec<u32>> {
    let mut sorted = uids.to_vec();
    sorted.sort_unstable();
    sorted.dedup();
    let mut sets: Vec<Vec<u32>> = Vec::new();
    let mut used = 0;
    for run in runs(&sorted) {
        used += 1 + range(run).len();
        match sets.last_mut().filter(|_| used <= octets) {
            Some(set) => set.extend_from_slice(run),
            None => {
                sets.push(run.to_vec());
                used = range(run).len();
            }
        }
    }
    sets
}

/// UIDs without a gap between them.
fn runs(uids: &[u32]) -> impl Iterator<Item = &[u32]> {
    uids.chunk_by(|a, b| a.checked_add(1) == Some(*b))
}

fn range(run: &[u32]) -> String {
    match run {
        [first, .., last] => format!("{first}:{last}"),
        [only] => only.to_string(),
        [] => String::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(uids: &[u32], octets: usize) -> Vec<String> {
        cut(uids, octets).iter().map(|set| sequence_set(set)).collect()
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
            let made = sets(&uids);
            let texts: Vec<String> = made.iter().map(|set| sequence_set(set)).collect();
            assert!(texts.iter().all(|text| text.len() <= SET_OCTETS));
            assert_eq!(made.concat(), uids);
            let parsed: Vec<u32> = texts
                .iter()
                .flat_map(|text| text.split(','))
                .flat_map(|range| match range.split_once(':') {
                    Some((first, last)) => first.parse().unwrap()..=last.parse().unwrap(),
                    None => range.parse().unwrap()..=range.parse().unwrap(),
                })
                .collect();
            assert_eq!(parsed, uids);
        }
    }
}
