//! Checkpoints that are on disk.

use std::fs;

use tempfile::TempDir;

use super::*;
use crate::testing;

/// Bytes of which not much can be saved, so that a stream of them is long, and their stream.
fn long() -> (Vec<u8>, Vec<u8>) {
    let mut state = 7_u64;
    let mut next = || {
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1);
        b"0123456789abcdefghijklmnopqrstuv"[(state >> 59) as usize]
    };
    let bytes: Vec<u8> = (0..9 << 20).map(|_| next()).collect();
    let packed = compress_to_vec(&bytes, 1);
    assert!(packed.len() > 5 << 20);
    (bytes, packed)
}

/// The same stream, known from the disk alone.
fn from_disk(folder: &TempDir, bytes: &[u8], packed: &[u8]) -> Tried {
    let shelf = Shelf::new(64 << 20, Some(testing::store(folder, 1 << 30)));
    let (length, crc) = (bytes.len() as u64, crc32fast::hash(bytes));
    Tried::with(packed.to_vec(), 64 << 10, length, crc, &shelf)
}

/// Bytes that are taken for a short range at a place.
fn cost(tried: &Tried, bytes: &[u8], place: usize) -> u64 {
    tried.taken();
    let read = tried.read(place as u64..place as u64 + 1000);
    assert!(read.unwrap() == bytes[place..place + 1000], "at {place}");
    tried.taken()
}

#[test]
fn after_a_restart_nobody_begins_at_the_start() {
    let folder = tempfile::tempdir().unwrap();
    let (bytes, packed) = long();
    let place = 8 << 20;
    let first = from_disk(&folder, &bytes, &packed);
    assert!(cost(&first, &bytes, place) > 4 << 20);
    drop(first);
    let again = from_disk(&folder, &bytes, &packed);
    // A span or two that are decoded, and what is taken at once.
    assert!(cost(&again, &bytes, place) < 2 << 20);
    assert!(cost(&again, &bytes, place / 2) < 2 << 20);
    assert!(again.read(0..9 << 20).unwrap() == bytes);
}

#[test]
fn a_damaged_checkpoint_is_none() {
    let folder = tempfile::tempdir().unwrap();
    let (bytes, packed) = long();
    let place = 8 << 20;
    let first = from_disk(&folder, &bytes, &packed);
    cost(&first, &bytes, place);
    drop(first);
    let objects = folder
        .path()
        .join("objects")
        .join(universal_p2p_store::DERIVED);
    let [file] = fs::read_dir(objects)
        .unwrap()
        .collect::<Vec<_>>()
        .try_into()
        .unwrap();
    let path = file.unwrap().path();
    let mut kept = fs::read(&path).unwrap();
    // In each slot a byte of the window is another.
    for slot in kept.chunks_mut(36 << 10) {
        if let Some(byte) = slot.get_mut(20_000) {
            *byte ^= 1;
        }
    }
    fs::write(&path, kept).unwrap();
    let again = from_disk(&folder, &bytes, &packed);
    assert!(
        cost(&again, &bytes, place) > 4 << 20,
        "it begins at the start"
    );
    // It left sound ones on its way.
    drop(again);
    let last = from_disk(&folder, &bytes, &packed);
    assert!(cost(&last, &bytes, place) < 2 << 20);
}

#[test]
fn damage_is_remembered_and_what_comes_before_is_had() {
    let (bytes, mut packed) = long();
    let middle = packed.len() / 2;
    packed[middle..middle + 2000].fill(0xFF);
    let crc = crc32fast::hash(&bytes);
    let tried = Tried::new(packed, 64 << 10, 9 << 20, crc);
    assert!(is_corrupt(tried.read(0..9 << 20)));
    assert!(tried.taken() > 0);
    for range in [8 << 20..9 << 20, 6 << 20..7 << 20] {
        assert!(is_corrupt(tried.read(range)));
    }
    assert_eq!(tried.taken(), 0, "it is known by now");
    assert!(cost(&tried, &bytes, 1 << 20) > 0);
}
