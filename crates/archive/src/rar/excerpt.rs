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

use super::member::{self, Member};
use crate::{Source, joined::Joined, spool::Context};

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
        let mut excerpt = Self {
            headers: Vec::new(),
            parts: Vec::new(),
            length: 0,
            data: packed_of(members),
        };
        excerpt.put(&member::start(is_five, is_solid, false));
        let mut data = 0;
        for (place, member) in members.iter().enumerate() {
            excerpt.put(&member.header(is_five, place, &member.whole()));
            excerpt.parts.push((excerpt.length, Part::Data(data)));
            data += member.packed();
            excerpt.length += member.packed();
        }
        excerpt.put(&member::end(is_five, false));
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

/// The packed bytes of members, one after the other.
pub(super) fn packed_of(members: &[Member]) -> Source {
    let segments = members.iter().flat_map(|member| &member.segments);
    // Nobody asks for their name.
    let meta = Meta {
        name: String::new(),
        length: 0,
        etag: String::new(),
        item: None,
        modified: None,
        freshness: Freshness::Immutable,
    };
    Source::new(Joined::over(meta, segments.cloned().collect()))
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
