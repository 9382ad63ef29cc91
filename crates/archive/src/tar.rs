//! The index of a plain tar: every entry lies in the file as it is.
//!
//! A tar has no directory: its headers are walked from the start, and the bodies are jumped over.
//! So a listing asks for one page of every entry, and an entry that was found is a range.

mod extensions;
mod packed;
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
    let mut all = Vec::new();
    while let Some(found) = walk.next(tape)? {
        if all.len() == limits.entries {
            return Err(limits.too_many_entries());
        }
        all.push(found);
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
                    extensions.set_pax(&bytes)?;
                }
                continue;
            }
            self.skip_sparse_map(tape, &header)?;
            let has_body = !matches!(
                kind,
                EntryType::Link
                    | EntryType::Symlink
                    | EntryType::Char
                    | EntryType::Block
                    | EntryType::Directory
                    | EntryType::Fifo
            );
            let size = extensions.size.unwrap_or(size);
            let body = self.body(if has_body { size } else { 0 })?;
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
        let sum: u32 = block
            .iter()
            .enumerate()
            .map(|(at, byte)| {
                // The sum counts its own field as spaces.
                let is_own = (148..156).contains(&at);
                u32::from(if is_own { b' ' } else { *byte })
            })
            .sum();
        if header.cksum().ok() != Some(sum) {
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

    /// Jumps over the rest of an old sparse map, which lies between a header and its body.
    fn skip_sparse_map(&mut self, tape: &mut dyn Tape, header: &Header) -> Result<()> {
        let is_sparse = header.entry_type().is_gnu_sparse();
        let mut goes_on = is_sparse && header.as_gnu().is_some_and(tar::GnuHeader::is_extended);
        while goes_on {
            let block = self.body(BLOCK)?;
            let mut more = tar::GnuExtSparseHeader::new();
            let bytes = self.read(tape, block)?;
            more.as_mut_bytes().copy_from_slice(&bytes);
            goes_on = more.is_extended();
        }
        Ok(())
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
            EntryType::GNUSparse => State::Unsupported,
            EntryType::Regular | EntryType::Continuous if extensions.is_sparse => {
                State::Unsupported
            }
            EntryType::Regular | EntryType::Continuous => State::Ready,
            _ => State::Hidden,
        };
        let length = self.body.end - self.body.start;
        let is_map = state == State::Ready && !is_dir && length > 0;
        let content = if is_map {
            content(self.body.clone())?
        } else {
            Content::Nothing
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
            packed: Some(length),
            method: "stored",
            modified: modified.filter(|seconds| *seconds > 0).and_then(since),
            // There is none of the content; where it lies tells entries of one archive apart.
            checksum: self.body.start,
            state,
            content: Arc::new(content),
        })
    }
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
