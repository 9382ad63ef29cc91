//! Walking over the headers of one volume.

use std::{collections::HashMap, ops::Range};

use bytes::Bytes;
use universal_p2p_core::{Error, ReadCx, Result};

use super::{
    five, four,
    header::{Block, FileHeader, Header, LONGEST, Step, corrupt},
    quick,
};
use crate::{Limits, Source};

/// Bytes that are read at once: most headers, and seldom more than one chunk.
const WINDOW: usize = 4 << 10;

/// Where an archive may begin, behind a program that unpacks it.
const PREFIX: u64 = 1 << 20;

/// Headers that an entry has at most on average: its own, rights, streams and so on.
const HEADERS: usize = 4;

/// What one volume holds.
#[derive(Default)]
pub(super) struct Volume {
    /// Whether it is of RAR 5 or later.
    pub(super) is_five: bool,
    /// Whether it says that it is one of several.
    pub(super) is_volume: bool,
    /// Whether it says that what is packed builds on what came before.
    pub(super) is_solid: bool,
    /// Whether its headers cannot be read without a password.
    pub(super) is_encrypted: bool,
    pub(super) parts: Vec<Part>,
    /// Bytes of headers that were read.
    pub(super) header_bytes: u64,
}

/// An entry, or the part of it that is in one volume.
#[derive(Clone)]
pub(super) struct Part {
    pub(super) header: FileHeader,
    /// Where its bytes are.
    pub(super) data: Range<u64>,
}

/// How far a volume is walked over.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Reach {
    /// To its end, or to the entry that goes on in the next volume.
    All,
    /// To its first entry.
    First,
}

/// Reads the headers of a volume.
///
/// Damage behind the first entry ends the walk, as readers of RAR are used to: RAR 2 wrote no end mark,
/// and an archive that is cut short still has its first entries.
///
/// # Errors
/// [`Error::Corrupt`] where there is no archive, [`Error::Unsupported`] where its headers pass the
/// limits and for RAR 1.4 and older; whatever keeps the bytes away.
pub(super) async fn volume(
    source: &Source,
    reach: Reach,
    limits: &Limits,
    cx: &ReadCx,
) -> Result<Volume> {
    let mut reader = Reader::new(source, cx);
    let (is_five, mut at) = start(&mut reader).await?;
    let parse = if is_five { five::parse } else { four::parse };
    let mut volume = Volume {
        is_five,
        ..Volume::default()
    };
    let mut headers = 0_usize;
    loop {
        let header = match reader.header(at, parse).await {
            Ok(Some(header)) => header,
            Err(error) if volume.parts.is_empty() || !is_damage(&error) => return Err(error),
            Ok(None) => break,
            Err(error) => {
                tracing::debug!(%error, at, "the rest of a rar archive is left out");
                break;
            }
        };
        headers += 1;
        volume.header_bytes += header.length as u64;
        if volume.header_bytes > limits.header_bytes {
            return Err(limits.too_long_headers());
        }
        if headers / HEADERS > limits.entries {
            return Err(limits.too_many_entries());
        }
        let data = at.checked_add(header.length as u64);
        let data = data.and_then(|start| Some(start..start.checked_add(header.data)?));
        let data = data.ok_or_else(|| corrupt("an entry is longer than any file"))?;
        let place = at;
        at = data.end;
        match header.block {
            Block::Main {
                is_volume,
                is_solid,
                encrypted,
                quick,
            } => {
                volume.is_volume = is_volume;
                volume.is_solid = is_solid;
                volume.is_encrypted = encrypted;
                let place = quick.and_then(|offset| place.checked_add(offset));
                if let Some(place) = place.filter(|_| !is_volume) {
                    reader.copies(place, parse, limits).await?;
                }
            }
            Block::Encryption => volume.is_encrypted = true,
            Block::File(header) => {
                if volume.parts.len() >= limits.entries {
                    return Err(limits.too_many_entries());
                }
                let is_last = header.is_split_after || reach == Reach::First;
                volume.parts.push(Part {
                    header: *header,
                    data,
                });
                if is_last {
                    break;
                }
            }
            Block::End | Block::Quick => break,
            Block::Other => {}
        }
        if volume.is_encrypted {
            break;
        }
    }
    Ok(volume)
}

fn is_damage(error: &Error) -> bool {
    matches!(error, Error::Corrupt { .. })
}

