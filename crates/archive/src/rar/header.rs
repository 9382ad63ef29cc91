//! What both generations of RAR say in a header, and reading its fields.

use std::time::{Duration, SystemTime};

use universal_p2p_core::Error;

use crate::names::RawName;

/// The longest header that is read: the format's own bound.
pub(super) const LONGEST: usize = 2 << 20;

/// What parsing the bytes at a header's place came to.
pub(super) enum Step {
    /// This many bytes from the header's start are needed.
    Needs(usize),
    /// A header.
    Is(Header),
}

/// A header and how much lies behind it.
pub(super) struct Header {
    pub(super) block: Block,
    /// Its own length in bytes.
    pub(super) length: usize,
    /// The length in bytes of the data behind it.
    pub(super) data: u64,
}

/// What a header is about.
pub(super) enum Block {
    /// The archive, or one volume of it.
    Main {
        /// Whether it is one of several volumes.
        is_volume: bool,
        /// Whether what is packed builds on what came before: before RAR 2, this alone says so.
        is_solid: bool,
        /// Whether what follows is encrypted, headers and all.
        encrypted: bool,
        /// How far behind this header there are copies of others, where there are any.
        quick: Option<u64>,
    },
    /// An entry, or the part of it that is in this volume.
    File(Box<FileHeader>),
    /// Copies of other headers.
    Quick,
    /// Everything that follows is encrypted, headers and all.
    Encryption,
    /// The end of the archive or volume.
    End,
    /// Comments, recovery records, rights and so on.
    Other,
}

/// An entry, or the part of it that is in one volume.
#[derive(Clone)]
pub(super) struct FileHeader {
    pub(super) name: RawName,
    /// Length in bytes when unpacked, where it is told.
    pub(super) length: Option<u64>,
    /// A checksum of the whole, or in all but the last part, of the part.
    pub(super) checksum: Option<u64>,
    /// Whether it goes on from the volume before.
    pub(super) is_split_before: bool,
    /// Whether it goes on in the next volume.
    pub(super) is_split_after: bool,
    pub(super) is_encrypted: bool,
    pub(super) is_dir: bool,
    /// Whether it is a link or a device.
    pub(super) is_link: bool,
    /// 0 for stored, 1 to 5 from fastest to best.
    pub(super) method: u8,
    pub(super) modified: Option<SystemTime>,
    pub(super) packing: Packing,
}

/// What a decoder has to know of an entry.
#[derive(Clone, Default)]
pub(super) struct Packing {
    /// The version of RAR that is needed to unpack it, as RAR 4 has it; 50 for RAR 5, 70 for RAR 7.
    pub(super) version: u8,
    /// RAR 4: the bits of the header's flags that tell the window. RAR 5: the field that tells it.
    pub(super) bits: u64,
    /// Whether it builds on what came before.
    pub(super) is_solid: bool,
    /// Bytes of the window that it refers back to.
    pub(super) window: u64,
    /// The checksum of its bytes, where there is one.
    pub(super) crc: Option<u32>,
    /// The record of another hash of its bytes, as RAR 5 has it.
    pub(super) hash: Option<Box<[u8]>>,
}

/// The fields of a header, one after the other; `None` once it ends too early.
pub(super) struct Fields<'a> {
    rest: &'a [u8],
}

impl<'a> Fields<'a> {
    pub(super) fn new(bytes: &'a [u8]) -> Self {
        Self { rest: bytes }
    }

    pub(super) fn rest(&self) -> &'a [u8] {
        self.rest
    }

    pub(super) fn take(&mut self, length: usize) -> Option<&'a [u8]> {
        let (taken, rest) = self.rest.split_at_checked(length)?;
        self.rest = rest;
        Some(taken)
    }

    pub(super) fn u8(&mut self) -> Option<u8> {
        self.take(1)?.first().copied()
    }

    pub(super) fn u16(&mut self) -> Option<u16> {
        Some(u16::from_le_bytes(self.take(2)?.try_into().ok()?))
    }

    pub(super) fn u32(&mut self) -> Option<u32> {
        Some(u32::from_le_bytes(self.take(4)?.try_into().ok()?))
    }

    pub(super) fn u64(&mut self) -> Option<u64> {
        Some(u64::from_le_bytes(self.take(8)?.try_into().ok()?))
    }

    /// A number of seven bits a byte, lowest first.
    pub(super) fn number(&mut self) -> Option<u64> {
        let mut number = 0;
        for shift in (0..64).step_by(7) {
            let byte = self.u8()?;
            let bits = u64::from(byte & 0x7f);
            if shift == 63 && bits > 1 {
                return None;
            }
            number |= bits << shift;
            if byte & 0x80 == 0 {
                return Some(number);
            }
        }
        None
    }

    /// A [`Fields::number`] that counts bytes in memory.
    pub(super) fn size(&mut self) -> Option<usize> {
        usize::try_from(self.number()?).ok()
    }
}

/// That the archive is damaged or lies, and how.
pub(super) fn corrupt(what: &str) -> Error {
    Error::Corrupt {
        what: format!("rar: {what}"),
    }
}

/// A time in seconds since 1970.
pub(super) fn unix_time(seconds: u64) -> Option<SystemTime> {
    SystemTime::UNIX_EPOCH.checked_add(Duration::from_secs(seconds))
}

/// A time in tenths of microseconds since 1601; `None` before 1970.
pub(super) fn windows_time(ticks: u64) -> Option<SystemTime> {
    let since = ticks.checked_sub(116_444_736_000_000_000)?;
    SystemTime::UNIX_EPOCH.checked_add(Duration::from_micros(since / 10))
}

/// A time as DOS has it, in steps of two seconds, taken as UTC because its zone is not known.
pub(super) fn dos_time(packed: u32) -> Option<SystemTime> {
    let bits = |shift: u32, width: u32| u64::from(packed >> shift & ((1 << width) - 1));
    let (year, month, day) = (1980 + bits(25, 7), bits(21, 4), bits(16, 5));
    let (hours, minutes, seconds) = (bits(11, 5), bits(5, 6), bits(0, 5) * 2);
    if !(1..=12).contains(&month) || day == 0 || hours > 23 || minutes > 59 || seconds > 59 {
        return None;
    }
    // Days since 1970 where a year begins in March, so that the leap day is its last.
    let (year, month) = if month < 3 {
        (year - 1, month + 9)
    } else {
        (year, month - 3)
    };
    let days = year * 365 + year / 4 - year / 100 + year / 400 + (month * 153 + 2) / 5 + day - 1;
    unix_time((days - 719_468) * 86_400 + hours * 3600 + minutes * 60 + seconds)
}
