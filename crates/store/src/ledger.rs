//! Who asks for what: every open stream, and what is not written to the index yet.
//!
//! A stream counts its bytes in its own counter, without a lock; once a second somebody takes what is
//! new in all of them. So an abrupt stop loses seconds of a stream, however long it
//! has been open.

use std::{
    collections::{BTreeMap, HashMap},
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
};

use universal_p2p_core::{Item, Site};

use crate::{
    clock,
    report::{StreamReport, Traffic},
};

mod open;
mod pace;
mod usage;

pub(crate) use open::Open;
pub use open::Reading;
use pace::Pace;
pub(crate) use usage::Use;

/// How many different uses wait at most; what is more is booked to the unknown site.
const MOST_WAITING: usize = 65_536;

/// What is new of an item and a site.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Fresh {
    /// When, and how many bytes.
    pub(crate) used: Use,
    /// Streams that were opened.
    pub(crate) began: u64,
}

impl Fresh {
    fn with(self, other: Self) -> Self {
        Self {
            used: self.used.with(other.used),
            began: self.began.saturating_add(other.began),
        }
    }
}

/// What is new since the last time.
#[derive(Debug, Default)]
pub(crate) struct Taken {
    /// What was used by whom.
    pub(crate) uses: HashMap<(Item, Site), Fresh>,
    /// Bytes fetched from the network.
    pub(crate) fetched: HashMap<Item, u64>,
}

impl Taken {
    /// Whether nothing is new.
    pub(crate) fn is_empty(&self) -> bool {
        self.uses.is_empty() && self.fetched.is_empty()
    }

    fn book(&mut self, item: Item, site: Site, fresh: Fresh) {
        let mut key = (item, site);
        if self.uses.len() >= MOST_WAITING && !self.uses.contains_key(&key) {
            key.1 = Site::unknown();
        }
        let booked = self.uses.entry(key).or_default();
        *booked = booked.with(fresh);
    }

    fn fetch(&mut self, item: Item, bytes: u64) {
        let fetched = self.fetched.entry(item).or_default();
        *fetched = fetched.saturating_add(bytes);
    }
}

/// Bytes of one network since the start.
#[derive(Debug, Default)]
pub(crate) struct Totals {
    served: AtomicU64,
    fetched: AtomicU64,
}

/// An open stream, and what has been taken of it.
struct Entry {
    stream: Arc<Open>,
    taken: Option<u64>,
}

impl Entry {
    /// What is new of it; none where nothing is.
    fn take(&mut self, ended: bool) -> Option<Fresh> {
        let served = self.stream.served.load(Ordering::Relaxed);
        let bytes = served - self.taken.unwrap_or(0);
        let began = u64::from(self.taken.is_none());
        if bytes == 0 && began == 0 && !ended {
            return None;
        }
        self.taken = Some(served);
        let mut used = Use::now(bytes);
        if began > 0 {
            used.first = self.stream.since();
        }
        Some(Fresh { used, began })
    }
}

#[derive(Default)]
struct Books {
    /// How many streams were ever opened.
    opened: u64,
    open: HashMap<u64, Entry>,
    /// How many streams of an item are open; items without are not in it.
    streams: HashMap<Item, u64>,
    waiting: Taken,
    /// How fast items come in, of those that do.
    coming: HashMap<Item, Pace>,
    totals: BTreeMap<&'static str, Arc<Totals>>,
}

impl Books {
    fn totals_of(&mut self, item: &Item) -> Arc<Totals> {
        Arc::clone(self.totals.entry(item.protocol).or_default())
    }
}

/// Every open stream, and the accounts that are not in the index yet.
#[derive(Default)]
pub(crate) struct Ledger(Mutex<Books>);

