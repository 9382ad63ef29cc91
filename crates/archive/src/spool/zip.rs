//! Entries of ZIPs that are packed with anything but DEFLATE.

use std::{
    io::{self, Read, Seek, SeekFrom, Write},
    sync::Arc,
};

use deflate64::Deflate64Decoder;
use lzma_rust2::LzmaReader;
use ppmd_rust::{Ppmd8Decoder, RestoreMethod};
use universal_p2p_core::{Error, Result};

use super::{Context, Make, Recipe, Spools, What};
use crate::{content::Segment, limits::Limits, magic::Packing, memory::Ration};

/// Bytes of memory that a decoder of Deflate64 takes.
const DEFLATE64: u64 = 1 << 20;

/// What the directory of a ZIP says of an entry.
pub(crate) struct ZipEntry<'a> {
    /// The entity tag of all that the archive lies in.
    pub(crate) etag: &'a str,
    /// How it is packed, as a number of the format.
    pub(crate) method: u16,
    /// Where its packed bytes are.
    pub(crate) data: &'a Segment,
    /// Bytes that come out.
    pub(crate) length: u64,
    /// The CRC-32 of those.
    pub(crate) crc: u32,
}

/// How an entry of a ZIP is decoded from its start: Deflate64, bzip2, LZMA, Zstandard,
/// xz or PPMd.
///
/// # Errors
/// [`Error::Unsupported`] for any other method, and as [`Recipe::new`].
pub(crate) fn zip_recipe(
    spools: &Arc<Spools>,
    entry: &ZipEntry<'_>,
    limits: &Limits,
) -> Result<Arc<Recipe>> {
    if !matches!(entry.method, 9 | 12 | 14 | 20 | 93 | 95 | 98) {
        return Err(Error::Unsupported {
            what: format!(
                "entries of ZIPs that are packed with method {}",
                entry.method
            ),
        });
    }
    let (method, data, length, crc) = (entry.method, entry.data.clone(), entry.length, entry.crc);
    let make: Make = Box::new(move |context, into| {
        let packed = packed(context, &data)?;
        let mut decoder = decoder(method, packed, length, context.ration())?;
        let mut sum = Sum {
            into,
            crc: crc32fast::Hasher::new(),
        };
        io::copy(&mut decoder, &mut sum)?;
        if sum.crc.finalize() == crc {
            return Ok(());
        }
        Err(io::Error::other("its checksum is wrong"))
    });
    let part = format!("zip {} at {}", entry.method, entry.data.range.start);
    let what = What {
        etag: entry.etag,
        part: &part,
        length: entry.length,
        packed: entry.data.length(),
        room: None,
    };
    Recipe::new(spools, &what, limits, make)
}

/// The packed bytes and nothing behind them.
fn packed(context: &Context, data: &Segment) -> io::Result<impl Read + use<>> {
    let mut reader = context.reader(&data.source);
    reader.seek(SeekFrom::Start(data.range.start))?;
    Ok(reader.take(data.length()))
}

fn decoder<'a>(
    method: u16,
    mut packed: impl Read + 'a,
    length: u64,
    ration: &'a Ration,
) -> io::Result<Box<dyn Read + 'a>> {
    Ok(match method {
        9 => {
            ration.have(DEFLATE64)?;
            Box::new(Deflate64Decoder::new(packed))
        }
        12 => Packing::Bzip2.decoder(packed, ration)?,
        14 => {
            // Two bytes of version, two of length, then what LZMA itself begins with.
            let mut head = [0; 9];
            packed.read_exact(&mut head)?;
            let [_, _, 5, 0, level, rest @ ..] = head else {
                return Err(io::Error::other("its LZMA header is none"));
            };
            let dictionary = u32::from_le_bytes(rest);
            // Its probabilities, of two bytes each, for as many bits as its level says.
            let (lc, lp) = (level % 9, level / 9 % 5);
            ration.have(u64::from(dictionary) + (1 << 20) + (0x600 << (lc + lp)))?;
            let packed = io::BufReader::new(packed);
            let reader = LzmaReader::new_with_props(packed, length, level, dictionary, None)?;
            Box::new(reader)
        }
        95 => Packing::Xz.decoder(packed, ration)?,
        98 => {
            // Four bits of order, eight of megabytes, four of what is done when those are full.
            let mut head = [0; 2];
            packed.read_exact(&mut head)?;
            let head = u32::from(u16::from_le_bytes(head));
            let (order, megabytes) = ((head & 0xF) + 1, (head >> 4 & 0xFF) + 1);
            ration.have(u64::from(megabytes + 1) << 20)?;
            let (packed, restore) = (io::BufReader::new(packed), RestoreMethod::from(head >> 12));
            let decoder = Ppmd8Decoder::new(packed, order, megabytes << 20, restore);
            let decoder = decoder.map_err(|error| io::Error::other(error.to_string()))?;
            // It goes on for ever.
            Box::new(decoder.take(length))
        }
        _ => Packing::Zstd.decoder(packed, ration)?,
    })
}

