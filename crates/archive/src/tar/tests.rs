mod fuzz;
mod holes;

use std::{fs, path::Path, process::Command};

use tokio::runtime::Runtime;
use universal_p2p_core::Result;

use super::*;
use crate::{
    magic::Packing,
    testing::{self, Served},
};

/// Makes files and packs them with Python; returns the tar.
fn pack(folder: &Path, format: &str) -> Vec<u8> {
    let script = format!(
        r#"
import tarfile, io, os, random
random.seed(7)
t = tarfile.open("out.tar", "w", format=tarfile.{format})
def add(name, data, **more):
    info = tarfile.TarInfo(name); info.size = len(data); info.mtime = 1700000000
    for key, value in more.items(): setattr(info, key, value)
    t.addfile(info, io.BytesIO(data))
add("a.txt", b"short")
add("empty", b"")
add("dir/" + "long" * 60 + "/" + "n" * 120 + ".bin", random.randbytes(100000))
add("ümlaut/文.bin", random.randbytes(70001))
add("dir", b"", type=tarfile.DIRTYPE)
add("link", b"", type=tarfile.SYMTYPE, linkname="/etc/passwd")
add("hard", b"", type=tarfile.LNKTYPE, linkname="a.txt")
add("dev", b"", type=tarfile.CHRTYPE)
add("last.bin", random.randbytes(512))
t.close()
os.mkdir("out"); n = 0
t = tarfile.open("out.tar")
for m in t:
    if m.isreg() and not m.islnk():
        open("out/" + str(n), "wb").write(t.extractfile(m).read())
    n += 1
"#
    );
    let done = Command::new("python3")
        .args(["-c", &script])
        .current_dir(folder)
        .status();
    assert!(done.expect("python3 runs").success());
    fs::read(folder.join("out.tar")).expect("a tar")
}

fn indexed(bytes: Vec<u8>) -> (Result<Index>, Served) {
    let served = Served::new(bytes);
    let runtime = Runtime::new().expect("a runtime");
    let mut reader = served.reader(runtime.handle());
    let found = index(&mut reader, &served.source(), &Limits::default());
    (found, served)
}

#[test]
fn entries_are_ranges_of_the_file() {
    for format in ["GNU_FORMAT", "PAX_FORMAT"] {
        let folder = tempfile::tempdir().expect("a folder");
        let (index, _) = indexed(pack(folder.path(), format));
        let index = index.expect("a tar");
        let states: Vec<_> = index.entries.iter().map(|entry| entry.state).collect();
        let hidden = State::Hidden;
        let ready = State::Ready;
        assert_eq!(
            states,
            [
                ready, ready, ready, ready, ready, hidden, hidden, hidden, ready
            ]
        );
        assert!(index.entries[4].is_dir);
        assert_eq!(&*index.entries[3].name.bytes, "ümlaut/文.bin".as_bytes());
        assert_eq!(index.entries[2].name.bytes.len(), 4 + 240 + 1 + 124);
        let seconds = Duration::from_secs(1_700_000_000);
        let then = SystemTime::UNIX_EPOCH + seconds;
        assert_eq!(index.entries[0].modified, Some(then));
        for number in [0, 1, 2, 3, 8] {
            let right = fs::read(folder.path().join("out").join(number.to_string()));
            testing::assert_reads(&index.entries[number], &right.expect("unpacked"));
        }
    }
}

#[test]
fn listing_reads_headers_and_no_bodies() {
    let mut tar = tar::Builder::new(Vec::new());
    for number in 0..10 {
        let body = vec![number; 1 << 20];
        let mut header = Header::new_gnu();
        header.set_size(body.len() as u64);
        let name = format!("{number}.bin");
        tar.append_data(&mut header, name, &body[..])
            .expect("into memory");
    }
    let (index, served) = indexed(tar.into_inner().expect("into memory"));
    assert_eq!(index.expect("a tar").entries.len(), 10);
    assert!(
        served.bytes_read() <= 12 * 64 * 1024,
        "a page for each header"
    );
}

#[test]
fn a_tar_that_is_cut_off_or_changed_is_damaged() {
    let folder = tempfile::tempdir().expect("a folder");
    let whole = pack(folder.path(), "GNU_FORMAT");
    for length in [100, 515, 1024 + 300, 50_000, 150_000] {
        let (found, _) = indexed(whole[..length].to_vec());
        assert!(matches!(found, Err(Error::Corrupt { .. })), "{length}");
    }
    let mut changed = whole.clone();
    changed[3] ^= 1;
    assert!(matches!(indexed(changed).0, Err(Error::Corrupt { .. })));
}

