//! Storing blocks.

use std::{
    io,
    sync::Arc,
    time::{Duration, Instant},
};

use bytes::Bytes;
use tokio::task::spawn_blocking;

use super::{Blocks, Cursor, Place, slot};
use crate::{
    index::{BlockRow, fingerprint},
    presence::Size,
};

/// How long is waited before it is looked again whether there is room.
const LOOK_EVERY: Duration = Duration::from_millis(5);

/// When all slots are taken, one of so many is freed at once.
const SHARE_FREED: usize = 64;

impl Blocks {
    /// Stores a block that was fetched; who stores it has hashed it. What another item has already
    /// is not stored again, unless this one is pinned. Room is waited for while there is hope, and
    /// no longer than this.
    ///
    /// # Errors
    /// As [`Blocks::put_now`].
    pub async fn put(
        self: &Arc<Self>,
        key: &[u8],
        bytes: Bytes,
        longest: Duration,
    ) -> io::Result<Place> {
        let until = Instant::now() + longest;
        loop {
            let (blocks, key, bytes) = (Arc::clone(self), key.to_vec(), bytes.clone());
            let put = spawn_blocking(move || blocks.put_now(&key, &bytes));
            match put.await.map_err(io::Error::other)? {
                Err(error)
                    if error.kind() == io::ErrorKind::StorageFull
                        && Instant::now() < until
                        && self.out_of_room().is_none() =>
                {
                    tokio::time::sleep(LOOK_EVERY).await;
                }
                done => return done,
            }
        }
    }

    /// The same on this thread, which may block on the disk for a moment. Room is never waited for.
    ///
    /// # Errors
    /// [`io::ErrorKind::StorageFull`] where there is no room now: the collector is at work;
    /// [`io::ErrorKind::QuotaExceeded`] where the item is pinned and has as many blocks as an item
    /// can; [`io::ErrorKind::InvalidInput`] where the block is longer than 2 MiB, or its key is empty
    /// or longer than 255 bytes; [`io::ErrorKind::NotFound`] where the item was removed; whatever
    /// else the file system or the index says.
    pub fn put_now(self: &Arc<Self>, key: &[u8], bytes: &[u8]) -> io::Result<Place> {
        if slot::size(key, bytes).is_none() {
            return Err(io::ErrorKind::InvalidInput.into());
        }
        let (place, is_new) = match self.find_now(key)? {
            Some(place) => (place, false),
            None => self.write(key, bytes)?,
        };
        if is_new {
            (self.store()?).book_fetched(self.item(), bytes.len() as u64);
        }
        Ok(place)
    }

    /// Writes a block to a slot of its own, and says whether it was not there before.
    pub(super) fn write(self: &Arc<Self>, key: &[u8], bytes: &[u8]) -> io::Result<(Place, bool)> {
        let size = slot::size(key, bytes).ok_or(io::ErrorKind::InvalidInput)?;
        let store = self.store()?;
        let mut cursor = self.writing();
        if let Some(place) = self.find_own(key)? {
            return Ok((place, false));
        }
        let slot = self.begin(&mut cursor, size)?;
        let place = Place::of_kept(self, slot, size);
        let start = self.object.layout().bytes_of(slot).start;
        let header = slot::header(key, size);
        let written = (self.object.write_at(start, &header))
            .and_then(|()| self.object.write_at(start + header.len() as u64, bytes));
        let is_there = written.is_ok() && self.object.finish_slot(slot);
        if !is_there {
            drop(place);
            let _freed = self.object.give_up(&[slot]).free();
            written?;
            return Err(io::ErrorKind::NotFound.into());
        }
        let row = BlockRow {
            fingerprint: fingerprint(key),
            key_length: size.key,
            length: size.length,
        };
        if let Err(error) = store.index.set_block(self.number, slot, &row) {
            tracing::debug!(item = %self.item(), %error, "a block is not found again before the next start");
        }
        store.note_rows(1);
        Ok((place.found(), true))
    }

    /// An empty slot, with room taken for what will be in it. It is kept.
    fn begin(self: &Arc<Self>, cursor: &mut Cursor, size: Size) -> io::Result<u32> {
        let given_up = self.object.times_given_up();
        if cursor.given_up != given_up {
            *cursor = Cursor { next: 0, given_up };
        }
        let mut slot = self.object.begin_slot(cursor.next, size)?;
        if slot.is_none() {
            slot = self.object.begin_slot(0, size)?;
        }
        if slot.is_none() {
            self.free_slots()?;
            slot = self.object.begin_slot(0, size)?;
        }
        let slot = slot.ok_or_else(all_taken)?;
        cursor.next = slot + 1;
        Ok(slot)
    }

    /// Gives up what was not used for the longest time of an item that has no empty slot.
    fn free_slots(&self) -> io::Result<()> {
        if self.is_pinned()? {
            return Err(all_taken());
        }
        let store = self.store()?;
        let _one_at_a_time = store.one_collection();
        let mut used: Vec<_> = (self.object.stretches().into_iter())
            .filter(|stretch| !stretch.kept)
            .flat_map(|stretch| stretch.chunks.map(move |slot| (stretch.stamp, slot)))
            .collect();
        used.sort_unstable();
        used.truncate((self.object.layout().chunks() as usize).div_ceil(SHARE_FREED));
        let oldest: Vec<_> = used.into_iter().map(|(_, slot)| slot).collect();
        let given_up = self.object.give_up(&oldest);
        store.write_gone_pages(&self.object)?;
        store.forget_blocks(self.item(), given_up.chunks());
        store.index.settle()?;
        let _freed = given_up.free();
        Ok(())
    }
}

fn all_taken() -> io::Error {
    let text = "this item has as many blocks as an item can have; remove some of what is pinned";
    io::Error::new(io::ErrorKind::QuotaExceeded, text)
}
