//! Where blocks are: a hint, as each slot says on disk which block it has.
//!
//! Items that have blocks get a number, so that the two rows of each block are short: one from the
//! item and the slot to the block, one from the block to the item and the slot.

use std::{
    hash::{BuildHasher, RandomState},
    io::Result,
    ops::Range,
};

use universal_p2p_core::Item;

use super::{Index, Table, keys};

/// Bytes of a key that the rows have: the last ones, which in a multihash are of the digest.
const FINGERPRINT: usize = 16;

/// The most items that are looked at for one block. More may have it; any of them will do.
const MOST_HOLDERS: usize = 32;

/// What the index has of a block's key.
pub(crate) type Fingerprint = [u8; FINGERPRINT];

/// The last bytes of a key, with zeros before them where it is shorter.
pub(crate) fn fingerprint(key: &[u8]) -> Fingerprint {
    let mut fingerprint = [0; FINGERPRINT];
    let last = &key[key.len().saturating_sub(FINGERPRINT)..];
    fingerprint[FINGERPRINT - last.len()..].copy_from_slice(last);
    fingerprint
}

/// A block in a slot.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct BlockRow {
    pub(crate) fingerprint: Fingerprint,
    /// Length of its key in bytes.
    pub(crate) key_length: u8,
    /// Its own length in bytes.
    pub(crate) length: u32,
}

impl BlockRow {
    fn encode(&self) -> Vec<u8> {
        let mut row = self.fingerprint.to_vec();
        row.push(self.key_length);
        row.extend(self.length.to_be_bytes());
        row
    }

    fn decode(row: &[u8]) -> Option<Self> {
        let (fingerprint, rest) = row.split_first_chunk()?;
        let (key_length, length) = rest.split_first()?;
        Some(Self {
            fingerprint: *fingerprint,
            key_length: *key_length,
            length: keys::page(length)?,
        })
    }
}

/// Somebody who has a block.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Holder {
    /// The item's number.
    pub(crate) number: u32,
    pub(crate) slot: u32,
    /// The block's length in bytes.
    pub(crate) length: u32,
}

impl Index {
    /// The number of an item, which gets one where it has none. One thread at a time.
    ///
    /// Numbers are random: where the last rows were lost none is given twice.
    pub(crate) fn number_of(&self, item: &Item) -> Result<u32> {
        if let Some(number) = self.known_number(item)? {
            return Ok(number);
        }
        let number = loop {
            let random = RandomState::new().hash_one(0_u8).to_be_bytes();
            let number = random.first_chunk().copied().map_or(0, u32::from_be_bytes);
            if self.get(Table::Numbers, &named(number))?.is_none() {
                break number;
            }
        };
        self.set(Table::Numbers, &named(number), &keys::of_item(item))?;
        self.set(Table::Numbers, &numbered(item), &number.to_be_bytes())?;
        Ok(number)
    }

    /// The number of an item that has one.
    pub(crate) fn known_number(&self, item: &Item) -> Result<Option<u32>> {
        let row = self.get(Table::Numbers, &numbered(item))?;
        Ok(row.and_then(|row| keys::page(&row)))
    }

    /// The item with a number.
    pub(crate) fn item_of(&self, number: u32) -> Result<Option<Item>> {
        let row = self.get(Table::Numbers, &named(number))?;
        Ok(row.and_then(|row| keys::split(&row).map(|(item, _)| item)))
    }

    /// Forgets an item's number and all its blocks.
    pub(super) fn forget_number(&self, item: &Item) -> Result<()> {
        let Some(number) = self.known_number(item)? else {
            return Ok(());
        };
        self.remove(Table::Numbers, &numbered(item))?;
        self.forget_slots(number, None)?;
        self.remove(Table::Numbers, &named(number))
    }

