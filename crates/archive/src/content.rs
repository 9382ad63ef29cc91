//! What the bytes of an entry are made of.

use std::ops::Range;
#[cfg(any(feature = "rar", feature = "zip"))]
use std::sync::Arc;

use universal_p2p_core::{ByteStream, ReadCx, Result};

#[cfg(feature = "rar")]
use crate::rar;
#[cfg(any(feature = "rar", feature = "seven", feature = "tar"))]
use crate::spool;
#[cfg(feature = "zip")]
use crate::zip;
use crate::{Source, map};

/// What the bytes of an entry are made of.
pub(crate) enum Content {
    /// Nothing: an empty file, a directory, or something that cannot be read.
    Nothing,
    /// Ranges of outer files, one after the other.
    #[cfg(any(feature = "rar", feature = "seven", feature = "tar"))]
    Map(Vec<Segment>),
    /// Ranges of the volumes of a set, most of which were not read yet.
    #[cfg(feature = "rar")]
    Predicted(Arc<rar::Predicted>),
    /// In a ZIP, behind a header that was not read yet.
    #[cfg(feature = "zip")]
    Zip(Arc<zip::Packed>),
    /// Decoded to disk from the start, and read from there.
    #[cfg(any(feature = "rar", feature = "seven", feature = "tar"))]
    Spool(spool::Slice),
}

impl Content {
    /// Opens a range of it.
    ///
    /// # Errors
    /// Whatever keeps the first byte away.
    pub(crate) async fn open(&self, range: Range<u64>, cx: &ReadCx) -> Result<ByteStream> {
        match self {
            #[cfg(feature = "zip")]
            Self::Zip(packed) => packed.open(range, cx).await,
            Self::Nothing => map::open(&[], range, cx).await,
            #[cfg(any(feature = "rar", feature = "seven", feature = "tar"))]
            Self::Map(segments) => map::open(segments, range, cx).await,
            #[cfg(feature = "rar")]
            Self::Predicted(set) => set.open(range, cx).await,
            #[cfg(any(feature = "rar", feature = "seven", feature = "tar"))]
            Self::Spool(slice) => slice.open(range, cx).await,
        }
    }

    /// Names what of it is on disk by its entry.
    pub(crate) fn describe(&self, entry: &str) {
        match self {
            #[cfg(any(feature = "rar", feature = "seven", feature = "tar"))]
            Self::Spool(slice) => slice.describe(entry),
            #[cfg(feature = "zip")]
            Self::Zip(packed) => packed.describe(entry),
            Self::Nothing => {}
            #[cfg(any(feature = "rar", feature = "seven", feature = "tar"))]
            Self::Map(_) => {}
            #[cfg(feature = "rar")]
            Self::Predicted(_) => {}
        }
    }

    /// Whether a range of it is read without all that comes before.
    pub(crate) fn is_seekable(&self) -> bool {
        match self {
            Self::Nothing => true,
            #[cfg(any(feature = "rar", feature = "seven", feature = "tar"))]
            Self::Map(_) => true,
            #[cfg(feature = "rar")]
            Self::Predicted(_) => true,
            #[cfg(feature = "zip")]
            Self::Zip(packed) => packed.is_seekable(),
            #[cfg(any(feature = "rar", feature = "seven", feature = "tar"))]
            Self::Spool(_) => false,
        }
    }
}

/// A range of an outer file.
#[derive(Clone)]
pub(crate) struct Segment {
    pub(crate) source: Source,
    pub(crate) range: Range<u64>,
}

impl Segment {
    /// Its length in bytes.
    pub(crate) fn length(&self) -> u64 {
        self.range.end.saturating_sub(self.range.start)
    }
}
