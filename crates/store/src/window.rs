//! The places of an object's readers: what lies ahead of them is never given up.

use std::{
    collections::HashMap,
    ops::Range,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU64, AtomicUsize, Ordering},
    },
};

use crate::{Layout, Object};

/// No reader needs more ahead than this: seconds of any film.
const MOST_REACH: u64 = 64 << 20;

/// How much readers may have ahead of them, all together: what is left when everything that cannot
/// go is counted.
#[derive(Default)]
pub(crate) struct Allowance {
    readers: AtomicUsize,
    bytes: AtomicU64,
    /// What is kept for those who read block by block.
    kept: AtomicU64,
}

impl Allowance {
    /// Sets what all readers together may hold.
    pub(crate) fn set(&self, bytes: u64) {
        self.bytes.store(bytes, Ordering::Relaxed);
    }

    /// Counts so much as kept, if all that is kept so remains within a quarter of it.
    pub(crate) fn keep(&self, bytes: u64) -> bool {
        let most = self.bytes.load(Ordering::Relaxed) / 4;
        let add = |kept: u64| kept.checked_add(bytes).filter(|kept| *kept <= most);
        let order = Ordering::Relaxed;
        self.kept.fetch_update(order, order, add).is_ok()
    }

    /// So much is kept no more.
    pub(crate) fn let_go(&self, bytes: u64) {
        self.kept.fetch_sub(bytes, Ordering::Relaxed);
    }

    /// How far ahead one reader may have fetched: an equal part of one half, so that what was read
    /// may stay for a while in the other. Never less than two chunks, or nobody would get on.
    pub(crate) fn reach(&self, layout: Layout) -> u64 {
        let readers = self.readers.load(Ordering::Relaxed).max(1) as u64;
        let part = self.bytes.load(Ordering::Relaxed) / 2 / readers;
        let least = layout.chunk_length().saturating_mul(2);
        part.clamp(least, MOST_REACH.max(least))
    }
}

/// The windows of one object.
pub(crate) struct Windows {
    allowance: Arc<Allowance>,
    open: Mutex<(u64, HashMap<u64, Range<u64>>)>,
}

impl Windows {
    pub(crate) fn new(allowance: Arc<Allowance>) -> Self {
        Self {
            allowance,
            open: Mutex::default(),
        }
    }

    /// The chunks that some reader has in its window, as ranges that may overlap.
    pub(crate) fn chunks(&self, layout: Layout) -> Vec<Range<u32>> {
        let open = self.open();
        // Who pauses does not say where he is: his reach shrinks with that of the others.
        let reach = self.allowance.reach(layout);
        let now =
            |bytes: &Range<u64>| bytes.start..bytes.end.min(bytes.start.saturating_add(reach));
        open.1
            .values()
            .map(|bytes| layout.chunks_of(&now(bytes)))
            .collect()
    }

    /// What all readers share.
    pub(crate) fn allowance(&self) -> &Allowance {
        &self.allowance
    }

    /// How many read this object.
    pub(crate) fn readers(&self) -> usize {
        self.open().1.len()
    }

    fn open(&self) -> MutexGuard<'_, (u64, HashMap<u64, Range<u64>>)> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A reader's place in an object. While it is held what lies ahead within its reach stays.
#[must_use = "what a reader needs next may be given up when its window is dropped"]
pub struct Window {
    object: Arc<Object>,
    key: u64,
}

impl Window {
    pub(crate) fn open(object: &Arc<Object>, at: u64) -> Self {
        let windows = object.windows();
        windows.allowance.readers.fetch_add(1, Ordering::Relaxed);
        let key = {
            let mut open = windows.open();
            open.0 += 1;
            open.0
        };
        let window = Self {
            object: Arc::clone(object),
            key,
        };
        window.move_to(at);
        window
    }

    /// Says where the reader is, as an offset in the object. Returns its reach.
    pub fn move_to(&self, at: u64) -> u64 {
        let reach = self.reach();
        let ahead = at..at.saturating_add(reach);
        self.object.windows().open().1.insert(self.key, ahead);
        reach
    }

    /// How far ahead may be fetched now, in bytes: it shrinks when others read too.
    #[must_use]
    pub fn reach(&self) -> u64 {
        self.object.windows().allowance.reach(self.object.layout())
    }
}

impl Drop for Window {
    fn drop(&mut self) {
        let windows = self.object.windows();
        windows.open().1.remove(&self.key);
        windows.allowance.readers.fetch_sub(1, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn readers_share_one_half_of_what_is_left() {
        let layout = Layout::new(1 << 30, 1 << 20).expect("few chunks");
        let allowance = Allowance::default();
        assert_eq!(allowance.reach(layout), 2 << 20, "two chunks at least");
        allowance.set(80 << 20);
        assert_eq!(allowance.reach(layout), 40 << 20);
        allowance.readers.store(4, Ordering::Relaxed);
        assert_eq!(allowance.reach(layout), 10 << 20);
        allowance.set(u64::MAX);
        assert_eq!(allowance.reach(layout), MOST_REACH);
    }
}
