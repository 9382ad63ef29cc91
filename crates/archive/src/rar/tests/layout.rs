//! Sets of volumes, most of which are not read.

use proptest::prelude::*;

use super::{
    entry, index_of, read, served,
    writer::{Generation, Put, volumes},
};
use crate::{
    content::Content,
    testing::{Served, ranges},
};

const GENERATIONS: [Generation; 2] = [Generation::Four, Generation::Five];

/// Bytes that repeat nowhere near.
fn noise(length: usize) -> Vec<u8> {
    (0..length as u32)
        .map(|at| (at.wrapping_mul(2_654_435_761) >> 13) as u8)
        .collect()
}

fn within(range: &std::ops::Range<u64>) -> std::ops::Range<usize> {
    range.start as usize..range.end as usize
}

fn touched(volumes: &[Served]) -> Vec<usize> {
    let volumes = volumes.iter().enumerate();
    volumes
        .filter(|(_, volume)| volume.bytes_read() > 0)
        .map(|(number, _)| number)
        .collect()
}

fn is_predicted(content: &Content) -> bool {
    matches!(content, Content::Predicted(_))
}

#[tokio::test]
async fn the_first_byte_at_90_percent_of_50_volumes_touches_three_of_them() {
    for generation in GENERATIONS {
        let bytes = noise(20_000 * 50 - 7_000);
        let set = volumes(
            generation,
            &[Put::split("movie.mkv", &bytes, 20_000, 20_000)],
        );
        let set = served(&set);
        assert_eq!(set.len(), 50);
        let index = index_of(&set).await.expect("an index");
        assert_eq!(touched(&set), [0, 1], "{generation:?}");
        let movie = entry(&index, "movie.mkv");
        assert_eq!(movie.length, bytes.len() as u64);
        assert!(is_predicted(&movie.content));
        let at = bytes.len() as u64 / 10 * 9;
        let found = read(movie, at..at + 100).await.expect("bytes");
        assert_eq!(found, bytes[within(&(at..at + 100))]);
        assert_eq!(touched(&set), [0, 1, 44], "{generation:?}");
        // A window of headers in each, and what was asked for.
        let read_so_far: u64 = set.iter().map(Served::bytes_read).sum();
        assert_eq!(read_so_far, 3 * 4_096 + 100);
        let found = read(movie, 0..movie.length).await.expect("all");
        assert!(found == bytes, "{generation:?}");
        assert!(set[44].bytes_read() < 40_000);
    }
}

#[tokio::test]
async fn the_number_of_a_volume_grows_at_128() {
    for generation in GENERATIONS {
        let bytes = noise(300 * 140 - 30);
        // Volumes are of one length, so they hold a byte less where their number is longer.
        let less = usize::from(generation == Generation::Five);
        let lengths = (0..140).map(|number| if number < 128 { 300 } else { 300 - less });
        let file = Put {
            lengths: lengths.collect(),
            ..Put::whole("a", &bytes)
        };
        let set = volumes(generation, &[file]);
        assert_eq!(set.len(), 140);
        assert_eq!(set[128].len(), set[127].len());
        let set = served(&set);
        let index = index_of(&set).await.expect("an index");
        let found = entry(&index, "a");
        assert!(is_predicted(&found.content), "{generation:?}");
        for range in ranges(found.length).into_iter().take(20) {
            assert!(read(found, range.clone()).await.expect("bytes") == bytes[within(&range)]);
        }
    }
}

#[tokio::test]
async fn entries_before_and_behind_the_split_one_are_found() {
    for generation in GENERATIONS {
        let bytes = noise(10_000);
        let files = [
            Put::whole("before.nfo", b"before"),
            Put::split("movie", &bytes, 900, 1_000),
            Put::whole("behind.txt", b"behind, and more of it"),
        ];
        let set = served(&volumes(generation, &files));
        let index = index_of(&set).await.expect("an index");
        let names: Vec<_> = index
            .entries
            .iter()
            .map(|entry| entry.name.bytes.to_vec())
            .collect();
        assert_eq!(names, [&b"before.nfo"[..], b"movie", b"behind.txt"]);
        let last = set.len() - 1;
        assert_eq!(touched(&set), [0, 1, last], "{generation:?}");
        for file in &files {
            let name = std::str::from_utf8(file.name).expect("text");
            let found = entry(&index, name);
            assert!(
                read(found, 0..found.length).await.expect("bytes") == file.bytes,
                "{name}"
            );
            assert_eq!(
                found.checksum,
                u64::from(crc32fast::hash(file.bytes)),
                "{name}"
            );
        }
    }
}

