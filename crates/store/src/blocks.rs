//! Blocks of any length up to 2 MiB, by their keys: one sparse file for each item, not for each block.
//!
//! An item's object is cut into slots longer than the longest block. A slot begins with a header that
//! names the block, then comes the block; what is left of it is a hole, which takes no space. So a
//! block is a chunk, and all that is said of chunks holds for it: what "held" means, the limit, what
//! goes first, pins, what is counted for whom.
//!
//! # Finding
//! The index has a row for each block and item that says which slot it is in. It is only a hint: a
//! block is found where its slot is held and the header says its key. Whatever rows are missing are
//! made again from the headers when the item is opened.
//!
//! # Sharing
//! A block that several items have in common is on disk once, with the item that it was first stored
//! for; but a pinned item takes a copy of what it uses ([`Blocks::find`]).
//!
//! # Limitations
//! A block takes whole blocks of the file system: 4 KiB at the least. An item has at most 1,048,576.
//! Blocks of an item that is not open are found by their rows alone; after an abrupt stop those of
//! the last second may be missing until it is opened. What is pinned after it was fetched is copied
//! from other items only when it is used.

mod finding;
mod opening;
mod place;
mod putting;
mod slot;

use std::{
    io,
    sync::{Arc, Mutex, MutexGuard, PoisonError, Weak},
};

use universal_p2p_core::Item;

use crate::{Object, Store};

pub(crate) use opening::OpenBlocks;
pub use place::Place;
pub use slot::LONGEST_BLOCK;
pub(crate) use slot::taken;

/// Says whether bytes are those of the block with this key: its hash, computed again.
pub type BlockCheck = Arc<dyn Fn(&[u8], &[u8]) -> bool + Send + Sync>;

/// The blocks of one item. While it is held the item stays open.
pub struct Blocks {
    store: Weak<Store>,
    object: Arc<Object>,
    /// What stands for the item in the rows of its blocks.
    number: u32,
    check: BlockCheck,
    /// Held while a block is written, so that none is written twice.
    writing: Mutex<Cursor>,
}

/// Where to look for an empty slot.
#[derive(Default)]
struct Cursor {
    next: u32,
    /// How often something had been given up when that was noted: then there are empty slots below.
    given_up: u64,
}

impl Blocks {
    /// The item.
    #[must_use]
    pub fn item(&self) -> &Item {
        self.object.item()
    }

    /// Bytes of all checked blocks of its own, without what goes with them on disk.
    #[must_use]
    pub fn bytes_held(&self) -> u64 {
        self.object.bytes_held()
    }

    /// Number of checked blocks of its own.
    #[must_use]
    pub fn count(&self) -> u64 {
        self.object.checked_chunks()
    }

    /// Whether the item was removed: then nothing of it comes any more, and readers end.
    #[must_use]
    pub fn is_gone(&self) -> bool {
        self.object.is_gone()
    }

    /// Why no room can be made, once that was tried in vain. `None` while there is hope.
    #[must_use]
    pub fn out_of_room(&self) -> Option<Arc<str>> {
        self.object.out_of_room()
    }

    fn store(&self) -> io::Result<Arc<Store>> {
        let closed = || io::Error::other("the store is closed");
        self.store.upgrade().ok_or_else(closed)
    }

    fn writing(&self) -> MutexGuard<'_, Cursor> {
        self.writing.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests;
