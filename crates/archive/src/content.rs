//! What the bytes of an entry are made of.

use std::ops::Range;

use crate::Source;

/// What the bytes of an entry are made of.
pub(crate) enum Content {
    /// Nothing: an empty file, a directory, or something that cannot be read.
    Nothing,
    /// Ranges of outer files, one after the other.
    Map(Vec<Segment>),
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
