//! Finding the central directory, and seeing that it is what it claims to be.

use std::io::{Read, Seek, SeekFrom};

use universal_p2p_core::{Error, Result};

use super::{corrupt, unsupported};
use crate::{limits::Limits, sync_reader::SyncReader};

/// Bytes of the record at the end, without the comment.
const END: usize = 22;

/// Bytes of the record that tells where the 64-bit one is, which stands right before that.
const LOCATOR: u64 = 20;

/// Bytes of the 64-bit record that are read.
const END_64: usize = 56;

/// Bytes at the end in which the record may be: first few, then as long as comments can be.
const TAILS: [u64; 2] = [1 << 10, (64 << 10) + END as u64];

/// Most records that are followed, because each may ask for a directory to be read.
const RECORDS: usize = 8;

/// Bytes of an entry's header in the directory, without name, extra fields and comment.
pub(super) const HEADER: usize = 46;

/// The central directory, whole.
pub(super) struct Directory {
    /// Where in the file it begins.
    pub(super) start: u64,
    /// What every offset in it is short of: bytes in front of the archive.
    pub(super) prefix: u64,
    pub(super) bytes: Vec<u8>,
    entries: u64,
}

/// Where a directory is, as a record at the end has it.
struct Place {
    entries: u64,
    size: u64,
    offset: u64,
    /// Where the records behind it begin.
    end: u64,
}

impl Directory {
    /// Finds and reads it.
    pub(super) fn read(reader: &mut SyncReader, length: u64, limits: &Limits) -> Result<Self> {
        let mut failed = None;
        for tail in TAILS {
            let start = length.saturating_sub(tail);
            let bytes = read(reader, start, (length - start) as usize)?;
            // The last one counts, unless it stands in a comment and is none.
            for at in records(&bytes) {
                match Self::at(reader, start + at as u64, limits) {
                    Err(error @ (Error::Corrupt { .. } | Error::Unsupported { .. })) => {
                        failed.get_or_insert(error);
                    }
                    other => return other,
                }
            }
            if start == 0 {
                break;
            }
        }
        let nothing = || corrupt("it has no directory at its end, or is cut off");
        Err(failed.unwrap_or_else(nothing))
    }

    /// Reads the one that a record speaks of.
    fn at(reader: &mut SyncReader, record: u64, limits: &Limits) -> Result<Self> {
        let place = Place::read(reader, record)?;
        let lies = || corrupt("its end says of its directory what is not so");
        // Most writers put the directory right before its end; some leave a gap.
        let abutting = place.end.checked_sub(place.size).ok_or_else(lies)?;
        let least = place.entries.saturating_mul(HEADER as u64);
        if place.offset > abutting || place.size < least {
            return Err(lies());
        }
        if place.entries > limits.entries as u64 {
            return Err(limits.too_many_entries());
        }
        if place.size > limits.header_bytes {
            return Err(limits.too_long_headers());
        }
        let size = usize::try_from(place.size).map_err(|_| lies())?;
        for start in [abutting, place.offset] {
            let is_there = size >= HEADER && read(reader, start, 4)? == b"PK\x01\x02";
            if is_there || place.entries == 0 {
                let directory = Self {
                    start,
                    prefix: start - place.offset,
                    bytes: read(reader, start, size)?,
                    entries: place.entries,
                };
                directory.check()?;
                return Ok(directory);
            }
        }
        Err(lies())
    }

    /// Follows the headers, which have to end where the directory does.
    fn check(&self) -> Result<()> {
        let lies = || corrupt("its directory is not as long as its entries");
        let mut rest = self.bytes.as_slice();
        for _ in 0..self.entries {
            let header = rest.get(..HEADER).ok_or_else(lies)?;
            if !header.starts_with(b"PK\x01\x02") {
                return Err(lies());
            }
            if !matches!(u16_at(header, 34), 0 | u16::MAX) {
                return Err(unsupported("it is a part of a set, which is not read"));
            }
            let more = [28, 30, 32].map(|at| usize::from(u16_at(header, at)));
            rest = rest
                .get(HEADER + more.iter().sum::<usize>()..)
                .ok_or_else(lies)?;
        }
        // A signature may follow.
        if rest.is_empty() || rest.starts_with(b"PK\x05\x05") {
            Ok(())
        } else {
            Err(lies())
        }
    }

