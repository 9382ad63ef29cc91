//! Single archives: what a header says, and what it must not.

use universal_p2p_core::Error;

use super::{
    entry, index_of, is_mapped, read, served,
    writer::{Generation, Put, five, four, vint, volumes},
};
use crate::State;

pub(super) async fn one(bytes: Vec<u8>) -> Result<crate::Index, Error> {
    index_of(&served(&[bytes])).await
}

pub(super) fn small(generation: Generation) -> Vec<u8> {
    let files = [
        Put::whole("a.txt", b"first"),
        Put::whole("b.txt", b"second file"),
    ];
    volumes(generation, &files).remove(0)
}

#[tokio::test]
async fn stored_entries_are_ranges_of_the_archive() {
    for generation in [Generation::Four, Generation::Five] {
        let index = one(small(generation)).await.expect("an index");
        assert_eq!(index.entries.len(), 2);
        let found = entry(&index, "b.txt");
        assert!(is_mapped(found));
        assert_eq!((found.length, found.method), (11, "stored"));
        assert_eq!(read(found, 0..11).await.expect("bytes"), b"second file");
        assert_eq!(read(found, 3..6).await.expect("bytes"), b"ond");
    }
}

#[tokio::test]
async fn an_archive_behind_a_program_is_found() {
    for generation in [Generation::Four, Generation::Five] {
        let bytes = [vec![b'R'; 300_000], small(generation)].concat();
        let index = one(bytes).await.expect("an index");
        let found = entry(&index, "b.txt");
        assert_eq!(read(found, 0..11).await.expect("bytes"), b"second file");
    }
    let late = [vec![0; 1 << 20], small(Generation::Five)].concat();
    assert!(matches!(one(late).await, Err(Error::Corrupt { .. })));
}

#[tokio::test]
async fn headers_that_are_encrypted_make_one_encrypted_entry() {
    let four = [
        b"Rar!\x1a\x07\x00".to_vec(),
        four(0x73, 0x80, &[0; 6]),
        vec![7; 100],
    ]
    .concat();
    let five = [
        b"Rar!\x1a\x07\x01\x00".to_vec(),
        five(&[4, 0, 0, 0, 15]),
        vec![7; 100],
    ]
    .concat();
    for bytes in [four, five] {
        let index = one(bytes).await.expect("an index");
        let states: Vec<_> = index.entries.iter().map(|entry| entry.state).collect();
        assert_eq!(states, [State::Encrypted]);
    }
}

#[tokio::test]
async fn generations_that_nobody_reads_are_refused() {
    let old = one(b"RE~^\x07\x00\x00rest of it".to_vec()).await;
    assert!(matches!(old, Err(Error::Unsupported { .. })));
    for bytes in [
        &b""[..],
        b"Rar",
        b"Rar!\x1a\x07\x02\x00",
        b"PK\x03\x04 something",
    ] {
        let found = one(bytes.to_vec()).await;
        assert!(matches!(found, Err(Error::Corrupt { .. })));
    }
}

/// A file header of RAR 4 with these flags, method, system, attributes and name.
fn header(flags: u16, method: u8, system: u8, attributes: u32, name: &[u8]) -> Vec<u8> {
    let mut fields = vec![3, 0, 0, 0, 3, 0, 0, 0, system];
    fields.extend(crc32fast::hash(b"abc").to_le_bytes());
    fields.extend(0x5a97_6c42_u32.to_le_bytes());
    fields.extend([29, method]);
    fields.extend((name.len() as u16).to_le_bytes());
    fields.extend(attributes.to_le_bytes());
    fields.extend(name);
    let data = b"abc".to_vec();
    [
        Generation::Four.start(false, 0),
        four(0x74, flags | 0x8000, &fields),
        data,
    ]
    .concat()
}

