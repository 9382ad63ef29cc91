//! What the bytes of an entry are made of.

use std::ops::Range;
#[cfg(feature = "rar")]
use std::sync::Arc;

use crate::Source;
#[cfg(feature = "rar")]
use crate::rar;

/// What the bytes of an entry are made of.
pub(crate) enum Content {
    /// Nothing: an empty file, a directory, or something that cannot be read.
    Nothing,
    /// Ranges of outer files, one after the other.
    Map(Vec<Segment>),
    /// Ranges of the volumes of a set, most of which were not read yet.
    #[cfg(feature = "rar")]
    Predicted(Arc<rar::Predicted>),
    /// Packed by RAR, which nothing here unpacks yet.
    #[cfg(feature = "rar")]
    Packed(Arc<rar::Packed>),
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
