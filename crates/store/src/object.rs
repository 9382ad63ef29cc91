//! One sparse file and the knowledge which chunks of it are held.

use std::{
    fs::File,
    io,
    ops::Range,
    sync::{Arc, Mutex, MutexGuard, PoisonError, Weak},
};

use bytes::Bytes;
use tokio::{sync::Notify, task::spawn_blocking};
use universal_p2p_core::Item;

use crate::{
    Layout, Store,
    buffers::{BUFFER, Buffers},
    platform,
    presence::{Held, Presence},
};

/// Says whether these are the right bytes of a chunk: the network's own hash, computed again.
pub type Check = Arc<dyn Fn(u32, &[u8]) -> bool + Send + Sync>;

/// One resource on disk: a sparse file in the resource's own layout.
pub struct Object {
    item: Item,
    layout: Layout,
    file: File,
    presence: Mutex<Presence>,
    changed: Notify,
    check: Check,
    buffers: Buffers,
    store: Weak<Store>,
}

/// What an object starts with.
pub(crate) struct Start {
    pub(crate) item: Item,
    pub(crate) layout: Layout,
    pub(crate) file: File,
    pub(crate) check: Check,
    pub(crate) buffers: Buffers,
    pub(crate) store: Weak<Store>,
}

impl Object {
    /// An object whose index can be trusted.
    pub(crate) fn trusted(start: Start, pages: &[(u32, Vec<u8>)]) -> Self {
        let presence = Presence::from_pages(start.layout.chunks(), pages);
        Self::new(start, presence)
    }

    /// An object whose index is only a hint: every chunk with data on disk has to be hashed again.
    pub(crate) fn suspect(start: Start) -> Self {
        let layout = start.layout;
        let ranges = platform::data_ranges(&start.file, layout.length());
        let with_data = ranges.iter().flat_map(|range| layout.chunks_of(range));
        let presence = Presence::in_doubt(layout.chunks(), with_data);
        Self::new(start, presence)
    }

    fn new(start: Start, presence: Presence) -> Self {
        let Start {
            item,
            layout,
            file,
            check,
            buffers,
            store,
        } = start;
        let (presence, changed) = (Mutex::new(presence), Notify::new());
        Self {
            item,
            layout,
            file,
            presence,
            changed,
            check,
            buffers,
            store,
        }
    }

    /// The item it belongs to.
    #[must_use]
    pub fn item(&self) -> &Item {
        &self.item
    }

    /// How it is cut into chunks.
    #[must_use]
    pub fn layout(&self) -> Layout {
        self.layout
    }

    /// What is known of a chunk.
    #[must_use]
    pub fn held(&self, chunk: u32) -> Held {
        self.presence().held(chunk)
    }

    /// Bytes of all checked chunks.
    #[must_use]
    pub fn bytes_held(&self) -> u64 {
        let presence = self.presence();
        let length_of = |chunk| self.layout.bytes_of(chunk);
        presence
            .checked()
            .ones()
            .map(length_of)
            .map(|bytes| bytes.end - bytes.start)
            .sum()
    }

    /// The checked chunks as a bitfield, most significant bit first, padded with zeros to a byte.
    #[must_use]
    pub fn bitfield(&self) -> Vec<u8> {
        self.presence().checked().bytes().to_vec()
    }

    /// Writes bytes that are not checked yet. Bytes of a chunk that is already checked are left as
    /// they are, so that a checked chunk stays right whatever a peer sends.
    ///
    /// # Errors
    /// What the file system says; [`io::ErrorKind::InvalidInput`] past the end.
    pub fn write_at(&self, offset: u64, bytes: &[u8]) -> io::Result<()> {
        let end = offset
            .checked_add(bytes.len() as u64)
            .filter(|end| *end <= self.layout.length());
        let end = end.ok_or(io::ErrorKind::InvalidInput)?;
        for chunk in self.layout.chunks_of(&(offset..end)) {
            let whole = self.layout.bytes_of(chunk);
            let part = whole.start.max(offset)..whole.end.min(end);
            if self.takes_writes(chunk) {
                let within = |at: u64| usize::try_from(at - offset).expect("within the slice");
                let slice = &bytes[within(part.start)..within(part.end)];
                platform::write_all_at(&self.file, slice, part.start)?;
                self.presence().note_written(chunk, part.end - part.start);
            }
        }
        Ok(())
    }

    /// Whether a chunk may be written to; if so, nothing is believed of it any more.
    fn takes_writes(&self, chunk: u32) -> bool {
        let mut presence = self.presence();
        presence.doubt_is_over(chunk);
        presence.held(chunk) == Held::Absent
    }

    /// Bytes written so far to a chunk that is not checked yet. It only grows while the chunk is
    /// worked on, and says nothing of how many of them are right.
    #[must_use]
    pub fn written(&self, chunk: u32) -> u64 {
        self.presence().written(chunk)
    }

