//! Any bytes as DEFLATE, beside a decoder of others.

use miniz_oxide::inflate::decompress_to_vec_with_limit;
use proptest::sample::Index as Place;

use super::*;
use crate::testing::fuzz::{cases, change, changes};

/// What a decoder makes of it that knows nothing of checkpoints.
fn plainly(packed: &[u8]) -> Option<Vec<u8>> {
    decompress_to_vec_with_limit(packed, 8 << 20).ok()
}

/// Reads ranges in an order that leaves checkpoints anywhere, and compares each.
fn compare(tried: &Tried, right: &[u8], places: &[(Place, Place)]) {
    for (start, end) in places {
        let (a, b) = (start.index(right.len() + 1), end.index(right.len() + 1));
        let (start, end) = (a.min(b), a.max(b));
        let read = tried.read(start as u64..end as u64).expect("it is sound");
        assert!(
            read == right[start..end],
            "{start}..{end} of {}",
            right.len()
        );
    }
}

proptest! {
    #![proptest_config(cases(60))]

    #[test]
    fn bent_streams_are_as_others_read_them(
        length in 1_usize..60_000,
        seed: u64,
        level in 0_u8..=9,
        part in 1_usize..3000,
        changes in changes(4),
        places in prop::collection::vec((any::<Place>(), any::<Place>()), 1..5),
    ) {
        let mut packed = compress_to_vec(&structured(length, seed), level);
        change(&mut packed, &changes);
        match plainly(&packed) {
            Some(right) if !right.is_empty() => {
                let crc = crc32fast::hash(&right);
                let tried = Tried::new(packed, part, right.len() as u64, crc);
                compare(&tried, &right, &places);
                prop_assert!(tried.read(0..right.len() as u64).expect("it is sound") == right);
            }
            Some(_) => {}
            None => {
                let tried = Tried::new(packed, part, length as u64, 0);
                prop_assert!(is_corrupt(tried.read(0..length as u64)));
            }
        }
    }

    #[test]
    fn lengths_that_are_not_so_are_told(
        length in 1_usize..20_000,
        lie in prop_oneof![Just(0), Just(1), Just(u64::MAX), Just(u64::MAX - 1), any::<u64>()],
        part in 1_usize..3000,
    ) {
        let right = structured(length, 1);
        prop_assume!(lie != length as u64);
        let tried = Tried::new(compress_to_vec(&right, 6), part, lie, 0);
        for range in [0..lie, lie.saturating_sub(10)..lie, 0..lie.min(10)] {
            if let Ok(read) = tried.read(range.clone()) {
                prop_assert_eq!(read.len() as u64, range.end - range.start);
                prop_assert!(range.end < length as u64 || range.is_empty());
            }
        }
    }
}

proptest! {
    // Checkpoints are a megabyte apart, which takes its time.
    #![proptest_config(cases(8))]

    #[test]
    fn jumps_between_checkpoints_are_right(
        runs in prop::collection::vec((1_usize..2_500_000, any::<u8>(), any::<bool>()), 1..5),
        part in prop_oneof![Just(4096_usize), 1000_usize..500_000],
        places in prop::collection::vec((any::<Place>(), any::<Place>()), 1..6),
    ) {
        let mut right = Vec::new();
        for (length, byte, is_alike) in runs {
            match is_alike {
                true => right.resize(right.len() + length, byte),
                false => right.extend(structured(length, u64::from(byte))),
            }
        }
        let tried = Tried::of(&right, 1, part);
        compare(&tried, &right, &places);
    }
}
