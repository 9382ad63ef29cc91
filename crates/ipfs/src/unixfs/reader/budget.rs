//! What all readers together fetch ahead into memory.

use std::sync::atomic::{AtomicU64, Ordering};

/// How much that may be, in bytes.
const MOST: u64 = 256 << 20;

static TAKEN: AtomicU64 = AtomicU64::new(0);

/// A part of it, given back when dropped.
#[must_use = "dropping it gives the bytes back"]
#[derive(Debug)]
pub(super) struct Charge(u64);

/// Takes so many bytes, if there are as many left.
pub(super) fn take(bytes: u64) -> Option<Charge> {
    let taken = TAKEN.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |taken| {
        taken.checked_add(bytes).filter(|sum| *sum <= MOST)
    });
    taken.ok().map(|_| Charge(bytes))
}

impl Drop for Charge {
    fn drop(&mut self) {
        TAKEN.fetch_sub(self.0, Ordering::Relaxed);
    }
}
