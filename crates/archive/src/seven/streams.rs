//! The part of a 7z header that says how its streams are packed, read with nothing allocated that
//! it does not have bytes for.

use universal_p2p_core::Result;

use super::corrupt;
use crate::limits::Limits;

/// Streams of one folder and coders of one folder: what 7-Zip itself takes.
const MOST_CODERS: u64 = 64;

/// Packed streams and coders that an entry may have, on average.
const STREAMS: usize = 4;

/// Bytes of a header, from front to back.
pub(super) struct Bytes<'a>(&'a [u8]);

/// What is said of the streams.
pub(super) struct Streams<'a> {
    /// Where the first packed one begins, behind the start of the file.
    pub(super) position: u64,
    /// Lengths of the packed ones.
    pub(super) packed: Vec<u64>,
    pub(super) folders: Vec<Folder<'a>>,
}

/// How some streams are packed together.
pub(super) struct Folder<'a> {
    pub(super) coders: Vec<Coder<'a>>,
    /// What comes out of each coder, in bytes.
    pub(super) unpacked: Vec<u64>,
    has_sum: bool,
}

/// One step of packing.
pub(super) struct Coder<'a> {
    pub(super) id: &'a [u8],
    pub(super) properties: &'a [u8],
}

impl<'a> Bytes<'a> {
    pub(super) fn new(bytes: &'a [u8]) -> Self {
        Self(bytes)
    }

    pub(super) fn byte(&mut self) -> Result<u8> {
        let (first, rest) = self.0.split_first().ok_or_else(cut_off)?;
        self.0 = rest;
        Ok(*first)
    }

    /// A number of one to nine bytes: the first says how many follow.
    pub(super) fn number(&mut self) -> Result<u64> {
        let first = self.byte()?;
        let (mut mask, mut value) = (0x80_u8, 0);
        for at in 0..8 {
            if first & mask == 0 {
                let high = u64::from(first & (mask - 1));
                return Ok(value | high << (8 * at));
            }
            value |= u64::from(self.byte()?) << (8 * at);
            mask >>= 1;
        }
        Ok(value)
    }

    /// A number of things, each of which takes at least one byte.
    fn count(&mut self) -> Result<usize> {
        let count = usize::try_from(self.number()?).ok();
        count
            .filter(|count| *count <= self.0.len())
            .ok_or_else(cut_off)
    }

    fn take(&mut self, length: usize) -> Result<&'a [u8]> {
        let (taken, rest) = self.0.split_at_checked(length).ok_or_else(cut_off)?;
        self.0 = rest;
        Ok(taken)
    }

    fn numbers(&mut self, count: usize) -> Result<Vec<u64>> {
        (0..count).map(|_| self.number()).collect()
    }

    /// Which of so many have a checksum; the checksums are jumped over.
    fn sums(&mut self, count: usize) -> Result<Vec<bool>> {
        let defined = if self.byte()? == 0 {
            let bits = self.take(count.div_ceil(8))?;
            let bit = |at: usize| {
                bits.get(at / 8)
                    .is_some_and(|byte| byte & (0x80 >> (at % 8)) != 0)
            };
            (0..count).map(bit).collect()
        } else {
            // Each has four bytes here, so that there cannot be too many.
            if count > self.0.len() {
                return Err(cut_off());
            }
            vec![true; count]
        };
        let some = defined.iter().filter(|defined| **defined).count();
        self.take(some.saturating_mul(4))?;
        Ok(defined)
    }
}

impl<'a> Streams<'a> {
    /// Reads up to the end of what is said of them.
    ///
    /// # Errors
    /// [`universal_p2p_core::Error::Corrupt`] where it breaks off, and what the limits say where it
    /// has more streams than entries are read, or more coders than so many have.
    pub(super) fn read(bytes: &mut Bytes<'a>, limits: &Limits) -> Result<Self> {
        let mut streams = Self {
            position: 0,
            packed: Vec::new(),
            folders: Vec::new(),
        };
        loop {
            match bytes.byte()? {
                0x00 => return Ok(streams),
                0x06 => streams.read_packed(bytes, limits)?,
                0x07 => streams.read_folders(bytes, limits)?,
                0x08 => streams.skip_parts(bytes, limits)?,
                _ => return Err(cut_off()),
            }
        }
    }

