//! The time as everything on disk is stamped with it.

use std::{
    sync::atomic::{AtomicU64, Ordering},
    time::{SystemTime, UNIX_EPOCH},
};

/// The youngest stamp given so far.
static YOUNGEST: AtomicU64 = AtomicU64::new(0);

/// Milliseconds since 1970. It never runs backwards in one process, whatever is done to the clock,
/// so that what was used later never looks older.
pub(crate) fn stamp() -> u64 {
    let since = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default();
    let now = u64::try_from(since.as_millis()).unwrap_or(u64::MAX);
    YOUNGEST.fetch_max(now, Ordering::Relaxed).max(now)
}

/// A stamp as whole seconds since 1970.
pub(crate) fn seconds(stamp: u64) -> u64 {
    stamp / 1000
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn time_does_not_run_backwards() {
        let first = stamp();
        assert!(first > 1_600_000_000_000);
        assert!((0..1000).map(|_| stamp()).is_sorted());
        assert!(seconds(first) > 1_600_000_000);
    }
}
