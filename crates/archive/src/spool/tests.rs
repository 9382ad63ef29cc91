use std::{sync::atomic::AtomicBool, thread};

use futures_util::StreamExt;
use tempfile::TempDir;

use super::*;
use crate::testing::{self, CX, Served};

mod memory;

const MIB: u64 = 1 << 20;

/// A store with room for so many chunks.
fn with_room_for(folder: &TempDir, chunks: u64) -> Arc<Store> {
    let own = testing::store(folder, 1 << 30).disk_use().own;
    testing::store(folder, own + (10 + chunks) * MIB)
}

/// Bytes that tell where they are.
fn pattern(length: u64) -> Vec<u8> {
    let word = |at: u64| at.wrapping_mul(0x9e37_79b9_7f4a_7c15).to_le_bytes();
    let mut bytes: Vec<u8> = (0..length.div_ceil(8)).flat_map(word).collect();
    bytes.truncate(usize::try_from(length).expect("in memory"));
    bytes
}

/// A decoder that gives these bytes, whatever the recipe says of their length.
fn recipe(
    spools: &Arc<Spools>,
    name: &str,
    length: u64,
    bytes: &Arc<Vec<u8>>,
) -> (Arc<Recipe>, Arc<AtomicUsize>) {
    let (bytes, runs) = (Arc::clone(bytes), Arc::new(AtomicUsize::new(0)));
    let counted = Arc::clone(&runs);
    let make: Make = Box::new(move |_, into| {
        counted.fetch_add(1, Ordering::SeqCst);
        for part in bytes.chunks(40_000) {
            into.write_all(part)?;
        }
        Ok(())
    });
    let what = What {
        etag: "outer",
        part: name,
        length,
        packed: length,
        room: None,
    };
    let recipe = Recipe::new(spools, &what, &Limits::default(), make);
    (recipe.expect("within the limits"), runs)
}

async fn read(recipe: &Arc<Recipe>, range: Range<u64>) -> Result<Vec<u8>> {
    testing::all(Slice::whole(recipe).open(range, &CX).await?).await
}

fn part(bytes: &[u8], range: &Range<u64>) -> Vec<u8> {
    let within = |at| usize::try_from(at).expect("in memory");
    bytes[within(range.start)..within(range.end)].to_vec()
}

#[tokio::test]
async fn any_range_is_what_a_decoder_gives() {
    let folder = tempfile::tempdir().expect("a folder");
    let spools = Spools::new(testing::store(&folder, 1 << 30), 2, testing::MEMORY);
    let bytes = Arc::new(pattern(5 * MIB + 777));
    let (recipe, runs) = recipe(&spools, "a", bytes.len() as u64, &bytes);
    for range in testing::ranges(bytes.len() as u64) {
        let got = read(&recipe, range.clone()).await.expect("readable");
        assert!(got == part(&bytes, &range), "{range:?}");
    }
    assert_eq!(
        runs.load(Ordering::SeqCst),
        1,
        "what is held is not decoded"
    );
}

#[tokio::test]
async fn many_readers_follow_one_decoder() {
    let folder = tempfile::tempdir().expect("a folder");
    let spools = Spools::new(testing::store(&folder, 1 << 30), 2, testing::MEMORY);
    let bytes = Arc::new(pattern(12 * MIB));
    let (recipe, runs) = recipe(&spools, "a", 12 * MIB, &bytes);
    let readers = (0..12).map(|number| read(&recipe, number * MIB..12 * MIB));
    for (number, got) in futures_util::future::join_all(readers)
        .await
        .iter()
        .enumerate()
    {
        let range = number as u64 * MIB..12 * MIB;
        assert!(*got.as_ref().expect("readable") == part(&bytes, &range));
    }
    assert!(runs.load(Ordering::SeqCst) <= 3, "they share it");
}