#[tokio::test]
async fn volumes_of_other_lengths_are_not_foretold() {
    for generation in GENERATIONS {
        let bytes = noise(9_400);
        let mut set = volumes(generation, &[Put::split("a", &bytes, 1_000, 1_000)]);
        set[3].extend([0; 8]);
        let index = index_of(&served(&set)).await.expect("an index");
        let found = entry(&index, "a");
        assert!(!is_predicted(&found.content));
        assert!(read(found, 0..9_400).await.expect("bytes") == bytes);
    }
}

/// Volumes of one length that hold what the first ones foretell, but for volumes 3 and 6: one holds 8
/// bytes more and has no end mark, the other holds 8 bytes less.
fn uneven(bytes: &[u8]) -> Vec<Vec<u8>> {
    let file = Put {
        lengths: vec![1_000, 1_000, 1_000, 1_008, 1_000, 1_000, 992, 1_000],
        ..Put::whole("a", bytes)
    };
    let mut set = volumes(Generation::Five, &[file]);
    let length = set[1].len();
    for volume in [3, 6] {
        set[volume].resize(length, 0);
    }
    set
}

#[tokio::test]
async fn a_wrong_prediction_is_noticed_and_all_headers_are_read() {
    let bytes = noise(9_990);
    let set = served(&uneven(&bytes));
    let index = index_of(&set).await.expect("an index");
    let found = entry(&index, "a");
    assert!(is_predicted(&found.content));
    assert!(read(found, 3_100..3_200).await.expect("bytes") == bytes[3_100..3_200]);
    assert_eq!(touched(&set).len(), 10);
    for range in ranges(found.length) {
        let right = &bytes[within(&range)];
        assert!(
            read(found, range.clone()).await.expect("bytes") == right,
            "{range:?}"
        );
    }
}

#[tokio::test]
async fn a_reader_that_was_misled_is_told() {
    let bytes = noise(9_990);
    let set = served(&uneven(&bytes));
    let index = index_of(&set).await.expect("an index");
    let found = entry(&index, "a");
    assert!(is_predicted(&found.content));
    // Volumes 4 and 5 are as long as foretold; only volume 6 tells that they begin elsewhere.
    assert!(read(found, 4_100..6_500).await.is_err());
    assert!(read(found, 4_100..6_500).await.expect("bytes") == bytes[4_100..6_500]);
}

#[tokio::test]
async fn two_volumes_are_both_read() {
    let bytes = noise(1_500);
    let set = served(&volumes(
        Generation::Four,
        &[Put::split("a", &bytes, 1_000, 1_000)],
    ));
    let index = index_of(&set).await.expect("an index");
    let found = entry(&index, "a");
    assert!(!is_predicted(&found.content));
    assert!(read(found, 900..1_200).await.expect("bytes") == bytes[900..1_200]);
}

#[tokio::test]
async fn several_split_entries_are_read_from_all_headers() {
    let (a, b) = (noise(3_500), noise(4_700));
    let files = [
        Put::split("a", &a, 1_000, 1_000),
        Put::split("b", &b, 200, 1_000),
    ];
    let set = served(&volumes(Generation::Five, &files));
    let index = index_of(&set).await.expect("an index");
    for (name, bytes) in [("a", &a), ("b", &b)] {
        let found = entry(&index, name);
        assert!(
            read(found, 0..found.length).await.expect("bytes") == *bytes,
            "{name}"
        );
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    /// Sets of any shape read right, whether foretold or not.
    #[test]
    fn sets_of_any_shape_read_right(
        is_five: bool,
        length in 2_000_usize..30_000,
        first in 100_usize..1_500,
        others in 150_usize..1_500,
        around: bool,
        padded in prop::option::of((0_usize..20, 1_usize..200)),
        from in 0.0..1.0_f64,
    ) {
        let generation = GENERATIONS[usize::from(is_five)];
        let bytes = noise(length);
        let mut files = vec![Put::split("a", &bytes, first, others)];
        if around {
            files.insert(0, Put::whole("x", b"before"));
            files.push(Put::whole("y", b"behind"));
        }
        let mut set = volumes(generation, &files);
        if let Some((number, padding)) = padded && let Some(volume) = set.get_mut(number) {
            volume.extend(vec![0; padding]);
        }
        let runtime = tokio::runtime::Runtime::new().expect("a runtime");
        runtime.block_on(async {
            let index = index_of(&served(&set)).await.expect("an index");
            let found = entry(&index, "a");
            let at = (from * length as f64) as usize;
            match read(found, at as u64..length as u64).await {
                Ok(found) => assert!(found == bytes[at..]),
                // Only a set that was tampered with, and only once.
                Err(error) => assert!(padded.is_some(), "{error}"),
            }
            assert!(read(found, 0..length as u64).await.expect("bytes") == bytes);
        });
    }
}
