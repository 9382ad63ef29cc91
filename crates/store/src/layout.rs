//! How an object is cut into chunks.

use std::ops::Range;

/// Bytes that file systems allocate at a time.
pub(crate) const DISK_BLOCK: u64 = 4096;

/// The length of an object and of its chunks, in bytes. The last chunk may be shorter.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Layout {
    length: u64,
    chunk_length: u64,
    /// Whether chunks are slots, each filled from its front as far as it goes; then the file is as
    /// long as it has to be, and the length is only the most that it may become.
    is_slotted: bool,
}

/// What the index adds to the chunk length of slots, to tell them from plain chunks.
const SLOTTED: u64 = 1 << 63;

impl Layout {
    /// Cuts `length` bytes into chunks of `chunk_length`.
    ///
    /// Returns `None` where the chunk length is zero or there would be more than 2³² - 1 chunks.
    #[must_use]
    pub fn new(length: u64, chunk_length: u64) -> Option<Self> {
        let chunks = (chunk_length > 0).then(|| length.div_ceil(chunk_length))?;
        u32::try_from(chunks)
            .ok()
            .filter(|chunks| *chunks < u32::MAX)?;
        Some(Self {
            length,
            chunk_length,
            is_slotted: false,
        })
    }

    /// So many slots of this length, for what comes in pieces of any length up to that.
    #[must_use]
    pub(crate) fn slots(count: u32, slot_length: u64) -> Option<Self> {
        let plain = Self::new(u64::from(count).checked_mul(slot_length)?, slot_length)?;
        Some(Self {
            is_slotted: true,
            ..plain
        })
    }

    /// As the index has it: the length, and the chunk length as [`Layout::coded_chunk_length`] gave it.
    pub(crate) fn from_coded(length: u64, chunk_length: u64) -> Option<Self> {
        let plain = Self::new(length, chunk_length & !SLOTTED)?;
        Some(Self {
            is_slotted: chunk_length & SLOTTED != 0,
            ..plain
        })
    }

    /// The chunk length with the mark of slots.
    pub(crate) fn coded_chunk_length(&self) -> u64 {
        self.chunk_length | if self.is_slotted { SLOTTED } else { 0 }
    }

    /// Whether chunks are slots.
    pub(crate) fn is_slotted(&self) -> bool {
        self.is_slotted
    }

    /// How long the file should be of which this length was found.
    pub(crate) fn file_length(&self, found: u64) -> u64 {
        if self.is_slotted {
            found.min(self.length)
        } else {
            self.length
        }
    }

    /// Length of the object in bytes.
    #[must_use]
    pub fn length(&self) -> u64 {
        self.length
    }

    /// Length of every chunk but the last, in bytes.
    #[must_use]
    pub fn chunk_length(&self) -> u64 {
        self.chunk_length
    }

    /// Number of chunks.
    #[must_use]
    pub fn chunks(&self) -> u32 {
        u32::try_from(self.length.div_ceil(self.chunk_length)).expect("checked by new")
    }

    /// The chunk that holds the byte at `offset`; for an offset past the end, one past the last chunk.
    #[must_use]
    pub fn chunk_at(&self, offset: u64) -> u32 {
        u32::try_from(offset / self.chunk_length)
            .unwrap_or(u32::MAX)
            .min(self.chunks())
    }

    /// The bytes of a chunk.
    #[must_use]
    pub fn bytes_of(&self, chunk: u32) -> Range<u64> {
        let start = (u64::from(chunk) * self.chunk_length).min(self.length);
        start..(start + self.chunk_length).min(self.length)
    }

    /// Bytes that a chunk takes on disk, in whole blocks of the file system.
    #[must_use]
    pub fn disk_bytes_of(&self, chunk: u32) -> u64 {
        let bytes = self.bytes_of(chunk);
        let end = bytes.end.next_multiple_of(DISK_BLOCK);
        end - bytes.start / DISK_BLOCK * DISK_BLOCK
    }

    /// The chunks that a range of bytes touches.
    #[must_use]
    pub fn chunks_of(&self, bytes: &Range<u64>) -> Range<u32> {
        if bytes.is_empty() {
            let at = self.chunk_at(bytes.start);
            return at..at;
        }
        self.chunk_at(bytes.start)..(self.chunk_at(bytes.end - 1) + 1).min(self.chunks())
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn chunks_tile_the_object(length in 0_u64..100_000, chunk_length in 1_u64..5_000) {
            let layout = Layout::new(length, chunk_length).expect("few chunks");
            let mut next = 0;
            for chunk in 0..layout.chunks() {
                let bytes = layout.bytes_of(chunk);
                prop_assert_eq!(bytes.start, next);
                prop_assert!(!bytes.is_empty());
                prop_assert_eq!(layout.chunk_at(bytes.start), chunk);
                prop_assert_eq!(layout.chunk_at(bytes.end - 1), chunk);
                next = bytes.end;
            }
            prop_assert_eq!(next, length);
            prop_assert_eq!(layout.chunks_of(&(0..length)), 0..layout.chunks());
        }
    }

    #[test]
    fn slots_are_told_from_chunks_of_their_length() {
        let slots = Layout::slots(8, 5000).expect("few");
        let plain = Layout::new(40_000, 5000).expect("few");
        assert_ne!(slots, plain);
        for layout in [slots, plain] {
            let coded = layout.coded_chunk_length();
            assert_eq!(Layout::from_coded(layout.length(), coded), Some(layout));
        }
        assert_eq!((slots.file_length(77), plain.file_length(77)), (77, 40_000));
        assert_eq!(Layout::from_coded(1, SLOTTED), None);
    }

    #[test]
    fn absurd_layouts_are_refused() {
        assert!(Layout::new(1, 0).is_none());
        assert!(Layout::new(u64::MAX, 1).is_none());
        assert_eq!(Layout::new(0, 16).map(|l| l.chunks()), Some(0));
    }
}
