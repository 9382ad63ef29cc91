//! How much is on disk, and whether there is room for more: one running total under one lock.
//!
//! Everything that takes space does so through a [`Charge`]. Room is taken before a byte is written,
//! so that the files never hold more than what they are charged with; a charge is set right by what
//! the file system says has really been allocated.

mod charge;

use std::{
    path::PathBuf,
    sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError, atomic::Ordering},
    time::{Duration, Instant},
};

use crate::{
    platform::{self, Space},
    report::Reason,
};
pub(crate) use charge::Charge;

/// What is kept free for the index and other small files, even where `keep_free` is zero.
const OWN_ROOM: u64 = 8 << 20;

/// The most that is kept ready for writers; below it the collector begins.
const MOST_HEADROOM: u64 = 512 << 20;

/// How long an answer of the file system is taken for true. What is written meanwhile is counted.
const LOOK_EVERY: Duration = Duration::from_millis(50);

/// How long a collection that could not make room counts.
const STUCK_FOR: Duration = Duration::from_secs(1);

/// Files that can still be made; below it whole items go.
const LEAST_INODES: u64 = 1000;

/// What the collector is to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Task {
    /// Free so many bytes, for this reason.
    Free(u64, Reason),
    /// Nothing has to go.
    Rest,
    /// The store is being closed.
    Stop,
}

/// The running total and its limits.
pub(crate) struct Gauge {
    folder: PathBuf,
    state: Mutex<State>,
    low: Condvar,
}

struct State {
    limit: u64,
    keep_free: u64,
    used: u64,
    /// Reserved, and perhaps not written yet.
    unwritten: u64,
    /// What the file system said last, and when.
    space: Space,
    looked: Instant,
    /// What may be written yet of what was reserved until then, and what was reserved since.
    committed: u64,
    counted: bool,
    /// The most that was refused since the last collection.
    refused: u64,
    stuck: Option<(Instant, Arc<str>)>,
    /// How often something became free to go, whatever a collection under way has seen.
    hopes: u64,
    stop: bool,
}

impl State {
    /// Bytes that may still be reserved.
    fn room(&self) -> u64 {
        let by_limit = self.limit.saturating_sub(self.used);
        let floor = self.keep_free.max(OWN_ROOM).saturating_add(self.committed);
        by_limit.min(self.space.free.saturating_sub(floor))
    }

    fn look(&mut self, folder: &std::path::Path, at_least: Duration) {
        if self.looked.elapsed() >= at_least {
            self.space = platform::space(folder).unwrap_or(self.space);
            self.looked = Instant::now();
            self.committed = self.unwritten;
        }
    }

    /// What may be on disk altogether, by the limit or by what has to stay free.
    fn capacity(&self) -> u64 {
        let floor = self.keep_free.max(OWN_ROOM).saturating_add(self.committed);
        let grows = self.space.free.saturating_sub(floor);
        self.limit.min(self.used.saturating_add(grows))
    }

    /// How much is missing below the high-water mark (`slack` = 1) or the low one (2), and of what.
    fn missing(&self, slack: u64) -> (u64, Reason) {
        let headroom = slack * (self.capacity() / 20).min(MOST_HEADROOM);
        let over = (self.used + headroom).saturating_sub(self.limit);
        let floor = self.keep_free.max(OWN_ROOM) + headroom + self.committed;
        let short = floor.saturating_sub(self.space.free);
        let is_by_limit = self.capacity() == self.limit;
        let reason = if is_by_limit && over >= short {
            Reason::Limit
        } else {
            Reason::KeepFree
        };
        (over.max(short), reason)
    }

    fn task(&self) -> Task {
        if self.stop {
            return Task::Stop;
        }
        if !self.counted {
            return Task::Rest;
        }
        let is_refused = self.refused > self.room();
        if self.missing(1).0 == 0 && !is_refused {
            return match self.space.inodes {
                Some(inodes) if inodes < LEAST_INODES => Task::Free(1, Reason::Inodes),
                _ => Task::Rest,
            };
        }
        let (need, reason) = self.missing(2);
        let refused = if is_refused { self.refused } else { 0 };
        Task::Free(need.max(refused), reason)
    }
}

impl Gauge {
    /// A gauge of a folder in which nothing has been counted yet: until then nothing is reserved.
    pub(crate) fn new(folder: PathBuf, limit: u64, keep_free: u64) -> std::io::Result<Arc<Self>> {
        let space = platform::space(&folder)?;
        let state = State {
            limit,
            keep_free,
            used: 0,
            unwritten: 0,
            space,
            looked: Instant::now(),
            committed: 0,
            counted: false,
            refused: 0,
            stuck: None,
            hopes: 0,
            stop: false,
        };
        Ok(Arc::new(Self {
            folder,
            state: Mutex::new(state),
            low: Condvar::new(),
        }))
    }

    /// Takes room for something that is about to be written. Never blocks.
    pub(crate) fn reserve(&self, charge: &Charge, bytes: u64) -> bool {
        let mut state = self.state();
        state.look(&self.folder, LOOK_EVERY);
        let fits = state.counted && bytes <= state.room();
        if fits {
            state.used += bytes;
            state.unwritten += bytes;
            state.committed += bytes;
            state.stuck = None;
            charge.bytes.fetch_add(bytes, Ordering::Relaxed);
        } else if state.counted {
            state.refused = state.refused.max(bytes);
        }
        if !fits || state.missing(1).0 > 0 {
            self.low.notify_all();
        }
        fits
    }

