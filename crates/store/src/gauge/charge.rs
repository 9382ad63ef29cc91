//! What one thing on disk counts with.

use std::sync::{
    Arc,
    atomic::{AtomicU64, Ordering},
};

use super::Gauge;

/// What one thing on disk counts with. It counts no more when it is dropped.
pub(crate) struct Charge {
    gauge: Arc<Gauge>,
    pub(super) bytes: AtomicU64,
}

impl Charge {
    /// Something that takes no space yet.
    pub(crate) fn none(gauge: &Arc<Gauge>) -> Self {
        Self {
            gauge: Arc::clone(gauge),
            bytes: AtomicU64::new(0),
        }
    }

    /// Bytes it counts with.
    pub(crate) fn bytes(&self) -> u64 {
        self.bytes.load(Ordering::Relaxed)
    }

    /// Sets it right by what is really there.
    pub(crate) fn set(&self, bytes: u64) {
        let mut state = self.gauge.state();
        let before = self.bytes.swap(bytes, Ordering::Relaxed);
        state.used = (state.used + bytes).saturating_sub(before);
    }
}

impl Drop for Charge {
    fn drop(&mut self) {
        self.set(0);
    }
}
