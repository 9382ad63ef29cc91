//! What is known of the chunks of one object.

mod sizes;
mod slots;

use std::collections::{BTreeSet, HashMap, HashSet};

use crate::{
    bits::{Bits, PAGE_CHUNKS},
    recency::{Recency, Run},
};
use sizes::Sizes;

pub(crate) use sizes::Size;

/// What is known of a chunk.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Held {
    /// It is not there.
    Absent,
    /// Something is on disk, from before an unclean stop; it has to be hashed before it is served.
    Unchecked,
    /// It is there and its hash was right.
    Checked,
}

/// A chunk that room was taken for, and that is not checked yet.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Begun {
    /// Bytes that room was taken for.
    reserved: u64,
    /// Bytes written so far; they may count twice.
    written: u64,
}

/// What is known of all chunks. A chunk is in at most one of the sets.
pub(crate) struct Presence {
    checked: Bits,
    unchecked: Bits,
    begun: HashMap<u32, Begun>,
    /// Given up, and its space not free yet: it cannot be begun before that.
    leaving: HashSet<u32>,
    /// Pages that the index does not have as they are.
    dirty_pages: BTreeSet<u32>,
    /// Of these, pages from which something went: the index has to know before its space is free.
    gone_pages: BTreeSet<u32>,
    /// Checked chunks whose data may not have reached the disk: the index must not know yet.
    unsynced: BTreeSet<u32>,
    recency: Recency,
    used: bool,
    /// How far slots are filled; of plain chunks the layout says that.
    sizes: Option<Sizes>,
    /// Chunks that somebody uses at this moment, and how many do.
    kept: HashMap<u32, u32>,
}

impl Presence {
    /// As the pages of a trusted index say.
    pub(crate) fn from_pages(chunks: u32, pages: &[(u32, Vec<u8>)], runs: &[Run]) -> Self {
        let mut checked = Bits::new(chunks);
        for (page, bytes) in pages {
            checked.load_page(*page, bytes);
        }
        Self {
            checked,
            unchecked: Bits::new(chunks),
            begun: HashMap::new(),
            leaving: HashSet::new(),
            dirty_pages: BTreeSet::new(),
            gone_pages: BTreeSet::new(),
            unsynced: BTreeSet::new(),
            recency: Recency::from_runs(chunks, runs),
            used: false,
            sizes: None,
            kept: HashMap::new(),
        }
    }

    /// Nothing is trusted: these chunks have data on disk. What the index says is written anew.
    pub(crate) fn in_doubt(
        chunks: u32,
        with_data: impl Iterator<Item = u32>,
        runs: &[Run],
    ) -> Self {
        let mut presence = Self::from_pages(chunks, &[], runs);
        for chunk in with_data {
            presence.unchecked.set(chunk, true);
        }
        presence.dirty_pages = (0..presence.checked.pages()).collect();
        presence
    }

    pub(crate) fn held(&self, chunk: u32) -> Held {
        if self.checked.has(chunk) {
            Held::Checked
        } else if self.unchecked.has(chunk) {
            Held::Unchecked
        } else {
            Held::Absent
        }
    }

    /// All checked chunks.
    pub(crate) fn checked(&self) -> &Bits {
        &self.checked
    }

    /// Every chunk that takes space: checked, in doubt, or begun.
    pub(crate) fn on_disk(&self) -> Vec<u32> {
        let held = self.checked.ones().chain(self.unchecked.ones());
        let mut all: Vec<_> = held.chain(self.begun.keys().copied()).collect();
        all.sort_unstable();
        all
    }

    /// Whether nothing of a chunk is there, or about to be, or on its way out.
    pub(crate) fn is_nothing(&self, chunk: u32) -> bool {
        self.held(chunk) == Held::Absent
            && !self.begun.contains_key(&chunk)
            && !self.leaving.contains(&chunk)
    }

    /// Whether no chunk is in doubt any more.
    pub(crate) fn is_settled(&self) -> bool {
        self.unchecked.ones().next().is_none()
    }

    /// Room was taken for a chunk.
    pub(crate) fn begin(&mut self, chunk: u32, reserved: u64, stamp: u64) {
        let begun = Begun {
            reserved,
            written: 0,
        };
        self.begun.insert(chunk, begun);
        self.recency.touch(chunk, stamp);
    }

    /// Whether a chunk is begun and may be written to.
    pub(crate) fn is_begun(&self, chunk: u32) -> bool {
        self.begun.contains_key(&chunk)
    }

    /// Whether a chunk is on its way out.
    pub(crate) fn is_leaving(&self, chunk: u32) -> bool {
        self.leaving.contains(&chunk)
    }

    /// A chunk's hash was right. Returns the room that was taken for it, or nothing where it was
    /// given up meanwhile, so that the hash is of what is gone.
    pub(crate) fn check(&mut self, chunk: u32, stamp: u64) -> Option<u64> {
        if self.is_nothing(chunk) || self.leaving.contains(&chunk) {
            return None;
        }
        self.unchecked.set(chunk, false);
        if self.checked.set(chunk, true) {
            self.dirty_pages.insert(chunk / PAGE_CHUNKS);
            self.unsynced.insert(chunk);
        }
        self.recency.touch(chunk, stamp);
        self.used = true;
        Some(self.begun.remove(&chunk).map_or(0, |begun| begun.reserved))
    }

