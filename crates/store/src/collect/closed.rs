//! Giving up chunks of items that nobody has opened: the store alone knows of them.

use std::{collections::BTreeSet, fs::OpenOptions, io, ops::Range, path::PathBuf, sync::Arc};

use universal_p2p_core::Item;

use crate::{
    Layout, Store,
    bits::{Bits, PAGE_CHUNKS},
    catalog::Entry,
    gauge::Charge,
    platform,
    recency::Run,
    store::Busy,
};

/// What is on disk of an item that is not open, by the runs that are known of it.
pub(super) fn stretches(entry: &Entry, mut add: impl FnMut(Range<u32>, u64, bool, u64)) {
    let bytes = entry.charge.bytes();
    let all: u64 = entry.runs.iter().map(|run| u64::from(run.count)).sum();
    if all == 0 {
        // Nothing is known but that it is there: it goes in the order of its chunks.
        let chunks = entry.layout.map_or(1, |layout| layout.chunks()).max(1);
        add(0..chunks, bytes, false, entry.last);
        return;
    }
    for run in &entry.runs {
        let part = u128::from(bytes) * u128::from(run.count) / u128::from(all);
        let chunks = run.first..run.first.saturating_add(run.count);
        add(
            chunks,
            u64::try_from(part).unwrap_or(bytes),
            false,
            run.stamp,
        );
    }
}

/// Chunks of a closed item that are absent in the index and still on disk.
pub(super) struct Closed {
    path: PathBuf,
    charge: Arc<Charge>,
    /// What to free; nothing means the whole file.
    ranges: Vec<Range<u64>>,
    /// Nobody opens the item while it is held.
    _busy: Busy,
}

impl Closed {
    /// Frees the space. Returns how many bytes are free now.
    pub(super) fn free(self) -> u64 {
        let before = self.charge.bytes();
        let freed = if self.ranges.is_empty() {
            std::fs::remove_file(&self.path).map(|()| 0)
        } else {
            self.punch()
        };
        match freed {
            Ok(left) => self.charge.set(left),
            Err(error) if error.kind() == io::ErrorKind::NotFound => self.charge.set(0),
            Err(error) => {
                tracing::warn!(path = %self.path.display(), %error, "the space of an item stays taken");
            }
        }
        before.saturating_sub(self.charge.bytes())
    }

    fn punch(&self) -> io::Result<u64> {
        let file = OpenOptions::new().write(true).open(&self.path)?;
        for range in self.ranges.iter().filter(|range| !range.is_empty()) {
            platform::punch(&file, range)?;
        }
        Ok(platform::allocated(&file.metadata()?))
    }
}

impl Store {
    /// Makes chunks of a closed item absent in the index. None where somebody has opened it by now.
    ///
    /// # Errors
    /// What the index says.
    pub(super) fn take_closed(
        self: &Arc<Self>,
        item: &Item,
        chunks: &[Range<u32>],
    ) -> io::Result<Option<Closed>> {
        let Some(busy) = self.make_busy(item) else {
            return Ok(None);
        };
        let known = self.catalog.look(item, |entry| {
            let left: Vec<_> = entry
                .runs
                .iter()
                .flat_map(|run| cut(*run, chunks))
                .collect();
            let is_all = left.is_empty();
            entry.set_runs(left);
            (Arc::clone(&entry.charge), entry.layout, is_all)
        });
        let Some((charge, layout, is_all)) = known else {
            return Ok(None);
        };
        if layout.is_none_or(|layout| layout.is_slotted()) {
            self.forget_closed_blocks(item, (!is_all).then_some(chunks));
        }
        let path = self.object_path(item);
        let ranges = match layout {
            Some(layout) if !is_all => {
                self.clear_pages(item, layout, chunks)?;
                chunks
                    .iter()
                    .map(|chunks| bytes_of(layout, chunks))
                    .collect()
            }
            _ => {
                for (page, bytes) in self.index.pages(item)? {
                    self.index.set_page(item, page, &vec![0; bytes.len()])?;
                }
                Vec::new()
            }
        };
        Ok(Some(Closed {
            path,
            charge,
            ranges,
            _busy: busy,
        }))
    }

    fn clear_pages(&self, item: &Item, layout: Layout, chunks: &[Range<u32>]) -> io::Result<()> {
        let mut bits = Bits::new(layout.chunks());
        for (page, bytes) in self.index.pages(item)? {
            bits.load_page(page, &bytes);
        }
        for chunk in chunks.iter().cloned().flatten() {
            bits.set(chunk, false);
        }
        let last = |chunks: &Range<u32>| chunks.end.saturating_sub(1) / PAGE_CHUNKS;
        let pages = chunks
            .iter()
            .map(|chunks| chunks.start / PAGE_CHUNKS..=last(chunks));
        let pages: BTreeSet<_> = pages.flatten().collect();
        for page in pages {
            self.index.set_page(item, page, bits.page(page))?;
        }
        Ok(())
    }
}

/// What is left of a run without some chunks, which are in order.
fn cut(run: Run, without: &[Range<u32>]) -> Vec<Run> {
    let (mut first, end) = (run.first, run.first.saturating_add(run.count));
    let mut left = Vec::new();
    let mut keep = |part: Range<u32>| {
        if !part.is_empty() {
            left.push(Run {
                first: part.start,
                count: part.end - part.start,
                stamp: run.stamp,
            });
        }
    };
    for gone in without.iter().filter(|gone| gone.start < end) {
        keep(first..gone.start.min(end));
        first = first.max(gone.end);
    }
    keep(first..end);
    left
}

/// The bytes that go with a range of chunks: whole blocks of the file system within them.
fn bytes_of(layout: Layout, chunks: &Range<u32>) -> Range<u64> {
    layout.bytes_of(chunks.start).start..layout.bytes_of(chunks.end.saturating_sub(1)).end
}

#[cfg(test)]
mod tests {
    use super::*;
    #[test]
    fn a_run_is_cut_where_chunks_went() {
        let run = Run {
            first: 10,
            count: 10,
            stamp: 7,
        };
        let left = |without: &[(u32, u32)]| -> Vec<(u32, u32)> {
            let without: Vec<_> = without.iter().map(|(from, upto)| *from..*upto).collect();
            let left = cut(run, &without);
            left.iter().map(|run| (run.first, run.count)).collect()
        };
        assert_eq!(left(&[]), [(10, 10)]);
        assert_eq!(left(&[(0, 12)]), [(12, 8)]);
        assert_eq!(left(&[(0, 12), (14, 15), (19, 30)]), [(12, 2), (15, 4)]);
        assert_eq!(left(&[(0, 100)]), []);
        assert_eq!(left(&[(0, 5), (30, 40)]), [(10, 10)]);
    }
}
