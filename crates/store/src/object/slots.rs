//! Objects whose chunks are slots: filled from the front with what is shorter than they are.

use std::{io, ops::Range, sync::Arc, sync::atomic::Ordering};

use bytes::Bytes;
use tokio::task::spawn_blocking;

use super::Object;
use crate::{
    Held,
    blocks::taken,
    clock,
    layout::DISK_BLOCK,
    platform,
    presence::{Presence, Size},
};

impl Object {
    /// Bytes of what is in a chunk.
    pub(super) fn length_of(&self, presence: &Presence, chunk: u32) -> u64 {
        if self.layout.is_slotted() {
            presence
                .size(chunk)
                .map_or(0, |size| u64::from(size.length))
        } else {
            let bytes = self.layout.bytes_of(chunk);
            bytes.end - bytes.start
        }
    }

    /// Bytes that a chunk takes on disk; none of a slot of which it is not known yet what is in it.
    pub(super) fn disk_length_of(&self, presence: &Presence, chunk: u32) -> u64 {
        if self.layout.is_slotted() {
            let size = presence.size(chunk);
            size.map_or(0, |size| taken(size).next_multiple_of(DISK_BLOCK))
        } else {
            self.layout.disk_bytes_of(chunk)
        }
    }

    /// Takes room for exactly what is to be written to a slot, and keeps that slot. None where all
    /// slots from `from` on are taken.
    ///
    /// # Errors
    /// [`io::ErrorKind::StorageFull`] where there is no room now; [`io::ErrorKind::NotFound`] where
    /// the item was removed.
    pub(crate) fn begin_slot(&self, from: u32, size: Size) -> io::Result<Option<u32>> {
        if self.is_gone() {
            return Err(io::ErrorKind::NotFound.into());
        }
        let mut presence = self.presence();
        let Some(slot) = presence.first_free(from) else {
            return Ok(None);
        };
        let bytes = taken(size).next_multiple_of(DISK_BLOCK);
        if !self.gauge.reserve(&self.charge, bytes) {
            return Err(io::ErrorKind::StorageFull.into());
        }
        presence.begin(slot, bytes, clock::stamp());
        presence.set_size(slot, size);
        presence.keep_begun(slot);
        Ok(Some(slot))
    }

    /// Takes note that a slot is written and right. Says whether it is still there.
    pub(crate) fn finish_slot(self: &Arc<Self>, slot: u32) -> bool {
        let Some(reserved) = self.presence().check(slot, clock::stamp()) else {
            return false;
        };
        self.gauge.written(reserved);
        if let Some(store) = self.store.upgrade() {
            store.mark_dirty(self);
        }
        self.changed.notify_waiters();
        true
    }

    /// Keeps a held chunk from being given up until it is released. Says whether it is held.
    pub(crate) fn keep(&self, chunk: u32) -> bool {
        !self.is_gone() && self.presence().keep(chunk)
    }

    /// One less keeps a chunk.
    pub(crate) fn release(&self, chunk: u32) {
        self.presence().release(chunk);
    }

    /// Notes what is in a slot, where anything is.
    pub(crate) fn found_size(&self, slot: u32, size: Size) -> bool {
        let mut presence = self.presence();
        let is_there = presence.held(slot) != Held::Absent;
        if is_there && presence.size(slot).is_none() {
            presence.set_size(slot, size);
        }
        is_there
    }

    /// Slots that have something of which it is not known what.
    pub(crate) fn unknown_slots(&self) -> Vec<u32> {
        self.presence().unknown()
    }

    /// How many chunks are checked.
    pub(crate) fn checked_chunks(&self) -> u64 {
        self.presence().checked().ones().count() as u64
    }

    /// How often something was given up.
    pub(crate) fn times_given_up(&self) -> u64 {
        self.given_up.load(Ordering::Acquire)
    }

    /// An unchecked chunk has not what it should have: nothing of it counts, and its space is freed.
    pub(crate) fn reject(self: &Arc<Self>, chunk: u32) {
        self.presence().doubt_is_over(chunk);
        let _freed = self.give_up(&[chunk]).free();
    }

    /// Reads whatever is there from an offset on; less than asked for at the end of the file.
    pub(crate) fn read_up_to(&self, offset: u64, into: &mut [u8]) -> io::Result<usize> {
        let mut filled = 0;
        while filled < into.len() {
            match platform::read_at(&self.file, &mut into[filled..], offset + filled as u64) {
                Ok(0) => break,
                Ok(read) => filled += read,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        Ok(filled)
    }

    /// Reads what the page cache has from an offset on; returns how much.
    pub(crate) fn read_cached(&self, offset: u64, into: &mut [u8]) -> usize {
        platform::read_cached(&self.file, into, offset).unwrap_or(0)
    }

    /// Has the system read a range, so that it is in the page cache when somebody comes to it.
    pub(crate) fn read_ahead(&self, range: &Range<u64>) {
        platform::read_ahead(&self.file, range);
    }

    /// Reads all of a range, whatever it is, without a thread where the page cache has it. The
    /// caller bounds it.
    pub(crate) async fn read_whole(self: &Arc<Self>, range: Range<u64>) -> io::Result<Bytes> {
        let length = usize::try_from(range.end - range.start).map_err(io::Error::other)?;
        let mut bytes = vec![0; length];
        let read = self.read_cached(range.start, &mut bytes);
        if read < length {
            let object = Arc::clone(self);
            let from_disk = move || {
                let rest = range.start + read as u64;
                object.read_exact_at(rest, &mut bytes[read..])?;
                Ok(bytes.into())
            };
            return spawn_blocking(from_disk).await.map_err(io::Error::other)?;
        }
        Ok(bytes.into())
    }
}
