//! Any bytes as a 7z.

use std::sync::Arc;

use proptest::{prelude::*, sample::Index as Place};

use crate::{
    limits::Limits,
    seven::{
        index,
        streams::{Bytes, Streams},
    },
    testing::fuzz::{self, Sparse, cases, change, changes},
};

/// Bytes of a page in which a file is read.
const PAGE: u64 = 64 << 10;

/// What becomes of a file that is read as a 7z.
fn read(file: &Arc<Sparse>, limits: &Limits) {
    let found = index(
        &mut file.reader(),
        &file.source(),
        "x",
        limits,
        fuzz::disk(),
    );
    // A header may be packed, and what it is packed in too.
    file.assert_read(5 * (2 * limits.header_bytes + 4 * PAGE));
    fuzz::check(found, limits);
}

/// A number as the format has it, in as few bytes as can be, or in nine.
fn number(value: u64) -> Vec<u8> {
    match value {
        0..0x80 => vec![value as u8],
        _ => [&[0xFF][..], &value.to_le_bytes()].concat(),
    }
}

/// How a folder is packed, by the id of its coder and what that is told.
fn folder(id: &[u8], properties: &[u8]) -> Vec<u8> {
    let flags = id.len() as u8 | if properties.is_empty() { 0 } else { 0x20 };
    let mut bytes = [&[1, flags][..], id].concat();
    if !properties.is_empty() {
        bytes.extend(number(properties.len() as u64));
        bytes.extend(properties);
    }
    bytes
}

/// What is said of the streams of some folders, each with a length that is packed and one that is not.
fn streams(position: u64, folders: &[(Vec<u8>, u64, u64)]) -> Vec<u8> {
    let count = number(folders.len() as u64);
    let mut bytes = [vec![6], number(position), count.clone(), vec![9]].concat();
    folders
        .iter()
        .for_each(|(_, packed, _)| bytes.extend(number(*packed)));
    bytes.extend([&[0, 7, 0x0B][..], &count, &[0]].concat());
    folders.iter().for_each(|(folder, ..)| bytes.extend(folder));
    bytes.push(0x0C);
    folders
        .iter()
        .for_each(|(.., length)| bytes.extend(number(*length)));
    bytes.push(0);
    bytes
}

/// A header with two files that are stored in one folder, one that is packed, and one that is empty.
fn header() -> Vec<u8> {
    let folders = [
        (folder(&[0], &[]), 30, 30),
        (folder(&[3, 1, 1], &[0x5D, 0, 0, 1, 0]), 20, 500),
    ];
    let mut bytes = vec![1, 4];
    bytes.extend(streams(0, &folders));
    bytes.extend([8, 0x0D, 2, 1, 9, 10, 0, 0]);
    let names: String = ["a.txt", "dir/b", "packed", "empty"]
        .map(|name| format!("{name}\0"))
        .concat();
    let names: Vec<u8> = names.encode_utf16().flat_map(u16::to_le_bytes).collect();
    bytes.extend([5, 4, 0x0E, 1, 0x10]);
    bytes.extend([vec![0x11], number(names.len() as u64 + 1), vec![0], names].concat());
    bytes.extend([0x15, 18, 1, 0]);
    bytes.extend([0, 0x80, 0xA4, 0x81].repeat(4));
    bytes.extend([0, 0]);
    bytes
}

/// The whole file: its start, what is packed, and its header, with sums that are right.
fn whole(data: &[u8], header: &[u8], hole: u64, lie: u64) -> Arc<Sparse> {
    let mut fields = Vec::new();
    fields.extend((data.len() as u64 + hole).to_le_bytes());
    fields.extend((header.len() as u64).wrapping_add(lie).to_le_bytes());
    fields.extend(crc32fast::hash(header).to_le_bytes());
    let mut head = b"7z\xBC\xAF\x27\x1C\0\x04".to_vec();
    head.extend(crc32fast::hash(&fields).to_le_bytes());
    head.extend(fields);
    head.extend(data);
    Sparse::new(head, hole, header.to_vec())
}