    fn read_packed(&mut self, bytes: &mut Bytes<'a>, limits: &Limits) -> Result<()> {
        self.position = bytes.number()?;
        let count = within(bytes.count()?, STREAMS, limits)?;
        loop {
            match bytes.byte()? {
                0x00 => return Ok(()),
                0x09 => self.packed = bytes.numbers(count)?,
                0x0A => drop(bytes.sums(count)?),
                _ => return Err(cut_off()),
            }
        }
    }

    fn read_folders(&mut self, bytes: &mut Bytes<'a>, limits: &Limits) -> Result<()> {
        if bytes.byte()? != 0x0B {
            return Err(cut_off());
        }
        let count = within(bytes.count()?, 1, limits)?;
        if bytes.byte()? != 0 {
            return Err(super::unsupported("a header in several places"));
        }
        let mut coders = 0;
        for _ in 0..count {
            let folder = Folder::read(bytes)?;
            coders = within(coders + folder.coders.len(), STREAMS, limits)?;
            self.folders.push(folder);
        }
        loop {
            match bytes.byte()? {
                0x00 => return Ok(()),
                0x0C => {
                    for folder in &mut self.folders {
                        folder.unpacked = bytes.numbers(folder.coders.len())?;
                    }
                }
                0x0A => {
                    let sums = bytes.sums(count)?;
                    for (folder, has_sum) in self.folders.iter_mut().zip(sums) {
                        folder.has_sum = has_sum;
                    }
                }
                _ => return Err(cut_off()),
            }
        }
    }

    /// Jumps over what is said of the entries within folders.
    fn skip_parts(&self, bytes: &mut Bytes<'a>, limits: &Limits) -> Result<()> {
        let mut parts = vec![1; self.folders.len()];
        loop {
            match bytes.byte()? {
                0x00 => return Ok(()),
                0x0D => {
                    let mut all = 0;
                    for parts in &mut parts {
                        *parts = bytes.count()?;
                        all = within(all + *parts, 1, limits)?;
                    }
                }
                0x09 => {
                    let sizes = parts.iter().map(|parts| parts.saturating_sub(1));
                    for _ in 0..sizes.fold(0, usize::saturating_add) {
                        bytes.number()?;
                    }
                }
                0x0A => {
                    let folders = self.folders.iter().zip(&parts);
                    let unknown = folders.filter(|(folder, parts)| **parts != 1 || !folder.has_sum);
                    let count = unknown
                        .map(|(_, parts)| *parts)
                        .fold(0, usize::saturating_add);
                    bytes.sums(count)?;
                }
                _ => return Err(cut_off()),
            }
        }
    }
}

impl<'a> Folder<'a> {
    fn read(bytes: &mut Bytes<'a>) -> Result<Self> {
        let count = bytes.count()?;
        let (mut coders, mut inputs) = (Vec::new(), 0_u64);
        if count == 0 || count as u64 > MOST_CODERS {
            return Err(cut_off());
        }
        for _ in 0..count {
            let flags = bytes.byte()?;
            let id = bytes.take(usize::from(flags & 0x0F))?;
            let (mut from, mut to) = (1, 1);
            if flags & 0x10 != 0 {
                (from, to) = (bytes.number()?, bytes.number()?);
            }
            inputs = inputs.saturating_add(from);
            if flags & 0x80 != 0 || to != 1 || inputs > MOST_CODERS {
                return Err(cut_off());
            }
            let properties = if flags & 0x20 != 0 {
                let length = bytes.count()?;
                bytes.take(length)?
            } else {
                &[]
            };
            coders.push(Coder { id, properties });
        }
        let bound = count as u64 - 1;
        for _ in 0..bound {
            bytes.number()?;
            bytes.number()?;
        }
        let packed = inputs.saturating_sub(bound);
        if packed > 1 {
            for _ in 0..packed {
                bytes.number()?;
            }
        }
        Ok(Self {
            coders,
            unpacked: Vec::new(),
            has_sum: false,
        })
    }
}

/// A count of things of which each entry may have so many.
fn within(count: usize, each: usize, limits: &Limits) -> Result<usize> {
    if count > limits.entries.saturating_mul(each) {
        return Err(limits.too_many_entries());
    }
    Ok(count)
}

fn cut_off() -> universal_p2p_core::Error {
    corrupt("its header breaks off")
}
