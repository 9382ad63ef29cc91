//! Which chunks are present, and whether that can be believed.

use std::{io::Result, sync::atomic::Ordering};

use universal_p2p_core::Item;

use super::{Index, Table, keys};
use crate::bits::PAGE_CHUNKS;

/// The row that counts unclean stops; no item's key can be equal to it.
pub(super) const UNCLEAN_STOPS: &[u8] = b"unclean stops";

impl Index {
    /// How many stops were not clean. Pages that were written before the last of them are hints.
    pub(crate) fn unclean_stops(&self) -> Result<u64> {
        let row = self.get(Table::Trust, UNCLEAN_STOPS)?;
        Ok(row.and_then(|row| keys::number(&row)).unwrap_or(0))
    }

    /// Counts one more unclean stop and makes sure that this is never forgotten.
    pub(crate) fn count_unclean_stop(&self) -> Result<()> {
        let stops = self.unclean_stops()? + 1;
        self.with(|tables| tables.count_unclean_stops(stops))?;
        self.stops.store(stops, Ordering::Relaxed);
        Ok(())
    }

    /// Whether the pages of an item are all from after that many unclean stops.
    pub(crate) fn is_trusted(&self, item: &Item, unclean_stops: u64) -> Result<bool> {
        let row = self.get(Table::Trust, &keys::of_item(item))?;
        Ok(row.is_some_and(|row| keys::number(&row) == Some(unclean_stops)))
    }

    /// Notes that every chunk of an item was checked after that many unclean stops.
    pub(crate) fn trust(&self, item: &Item, unclean_stops: u64) -> Result<()> {
        self.set(
            Table::Trust,
            &keys::of_item(item),
            &unclean_stops.to_be_bytes(),
        )
    }

    /// Every presence page of an item.
    pub(crate) fn pages(&self, item: &Item) -> Result<Vec<(u32, Vec<u8>)>> {
        let prefix = keys::of_item(item);
        let mut pages = Vec::new();
        self.visit(Table::Presence, &prefix, |key, bits| {
            let page = keys::page(&key[prefix.len()..]);
            pages.extend(page.map(|page| (page, bits.to_vec())));
        })?;
        Ok(pages)
    }

    /// One presence page of an item.
    pub(crate) fn page(&self, item: &Item, page: u32) -> Result<Option<Vec<u8>>> {
        self.get(Table::Presence, &keys::of_page(item, page))
    }

    /// Replaces one presence page.
    pub(crate) fn set_page(&self, item: &Item, page: u32, bits: &[u8]) -> Result<()> {
        debug_assert!(bits.len() <= PAGE_CHUNKS as usize / 8, "a page of its size");
        let key = keys::of_page(item, page);
        if bits.iter().all(|byte| *byte == 0) {
            self.remove(Table::Presence, &key)
        } else {
            self.set(Table::Presence, &key, bits)
        }
    }
}
