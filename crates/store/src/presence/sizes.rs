//! How far each slot is filled.

use crate::bits::PAGE_CHUNKS;

/// Bits of a number that the length of a block takes: it is at most 2 MiB.
const LENGTH_BITS: u32 = 22;

/// What a slot has.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Size {
    /// Length of the block's key in bytes, at least 1.
    pub(crate) key: u8,
    /// Length of the block in bytes.
    pub(crate) length: u32,
}

impl Size {
    fn packed(self) -> u32 {
        u32::from(self.key) << LENGTH_BITS | self.length.min((1 << LENGTH_BITS) - 1)
    }

    fn unpacked(packed: u32) -> Option<Self> {
        (packed != 0).then(|| Self {
            key: u8::try_from(packed >> LENGTH_BITS).unwrap_or(u8::MAX),
            length: packed & ((1 << LENGTH_BITS) - 1),
        })
    }
}

/// The sizes of all slots: 4 bytes each, in pages that are only there where something is.
pub(super) struct Sizes {
    pages: Vec<Option<Box<[u32; PAGE_CHUNKS as usize]>>>,
}

impl Sizes {
    /// Nothing is known of that many slots.
    pub(super) fn new(slots: u32) -> Self {
        let mut pages = Vec::new();
        pages.resize_with(slots.div_ceil(PAGE_CHUNKS) as usize, || None);
        Self { pages }
    }

    /// What is in a slot, where that is known.
    pub(super) fn get(&self, slot: u32) -> Option<Size> {
        let page = self.pages.get((slot / PAGE_CHUNKS) as usize)?.as_ref()?;
        Size::unpacked(page[(slot % PAGE_CHUNKS) as usize])
    }

    /// Notes what is in a slot.
    pub(super) fn set(&mut self, slot: u32, size: Size) {
        if let Some(page) = self.pages.get_mut((slot / PAGE_CHUNKS) as usize) {
            let page = page.get_or_insert_with(|| Box::new([0; PAGE_CHUNKS as usize]));
            page[(slot % PAGE_CHUNKS) as usize] = size.packed();
        }
    }

    /// Nothing is in a slot any more.
    pub(super) fn clear(&mut self, slot: u32) {
        if let Some(Some(page)) = self.pages.get_mut((slot / PAGE_CHUNKS) as usize) {
            page[(slot % PAGE_CHUNKS) as usize] = 0;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_size_is_what_was_noted() {
        let mut sizes = Sizes::new(PAGE_CHUNKS + 5);
        let size = Size {
            key: 255,
            length: 2 << 20,
        };
        for slot in [0, 7, PAGE_CHUNKS + 4] {
            assert_eq!(sizes.get(slot), None);
            sizes.set(slot, size);
            assert_eq!(sizes.get(slot), Some(size));
            sizes.clear(slot);
            assert_eq!(sizes.get(slot), None);
        }
        sizes.set(3 * PAGE_CHUNKS, size);
        assert_eq!(sizes.get(3 * PAGE_CHUNKS), None, "past the end");
    }
}
