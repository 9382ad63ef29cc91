//! What of a share is not what it was.

use std::{
    collections::{BTreeMap, BTreeSet},
    ops::Range,
};

/// Why a file is not served any more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Why {
    /// It is not there, or cannot be read.
    Gone,
    /// It has another length or time.
    Changed,
    /// Its bytes have another hash, whatever its length and time.
    Hash,
}

impl Why {
    pub(super) fn text(self) -> &'static str {
        match self {
            Self::Gone => "is gone or cannot be read",
            Self::Changed | Self::Hash => "changed since it was shared",
        }
    }
}

/// What of a share is not what it was.
#[derive(Default)]
pub(super) struct Doubts {
    files: BTreeMap<u32, Why>,
    /// Pieces of several files, one of which changed.
    pieces: BTreeSet<u32>,
    /// Rises whenever something is added or taken away.
    pub(super) revision: u64,
}

impl Doubts {
    pub(super) fn is_none(&self) -> bool {
        self.files.is_empty() && self.pieces.is_empty()
    }

    pub(super) fn files(&self) -> impl Iterator<Item = (u32, Why)> {
        self.files.iter().map(|(number, why)| (*number, *why))
    }

    pub(super) fn pieces(&self) -> usize {
        self.pieces.len()
    }

    pub(super) fn has_file(&self, number: usize) -> bool {
        u32::try_from(number).is_ok_and(|number| self.files.contains_key(&number))
    }

    pub(super) fn has_any(&self, numbers: Range<usize>) -> bool {
        let bound = |number| u32::try_from(number).unwrap_or(u32::MAX);
        let mut within = self.files.range(bound(numbers.start)..bound(numbers.end));
        within.next().is_some()
    }

    pub(super) fn has_piece(&self, piece: u32) -> bool {
        self.pieces.contains(&piece)
    }

    /// Says whether it is news.
    pub(super) fn add(&mut self, number: usize, why: Why) -> bool {
        let Ok(number) = u32::try_from(number) else {
            return false;
        };
        // Time and length tell nothing of a file whose hash was wrong with them.
        let known = self.files.get(&number);
        if known.is_some_and(|known| *known == why || *known == Why::Hash) {
            return false;
        }
        self.files.insert(number, why);
        self.revision += 1;
        true
    }

    pub(super) fn add_piece(&mut self, piece: u32) {
        if self.pieces.insert(piece) {
            self.revision += 1;
        }
    }

    /// Takes note that a file has its length and time again.
    pub(super) fn is_back(&mut self, number: usize) {
        let Ok(number) = u32::try_from(number) else {
            return;
        };
        if self.files.get(&number).is_some_and(|why| *why != Why::Hash) {
            self.files.remove(&number);
            self.revision += 1;
        }
    }
}
