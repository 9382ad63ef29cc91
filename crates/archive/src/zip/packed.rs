//! The bytes of an entry, which are found when they are first asked for.

use std::{ops::Range, sync::Arc};

use bytes::Bytes;
use crc32fast::Hasher;
use futures_util::{StreamExt, TryStreamExt, future::ready};
use tokio::sync::OnceCell;
use universal_p2p_core::{ByteStream, Error, Item, ReadCx, Result};

use super::{LOCAL, corrupt, directory::u16_at, record::Record};
use crate::{
    Source,
    content::Segment,
    index::State,
    inflate,
    limits::Limits,
    map, slots,
    spool::{self, Slice, Spools, ZipEntry, zip_recipe},
};

/// The method of what is not packed.
pub(super) const STORED: u16 = 0;

/// The method of DEFLATE.
pub(super) const DEFLATED: u16 = 8;

/// What all entries of one archive need to be unpacked.
pub(super) struct Shared {
    /// The entity tag of all that the archive lies in.
    pub(super) etag: Box<str>,
    pub(super) spools: Arc<Spools>,
    pub(super) limits: Limits,
}

/// Whether an entry can be read that is packed as its record says.
pub(super) fn state(record: &Record, limits: &Limits) -> State {
    match record.method {
        STORED | DEFLATED => State::Ready,
        9 | 12 | 14 | 20 | 93 | 95 | 98 => spool::state(record.length, record.packed, limits),
        _ => State::Unsupported,
    }
}

/// An entry that is not encrypted.
pub(crate) struct Packed {
    /// How it is packed, as a number of the format.
    pub(crate) method: u16,
    /// The archive.
    pub(crate) source: Source,
    /// Where in it the local header is.
    pub(crate) header_start: u64,
    /// Bytes that it takes.
    pub(crate) packed: u64,
    /// Bytes that come out.
    pub(crate) length: u64,
    /// The CRC-32 of those.
    pub(crate) crc: u32,
    /// Where it has to end at the latest.
    end: u64,
    shared: Arc<Shared>,
    data: OnceCell<Segment>,
    inflate: OnceCell<inflate::Stream>,
    spool: OnceCell<Slice>,
}

impl Packed {
    pub(super) fn new(record: &Record, end: u64, source: &Source, shared: &Arc<Shared>) -> Self {
        Self {
            method: record.method,
            source: source.clone(),
            header_start: record.start,
            packed: record.packed,
            length: record.length,
            crc: record.crc,
            end,
            shared: shared.clone(),
            data: OnceCell::new(),
            inflate: OnceCell::new(),
            spool: OnceCell::new(),
        }
    }

    /// Opens a range of what comes out.
    ///
    /// # Errors
    /// [`Error::Unsupported`] for other methods than these two;
    /// [`Error::Corrupt`] as for [`Packed::data`] and [`inflate::Stream::open`].
    pub(crate) async fn open(&self, range: Range<u64>, cx: &ReadCx) -> Result<ByteStream> {
        match self.method {
            STORED if self.packed != self.length => {
                Err(corrupt("an entry that is stored has two lengths"))
            }
            STORED => {
                let is_whole = range == (0..self.length);
                let stored = map::open(std::slice::from_ref(self.data(cx).await?), range, cx);
                let stored = stored.await?;
                Ok(if is_whole {
                    checked(stored, self.length, self.crc)
                } else {
                    stored
                })
            }
            DEFLATED => {
                let begin = || async {
                    let segments = vec![self.data(cx).await?.clone()];
                    let (crc, shelf) = (Some(self.crc), self.shared.spools.shelf());
                    let item = self.checkpoints()?;
                    Ok(inflate::Stream::new(
                        segments,
                        self.length,
                        crc,
                        shelf,
                        item,
                    ))
                };
                let stream = self.inflate.get_or_try_init(begin).await?;
                stream.open(range, cx).await
            }
            method => {
                let begin = || async {
                    let entry = ZipEntry {
                        etag: &self.shared.etag,
                        method,
                        data: self.data(cx).await?,
                        length: self.length,
                        crc: self.crc,
                    };
                    let recipe = zip_recipe(&self.shared.spools, &entry, &self.shared.limits)?;
                    Ok::<_, Error>(Slice::whole(&recipe))
                };
                let slice = self.spool.get_or_try_init(begin).await?;
                slice.open(range, cx).await
            }
        }
    }

    /// Under what its checkpoints are kept.
    fn checkpoints(&self) -> Result<Item> {
        let [start, packed, length, crc] =
            [self.header_start, self.packed, self.length, self.crc.into()].map(|n| n.to_string());
        let etag = &self.shared.etag;
        let parts = ["deflate 1", etag, &start, &packed, &length, &crc];
        slots::item(&slots::kin(etag), parts)
    }

    /// Names what of it is on disk by its entry.
    pub(crate) fn describe(&self, entry: &str) {
        if let Some(slice) = self.spool.get() {
            slice.describe(entry);
        }
        if let Some(stream) = self.inflate.get() {
            stream.describe(entry);
        }
    }

    /// Whether a range of it can be read without all that comes before, at least the second time.
    pub(crate) fn is_seekable(&self) -> bool {
        matches!(self.method, STORED | DEFLATED)
    }

    /// Where its packed bytes lie: reads the local header the first time.
    ///
    /// # Errors
    /// [`Error::Corrupt`] where there is no such header, or the bytes would lie
    /// in something else; whatever kept it away.
    pub(crate) async fn data(&self, cx: &ReadCx) -> Result<&Segment> {
        let find = || async {
            let start = self.header_start;
            let header = self
                .source
                .read(start..start.saturating_add(LOCAL), cx)
                .await?;
            if header.len() as u64 != LOCAL || !header.starts_with(b"PK\x03\x04") {
                return Err(corrupt("an entry is not where its directory says"));
            }
            if u16_at(&header, 8) != self.method {
                return Err(corrupt(
                    "an entry is packed in another way than its directory says",
                ));
            }
            // Names may differ from those in the directory, where they are in two encodings.
            let names = u64::from(u16_at(&header, 26)) + u64::from(u16_at(&header, 28));
            let range_start = start.saturating_add(LOCAL + names);
            let range = range_start..range_start.saturating_add(self.packed);
            if range.end > self.end {
                return Err(corrupt("an entry runs into the next"));
            }
            let source = self.source.clone();
            Ok(Segment { source, range })
        };
        self.data.get_or_try_init(find).await
    }
}

/// A stream of the whole that breaks off before its last bytes where its CRC-32 is another.
fn checked(stream: ByteStream, length: u64, crc: u32) -> ByteStream {
    let mut left = length;
    let mut hasher = Hasher::new();
    let check = move |bytes: Bytes| {
        hasher.update(&bytes);
        left = left.saturating_sub(bytes.len() as u64);
        let is_right = left > 0 || hasher.clone().finalize() == crc;
        let checked = is_right.then_some(bytes);
        ready(checked.ok_or_else(|| corrupt("the checksum of an entry is wrong")))
    };
    stream.and_then(check).boxed()
}

/// What people call a method.
pub(super) fn name(method: u16) -> &'static str {
    match method {
        STORED => "stored",
        1 => "shrink",
        2..=5 => "reduce",
        6 => "implode",
        DEFLATED => "deflate",
        9 => "deflate64",
        12 => "bzip2",
        14 => "lzma",
        20 | 93 => "zstd",
        95 => "xz",
        96 => "jpeg",
        97 => "wavpack",
        98 => "ppmd",
        99 => "aes",
        _ => "unknown",
    }
}
