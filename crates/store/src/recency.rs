//! When the chunks of one object were last used.
//!
//! While an object is open, every chunk has its own stamp ([`Recency`]); what is kept of it beyond
//! that are [`Run`]s of chunks with one stamp, [`coarsen()`]ed to a bounded number of them.

mod coarsen;

use std::ops::Range;

use crate::bits::PAGE_CHUNKS;

pub(crate) use self::coarsen::coarsen;

/// Chunks with one stamp.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Run {
    /// The first chunk.
    pub(crate) first: u32,
    /// How many chunks, at least one. In a coarse run not all of them need be held: it speaks of
    /// whatever is held in this range.
    pub(crate) count: u32,
    /// The last use, in milliseconds since 1970; 0 is never.
    pub(crate) stamp: u64,
}

impl Run {
    /// The first chunk behind it.
    fn end(&self) -> u32 {
        self.first.saturating_add(self.count)
    }
}

/// The last use of every chunk of an open object.
///
/// Takes 8 bytes per chunk, in pages that are only there where chunks differ.
#[derive(Clone, Debug)]
pub(crate) struct Recency {
    chunks: u32,
    pages: Vec<Page>,
}

/// The stamps of [`PAGE_CHUNKS`] chunks.
#[derive(Clone, Debug)]
enum Page {
    /// All the same.
    Even(u64),
    Uneven(Box<[u64; PAGE_CHUNKS as usize]>),
}

impl Page {
    fn stamp(&self, chunk: u32) -> u64 {
        match self {
            Self::Even(stamp) => *stamp,
            Self::Uneven(stamps) => stamps[(chunk % PAGE_CHUNKS) as usize],
        }
    }

    fn touch(&mut self, chunk: u32, stamp: u64) {
        match self {
            Self::Even(all) if *all == stamp => {}
            Self::Even(all) => {
                let mut stamps = Box::new([*all; PAGE_CHUNKS as usize]);
                stamps[(chunk % PAGE_CHUNKS) as usize] = stamp;
                *self = Self::Uneven(stamps);
            }
            Self::Uneven(stamps) => stamps[(chunk % PAGE_CHUNKS) as usize] = stamp,
        }
    }
}

impl Recency {
    /// No chunk of that many was ever used.
    pub(crate) fn new(chunks: u32) -> Self {
        Self {
            chunks,
            pages: vec![Page::Even(0); chunks.div_ceil(PAGE_CHUNKS) as usize],
        }
    }

    /// As runs say, which may come from disk: chunks past the end are dropped, and of two runs that
    /// speak of the same chunk the later in the list counts.
    pub(crate) fn from_runs(chunks: u32, runs: &[Run]) -> Self {
        let mut recency = Self::new(chunks);
        for run in runs {
            recency.fill(run.first..run.end().min(chunks), run.stamp);
        }
        recency
    }

    /// Notes a use of a chunk; one past the end is ignored.
    pub(crate) fn touch(&mut self, chunk: u32, stamp: u64) {
        if chunk < self.chunks
            && let Some(page) = self.pages.get_mut((chunk / PAGE_CHUNKS) as usize)
        {
            page.touch(chunk, stamp);
        }
    }

    /// The last use of a chunk; 0 is never.
    pub(crate) fn stamp(&self, chunk: u32) -> u64 {
        let page = self.pages.get((chunk / PAGE_CHUNKS) as usize);
        page.filter(|_| chunk < self.chunks)
            .map_or(0, |page| page.stamp(chunk))
    }

    /// The held chunks, which come in ascending order, as runs: neighbours with one stamp are in
    /// one run. Chunks past the end are left out.
    pub(crate) fn runs(&self, held: impl Iterator<Item = u32>) -> Vec<Run> {
        let mut runs: Vec<Run> = Vec::new();
        for chunk in held.filter(|chunk| *chunk < self.chunks) {
            let stamp = self.stamp(chunk);
            match runs.last_mut() {
                Some(run) if run.end() == chunk && run.stamp == stamp => run.count += 1,
                _ => runs.push(Run {
                    first: chunk,
                    count: 1,
                    stamp,
                }),
            }
        }
        runs
    }

    /// Gives chunks one stamp, a whole page at a time where it can.
    fn fill(&mut self, range: Range<u32>, stamp: u64) {
        let mut chunk = range.start;
        while chunk < range.end {
            let page = chunk / PAGE_CHUNKS;
            let page_end = (page + 1).saturating_mul(PAGE_CHUNKS).min(self.chunks);
            let end = range.end.min(page_end);
            if let Some(page) = self.pages.get_mut(page as usize) {
                if chunk.is_multiple_of(PAGE_CHUNKS) && end == page_end {
                    *page = Page::Even(stamp);
                } else {
                    (chunk..end).for_each(|chunk| page.touch(chunk, stamp));
                }
            }
            chunk = end;
        }
    }
}

#[cfg(test)]
mod tests;