    /// Takes room, and waits a while for the collector to make it.
    pub(crate) fn reserve_soon(&self, charge: &Charge, bytes: u64, longest: Duration) -> bool {
        let until = Instant::now() + longest;
        while !self.reserve(charge, bytes) {
            let left = until.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return false;
            }
            let state = self.state();
            // The collector tells when it is done; it is looked again soon in any case.
            let nap = left.min(Duration::from_millis(50));
            drop(self.low.wait_timeout(state, nap));
        }
        true
    }

    /// What was reserved is written, or will not be.
    pub(crate) fn written(&self, bytes: u64) {
        let mut state = self.state();
        state.unwritten = state.unwritten.saturating_sub(bytes);
    }

    /// How many bytes could be reserved now.
    pub(crate) fn room(&self) -> u64 {
        let mut state = self.state();
        state.look(&self.folder, LOOK_EVERY);
        if state.counted { state.room() } else { 0 }
    }

    /// Changes the limits.
    pub(crate) fn set_limits(&self, limit: u64, keep_free: u64) {
        let mut state = self.state();
        (state.limit, state.keep_free) = (limit, keep_free);
        drop(state);
        self.hope();
    }

    /// Something may go that had to stay: what was tried in vain is tried again at once.
    pub(crate) fn hope(&self) {
        let mut state = self.state();
        (state.hopes, state.stuck) = (state.hopes + 1, None);
        drop(state);
        self.low.notify_all();
    }

    /// How often there was new hope so far: a collection that begins now knows of it.
    pub(crate) fn hopes(&self) -> u64 {
        self.state().hopes
    }

    /// What may be on disk altogether, by the limit or by what has to stay free.
    pub(crate) fn capacity(&self) -> u64 {
        self.state().capacity()
    }

    /// Everything that was there at the start has been counted: from now on there is room.
    pub(crate) fn counted(&self) {
        self.state().counted = true;
        self.low.notify_all();
    }

    /// Waits until something has to go, or for so long.
    pub(crate) fn wait(&self, longest: Duration) -> Task {
        let mut state = self.state();
        let until = Instant::now() + longest;
        loop {
            state.look(&self.folder, LOOK_EVERY);
            let task = state.task();
            let left = until.saturating_duration_since(Instant::now());
            if task != Task::Rest || left.is_zero() {
                return task;
            }
            let woken = self.low.wait_timeout(state, left);
            state = woken.unwrap_or_else(PoisonError::into_inner).0;
        }
    }

    /// A collection is over that began when there had been so many hopes. `stuck` says what holds the
    /// space where not enough could go.
    pub(crate) fn collected(&self, stuck: Option<String>, hopes: u64) {
        let mut state = self.state();
        state.look(&self.folder, Duration::ZERO);
        let is_up_to_date = hopes == state.hopes;
        state.stuck = stuck
            .filter(|_| is_up_to_date && state.refused > state.room())
            .map(|why| (Instant::now(), why.into()));
        if is_up_to_date {
            state.refused = 0;
        }
        self.low.notify_all();
    }

    /// Rests between two collections that freed nothing, unless there is hope or the store is closed.
    pub(crate) fn rest(&self, longest: Duration) {
        let until = Instant::now() + longest;
        let mut state = self.state();
        let hopes = state.hopes;
        while !state.stop && state.hopes == hopes && Instant::now() < until {
            let left = until.saturating_duration_since(Instant::now());
            let woken = self.low.wait_timeout(state, left);
            state = woken.unwrap_or_else(PoisonError::into_inner).0;
        }
    }

    /// What holds the space, where a collection could not make room just now. While somebody wants
    /// room it is tried again and again, so that what was long ago says nothing.
    pub(crate) fn stuck(&self) -> Option<Arc<str>> {
        let state = self.state();
        let fresh = state
            .stuck
            .as_ref()
            .filter(|(since, _)| since.elapsed() < STUCK_FOR);
        fresh.map(|(_, why)| Arc::clone(why))
    }

    /// How much would have to go for everything to be below the low-water mark.
    pub(crate) fn above_low_water(&self) -> (u64, Reason) {
        let mut state = self.state();
        state.look(&self.folder, Duration::ZERO);
        state.missing(2)
    }

    /// Ends whoever waits.
    pub(crate) fn stop(&self) {
        self.state().stop = true;
        self.low.notify_all();
    }

    /// The figures: limit, keep free, used, free, whether all was counted.
    pub(crate) fn figures(&self) -> Figures {
        let mut state = self.state();
        state.look(&self.folder, LOOK_EVERY);
        Figures {
            limit: state.limit,
            keep_free: state.keep_free,
            used: state.used,
            free: state.space.free,
            counted: state.counted,
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What the gauge shows, in bytes.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Figures {
    pub(crate) limit: u64,
    pub(crate) keep_free: u64,
    pub(crate) used: u64,
    pub(crate) free: u64,
    pub(crate) counted: bool,
}

#[cfg(test)]
mod tests;
