//! Headers of RAR 5 and later: numbers of any width, extra records, a checksum of 32 bits.

use std::time::SystemTime;

use universal_p2p_core::Result;

use super::{
    four::is_special,
    header::{
        Block, Fields, FileHeader, Header, LONGEST, Packing, Step, corrupt, unix_time, windows_time,
    },
    quick,
};
use crate::names::RawName;

/// What an archive of this generation begins with.
pub(super) const MAGIC: &[u8] = b"Rar!\x1a\x07\x01\x00";

/// The checksum, and the most bytes that a header's size takes.
const FIXED: usize = 7;

/// Of the field that tells how an entry is packed: that it builds on what came before.
pub(super) const SOLID: u64 = 0x40;

/// Parses the header that the bytes begin with.
///
/// # Errors
/// [`universal_p2p_core::Error::Corrupt`] where it is none.
pub(super) fn parse(bytes: &[u8]) -> Result<Step> {
    if bytes.len() < FIXED {
        return Ok(Step::Needs(FIXED));
    }
    let mut fields = Fields::new(bytes);
    let Some(checksum) = fields.u32() else {
        return Ok(Step::Needs(FIXED));
    };
    let covered = fields.rest();
    let size = fields.size().filter(|size| (1..=LONGEST).contains(size));
    let Some(size) = size else {
        return Err(corrupt("a header without a size, or of more than 2 MiB"));
    };
    let length = bytes.len() - fields.rest().len() + size;
    let Some(covered) = covered.get(..length - 4) else {
        return Ok(Step::Needs(length));
    };
    if crc32fast::hash(covered) != checksum {
        return Err(corrupt("a header's checksum is wrong"));
    }
    let Some(fields) = fields.take(size) else {
        return Ok(Step::Needs(length));
    };
    let (block, data) = block(fields).ok_or_else(|| corrupt("a header ends within a field"))?;
    Ok(Step::Is(Header {
        block,
        length,
        data,
    }))
}

/// What a header is about, and the length of what follows it.
fn block(bytes: &[u8]) -> Option<(Block, u64)> {
    let mut fields = Fields::new(bytes);
    let (kind, flags) = (fields.number()?, fields.number()?);
    let extra = match flags & 0x01 {
        0 => 0,
        _ => fields.size()?,
    };
    let data = match flags & 0x02 {
        0 => 0,
        _ => fields.number()?,
    };
    let own = fields.take(fields.rest().len().checked_sub(extra)?)?;
    let extra = fields.rest();
    let block = match kind {
        1 => Block::Main {
            is_volume: Fields::new(own).number()? & 0x01 != 0,
            is_solid: Fields::new(own).number()? & 0x04 != 0,
            encrypted: false,
            quick: locator(extra),
        },
        2 => Block::File(Box::new(file(own, extra, flags)?)),
        3 if file(own, extra, flags).is_some_and(|header| is_quick(&header)) => Block::Quick,
        4 => Block::Encryption,
        5 => Block::End,
        _ => Block::Other,
    };
    Some((block, data))
}

/// How far behind the main header the copies of others are, as its extra records say.
fn locator(extra: &[u8]) -> Option<u64> {
    let mut fields = Fields::new(extra);
    while let Some(bytes) = fields.size().and_then(|size| fields.take(size)) {
        let mut record = Fields::new(bytes);
        if record.number() == Some(1) && record.number()? & 0x01 != 0 {
            return record.number().filter(|offset| *offset > 0);
        }
    }
    None
}

/// Whether a service's header is that of readable copies of others.
fn is_quick(header: &FileHeader) -> bool {
    *header.name.bytes == *quick::NAME && header.method == 0 && !header.is_encrypted
}

/// The fields of a file's header.
fn file(own: &[u8], extra: &[u8], block_flags: u64) -> Option<FileHeader> {
    let mut fields = Fields::new(own);
    let (flags, length, attributes) = (fields.number()?, fields.number()?, fields.number()?);
    let modified = match flags & 0x02 {
        0 => None,
        _ => unix_time(fields.u32()?.into()),
    };
    let checksum = match flags & 0x04 {
        0 => None,
        _ => Some(fields.u32()?),
    };
    let (packing, system, name_length) = (fields.number()?, fields.number()?, fields.size()?);
    let name = fields.take(name_length)?;
    let is_dir = flags & 0x01 != 0;
    let mut header = FileHeader {
        name: RawName {
            bytes: name.into(),
            text: std::str::from_utf8(name).ok().map(Into::into),
            is_dos: false,
        },
        length: (flags & 0x08 == 0).then_some(length),
        checksum: checksum.map(u64::from),
        is_split_before: block_flags & 0x08 != 0,
        is_split_after: block_flags & 0x10 != 0,
        is_encrypted: false,
        is_dir,
        is_link: system == 1 && !is_dir && is_special(attributes),
        method: (packing >> 7 & 7) as u8,
        modified,
        packing: unpacking(packing, checksum),
    };
    records(extra, &mut header);
    Some(header)
}

/// What a decoder has to know.
fn unpacking(bits: u64, crc: Option<u32>) -> Packing {
    let version = match bits & 0x3f {
        0 => 50,
        1 => 70,
        _ => u8::MAX,
    };
    // RAR 7 has windows between the powers of two, and larger ones.
    let (power, parts) = match version {
        50 => (bits >> 10 & 0x0f, 0),
        _ => (bits >> 10 & 0x1f, bits >> 15 & 0x1f),
    };
    let window = 0x2_0000_u64 << power;
    Packing {
        version,
        bits,
        is_solid: bits & SOLID != 0,
        window: window + window / 32 * parts,
        crc,
        hash: None,
    }
}

/// Takes over what the extra records say. A damaged one ends them, as they are only additions.
fn records(extra: &[u8], header: &mut FileHeader) {
    let mut fields = Fields::new(extra);
    while let Some(bytes) = fields.size().and_then(|size| fields.take(size)) {
        let mut record = Fields::new(bytes);
        match record.number() {
            Some(1) => header.is_encrypted = true,
            Some(2) => {
                header.packing.hash = Some(bytes.into());
                header.checksum = header.checksum.or_else(|| hash(&mut record));
            }
            Some(3) => header.modified = time(&mut record).or(header.modified),
            Some(4) => versioned(&mut record, &mut header.name),
            Some(5) => header.is_link = true,
            _ => {}
        }
    }
}

/// The first bytes of a hash of the contents.
fn hash(record: &mut Fields<'_>) -> Option<u64> {
    record.number()?;
    record.u64()
}

/// When the file was last changed.
fn time(record: &mut Fields<'_>) -> Option<SystemTime> {
    match record.number()? {
        flags if flags & 0x02 == 0 => None,
        flags if flags & 0x01 == 0 => windows_time(record.u64()?),
        _ => unix_time(record.u32()?.into()),
    }
}

/// Marks an older version of a file as RAR 4 does, because all versions have one name.
fn versioned(record: &mut Fields<'_>, name: &mut RawName) {
    let Some((_, version)) = record.number().zip(record.number()) else {
        return;
    };
    let marked = |name: &[u8]| [name, format!(";{version}").as_bytes()].concat();
    name.bytes = marked(&name.bytes).into();
    name.text = name
        .text
        .take()
        .map(|text| format!("{text};{version}").into());
}
