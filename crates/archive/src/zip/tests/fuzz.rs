//! Any bytes as a ZIP.

use miniz_oxide::deflate::compress_to_vec;
use proptest::prelude::*;

use super::hostile::{Made, make};
use crate::{
    limits::Limits,
    testing::fuzz::{self, Sparse, cases, change, changes},
    zip::index,
};

/// Bytes of a page in which a file is read.
const PAGE: u64 = 64 << 10;

/// What becomes of a file that is read as a ZIP.
fn read(file: &std::sync::Arc<Sparse>, limits: &Limits) {
    let found = index(
        &mut file.reader(),
        &file.source(),
        "x",
        limits,
        fuzz::disk(),
    );
    // Each of a few records at the end may have its own directory.
    file.assert_read(16 * (limits.header_bytes + 6 * PAGE));
    fuzz::check(found, limits);
}

/// A good archive: the bytes of its entries, and its directory with its ends.
fn good(hole: u64, is_64: bool) -> (Vec<u8>, Vec<u8>) {
    let text = b"line after line after line after line".repeat(20);
    let packed = compress_to_vec(&text, 6);
    let deflated = Made {
        method: 8,
        length: text.len() as u32,
        ..Made::stored(b"dir/packed.txt", &packed)
    };
    let entries = [
        Made::stored(b"a.txt", b"0123456789"),
        deflated,
        Made::stored(b"dir/", b""),
        Made::stored(b"\x82\xa0\\b", b"some more"),
    ];
    let mut whole = make(&entries);
    let end = whole.len() - 22;
    let mut directory = [0; 4];
    directory.copy_from_slice(&whole[end + 16..end + 20]);
    let start = u32::from_le_bytes(directory) as usize;
    if is_64 {
        let (count, size) = (entries.len() as u64, (end - start) as u64);
        let mut record = b"PK\x06\x06\x2c\0\0\0\0\0\0\0\x2d\0\x2d\0\0\0\0\0\0\0\0\0".to_vec();
        for field in [count, count, size, start as u64 + hole] {
            record.extend(field.to_le_bytes());
        }
        record.extend(b"PK\x06\x07\0\0\0\0");
        record.extend((end as u64 + hole).to_le_bytes());
        record.extend([1, 0, 0, 0]);
        whole.splice(end..end, record);
    } else {
        let offset = u32::try_from(start as u64 + hole).unwrap_or(u32::MAX);
        whole[end + 16..end + 20].copy_from_slice(&offset.to_le_bytes());
    }
    let tail = whole.split_off(start);
    (whole, tail)
}

/// A field of an entry with 64 bits, as the extra field has it.
fn with_64_bits(length: u64, packed: u64, start: u64) -> Vec<u8> {
    let mut entry = Made::stored(b"a", b"0123456789");
    (entry.length, entry.packed, entry.method) = (u32::MAX, u32::MAX, 8);
    let mut bytes = make(&[entry]);
    let header = bytes.len() - 22 - 47;
    bytes[header + 30] = 28;
    bytes[header + 42..header + 46].copy_from_slice(&[0xFF; 4]);
    let mut extra = vec![1, 0, 24, 0];
    for field in [length, packed, start] {
        extra.extend(field.to_le_bytes());
    }
    let end = bytes.len() - 22;
    bytes.splice(end..end, extra);
    let end = bytes.len() - 22;
    bytes[end + 12] += 28;
    bytes
}

#[test]
fn a_length_that_no_number_is_above_does_not_turn_for_ever() {
    let file = Sparse::full(with_64_bits(u64::MAX, 10, 0));
    read(&file, &Limits::default());
}

proptest! {
    #![proptest_config(cases(300))]

    #[test]
    fn bent_archives_do_no_harm(
        is_64: bool,
        hole in prop_oneof![3 => Just(0), 1 => 0_u64..1 << 20, 1 => 0_u64..1 << 45],
        limits in fuzz::limits(),
        before in changes(6),
        behind in changes(8),
    ) {
        let (mut head, mut tail) = good(hole, is_64);
        change(&mut head, &before);
        change(&mut tail, &behind);
        let limits = if hole == 0 { limits } else { fuzz::small() };
        read(&Sparse::new(head, hole, tail), &limits);
    }

    #[test]
    fn numbers_of_64_bits_do_no_harm(
        length in numbers(),
        packed in numbers(),
        start in numbers(),
    ) {
        read(&Sparse::full(with_64_bits(length, packed, start)), &Limits::default());
    }

    #[test]
    fn noise_does_no_harm(parts in prop::collection::vec(part(), 0..40), limits in fuzz::limits()) {
        read(&Sparse::full(parts.concat()), &limits);
    }
}

/// Numbers around those at which something changes.
fn numbers() -> impl Strategy<Value = u64> {
    let edges = [0, 10, 40, 1 << 32, 1 << 63, u64::MAX];
    let near = (prop::sample::select(edges.to_vec()), -3_i64..4);
    prop_oneof![
        near.prop_map(|(edge, by)| edge.wrapping_add_signed(by)),
        any::<u64>()
    ]
}

/// Marks of the format, and bytes between them.
fn part() -> impl Strategy<Value = Vec<u8>> {
    let marks = [
        b"PK\x01\x02",
        b"PK\x03\x04",
        b"PK\x05\x06",
        b"PK\x06\x06",
        b"PK\x06\x07",
        b"\0\0\0\0",
        b"\xFF\xFF\xFF\xFF",
    ];
    let marks = prop::sample::select(marks.map(|mark| mark.to_vec()).to_vec());
    prop_oneof![marks, prop::collection::vec(any::<u8>(), 0..30)]
}
