mod fuzz;
mod hostile;

use std::{fs, path::Path, process::Command, sync::Arc, time::Duration};

use futures_util::TryStreamExt;
use tempfile::{TempDir, tempdir};
use tokio::runtime::{Builder, Runtime};
use universal_p2p_core::{Priority, ReadCx, Result};

use super::index;
use crate::{
    index::{Entry, Index, State},
    limits::Limits,
    spool::Spools,
    testing::{Served, spools},
};

const CX: ReadCx = ReadCx {
    first_byte: Duration::from_secs(5),
    stall: Duration::from_secs(5),
    priority: Priority::Interactive,
};

/// Writes a ZIP of the files below the folder `argv[2]`, named relative to it.
const PYTHON: &str = r"
import os, sys, zipfile
out, root, *options = sys.argv[1:]
if 'zip64' in options:
    zipfile.ZIP64_LIMIT = 1000
if 'prefix' in options:
    open(out, 'wb').write(b'#!/bin/sh\nexit 0\n' * 1000)
method = zipfile.ZIP_STORED if 'stored' in options else zipfile.ZIP_DEFLATED
with zipfile.ZipFile(out, 'a' if 'prefix' in options else 'w', method) as made:
    for folder, folders, files in os.walk(root):
        for name in folders + files:
            path = os.path.join(folder, name)
            if 'again' in options and os.path.isfile(path):
                made.writestr(os.path.relpath(path, root), b'an older one')
            made.write(path, os.path.relpath(path, root))
    if 'comment' in options:
        made.comment = b'PK\5\6 is no end ' + b'x' * 65000
";

thread_local! {
    /// Where what has to be decoded from its start goes, for all archives of one test.
    static SPOOLS: (TempDir, Arc<Spools>) = {
        let folder = tempdir().unwrap();
        let spools = spools(&folder);
        (folder, spools)
    };
}

/// A ZIP that is served, and the runtime that reads it.
struct Opened {
    served: Served,
    runtime: Runtime,
    index: Result<Index>,
}

impl Opened {
    fn new(bytes: Vec<u8>) -> Self {
        Self::within(bytes, Limits::default())
    }

    fn within(bytes: Vec<u8>, limits: Limits) -> Self {
        let runtime = Builder::new_multi_thread()
            .worker_threads(1)
            .enable_all()
            .build()
            .unwrap();
        let etag = format!("{:x}", crc32fast::hash(&bytes));
        let served = Served::new(bytes);
        let mut reader = served.reader(runtime.handle());
        let index =
            SPOOLS.with(|(_, spools)| index(&mut reader, &served.source(), &etag, &limits, spools));
        Self {
            served,
            runtime,
            index,
        }
    }

    fn entry(&self, name: &str) -> &Entry {
        let entries = &self
            .index
            .as_ref()
            .unwrap_or_else(|error| panic!("{error}"))
            .entries;
        let found = entries
            .iter()
            .find(|entry| &*entry.name.bytes == name.as_bytes());
        found.unwrap_or_else(|| panic!("no {name}"))
    }

    fn read(&self, entry: &Entry, range: std::ops::Range<u64>) -> Result<Vec<u8>> {
        self.runtime.block_on(async {
            let parts: Vec<_> = entry.content.open(range, &CX).await?.try_collect().await?;
            Ok(parts.concat())
        })
    }

    /// Compares an entry with what it was made of: the whole, and ranges of it.
    fn compare(&self, name: &str, bytes: &[u8]) {
        let entry = self.entry(name);
        assert_eq!(
            (entry.state, entry.length),
            (State::Ready, bytes.len() as u64),
            "{name}"
        );
        assert_eq!(entry.checksum, u64::from(crc32fast::hash(bytes)), "{name}");
        assert!(
            self.read(entry, 0..entry.length).unwrap() == bytes,
            "{name} differs"
        );
        let mut seed = 1_u64;
        let mut random = |below: u64| {
            seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            (seed >> 33) % (below + 1)
        };
        for _ in 0..50 {
            let start = random(entry.length);
            let end = start + random(entry.length - start);
            let read = self.read(entry, start..end).unwrap();
            assert!(
                read == bytes[start as usize..end as usize],
                "{name} {start}..{end}"
            );
        }
    }
}

/// Bytes that can be packed.
fn bytes(length: usize) -> Vec<u8> {
    let words = (0_u64..).flat_map(|n| {
        (n % 99_991 * 2_654_435_761 % 10_007)
            .to_string()
            .into_bytes()
    });
    words.take(length).collect()
}

fn files() -> Vec<(&'static str, Vec<u8>)> {
    vec![
        ("a.txt", b"a few bytes".to_vec()),
        ("empty.txt", Vec::new()),
        ("folder/b.bin", bytes(300_000)),
        ("folder/größe/日本語.txt", bytes(5_000)),
        ("long.bin", bytes(2_500_000)),
    ]
}

fn write(root: &Path) {
    for (name, bytes) in files() {
        let path = root.join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, bytes).unwrap();
    }
}

/// A ZIP as Python makes it.
fn python(options: &[&str]) -> Vec<u8> {
    let folder = tempdir().unwrap();
    let (root, out) = (folder.path().join("files"), folder.path().join("made.zip"));
    write(&root);
    let mut command = Command::new("python3");
    command
        .args(["-c", PYTHON])
        .args([&out, &root])
        .args(options);
    assert!(command.status().expect("python3 is installed").success());
    fs::read(out).unwrap()
}

