//! What is unpacked, and the headers that are made for it.

use super::{
    five, four,
    header::Packing,
    write::{self, number},
};
use crate::content::Segment;

/// The system that entries are said to come from: Unix, whose attributes are those of a plain file.
const UNIX: u8 = 3;

/// The attributes of a plain file.
const PLAIN: u32 = 0o100_644;

/// One entry that is unpacked, alone or behind others.
pub(super) struct Member {
    pub(super) packing: Packing,
    /// 1 to 5, from fastest to best.
    pub(super) method: u8,
    /// Bytes that come out.
    pub(super) length: u64,
    /// Where its packed bytes are.
    pub(super) segments: Vec<Segment>,
}

impl Member {
    /// Bytes that go in.
    pub(super) fn packed(&self) -> u64 {
        let lengths = self.segments.iter().map(Segment::length);
        lengths.fold(0, u64::saturating_add)
    }

    /// All of it.
    pub(super) fn whole(&self) -> Part {
        Part {
            packed: self.packed(),
            goes_on_from: false,
            goes_on: false,
        }
    }

    /// The header of a part of it, as that of an entry with a number for a name. The first stands for
    /// itself; each other builds on those before.
    pub(super) fn header(&self, is_five: bool, place: usize, part: &Part) -> Vec<u8> {
        match is_five {
            true => header_five(self, place, part),
            false => header_four(self, place, part),
        }
    }
}

/// As much of a member as is in one volume.
pub(super) struct Part {
    /// Bytes that go in.
    pub(super) packed: u64,
    /// Whether there is more of it in the volume before.
    pub(super) goes_on_from: bool,
    /// Whether there is more of it in the next volume.
    pub(super) goes_on: bool,
}

/// What an archive begins with, or a volume of one.
pub(super) fn start(is_five: bool, is_solid: bool, is_volume: bool) -> Vec<u8> {
    if is_five {
        let flags = u8::from(is_volume) | u8::from(is_solid) << 2;
        [five::MAGIC, &write::five(&[1, 0, flags])].concat()
    } else {
        let flags = u16::from(is_volume) | u16::from(is_solid) << 3;
        [four::MAGIC, &write::four(0x73, flags, &[0; 6])].concat()
    }
}

/// What it ends with.
pub(super) fn end(is_five: bool, goes_on: bool) -> Vec<u8> {
    match is_five {
        true => write::five(&[5, 0, u8::from(goes_on)]),
        false => write::four(0x7b, 0x4000 | u16::from(goes_on), &[]),
    }
}

/// The header of a part of a member as RAR 4 has it.
fn header_four(member: &Member, place: usize, part: &Part) -> Vec<u8> {
    let Packing {
        version, bits, crc, ..
    } = &member.packing;
    let (packed, name) = (part.packed, place.to_string());
    let mut fields = Vec::new();
    fields.extend((packed as u32).to_le_bytes());
    fields.extend((member.length as u32).to_le_bytes());
    fields.push(UNIX);
    fields.extend(crc.unwrap_or(0).to_le_bytes());
    fields.extend([0; 4]); // no time
    fields.extend([*version, 0x30 + member.method]);
    fields.extend((name.len() as u16).to_le_bytes());
    fields.extend(PLAIN.to_le_bytes());
    fields.extend(((packed >> 32) as u32).to_le_bytes());
    fields.extend(((member.length >> 32) as u32).to_le_bytes());
    fields.extend(name.bytes());
    let solid = if place > 0 && *version >= 20 { 0x10 } else { 0 };
    let split = u16::from(part.goes_on_from) | u16::from(part.goes_on) << 1;
    // With lengths of 64 bits, and data behind it.
    write::four(0x74, 0x8100 | solid | split | *bits as u16, &fields)
}

/// The header of a part of a member as RAR 5 has it.
fn header_five(member: &Member, place: usize, part: &Part) -> Vec<u8> {
    let Packing {
        bits, crc, hash, ..
    } = &member.packing;
    let name = place.to_string();
    let extra = hash.as_ref().map_or_else(Vec::new, |record| {
        [number(record.len() as u64), record.to_vec()].concat()
    });
    let bits = match place {
        0 => bits & !five::SOLID,
        _ => bits | five::SOLID,
    };
    let has_extra = u8::from(!extra.is_empty());
    let split = u8::from(part.goes_on_from) << 3 | u8::from(part.goes_on) << 4;
    let mut fields = vec![2, 0x02 | has_extra | split];
    if has_extra == 1 {
        fields.extend(number(extra.len() as u64));
    }
    fields.extend(number(part.packed));
    fields.push(if crc.is_some() { 0x04 } else { 0 });
    fields.extend(number(member.length));
    fields.extend(number(PLAIN.into()));
    fields.extend(crc.map(u32::to_le_bytes).into_iter().flatten());
    fields.extend(number(bits));
    fields.push(1); // Unix
    fields.extend(number(name.len() as u64));
    fields.extend(name.bytes());
    fields.extend(extra);
    write::five(&fields)
}
