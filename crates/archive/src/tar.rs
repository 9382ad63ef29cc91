//! The index of a plain tar: every entry lies in the file as it is.
//!
//! A tar has no directory: its headers are walked from the start, and the bodies are jumped over.
//! So a listing asks for one page of every entry, and an entry that was found is a range.

mod extensions;
mod packed;
mod sparse;
mod tape;

use std::{
    ops::Range,
    sync::Arc,
    time::{Duration, SystemTime},
};

use tar::{EntryType, Header};
use universal_p2p_core::{Error, Result};

use crate::{
    Source,
    content::{Content, Segment},
    index::{Entry, Index, State},
    limits::Limits,
    names::RawName,
    sync_reader::SyncReader,
};
use extensions::Extensions;
use sparse::Sparse;
use tape::{Plain, Tape};

pub(crate) use packed::index as packed_index;

/// Everything in a tar is a multiple of this, in bytes.
const BLOCK: u64 = 512;

/// Reads the headers of a tar.
///
/// # Errors
/// [`Error::Corrupt`] for what is no tar or is cut off, [`Error::Unsupported`] for more than the limits
/// let through; whatever kept the source from being read.
pub(crate) fn index(reader: &mut SyncReader, source: &Source, limits: &Limits) -> Result<Index> {
    let mut tape = Plain::new(reader, source.length());
    let found = all(&mut tape, source.length(), limits)?;
    let content = |body: Range<u64>| {
        Ok(Content::Map(vec![Segment {
            source: source.clone(),
            range: body,
        }]))
    };
    let entries = found.into_iter().map(|found| found.entry(&content));
    Ok(Index {
        format: "tar",
        entries: entries.collect::<Result<_>>()?,
    })
}

/// Walks all headers of a tar that has no more than this length.
fn all(tape: &mut dyn Tape, length: u64, limits: &Limits) -> Result<Vec<Found>> {
    let mut walk = Walk {
        length,
        at: 0,
        headers: 0,
        limits,
    };
    // What lies between holes takes as much memory as entries do.
    let (mut all, mut pieces) = (Vec::new(), 0);
    while let Some(found) = walk.next(tape)? {
        pieces += found.extensions.sparse.as_ref().map_or(0, Sparse::pieces);
        all.push(found);
        if all.len() + pieces > limits.entries {
            return Err(limits.too_many_entries());
        }
    }
    Ok(all)
}

/// Where in the file the headers are followed.
struct Walk<'a> {
    length: u64,
    at: u64,
    /// Bytes of headers so far.
    headers: u64,
    limits: &'a Limits,
}

/// One entry with what stood before its header.
struct Found {
    header: Header,
    extensions: Extensions,
    body: Range<u64>,
}

impl Walk<'_> {
    /// The next entry, or none at the end.
    fn next(&mut self, tape: &mut dyn Tape) -> Result<Option<Found>> {
        let mut extensions = Extensions::default();
        while let Some(header) = self.header(tape)? {
            let kind = header.entry_type();
            let size = size(&header)?;
            let is_extension = kind.is_gnu_longname()
                || kind.is_gnu_longlink()
                || kind.is_pax_local_extensions()
                || kind.is_pax_global_extensions();
            if is_extension {
                let body = self.body(size)?;
                let bytes = self.read(tape, body)?;
                if kind.is_gnu_longname() {
                    extensions.set_long_name(&bytes);
                } else if kind.is_pax_local_extensions() {
                    extensions.set_pax(&bytes, self.limits)?;
                }
                continue;
            }
            if kind.is_gnu_sparse() {
                extensions.sparse = Some(self.sparse_map(tape, &header)?);
            }
            let size = extensions.size.unwrap_or(size);
            let has_body = has_body(&header);
            let mut body = self.body(if has_body { size } else { 0 })?;
            if let Some(sparse) = extensions.sparse.as_mut().filter(|map| map.is_in_body) {
                body.start = self.map_in_body(tape, &body, sparse)?;
            }
            return Ok(Some(Found {
                header,
                extensions,
                body,
            }));
        }
        if extensions.is_some() {
            return Err(corrupt("it ends after half a header"));
        }
        Ok(None)
    }

    /// One header block, or none where a block of zeros or the end of the file is.
    fn header(&mut self, tape: &mut dyn Tape) -> Result<Option<Header>> {
        if tape.is_end(self.at)? {
            return Ok(None);
        }
        let at = self.at;
        let end = at.checked_add(BLOCK).filter(|end| *end <= self.length);
        let end = end.ok_or_else(|| corrupt("it ends within a header"))?;
        let block = self.read(tape, at..end)?;
        self.at = end;
        if block.iter().all(|byte| *byte == 0) {
            return Ok(None);
        }
        let mut header = Header::new_old();
        header.as_mut_bytes().copy_from_slice(&block);
        let sums = sums(&block).map(|sum| u32::try_from(sum).ok());
        if !header.cksum().is_ok_and(|told| sums.contains(&Some(told))) {
            return Err(corrupt("the checksum of a header is wrong"));
        }
        Ok(Some(header))
    }

    /// The body that begins here; the walk goes on behind it.
    fn body(&mut self, size: u64) -> Result<Range<u64>> {
        let start = self.at;
        let end = start.checked_add(size).filter(|end| *end <= self.length);
        let end = end.ok_or_else(|| corrupt("an entry is longer than the file"))?;
        // What fills the last block up may be missing at the very end.
        self.at = end.next_multiple_of(BLOCK).min(self.length);
        Ok(start..end)
    }

    /// The map in a header of GNU tar, which goes on between that and the body.
    fn sparse_map(&mut self, tape: &mut dyn Tape, header: &Header) -> Result<Sparse> {
        let mut sparse = Sparse::default();
        let Some(gnu) = header.as_gnu() else {
            return Ok(sparse);
        };
        let no_number = |_| corrupt("a place in a map of holes is no number");
        sparse.length = Some(gnu.real_size().map_err(no_number)?);
        let mut more = tar::GnuExtSparseHeader::new();
        let (mut pieces, mut goes_on) = (gnu.sparse.as_slice(), gnu.is_extended());
        loop {
            for piece in pieces.iter().filter(|piece| !piece.is_empty()) {
                let (begin, length) = (piece.offset(), piece.length());
                let (begin, length) = (begin.map_err(no_number)?, length.map_err(no_number)?);
                sparse.push(begin, length, self.limits)?;
            }
            if !goes_on {
                return Ok(sparse);
            }
            let block = self.body(BLOCK)?;
            let bytes = self.read(tape, block)?;
            more.as_mut_bytes().copy_from_slice(&bytes);
            (pieces, goes_on) = (more.sparse().as_slice(), more.is_extended());
        }
    }

    /// Reads the map that a body begins with, in whole blocks, and says where what follows begins.
    fn map_in_body(
        &mut self,
        tape: &mut dyn Tape,
        body: &Range<u64>,
        sparse: &mut Sparse,
    ) -> Result<u64> {
        let (mut at, mut map) = (body.start, Vec::new());
        let (mut lines, mut wanted) = (0, None);
        while let Some(end) = at.checked_add(BLOCK).filter(|end| *end <= body.end) {
            let block = self.read(tape, at..end)?;
            at = end;
            lines += block.iter().filter(|byte| **byte == b'\n').count() as u64;
            map.extend(block);
            if wanted.is_none() && lines > 0 {
                wanted = Some(Sparse::lines(&map)?);
            }
            if wanted.is_some_and(|wanted| lines >= wanted) {
                sparse.read_body(&map, self.limits)?;
                return Ok(at);
            }
        }
        Err(corrupt("a map of holes has no end"))
    }

    fn read(&mut self, tape: &mut dyn Tape, range: Range<u64>) -> Result<Vec<u8>> {
        let length = range.end - range.start;
        self.headers = self.headers.saturating_add(length);
        if self.headers > self.limits.header_bytes {
            return Err(self.limits.too_long_headers());
        }
        tape.read(range)
    }
}

