//! How much of a file is on disk, along the file.

use std::ops::Range;

/// Segments of a bar at most.
const MOST_SEGMENTS: u64 = 200;

/// Bytes of a segment at least.
const SHORTEST_SEGMENT: u64 = 16 << 10;

/// How many percent of each segment of a file are within these ranges, which are in order and apart from
/// each other. All of it is 100, something of it at least 1, and less than all of it at most 99.
pub(crate) fn bar(held: &[Range<u64>], length: u64) -> Vec<u16> {
    let segments = length.div_ceil(SHORTEST_SEGMENT).min(MOST_SEGMENTS);
    let edge = |segment: u64| {
        let edge = u128::from(length) * u128::from(segment) / u128::from(segments.max(1));
        u64::try_from(edge).unwrap_or(length)
    };
    let mut from = 0;
    let percent = |segment| {
        let (start, end) = (edge(segment), edge(segment + 1));
        // Whatever ends before this segment is of no use for later ones either.
        while held.get(from).is_some_and(|range| range.end <= start) {
            from += 1;
        }
        let mut bytes = 0;
        for range in held.get(from..).unwrap_or_default() {
            if range.start >= end {
                break;
            }
            bytes += range.end.min(end) - range.start.max(start);
        }
        match (bytes, end - start) {
            (0, _) => 0,
            (bytes, all) if bytes >= all => 100,
            (bytes, all) => {
                let percent = u128::from(bytes) * 100 / u128::from(all);
                u16::try_from(percent).unwrap_or(99).clamp(1, 99)
            }
        }
    };
    (0..segments).map(percent).collect()
}

/// Bytes within ranges.
pub(crate) fn sum(held: &[Range<u64>]) -> u64 {
    held.iter().map(|range| range.end - range.start).sum()
}

#[cfg(test)]
#[expect(clippy::single_range_in_vec_init, reason = "ranges are what is meant")]
mod tests {
    use super::*;

    const S: u64 = SHORTEST_SEGMENT;

    #[test]
    fn a_bar_says_where_a_file_is_there() {
        assert_eq!(bar(&[], 0), [0; 0]);
        assert_eq!(bar(&[], 1), [0]);
        assert_eq!(bar(&[0..1], 1), [100]);
        assert_eq!(bar(&[0..S, 2 * S..4 * S], 4 * S), [100, 0, 100, 100]);
        assert_eq!(bar(&[0..1, S + 1..2 * S], 2 * S), [1, 99]);
        assert_eq!(bar(&[S / 2..3 * S / 2], 2 * S), [50, 50]);
        assert_eq!(bar(&[0..10, 20..30, 40..50], 100), [30]);
    }

    #[test]
    fn a_long_file_has_a_short_bar() {
        let length = 1_000_000_007;
        let whole = bar(&[0..length], length);
        assert_eq!(whole, vec![100; 200]);
        let half = bar(&[0..length / 2], length);
        assert_eq!(half.len(), 200);
        assert_eq!((half[98], half[101]), (100, 0));
        assert_eq!(bar(&[0..u64::MAX], u64::MAX), vec![100; 200]);
        assert_eq!(sum(&[0..5, 7..9]), 7);
    }
}