/// A ZIP as 7-Zip makes it.
fn seven(options: &[&str]) -> Vec<u8> {
    let folder = tempdir().unwrap();
    let (root, out) = (folder.path().join("files"), folder.path().join("made.zip"));
    write(&root);
    let mut command = Command::new("7z");
    command
        .args(["a", "-tzip", "-bso0", "-bsp0"])
        .args(options)
        .arg(out.as_os_str())
        .arg(".");
    let status = command.current_dir(&root).status();
    assert!(
        status
            .expect("7z is installed (Debian: p7zip-full)")
            .success()
    );
    fs::read(out).unwrap()
}

#[test]
fn what_python_packs_is_read() {
    for options in [
        &["stored"][..],
        &["deflated"],
        &["deflated", "zip64"],
        &["stored", "zip64", "prefix"],
        &["deflated", "comment"],
        &["deflated", "prefix"],
    ] {
        let opened = Opened::new(python(options));
        for (name, bytes) in files() {
            opened.compare(name, &bytes);
        }
        assert!(opened.entry("folder/").is_dir, "{options:?}");
        let text = opened.entry("folder/größe/日本語.txt").name.text.clone();
        assert_eq!(text.as_deref(), Some("folder/größe/日本語.txt"));
        assert_eq!(
            opened.index.as_ref().unwrap().entries.len(),
            files().len() + 2
        );
    }
}

#[test]
fn what_seven_zip_packs_is_read() {
    for options in [&["-mm=Deflate"][..], &["-mm=Copy"], &["-mx=9"], &["-mx=1"]] {
        let opened = Opened::new(seven(options));
        for (name, bytes) in files() {
            opened.compare(name, &bytes);
        }
    }
}

#[test]
fn what_is_encrypted_is_listed_so() {
    for options in [&["-psecret"][..], &["-psecret", "-mem=AES256"]] {
        let opened = Opened::new(seven(options));
        assert_eq!(opened.entry("long.bin").state, State::Encrypted);
        assert_eq!(opened.entry("long.bin").length, 2_500_000);
    }
}

#[test]
fn other_methods_are_decoded_from_their_start() {
    for (option, method) in [
        ("-mm=BZip2", "bzip2"),
        ("-mm=LZMA", "lzma"),
        ("-mm=Deflate64", "deflate64"),
        ("-mm=PPMd", "ppmd"),
    ] {
        let opened = Opened::new(seven(&[option]));
        assert_eq!(opened.entry("long.bin").method, method);
        for (name, bytes) in files() {
            opened.compare(name, &bytes);
        }
    }
}

#[test]
fn unknown_methods_are_listed_and_not_read() {
    let mut bytes = seven(&["-mm=PPMd"]);
    for (mark, method) in [(b"PK\x03\x04", 8), (b"PK\x01\x02", 10)] {
        for at in 0..bytes.len() - 11 {
            if bytes[at..].starts_with(mark) && bytes[at + method..].starts_with(&[98, 0]) {
                bytes[at + method] = 97;
            }
        }
    }
    let opened = Opened::new(bytes);
    let entry = opened.entry("long.bin");
    assert_eq!((entry.state, entry.method), (State::Unsupported, "wavpack"));
    assert!(opened.read(entry, 0..10).is_err());
    assert_eq!(opened.entry("empty.txt").state, State::Ready);
}

#[test]
fn the_last_of_one_name_wins() {
    let opened = Opened::new(python(&["deflated", "again"]));
    for (name, bytes) in files() {
        opened.compare(name, &bytes);
    }
}

#[test]
fn links_and_devices_are_hidden() {
    let plain = python(&["stored"]);
    for kind in [0o120_777_u32, 0o020_666, 0o060_666, 0o010_666, 0o140_777] {
        let mut bytes = plain.clone();
        let header = hostile::find(&bytes, b"PK\x01\x02");
        bytes[header + 38..header + 42].copy_from_slice(&(kind << 16).to_le_bytes());
        let opened = Opened::new(bytes);
        let hidden = opened.index.as_ref().unwrap().entries.iter();
        assert_eq!(
            hidden.filter(|entry| entry.state == State::Hidden).count(),
            1,
            "{kind:o}"
        );
    }
}

#[test]
fn a_listing_reads_the_end_alone() {
    let opened = Opened::new(python(&["stored"]));
    assert!(opened.index.is_ok());
    let listed = opened.served.bytes_read();
    assert!(listed <= 128 << 10, "{listed} bytes for a small directory");
    let entry = opened.entry("long.bin");
    opened
        .read(entry, entry.length - (1 << 20)..entry.length)
        .unwrap();
    assert_eq!(opened.served.bytes_read() - listed, 30 + (1 << 20));
    opened.read(entry, 5..6).unwrap();
    assert_eq!(opened.served.bytes_read() - listed, 30 + (1 << 20) + 1);
}

#[test]
fn the_time_of_the_last_change_is_told() {
    let opened = Opened::new(seven(&["-mm=Copy"]));
    let modified = opened.entry("a.txt").modified.unwrap();
    // DOS has no zones, so it may be off by hours.
    let off = modified.elapsed().unwrap_or_else(|error| error.duration());
    assert!(off < Duration::from_secs(2 * 24 * 3600), "{off:?}");
}
