//! What the headers of a tar are read from: a file, or what a decoder gives.

use std::{
    io::{self, BufRead, BufReader, Read, Seek, SeekFrom},
    ops::Range,
};

use universal_p2p_core::Result;

use super::corrupt;
use crate::{limits::Limits, skeleton::Skeleton, spool::Early, sync_reader::SyncReader};

/// Something that is read from front to back.
pub(super) trait Tape {
    /// Whether nothing lies at this place or behind it.
    fn is_end(&mut self, at: u64) -> Result<bool>;

    /// Reads a range, whose length the caller has bounded, and which begins where the last ended or
    /// behind that.
    fn read(&mut self, range: Range<u64>) -> Result<Vec<u8>>;
}

/// A file, in which what lies between is jumped over.
pub(super) struct Plain<'a> {
    reader: &'a mut SyncReader,
    length: u64,
}

impl<'a> Plain<'a> {
    pub(super) fn new(reader: &'a mut SyncReader, length: u64) -> Self {
        Self { reader, length }
    }
}

impl Tape for Plain<'_> {
    fn is_end(&mut self, at: u64) -> Result<bool> {
        Ok(at >= self.length)
    }

    fn read(&mut self, range: Range<u64>) -> Result<Vec<u8>> {
        let mut bytes = vec![0; size(&range)?];
        let read = self
            .reader
            .seek(SeekFrom::Start(range.start))
            .and_then(|_| self.reader.read_exact(&mut bytes));
        read.map_err(|error| {
            let failure = self.reader.take_failure();
            failure.unwrap_or_else(|| corrupt(&format!("it cannot be read: {error}")))
        })?;
        Ok(bytes)
    }
}

/// What a decoder gives, in which what lies between is decoded and counted.
pub(super) struct Decoded<'a, R> {
    reader: BufReader<Early<R>>,
    at: u64,
    /// More than this is nothing honest.
    most: u64,
    limits: &'a Limits,
    /// Where it is noted what was read.
    skeleton: Option<&'a Skeleton>,
}

impl<'a, R: Read> Decoded<'a, R> {
    pub(super) fn new(
        reader: Early<R>,
        most: u64,
        limits: &'a Limits,
        skeleton: Option<&'a Skeleton>,
    ) -> Self {
        Self {
            reader: BufReader::with_capacity(64 << 10, reader),
            at: 0,
            most,
            limits,
            skeleton,
        }
    }

    /// Decodes all that is left and says how much it was altogether.
    pub(super) fn finish(mut self) -> Result<u64> {
        while !self.skip(1 << 20)? {}
        self.reader.into_inner().finish();
        if let Some(skeleton) = self.skeleton {
            skeleton.note_unpacked_length(self.at);
        }
        Ok(self.at)
    }

    /// Decodes so many bytes for nothing. Says whether it came to the end before.
    fn skip(&mut self, mut left: u64) -> Result<bool> {
        while left > 0 {
            let buffer = self
                .reader
                .fill_buf()
                .map_err(|error| broken(&error, self.limits))?;
            if buffer.is_empty() {
                return Ok(true);
            }
            let length = usize::try_from(left)
                .unwrap_or(usize::MAX)
                .min(buffer.len());
            self.reader.consume(length);
            left -= length as u64;
            self.count(length)?;
        }
        Ok(false)
    }

    fn count(&mut self, length: usize) -> Result<()> {
        self.at = self.at.saturating_add(length as u64);
        if self.at > self.limits.decoded_entry {
            return Err(self.limits.too_long_entry());
        }
        if self.at > self.most {
            return Err(corrupt("it is packed better than anything can be"));
        }
        Ok(())
    }
}

impl<R: Read> Tape for Decoded<'_, R> {
    fn is_end(&mut self, at: u64) -> Result<bool> {
        if self.skip(at.saturating_sub(self.at))? {
            return Ok(true);
        }
        Ok(self
            .reader
            .fill_buf()
            .map_err(|error| broken(&error, self.limits))?
            .is_empty())
    }

    fn read(&mut self, range: Range<u64>) -> Result<Vec<u8>> {
        if range.start < self.at || self.skip(range.start - self.at)? {
            return Err(corrupt("it ends too soon"));
        }
        let mut bytes = vec![0; size(&range)?];
        self.reader
            .read_exact(&mut bytes)
            .map_err(|error| broken(&error, self.limits))?;
        self.count(bytes.len())?;
        if let Some(skeleton) = self.skeleton {
            skeleton.note_unpacked(range.start, &bytes);
        }
        Ok(bytes)
    }
}

/// What a decoder gave before, as far as it was read then.
pub(super) struct Known<'a> {
    pub(super) skeleton: &'a Skeleton,
    pub(super) length: u64,
}

impl Tape for Known<'_> {
    fn is_end(&mut self, at: u64) -> Result<bool> {
        Ok(at >= self.length)
    }

    fn read(&mut self, range: Range<u64>) -> Result<Vec<u8>> {
        let mut bytes = vec![0; size(&range)?];
        let (mut at, mut rest) = (range.start, bytes.as_mut_slice());
        while !rest.is_empty() {
            let copied = self.skeleton.copy_unpacked(at, rest);
            if copied == 0 {
                return Err(corrupt("not all of it is known"));
            }
            at += copied as u64;
            rest = &mut rest[copied..];
        }
        Ok(bytes)
    }
}

fn size(range: &Range<u64>) -> Result<usize> {
    let length = usize::try_from(range.end - range.start);
    length.map_err(|_| corrupt("a header is too long"))
}

/// What is said of a decoder that failed.
pub(super) fn broken(error: &io::Error, limits: &Limits) -> universal_p2p_core::Error {
    if error.kind() == io::ErrorKind::OutOfMemory {
        return limits.too_much_memory();
    }
    corrupt(&format!("it cannot be unpacked: {error}"))
}