/// Adds up what goes through.
struct Sum<'a> {
    into: &'a mut dyn Write,
    crc: crc32fast::Hasher,
}

impl Write for Sum<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let written = self.into.write(bytes)?;
        self.crc.update(&bytes[..written]);
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.into.flush()
    }
}

#[cfg(test)]
mod tests {
    use std::{fs, process::Command};

    use super::*;
    use crate::{
        spool::Slice,
        testing::{self, CX, Served},
    };

    /// Where the first entry's bytes are, by its local header, and what its directory says of it.
    fn first(zip: &[u8]) -> (u16, std::ops::Range<u64>, u64, u32) {
        let two = |at: usize| u16::from_le_bytes([zip[at], zip[at + 1]]);
        let four = |at: usize| u32::from_le_bytes(zip[at..at + 4].try_into().expect("four"));
        let found = zip.windows(4).rposition(|bytes| bytes == b"PK\x01\x02");
        let at = found.expect("a directory");
        let start = 30 + u64::from(two(26)) + u64::from(two(28));
        let data = start..start + u64::from(four(at + 20));
        (two(at + 10), data, u64::from(four(at + 24)), four(at + 16))
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn entries_are_what_7z_packed() {
        let (folder, disk) = (tempfile::tempdir(), tempfile::tempdir().expect("a folder"));
        let folder = folder.expect("a folder");
        let text: Vec<u8> = (0..200_000)
            .flat_map(|n| format!("line {n}\n").into_bytes())
            .collect();
        fs::write(folder.path().join("a.txt"), &text).expect("room");
        let spools = testing::spools(&disk);
        for (name, number) in [("Deflate64", 9), ("BZip2", 12), ("LZMA", 14), ("PPMd", 98)] {
            let method = format!("-mm={name}");
            let made = Command::new("7z")
                .args(["a", "-tzip", &method, name, "a.txt"])
                .current_dir(folder.path())
                .output();
            let Ok(made) = made else { return };
            assert!(made.status.success());
            let zip = fs::read(folder.path().join(format!("{name}.zip"))).expect("packed");
            let (method, range, length, crc) = first(&zip);
            assert_eq!(method, number);
            for (etag, crc, is_right) in [("right", crc, true), ("wrong", !crc, false)] {
                let source = Served::new(zip.clone()).source();
                let entry = ZipEntry {
                    etag,
                    method,
                    data: &Segment {
                        source,
                        range: range.clone(),
                    },
                    length,
                    crc,
                };
                let recipe = zip_recipe(&spools, &entry, &Limits::default()).expect("known");
                let slice = Slice::whole(&recipe);
                let whole = match slice.open(0..length, &CX).await {
                    Ok(stream) => testing::all(stream).await,
                    Err(error) => Err(error),
                };
                if !is_right {
                    assert!(matches!(whole, Err(Error::Corrupt { .. })), "{name}");
                    continue;
                }
                assert!(whole.expect("readable") == text, "{name}");
                for range in testing::ranges(length) {
                    let part = testing::all(slice.open(range.clone(), &CX).await.expect("opens"));
                    let within = |at| usize::try_from(at).expect("in memory");
                    let right = &text[within(range.start)..within(range.end)];
                    assert!(part.await.expect("readable") == right, "{name} {range:?}");
                }
            }
        }
    }
}