#[test]
fn a_header_that_says_too_much_is_not_believed() {
    for (kind, size) in [
        (EntryType::Regular, u64::MAX / 2),
        (EntryType::XHeader, 1 << 40),
        (EntryType::GNULongName, 3000),
    ] {
        let mut header = Header::new_gnu();
        header.set_entry_type(kind);
        header.set_size(size);
        header.set_cksum();
        let bytes = header.as_bytes().to_vec();
        assert!(matches!(indexed(bytes).0, Err(Error::Corrupt { .. })));
    }
}

#[test]
fn a_packed_tar_is_listed_and_read_like_any_other() {
    let (folder, disk) = (tempfile::tempdir(), tempfile::tempdir().expect("a folder"));
    let folder = folder.expect("a folder");
    pack(folder.path(), "PAX_FORMAT");
    let spools = testing::spools(&disk);
    let runtime = Runtime::new().expect("a runtime");
    for (program, packing) in [
        ("gzip", Packing::Gzip),
        ("xz", Packing::Xz),
        ("bzip2", Packing::Bzip2),
        ("zstd", Packing::Zstd),
    ] {
        let script = format!(
            "{program} -c out.tar > a; {program} -c </dev/null > b; cat a b > out.{program}"
        );
        let made = Command::new("sh")
            .args(["-c", &script])
            .current_dir(folder.path())
            .status();
        assert!(made.expect("a shell runs").success());
        let bytes = fs::read(folder.path().join(format!("out.{program}"))).expect("packed");
        if bytes.is_empty() {
            continue; // This machine does not have the program.
        }
        let open = |bytes: Vec<u8>| {
            let served = Served::named(program, bytes);
            let mut reader = served.reader(runtime.handle());
            let (source, limits) = (served.source(), Limits::default());
            packed_index(&mut reader, &source, packing, program, &limits, &spools)
        };
        for length in [bytes.len() / 2, bytes.len() / 3, 10] {
            let cut = open(bytes[..length].to_vec());
            assert!(
                matches!(cut, Err(Error::Corrupt { .. })),
                "{program} {length}"
            );
        }
        let index = open(bytes).expect("a packed tar");
        assert_eq!(index.entries.len(), 9);
        for number in [0, 1, 2, 3, 8] {
            let right = fs::read(folder.path().join("out").join(number.to_string()));
            testing::assert_reads(&index.entries[number], &right.expect("unpacked"));
        }
    }
}

#[test]
fn a_tar_that_is_packed_too_well_is_refused() {
    let folder = tempfile::tempdir().expect("a folder");
    let disk = tempfile::tempdir().expect("a folder");
    let made = Command::new("sh")
        .args([
            "-c",
            "truncate -s 400M z && tar -cf - z | bzip2 -c > z.tar.bz2",
        ])
        .current_dir(folder.path())
        .status();
    assert!(made.expect("a shell runs").success());
    let served = Served::new(fs::read(folder.path().join("z.tar.bz2")).expect("packed"));
    if served.source().length() == 0 {
        return; // This machine does not have the program.
    }
    let runtime = Runtime::new().expect("a runtime");
    let mut reader = served.reader(runtime.handle());
    let (source, limits) = (served.source(), Limits::default());
    let spools = testing::spools(&disk);
    let found = packed_index(&mut reader, &source, Packing::Bzip2, "z", &limits, &spools);
    assert!(matches!(found, Err(Error::Corrupt { .. })));
}

#[test]
fn values_of_records_may_have_any_bytes() {
    let mut extensions = Extensions::default();
    let records = b"24 SCHILY.xattr.a=\n=\x00\n9\n20 path=a long name\n\0\0";
    extensions
        .set_pax(records, &Limits::default())
        .expect("two records");
    assert_eq!(extensions.name.as_deref(), Some(b"a long name".as_slice()));
    for wrong in [
        &b"9999 path=a\n"[..],
        b"path=a\n",
        b"3 \n",
        b"99999999999999999999 a=b",
    ] {
        assert!(
            Extensions::default()
                .set_pax(wrong, &Limits::default())
                .is_err()
        );
    }
}

#[test]
fn sums_may_be_of_signed_bytes() {
    let mut bytes = block("caf\u{e9}", b'0', 0);
    let sum = sums(&bytes)[1];
    bytes[148..156].copy_from_slice(format!("{sum:06o}\0 ").as_bytes());
    assert_eq!(indexed(bytes).0.expect("a tar").entries.len(), 1);
}

#[test]
fn a_directory_without_a_type_has_no_body_whatever_its_length() {
    let mut bytes = block("one/", 0, 1);
    bytes.extend(block("two", b'0', 0));
    assert_eq!(indexed(bytes).0.expect("a tar").entries.len(), 2);
}

/// A header.
fn block(name: &str, kind: u8, length: usize) -> Vec<u8> {
    let mut header = Header::new_old();
    let bytes = header.as_mut_bytes();
    bytes[..name.len()].copy_from_slice(name.as_bytes());
    bytes[156] = kind;
    header.set_size(length as u64);
    header.set_cksum();
    header.as_bytes().to_vec()
}
