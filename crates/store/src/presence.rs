//! What is known of the chunks of one object.

use std::collections::{BTreeSet, HashMap};

use crate::bits::{Bits, PAGE_CHUNKS};

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

/// What is known of all chunks. A chunk is in at most one of the two sets.
pub(crate) struct Presence {
    checked: Bits,
    unchecked: Bits,
    dirty_pages: BTreeSet<u32>,
    /// Bytes written so far to chunks that are not checked yet; they may count twice.
    written: HashMap<u32, u64>,
}

impl Presence {
    /// As the pages of a trusted index say.
    pub(crate) fn from_pages(chunks: u32, pages: &[(u32, Vec<u8>)]) -> Self {
        let mut checked = Bits::new(chunks);
        for (page, bytes) in pages {
            checked.load_page(*page, bytes);
        }
        Self {
            checked,
            unchecked: Bits::new(chunks),
            dirty_pages: BTreeSet::new(),
            written: HashMap::new(),
        }
    }

    /// Nothing is trusted: these chunks have data on disk. What the index says is written anew.
    pub(crate) fn in_doubt(chunks: u32, with_data: impl Iterator<Item = u32>) -> Self {
        let mut presence = Self::from_pages(chunks, &[]);
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

    /// Whether no chunk is in doubt any more.
    pub(crate) fn is_settled(&self) -> bool {
        self.unchecked.ones().next().is_none()
    }

    /// A chunk's hash was right.
    pub(crate) fn check(&mut self, chunk: u32) {
        self.unchecked.set(chunk, false);
        self.written.remove(&chunk);
        if self.checked.set(chunk, true) {
            self.dirty_pages.insert(chunk / PAGE_CHUNKS);
        }
    }

    /// A chunk is given up.
    pub(crate) fn forget(&mut self, chunk: u32) {
        self.doubt_is_over(chunk);
        self.written.remove(&chunk);
        if self.checked.set(chunk, false) {
            self.dirty_pages.insert(chunk / PAGE_CHUNKS);
        }
    }

    /// Nothing is believed of an unchecked chunk any more.
    pub(crate) fn doubt_is_over(&mut self, chunk: u32) {
        self.unchecked.set(chunk, false);
    }

    pub(crate) fn note_written(&mut self, chunk: u32, bytes: u64) {
        *self.written.entry(chunk).or_default() += bytes;
    }

    pub(crate) fn written(&self, chunk: u32) -> u64 {
        self.written.get(&chunk).copied().unwrap_or(0)
    }

    /// The pages that changed since they were last taken.
    pub(crate) fn take_dirty_pages(&mut self) -> Vec<(u32, Vec<u8>)> {
        let dirty = std::mem::take(&mut self.dirty_pages);
        dirty
            .into_iter()
            .map(|page| (page, self.checked.page(page).to_vec()))
            .collect()
    }

    /// Gives pages back that could not be written.
    pub(crate) fn put_back(&mut self, pages: &[(u32, Vec<u8>)]) {
        self.dirty_pages.extend(pages.iter().map(|(page, _)| *page));
    }
}