#[tokio::test(flavor = "multi_thread")]
async fn readers_that_come_together_have_it_decoded_once() {
    let folder = tempfile::tempdir().expect("a folder");
    let spools = Spools::new(testing::store(&folder, 1 << 30), 8, testing::MEMORY);
    let bytes = Arc::new(pattern(9 * MIB));
    let (recipe, runs) = recipe(&spools, "a", 9 * MIB, &bytes);
    for _ in 0..3 {
        let readers = (0..16).map(|_| read(&recipe, 0..9 * MIB));
        for got in futures_util::future::join_all(readers).await {
            assert!(got.expect("readable") == *bytes);
        }
    }
    assert_eq!(runs.load(Ordering::SeqCst), 1);
}

#[tokio::test]
async fn what_was_given_up_is_decoded_again() {
    let folder = tempfile::tempdir().expect("a folder");
    let spools = Spools::new(with_room_for(&folder, 8), 2, testing::MEMORY);
    let bytes = Arc::new(pattern(40 * MIB));
    let (recipe, runs) = recipe(&spools, "a", 40 * MIB, &bytes);
    for range in [
        0..40 * MIB,
        0..40 * MIB,
        3 * MIB + 5..9 * MIB,
        // It ends within a chunk.
        12 * MIB..20 * MIB + 1,
        39 * MIB..40 * MIB,
    ] {
        let got = read(&recipe, range.clone()).await.expect("readable");
        assert!(got == part(&bytes, &range), "{range:?}");
    }
    assert!(runs.load(Ordering::SeqCst) > 1);
    let on_disk = spools.store.disk_use();
    assert!(on_disk.used <= on_disk.limit);
}

#[tokio::test]
async fn readers_far_apart_get_on_where_there_is_little_room() {
    let folder = tempfile::tempdir().expect("a folder");
    let spools = Spools::new(with_room_for(&folder, 10), 4, testing::MEMORY);
    let bytes = Arc::new(pattern(30 * MIB));
    let (recipe, _) = recipe(&spools, "a", 30 * MIB, &bytes);
    let readers = [0..30 * MIB, 20 * MIB..30 * MIB, 10 * MIB..15 * MIB];
    let all = readers.iter().map(|range| read(&recipe, range.clone()));
    for (got, range) in futures_util::future::join_all(all)
        .await
        .iter()
        .zip(&readers)
    {
        assert!(
            *got.as_ref().expect("readable") == part(&bytes, range),
            "{range:?}"
        );
    }
}

#[tokio::test]
async fn a_length_that_is_a_lie_is_never_a_clean_end() {
    let folder = tempfile::tempdir().expect("a folder");
    let spools = Spools::new(testing::store(&folder, 1 << 30), 2, testing::MEMORY);
    let bytes = Arc::new(pattern(3 * MIB));
    for says in [3 * MIB + 1, 3 * MIB - 1, 2 * MIB, 10, 6 * MIB] {
        let (recipe, _) = recipe(&spools, &says.to_string(), says, &bytes);
        let got = read(&recipe, 0..says).await;
        assert!(matches!(got, Err(Error::Corrupt { .. })), "{says}");
        let again = read(&recipe, 0..1).await;
        assert!(
            matches!(again, Err(Error::Corrupt { .. })),
            "it is known by now"
        );
    }
}

#[tokio::test]
async fn what_nobody_packs_in_earnest_is_refused() {
    let folder = tempfile::tempdir().expect("a folder");
    let spools = Spools::new(testing::store(&folder, 1 << 30), 2, testing::MEMORY);
    let refused = |length, packed| {
        let what = What {
            etag: "outer",
            part: "a",
            length,
            packed,
            room: None,
        };
        Recipe::new(&spools, &what, &Limits::default(), Box::new(|_, _| Ok(()))).err()
    };
    assert!(matches!(
        refused(u64::MAX, 5),
        Some(Error::Unsupported { .. })
    ));
    assert!(matches!(
        refused(300 * MIB, 1000),
        Some(Error::Corrupt { .. })
    ));
    assert!(refused(300 * MIB, MIB).is_none());
    assert!(refused(200 * MIB, 1).is_none());
}

