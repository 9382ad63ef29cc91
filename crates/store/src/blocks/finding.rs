//! Where a block is: what a row says is believed where the slot itself says so.

use std::{io, sync::Arc};

use super::{BlockCheck, Blocks, Place, slot};
use crate::{Held, Store, index::fingerprint, presence::Size};

impl Store {
    /// A block, whichever item has it. One from before an unclean stop is hashed first. Its item is
    /// opened where it is not, and stays open for a while. Blocks on the disk for a moment.
    ///
    /// # Errors
    /// What the file system or the index says.
    pub fn find_block(
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
}

impl Blocks {
    /// A block, of this item or of another that has it. A pinned item takes a copy of what is
    /// another's, where there is room for it. Blocks on the disk for a moment.
    ///
    /// # Errors
    /// What the file system or the index says.
    pub fn find(self: &Arc<Self>, key: &[u8]) -> io::Result<Option<Place>> {
        if let Some(own) = self.find_own(key)? {
            return Ok(Some(own));
        }
        let Some(place) = self.store()?.find_block(key, &self.check)? else {
            return Ok(None);
        };
        if place.item() != self.item() && self.is_pinned() {
            // Where there is no room for it, it can be read all the same.
            return Ok(Some(self.copy(key, &place).unwrap_or(place)));
        }
        Ok(Some(place))
    }

    /// Makes the item have a block of its own, so that it stays as long as the item does. Says
    /// whether it has it now; it has not where no item has it. Blocks on the disk for a moment.
    ///
    /// # Errors
    /// As [`Blocks::put`].
    pub fn own(self: &Arc<Self>, key: &[u8]) -> io::Result<bool> {
        if self.find_own(key)?.is_some() {
            return Ok(true);
        }
        match self.store()?.find_block(key, &self.check)? {
            Some(place) => self.copy(key, &place).map(|_| true),
            None => Ok(false),
        }
    }

    fn copy(self: &Arc<Self>, key: &[u8], place: &Place) -> io::Result<Place> {
        let bytes = place.read_all()?.ok_or(io::ErrorKind::NotFound)?;
        let copy = self.write(key, &bytes)?;
        Ok(copy.0)
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
        if !self.object.keep(slot) {
            return Ok(None);
        }
        // From here on it is kept until the place is dropped.
        let mut place = Place::of_kept(self, slot, Size::default());
        let mut header = [0; slot::LONGEST_HEADER];
        let start = self.object.layout().bytes_of(slot).start;
        let read = self.object.read_up_to(start, &mut header)?;
        let Some((_, size)) = slot::parse(&header[..read]).filter(|(found, _)| *found == key)
        else {
            return Ok(None);
        };
        place = place.with_size(size);
        let is_right = self.object.held(slot) == Held::Checked || self.settle(key, &place)?;
        if !is_right {
            drop(place);
            self.object.reject(slot);
            return Ok(None);
        }
        place.touch();
        Ok(Some(place))
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
