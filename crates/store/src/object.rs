//! One sparse file and the knowledge which chunks of it are held.

mod doubt;
mod giving;
mod room;
mod slots;
mod syncing;
mod telling;

use std::{
    fs::File,
    io,
    ops::Range,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError, Weak,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
};

use bytes::Bytes;
use tokio::{sync::Notify, task::spawn_blocking};
use universal_p2p_core::Item;

use crate::{
    Announcer, Layout, Store,
    buffers::{BUFFER, Buffers},
    clock,
    gauge::{Charge, Gauge},
    platform,
    presence::{Held, Presence},
    recency::Run,
    window::{Window, Windows},
};

pub(crate) use giving::GivenUp;

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
    windows: Windows,
    announcer: Mutex<Option<Weak<dyn Announcer>>>,
    charge: Arc<Charge>,
    gauge: Arc<Gauge>,
    /// How often something was given up: whoever reads over such a moment may have read zeros.
    given_up: AtomicU64,
    is_gone: AtomicBool,
    store: Weak<Store>,
}

/// What an object starts with.
pub(crate) struct Start {
    pub(crate) item: Item,
    pub(crate) layout: Layout,
    pub(crate) file: File,
    pub(crate) check: Check,
    pub(crate) buffers: Buffers,
    pub(crate) windows: Windows,
    pub(crate) charge: Arc<Charge>,
    pub(crate) gauge: Arc<Gauge>,
    /// When its chunks were last used.
    pub(crate) runs: Vec<Run>,
    pub(crate) store: Weak<Store>,
}

impl Object {
    /// An object whose index can be trusted. What is on disk besides is freed: chunks that were
    /// begun and never finished.
    pub(crate) fn trusted(start: Start, pages: &[(u32, Vec<u8>)]) -> Self {
        let presence = Presence::from_pages(start.layout.chunks(), pages, &start.runs);
        let object = Self::new(start, presence);
        object.free_leftovers();
        object.recount();
        object
    }

    /// An object whose index is only a hint: every chunk with data on disk has to be hashed again.
    pub(crate) fn suspect(start: Start) -> Self {
        let layout = start.layout;
        let ranges = platform::data_ranges(&start.file, layout.length());
        let with_data = ranges.iter().flat_map(|range| layout.chunks_of(range));
        let presence = Presence::in_doubt(layout.chunks(), with_data, &start.runs);
        let object = Self::new(start, presence);
        object.recount();
        object
    }

