//! Headers of RAR 1.5 to 4: fixed fields, a checksum of 16 bits.

use universal_p2p_core::Result;

use super::header::{Block, Fields, FileHeader, Header, Packing, Step, corrupt, dos_time};
use crate::names::RawName;

/// What an archive of this generation begins with.
pub(super) const MAGIC: &[u8] = b"Rar!\x1a\x07\x00";

/// The fields that every header begins with: checksum, type, flags, size.
const FIXED: usize = 7;

/// The flags of a file that tell how far back it refers.
const WINDOW: u16 = 0xe0;

/// Parses the header that the bytes begin with.
///
/// # Errors
/// [`universal_p2p_core::Error::Corrupt`] where it is none.
pub(super) fn parse(bytes: &[u8]) -> Result<Step> {
    let mut fields = Fields::new(bytes);
    let base = (|| Some((fields.u16()?, fields.u8()?, fields.u16()?, fields.u16()?)))();
    let Some((checksum, kind, flags, size)) = base else {
        return Ok(Step::Needs(FIXED));
    };
    let length = usize::from(size);
    if length < FIXED {
        return Err(corrupt("a header is shorter than its own fields"));
    }
    let Some(whole) = bytes.get(..length) else {
        return Ok(Step::Needs(length));
    };
    let mut fields = Fields::new(&whole[FIXED..]);
    let ended = || corrupt("a header ends within a field");
    let (block, data, has_comment) = match kind {
        0x73 => {
            fields.take(6).ok_or_else(ended)?;
            let block = Block::Main {
                is_volume: flags & 0x01 != 0,
                is_solid: flags & 0x08 != 0,
                encrypted: flags & 0x80 != 0,
                quick: None,
            };
            (block, 0, flags & 0x02 != 0)
        }
        0x74 | 0x7a => {
            let (header, data) = file(&mut fields, flags).ok_or_else(ended)?;
            let block = match kind {
                0x74 => Block::File(Box::new(header)),
                _ => Block::Other,
            };
            (block, data, flags & 0x08 != 0)
        }
        0x7b => (Block::End, 0, false),
        // Comments, signatures and recovery records of old: their checksums follow rules of their own.
        0x75..=0x79 => {
            let has_data = flags & 0x8000 != 0;
            let data = has_data
                .then(|| fields.u32().ok_or_else(ended))
                .transpose()?;
            let header = Header {
                block: Block::Other,
                length,
                data: u64::from(data.unwrap_or(0)),
            };
            return Ok(Step::Is(header));
        }
        _ => return Err(corrupt("a header of no known type")),
    };
    // A comment within a header, as RAR 2 wrote it, is not part of what the checksum covers.
    let covered = match has_comment {
        true => length - fields.rest().len(),
        false => length,
    };
    let found = crc32fast::hash(whole.get(2..covered).unwrap_or_default());
    if (found & 0xffff) as u16 != checksum {
        return Err(corrupt("a header's checksum is wrong"));
    }
    Ok(Step::Is(Header {
        block,
        length,
        data,
    }))
}

/// The fields of a file's header, and the length of what follows it.
fn file(fields: &mut Fields<'_>, flags: u16) -> Option<(FileHeader, u64)> {
    let (packed, unpacked) = (u64::from(fields.u32()?), u64::from(fields.u32()?));
    let system = fields.u8()?;
    let checksum = fields.u32()?;
    let time = fields.u32()?;
    let (version, method) = (fields.u8()?, fields.u8()?);
    let name_length = usize::from(fields.u16()?);
    let attributes = fields.u32()?;
    let (packed, length) = match flags & 0x100 {
        0 => (
            packed,
            Some(unpacked).filter(|length| *length != 0xffff_ffff),
        ),
        _ => {
            let packed = packed | u64::from(fields.u32()?) << 32;
            let length = unpacked | u64::from(fields.u32()?) << 32;
            (packed, Some(length).filter(|length| *length != u64::MAX))
        }
    };
    let name = name(fields.take(name_length)?, flags & 0x200 != 0);
    if flags & 0x400 != 0 {
        fields.take(8)?; // salt
    }
    let is_unix = system == 3;
    // Before 2.0 the size of the window did not tell directories.
    let is_dir = flags & 0xe0 == 0xe0 || (version < 20 && !is_unix && attributes & 0x10 != 0);
    let header = FileHeader {
        name,
        length,
        checksum: Some(checksum.into()),
        is_split_before: flags & 0x01 != 0,
        is_split_after: flags & 0x02 != 0,
        is_encrypted: flags & 0x04 != 0,
        is_dir,
        is_link: is_unix && !is_dir && is_special(attributes.into()),
        method: method.wrapping_sub(0x30),
        modified: dos_time(time),
        packing: Packing {
            version,
            bits: u64::from(flags & WINDOW),
            is_solid: flags & 0x10 != 0,
            window: 0x1_0000 << ((flags & WINDOW) >> 5),
            crc: Some(checksum),
            hash: None,
        },
    };
    Some((header, packed))
}

/// Whether a mode of Unix is that of something else than a file.
pub(super) fn is_special(mode: u64) -> bool {
    !matches!(mode & 0xf000, 0 | 0x8000 | 0x4000)
}

/// A name: bytes in an unknown encoding, or these and how to make Unicode from them, or UTF-8.
fn name(field: &[u8], is_unicode: bool) -> RawName {
    let mut halves = field.splitn(2, |byte| *byte == 0);
    let bytes = halves.next().unwrap_or_default();
    let text = match (is_unicode, halves.next()) {
        (false, _) => None,
        (true, Some(packed)) => Some(String::from_utf16_lossy(&unicode(bytes, packed))),
        (true, None) => std::str::from_utf8(bytes).ok().map(str::to_owned),
    };
    RawName {
        bytes: bytes.into(),
        text: text.map(Into::into),
        is_dos: true,
    }
}

/// Unpacks UTF-16 that is told by its differences from a name in bytes.
///
/// Of the two bits for every step: a byte, a byte in the common page, two bytes, or a run of the name.
fn unicode(name: &[u8], packed: &[u8]) -> Vec<u16> {
    let mut units = Vec::new();
    let mut fields = Fields::new(packed);
    let Some(page) = fields.u8().map(|page| u16::from(page) << 8) else {
        return units;
    };
    while let Some(steps) = fields.u8() {
        for shift in [6, 4, 2, 0] {
            if unicode_step(steps >> shift & 3, name, page, &mut fields, &mut units).is_none() {
                return units;
            }
        }
    }
    units
}

fn unicode_step(
    step: u8,
    name: &[u8],
    page: u16,
    fields: &mut Fields<'_>,
    units: &mut Vec<u16>,
) -> Option<()> {
    match step {
        0 => units.push(fields.u8()?.into()),
        1 => units.push(u16::from(fields.u8()?) | page),
        2 => units.push(fields.u16()?),
        _ => {
            let run = fields.u8()?;
            let correction = match run & 0x80 {
                0 => None,
                _ => Some(fields.u8()?),
            };
            for _ in 0..usize::from(run & 0x7f) + 2 {
                let byte = *name.get(units.len())?;
                units.push(match correction {
                    Some(correction) => u16::from(byte.wrapping_add(correction)) | page,
                    None => byte.into(),
                });
            }
        }
    }
    Some(())
}