    /// Notes a block in a slot.
    pub(crate) fn set_block(&self, number: u32, slot: u32, block: &BlockRow) -> Result<()> {
        let mut place = slot.to_be_bytes().to_vec();
        place.extend(block.length.to_be_bytes());
        let holder = of_holder(&block.fingerprint, number);
        self.with(|tables| {
            tables.set(Table::Slots, &of_slot(number, slot), &block.encode())?;
            tables.set(Table::Holders, &holder, &place)
        })
    }

    /// The slot in which an item has a block.
    pub(crate) fn slot_of(&self, number: u32, fingerprint: &Fingerprint) -> Result<Option<u32>> {
        let row = self.get(Table::Holders, &of_holder(fingerprint, number))?;
        Ok(row.and_then(|row| place(&row)).map(|(slot, _)| slot))
    }

    /// Items that have a block, at most 32.
    pub(crate) fn holders(&self, fingerprint: &Fingerprint) -> Result<Vec<Holder>> {
        let mut holders = Vec::new();
        self.visit(Table::Holders, fingerprint, |key, row| {
            let number = keys::page(&key[FINGERPRINT..]);
            if let Some((number, (slot, length))) = number.zip(place(row))
                && holders.len() < MOST_HOLDERS
            {
                holders.push(Holder {
                    number,
                    slot,
                    length,
                });
            }
        })?;
        Ok(holders)
    }

    /// Shows every slot of an item.
    pub(crate) fn slots(&self, number: u32, mut visit: impl FnMut(u32, BlockRow)) -> Result<()> {
        self.visit(Table::Slots, &number.to_be_bytes(), |key, row| {
            let slot = keys::page(&key[size_of::<u32>()..]);
            if let Some((slot, block)) = slot.zip(BlockRow::decode(row)) {
                visit(slot, block);
            }
        })
    }

    /// Forgets what is in a slot.
    pub(crate) fn forget_slot(&self, number: u32, slot: u32) -> Result<()> {
        let key = of_slot(number, slot);
        let Some(row) = self.get(Table::Slots, &key)? else {
            return Ok(());
        };
        self.remove(Table::Slots, &key)?;
        match BlockRow::decode(&row) {
            Some(block) => self.forget_holder(number, slot, &block.fingerprint),
            None => Ok(()),
        }
    }

    /// Forgets that an item has a block, where it is said to be in this slot.
    pub(crate) fn forget_holder(
        &self,
        number: u32,
        slot: u32,
        fingerprint: &Fingerprint,
    ) -> Result<()> {
        if self.slot_of(number, fingerprint)? == Some(slot) {
            self.remove(Table::Holders, &of_holder(fingerprint, number))?;
        }
        Ok(())
    }

    /// Forgets what is in ranges of slots, which are in order, or in all.
    pub(crate) fn forget_slots(&self, number: u32, slots: Option<&[Range<u32>]>) -> Result<()> {
        let mut gone = Vec::new();
        self.slots(number, |slot, _| {
            if slots.is_none_or(|slots| slots.iter().any(|range| range.contains(&slot))) {
                gone.push(slot);
            }
        })?;
        gone.into_iter()
            .try_for_each(|slot| self.forget_slot(number, slot))
    }
}

/// The key under which an item has its number.
fn numbered(item: &Item) -> Vec<u8> {
    let mut key = vec![b'i'];
    key.extend(keys::of_item(item));
    key
}

/// The key under which a number has its item.
fn named(number: u32) -> Vec<u8> {
    let mut key = vec![b'n'];
    key.extend(number.to_be_bytes());
    key
}

fn of_slot(number: u32, slot: u32) -> [u8; 8] {
    (u64::from(number) << 32 | u64::from(slot)).to_be_bytes()
}

fn of_holder(fingerprint: &Fingerprint, number: u32) -> Vec<u8> {
    let mut key = fingerprint.to_vec();
    key.extend(number.to_be_bytes());
    key
}

/// A slot and a length.
fn place(row: &[u8]) -> Option<(u32, u32)> {
    let (slot, length) = row.split_at_checked(size_of::<u32>())?;
    keys::page(slot).zip(keys::page(length))
}
