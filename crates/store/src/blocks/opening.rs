//! Opening the blocks of an item: what is on disk, and what the index says of it, are made to agree.

use std::{
    collections::{HashMap, VecDeque},
    io,
    ops::Range,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError, Weak,
        atomic::{AtomicUsize, Ordering},
    },
};

use universal_p2p_core::Item;

use super::{BlockCheck, Blocks, slot};
use crate::{
    Held, Object, Store,
    bits::PAGE_CHUNKS,
    index::{BlockRow, fingerprint},
    presence::Size,
};

/// Rows that change between two looks at how large the index is: about 500 kB of it.
const ROWS_AT_ONCE: usize = 1024;

/// Items that stay open after they were used: opening one looks at all its blocks.
const MOST_RECENT: usize = 16;

/// The items whose blocks are open.
#[derive(Default)]
pub(crate) struct OpenBlocks {
    /// Held while an item is opened: its number and its blocks are found by one.
    opening: Mutex<()>,
    open: Mutex<HashMap<u32, Weak<Blocks>>>,
    recent: Mutex<VecDeque<Arc<Blocks>>>,
    /// Rows that were written or removed so far.
    rows: AtomicUsize,
}

impl OpenBlocks {
    fn get(&self, number: u32) -> Option<Arc<Blocks>> {
        let blocks = lock(&self.open).get(&number)?.upgrade()?;
        (!blocks.is_gone()).then_some(blocks)
    }

    /// The same, which stays open for a while.
    pub(super) fn used(&self, number: u32) -> Option<Arc<Blocks>> {
        let blocks = self.get(number)?;
        self.keep(&blocks);
        Some(blocks)
    }

    fn of(&self, item: &Item) -> Option<Arc<Blocks>> {
        let open: Vec<_> = lock(&self.open)
            .values()
            .filter_map(Weak::upgrade)
            .collect();
        open.into_iter()
            .find(|blocks| blocks.item() == item && !blocks.is_gone())
    }

    fn add(&self, blocks: &Arc<Blocks>) {
        let mut open = lock(&self.open);
        open.retain(|_, blocks| blocks.strong_count() > 0);
        open.insert(blocks.number, Arc::downgrade(blocks));
    }

    /// Keeps no item open.
    #[cfg(test)]
    pub(crate) fn let_go(&self) {
        let gone = std::mem::take(&mut *lock(&self.recent));
        drop(gone);
    }

    /// Keeps an item open for a while.
    fn keep(&self, blocks: &Arc<Blocks>) {
        let mut recent = lock(&self.recent);
        if recent.back().is_some_and(|last| Arc::ptr_eq(last, blocks)) {
            return;
        }
        let stays = |known: &Arc<Blocks>| !known.is_gone() && !Arc::ptr_eq(known, blocks);
        let (left, mut gone): (VecDeque<_>, VecDeque<_>) = recent.drain(..).partition(stays);
        *recent = left;
        recent.push_back(Arc::clone(blocks));
        if recent.len() > MOST_RECENT {
            gone.extend(recent.pop_front());
        }
        // An item that closes tells the store: that must not wait for this lock.
        drop(recent);
        drop(gone);
    }
}

impl Store {
    /// The blocks of an item, opened or made. Everybody who asks for the same item gets the same.
    /// `check` hashes those from before an unclean stop.
    ///
    /// Blocks on the disk: for a moment, and the longer the more blocks the item has.
    ///
    /// # Errors
    /// What the file system or the index says.
    pub fn blocks(self: &Arc<Self>, item: &Item, check: &BlockCheck) -> io::Result<Arc<Blocks>> {
        self.blocks_in(item, check, slot::SLOTS)
    }

    pub(super) fn blocks_in(
        self: &Arc<Self>,
        item: &Item,
        check: &BlockCheck,
        slots: u32,
    ) -> io::Result<Arc<Blocks>> {
        if let Some(open) = self.open_blocks.of(item) {
            self.open_blocks.keep(&open);
            return Ok(open);
        }
        let _one_at_a_time = lock(&self.open_blocks.opening);
        if let Some(open) = self.open_blocks.of(item) {
            return Ok(open);
        }
        // Slots are never hashed as wholes.
        let object = self.object(item, slot::layout(slots)?, Arc::new(|_, _| false))?;
        let blocks = Arc::new(Blocks {
            store: Arc::downgrade(self),
            object,
            number: self.index.number_of(item)?,
            check: Arc::clone(check),
            writing: Mutex::default(),
        });
        blocks.take_stock(self)?;
        self.open_blocks.add(&blocks);
        self.open_blocks.keep(&blocks);
        Ok(blocks)
    }

