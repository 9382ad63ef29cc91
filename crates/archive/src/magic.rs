//! What format a file is, by its bytes.

use universal_p2p_core::{ReadCx, Result};

use crate::Source;

/// Bytes at the start that tell the format: the first header of a tar is the longest.
const HEAD: u64 = 512;

/// Bytes at the end in which the record is that ends a zip: the record and its longest comment.
const TAIL: u64 = 22 + 65_535;

/// What a zip ends with, before its comment.
const ZIP_END: &[u8] = b"PK\x05\x06";

/// Bytes of the record that a zip ends with where it has no comment.
const ZIP_RECORD: u64 = 22;

/// What a RAR begins with, behind a program of at most so many bytes.
const RAR: &[u8] = b"Rar!\x1a\x07";

/// What a 7z begins with, and the first byte of its version, in which nothing changes.
const SEVEN: &[u8] = b"7z\xbc\xaf\x27\x1c\0";

/// Bytes before everything else in a 7z.
const SEVEN_START: u64 = 32;

/// Bytes of a program that may stand before a RAR or a 7z.
const PREFIX: u64 = 1 << 20;

/// A format of archives.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Format {
    /// ZIP and all that is one: cbz, epub, jar, apk.
    Zip,
    /// RAR of any version.
    Rar,
    /// 7z, behind a program of so many bytes.
    Seven(u64),
    /// A plain tar.
    Tar,
    /// A tar that was packed as a whole.
    PackedTar(Packing),
}

/// How a tar was packed as a whole.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Packing {
    Gzip,
    Zstd,
    Xz,
    Bzip2,
}

/// Extensions of what may be a zip though it begins with something else, such as a program.
const ZIP_WITH_PREFIX: [&str; 12] = [
    "zip", "cbz", "epub", "jar", "apk", "xpi", "docx", "xlsx", "pptx", "odt", "crx", "exe",
];

/// Extensions of what may be a RAR or 7z though it begins as a program.
const WITH_PROGRAM: [&str; 3] = ["exe", "sfx", "rar"];

/// What programs begin with, of Windows and of Unix.
const PROGRAMS: [&[u8]; 2] = [b"MZ", b"\x7fELF"];

/// Extensions of what may be a tar though it has no magic.
const OLD_TAR: [&str; 2] = ["tar", "cbt"];

/// The format of a file, or none where it is no archive. The name only says where to look: what does
/// not look like an archive at its start is looked at further only where its name promises one.
///
/// # Errors
/// Whatever kept the bytes away.
pub(crate) async fn detect(source: &Source, name: &str, cx: &ReadCx) -> Result<Option<Format>> {
    let name = name.to_ascii_lowercase();
    let extension = name.rsplit_once('.').map_or("", |(_, extension)| extension);
    let may_be_zip = ZIP_WITH_PREFIX.contains(&extension);
    // Of a zip the end is read next in any case; its start may lie where nobody wants anything.
    if may_be_zip && extension != "exe" && source.length() > ZIP_RECORD {
        let record = source.length() - ZIP_RECORD..source.length();
        if source.read(record, cx).await?.starts_with(ZIP_END) {
            return Ok(Some(Format::Zip));
        }
    }
    let head = source.read(0..HEAD.min(source.length()), cx).await?;
    let found = by_head(&head, &name);
    if found.is_some() {
        return Ok(found);
    }
    let is_program = PROGRAMS.iter().any(|begin| head.starts_with(begin));
    if is_program || WITH_PROGRAM.contains(&extension) {
        let start = source.read(0..PREFIX.min(source.length()), cx).await?;
        if let Some(found) = behind_program(&start, source.length()) {
            return Ok(Some(found));
        }
    }
    if is_program || may_be_zip {
        let tail = source.length().saturating_sub(TAIL)..source.length();
        let tail = source.read(tail, cx).await?;
        if tail.windows(ZIP_END.len()).any(|bytes| bytes == ZIP_END) {
            return Ok(Some(Format::Zip));
        }
    }
    Ok(None)
}

/// What begins within a program, of a file of this length. A program that unpacks has the marks among
/// its own bytes too, so that what stands behind the mark of a 7z has to fit.
fn behind_program(start: &[u8], length: u64) -> Option<Format> {
    let number = |at: usize| {
        let bytes = start.get(at..at + 8)?.try_into().ok()?;
        Some(u64::from_le_bytes(bytes))
    };
    let is_seven = |at: usize| {
        let ends = number(at + 12)
            .zip(number(at + 20))
            .and_then(|(offset, size)| {
                let begin = (at as u64).checked_add(SEVEN_START)?;
                begin.checked_add(offset)?.checked_add(size)
            });
        ends.is_some_and(|end| end <= length)
    };
    for (at, bytes) in start.windows(SEVEN.len()).enumerate() {
        if bytes.starts_with(RAR) {
            return Some(Format::Rar);
        }
        if bytes == SEVEN && is_seven(at) {
            return Some(Format::Seven(at as u64));
        }
    }
    None
}

