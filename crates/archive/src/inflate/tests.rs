mod fuzz;
mod kept;

use std::{
    ops::Range,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use async_trait::async_trait;
use bytes::Bytes;
use futures_util::{StreamExt, TryStreamExt, stream};
use miniz_oxide::deflate::compress_to_vec;
use proptest::prelude::*;
use tokio::runtime::{Builder, Runtime};
use universal_p2p_core::{ByteStream, Error, File, Freshness, Meta, Priority, ReadCx, Result};

use super::{Shelf, Stream};
use crate::{Source, content::Segment, slots};

const CX: ReadCx = ReadCx {
    first_byte: Duration::from_secs(5),
    stall: Duration::from_secs(5),
    priority: Priority::Interactive,
};

/// A file that gives its bytes in parts, and counts those that were taken.
struct Parts {
    meta: Meta,
    bytes: Bytes,
    part: usize,
    taken: Arc<AtomicU64>,
}

#[async_trait]
impl File for Parts {
    fn meta(&self) -> &Meta {
        &self.meta
    }

    async fn open(&self, range: Range<u64>, _: &ReadCx) -> Result<ByteStream> {
        let bytes = self.bytes.slice(range.start as usize..range.end as usize);
        let (part, taken) = (self.part, self.taken.clone());
        let parts = stream::unfold(bytes, move |mut rest| {
            let part = rest.split_to(rest.len().min(part));
            taken.fetch_add(part.len() as u64, Ordering::Relaxed);
            async move { (!part.is_empty()).then_some((Ok(part), rest)) }
        });
        Ok(parts.boxed())
    }
}

/// A stream over bytes, and how many of them were taken.
struct Tried {
    stream: Stream,
    shelf: Arc<Shelf>,
    taken: Arc<AtomicU64>,
    runtime: Runtime,
}

impl Tried {
    fn new(packed: Vec<u8>, part: usize, length: u64, crc: u32) -> Self {
        Self::with(packed, part, length, crc, &Shelf::new(64 << 20, None))
    }

    fn with(packed: Vec<u8>, part: usize, length: u64, crc: u32, shelf: &Arc<Shelf>) -> Self {
        let meta = Meta {
            name: String::new(),
            length: packed.len() as u64,
            etag: String::new(),
            item: None,
            modified: None,
            freshness: Freshness::Immutable,
        };
        let taken = Arc::new(AtomicU64::new(0));
        let range = 0..meta.length;
        let file = Parts {
            meta,
            bytes: packed.into(),
            part,
            taken: taken.clone(),
        };
        let source = Source::new(Arc::new(file));
        let item = slots::item("", ["a stream", &crc.to_string()]).unwrap();
        let segments = vec![Segment { source, range }];
        Self {
            stream: Stream::new(segments, length, Some(crc), shelf, item),
            shelf: Arc::clone(shelf),
            taken,
            runtime: Builder::new_current_thread().build().unwrap(),
        }
    }

    fn of(bytes: &[u8], level: u8, part: usize) -> Self {
        let packed = compress_to_vec(bytes, level);
        Self::new(packed, part, bytes.len() as u64, crc32fast::hash(bytes))
    }

    fn read(&self, range: Range<u64>) -> Result<Vec<u8>> {
        self.runtime.block_on(read(&self.stream, range))
    }

    fn taken(&self) -> u64 {
        self.taken.swap(0, Ordering::Relaxed)
    }
}

async fn read(stream: &Stream, range: Range<u64>) -> Result<Vec<u8>> {
    let parts: Vec<Bytes> = stream.open(range, &CX).await?.try_collect().await?;
    Ok(parts.concat())
}

/// Bytes that can be packed to about a third.
fn structured(length: usize, mut seed: u64) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(length + 64);
    while bytes.len() < length {
        seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        let word = format!("{:x} is the {} of them; ", seed >> 44, seed >> 60);
        bytes.extend_from_slice(word.as_bytes());
    }
    bytes.truncate(length);
    bytes
}

fn is_corrupt(read: Result<Vec<u8>>) -> bool {
    matches!(read, Err(Error::Corrupt { .. }))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]
    #[test]
    fn every_range_is_what_was_packed(
        length in 1_usize..4_000_000,
        seed: u64,
        level in 0_u8..=9,
        part in prop_oneof![Just(700_usize), 10_000_usize..600_000],
        places in prop::collection::vec((0.0..1.0, 0.0..1.0), 1..8),
    ) {
        let bytes = structured(length, seed);
        let tried = Tried::of(&bytes, level, part);
        for (start, share) in places {
            let start = (length as f64 * start) as usize;
            let end = start + ((length - start) as f64 * share) as usize;
            let read = tried.read(start as u64..end as u64).unwrap();
            prop_assert!(read == bytes[start..end], "{}..{} differs", start, end);
        }
        prop_assert!(tried.read(0..length as u64).unwrap() == bytes, "the whole differs");
    }

    #[test]
    fn noise_is_refused_or_ends(
        packed: Vec<u8>,
        length in prop_oneof![1_u64..100_000, 600_000_u64..700_000],
    ) {
        let tried = Tried::new(packed, 100, length, 0);
        if let Ok(read) = tried.read(0..length) {
            prop_assert_eq!(read.len() as u64, length);
        }
    }
}

#[test]
fn tiny_parts_of_input_do() {
    let bytes = structured(30_000, 3).repeat(20);
    for part in [1, 2, 3, 5, 7] {
        let tried = Tried::of(&bytes, 6, part);
        assert!(tried.read(99_000..100_000).unwrap() == bytes[99_000..100_000]);
    }
}

