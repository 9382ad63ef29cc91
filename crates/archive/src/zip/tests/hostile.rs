//! Archives that lie.

use std::sync::LazyLock;

use proptest::prelude::*;
use universal_p2p_core::Error;

use super::{Opened, python};
use crate::{index::State, limits::Limits};

/// A good one, for being damaged.
static PLAIN: LazyLock<Vec<u8>> = LazyLock::new(|| python(&["stored"]));

pub(super) fn find(bytes: &[u8], wanted: &[u8]) -> usize {
    let mut windows = bytes.windows(wanted.len());
    windows
        .position(|window| window == wanted)
        .expect("it is in there")
}

/// An entry as it is put into an archive by hand.
pub(super) struct Made<'a> {
    pub(super) name: &'a [u8],
    pub(super) data: &'a [u8],
    /// Where the directory says it is, if elsewhere than it is.
    pub(super) start: Option<u32>,
    pub(super) packed: u32,
    pub(super) length: u32,
    pub(super) method: u16,
}

impl<'a> Made<'a> {
    pub(super) fn stored(name: &'a [u8], data: &'a [u8]) -> Self {
        Self {
            name,
            data,
            start: None,
            packed: data.len() as u32,
            length: data.len() as u32,
            method: 0,
        }
    }

    fn fields(&self) -> Vec<u8> {
        let mut fields = vec![20, 0, 0, 0];
        fields.extend(self.method.to_le_bytes());
        fields.extend([0, 0, 0x21, 0]);
        for field in [crc32fast::hash(self.data), self.packed, self.length] {
            fields.extend(field.to_le_bytes());
        }
        fields.extend((self.name.len() as u16).to_le_bytes());
        fields.extend([0, 0]);
        fields
    }
}

