//! Any ranges of any files, beside the bytes that they stand for.

use std::sync::Arc;

use proptest::{prelude::*, sample::Index as Place};
use universal_p2p_core::{File, Freshness, Meta};

use super::*;
use crate::{
    Source,
    joined::Joined,
    testing::{
        CX, all,
        fuzz::{RUNTIME, Sparse, cases},
    },
};

fn read(segments: &[Segment], range: Range<u64>) -> Result<Vec<u8>> {
    RUNTIME.block_on(async { all(open(segments, range, &CX).await?).await })
}

#[test]
fn lengths_that_are_more_together_than_any_number_are_told() {
    let source = Sparse::full(vec![1; 10]).source();
    let segments = [0..u64::MAX - 1, 0..u64::MAX / 2].map(|range| Segment {
        source: source.clone(),
        range,
    });
    assert!(read(&segments, 0..11).is_err());
    assert!(read(&segments, u64::MAX - 2..u64::MAX).is_err());
}

proptest! {
    #![proptest_config(cases(300))]

    #[test]
    fn ranges_of_segments_are_those_of_their_bytes(
        files in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..40), 1..5),
        parts in prop::collection::vec((any::<Place>(), any::<Place>(), any::<Place>()), 0..8),
        ranges in prop::collection::vec((any::<Place>(), any::<Place>()), 1..6),
    ) {
        let sources: Vec<_> = files.iter().map(|file| Sparse::full(file.clone()).source()).collect();
        let (mut segments, mut right) = (Vec::new(), Vec::<u8>::new());
        for (file, start, end) in parts {
            let number = file.index(files.len());
            let (a, b) = (start.index(files[number].len() + 1), end.index(files[number].len() + 1));
            let (a, b) = (a.min(b), a.max(b));
            right.extend(&files[number][a..b]);
            segments.push(Segment { source: sources[number].clone(), range: a as u64..b as u64 });
        }
        for (start, end) in ranges {
            let (a, b) = (start.index(right.len() + 1), end.index(right.len() + 1));
            let (a, b) = (a.min(b), a.max(b));
            prop_assert!(read(&segments, a as u64..b as u64).expect("it is there") == right[a..b]);
        }
    }

    #[test]
    fn segments_that_lie_nowhere_are_told(
        ends in prop::collection::vec((any::<u64>(), any::<u64>()), 0..5),
        start: u64,
        length in 0_u64..2000,
    ) {
        let source = Sparse::new(vec![1], 1000, vec![2]).source();
        let segments: Vec<_> = ends.iter().map(|(a, b)| Segment {
            source: source.clone(),
            range: *a.min(b)..*a.max(b),
        }).collect();
        let range = start..start.saturating_add(length);
        if let Ok(read) = read(&segments, range) {
            prop_assert!(read.len() as u64 <= length);
        }
    }

    #[test]
    fn a_file_that_was_cut_is_whole_again(
        parts in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..30), 1..6),
        start: Place,
        end: Place,
    ) {
        let sources: Vec<Source> = parts.iter().map(|part| Sparse::full(part.clone()).source()).collect();
        let first = Meta {
            name: "a.001".into(),
            length: parts[0].len() as u64,
            etag: "first".into(),
            item: None,
            modified: None,
            freshness: Freshness::Immutable,
        };
        let (joined, right): (Arc<dyn File>, _) = (Joined::of(&first, &sources), parts.concat());
        prop_assert_eq!(joined.meta().length, right.len() as u64);
        let (a, b) = (start.index(right.len() + 1), end.index(right.len() + 1));
        let (a, b) = (a.min(b), a.max(b));
        let read = RUNTIME.block_on(async { all(joined.open(a as u64..b as u64, &CX).await?).await });
        prop_assert!(read.expect("it is there") == right[a..b]);
    }
}