#[tokio::test]
async fn what_an_entry_is_decides_its_state() {
    for (bytes, wanted, is_dir) in [
        (header(0, 0x30, 2, 0x20, b"a"), State::Ready, false),
        (header(0x04, 0x30, 2, 0x20, b"a"), State::Encrypted, false),
        (header(0x04, 0x33, 2, 0x20, b"a"), State::Encrypted, false),
        (header(0, 0x33, 2, 0x20, b"a"), State::Ready, false),
        (header(0, 0x00, 2, 0x20, b"a"), State::Unsupported, false),
        (header(0x10, 0x30, 2, 0x20, b"a"), State::Ready, false),
        (header(0x02, 0x30, 2, 0x20, b"a"), State::Incomplete, false),
        (header(0x01, 0x30, 2, 0x20, b"a"), State::Incomplete, false),
        (header(0xe0, 0x30, 2, 0x10, b"a"), State::Ready, true),
        (header(0, 0x30, 3, 0o120_777, b"a"), State::Hidden, false),
        (header(0, 0x30, 3, 0o020_666, b"a"), State::Hidden, false),
    ] {
        let index = one(bytes).await.expect("an index");
        let found = entry(&index, "a");
        assert_eq!((found.state, found.is_dir), (wanted, is_dir));
    }
}

#[tokio::test]
async fn names_in_unicode_are_unpacked() {
    // Two bytes each; in the common page; as in the name; from the name with a correction.
    let packed = [
        &b"ab_cd\0"[..],
        &[
            0x04,
            0b10_01_00_11,
            0x2d,
            0x4e,
            0x16,
            b'x',
            0x80,
            0x01,
            0b11_00_00_00,
            0x00,
        ],
    ];
    for (field, wanted) in [
        (packed.concat(), "\u{4e2d}\u{416}x\u{464}\u{465}"),
        ("дом.txt".as_bytes().to_vec(), "дом.txt"),
        (b"abc\0\0".to_vec(), ""),
    ] {
        let index = one(header(0x200, 0x30, 2, 0x20, &field))
            .await
            .expect("an index");
        assert_eq!(index.entries[0].name.text.as_deref(), Some(wanted));
    }
    let index = one(header(0, 0x30, 2, 0x20, b"\xa4\xae\xac"))
        .await
        .expect("an index");
    assert_eq!(index.entries[0].name.text, None);
    assert_eq!(*index.entries[0].name.bytes, *b"\xa4\xae\xac");
}

#[tokio::test]
async fn a_comment_within_a_header_is_not_part_of_its_checksum() {
    let mut main = four(0x73, 0x02, &[0; 6]);
    main.extend(b"a comment block of twenty");
    main[5] += 25;
    let checksum = (crc32fast::hash(&main[2..13]) & 0xffff) as u16;
    main[..2].copy_from_slice(&checksum.to_le_bytes());
    let rest = &small(Generation::Four)[20..];
    let index = one([b"Rar!\x1a\x07\x00", &main[..], rest].concat())
        .await
        .expect("an index");
    assert_eq!(index.entries.len(), 2);
}

/// A file header of RAR 5 with these extra records.
fn with_records(records: &[u8]) -> Vec<u8> {
    let mut fields = vec![2, 3];
    fields.extend(vint(records.len() as u64));
    fields.extend([3, 0, 3, 0, 0, 1, 1, b'a']);
    fields.extend(records);
    [
        Generation::Five.start(false, 0),
        five(&fields),
        b"abc".to_vec(),
    ]
    .concat()
}

#[tokio::test]
async fn extra_records_say_more() {
    let seconds = |time: std::time::SystemTime| {
        time.duration_since(std::time::UNIX_EPOCH)
            .expect("after 1970")
            .as_secs()
    };
    let time = [&[6, 3, 3][..], &1_500_000_000_u32.to_le_bytes()].concat();
    let index = one(with_records(&time)).await.expect("an index");
    assert_eq!(index.entries[0].modified.map(seconds), Some(1_500_000_000));
    let ticks = 116_444_736_000_000_000_u64 + 1_500_000_000 * 10_000_000;
    let time = [&[10, 3, 2][..], &ticks.to_le_bytes()].concat();
    let index = one(with_records(&time)).await.expect("an index");
    assert_eq!(index.entries[0].modified.map(seconds), Some(1_500_000_000));
    for (records, state) in [
        (&[4, 1, 0, 0, 0][..], State::Encrypted),
        (&[5, 5, 1, 0, 1, b'x'], State::Hidden),
        (&[3, 9, 1, 1], State::Ready),
        (&[200, 1, 0], State::Ready),
    ] {
        let index = one(with_records(records)).await.expect("an index");
        assert_eq!(index.entries[0].state, state, "{records:?}");
    }
    let index = one(with_records(&[3, 4, 0, 2])).await.expect("an index");
    assert_eq!(*index.entries[0].name.bytes, *b"a;2");
}