pub(super) fn make(entries: &[Made<'_>]) -> Vec<u8> {
    let (mut file, mut directory) = (Vec::new(), Vec::new());
    for entry in entries {
        let start = entry.start.unwrap_or(file.len() as u32);
        file.extend([b"PK\x03\x04", &*entry.fields(), entry.name, entry.data].concat());
        directory.extend([b"PK\x01\x02\x14\x03", &*entry.fields()].concat());
        directory.extend([0; 10]);
        directory.extend(start.to_le_bytes());
        directory.extend(entry.name);
    }
    let start = file.len() as u32;
    let count = (entries.len() as u16).to_le_bytes();
    file.extend(&directory);
    file.extend(b"PK\x05\x06\0\0\0\0");
    file.extend([count, count].concat());
    file.extend((directory.len() as u32).to_le_bytes());
    file.extend(start.to_le_bytes());
    file.extend([0, 0]);
    file
}

fn assert_corrupt(bytes: Vec<u8>, why: &str) {
    let opened = Opened::new(bytes).index;
    assert!(matches!(opened, Err(Error::Corrupt { .. })), "{why}");
}

#[test]
fn what_is_made_by_hand_is_good() {
    let opened = Opened::new(make(&[
        Made::stored(b"a", b"one"),
        Made::stored(b"b", b"two"),
    ]));
    opened.compare("a", b"one");
    opened.compare("b", b"two");
    assert!(Opened::new(make(&[])).index.unwrap().entries.is_empty());
}

#[test]
fn lies_of_the_end_are_told() {
    let end = PLAIN.len() - 22;
    for (at, bytes, why) in [
        (8, vec![0x60, 0xEA, 0x60, 0xEA], "60000 entries"),
        (8, vec![1, 0, 1, 0], "one entry"),
        (12, vec![0xFF; 4], "a long directory"),
        (12, vec![46, 0, 0, 0], "a short directory"),
        (16, vec![0xFF, 0xFF, 0xFF, 0x7F], "a directory past the end"),
    ] {
        let mut lying = PLAIN.clone();
        lying[end + at..end + at + bytes.len()].copy_from_slice(&bytes);
        assert_corrupt(lying, why);
    }
    for length in [
        0,
        1,
        21,
        1000,
        PLAIN.len() / 2,
        PLAIN.len() - 23,
        PLAIN.len() - 1,
    ] {
        assert_corrupt(PLAIN[..length].to_vec(), &format!("cut off at {length}"));
    }
}

#[test]
fn a_part_of_a_set_is_not_supported() {
    let mut split = PLAIN.clone();
    let end = split.len() - 22;
    split[end + 4..end + 8].copy_from_slice(&[3, 0, 3, 0]);
    let opened = Opened::new(split).index;
    assert!(matches!(opened, Err(Error::Unsupported { .. })));
}

#[test]
fn entries_that_overlap_are_refused() {
    let names: Vec<_> = (0..200).map(|n| format!("{n}").into_bytes()).collect();
    let mut same: Vec<_> = names.iter().map(|name| Made::stored(name, b"")).collect();
    same[0].data = &[7; 500];
    for entry in &mut same {
        (entry.start, entry.packed, entry.length) = (Some(0), 500, 500);
    }
    assert_corrupt(make(&same), "all at one place");
    let mut long = Made::stored(b"a", b"xxxx");
    (long.packed, long.length) = (1000, 1000);
    assert_corrupt(make(&[long, Made::stored(b"b", b"yyyy")]), "into the next");
    let mut past = Made::stored(b"a", b"xxxx");
    past.start = Some(u32::MAX - 1);
    assert_corrupt(make(&[past]), "past the end");
}

#[test]
fn headers_that_differ_are_told_when_read() {
    let good = make(&[Made::stored(b"a", b"0123456789")]);
    for (at, byte) in [(0, b'X'), (8, 8), (26, 2), (28, 1), (29, 0xFF)] {
        let mut bytes = good.clone();
        bytes[at] = byte;
        let opened = Opened::new(bytes);
        let read = opened.read(opened.entry("a"), 0..5);
        assert!(matches!(read, Err(Error::Corrupt { .. })), "byte {at}");
    }
    let mut two_lengths = Made::stored(b"a", b"0123456789");
    two_lengths.length = u32::MAX - 1;
    let opened = Opened::new(make(&[two_lengths]));
    assert!(matches!(
        opened.read(opened.entry("a"), 0..5),
        Err(Error::Corrupt { .. })
    ));
}

#[test]
fn limits_hold() {
    let entries = [Made::stored(b"name", b"1"), Made::stored(b"b", b"2")];
    for limits in [
        Limits {
            entries: 1,
            ..Limits::default()
        },
        Limits {
            header_bytes: 60,
            ..Limits::default()
        },
    ] {
        let opened = Opened::within(make(&entries), limits).index;
        assert!(matches!(opened, Err(Error::Unsupported { .. })));
    }
    let limits = Limits {
        name_bytes: 3,
        ..Limits::default()
    };
    let opened = Opened::within(make(&entries), limits);
    assert_eq!(opened.entry("name").state, State::Hidden);
    assert_eq!(opened.entry("b").state, State::Ready);
}

#[test]
fn names_are_kept_as_they_are() {
    for name in [
        &b"../../etc/passwd"[..],
        b"/abs",
        b"C:\\x",
        b"a\0b",
        b"",
        b"\x83\x65\x83\x58",
    ] {
        let opened = Opened::new(make(&[Made::stored(name, b"1")]));
        let entries = opened.index.unwrap().entries;
        assert_eq!(&*entries[0].name.bytes, name);
        assert_eq!(entries[0].name.text, None);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]
    #[test]
    fn damage_never_panics(
        damage in prop::collection::vec((0_usize..400, any::<u8>()), 1..6),
        local: bool,
    ) {
        let deflated = Made { method: 8, ..Made::stored(b"b", b"\x03\x00 and more") };
        let mut bytes = make(&[Made::stored(b"a", b"0123456789"), deflated]);
        bytes.splice(0..0, *b"in front");
        let length = bytes.len();
        for (at, byte) in damage {
            let at = at % length;
            bytes[if local { at } else { length - 1 - at }] = byte;
        }
        let opened = Opened::new(bytes);
        if let Ok(index) = &opened.index {
            for entry in &index.entries {
                let asked = entry.length.min(1000);
                if let Ok(read) = opened.read(entry, 0..asked) && entry.state == State::Ready {
                    prop_assert!(entry.is_dir || read.len() as u64 == asked);
                }
            }
        }
    }
}