    fn new(start: Start, mut presence: Presence) -> Self {
        if start.layout.is_slotted() {
            presence.expect_sizes();
        }
        Self {
            item: start.item,
            layout: start.layout,
            file: start.file,
            presence: Mutex::new(presence),
            changed: Notify::new(),
            check: start.check,
            buffers: start.buffers,
            windows: start.windows,
            announcer: Mutex::new(None),
            charge: start.charge,
            gauge: start.gauge,
            given_up: AtomicU64::new(0),
            is_gone: AtomicBool::new(false),
            store: start.store,
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
        let checked = presence.checked().ones();
        checked.map(|chunk| self.length_of(&presence, chunk)).sum()
    }

    /// The checked chunks as a bitfield, most significant bit first, padded with zeros to a byte.
    #[must_use]
    pub fn bitfield(&self) -> Vec<u8> {
        self.presence().checked().bytes().to_vec()
    }

    /// A reader's place: what lies ahead of it, within its reach, is not given up.
    pub fn window(self: &Arc<Self>, at: u64) -> Window {
        Window::open(self, at)
    }

    /// Takes note that somebody reads a chunk.
    pub fn touch(&self, chunk: u32) {
        self.presence().touch(chunk, clock::stamp());
    }

    /// Whether the item was removed: then nothing of it comes any more, and readers end.
    #[must_use]
    pub fn is_gone(&self) -> bool {
        self.is_gone.load(Ordering::Acquire)
    }

    /// Names who has to be told before chunks go. A later one takes the place of an earlier one.
    pub fn announce_through(&self, announcer: Weak<dyn Announcer>) {
        *lock(&self.announcer) = Some(announcer);
    }

    /// Writes bytes that are not checked yet. Bytes of a chunk that is already checked are left as
    /// they are, so that a checked chunk stays right whatever a peer sends. Room for a chunk is
    /// taken first where that was not done before; it is never waited for.
    ///
    /// # Errors
    /// What the file system says; [`io::ErrorKind::InvalidInput`] past the end;
    /// [`io::ErrorKind::StorageFull`] where there is no room.
    pub fn write_at(&self, offset: u64, bytes: &[u8]) -> io::Result<()> {
        let end = offset
            .checked_add(bytes.len() as u64)
            .filter(|end| *end <= self.layout.length());
        let end = end.ok_or(io::ErrorKind::InvalidInput)?;
        for chunk in self.layout.chunks_of(&(offset..end)) {
            let whole = self.layout.bytes_of(chunk);
            let part = whole.start.max(offset)..whole.end.min(end);
            if self.takes_writes(chunk)? {
                let within = |at: u64| usize::try_from(at - offset).expect("within the slice");
                let slice = &bytes[within(part.start)..within(part.end)];
                platform::write_all_at(&self.file, slice, part.start)?;
                self.presence().note_written(chunk, part.end - part.start);
            }
        }
        Ok(())
    }

    /// Whether a chunk may be written to; if so, nothing is believed of it any more.
    fn takes_writes(&self, chunk: u32) -> io::Result<bool> {
        let is_ready = {
            let mut presence = self.presence();
            presence.doubt_is_over(chunk);
            if presence.held(chunk) != Held::Absent {
                return Ok(false);
            }
            presence.is_begun(chunk)
        };
        if is_ready || self.reserve(chunk) {
            Ok(true)
        } else {
            Err(io::ErrorKind::StorageFull.into())
        }
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
        let was_doubtful = self.held(chunk) == Held::Unchecked;
        let Some(reserved) = self.presence().check(chunk, clock::stamp()) else {
            return;
        };
        self.gauge.written(reserved);
        if let Some(store) = self.store.upgrade() {
            let bytes = self.layout.bytes_of(chunk);
            if !was_doubtful {
                store.book_fetched(&self.item, bytes.end - bytes.start);
            }
            store.mark_dirty(self);
        }
        self.changed.notify_waiters();
    }

    /// Waits until something is known of a chunk that was absent, or the item is removed.
    pub async fn arrival(&self, chunk: u32) {
        loop {
            let changed = self.changed.notified();
            tokio::pin!(changed);
            changed.as_mut().enable();
            if self.held(chunk) != Held::Absent || self.is_gone() {
                return;
            }
            changed.await;
        }
    }

    /// Reads from the start of a range: at least one byte, at most 64 KiB, without copying more
    /// than once and without a thread where the page cache has it. `None` where its chunk is not
    /// checked, or was given up meanwhile: then what was read may have been zeros.
    ///
    /// All of the range has to be in one chunk.
    ///
    /// # Errors
    /// What the file system says; [`io::ErrorKind::UnexpectedEof`] where nothing is there.
    pub async fn read_checked(self: &Arc<Self>, range: Range<u64>) -> io::Result<Option<Bytes>> {
        let chunk = self.layout.chunk_at(range.start);
        let before = self.given_up.load(Ordering::Acquire);
        if self.held(chunk) != Held::Checked {
            return Ok(None);
        }
        let bytes = self.read_some(range).await?;
        // Given up and fetched again meanwhile it would be held as before: the number tells.
        let is_sound =
            self.held(chunk) == Held::Checked && self.given_up.load(Ordering::Acquire) == before;
        Ok(is_sound.then_some(bytes))
    }

    /// Reads from the start of a range at most 64 KiB of whatever is there.
    pub(crate) async fn read_some(self: &Arc<Self>, range: Range<u64>) -> io::Result<Bytes> {
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

    /// Whether no chunk is in doubt any more.
    pub(crate) fn is_settled(&self) -> bool {
        self.presence().is_settled()
    }

    pub(crate) fn windows(&self) -> &Windows {
        &self.windows
    }

    /// When what is held was last used, if that has changed since it was last asked.
    pub(crate) fn take_runs(&self) -> Option<Vec<Run>> {
        self.presence().take_runs()
    }

    fn presence(&self) -> MutexGuard<'_, Presence> {
        lock(&self.presence)
    }
}

impl Drop for Object {
    fn drop(&mut self) {
        if let Some(store) = self.store.upgrade()
            && !self.is_gone()
        {
            let runs = self.presence().runs();
            store.closed(&self.item, runs);
        }
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