    /// A chunk is given up: it leaves until [`Presence::gone`]. Returns the room that was taken for
    /// it, or nothing where there was nothing of it.
    pub(crate) fn give_up(&mut self, chunk: u32) -> Option<u64> {
        if self.is_nothing(chunk) || !self.leaving.insert(chunk) {
            return None;
        }
        self.unchecked.set(chunk, false);
        if self.checked.set(chunk, false) {
            self.dirty_pages.insert(chunk / PAGE_CHUNKS);
            if !self.unsynced.remove(&chunk) {
                self.gone_pages.insert(chunk / PAGE_CHUNKS);
            }
        }
        self.used = true;
        Some(self.begun.remove(&chunk).map_or(0, |begun| begun.reserved))
    }

    /// Marks a chunk that nothing is there of, so that it is not begun while its edge is worked on.
    pub(crate) fn hold_back(&mut self, chunk: u32) -> bool {
        self.is_nothing(chunk) && self.leaving.insert(chunk)
    }

    /// The space of a chunk is free.
    pub(crate) fn gone(&mut self, chunk: u32) {
        if self.leaving.remove(&chunk)
            && let Some(sizes) = &mut self.sizes
        {
            sizes.clear(chunk);
        }
    }

    /// Nothing is believed of an unchecked chunk any more; its bytes are still on disk.
    pub(crate) fn doubt_is_over(&mut self, chunk: u32) {
        if self.unchecked.set(chunk, false) {
            self.begun.entry(chunk).or_default();
        }
    }

    pub(crate) fn note_written(&mut self, chunk: u32, bytes: u64) {
        if let Some(begun) = self.begun.get_mut(&chunk) {
            begun.written += bytes;
        }
    }

    pub(crate) fn written(&self, chunk: u32) -> u64 {
        self.begun.get(&chunk).map_or(0, |begun| begun.written)
    }

    /// Room that was taken and is not written yet, in bytes.
    pub(crate) fn unwritten(&self) -> u64 {
        let left = |begun: &Begun| begun.reserved.saturating_sub(begun.written);
        self.begun.values().map(left).sum()
    }

    /// Somebody reads a chunk.
    pub(crate) fn touch(&mut self, chunk: u32, stamp: u64) {
        self.recency.touch(chunk, stamp);
        self.used = true;
    }

    /// When a chunk was last used; 0 where nobody knows.
    pub(crate) fn stamp(&self, chunk: u32) -> u64 {
        self.recency.stamp(chunk)
    }

    /// When what is held was last used, if that has changed since it was last asked.
    pub(crate) fn take_runs(&mut self) -> Option<Vec<Run>> {
        std::mem::take(&mut self.used).then(|| self.runs())
    }

    /// When what is held was last used.
    pub(crate) fn runs(&self) -> Vec<Run> {
        self.recency.runs(self.on_disk().into_iter())
    }

    /// The pages that changed since they were last taken, for when all data has been synced.
    pub(crate) fn take_dirty_pages(&mut self) -> Pages {
        let dirty = std::mem::take(&mut self.dirty_pages);
        let page = |page| (page, self.checked.page(page).to_vec());
        self.gone_pages.clear();
        Pages {
            rows: dirty.into_iter().map(page).collect(),
            unsynced: std::mem::take(&mut self.unsynced),
        }
    }

    /// The pages from which something went, without what has not been synced yet.
    pub(crate) fn take_gone_pages(&mut self) -> Pages {
        let gone = std::mem::take(&mut self.gone_pages);
        let page = |page: u32| {
            let mut bits = self.checked.page(page).to_vec();
            let first = page * PAGE_CHUNKS;
            for chunk in self
                .unsynced
                .range(first..first.saturating_add(PAGE_CHUNKS))
            {
                let bit = chunk - first;
                if let Some(byte) = bits.get_mut(bit as usize / 8) {
                    *byte &= !(0x80 >> (bit % 8));
                }
            }
            (page, bits)
        };
        Pages {
            rows: gone.into_iter().map(page).collect(),
            unsynced: BTreeSet::new(),
        }
    }

    /// Gives pages back that could not be written.
    pub(crate) fn put_back(&mut self, pages: Pages) {
        for (page, _) in pages.rows {
            self.dirty_pages.insert(page);
            self.gone_pages.insert(page);
        }
        let still_there = pages
            .unsynced
            .into_iter()
            .filter(|chunk| self.checked.has(*chunk));
        self.unsynced.extend(still_there);
    }
}

/// Pages on their way to the index.
pub(crate) struct Pages {
    /// The number of each page and its bits.
    pub(crate) rows: Vec<(u32, Vec<u8>)>,
    unsynced: BTreeSet<u32>,
}
