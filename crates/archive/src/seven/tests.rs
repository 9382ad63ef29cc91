mod fuzz;

use std::{fs, path::Path, process::Command};

use tokio::runtime::Runtime;

use super::*;
use crate::testing::{self, CX, Served, spools};

/// The files that are packed, in a folder of their own.
fn files(folder: &Path) {
    let script = r#"
import os, random
random.seed(3)
os.makedirs("in/dir/empty", exist_ok=True)
open("in/a.txt", "wb").write(b"hello " * 5000)
open("in/dir/random.bin", "wb").write(random.randbytes(300000))
open("in/dir/text.txt", "wb").write(b"".join(b"line %d\n" % n for n in range(100000)))
open("in/none", "wb").write(b"")
open("in/z.bin", "wb").write(random.randbytes(70000) * 3)
"#;
    let made = Command::new("python3")
        .args(["-c", script])
        .current_dir(folder)
        .status();
    assert!(made.expect("python3 runs").success());
}

/// Packs them with 7z, which not every machine has.
fn pack(folder: &Path, arguments: &[&str]) -> Option<Vec<u8>> {
    let _ = fs::remove_file(folder.join("out.7z"));
    let made = Command::new("7z")
        .args(["a", "-t7z", "../out.7z", "."])
        .args(arguments)
        .current_dir(folder.join("in"))
        .output();
    let made = made.ok()?;
    assert!(made.status.success(), "{arguments:?}");
    fs::read(folder.join("out.7z")).ok()
}

fn indexed(served: &Served, runtime: &Runtime, spools: &Arc<Spools>) -> Result<Index> {
    let mut reader = served.reader(runtime.handle());
    let (source, etag) = (served.source(), served.etag());
    index(&mut reader, &source, &etag, &Limits::default(), spools)
}

fn content_of(index: &Index, name: &str) -> Arc<Content> {
    let mut entries = index.entries.iter();
    let entry = entries.find(|entry| &*entry.name.bytes == name.as_bytes());
    Arc::clone(&entry.expect("it is listed").content)
}

#[test]
fn every_entry_is_what_7z_packed() {
    let (folder, disk) = (tempfile::tempdir().expect("a folder"), tempfile::tempdir());
    files(folder.path());
    let (runtime, spools) = (
        Runtime::new().expect("a runtime"),
        spools(&disk.expect("a folder")),
    );
    for (number, arguments) in [
        &["-m0=copy"][..],
        &["-m0=lzma2", "-ms=on"],
        &["-m0=lzma2", "-ms=off"],
        &["-m0=lzma", "-ms=on"],
        &[
            "-m0=bcj2",
            "-m1=lzma:d20",
            "-m2=lzma:d20",
            "-m3=lzma:d20",
            "-mb0:1",
            "-mb0s1:2",
            "-mb0s2:3",
        ],
        &["-mf=bcj", "-m0=lzma2"],
        &["-m0=delta:4", "-m1=lzma2"],
        &["-m0=ppmd:mem=24m", "-ms=on"],
        &["-m0=deflate", "-ms=off"],
        &["-m0=deflate64", "-ms=on"],
        &["-m0=delta:4", "-m1=bzip2"],
        &["-m0=bcj", "-m1=bzip2", "-ms=on"],
        &["-m0=lzma2", "-mhc=off"],
    ]
    .into_iter()
    .enumerate()
    {
        let Some(bytes) = pack(folder.path(), arguments) else {
            return;
        };
        let served = Served::named(&number.to_string(), bytes);
        let index = indexed(&served, &runtime, &spools).expect("a 7z");
        assert!(
            served.bytes_read() <= 3 * 64 * 1024,
            "the listing reads the header"
        );
        assert!(
            index
                .entries
                .iter()
                .all(|entry| entry.state == State::Ready)
        );
        for name in ["a.txt", "dir/random.bin", "dir/text.txt", "none", "z.bin"] {
            let right = fs::read(folder.path().join("in").join(name)).expect("there");
            let content = content_of(&index, name);
            for range in testing::ranges(right.len() as u64) {
                let read = runtime.block_on(async {
                    testing::all(content.open(range.clone(), &CX).await?).await
                });
                let within = |at| usize::try_from(at).expect("in memory");
                let part = &right[within(range.start)..within(range.end)];
                assert!(
                    read.expect("readable") == part,
                    "{arguments:?} {name} {range:?}"
                );
            }
        }
    }
}