#[test]
fn a_second_reader_begins_at_a_checkpoint() {
    let bytes = structured(40 << 20, 7);
    let tried = Tried::of(&bytes, 1, 64 << 10);
    let length = bytes.len() as u64;
    let range = length - (1 << 20)..length;
    assert!(tried.read(range.clone()).unwrap() == bytes[range.start as usize..]);
    let first = tried.taken();
    assert!(tried.read(range.clone()).unwrap() == bytes[range.start as usize..]);
    let second = tried.taken();
    assert!(second * 10 < first, "took {second} bytes after {first}");
    // In the middle it is not read to the end either.
    let middle = (20 << 20)..(21 << 20);
    assert!(tried.read(middle.clone()).unwrap() == bytes[20 << 20..21 << 20]);
    assert!(tried.taken() * 10 < first);
    let kept = tried.shelf.count();
    assert!((30..=40).contains(&kept), "{kept} checkpoints of 40 MiB");
}

#[test]
fn two_readers_at_once_do_not_disturb_each_other() {
    let bytes = structured(12 << 20, 9);
    let tried = Tried::of(&bytes, 1, 30_000);
    let stream = &tried.stream;
    let (low, high) = tried.runtime.block_on(async {
        tokio::join!(
            read(stream, 100..(12 << 20)),
            read(stream, 5_000_000..9_000_000)
        )
    });
    assert!(low.unwrap() == bytes[100..]);
    assert!(high.unwrap() == bytes[5_000_000..9_000_000]);
    assert!(tried.read(8_000_000..8_000_100).unwrap() == bytes[8_000_000..8_000_100]);
}

#[test]
fn checkpoints_end_with_the_room_for_them() {
    let bytes = structured(8 << 20, 5);
    let (packed, crc) = (compress_to_vec(&bytes, 1), crc32fast::hash(&bytes));
    let shelf = Shelf::new(100 << 10, None);
    let tried = Tried::with(packed, 64 << 10, 8 << 20, crc, &shelf);
    assert!(tried.read(7 << 20..8 << 20).unwrap() == bytes[7 << 20..]);
    assert_eq!(shelf.count(), 3);
    tried.taken();
    // Those that were left last are still there.
    assert!(tried.read(7 << 20..(7 << 20) + 9).unwrap() == bytes[7 << 20..(7 << 20) + 9]);
    assert!(tried.taken() < 1 << 20);
}

#[test]
fn a_length_that_is_not_so_is_told() {
    let bytes = structured(3_000_000, 1);
    let packed = compress_to_vec(&bytes, 6);
    for length in [2_999_999, 3_000_001, 10, 4_000_000_000] {
        let tried = Tried::new(packed.clone(), 50_000, length, 0);
        assert!(is_corrupt(tried.read(length - 5..length)), "{length}");
        assert!(is_corrupt(tried.read(0..length)), "{length}");
    }
}

#[test]
fn a_stream_that_is_cut_off_never_ends_cleanly() {
    let bytes = structured(3_000_000, 1);
    let mut packed = compress_to_vec(&bytes, 6);
    packed.truncate(packed.len() - 3);
    let tried = Tried::new(packed, 9_000, 3_000_000, crc32fast::hash(&bytes));
    assert!(is_corrupt(tried.read(0..3_000_000)));
    // What comes before is still had.
    assert!(tried.read(0..100_000).unwrap() == bytes[..100_000]);
}

#[test]
fn a_whole_read_checks_the_checksum() {
    let bytes = structured(3_000_000, 1);
    let packed = compress_to_vec(&bytes, 6);
    let tried = Tried::new(packed, 9_000, 3_000_000, crc32fast::hash(&bytes) ^ 1);
    assert!(is_corrupt(tried.read(0..3_000_000)));
    assert!(tried.read(0..100_000).is_ok());
}

/// What is unpacked at once comes out whole or not at all.
#[test]
fn a_short_stream_is_compared_before_any_of_it_is_given() {
    let bytes = structured(100_000, 1);
    let (packed, crc) = (compress_to_vec(&bytes, 6), crc32fast::hash(&bytes));
    let first =
        |packed: &[u8], length, crc| Tried::new(packed.to_vec(), 9_000, length, crc).read(0..10);
    assert!(first(&packed, 100_000, crc).unwrap() == bytes[..10]);
    assert!(is_corrupt(first(&packed, 100_000, crc ^ 1)));
    assert!(is_corrupt(first(&packed, 99_999, crc)));
    assert!(is_corrupt(first(&packed, 100_001, crc)));
    assert!(is_corrupt(first(&packed[..packed.len() - 3], 100_000, crc)));
    // What follows the stream is none of it.
    let followed = [packed, vec![7; 100]].concat();
    assert!(first(&followed, 100_000, crc).unwrap() == bytes[..10]);
}

#[test]
fn a_bomb_gives_no_more_than_is_asked_for() {
    let bytes = vec![0; 64 << 20];
    let tried = Tried::of(&bytes, 9, 1 << 20);
    let mut parts = tried
        .runtime
        .block_on(tried.stream.open(0..64 << 20, &CX))
        .unwrap();
    let mut longest = 0;
    while let Some(part) = tried.runtime.block_on(parts.next()) {
        longest = longest.max(part.unwrap().len());
    }
    assert!(longest <= 2 << 20, "{longest} bytes at once");
}
