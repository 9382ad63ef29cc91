//! Archives that lie, are damaged, or are no archives.

use proptest::prelude::*;
use universal_p2p_core::Error;

use super::{
    entry, index_of, index_within, is_mapped,
    one::{one, small},
    read, served,
    writer::{Flags, Generation, Put, vint, volumes},
};
use crate::{Limits, State, testing::Served};

const WHOLE: Flags = Flags {
    before: false,
    after: false,
};

#[tokio::test]
async fn lies_and_damage_are_refused() {
    let long_header = [b"Rar!\x1a\x07\x01\x00\0\0\0\0".to_vec(), vint(3 << 20)].concat();
    let mut wrong_checksum = small(Generation::Four);
    wrong_checksum[9] ^= 1;
    let mut end_of_header = small(Generation::Five);
    end_of_header.truncate(20);
    for bytes in [long_header, wrong_checksum, end_of_header] {
        assert!(matches!(one(bytes).await, Err(Error::Corrupt { .. })));
    }
    // Longer than any file can be, and longer than this one.
    for packed in [u64::MAX, 1 << 40] {
        for generation in [Generation::Four, Generation::Five] {
            let header = generation.file(b"a", packed, packed, 0, WHOLE);
            let bytes = [generation.start(false, 0), header, b"abc".to_vec()].concat();
            let Ok(index) = one(bytes).await else {
                continue;
            };
            let found = entry(&index, "a");
            if found.state == State::Ready {
                assert!(read(found, 0..found.length).await.is_err());
            }
        }
    }
}

#[tokio::test]
async fn limits_are_kept() {
    let files: Vec<_> = (0..20).map(|_| Put::whole("name", b"x")).collect();
    for generation in [Generation::Four, Generation::Five] {
        let source = Served::new(volumes(generation, &files).remove(0)).source();
        let usual = Limits::default;
        for (limits, is_fine) in [
            (usual(), true),
            (
                Limits {
                    entries: 19,
                    ..usual()
                },
                false,
            ),
            (
                Limits {
                    header_bytes: 200,
                    ..usual()
                },
                false,
            ),
        ] {
            let found = index_within(vec![source.clone()], &limits).await;
            match found {
                Ok(_) => assert!(is_fine, "{limits:?}"),
                Err(Error::Unsupported { .. }) => assert!(!is_fine, "{limits:?}"),
                Err(other) => panic!("{other}"),
            }
        }
    }
}

/// Puts right the checksum of every header that can be reached from the start.
pub(super) fn mend(bytes: &mut [u8]) {
    let is_five = bytes.starts_with(b"Rar!\x1a\x07\x01\x00");
    let mut at = if is_five { 8 } else { 7 };
    for _ in 0..10 {
        let Some(rest) = bytes.get_mut(at..).filter(|rest| rest.len() > 7) else {
            return;
        };
        let length = match is_five {
            true if rest[4] < 0x80 => usize::from(rest[4]) + 5,
            true => return,
            false => usize::from(u16::from_le_bytes([rest[5], rest[6]])),
        };
        let Some(header) = rest.get_mut(..length).filter(|header| header.len() >= 7) else {
            return;
        };
        if is_five {
            let checksum = crc32fast::hash(&header[4..]);
            header[..4].copy_from_slice(&checksum.to_le_bytes());
        } else {
            let checksum = (crc32fast::hash(&header[2..]) & 0xffff) as u16;
            header[..2].copy_from_slice(&checksum.to_le_bytes());
        }
        at += length;
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    /// Whatever the bytes are, the index ends, and what it says can be read or not, without a panic.
    #[test]
    fn mutated_archives_do_no_harm(
        is_five: bool,
        is_mended: bool,
        changes in prop::collection::vec((0_usize..600, any::<u8>()), 1..12),
        cut in 0_usize..900,
    ) {
        let generation = if is_five { Generation::Five } else { Generation::Four };
        let bytes: Vec<u8> = (0..=255).collect();
        let files = [Put::whole("dir/a.txt", b"first"), Put::split("b", &bytes, 60, 70)];
        let mut set = volumes(generation, &files);
        for (at, byte) in changes {
            let volume = at % 4;
            if let Some(place) = set.get_mut(volume).and_then(|bytes| bytes.get_mut(at / 4)) {
                *place = byte;
            }
        }
        for volume in &mut set {
            volume.truncate(cut.max(8));
            if is_mended {
                mend(volume);
            }
        }
        let runtime = tokio::runtime::Builder::new_current_thread().build().expect("a runtime");
        runtime.block_on(async {
            let Ok(index) = index_of(&served(&set)).await else { return };
            for entry in index.entries.iter().filter(|entry| is_mapped(entry)) {
                let end = entry.length.min(10_000);
                if let Ok(bytes) = read(entry, 0..end).await {
                    assert_eq!(bytes.len() as u64, end);
                }
                let last = read(entry, entry.length - 1.min(entry.length)..entry.length).await;
                assert!(last.is_err() || last.is_ok_and(|bytes| bytes.len() <= 1));
            }
        });
    }

    /// Any bytes behind the mark.
    #[test]
    fn noise_does_no_harm(is_five: bool, noise in prop::collection::vec(any::<u8>(), 0..300)) {
        let magic: &[u8] = if is_five { b"Rar!\x1a\x07\x01\x00" } else { b"Rar!\x1a\x07\x00" };
        let mut bytes = [magic, &noise].concat();
        mend(&mut bytes);
        let runtime = tokio::runtime::Builder::new_current_thread().build().expect("a runtime");
        let found = runtime.block_on(one(bytes));
        assert!(found.is_err() || found.is_ok_and(|index| index.entries.len() < 60));
    }
}