fn by_head(head: &[u8], name: &str) -> Option<Format> {
    let extension = name.rsplit_once('.').map_or("", |(_, extension)| extension);
    match head {
        [b'P', b'K', 3, 4, ..] | [b'P', b'K', 5, 6, ..] | [b'P', b'K', 7, 8, ..] => {
            Some(Format::Zip)
        }
        // The second is of versions that are refused.
        [b'R', b'a', b'r', b'!', 0x1a, 7, ..] | [b'R', b'E', b'~', b'^', ..] => Some(Format::Rar),
        [b'7', b'z', 0xbc, 0xaf, 0x27, 0x1c, ..] => Some(Format::Seven(0)),
        [0x1f, 0x8b, ..] => packed(name, Packing::Gzip, &["tgz", "taz"], "gz"),
        // The second is a frame that is jumped over.
        [0x28, 0xb5, 0x2f, 0xfd, ..] | [0x50..=0x5f, 0x2a, 0x4d, 0x18, ..] => {
            packed(name, Packing::Zstd, &["tzst"], "zst")
        }
        [0xfd, b'7', b'z', b'X', b'Z', 0, ..] => packed(name, Packing::Xz, &["txz"], "xz"),
        [b'B', b'Z', b'h', ..] => packed(name, Packing::Bzip2, &["tbz", "tbz2"], "bz2"),
        _ if head.get(257..262) == Some(b"ustar") => Some(Format::Tar),
        _ if OLD_TAR.contains(&extension) && has_tar_checksum(head) => Some(Format::Tar),
        _ => None,
    }
}

/// A packed tar by its name; without such a name it is some packed file, with one thing in it.
fn packed(name: &str, packing: Packing, short: &[&str], long: &str) -> Option<Format> {
    let (stem, extension) = name.rsplit_once('.')?;
    let is_tar = short.contains(&extension) || extension == long && stem.ends_with(".tar");
    is_tar.then_some(Format::PackedTar(packing))
}

/// Whether the first block has the sum that the header of a tar has, which also says so where an empty
/// one ends.
fn has_tar_checksum(head: &[u8]) -> bool {
    if head.len() < 512 {
        return false;
    }
    if head.iter().all(|byte| *byte == 0) {
        return true;
    }
    let sum = head.iter().enumerate().map(|(at, byte)| match at {
        148..156 => u32::from(b' '),
        _ => u32::from(*byte),
    });
    let written = str::from_utf8(&head[148..156]).unwrap_or_default();
    let written = written.trim_matches(|letter| letter == ' ' || letter == '\0');
    u32::from_str_radix(written, 8).is_ok_and(|written| written == sum.sum::<u32>())
}

#[cfg(test)]
mod fuzz;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{CX, Served};

    fn head(first: &[u8]) -> Vec<u8> {
        let mut head = vec![0; 512];
        head[..first.len()].copy_from_slice(first);
        head
    }

    #[test]
    fn formats_are_told_by_their_bytes() {
        let mut tar = head(b"a.txt");
        tar[257..262].copy_from_slice(b"ustar");
        for (bytes, name, wanted) in [
            (head(b"PK\x03\x04"), "x.jpg", Some(Format::Zip)),
            (head(b"PK\x05\x06"), "empty.zip", Some(Format::Zip)),
            (head(b"Rar!\x1a\x07\x00"), "x", Some(Format::Rar)),
            (head(b"Rar!\x1a\x07\x01\x00"), "x.cbr", Some(Format::Rar)),
            (head(b"7z\xbc\xaf\x27\x1c"), "x", Some(Format::Seven(0))),
            (tar, "x", Some(Format::Tar)),
            (head(b""), "x.tar", Some(Format::Tar)),
            (head(b""), "x", None),
            (head(b"text"), "x.zip", None),
            (head(b"text"), "x.tar", None),
            (head(b"\x1f\x8b"), "x.gz", None),
            (
                head(b"\x1f\x8b"),
                "x.tar.gz",
                Some(Format::PackedTar(Packing::Gzip)),
            ),
            (
                head(b"\x50\x2a\x4d\x18"),
                "x.tar.zst",
                Some(Format::PackedTar(Packing::Zstd)),
            ),
            (
                head(b"BZh9"),
                "x.tbz2",
                Some(Format::PackedTar(Packing::Bzip2)),
            ),
        ] {
            assert_eq!(by_head(&bytes, name), wanted, "{name}");
        }
        assert_eq!(by_head(b"P", "x.zip"), None);
    }

    #[test]
    fn what_stands_behind_a_program_is_found() {
        let mut program = b"MZ 7z\xbc\xaf\x27\x1c\0 is the mark".to_vec();
        program.resize(100, 0xff);
        assert_eq!(behind_program(&program, 1000), None);
        let mut seven = program.clone();
        seven.extend(SEVEN);
        seven.extend([0; 25]);
        assert_eq!(behind_program(&seven, 132), Some(Format::Seven(100)));
        assert_eq!(behind_program(&seven[..131], 131), None);
        program.extend(RAR);
        program.push(0);
        assert_eq!(behind_program(&program, 1000), Some(Format::Rar));
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn a_program_that_unpacks_itself_is_an_archive_whatever_it_is_called() {
        let zip = [ZIP_END, &[0; 18]].concat();
        let rar = [RAR, b"\x01\0"].concat();
        for program in PROGRAMS {
            for (archive, wanted) in [
                (&zip, Some(Format::Zip)),
                (&rar, Some(Format::Rar)),
                (&Vec::new(), None),
            ] {
                let mut bytes = program.to_vec();
                bytes.resize(100_000, b'x');
                bytes.extend(archive);
                let served = Served::new(bytes);
                for name in ["setup.exe", "setup", "install.bin"] {
                    let found = detect(&served.source(), name, &CX).await;
                    assert_eq!(found.expect("there"), wanted, "{name}");
                }
            }
        }
    }

    #[test]
    fn a_tar_without_magic_has_a_sum() {
        let mut block = head(b"a.txt");
        block[148..156].copy_from_slice(b"        ");
        let sum: u32 = block.iter().map(|byte| u32::from(*byte)).sum();
        block[148..156].copy_from_slice(format!("{sum:06o}\0 ").as_bytes());
        assert_eq!(by_head(&block, "x.tar"), Some(Format::Tar));
        assert_eq!(by_head(&block, "x.bin"), None);
        block[0] ^= 1;
        assert_eq!(by_head(&block, "x.tar"), None);
    }
}