/// Which generation an archive is of, and where its first header is.
async fn start(reader: &mut Reader<'_>) -> Result<(bool, u64)> {
    let head = reader.at(0, 8).await?;
    if let Some((is_five, length)) = magic(&head) {
        return Ok((is_five, length as u64));
    }
    if head.starts_with(b"RE~^") {
        return Err(super::unsupported("RAR 1.4 and older; repack it"));
    }
    let length = PREFIX.min(reader.source.length());
    let prefix = reader.source.read(0..length, reader.cx).await?;
    let found = (0..prefix.len()).find_map(|at| {
        let rest = prefix.get(at..).filter(|rest| rest.starts_with(b"Rar!"))?;
        let (is_five, length) = magic(rest)?;
        Some((is_five, (at + length) as u64))
    });
    found.ok_or_else(|| corrupt("it does not begin as one"))
}

/// Whether it is of RAR 5 or later, and how long the mark is.
fn magic(bytes: &[u8]) -> Option<(bool, usize)> {
    let kinds = [(four::MAGIC, false), (five::MAGIC, true)];
    let mut kinds = kinds.into_iter();
    kinds.find_map(|(magic, is_five)| bytes.starts_with(magic).then_some((is_five, magic.len())))
}

/// A source read at headers' places.
struct Reader<'a> {
    source: &'a Source,
    cx: &'a ReadCx,
    /// What was read last, and where it is.
    window: (u64, Bytes),
    /// Copies of headers, by their place.
    copies: HashMap<u64, Bytes>,
}

impl<'a> Reader<'a> {
    fn new(source: &'a Source, cx: &'a ReadCx) -> Self {
        Self {
            source,
            cx,
            window: (0, Bytes::new()),
            copies: HashMap::new(),
        }
    }

    /// The header at a place, or `None` at the end of the file.
    async fn header(
        &mut self,
        at: u64,
        parse: fn(&[u8]) -> Result<Step>,
    ) -> Result<Option<Header>> {
        if let Some(copy) = self.copies.get(&at)
            && let Ok(Step::Is(header)) = parse(copy)
            && header.length == copy.len()
        {
            return Ok(Some(header));
        }
        let left = self.source.length().saturating_sub(at);
        if left == 0 {
            return Ok(None);
        }
        let mut needs = 1;
        loop {
            let bytes = self.at(at, needs).await?;
            match parse(&bytes)? {
                Step::Is(header) => return Ok(Some(header)),
                Step::Needs(more) if more as u64 > left || more > LONGEST + 7 => {
                    return Err(corrupt("it ends within a header"));
                }
                Step::Needs(more) if more <= bytes.len() => {
                    return Err(corrupt("a header contradicts itself"));
                }
                Step::Needs(more) => needs = more,
            }
        }
    }

    /// Reads the copies of headers that are at a place, if they are.
    async fn copies(
        &mut self,
        at: u64,
        parse: fn(&[u8]) -> Result<Step>,
        limits: &Limits,
    ) -> Result<()> {
        let header = match self.header(at, parse).await {
            Err(error) if !is_damage(&error) => return Err(error),
            Ok(Some(header)) if matches!(header.block, Block::Quick) => header,
            _ => return Ok(()),
        };
        let start = at.saturating_add(header.length as u64);
        let range = start..start.saturating_add(header.data);
        if header.data <= limits.header_bytes && range.end <= self.source.length() {
            let data = self.source.read(range, self.cx).await?;
            self.copies = quick::copies(&data, at);
        }
        Ok(())
    }

    /// At least `needs` bytes at a place, or what there is of them.
    async fn at(&mut self, at: u64, needs: usize) -> Result<Bytes> {
        let (start, bytes) = &self.window;
        let offset = at
            .checked_sub(*start)
            .and_then(|offset| usize::try_from(offset).ok());
        let known = offset.filter(|offset| *offset <= bytes.len());
        if let Some(known) = known.map(|offset| bytes.slice(offset..))
            && known.len() >= needs
        {
            return Ok(known);
        }
        let end = at.saturating_add(needs.max(WINDOW) as u64);
        let end = end.min(self.source.length()).max(at);
        let bytes = self.source.read(at..end, self.cx).await?;
        self.window = (at, bytes.clone());
        Ok(bytes)
    }
}
