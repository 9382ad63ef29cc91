//! Where a block is: what a row says is believed where the slot itself says so.

use std::{io, sync::Arc};

use tokio::task::spawn_blocking;
use universal_p2p_core::Item;

use super::{BlockCheck, Blocks, Place, slot};
use crate::{
    Held, Object, Store,
    index::{Holder, fingerprint},
    presence::Size,
};

/// Reads the beginning of a slot; returns how much.
type Reading = fn(&Object, u64, &mut [u8]) -> io::Result<usize>;

impl Store {
    /// A block, whichever item has it, found without a thread where memory has what that takes. One
    /// from before an unclean stop is hashed first. It is found for an item: where that is pinned, it
    /// takes a copy of what is another's. The item that has it stays open for a while.
    ///
    /// # Errors
    /// What the file system or the index says.
    pub async fn find_block(
        self: &Arc<Self>,
        item: Option<&Item>,
        key: &[u8],
        check: &BlockCheck,
    ) -> io::Result<Option<Place>> {
        let holders = self.index.holders(&fingerprint(key))?;
        if holders.is_empty() {
            return Ok(None);
        }
        let pinned = item.filter(|item| self.is_pinned(item));
        for holder in holders {
            if let Some(place) = self.at_hand(holder, key)?
                && pinned.is_none_or(|item| item == place.item())
            {
                return Ok(Some(place));
            }
        }
        let (store, check) = (Arc::clone(self), Arc::clone(check));
        let (pinned, key) = (pinned.cloned(), key.to_vec());
        let find = move || match pinned {
            Some(item) => store.blocks(&item, &check)?.find_now(&key),
            None => store.find_block_now(&key, &check),
        };
        spawn_blocking(find).await.map_err(io::Error::other)?
    }

    /// A block, whichever item has it, on this thread, which may block on the disk.
    ///
    /// # Errors
    /// What the file system or the index says.
    pub fn find_block_now(
        self: &Arc<Self>,
        key: &[u8],
        check: &BlockCheck,
    ) -> io::Result<Option<Place>> {
        let fingerprint = fingerprint(key);
        for holder in self.index.holders(&fingerprint)? {
            let found = match self.numbered_blocks(holder.number, check)? {
                Some(blocks) => blocks.place(holder.slot, key)?,
                None => None,
            };
            if found.is_some() {
                return Ok(found);
            }
            let (number, slot) = (holder.number, holder.slot);
            self.index.forget_holder(number, slot, &fingerprint)?;
        }
        Ok(None)
    }

    /// The length of a block that is held, as far as the index knows: it may be gone when it is
    /// asked for. Opens nothing and hashes nothing.
    #[must_use]
    pub fn has_block(&self, key: &[u8]) -> Option<u64> {
        let holders = self.index.holders(&fingerprint(key)).ok()?;
        let held = holders
            .into_iter()
            .find(|holder| self.is_slot_held(holder.number, holder.slot));
        held.map(|holder| u64::from(holder.length))
    }

    /// A block of an open item that was checked, where the page cache has its header.
    fn at_hand(&self, holder: Holder, key: &[u8]) -> io::Result<Option<Place>> {
        let Some(blocks) = self.open_blocks.used(holder.number) else {
            return Ok(None);
        };
        if blocks.object.held(holder.slot) != Held::Checked {
            return Ok(None);
        }
        let cached: Reading = |object, at, into| Ok(object.read_cached(at, into));
        let place = blocks.named(holder.slot, key, cached)?;
        Ok(place.filter(Place::is_held).map(Place::found))
    }

    fn is_pinned(&self, item: &Item) -> bool {
        self.catalog.look(item, |entry| entry.pinned) == Some(true)
    }
}

impl Blocks {
    /// A block, of this item or of another that has it. A pinned item takes a copy of what is
    /// another's, where there is room for it. Blocks on the disk for a moment.
    ///
    /// # Errors
    /// What the file system or the index says.
    pub fn find_now(self: &Arc<Self>, key: &[u8]) -> io::Result<Option<Place>> {
        if let Some(own) = self.find_own(key)? {
            return Ok(Some(own));
        }
        let Some(place) = self.store()?.find_block_now(key, &self.check)? else {
            return Ok(None);
        };
        if place.item() != self.item() && self.is_pinned()? {
            // Where there is no room for it, it can be read all the same.
            return Ok(Some(self.copy(key, &place).unwrap_or(place)));
        }
        Ok(Some(place))
    }

    fn copy(self: &Arc<Self>, key: &[u8], place: &Place) -> io::Result<Place> {
        let bytes = place.read_all_now()?.ok_or(io::ErrorKind::NotFound)?;
        let copy = self.write(key, &bytes)?;
        Ok(copy.0)
    }

    /// Whether nothing of the item goes by itself.
    pub(super) fn is_pinned(&self) -> io::Result<bool> {
        Ok(self.store()?.is_pinned(self.item()))
    }

    pub(super) fn find_own(self: &Arc<Self>, key: &[u8]) -> io::Result<Option<Place>> {
        let (store, fingerprint) = (self.store()?, fingerprint(key));
        let Some(slot) = store.index.slot_of(self.number, &fingerprint)? else {
            return Ok(None);
        };
        let place = self.place(slot, key)?;
        if place.is_none() {
            store.index.forget_holder(self.number, slot, &fingerprint)?;
        }
        Ok(place)
    }

    /// The block with this key, if it is in this slot and right.
    pub(super) fn place(self: &Arc<Self>, slot: u32, key: &[u8]) -> io::Result<Option<Place>> {
        let Some(place) = self.named(slot, key, Object::read_up_to)? else {
            return Ok(None);
        };
        if self.object.held(slot) != Held::Checked && !self.settle(key, &place)? {
            drop(place);
            self.object.reject(slot);
            return Ok(None);
        }
        Ok(Some(place.found_on_disk()))
    }

    /// What is in this slot, kept from here on, if it says that it is the block with this key.
    fn named(self: &Arc<Self>, slot: u32, key: &[u8], read: Reading) -> io::Result<Option<Place>> {
        if !self.object.keep(slot) {
            return Ok(None);
        }
        let place = Place::of_kept(self, slot, Size::default());
        let mut header = [0; slot::LONGEST_HEADER];
        let start = self.object.layout().bytes_of(slot).start;
        let read = read(&self.object, start, &mut header)?;
        let found = slot::parse(&header[..read]).filter(|(found, _)| *found == key);
        Ok(found.map(|(_, size)| place.with_size(size)))
    }

    /// Hashes a block from before an unclean stop. Says whether it is right.
    fn settle(&self, key: &[u8], place: &Place) -> io::Result<bool> {
        let bytes = match place.read_now() {
            Ok(bytes) => bytes,
            // The file ends within it: it was never written to its end.
            Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => return Ok(false),
            Err(error) => return Err(error),
        };
        let is_right = (self.check)(key, &bytes);
        if is_right && self.object.held(place.slot()) == Held::Unchecked {
            self.object.mark_checked(place.slot());
        }
        Ok(is_right && place.is_held())
    }
}