#[test]
fn what_is_made_by_hand_is_good() {
    let file = whole(&[7; 50], &header(), 0, 0);
    let (source, limits) = (file.source(), Limits::default());
    let found = index(&mut file.reader(), &source, "x", &limits, fuzz::disk()).expect("good");
    let lengths: Vec<_> = found.entries.iter().map(|entry| entry.length).collect();
    assert_eq!(lengths, [10, 20, 500, 0]);
    fuzz::check(Ok(found), &limits);
}

#[test]
fn a_header_of_more_folders_than_entries_is_not_taken_into_memory() {
    let limits = fuzz::small();
    for (folders, coders) in [(13, 1), (4, 13)] {
        let folder = [vec![coders], [1, 0].repeat(coders.into())].concat();
        let bound = vec![0; 2 * usize::from(coders) - 2];
        let folder = [folder, bound].concat();
        let said = vec![(folder, 1, 1); folders];
        let header = [vec![1, 4], streams(0, &said), vec![0, 0]].concat();
        let file = whole(&[7; 50], &header, 0, 0);
        let (source, spools) = (file.source(), fuzz::disk());
        let found = index(&mut file.reader(), &source, "x", &limits, spools);
        let is_refused = matches!(found, Err(universal_p2p_core::Error::Unsupported { .. }));
        assert!(is_refused, "{folders} folders of {coders} coders");
    }
}

proptest! {
    #![proptest_config(cases(300))]

    #[test]
    fn bent_headers_do_no_harm(
        changes in changes(6),
        hole in prop_oneof![3 => Just(0), 1 => 0_u64..1 << 62],
        lie in prop_oneof![9 => Just(0), 1 => any::<u64>()],
        limits in fuzz::limits(),
    ) {
        let mut header = header();
        change(&mut header, &changes);
        read(&whole(&[7; 50], &header, hole, lie), &limits);
    }

    #[test]
    fn headers_packed_in_any_way_do_no_harm(
        inside in changes(3),
        outside in changes(4),
        kind in 0_usize..4,
        limits in fuzz::limits(),
    ) {
        let mut inner = header();
        change(&mut inner, &inside);
        let coder = [
            folder(&[0], &[]),
            folder(&[0x21], &[24]),
            folder(&[3, 1, 1], &[0x5D, 0, 0, 0x10, 0]),
            folder(&[6, 0xF1, 7, 1], &[0x13]),
        ];
        let packed = match kind {
            // As LZMA2 has what it does not pack.
            1 => {
                let length = (inner.len() as u16 - u16::from(!inner.is_empty())).to_be_bytes();
                [&[1][..], &length, &inner, &[0]].concat()
            }
            _ => inner.clone(),
        };
        let folders = [(coder[kind].clone(), packed.len() as u64, inner.len() as u64)];
        let mut outer = [vec![0x17], streams(0, &folders), vec![0]].concat();
        change(&mut outer, &outside);
        read(&whole(&packed, &outer, 0, 0), &limits);
    }

    #[test]
    fn noise_does_no_harm(
        mut noise in prop::collection::vec(0_u8..0x20, 0..100),
        numbers in prop::collection::vec((any::<Place>(), any::<u64>()), 0..5),
        limits in fuzz::limits(),
    ) {
        for (at, value) in numbers {
            let at = at.index(noise.len() + 1);
            noise.splice(at..at, number(value));
        }
        let known = noise.len() as u64;
        if let Ok(found) = Streams::read(&mut Bytes::new(&noise), &limits) {
            let said = found.packed.len() as u64 + found.folders.len() as u64;
            prop_assert!(said <= known, "{said} things of {known} bytes");
        }
        for first in [1, 0x17] {
            let header = [&[first][..], &noise].concat();
            read(&whole(&[], &header, 0, 0), &limits);
        }
    }
}
