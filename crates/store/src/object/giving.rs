//! Giving chunks up: who may go, and the order in which that is safe.

use std::{
    io,
    ops::Range,
    sync::{Arc, Weak, atomic::Ordering},
};

use super::{Object, lock};
use crate::{Announcer, Held, Withdrawn, layout::DISK_BLOCK, platform};

/// Chunks that are freed before it is counted what that gave: file systems may take milliseconds for
/// each, and writers wait for room.
const COUNTED_AT_ONCE: usize = 64;

/// Chunks in a row that were last used at the same time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Stretch {
    pub(crate) chunks: Range<u32>,
    pub(crate) bytes: u64,
    /// Whether a reader has them in its window.
    pub(crate) kept: bool,
    pub(crate) stamp: u64,
}

/// Chunks that are absent from now on, and whose bytes are still on disk.
#[must_use = "their bytes go with GivenUp::free"]
pub(crate) struct GivenUp {
    object: Arc<Object>,
    chunks: Vec<u32>,
    withdrawn: Option<Box<dyn Withdrawn>>,
}

impl Object {
    /// What is on disk of it, as far as somebody might choose from it.
    pub(crate) fn stretches(&self) -> Vec<Stretch> {
        let mut windows = self.windows.chunks(self.layout);
        windows.sort_unstable_by_key(|window| window.start);
        let mut next = windows.iter().peekable();
        let mut reach = 0;
        let presence = self.presence();
        let mut stretches: Vec<Stretch> = Vec::new();
        for chunk in presence.on_disk() {
            while let Some(window) = next.next_if(|window| window.start <= chunk) {
                reach = reach.max(window.end);
            }
            let kept = chunk < reach || presence.is_kept(chunk);
            let stamp = presence.stamp(chunk);
            let bytes = self.disk_length_of(&presence, chunk);
            match stretches.last_mut() {
                Some(last)
                    if last.chunks.end == chunk && last.kept == kept && last.stamp == stamp =>
                {
                    last.chunks.end += 1;
                    last.bytes += bytes;
                }
                _ => stretches.push(Stretch {
                    chunks: chunk..chunk + 1,
                    bytes,
                    kept,
                    stamp,
                }),
            }
        }
        stretches
    }

    /// Takes chunks back from whoever was told of them; from then on they are absent. A chunk that
    /// has come into a reader's window by now stays.
    pub(crate) fn give_up(self: &Arc<Self>, chunks: &[u32]) -> GivenUp {
        let windows = self.windows.chunks(self.layout);
        let is_free = |chunk: &u32| !windows.iter().any(|window| window.contains(chunk));
        let chunks: Vec<_> = chunks.iter().copied().filter(is_free).collect();
        self.give_up_all(chunks)
    }

    /// The same with every chunk, windows or not: the item is removed.
    pub(crate) fn give_up_everything(self: &Arc<Self>) -> GivenUp {
        self.is_gone.store(true, Ordering::Release);
        let chunks = self.presence().on_disk();
        self.give_up_all(chunks)
    }

    fn give_up_all(self: &Arc<Self>, chunks: Vec<u32>) -> GivenUp {
        let announcer = lock(&self.announcer).as_ref().and_then(Weak::upgrade);
        let withdrawn = announcer.map(|announcer: Arc<dyn Announcer>| announcer.withdraw(&chunks));
        let mut chunks = match &withdrawn {
            Some(withdrawn) => withdrawn.chunks().to_vec(),
            None => chunks,
        };
        let mut room = 0;
        {
            let mut presence = self.presence();
            let is_all = self.is_gone();
            chunks.retain(|chunk| is_all || !presence.is_kept(*chunk));
            chunks.retain(|chunk| match presence.give_up(*chunk) {
                Some(reserved) => {
                    room += reserved;
                    true
                }
                None => false,
            });
            // Within the lock: whoever sees them held again has seen the number change.
            self.given_up.fetch_add(1, Ordering::AcqRel);
        }
        self.gauge.written(room);
        self.changed.notify_waiters();
        GivenUp {
            object: Arc::clone(self),
            chunks,
            withdrawn,
        }
    }

