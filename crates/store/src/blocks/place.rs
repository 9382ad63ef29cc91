//! A block that was found.

use std::{io, ops::Range, sync::Arc};

use bytes::Bytes;
use universal_p2p_core::Item;

use super::{Blocks, slot};
use crate::{Held, presence::Size};

/// A block that was found and checked. While it is held the block is not given up, as long as all
/// places together keep no more than a quarter of what may be on disk; beyond that it may go at any
/// time, and reading it says so. The removal of the whole item takes it in any case.
#[must_use = "the block may be given up when this is dropped"]
pub struct Place {
    blocks: Arc<Blocks>,
    slot: u32,
    size: Size,
    hold: Hold,
}

/// What becomes of a block while its place is held.
enum Hold {
    /// It stays, and so many bytes count as kept by places.
    Kept(u64),
    /// It may go; it is there while its item has given nothing up since.
    Loose { given_up: u64 },
}

impl Place {
    /// A block in a slot that was kept for it.
    pub(super) fn of_kept(blocks: &Arc<Blocks>, slot: u32, size: Size) -> Self {
        Self {
            blocks: Arc::clone(blocks),
            slot,
            size,
            hold: Hold::Kept(0),
        }
    }

    pub(super) fn with_size(mut self, size: Size) -> Self {
        self.size = size;
        self
    }

    /// It is handed out: from here on it counts among what places keep.
    pub(super) fn found(mut self) -> Self {
        let (object, bytes) = (&self.blocks.object, slot::taken(self.size));
        if object.windows().allowance().keep(bytes) {
            self.hold = Hold::Kept(bytes);
        } else {
            // Kept until here, it was not given up before this is read.
            let given_up = object.times_given_up();
            self.hold = Hold::Loose { given_up };
            object.release(self.slot);
        }
        self
    }

    /// The same where the page cache did not have its header: blocks lie apart, so that the system
    /// does not read one after the other by itself.
    pub(super) fn found_on_disk(self) -> Self {
        let bytes = self.at()..self.at() + self.length();
        self.blocks.object.read_ahead(&bytes);
        self.found()
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

    /// Whether it is still there.
    #[must_use]
    pub fn is_held(&self) -> bool {
        let object = &self.blocks.object;
        let is_same = match self.hold {
            Hold::Kept(_) => true,
            Hold::Loose { given_up } => object.times_given_up() == given_up,
        };
        is_same && object.held(self.slot) == Held::Checked
    }

    /// Takes note that a reader uses it. Reading alone does not, as what others are served is no use.
    pub fn touch(&self) {
        self.blocks.object.touch(self.slot);
    }

    /// Reads from the start of a range of the block, at most 64 KiB at once, without a thread where
    /// the page cache has it. `None` where it is gone.
    ///
    /// # Errors
    /// What the file system says; [`io::ErrorKind::InvalidInput`] past the end of the block.
    pub async fn read(&self, range: Range<u64>) -> io::Result<Option<Bytes>> {
        if range.start > range.end || range.end > self.length() {
            return Err(io::ErrorKind::InvalidInput.into());
        }
        if range.is_empty() || !self.is_held() {
            return Ok(self.is_held().then(Bytes::new));
        }
        let at = self.at();
        let bytes = at + range.start..at + range.end;
        let read = self.blocks.object.read_some(bytes).await;
        self.sound(read)
    }

    /// Reads all of it, at most 2 MiB, without a thread where the page cache has it. `None` where it
    /// is gone.
    ///
    /// # Errors
    /// What the file system says.
    pub async fn read_all(&self) -> io::Result<Option<Bytes>> {
        let bytes = self.at()..self.at() + self.length();
        let read = self.blocks.object.read_whole(bytes).await;
        self.sound(read)
    }

    /// The same on this thread, which may block on the disk.
    ///
    /// # Errors
    /// What the file system says.
    pub fn read_all_now(&self) -> io::Result<Option<Bytes>> {
        let read = self.read_now();
        self.sound(read)
    }

    /// What was read, where the block was there all the time: otherwise it may be anything.
    fn sound(&self, read: io::Result<Bytes>) -> io::Result<Option<Bytes>> {
        if self.is_held() {
            read.map(Some)
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
        if let Hold::Kept(bytes) = self.hold {
            let object = &self.blocks.object;
            object.release(self.slot);
            object.windows().allowance().let_go(bytes);
        }
    }
}
