//! A block that was found.

use std::{io, ops::Range, sync::Arc};

use bytes::Bytes;
use universal_p2p_core::Item;

use super::{Blocks, slot};
use crate::{Held, presence::Size};

/// A block that was found and checked. While it is held the block is not given up, so that whoever
/// holds many takes their space from others; only the removal of the whole item takes it.
#[must_use = "the block may be given up when this is dropped"]
pub struct Place {
    blocks: Arc<Blocks>,
    slot: u32,
    size: Size,
}

impl Place {
    /// A block in a slot that was kept for it.
    pub(super) fn of_kept(blocks: &Arc<Blocks>, slot: u32, size: Size) -> Self {
        Self {
            blocks: Arc::clone(blocks),
            slot,
            size,
        }
    }

    pub(super) fn with_size(mut self, size: Size) -> Self {
        self.size = size;
        self
    }

    /// The item that has it: not always the one that it was looked for in.
    #[must_use]
    pub fn item(&self) -> &Item {
        self.blocks.item()
    }

    /// Length of the block in bytes.
    #[must_use]
    pub fn length(&self) -> u64 {
        u64::from(self.size.length)
    }

    /// Whether it is still there: the item was not removed.
    #[must_use]
    pub fn is_held(&self) -> bool {
        self.blocks.object.held(self.slot) == Held::Checked
    }

    /// Takes note that somebody reads it. Reading does that too.
    pub fn touch(&self) {
        self.blocks.object.touch(self.slot);
    }

    /// Reads from the start of a range of the block, at most 64 KiB at once, without a thread where
    /// the page cache has it. `None` where the item was removed.
    ///
    /// # Errors
    /// What the file system says; [`io::ErrorKind::InvalidInput`] past the end of the block.
    pub async fn read(&self, range: Range<u64>) -> io::Result<Option<Bytes>> {
        if range.start > range.end || range.end > self.length() {
            return Err(io::ErrorKind::InvalidInput.into());
        }
        if range.is_empty() {
            return Ok(self.is_held().then(Bytes::new));
        }
        self.touch();
        let at = self.at();
        let bytes = at + range.start..at + range.end;
        self.blocks.object.read_kept(self.slot, bytes).await
    }

    /// Reads all of it, at most 2 MiB. `None` where the item was removed. Blocks on the disk.
    ///
    /// # Errors
    /// What the file system says.
    pub fn read_all(&self) -> io::Result<Option<Bytes>> {
        self.touch();
        let bytes = self.read_now();
        // Only the removal of the item takes it; then what was read may be anything.
        if self.is_held() {
            bytes.map(Some)
        } else {
            Ok(None)
        }
    }

    pub(super) fn read_now(&self) -> io::Result<Bytes> {
        let mut bytes = vec![0; self.size.length as usize];
        self.blocks.object.read_exact_at(self.at(), &mut bytes)?;
        Ok(bytes.into())
    }

    pub(super) fn slot(&self) -> u32 {
        self.slot
    }

    /// Where the block begins in the object.
    fn at(&self) -> u64 {
        let slot = self.blocks.object.layout().bytes_of(self.slot);
        slot.start + slot::before(self.size)
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.blocks.object.release(self.slot);
    }
}