impl Found {
    fn entry(self, content: &dyn Fn(Range<u64>) -> Result<Content>) -> Result<Entry> {
        let (header, extensions) = (&self.header, self.extensions);
        let kind = header.entry_type();
        let bytes = match extensions.name {
            Some(name) => name,
            None => header.path_bytes().into_owned(),
        };
        // Before there was a type for directories their names ended so.
        let is_dir = kind.is_dir() || (kind.is_file() && bytes.ends_with(b"/"));
        let state = match kind {
            _ if is_dir => State::Ready,
            EntryType::Regular | EntryType::Continuous | EntryType::GNUSparse => State::Ready,
            _ => State::Hidden,
        };
        let packed = self.body.end - self.body.start;
        let holes = extensions.sparse.as_ref();
        let length = holes.and_then(|holes| holes.length).unwrap_or(packed);
        let content = match holes {
            _ if is_dir || length == 0 || state != State::Ready => Content::Nothing,
            Some(holes) => holes.content(length, &self.body, content)?,
            None => content(self.body.clone())?,
        };
        let modified = extensions.modified.or_else(|| header.mtime().ok());
        let since = |seconds| SystemTime::UNIX_EPOCH.checked_add(Duration::from_secs(seconds));
        Ok(Entry {
            name: RawName {
                text: std::str::from_utf8(&bytes).ok().map(Into::into),
                bytes: bytes.into(),
                is_dos: false,
            },
            is_dir,
            length: if is_dir { 0 } else { length },
            packed: Some(packed),
            method: "stored",
            modified: modified.filter(|seconds| *seconds > 0).and_then(since),
            // There is none of the content; where it lies tells entries of one archive apart.
            checksum: self.body.start,
            state,
            content: Arc::new(content),
        })
    }
}

/// Whether a body follows a header.
fn has_body(header: &Header) -> bool {
    let kind = header.entry_type();
    let is_old_dir = header.as_bytes()[156] == 0 && header.path_bytes().ends_with(b"/");
    let is_special = matches!(
        kind,
        EntryType::Link
            | EntryType::Symlink
            | EntryType::Char
            | EntryType::Block
            | EntryType::Directory
            | EntryType::Fifo
    );
    // Whatever such a directory says of its length.
    !is_old_dir && !is_special
}

/// The sum of a header's bytes, and as some old programs added them up: with signs.
fn sums(block: &[u8]) -> [i64; 2] {
    // It counts its own field as spaces.
    let bytes = block.iter().enumerate().map(|(at, byte)| match at {
        148..156 => b' ',
        _ => *byte,
    });
    bytes.fold([0, 0], |[plain, signed], byte| {
        [
            plain + i64::from(byte),
            signed + i64::from(byte.cast_signed()),
        ]
    })
}

/// The length of a body. Some leave the field empty where there is none.
fn size(header: &Header) -> Result<u64> {
    let field = header.as_bytes().get(124..136).unwrap_or_default();
    if field.iter().all(|byte| matches!(byte, 0 | b' ')) {
        return Ok(0);
    }
    header
        .entry_size()
        .map_err(|_| corrupt("a length in it is no number"))
}

fn corrupt(why: &str) -> Error {
    Error::Corrupt {
        what: format!("the tar: {why}"),
    }
}

#[cfg(test)]
mod tests;
