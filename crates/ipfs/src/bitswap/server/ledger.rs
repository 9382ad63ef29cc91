//! What one peer wants of us.

use std::{
    cmp::Reverse,
    collections::{BTreeMap, HashMap, VecDeque},
    mem,
    ops::Bound,
    time::Instant,
};

use cid::Cid;

use crate::bitswap::message::{Ask, Entry, Hash};

/// The most wants of one peer that are kept.
const LONGEST: usize = 1024;

/// The most that one peer is told at once of what is held.
const TOLD: usize = 1024;

/// The most that one peer is yet to be told; what it asks beyond that stays without an answer.
const UNTOLD: usize = 4096;

/// Blocks are put together in one message up to this length, in bytes.
const TOGETHER: u64 = 128 << 10;

/// The most blocks of one message.
const BLOCKS: usize = 64;

/// More of it is sooner; of equals the first.
type Place = (Reverse<i32>, u64);

/// The wants of one peer, and what is on the way to it.
#[derive(Debug, Default)]
pub(super) struct Ledger {
    /// Wanted blocks that are held, with their lengths.
    ready: BTreeMap<Place, (Cid, u64)>,
    places: HashMap<Hash, Place>,
    /// Wants of what was not held.
    missing: BTreeMap<Hash, (Cid, Ask, i32)>,
    /// Up to where they were looked at again.
    looked: Option<Hash>,
    untold: HashMap<Hash, (Cid, bool)>,
    count: u64,
    /// The lengths of answers on the way, and since when they are.
    pub(super) under_way: VecDeque<(u64, Instant)>,
    /// How many answers are being read.
    pub(super) reading: usize,
    pub(super) is_queued: bool,
}

/// What one answer is made of.
#[derive(Debug)]
pub(super) struct Batch {
    pub(super) blocks: Vec<Cid>,
    pub(super) presences: Vec<(Cid, bool)>,
    pub(super) bytes: u64,
}

impl Ledger {
    /// Whether there is nothing to be sent.
    pub(super) fn is_idle(&self) -> bool {
        self.ready.is_empty() && self.untold.is_empty()
    }

    /// Nothing is wanted any more.
    pub(super) fn clear(&mut self) {
        self.ready.clear();
        self.places.clear();
        self.missing.clear();
        self.untold.clear();
    }

    /// Takes one line of what the peer says.
    pub(super) fn enter(&mut self, entry: &Entry, has: impl Fn(&Hash) -> Option<u64>) {
        let hash = entry.cid.hash();
        let Some(ask) = entry.ask else {
            self.strike(hash);
            self.untold.remove(hash);
            return;
        };
        let length = has(hash);
        match (ask, length) {
            (Ask::Have, Some(_)) => self.tell(entry.cid, true),
            (Ask::Block, Some(length)) => self.wait(entry.cid, entry.priority, length),
            (_, None) => {
                if entry.denial {
                    self.tell(entry.cid, false);
                }
                self.miss(entry.cid, ask, entry.priority);
            }
        }
    }

    fn strike(&mut self, hash: &Hash) {
        if let Some(place) = self.places.remove(hash) {
            self.ready.remove(&place);
        }
        self.missing.remove(hash);
    }

    fn tell(&mut self, cid: Cid, has: bool) {
        if self.untold.len() < UNTOLD {
            self.untold.insert(*cid.hash(), (cid, has));
        }
    }

    /// How many entries it has.
    #[cfg(test)]
    pub(super) fn size(&self) -> usize {
        self.ready.len() + self.missing.len() + self.untold.len()
    }

    fn is_full(&self) -> bool {
        self.ready.len() + self.missing.len() >= LONGEST
    }

    fn wait(&mut self, cid: Cid, priority: i32, length: u64) {
        self.strike(cid.hash());
        if self.is_full() {
            // It may ask somebody else.
            return self.tell(cid, false);
        }
        self.count += 1;
        let place = (Reverse(priority), self.count);
        self.ready.insert(place, (cid, length));
        self.places.insert(*cid.hash(), place);
    }

    fn miss(&mut self, cid: Cid, ask: Ask, priority: i32) {
        if self.missing.contains_key(cid.hash()) || !self.is_full() {
            self.missing.insert(*cid.hash(), (cid, ask, priority));
        }
    }

    /// Looks again at some of what was not held, and says at how many.
    pub(super) fn look(&mut self, most: usize, has: impl Fn(&Hash) -> Option<u64>) -> usize {
        let after = self.looked.map_or(Bound::Unbounded, Bound::Excluded);
        let rest = self.missing.range((after, Bound::Unbounded));
        let looks: Vec<_> = rest.take(most).map(|(hash, want)| (*hash, *want)).collect();
        // After the last comes the first.
        self.looked = looks.last().map(|(hash, _)| *hash);
        for (hash, (cid, ask, priority)) in &looks {
            match (ask, has(hash)) {
                (_, None) => {}
                (Ask::Have, Some(_)) => {
                    self.missing.remove(hash);
                    self.tell(*cid, true);
                }
                (Ask::Block, Some(length)) => self.wait(*cid, *priority, length),
            }
        }
        looks.len()
    }

    /// Takes what goes into the next answer.
    pub(super) fn batch(&mut self) -> Option<Batch> {
        let mut batch = Batch {
            blocks: Vec::new(),
            presences: Vec::new(),
            bytes: 0,
        };
        while batch.blocks.len() < BLOCKS
            && let Some(next) = self.ready.first_entry()
        {
            let (_, length) = *next.get();
            if !batch.blocks.is_empty() && batch.bytes + length > TOGETHER {
                break;
            }
            let (cid, length) = next.remove();
            self.places.remove(cid.hash());
            batch.bytes += length;
            batch.blocks.push(cid);
        }
        if self.untold.len() <= TOLD {
            batch.presences = mem::take(&mut self.untold).into_values().collect();
        } else {
            let told: Vec<Hash> = self.untold.keys().take(TOLD).copied().collect();
            let told = told.iter().filter_map(|hash| self.untold.remove(hash));
            batch.presences = told.collect();
        }
        (!batch.blocks.is_empty() || !batch.presences.is_empty()).then_some(batch)
    }
}
