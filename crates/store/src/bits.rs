//! A set of chunk numbers as plain bits, most significant bit first as in a BitTorrent bitfield.

/// Chunks in one page of the index: 512 bytes.
pub(crate) const PAGE_CHUNKS: u32 = 4096;

/// A fixed-size set of chunk numbers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Bits {
    bytes: Vec<u8>,
    len: u32,
}

impl Bits {
    pub(crate) fn new(len: u32) -> Self {
        Self {
            bytes: vec![0; len.div_ceil(8) as usize],
            len,
        }
    }

    /// How many chunk numbers may be in it.
    pub(crate) fn len(&self) -> u32 {
        self.len
    }

    pub(crate) fn has(&self, bit: u32) -> bool {
        bit < self.len && self.bytes[bit as usize / 8] & (0x80 >> (bit % 8)) != 0
    }

    /// Sets or clears a bit and says whether that changed it.
    pub(crate) fn set(&mut self, bit: u32, value: bool) -> bool {
        if bit >= self.len || self.has(bit) == value {
            return false;
        }
        self.bytes[bit as usize / 8] ^= 0x80 >> (bit % 8);
        true
    }

    pub(crate) fn ones(&self) -> impl Iterator<Item = u32> + '_ {
        // Most of a large set is empty: whole bytes of it are passed over at once.
        let filled = (0_u32..).zip(&self.bytes).filter(|(_, byte)| **byte != 0);
        let bits = filled.flat_map(|(at, byte)| {
            let set = (0..8).filter(move |bit| byte & (0x80 >> bit) != 0);
            set.map(move |bit| at * 8 + bit)
        });
        bits.filter(|bit| *bit < self.len)
    }

    pub(crate) fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// The bytes of one index page.
    pub(crate) fn page(&self, page: u32) -> &[u8] {
        let start = (page * PAGE_CHUNKS / 8) as usize;
        let end = self.bytes.len().min(start + PAGE_CHUNKS as usize / 8);
        self.bytes.get(start..end).unwrap_or_default()
    }

    /// Takes a page as the index had it; bits past the end are dropped.
    pub(crate) fn load_page(&mut self, page: u32, bytes: &[u8]) {
        let first = page * PAGE_CHUNKS;
        for bit in 0..PAGE_CHUNKS {
            let byte = bytes.get(bit as usize / 8).copied().unwrap_or(0);
            if byte & (0x80 >> (bit % 8)) != 0 {
                self.set(first + bit, true);
            }
        }
    }

    pub(crate) fn pages(&self) -> u32 {
        self.len.div_ceil(PAGE_CHUNKS)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn behaves_like_a_set(len in 1_u32..10_000, changes in prop::collection::vec((0_u32..10_000, any::<bool>()), 0..200)) {
            let mut bits = Bits::new(len);
            let mut model = BTreeSet::new();
            for (bit, value) in changes {
                let expected = bit < len && if value { model.insert(bit) } else { model.remove(&bit) };
                prop_assert_eq!(bits.set(bit, value), expected);
            }
            prop_assert_eq!(bits.ones().collect::<Vec<_>>(), model.into_iter().collect::<Vec<_>>());
            let mut copy = Bits::new(len);
            for page in 0..bits.pages() {
                copy.load_page(page, bits.page(page));
            }
            prop_assert_eq!(copy, bits);
        }
    }
}
