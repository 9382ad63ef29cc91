//! Room for what is about to be written, and what is really taken.

use std::sync::{Arc, atomic::Ordering};

use super::Object;
use crate::{Held, clock, platform};

impl Object {
    /// Makes sure that there is room for a chunk before anything of it is written: true where it is
    /// there, begun already, or room was taken for it now. Never blocks; where it is false the
    /// collector is already at work.
    pub fn reserve(&self, chunk: u32) -> bool {
        if self.is_gone() {
            return false;
        }
        let mut presence = self.presence();
        if presence.held(chunk) != Held::Absent || presence.is_begun(chunk) {
            return true;
        }
        let bytes = self.layout.disk_bytes_of(chunk);
        let granted = !presence.is_leaving(chunk) && self.gauge.reserve(&self.charge, bytes);
        if granted {
            presence.begin(chunk, bytes, clock::stamp());
        }
        granted
    }

    /// How many more chunks could be begun now, about.
    #[must_use]
    pub fn room(&self) -> u32 {
        let chunk = self.layout.disk_bytes_of(0).max(1);
        u32::try_from(self.gauge.room() / chunk).unwrap_or(u32::MAX)
    }

    /// Why no room can be made, once that was tried in vain: what holds the space, and what frees
    /// it. `None` while there is hope.
    #[must_use]
    pub fn out_of_room(&self) -> Option<Arc<str>> {
        self.gauge.stuck()
    }

    /// Bytes it counts with.
    pub(crate) fn charged(&self) -> u64 {
        self.charge.bytes()
    }

    /// Sets what it counts with by what is allocated, and by what is still to be written.
    pub(crate) fn recount(&self) {
        if self.is_gone.load(Ordering::Acquire) {
            return;
        }
        // Under the lock, so that nothing is begun between the look and the count.
        let presence = self.presence();
        if let Ok(metadata) = self.file.metadata() {
            self.charge
                .set(platform::allocated(&metadata) + presence.unwritten());
        }
    }
}
