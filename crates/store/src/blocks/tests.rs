use std::{
    collections::BTreeSet,
    fs,
    hash::{DefaultHasher, Hash, Hasher},
    sync::atomic::{AtomicUsize, Ordering},
    thread,
    time::Duration,
};

use tempfile::TempDir;
use universal_p2p_core::Id;

use super::*;
use crate::{OpenError, Policy, RemoveError, Settings};

mod crashing;
mod keeping;
mod killing;
mod limits;

const BLOCK: usize = 256 << 10;

fn settings() -> Settings {
    Settings {
        limit: 1 << 30,
        keep_free: 0,
        policy: Policy::Lru,
    }
}

/// A store that has counted what there is, on a folder that another one may be letting go of.
fn open_with(folder: &std::path::Path, settings: Settings) -> Arc<Store> {
    let store = loop {
        match Store::open(folder, settings) {
            Err(OpenError::InUse { .. }) => thread::yield_now(),
            opened => break opened.expect("a usable folder"),
        }
    };
    while !store.disk_use().counted {
        thread::yield_now();
    }
    store
}

fn open(folder: &TempDir) -> Arc<Store> {
    open_with(folder.path(), settings())
}

/// Room for so many bytes besides what the store takes for itself.
fn with_room_for(folder: &TempDir, bytes: u64) -> Arc<Store> {
    let own = open(folder).disk_use().own + (2 << 20);
    let limit = own + bytes;
    open_with(
        folder.path(),
        Settings {
            limit,
            ..settings()
        },
    )
}

fn root(name: &str) -> Item {
    Item {
        protocol: "ipfs",
        id: Id::new(name).expect("valid"),
    }
}

/// A key that only these bytes have, long as a multihash.
fn key(bytes: &[u8]) -> Vec<u8> {
    let mut key = vec![0x12, 0x20];
    for part in 0..4_u8 {
        let mut hasher = DefaultHasher::new();
        (part, bytes).hash(&mut hasher);
        key.extend(hasher.finish().to_be_bytes());
    }
    key
}

fn is_key_of(found: &[u8], bytes: &[u8]) -> bool {
    key(bytes) == found
}

/// Bytes that no other number has.
fn block(number: u32, length: usize) -> Vec<u8> {
    let word = number.wrapping_mul(0x9e37_79b9) | 1;
    let mut bytes: Vec<u8> = number.to_be_bytes().to_vec();
    bytes.extend(
        (0_u32..)
            .map(|at| (at.wrapping_mul(word) >> 24) as u8)
            .take(length),
    );
    bytes.truncate(length);
    bytes
}

fn check() -> BlockCheck {
    Arc::new(is_key_of)
}

/// The same, and how often it was asked.
fn counting() -> (BlockCheck, Arc<AtomicUsize>) {
    let count = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&count);
    let check: BlockCheck = Arc::new(move |key, bytes| {
        counted.fetch_add(1, Ordering::SeqCst);
        is_key_of(key, bytes)
    });
    (check, count)
}

fn blocks(store: &Arc<Store>, name: &str) -> Arc<Blocks> {
    store
        .blocks(&root(name), &check())
        .expect("a usable folder")
}

/// Puts a block as a reader does: waits for room, which has to come.
fn put(blocks: &Arc<Blocks>, bytes: &[u8]) -> Place {
    for _ in 0..2000 {
        match blocks.put_now(&key(bytes), bytes) {
            Err(error) if error.kind() == io::ErrorKind::StorageFull => {
                thread::park_timeout(Duration::from_millis(5));
            }
            done => return done.expect("a usable folder"),
        }
    }
    panic!("no room comes");
}

fn found(blocks: &Arc<Blocks>, bytes: &[u8]) -> bool {
    let place = blocks.find_now(&key(bytes)).expect("readable");
    if let Some(place) = &place {
        place.touch();
        let read = place.read_all_now().expect("readable").expect("it is kept");
        assert_eq!(read, bytes, "a block is what its key says");
    }
    place.is_some()
}