impl Ledger {
    /// Notes that a stream was opened. It has to be [ended](Self::end).
    pub(crate) fn open(&self, item: Item, site: Site) -> Arc<Open> {
        let mut books = self.books();
        books.opened += 1;
        let totals = books.totals_of(&item);
        let stream = Arc::new(Open::new(books.opened, item, site, totals));
        *books.streams.entry(stream.item.clone()).or_default() += 1;
        let entry = Entry {
            stream: Arc::clone(&stream),
            taken: None,
        };
        books.open.insert(stream.number, entry);
        stream
    }

    /// Notes that a stream has ended. What is new of it stays until it is taken.
    pub(crate) fn end(&self, stream: &Open) {
        let mut books = self.books();
        let Some(mut entry) = books.open.remove(&stream.number) else {
            return;
        };
        if let Some(fresh) = entry.take(true) {
            let (item, site) = (stream.item.clone(), stream.site.clone());
            books.waiting.book(item, site, fresh);
        }
        if let Some(count) = books.streams.get_mut(&stream.item) {
            *count -= 1;
            if *count == 0 {
                books.streams.remove(&stream.item);
            }
        }
    }

    /// Counts bytes of an item that came from the network.
    pub(crate) fn fetch(&self, item: &Item, bytes: u64) {
        let mut books = self.books();
        let totals = books.totals_of(item);
        totals.fetched.fetch_add(bytes, Ordering::Relaxed);
        let pace = books.coming.entry(item.clone()).or_default();
        pace.count(bytes, clock::stamp());
        books.waiting.fetch(item.clone(), bytes);
    }

    /// Bytes of an item that come from the network each second.
    pub(crate) fn fetch_speed(&self, item: &Item) -> u64 {
        let books = self.books();
        let pace = books.coming.get(item);
        pace.map_or(0, |pace| pace.speed(clock::stamp()))
    }

    /// What went through since the start, by network.
    pub(crate) fn traffic(&self) -> Vec<Traffic> {
        let books = self.books();
        let traffic = books.totals.iter().map(|(protocol, totals)| Traffic {
            protocol,
            served: totals.served.load(Ordering::Relaxed),
            fetched: totals.fetched.load(Ordering::Relaxed),
        });
        traffic.collect()
    }

    /// How many streams were opened since the start.
    pub(crate) fn opened(&self) -> u64 {
        self.books().opened
    }

    /// Takes what is new of every stream, open or ended, and of what was fetched.
    pub(crate) fn take(&self) -> Taken {
        let mut books = self.books();
        let now = clock::stamp();
        books.coming.retain(|_, pace| !pace.rests(now));
        let mut taken = std::mem::take(&mut books.waiting);
        for entry in books.open.values_mut() {
            if let Some(fresh) = entry.take(false) {
                let (item, site) = (entry.stream.item.clone(), entry.stream.site.clone());
                taken.book(item, site, fresh);
            }
        }
        taken
    }

    /// Takes back what could not be written, for the next time.
    pub(crate) fn put_back(&self, taken: Taken) {
        let mut books = self.books();
        for ((item, site), fresh) in taken.uses {
            books.waiting.book(item, site, fresh);
        }
        for (item, bytes) in taken.fetched {
            books.waiting.fetch(item, bytes);
        }
    }

    /// Every open stream, the oldest first.
    pub(crate) fn streams(&self) -> Vec<StreamReport> {
        let mut streams: Vec<_> = {
            let books = self.books();
            let streams = books.open.values();
            streams.map(|entry| Arc::clone(&entry.stream)).collect()
        };
        streams.sort_unstable_by_key(|stream| stream.number);
        streams.iter().map(|stream| stream.report()).collect()
    }

    /// How many streams of an item are open.
    pub(crate) fn streams_of(&self, item: &Item) -> u64 {
        self.books().streams.get(item).copied().unwrap_or(0)
    }

    /// How many streams are open.
    pub(crate) fn open_streams(&self) -> u64 {
        self.books().open.len() as u64
    }

    fn books(&self) -> MutexGuard<'_, Books> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests;
