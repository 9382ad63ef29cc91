//! Files with holes, of which a tar has only what lies between the holes.

use std::{ops::Range, sync::Arc};

use async_trait::async_trait;
use bytes::Bytes;
use futures_util::{StreamExt, stream};
use universal_p2p_core::{ByteStream, File, Freshness, Meta, ReadCx, Result};

use super::{corrupt, extensions::number};
use crate::{
    Source,
    content::{Content, Segment},
    limits::Limits,
};

/// What holes read as, as many bytes as are given out at a time.
static ZEROS: [u8; 64 << 10] = [0; 64 << 10];

/// What was said of a file with holes.
#[derive(Default)]
pub(super) struct Sparse {
    /// Its length, holes included.
    pub(super) length: Option<u64>,
    /// Where the pieces begin, and how long each is.
    pieces: Vec<(u64, u64)>,
    /// A piece of which only the beginning was said so far.
    begun: Option<u64>,
    /// Whether the pieces are told at the start of the body.
    pub(super) is_in_body: bool,
}

impl Sparse {
    /// Takes a record of POSIX whose key begins with `GNU.sparse.`, without that.
    ///
    /// # Errors
    /// [`universal_p2p_core::Error::Corrupt`] for what is no number.
    pub(super) fn set(&mut self, key: &[u8], value: &[u8], limits: &Limits) -> Result<()> {
        let told = || number(value).ok_or_else(nonsense);
        match key {
            b"size" | b"realsize" => self.length = Some(told()?),
            b"offset" => self.begun = Some(told()?),
            b"numbytes" => {
                let begin = self.begun.take().ok_or_else(nonsense)?;
                self.push(begin, told()?, limits)?;
            }
            b"map" => {
                let numbers = value.split(|byte| *byte == b',').map(number);
                let numbers: Option<Vec<_>> = numbers.collect();
                for pair in numbers.ok_or_else(nonsense)?.chunks(2) {
                    let [begin, length] = *pair else {
                        return Err(nonsense());
                    };
                    self.push(begin, length, limits)?;
                }
            }
            b"major" => self.is_in_body = told()? == 1,
            _ => {}
        }
        Ok(())
    }

    /// Adds a piece.
    ///
    /// # Errors
    /// [`universal_p2p_core::Error::Unsupported`] where there are more pieces than entries may be.
    pub(super) fn push(&mut self, begin: u64, length: u64, limits: &Limits) -> Result<()> {
        if self.pieces.len() == limits.entries {
            return Err(limits.too_many_entries());
        }
        self.pieces.push((begin, length));
        Ok(())
    }

    /// How many pieces there are.
    pub(super) fn pieces(&self) -> usize {
        self.pieces.len()
    }

    /// How many lines the map at the start of a body has, by its first one.
    ///
    /// # Errors
    /// As [`Sparse::set`].
    pub(super) fn lines(map: &[u8]) -> Result<u64> {
        let first = map.split(|byte| *byte == b'\n').next();
        let count = first.and_then(number).ok_or_else(nonsense)?;
        Ok(count.saturating_mul(2).saturating_add(1))
    }

    /// Takes pieces from the start of a body: their number, then two numbers for each, line by line.
    ///
    /// # Errors
    /// As [`Sparse::set`] and [`Sparse::push`].
    pub(super) fn read_body(&mut self, map: &[u8], limits: &Limits) -> Result<()> {
        self.pieces.clear();
        let wanted = usize::try_from(Self::lines(map)?).unwrap_or(usize::MAX);
        let mut lines = map.split(|byte| *byte == b'\n').take(wanted).skip(1);
        while let Some(begin) = lines.next() {
            let length = lines.next().and_then(number);
            let (Some(begin), Some(length)) = (number(begin), length) else {
                return Err(nonsense());
            };
            self.push(begin, length, limits)?;
        }
        Ok(())
    }

    /// The whole file: the pieces, which lie in the body one behind the other, and holes.
    ///
    /// # Errors
    /// [`universal_p2p_core::Error::Corrupt`] for pieces that lie in each other, behind the end, or
    /// not in the body.
    pub(super) fn content(
        &self,
        length: u64,
        body: &Range<u64>,
        content: &dyn Fn(Range<u64>) -> Result<Content>,
    ) -> Result<Content> {
        let hole = Source::new(Arc::new(Hole(meta(u64::MAX))));
        let mut segments = Vec::new();
        let (mut at, mut place) = (0, body.start);
        let zeros = |length: u64| {
            (length > 0).then(|| Segment {
                source: hole.clone(),
                range: 0..length,
            })
        };
        for (begin, piece) in self.pieces.iter().copied() {
            let end = begin.checked_add(piece).filter(|end| *end <= length);
            let behind = place.checked_add(piece).filter(|end| *end <= body.end);
            let (Some(end), Some(behind)) = (end, behind) else {
                return Err(nonsense());
            };
            if begin < at {
                return Err(nonsense());
            }
            segments.extend(zeros(begin - at));
            if piece > 0 {
                match content(place..behind)? {
                    Content::Map(mut whole) => segments.append(&mut whole),
                    other => segments.push(Segment {
                        source: Source::new(Arc::new(Piece(meta(piece), other))),
                        range: 0..piece,
                    }),
                }
            }
            (at, place) = (end, behind);
        }
        segments.extend(zeros(length - at));
        Ok(Content::Map(segments))
    }
}

/// Bytes that are not there.
struct Hole(Meta);

#[async_trait]
impl File for Hole {
    fn meta(&self) -> &Meta {
        &self.0
    }

    async fn open(&self, range: Range<u64>, _: &ReadCx) -> Result<ByteStream> {
        let left = range.end.saturating_sub(range.start);
        let next = |left: u64| async move {
            let length = usize::try_from(left).unwrap_or(usize::MAX).min(ZEROS.len());
            let bytes = Bytes::from_static(ZEROS.get(..length)?);
            (length > 0).then(|| (Ok(bytes), left - length as u64))
        };
        Ok(stream::unfold(left, next).boxed())
    }
}

/// A piece that is no range of the file.
struct Piece(Meta, Content);

#[async_trait]
impl File for Piece {
    fn meta(&self) -> &Meta {
        &self.0
    }

    async fn open(&self, range: Range<u64>, cx: &ReadCx) -> Result<ByteStream> {
        self.1.open(range, cx).await
    }
}

/// What nobody asks for, but for the length.
fn meta(length: u64) -> Meta {
    Meta {
        name: String::new(),
        length,
        etag: String::new(),
        item: None,
        modified: None,
        freshness: Freshness::Immutable,
    }
}

fn nonsense() -> universal_p2p_core::Error {
    corrupt("what it says of the holes of a file is not so")
}