/// Ends a store without a clean stop, when whoever uses it has let go.
fn crash(store: Arc<Store>) {
    store.stop();
    while Arc::strong_count(&store) > 1 {
        thread::yield_now();
    }
}

#[tokio::test]
async fn what_was_put_is_read_in_parts() {
    let folder = TempDir::new().expect("a temporary folder");
    let store = open(&folder);
    let item = blocks(&store, "a");
    let bytes = block(1, 2 << 20);
    let place = item.put_now(&key(&bytes), &bytes).expect("room");
    assert_eq!((place.length(), place.item()), (2 << 20, &root("a")));
    let mut read = Vec::new();
    while read.len() < bytes.len() {
        let rest = read.len() as u64..place.length();
        let part = place.read(rest).await.expect("readable").expect("held");
        assert!(!part.is_empty() && part.len() <= 64 << 10);
        read.extend(part);
    }
    assert!(read == bytes);
    let part = place.read(70_000..70_003).await.expect("readable");
    assert_eq!(part.expect("held"), bytes[70_000..70_003]);
    let none = place.read(9..9).await.expect("readable").expect("held");
    assert!(none.is_empty());
    let past = place.read(0..(2 << 20) + 1).await;
    assert_eq!(
        past.expect_err("past the end").kind(),
        io::ErrorKind::InvalidInput
    );
    assert_eq!(store.has_block(&key(&bytes)), Some(2 << 20));
    assert!(
        store
            .find_block_now(&key(&bytes), &check())
            .expect("an index")
            .is_some()
    );
    assert!(item.find_now(&key(b"other")).expect("an index").is_none());
    assert_eq!(store.has_block(&key(b"other")), None);
}

#[test]
fn only_what_fits_a_slot_is_taken() {
    let folder = TempDir::new().expect("a temporary folder");
    let store = open(&folder);
    let item = blocks(&store, "a");
    let long = vec![1; LONGEST_BLOCK + 1];
    for (key, bytes) in [
        (key(&long), &long[..]),
        (vec![], b"x"),
        (vec![1; 256], b"x"),
    ] {
        let refused = item.put_now(&key, bytes).map(|place| place.length());
        assert_eq!(
            refused.expect_err("refused").kind(),
            io::ErrorKind::InvalidInput
        );
    }
    for length in [0, 1, 100, LONGEST_BLOCK] {
        let bytes = block(7, length);
        drop(put(&item, &bytes));
        assert!(found(&item, &bytes), "{length}");
    }
}

#[test]
fn many_blocks_are_one_file_and_count_what_they_are() {
    let folder = TempDir::new().expect("a temporary folder");
    let store = open(&folder);
    let item = blocks(&store, "a");
    for number in 0..500 {
        drop(put(&item, &block(number, 100)));
    }
    drop(put(&item, &block(500, BLOCK)));
    assert_eq!(
        (item.count(), item.bytes_held()),
        (501, 500 * 100 + BLOCK as u64)
    );
    let report = store.item(&root("a")).expect("known");
    let disk = 500 * 4096 + BLOCK as u64 + 4096;
    assert!(
        (disk..disk + (1 << 20)).contains(&report.disk),
        "{}",
        report.disk
    );
    assert_eq!(report.length, None, "slots say nothing of a length");
    let files = fs::read_dir(folder.path().join("objects/ipfs")).expect("there");
    assert_eq!(files.count(), 1);
    store.settle().expect("room");
    let report = store.item(&root("a")).expect("known");
    assert!(
        (disk..disk + (1 << 20)).contains(&report.disk),
        "{}",
        report.disk
    );
    assert_eq!(report.fetched, item.bytes_held());
}

#[test]
fn the_same_block_at_the_same_moment_is_written_once() {
    let folder = TempDir::new().expect("a temporary folder");
    let store = open(&folder);
    let item = blocks(&store, "a");
    thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(|| {
                for number in 0..50 {
                    drop(put(&item, &block(number, 5000)));
                    assert!(found(&item, &block(number, 5000)));
                }
            });
        }
    });
    assert_eq!(item.count(), 50);
    assert!(
        Arc::ptr_eq(&item, &blocks(&store, "a")),
        "everybody has the same"
    );
}
