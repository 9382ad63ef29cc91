//! What is told to those who look at the store all the time.

use universal_p2p_core::Item;

use super::Store;
use crate::report::{Collection, StreamReport, Traffic, Waiting};

impl Store {
    /// The streams that are open, the oldest first.
    #[must_use]
    pub fn streams(&self) -> Vec<StreamReport> {
        let mut streams = self.ledger.streams();
        if self.gauge.stuck().is_some() {
            for stream in &mut streams {
                if stream.waiting == Waiting::Source {
                    stream.waiting = Waiting::Room;
                }
            }
        }
        streams
    }

    /// Numbers that are others whenever items, what is on disk or streams may have changed. Cheap:
    /// whoever looks again and again need not look at everything.
    #[must_use]
    pub fn version(&self) -> [u64; 4] {
        let used = self.gauge.figures().used;
        let streams = self.ledger.open_streams();
        [self.catalog.version(), used, self.ledger.opened(), streams]
    }

    /// How many collections there were since the start, and those after the first so many of them, as
    /// far as they are remembered: the last hundred, the oldest first.
    #[must_use]
    pub fn collections_since(&self, seen: u64) -> (u64, Vec<Collection>) {
        self.history.since(seen)
    }

    /// How many collections there were since the start, and how many bytes they freed.
    #[must_use]
    pub fn collected(&self) -> (u64, u64) {
        self.history.sums()
    }

    /// What went through since the start, by network.
    #[must_use]
    pub fn traffic(&self) -> Vec<Traffic> {
        self.ledger.traffic()
    }

    /// How many streams were opened since the start.
    #[must_use]
    pub fn streams_opened(&self) -> u64 {
        self.ledger.opened()
    }

    /// Bytes of an item that come from its network each second, chunk by chunk.
    #[must_use]
    pub fn fetch_speed(&self, item: &Item) -> u64 {
        self.ledger.fetch_speed(item)
    }

    /// Changes how much may be on disk, and what has to stay free. What is too much goes at once, as far
    /// as it may.
    pub fn set_limits(&self, limit: u64, keep_free: u64) {
        self.gauge.set_limits(limit, keep_free);
    }
}