    /// Reads whatever is in the file, held or not: for hashing what was just written.
    ///
    /// # Errors
    /// What the file system says; [`io::ErrorKind::UnexpectedEof`] past the end.
    pub fn read_exact_at(&self, offset: u64, mut into: &mut [u8]) -> io::Result<()> {
        let mut at = offset;
        while !into.is_empty() {
            match platform::read_at(&self.file, into, at) {
                Ok(0) => return Err(io::ErrorKind::UnexpectedEof.into()),
                Ok(read) => {
                    into = &mut into[read..];
                    at += read as u64;
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }

    /// Takes note that a chunk is written and its hash is right, and wakes who waits for it.
    pub fn mark_checked(self: &Arc<Self>, chunk: u32) {
        self.presence().check(chunk);
        if let Some(store) = self.store.upgrade() {
            store.mark_dirty(self);
        }
        self.changed.notify_waiters();
    }

    /// Gives chunks up: the index says gone, that is synced, then their space is freed.
    ///
    /// Blocks on the disk: call it from a thread that may.
    ///
    /// # Errors
    /// What the file system or the index says; the chunks are absent in any case.
    pub fn forget(self: &Arc<Self>, chunks: &[u32]) -> io::Result<()> {
        {
            let mut presence = self.presence();
            chunks.iter().for_each(|chunk| presence.forget(*chunk));
        }
        if let Some(store) = self.store.upgrade() {
            store.mark_dirty(self);
            store.settle()?;
        }
        self.changed.notify_waiters();
        for chunk in chunks
            .iter()
            .filter(|chunk| self.held(**chunk) == Held::Absent)
        {
            let bytes = self.layout.bytes_of(*chunk);
            if !bytes.is_empty() {
                platform::punch(&self.file, &bytes)?;
            }
        }
        Ok(())
    }

    /// Waits until something is known of a chunk that was absent.
    pub async fn arrival(&self, chunk: u32) {
        loop {
            let changed = self.changed.notified();
            tokio::pin!(changed);
            changed.as_mut().enable();
            if self.held(chunk) != Held::Absent {
                return;
            }
            changed.await;
        }
    }

    /// Hashes an unchecked chunk, and says what it is after that.
    ///
    /// # Errors
    /// What the file system says.
    pub async fn settle_doubt(self: &Arc<Self>, chunk: u32) -> io::Result<Held> {
        if self.held(chunk) != Held::Unchecked {
            return Ok(self.held(chunk));
        }
        let object = Arc::clone(self);
        let hash = move || object.settle_doubt_now(chunk);
        spawn_blocking(hash).await.map_err(io::Error::other)?
    }

    /// The same on this thread, which may block on the disk.
    ///
    /// # Errors
    /// What the file system says.
    pub fn settle_doubt_now(self: &Arc<Self>, chunk: u32) -> io::Result<Held> {
        let bytes = self.layout.bytes_of(chunk);
        let length = usize::try_from(bytes.end - bytes.start).map_err(io::Error::other)?;
        let mut content = vec![0; length];
        self.read_exact_at(bytes.start, &mut content)?;
        if (self.check)(chunk, &content) {
            // A write may have come in between; it then owns the chunk.
            if self.held(chunk) == Held::Unchecked {
                self.mark_checked(chunk);
            }
        } else {
            self.presence().doubt_is_over(chunk);
        }
        Ok(self.held(chunk))
    }

    /// Reads from the start of a range: at least one byte, at most 64 KiB, without copying more
    /// than once and without a thread where the page cache has it.
    ///
    /// The caller makes sure that the chunk at the start is checked, and asks for no byte past it.
    ///
    /// # Errors
    /// What the file system says; [`io::ErrorKind::UnexpectedEof`] where nothing is there.
    pub async fn read_some(self: &Arc<Self>, range: Range<u64>) -> io::Result<Bytes> {
        let length = usize::try_from(range.end - range.start)
            .unwrap_or(BUFFER)
            .min(BUFFER);
        let mut buffer = self.buffers.take();
        if let Some(read) = platform::read_cached(&self.file, buffer.room(length), range.start) {
            return Ok(buffer.filled(read));
        }
        let object = Arc::clone(self);
        let from_disk = move || {
            let room = buffer.room(length);
            object
                .read_exact_at(range.start, room)
                .map(|()| buffer.filled(length))
        };
        spawn_blocking(from_disk).await.map_err(io::Error::other)?
    }

    /// Syncs the data, then hands the pages that had changed before that to the index.
    pub(crate) fn sync_pages(
        &self,
        mut write: impl FnMut(u32, &[u8]) -> io::Result<()>,
    ) -> io::Result<()> {
        let pages = self.presence().take_dirty_pages();
        let synced = self.file.sync_data();
        let written =
            synced.and_then(|()| pages.iter().try_for_each(|(page, bits)| write(*page, bits)));
        if written.is_err() {
            self.presence().put_back(&pages);
        }
        written
    }

    /// Whether no chunk is in doubt any more.
    pub(crate) fn is_settled(&self) -> bool {
        self.presence().is_settled()
    }

    fn presence(&self) -> MutexGuard<'_, Presence> {
        self.presence.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