    /// The directory as an archive that holds nothing else, with ends that fit it.
    pub(super) fn alone(&self) -> Vec<u8> {
        let size = self.bytes.len() as u64;
        let mut alone = self.bytes.clone();
        alone.extend(b"PK\x06\x06");
        alone.extend((END_64 as u64 - 12).to_le_bytes());
        alone.extend([45, 0, 45, 0, 0, 0, 0, 0, 0, 0, 0, 0]);
        for field in [self.entries, self.entries, size, 0] {
            alone.extend(field.to_le_bytes());
        }
        alone.extend(b"PK\x06\x07\0\0\0\0");
        alone.extend(size.to_le_bytes());
        alone.extend([1, 0, 0, 0]);
        alone.extend(b"PK\x05\x06\0\0\0\0");
        alone.extend([0xFF; 12]);
        alone.extend([0, 0]);
        alone
    }
}

impl Place {
    fn read(reader: &mut SyncReader, record: u64) -> Result<Self> {
        let end = read(reader, record, END)?;
        if let Some(locator) = record.checked_sub(LOCATOR) {
            let bytes = read(reader, locator, LOCATOR as usize)?;
            if bytes.starts_with(b"PK\x06\x07") {
                return Self::read_64(reader, locator, u64_at(&bytes, 8));
            }
        }
        let (disk, first, here) = (u16_at(&end, 4), u16_at(&end, 6), u16_at(&end, 8));
        if disk != 0 || first != 0 || here != u16_at(&end, 10) {
            return Err(unsupported("it is a part of a set, which is not read"));
        }
        Ok(Self {
            entries: u64::from(here),
            size: u64::from(u32_at(&end, 12)),
            offset: u64::from(u32_at(&end, 16)),
            end: record,
        })
    }

    fn read_64(reader: &mut SyncReader, locator: u64, claimed: u64) -> Result<Self> {
        // Right before the locator where nothing was put in between, else where that says.
        for at in [locator.checked_sub(END_64 as u64), Some(claimed)] {
            let Some(at) = at.filter(|at| at.saturating_add(END_64 as u64) <= locator) else {
                continue;
            };
            let end = read(reader, at, END_64)?;
            if !end.starts_with(b"PK\x06\x06") {
                continue;
            }
            let here = u64_at(&end, 24);
            if u32_at(&end, 16) != 0 || u32_at(&end, 20) != 0 || here != u64_at(&end, 32) {
                return Err(unsupported("it is a part of a set, which is not read"));
            }
            return Ok(Self {
                entries: here,
                size: u64_at(&end, 40),
                offset: u64_at(&end, 48),
                end: at,
            });
        }
        Err(corrupt("its 64-bit end is missing"))
    }
}

/// Where records may be, the last first: where they look so and the comment they claim is there.
fn records(tail: &[u8]) -> impl Iterator<Item = usize> {
    let windows = tail.windows(END).enumerate().rev();
    let records = windows.filter(|(at, end)| {
        let comment = usize::from(u16_at(end, 20));
        end.starts_with(b"PK\x05\x06") && at + END + comment <= tail.len()
    });
    records.map(|(at, _)| at).take(RECORDS)
}

/// Reads bytes that have to be there. The caller has bounded how many.
fn read(reader: &mut SyncReader, at: u64, length: usize) -> Result<Vec<u8>> {
    let mut bytes = vec![0; length];
    let mut fill = || {
        reader.seek(SeekFrom::Start(at))?;
        reader.read_exact(&mut bytes)
    };
    match fill() {
        Ok(()) => Ok(bytes),
        Err(_) => Err(reader
            .take_failure()
            .unwrap_or_else(|| corrupt("it is cut off"))),
    }
}

/// A number in a record, which is long enough.
pub(super) fn u16_at(bytes: &[u8], at: usize) -> u16 {
    u64_of(bytes, at, 2) as u16
}

/// As [`u16_at`].
pub(super) fn u32_at(bytes: &[u8], at: usize) -> u32 {
    u64_of(bytes, at, 4) as u32
}

fn u64_at(bytes: &[u8], at: usize) -> u64 {
    u64_of(bytes, at, 8)
}

fn u64_of(bytes: &[u8], at: usize, length: usize) -> u64 {
    let bytes = bytes.iter().skip(at).take(length).rev();
    bytes.fold(0, |number, byte| number << 8 | u64::from(*byte))
}