#[test]
fn what_is_only_stored_is_a_range() {
    let (folder, disk) = (tempfile::tempdir().expect("a folder"), tempfile::tempdir());
    files(folder.path());
    let (runtime, spools) = (
        Runtime::new().expect("a runtime"),
        spools(&disk.expect("a folder")),
    );
    let Some(bytes) = pack(folder.path(), &["-m0=copy"]) else {
        return;
    };
    let index = indexed(&Served::new(bytes), &runtime, &spools).expect("a 7z");
    assert!(matches!(&*content_of(&index, "z.bin"), Content::Map(_)));
    assert!(matches!(&*content_of(&index, "a.txt"), Content::Map(_)));
}

#[test]
fn what_needs_a_password_or_an_unknown_method_is_told_apart() {
    let (folder, disk) = (tempfile::tempdir().expect("a folder"), tempfile::tempdir());
    files(folder.path());
    let (runtime, spools) = (
        Runtime::new().expect("a runtime"),
        spools(&disk.expect("a folder")),
    );
    for (arguments, state, count) in [
        (&["-psecret"][..], State::Encrypted, 7),
        (&["-psecret", "-mhe=on"], State::Encrypted, 1),
        (&["-m0=swap4", "-m1=lzma2"], State::Unsupported, 7),
        (&["-m0=lzma2:d=512m"], State::Ready, 7),
    ] {
        let Some(bytes) = pack(folder.path(), arguments) else {
            return;
        };
        let index = indexed(&Served::new(bytes), &runtime, &spools).expect("a 7z");
        assert_eq!(index.entries.len(), count, "{arguments:?}");
        let full = index.entries.iter().find(|entry| entry.length > 0);
        assert_eq!(full.map(|entry| entry.state), Some(state), "{arguments:?}");
    }
}

#[test]
fn a_dictionary_that_is_too_large_is_not_made() {
    assert_eq!(memory::dictionary(EncoderMethod::ID_LZMA2, &[40]), u32::MAX);
    assert_eq!(memory::dictionary(EncoderMethod::ID_LZMA2, &[24]), 16 << 20);
    for id in [EncoderMethod::ID_LZMA, EncoderMethod::ID_PPMD] {
        let of = memory::of(id, &[0x5d, 0, 0, 0, 0x40]);
        assert!(of > Limits::default().memory);
    }
}

#[test]
fn damage_is_an_error_and_never_a_panic() {
    let (folder, disk) = (tempfile::tempdir().expect("a folder"), tempfile::tempdir());
    files(folder.path());
    let (runtime, spools) = (
        Runtime::new().expect("a runtime"),
        spools(&disk.expect("a folder")),
    );
    let Some(bytes) = pack(folder.path(), &["-mhc=off"]) else {
        return;
    };
    for length in [0, 5, 31, 32, 1000, bytes.len() - 1] {
        let served = Served::new(bytes[..length].to_vec());
        let found = indexed(&served, &runtime, &spools);
        assert!(matches!(found, Err(Error::Corrupt { .. })), "{length}");
    }
    // Every byte of the header, changed, with the checksums made right again.
    let field = |at: usize| u64::from_le_bytes(bytes[at..at + 8].try_into().expect("eight"));
    let begin = usize::try_from(32 + field(12)).expect("in memory");
    for at in begin..bytes.len() {
        for with in [0xFF, bytes[at].wrapping_add(1)] {
            let mut changed = bytes.clone();
            changed[at] = with;
            let sum = crc32fast::hash(&changed[begin..]);
            changed[28..32].copy_from_slice(&sum.to_le_bytes());
            let sum = crc32fast::hash(&changed[12..32]);
            changed[8..12].copy_from_slice(&sum.to_le_bytes());
            if let Ok(index) = indexed(&Served::new(changed), &runtime, &spools) {
                assert!(index.entries.len() <= 200);
            }
        }
    }
}

#[test]
fn packed_bytes_that_are_damaged_are_told() {
    let (folder, disk) = (tempfile::tempdir().expect("a folder"), tempfile::tempdir());
    files(folder.path());
    let (runtime, spools) = (
        Runtime::new().expect("a runtime"),
        spools(&disk.expect("a folder")),
    );
    for method in ["lzma2", "bzip2", "deflate", "deflate64", "ppmd"] {
        let method = format!("-m0={method}");
        let Some(mut bytes) = pack(folder.path(), &[&method, "-ms=on"]) else {
            return;
        };
        bytes[200_000] ^= 0x55;
        let served = Served::named(&method, bytes);
        let index = indexed(&served, &runtime, &spools).expect("the header is sound");
        let length = fs::metadata(folder.path().join("in/z.bin"))
            .expect("there")
            .len();
        let content = content_of(&index, "z.bin");
        let read =
            runtime.block_on(async { testing::all(content.open(0..length, &CX).await?).await });
        assert!(matches!(read, Err(Error::Corrupt { .. })), "{method}");
    }
}
