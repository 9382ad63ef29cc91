//! What is known of every item, in memory: how much it takes, when it was used, why it is kept.
//!
//! It is filled from the index and from the files at the start, and its rows go back to the index
//! once a second where they changed.

use std::{
    collections::{HashMap, HashSet},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use universal_p2p_core::Item;

use crate::{
    Layout, clock,
    gauge::{Charge, Gauge},
    index::ItemRow,
    policy::Standing,
    recency::{Run, coarsen},
};

/// Runs that are kept of an item that is not open. More would cost memory for each of many items
/// and tell nothing that matters.
const MOST_RUNS: usize = 32;

/// One item.
pub(crate) struct Entry {
    /// What its object counts with.
    pub(crate) charge: Arc<Charge>,
    pub(crate) documents: Documents,
    pub(crate) layout: Option<Layout>,
    pub(crate) name: Option<Box<str>>,
    /// First use as a stamp; 0 where that is not known.
    pub(crate) first: u64,
    /// Last use as a stamp.
    pub(crate) last: u64,
    /// Streams so far.
    pub(crate) uses: u64,
    pub(crate) served: u64,
    pub(crate) fetched: u64,
    /// The score of the last victim when it was last used.
    pub(crate) floor: f64,
    pub(crate) pinned: bool,
    /// When its chunks were last used, as far as they are known; for an open object that is in the
    /// object itself.
    pub(crate) runs: Box<[Run]>,
    is_dirty: bool,
}

impl Entry {
    fn new(gauge: &Arc<Gauge>) -> Self {
        Self {
            charge: Arc::new(Charge::none(gauge)),
            documents: Documents::default(),
            layout: None,
            name: None,
            first: 0,
            last: 0,
            uses: 0,
            served: 0,
            fetched: 0,
            floor: 0.0,
            pinned: false,
            runs: Box::default(),
            is_dirty: false,
        }
    }

    fn from_row(gauge: &Arc<Gauge>, row: ItemRow) -> Self {
        // A clock that was wrong once must not make anything look young for ever.
        let now = clock::stamp();
        let runs = row.runs.into_iter().map(|(first, count, stamp)| Run {
            first,
            count,
            stamp: stamp.min(now),
        });
        Self {
            layout: Layout::from_coded(row.length, row.chunk_length),
            name: (!row.name.is_empty()).then(|| row.name.into()),
            first: row.first,
            last: row.last.min(now),
            uses: row.uses,
            served: row.served,
            fetched: row.fetched,
            floor: row.floor,
            runs: runs.collect(),
            ..Self::new(gauge)
        }
    }

    fn row(&self) -> ItemRow {
        ItemRow {
            length: self.layout.map_or(0, |layout| layout.length()),
            chunk_length: (self.layout).map_or(0, |layout| layout.coded_chunk_length()),
            first: self.first,
            last: self.last,
            uses: self.uses,
            served: self.served,
            fetched: self.fetched,
            floor: self.floor,
            name: self.name.as_deref().unwrap_or_default().to_owned(),
            runs: (self.runs.iter())
                .map(|run| (run.first, run.count, run.stamp))
                .collect(),
        }
    }

    /// Keeps what is known of when its chunks were used.
    pub(crate) fn set_runs(&mut self, runs: Vec<Run>) {
        self.runs = coarsen(by_seconds(runs), MOST_RUNS).into();
        self.is_dirty = true;
    }

    /// Notes a use at this stamp where none is known.
    pub(crate) fn came_at(&mut self, stamp: u64) {
        if self.last == 0 {
            (self.first, self.last) = (stamp, stamp);
            self.is_dirty = true;
        }
    }

    /// Has its row written.
    pub(crate) fn changed(&mut self) {
        self.is_dirty = true;
    }

    /// What a policy sees of chunks of it.
    pub(crate) fn standing(&self, stamp: u64) -> Standing {
        Standing {
            stamp,
            uses: u32::try_from(self.uses).unwrap_or(u32::MAX),
            size: self.charge.bytes(),
            floor: self.floor,
        }
    }
}

/// Joins neighbours that were used in the same second: of thousands of chunks that a film was played
/// from, a few runs per minute remain.
fn by_seconds(runs: Vec<Run>) -> Vec<Run> {
    let mut joined: Vec<Run> = Vec::new();
    for run in runs {
        match joined.last_mut() {
            Some(last)
                if last.first + last.count == run.first
                    && clock::seconds(last.stamp) == clock::seconds(run.stamp) =>
            {
                last.count += run.count;
                last.stamp = last.stamp.max(run.stamp);
            }
            _ => joined.push(run),
        }
    }
    joined
}

/// The small documents of an item.
#[derive(Default)]
pub(crate) struct Documents {
    kinds: Vec<Box<str>>,
    charge: Option<Arc<Charge>>,
}

impl Documents {
    /// Notes that there is a document of this kind, and gives what all of them count with.
    pub(crate) fn add(&mut self, kind: &str, gauge: &Arc<Gauge>) -> Arc<Charge> {
        if !self.kinds.iter().any(|known| **known == *kind) {
            self.kinds.push(kind.into());
        }
        let charge = self
            .charge
            .get_or_insert_with(|| Arc::new(Charge::none(gauge)));
        Arc::clone(charge)
    }

    pub(crate) fn kinds(&self) -> Vec<Box<str>> {
        self.kinds.clone()
    }

    pub(crate) fn bytes(&self) -> u64 {
        self.charge.as_ref().map_or(0, |charge| charge.bytes())
    }
}

/// Every item.
pub(crate) struct Catalog {
    gauge: Arc<Gauge>,
    items: Mutex<Items>,
}

/// The items by their names, and those whose rows on disk are behind.
#[derive(Default)]
pub(crate) struct Items {
    pub(crate) entries: HashMap<Item, Entry>,
    changed: HashSet<Item>,
    /// How often any was worked on.
    version: u64,
}

impl Catalog {
    /// As the index had it.
    pub(crate) fn new(gauge: &Arc<Gauge>, rows: Vec<(Item, ItemRow)>, pins: &[Item]) -> Self {
        let mut entries: HashMap<_, _> = rows
            .into_iter()
            .map(|(item, row)| (item, Entry::from_row(gauge, row)))
            .collect();
        for item in pins {
            let entry = entries
                .entry(item.clone())
                .or_insert_with(|| Entry::new(gauge));
            entry.pinned = true;
        }
        Self {
            gauge: Arc::clone(gauge),
            items: Mutex::new(Items {
                entries,
                changed: HashSet::new(),
                version: 0,
            }),
        }
    }

    /// Works on an item, which is made where there is none.
    pub(crate) fn with<T>(&self, item: &Item, work: impl FnOnce(&mut Entry) -> T) -> T {
        let mut items = self.lock();
        items.version += 1;
        let Items {
            entries, changed, ..
        } = &mut *items;
        if !entries.contains_key(item) {
            entries.insert(item.clone(), Entry::new(&self.gauge));
        }
        let entry = entries.get_mut(item).expect("just made");
        let done = work(entry);
        if std::mem::take(&mut entry.is_dirty) {
            changed.insert(item.clone());
        }
        done
    }

    /// Works on an item, if there is one.
    pub(crate) fn look<T>(&self, item: &Item, work: impl FnOnce(&mut Entry) -> T) -> Option<T> {
        let is_there = self.lock().entries.contains_key(item);
        is_there.then(|| self.with(item, work))
    }

    /// Takes an item out.
    pub(crate) fn remove(&self, item: &Item) -> Option<Entry> {
        let mut items = self.lock();
        items.version += 1;
        items.changed.remove(item);
        items.entries.remove(item)
    }

    /// Another number whenever an item may have changed.
    pub(crate) fn version(&self) -> u64 {
        self.lock().version
    }

    /// All of them. Nobody else gets at any while this is held.
    pub(crate) fn lock(&self) -> MutexGuard<'_, Items> {
        self.items.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Has every row written again.
    pub(crate) fn all_changed(&self) {
        let mut items = self.lock();
        let Items {
            entries, changed, ..
        } = &mut *items;
        changed.extend(entries.keys().cloned());
    }

    /// The rows that changed since they were last taken.
    pub(crate) fn take_changed(&self) -> Vec<(Item, ItemRow)> {
        let mut items = self.lock();
        let Items {
            entries, changed, ..
        } = &mut *items;
        let rows = changed
            .drain()
            .filter_map(|item| entries.get(&item).map(Entry::row).map(|row| (item, row)));
        rows.collect()
    }
}