    /// The blocks of the item with a number, if there is such an item.
    pub(super) fn numbered_blocks(
        self: &Arc<Self>,
        number: u32,
        check: &BlockCheck,
    ) -> io::Result<Option<Arc<Blocks>>> {
        if let Some(open) = self.open_blocks.used(number) {
            return Ok(Some(open));
        }
        match self.index.item_of(number)? {
            Some(item) if self.catalog.look(&item, |_| ()).is_some() => {
                self.blocks(&item, check).map(Some)
            }
            _ => Ok(None),
        }
    }

    /// Whether something is held in a slot, as far as can be told without opening the item.
    pub(super) fn is_slot_held(&self, number: u32, slot: u32) -> bool {
        if let Some(blocks) = self.open_blocks.get(number) {
            return blocks.object.held(slot) != Held::Absent;
        }
        let Ok(Some(item)) = self.index.item_of(number) else {
            return false;
        };
        let page = self.index.page(&item, slot / PAGE_CHUNKS);
        let bit = slot % PAGE_CHUNKS;
        let byte = page.ok().flatten();
        let byte = byte.and_then(|page| page.get(bit as usize / 8).copied());
        byte.is_some_and(|byte| byte & (0x80 >> (bit % 8)) != 0)
    }

    /// Has the index counted again where so many rows more were written or removed: of many small
    /// blocks it takes a tenth of what they take.
    pub(super) fn note_rows(&self, rows: usize) {
        let before = self.open_blocks.rows.fetch_add(rows, Ordering::Relaxed);
        if before / ROWS_AT_ONCE != before.wrapping_add(rows) / ROWS_AT_ONCE {
            self.count_own();
        }
    }

    /// Forgets the blocks in slots of an item that are given up. What cannot be forgotten harms
    /// nobody: it is not found there.
    pub(crate) fn forget_blocks(&self, item: &Item, slots: &[u32]) {
        let forgotten = self.index.known_number(item).and_then(|number| {
            // It has no blocks.
            let Some(number) = number else { return Ok(()) };
            for slot in slots {
                self.index.forget_slot(number, *slot)?;
                self.note_rows(1);
            }
            Ok(())
        });
        if let Err(error) = forgotten {
            tracing::debug!(%item, %error, "rows of blocks that went stay");
        }
    }

    /// The same with ranges of slots, or all of them, of an item that is not open.
    pub(crate) fn forget_closed_blocks(&self, item: &Item, slots: Option<&[Range<u32>]>) {
        let forgotten = self.index.known_number(item).and_then(|number| {
            number.map_or(Ok(()), |number| self.index.forget_slots(number, slots))
        });
        if let Err(error) = forgotten {
            tracing::debug!(%item, %error, "rows of blocks that went stay");
        }
    }
}

impl Blocks {
    /// Forgets rows of what is not there, and makes rows of what has none.
    fn take_stock(self: &Arc<Self>, store: &Store) -> io::Result<()> {
        let mut stale = Vec::new();
        store.index.slots(self.number, |slot, block| {
            let size = Size {
                key: block.key_length,
                length: block.length,
            };
            if !self.object.found_size(slot, size) {
                stale.push(slot);
            }
        })?;
        for slot in stale {
            store.index.forget_slot(self.number, slot)?;
        }
        let mut rejected = Vec::new();
        for slot in self.object.unknown_slots() {
            match read_header(&self.object, slot)? {
                Some(block) => {
                    let size = Size {
                        key: block.key_length,
                        length: block.length,
                    };
                    self.object.found_size(slot, size);
                    store.index.set_block(self.number, slot, &block)?;
                }
                None => rejected.push(slot),
            }
        }
        if rejected.is_empty() {
            return Ok(());
        }
        let given_up = self.object.give_up(&rejected);
        store.write_gone_pages(&self.object)?;
        store.index.settle()?;
        let _freed = given_up.free();
        Ok(())
    }
}

/// What the header of a slot says is in it.
fn read_header(object: &Object, slot: u32) -> io::Result<Option<BlockRow>> {
    let mut header = [0; slot::LONGEST_HEADER];
    let start = object.layout().bytes_of(slot).start;
    let read = object.read_up_to(start, &mut header)?;
    let found = slot::parse(&header[..read]);
    Ok(found.map(|(key, size)| BlockRow {
        fingerprint: fingerprint(key),
        key_length: size.key,
        length: size.length,
    }))
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