#[tokio::test]
async fn a_decoder_that_panics_fails_that_request_alone() {
    let folder = tempfile::tempdir().expect("a folder");
    let spools = Spools::new(testing::store(&folder, 1 << 30), 1, testing::MEMORY);
    let fails = Arc::new(AtomicBool::new(true));
    let failing = Arc::clone(&fails);
    let make: Make = Box::new(move |_, into| {
        assert!(!failing.load(Ordering::SeqCst), "as a decoder may");
        into.write_all(b"right")
    });
    let what = What {
        etag: "outer",
        part: "a",
        length: 5,
        packed: 5,
        room: None,
    };
    let recipe = Recipe::new(&spools, &what, &Limits::default(), make).expect("small");
    let failed = read(&recipe, 0..5).await;
    assert!(matches!(failed, Err(Error::Internal { .. })));
    fails.store(false, Ordering::SeqCst);
    assert_eq!(read(&recipe, 0..5).await.expect("readable"), b"right");
}

#[tokio::test]
async fn a_decoder_ends_when_nobody_follows_it() {
    let folder = tempfile::tempdir().expect("a folder");
    let spools = Spools::new(testing::store(&folder, 1 << 30), 1, testing::MEMORY);
    let ended = Arc::new(AtomicBool::new(false));
    let noted = Arc::clone(&ended);
    let make: Make = Box::new(move |_, into| {
        let block = vec![7; 1 << 20];
        let result = (0..7000).try_for_each(|_| {
            thread::park_timeout(Duration::from_millis(2));
            into.write_all(&block)
        });
        noted.store(true, Ordering::SeqCst);
        result
    });
    let what = What {
        etag: "outer",
        part: "a",
        length: 7000 * MIB,
        packed: 7000 * MIB,
        room: None,
    };
    let recipe = Recipe::new(&spools, &what, &Limits::default(), make).expect("allowed");
    let mut stream = Slice::whole(&recipe)
        .open(0..7000 * MIB, &CX)
        .await
        .expect("opens");
    assert!(stream.next().await.is_some());
    drop(stream);
    // The only decoder is free again for somebody else.
    let bytes = Arc::new(pattern(10));
    let (other, _) = self::recipe(&spools, "b", 10, &bytes);
    assert_eq!(read(&other, 0..10).await.expect("readable"), *bytes);
    assert!(ended.load(Ordering::SeqCst));
}

#[tokio::test]
async fn no_room_is_told() {
    let folder = tempfile::tempdir().expect("a folder");
    let store = testing::store(&folder, 1 << 30);
    let own = store.disk_use().own;
    drop(store);
    let spools = Spools::new(testing::store(&folder, own + MIB), 1, testing::MEMORY);
    let bytes = Arc::new(pattern(4 * MIB));
    let (recipe, _) = recipe(&spools, "a", 4 * MIB, &bytes);
    let got = read(&recipe, 0..4 * MIB).await;
    assert!(matches!(got, Err(Error::NoSpace { .. })), "{got:?}");
}

#[tokio::test]
async fn why_the_packed_bytes_stayed_away_is_told() {
    let folder = tempfile::tempdir().expect("a folder");
    let spools = Spools::new(testing::store(&folder, 1 << 30), 1, testing::MEMORY);
    let source = Served::failing().source();
    let make: Make =
        Box::new(move |context, into| io::copy(&mut context.reader(&source), into).map(|_| ()));
    let what = What {
        etag: "outer",
        part: "a",
        length: 5,
        packed: 5,
        room: None,
    };
    let recipe = Recipe::new(&spools, &what, &Limits::default(), make).expect("small");
    for _ in 0..2 {
        let got = read(&recipe, 0..5).await;
        assert!(matches!(got, Err(Error::NoPeers { .. })), "{got:?}");
    }
}
