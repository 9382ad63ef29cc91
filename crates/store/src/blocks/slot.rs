//! What stands at the beginning of a slot, and how many there are.

use std::io;

use crate::{Layout, presence::Size};

/// The longest block in bytes: 2 MiB, as in the bitswap specification.
pub const LONGEST_BLOCK: usize = 2 << 20;

/// The longest key in bytes.
pub(super) const LONGEST_KEY: usize = 255;

/// Length of a slot: the longest block, and room for what is before it.
const SLOT: u64 = LONGEST_BLOCK as u64 + 4096;

/// Slots of an item. A file of so many is 2.2 TB long at the most, which file systems of small blocks
/// still take; of blocks of 256 KiB they hold 275 GB. What is known of each is a few bits.
pub(super) const SLOTS: u32 = 1 << 20;

/// The first bytes of every slot, so that a later format can be told apart.
const MAGIC: [u8; 4] = *b"upb1";

/// Bytes before the key: magic, length of the key, length of the block.
const FIXED: usize = MAGIC.len() + 1 + 4;

/// The most bytes that are before a block.
pub(super) const LONGEST_HEADER: usize = FIXED + LONGEST_KEY;

/// How an item's object is cut.
pub(super) fn layout(slots: u32) -> io::Result<Layout> {
    Layout::slots(slots, SLOT).ok_or_else(|| io::ErrorKind::InvalidInput.into())
}

/// Bytes of a slot that a block takes with its header.
pub(crate) fn taken(size: Size) -> u64 {
    before(size) + u64::from(size.length)
}

/// Bytes before a block.
pub(super) fn before(size: Size) -> u64 {
    FIXED as u64 + u64::from(size.key)
}

/// The size that a block will have; none where it or its key is longer than may be, or the key empty.
pub(super) fn size(key: &[u8], block: &[u8]) -> Option<Size> {
    let is_allowed = !key.is_empty() && key.len() <= LONGEST_KEY && block.len() <= LONGEST_BLOCK;
    is_allowed.then_some(Size {
        key: u8::try_from(key.len()).ok()?,
        length: u32::try_from(block.len()).ok()?,
    })
}

/// The bytes before a block.
pub(super) fn header(key: &[u8], size: Size) -> Vec<u8> {
    let mut header = MAGIC.to_vec();
    header.push(size.key);
    header.extend(size.length.to_be_bytes());
    header.extend(key);
    header
}

/// The key and the size of a block, of the first bytes of its slot; none where they make no sense.
pub(super) fn parse(slot: &[u8]) -> Option<(&[u8], Size)> {
    let rest = slot.strip_prefix(&MAGIC)?;
    let (key_length, rest) = rest.split_first()?;
    let (length, rest) = rest.split_first_chunk()?;
    let size = Size {
        key: *key_length,
        length: u32::from_be_bytes(*length),
    };
    let key = rest.get(..usize::from(size.key))?;
    let is_sound = !key.is_empty() && size.length as usize <= LONGEST_BLOCK;
    is_sound.then_some((key, size))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn a_header_says_what_it_was_made_of(key in prop::collection::vec(any::<u8>(), 1..=255), length in 0_usize..100) {
            let size = size(&key, &vec![0; length]).expect("allowed");
            let mut slot = header(&key, size);
            prop_assert_eq!(slot.len() as u64, before(size));
            prop_assert_eq!(taken(size), before(size) + length as u64);
            slot.extend([7; 300]);
            prop_assert_eq!(parse(&slot), Some((&key[..], size)));
        }

        #[test]
        fn damaged_headers_are_none(slot in prop::collection::vec(any::<u8>(), 0..400)) {
            prop_assert_eq!(parse(&slot), None);
            let mut marked = MAGIC.to_vec();
            marked.extend(slot);
            if let Some((key, size)) = parse(&marked) {
                prop_assert!(key.len() == usize::from(size.key) && size.length as usize <= LONGEST_BLOCK);
            }
        }
    }

    #[test]
    fn the_longest_block_with_the_longest_key_fits() {
        let size = size(&[1; LONGEST_KEY], &vec![0; LONGEST_BLOCK]).expect("allowed");
        assert!(taken(size) <= SLOT);
        assert!(super::size(&[], b"x").is_none());
        assert!(super::size(&[1; LONGEST_KEY + 1], b"x").is_none());
        assert!(super::size(b"k", &vec![0; LONGEST_BLOCK + 1]).is_none());
    }
}
