//! Some entries of a set of volumes as an archive of its own: what a decoder gets to see.
//!
//! ```text
//! volumes:  [mark main │ a │ b part 1] [mark main │ b part 2 │ c]
//! excerpt:  mark main │ header │ b part 1, b part 2 │ end
//! ```
//! The headers are made here, from what the real ones were found to say; the packed bytes are read
//! where they lie, when they are asked for. So a decoder sees one small archive without volumes,
//! names or anything else to stumble over, and nothing is read but what it unpacks.

use std::{
    io::{self, Read, Seek, SeekFrom},
    sync::Arc,
};

use universal_p2p_core::{Freshness, Meta};

use super::{
    five, four,
    header::Packing,
    write::{self, number},
};
use crate::{Source, content::Segment, joined::Joined, spool::Context};

/// The system that entries are said to come from: Unix, whose attributes are those of a plain file.
const UNIX: u8 = 3;

/// The attributes of a plain file.
const PLAIN: u32 = 0o100_644;

/// One entry of an excerpt.
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
}

/// Entries of a set of volumes as an archive of their own. The first stands for itself; each other
/// builds on those before.
pub(super) struct Excerpt {
    headers: Vec<u8>,
    /// The parts that it is made of, by where they begin.
    parts: Vec<(u64, Part)>,
    length: u64,
    /// The packed bytes of all members, one after the other.
    data: Source,
}

/// What a part of an excerpt is made of: from where on in the headers, or in the packed bytes.
#[derive(Clone, Copy)]
enum Part {
    Headers(u64),
    Data(u64),
}

impl Excerpt {
    pub(super) fn new(is_five: bool, members: &[Member]) -> Self {
        let is_solid = members.len() > 1;
        let (start, end) = if is_five {
            let main = write::five(&[1, 0, if is_solid { 0x04 } else { 0 }]);
            ([five::MAGIC, &main].concat(), write::five(&[5, 0, 0]))
        } else {
            let main = write::four(0x73, if is_solid { 0x08 } else { 0 }, &[0; 6]);
            let end = write::four(0x7b, 0x4000, &[]);
            ([four::MAGIC, &main].concat(), end)
        };
        let mut excerpt = Self {
            headers: Vec::new(),
            parts: Vec::new(),
            length: 0,
            data: Source::new(Joined::over(meta(), Vec::new())),
        };
        excerpt.put(&start);
        let (mut data, mut segments) = (0, Vec::new());
        for (place, member) in members.iter().enumerate() {
            let header = match is_five {
                true => header_five(member, place),
                false => header_four(member, place),
            };
            excerpt.put(&header);
            excerpt.parts.push((excerpt.length, Part::Data(data)));
            data += member.packed();
            excerpt.length += member.packed();
            segments.extend(member.segments.iter().cloned());
        }
        excerpt.put(&end);
        excerpt.data = Source::new(Joined::over(meta(), segments));
        excerpt
    }

    fn put(&mut self, header: &[u8]) {
        let part = Part::Headers(self.headers.len() as u64);
        self.parts.push((self.length, part));
        self.headers.extend(header);
        self.length += header.len() as u64;
    }

    /// Reads it from its start.
    pub(super) fn reader(self: Arc<Self>, context: &Context) -> impl Read + Seek + Send + 'static {
        Reader {
            data: context.reader(&self.data),
            excerpt: self,
            at: 0,
        }
    }
}

/// The header of a member as RAR 4 has it.
fn header_four(member: &Member, place: usize) -> Vec<u8> {
    let Packing {
        version, bits, crc, ..
    } = &member.packing;
    let (packed, name) = (member.packed(), place.to_string());
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
    // With lengths of 64 bits, and data behind it.
    write::four(0x74, 0x8100 | solid | *bits as u16, &fields)
}

/// The header of a member as RAR 5 has it.
fn header_five(member: &Member, place: usize) -> Vec<u8> {
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
    let mut fields = vec![2, 0x02 | has_extra];
    if has_extra == 1 {
        fields.extend(number(extra.len() as u64));
    }
    fields.extend(number(member.packed()));
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

/// Nobody asks the packed bytes for a name.
fn meta() -> Meta {
    Meta {
        name: String::new(),
        length: 0,
        etag: String::new(),
        modified: None,
        freshness: Freshness::Immutable,
    }
}

/// An excerpt as a decoder reads it. A read never goes on from a header into what is packed, so that
/// walking over the headers fetches nothing.
struct Reader<D> {
    excerpt: Arc<Excerpt>,
    data: D,
    at: u64,
}

impl<D: Read + Seek> Read for Reader<D> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let excerpt = &self.excerpt;
        let next = excerpt
            .parts
            .partition_point(|(start, _)| *start <= self.at);
        let end = excerpt
            .parts
            .get(next)
            .map_or(excerpt.length, |part| part.0);
        let part = next.checked_sub(1).and_then(|own| excerpt.parts.get(own));
        let Some((start, part)) = part.filter(|_| self.at < end) else {
            return Ok(0);
        };
        let within = self.at - start;
        let most = usize::try_from(end - self.at).unwrap_or(usize::MAX);
        let most = most.min(into.len());
        let into = &mut into[..most];
        let read = match part {
            Part::Headers(from) => {
                let from = usize::try_from(from + within).map_err(io::Error::other)?;
                excerpt.headers.get(from..).unwrap_or_default().read(into)?
            }
            Part::Data(from) => {
                self.data.seek(SeekFrom::Start(from + within))?;
                self.data.read(into)?
            }
        };
        self.at += read as u64;
        Ok(read)
    }
}

impl<D> Seek for Reader<D> {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        let at = match to {
            SeekFrom::Start(at) => Some(at),
            SeekFrom::End(by) => self.excerpt.length.checked_add_signed(by),
            SeekFrom::Current(by) => self.at.checked_add_signed(by),
        };
        self.at = at.ok_or(io::ErrorKind::InvalidInput)?;
        Ok(self.at)
    }
}
