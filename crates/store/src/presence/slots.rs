//! What is known of slots beyond what is known of every chunk.

use super::{Presence, Size, Sizes};
use crate::Held;

impl Presence {
    /// The chunks are slots.
    pub(crate) fn expect_sizes(&mut self) {
        self.sizes = Some(Sizes::new(self.checked.len()));
    }

    /// What is in a slot, where that is known.
    pub(crate) fn size(&self, slot: u32) -> Option<Size> {
        self.sizes.as_ref().and_then(|sizes| sizes.get(slot))
    }

    /// Notes what is in a slot.
    pub(crate) fn set_size(&mut self, slot: u32, size: Size) {
        if let Some(sizes) = &mut self.sizes {
            sizes.set(slot, size);
        }
    }

    /// Every slot that has something of which it is not known what.
    pub(crate) fn unknown(&self) -> Vec<u32> {
        let mut unknown = self.on_disk();
        unknown.retain(|slot| self.size(*slot).is_none() && !self.begun.contains_key(slot));
        unknown
    }

    /// The first slot with nothing in it, from one on.
    pub(crate) fn first_free(&self, from: u32) -> Option<u32> {
        (from..self.checked.len()).find(|slot| self.is_nothing(*slot))
    }

    /// Keeps a held chunk from being given up until it is [released](Self::release) as often. Says
    /// whether there is anything to keep.
    pub(crate) fn keep(&mut self, chunk: u32) -> bool {
        let is_there = self.held(chunk) != Held::Absent;
        if is_there {
            self.keep_begun(chunk);
        }
        is_there
    }

    /// The same with a chunk that is about to be written.
    pub(crate) fn keep_begun(&mut self, chunk: u32) {
        *self.kept.entry(chunk).or_default() += 1;
    }

    /// One less keeps a chunk.
    pub(crate) fn release(&mut self, chunk: u32) {
        if let Some(count) = self.kept.get_mut(&chunk) {
            *count -= 1;
            if *count == 0 {
                self.kept.remove(&chunk);
            }
        }
    }

    /// Whether somebody uses a chunk at this moment.
    pub(crate) fn is_kept(&self, chunk: u32) -> bool {
        self.kept.contains_key(&chunk)
    }
}
