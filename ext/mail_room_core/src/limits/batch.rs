//! How many items of a queue fit into one batch. A batch is bounded by number and by octets. It holds at least one item: one that
//! is larger than the bound makes a batch alone.

/// How many items from the front, of these `octets` each, fit into `most` items and `most_octets`. 0 only if there are none.
pub(crate) fn fitting(octets: impl Iterator<Item = usize>, (most, most_octets): (usize, usize)) -> usize {
    let mut total = 0_usize;
    octets
        .take(most)
        .enumerate()
        .take_while(|(index, octets)| {
            total = total.saturating_add(*octets);
            *index == 0 || total <= most_octets
        })
        .count()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bounded_by_number_and_octets_and_never_none() {
        let cases: [(&[usize], (usize, usize), usize); 6] = [
            (&[], (3, 10), 0),
            (&[1, 1, 1, 1], (3, 10), 3),
            (&[4, 6, 1], (3, 10), 2),
            (&[11, 1], (3, 10), 1),
            (&[usize::MAX, usize::MAX], (3, usize::MAX), 2),
            (&[9, 2], (3, 10), 1),
        ];
        for (octets, bounds, expected) in cases {
            assert_eq!(fitting(octets.iter().copied(), bounds), expected, "{octets:?} within {bounds:?}");
        }
    }
}
