//! Files with holes.

use std::{fs, process::Command};

use tokio::runtime::Runtime;

use super::{super::*, block, indexed};
use crate::testing::{self, Served};

#[test]
fn holes_of_files_read_as_zeros() {
    let folder = tempfile::tempdir().expect("a folder");
    let made = Command::new("sh")
        .args(["-c", "truncate -s 1M s && printf x | dd of=s bs=1 seek=500000 conv=notrunc 2>/dev/null && for i in 1 2 3 4 5 6 7 8 9; do printf x | dd of=s bs=1 seek=${i}0000 conv=notrunc 2>/dev/null; done; echo hello >t && tar --format=gnu -S -cf g.tar s t && tar --format=posix -S -cf p.tar s t && tar --format=posix -S --sparse-version=0.0 -cf 0.tar s t && tar --format=posix -S --sparse-version=0.1 -cf 1.tar s t"])
        .current_dir(folder.path())
        .status();
    assert!(made.expect("a shell runs").success());
    let whole = fs::read(folder.path().join("s")).expect("a file");
    for name in ["g.tar", "p.tar", "0.tar", "1.tar"] {
        let bytes = fs::read(folder.path().join(name)).expect("a tar");
        assert!(bytes.len() < 200_000, "it has holes");
        let (index, _) = indexed(bytes);
        let index = index.expect("a tar");
        assert_eq!(&*index.entries[0].name.bytes, b"s", "{name}");
        assert_eq!(index.entries[0].length, 1 << 20, "{name}");
        testing::assert_reads(&index.entries[0], &whole);
        testing::assert_reads(&index.entries[1], b"hello\n");
    }
}

#[test]
fn a_map_of_holes_that_lies_is_not_believed() {
    for records in [
        // behind the end, in each other, more than there is, half a piece
        &[("size", "10"), ("map", "8,3")][..],
        &[("size", "10"), ("map", "4,2,5,1")],
        &[("size", "1000"), ("map", "0,600")],
        &[("size", "10"), ("map", "0,1,2")],
        &[("size", "10"), ("numbytes", "1")],
        &[("size", "10"), ("map", "18446744073709551615,1")],
        &[("size", "x")],
        &[("major", "1"), ("realsize", "10")],
    ] {
        let (found, _) = indexed(with_holes(records));
        assert!(matches!(found, Err(Error::Corrupt { .. })), "{records:?}");
    }
}

#[test]
fn pieces_between_holes_count_as_entries_do() {
    let served = Served::new(with_holes(&[("size", "10"), ("map", "0,1,2,1,4,1")]));
    let runtime = Runtime::new().expect("a runtime");
    let most = |entries| Limits {
        entries,
        ..Limits::default()
    };
    for (entries, fits) in [(4, true), (3, false)] {
        let mut reader = served.reader(runtime.handle());
        let found = index(&mut reader, &served.source(), &most(entries));
        assert_eq!(found.is_ok(), fits, "{entries}");
    }
}

/// A tar with one file, of which these records speak.
fn with_holes(records: &[(&str, &str)]) -> Vec<u8> {
    let mut pax = Vec::new();
    for (key, value) in records {
        let record = format!(" GNU.sparse.{key}={value}\n");
        // each is shorter than 100 bytes, and longer than 9
        pax.extend(format!("{}{record}", record.len() + 2).into_bytes());
    }
    let mut bytes = block("pax", b'x', pax.len());
    pax.resize(512, 0);
    bytes.extend(pax);
    bytes.extend(block("s", b'0', 512));
    bytes.extend([b'1'; 512]);
    bytes
}