    /// Frees what is on disk of chunks that are absent and that nobody has begun.
    pub(crate) fn free_leftovers(&self) {
        let ranges = platform::data_ranges(&self.file, self.layout.length());
        let with_data = ranges.iter().flat_map(|range| self.layout.chunks_of(range));
        let mut last = None;
        for chunk in with_data {
            if last.replace(chunk) != Some(chunk) && self.presence().hold_back(chunk) {
                self.free(chunk);
                self.presence().gone(chunk);
            }
        }
    }

    /// Frees the space of a chunk that is leaving.
    fn free(&self, chunk: u32) {
        let (bytes, held_back) = self.freeable(chunk);
        let punched = if bytes.is_empty() {
            Ok(())
        } else {
            platform::punch(&self.file, &bytes)
        };
        let mut presence = self.presence();
        for neighbour in held_back {
            presence.gone(neighbour);
        }
        drop(presence);
        if let Err(error) = punched {
            tracing::warn!(item = %self.item, chunk, %error, "the space of a chunk stays taken");
        }
    }

    /// The bytes that go with a chunk: where it shares a block of the file system with a neighbour
    /// that is not there, that block too. Such neighbours are held back until it is done.
    fn freeable(&self, chunk: u32) -> (Range<u64>, Vec<u32>) {
        let mut bytes = self.layout.bytes_of(chunk);
        let (start, end) = (
            bytes.start / DISK_BLOCK * DISK_BLOCK,
            bytes.end.next_multiple_of(DISK_BLOCK),
        );
        let (mut held_back, mut presence) = (Vec::new(), self.presence());
        let mut edge = |around: Range<u64>| {
            let sharing = self.layout.chunks_of(&around);
            let mut mine = Vec::new();
            for other in sharing.filter(|other| *other != chunk) {
                if presence.is_leaving(other) {
                    continue;
                }
                if !presence.hold_back(other) {
                    mine.into_iter().for_each(|other| presence.gone(other));
                    return false;
                }
                mine.push(other);
            }
            held_back.extend(mine);
            true
        };
        if start < bytes.start && edge(start..bytes.start) {
            bytes.start = start;
        }
        if end > bytes.end && edge(bytes.end..end.min(self.layout.length()).max(bytes.end)) {
            bytes.end = end;
        }
        (bytes, held_back)
    }
}

impl GivenUp {
    /// Which object.
    pub(crate) fn object(&self) -> &Arc<Object> {
        &self.object
    }

    /// Which chunks.
    pub(crate) fn chunks(&self) -> &[u32] {
        &self.chunks
    }

    /// Frees their space; the index has to say gone by now, and that must be synced. Returns how
    /// many bytes are free now. After it they may be fetched again.
    pub(crate) fn free(mut self) -> u64 {
        let before = self.object.charged();
        for (freed, chunk) in (1..).zip(self.chunks.drain(..)) {
            debug_assert_eq!(self.object.held(chunk), Held::Absent, "it was given up");
            self.object.free(chunk);
            self.object.presence().gone(chunk);
            if freed % COUNTED_AT_ONCE == 0 {
                self.object.recount();
            }
        }
        self.object.recount();
        drop(self.withdrawn.take());
        before.saturating_sub(self.object.charged())
    }

    /// Drops the file itself: the item is removed.
    ///
    /// # Errors
    /// What the file system says.
    pub(crate) fn free_file(mut self) -> io::Result<u64> {
        let freed = self.object.charged();
        self.object.file.set_len(0)?;
        self.object.charge.set(0);
        self.chunks.clear();
        Ok(freed)
    }
}

impl Drop for GivenUp {
    fn drop(&mut self) {
        let mut presence = self.object.presence();
        for chunk in &self.chunks {
            presence.gone(*chunk);
        }
    }
}
