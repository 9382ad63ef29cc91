//! What the directory says of one entry.

use std::time::{Duration, SystemTime};

use ::zip::{CompressionMethod, DateTime, System, read::ZipFileEntry};
use universal_p2p_core::Result;

use super::{
    corrupt,
    directory::{Directory, HEADER, u16_at, u32_at},
};

/// The bit that says that a name is UTF-8.
const IS_UTF8: u16 = 1 << 11;

/// The extra field that has a time in seconds since 1970.
const TIMESTAMP: u16 = 0x5455;

/// The extra field that has the name as UTF-8.
const UNICODE_PATH: u16 = 0x7075;

/// What the directory says of one entry.
pub(super) struct Record {
    pub(super) name: Box<[u8]>,
    pub(super) text: Option<Box<str>>,
    pub(super) is_dos: bool,
    pub(super) is_dir: bool,
    /// A link, a device or the like.
    pub(super) is_special: bool,
    pub(super) is_encrypted: bool,
    pub(super) method: u16,
    /// Where in the file its local header is.
    pub(super) start: u64,
    pub(super) packed: u64,
    pub(super) length: u64,
    pub(super) crc: u32,
    pub(super) modified: Option<SystemTime>,
}

impl Record {
    pub(super) fn new(found: &ZipFileEntry<'_>, directory: &Directory) -> Result<Self> {
        let lies = || corrupt("an offset in it");
        let at = usize::try_from(found.central_header_start()).map_err(|_| lies())?;
        let header = directory.bytes.get(at..).ok_or_else(lies)?;
        let (name_length, extra_length) = (u16_at(header, 28), u16_at(header, 30));
        let extra_at = HEADER + usize::from(name_length);
        let extra = header.get(extra_at..extra_at + usize::from(extra_length));
        let extra = extra.ok_or_else(lies)?;
        let name = found.name_raw();
        let is_text = u16_at(header, 8) & IS_UTF8 != 0
            || field(extra, UNICODE_PATH).is_some_and(|path| path.get(5..) == Some(name));
        let text = is_text.then(|| std::str::from_utf8(name).ok()).flatten();
        let attributes = found.external_attributes();
        let is_dos = matches!(
            found.system(),
            System::Dos | System::Os2 | System::WindowsNTFS | System::VFAT
        );
        let is_dir = name.ends_with(b"/")
            || is_dos && name.ends_with(b"\\")
            || is_dos && attributes & 0x10 != 0 && found.size() == 0;
        // The kind of file in Unix's way: none, a file or a directory.
        let kind = attributes >> 16 & 0o170_000;
        let start = found.header_start().checked_add(directory.prefix);
        Ok(Self {
            name: name.into(),
            text: text.map(Into::into),
            is_dos,
            is_dir,
            is_special: !matches!(kind, 0 | 0o100_000 | 0o040_000),
            is_encrypted: found.encrypted() || found.compression() == CompressionMethod::AES,
            // The library's own value depends on which decoders it was built with.
            method: u16_at(header, 10),
            start: start.ok_or_else(lies)?,
            packed: found.compressed_size(),
            length: found.size(),
            crc: found.crc32(),
            modified: timestamp(extra).or_else(|| found.last_modified().as_ref().and_then(dos)),
        })
    }
}

/// The content of an extra field.
fn field(mut extra: &[u8], wanted: u16) -> Option<&[u8]> {
    while extra.len() >= 4 {
        let (id, length) = (u16_at(extra, 0), usize::from(u16_at(extra, 2)));
        let content = extra.get(4..4 + length)?;
        if id == wanted {
            return Some(content);
        }
        extra = &extra[4 + length..];
    }
    None
}

/// The time in the extra field, of the last change.
fn timestamp(extra: &[u8]) -> Option<SystemTime> {
    let content = field(extra, TIMESTAMP)?;
    let has_change = content.len() >= 5 && content[0] & 1 != 0;
    // Signed, but nothing was packed before 1970.
    let seconds = has_change.then(|| u64::from(u32_at(content, 1)))?;
    SystemTime::UNIX_EPOCH.checked_add(Duration::from_secs(seconds))
}

/// The time in the header, which says nothing of its zone: taken as UTC.
fn dos(time: &DateTime) -> Option<SystemTime> {
    let (year, month) = (u64::from(time.year()), u64::from(time.month()));
    if !time.is_valid() || year < 1980 {
        return None;
    }
    // Days since 1970, with years that begin in March, so that leap days come last.
    let (year, month) = if month > 2 {
        (year, month - 3)
    } else {
        (year - 1, month + 9)
    };
    let days = year * 365 + year / 4 - year / 100 + year / 400 + (month * 153 + 2) / 5;
    let days = (days + u64::from(time.day())).checked_sub(719_469)?;
    let hours = days * 24 + u64::from(time.hour());
    let seconds = (hours * 60 + u64::from(time.minute())) * 60 + u64::from(time.second());
    SystemTime::UNIX_EPOCH.checked_add(Duration::from_secs(seconds))
}
