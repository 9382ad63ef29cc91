//! Any bytes as a tar, plain or packed.

use std::{
    io::{Read, Write},
    sync::Arc,
};

use flate2::{Compression, write::GzEncoder};
use proptest::prelude::*;
use tar::{Builder, EntryType, Header};

use crate::{
    limits::Limits,
    magic::Packing,
    tar::{extensions::Extensions, index, packed_index},
    testing::{
        fuzz::{self, Sparse, cases, change, changes},
        ration,
    },
};

/// Bytes of a page in which a file is read.
const PAGE: u64 = 64 << 10;

/// Most bytes that come out of what is unpacked here.
const MOST: u64 = 4 << 20;

/// What becomes of a file that is read as a tar.
fn read(file: &Arc<Sparse>, limits: &Limits) {
    let found = index(&mut file.reader(), &file.source(), limits);
    // A page of every header, but for those that lie in one.
    let headers = (limits.header_bytes / 512).min(file.source().length() / 512);
    file.assert_read((headers + 4) * PAGE + limits.header_bytes.min(1 << 20));
    fuzz::check(found, limits);
}

/// A good one, with what stands before headers.
fn good() -> Vec<u8> {
    let mut archive = Builder::new(Vec::new());
    let mut put = |name: &str, kind: EntryType, data: &[u8]| {
        let mut header = Header::new_gnu();
        header.set_entry_type(kind);
        header.set_size(data.len() as u64);
        header.set_mtime(1_700_000_000);
        header.set_mode(0o644);
        archive
            .append_data(&mut header, name, data)
            .expect("in memory");
    };
    put("a.txt", EntryType::Regular, b"short");
    put(
        &format!("{}/b", "long".repeat(40)),
        EntryType::Regular,
        &[7; 700],
    );
    put("dir/", EntryType::Directory, b"");
    put(
        "x",
        EntryType::XHeader,
        b"20 path=a long name\n12 size=600\n24 SCHILY.xattr.a=\n=\x00\n9\n",
    );
    put("c", EntryType::Regular, &[9; 600]);
    put("sparse", EntryType::GNUSparse, b"");
    put("link", EntryType::Fifo, b"");
    archive.into_inner().expect("in memory")
}

/// Puts right the checksum of every header that can be reached from the start.
fn mend(bytes: &mut [u8]) {
    let mut at = 0;
    for _ in 0..20 {
        let Some(header) = bytes.get_mut(at..at + 512) else {
            return;
        };
        header[148..156].copy_from_slice(b"        ");
        let sum: u32 = header.iter().map(|byte| u32::from(*byte)).sum();
        header[148..156].copy_from_slice(format!("{sum:06o}\0 ").as_bytes());
        let size = str::from_utf8(&header[124..135]).unwrap_or("0");
        let size = usize::from_str_radix(size.trim_matches(['\0', ' ']), 8).unwrap_or(0);
        at += 512 + size.next_multiple_of(512).min(1 << 30);
    }
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut packed = GzEncoder::new(Vec::new(), Compression::fast());
    packed.write_all(bytes).expect("in memory");
    packed.finish().expect("in memory")
}

/// A stream of Zstandard of blocks that are not packed, behind a frame that means nothing.
fn zstd(bytes: &[u8]) -> Vec<u8> {
    let mut stream = b"\x5A\x2A\x4D\x18\x03\0\0\0xyz".to_vec();
    stream.extend(b"\x28\xB5\x2F\xFD\0\x58");
    let blocks: Vec<_> = bytes.chunks(1000).collect();
    for (number, block) in blocks.iter().enumerate() {
        let is_last = u32::from(number + 1 == blocks.len());
        let head = is_last | (block.len() as u32) << 3;
        stream.extend(&head.to_le_bytes()[..3]);
        stream.extend(*block);
    }
    stream
}

proptest! {
    #![proptest_config(cases(300))]

    #[test]
    fn bent_tars_do_no_harm(
        changes in changes(8),
        is_mended in prop::bool::weighted(0.8),
        hole in prop_oneof![3 => Just(0), 1 => 0_u64..1 << 62],
        limits in fuzz::limits(),
    ) {
        let mut bytes = good();
        change(&mut bytes, &changes);
        if is_mended {
            mend(&mut bytes);
        }
        read(&Sparse::new(bytes, hole, vec![1]), &limits);
    }

    #[test]
    fn bent_packed_tars_do_no_harm(
        inside in changes(5),
        outside in changes(3),
        is_zstd: bool,
        limits in fuzz::limits(),
    ) {
        let mut bytes = good();
        change(&mut bytes, &inside);
        mend(&mut bytes);
        let (mut packed, packing) = match is_zstd {
            true => (zstd(&bytes), Packing::Zstd),
            false => (gzip(&bytes), Packing::Gzip),
        };
        change(&mut packed, &outside);
        let file = Sparse::full(packed);
        let (source, spools) = (file.source(), fuzz::disk());
        let found = packed_index(&mut file.reader(), &source, packing, "x", &limits, spools);
        file.assert_read(2 * source.length() + PAGE);
        fuzz::check(found, &limits);
    }

    #[test]
    fn records_of_any_bytes_are_told_or_not(
        mut bytes in prop::collection::vec(any::<u8>(), 0..80),
        lengths in prop::collection::vec((any::<prop::sample::Index>(), 0_u64..120), 0..4),
    ) {
        for (at, length) in lengths {
            let at = at.index(bytes.len() + 1);
            bytes.splice(at..at, format!("{length} size=5\n").into_bytes());
        }
        let mut extensions = Extensions::default();
        extensions.set_long_name(&bytes);
        let is_right = extensions.set_pax(&bytes, &Limits::default()).is_ok();
        prop_assert!(is_right || bytes.iter().any(|byte| *byte != 0));
        prop_assert!(extensions.is_some());
        let name = extensions.name.expect("the long one, at least");
        prop_assert!(name.len() <= bytes.len());
    }

    #[test]
    fn streams_of_any_bytes_end(
        kind in 0_usize..4,
        changes in changes(4),
        noise in prop::collection::vec(any::<u8>(), 0..100),
        is_noise: bool,
    ) {
        let (packing, magic): (_, &[u8]) = [
            (Packing::Gzip, &b"\x1F\x8B\x08\0\0\0\0\0\0\0"[..]),
            (Packing::Zstd, b"\x28\xB5\x2F\xFD"),
            (Packing::Xz, b"\xFD7zXZ\0\0\x04\xE6\xD6\xB4\x46"),
            (Packing::Bzip2, b"BZh11AY&SY"),
        ][kind];
        let bytes = b"some text and more".repeat(100);
        let mut packed = match packing {
            Packing::Gzip if !is_noise => gzip(&bytes),
            Packing::Zstd if !is_noise => zstd(&bytes),
            _ => [magic, &noise].concat(),
        };
        change(&mut packed, &changes);
        let ration = ration(5 << 20);
        let Ok(mut decoder) = packing.decoder(packed.as_slice(), &ration) else {
            return Ok(());
        };
        let mut out = Vec::new();
        // Whether it fails or not: it does not turn in one place, and gives no more for ever.
        let _ = decoder.by_ref().take(MOST).read_to_end(&mut out);
        let _ = decoder.read(&mut [0]);
    }
}
