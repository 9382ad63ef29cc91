//! How fast something goes: bytes in the second that runs and in the one before.

use std::sync::atomic::{AtomicU64, Ordering};

/// The shortest time that a speed is told of, in milliseconds: a first chunk is no speed yet.
const SHORTEST: u64 = 250;

/// A counter of bytes that knows how many were counted lately. Times are stamps.
///
/// Without a lock: whoever counts from several threads at once may lose some at the turn of a second.
#[derive(Debug, Default)]
pub(crate) struct Pace {
    /// The first stamp that was seen.
    begun: AtomicU64,
    second: AtomicU64,
    now: AtomicU64,
    before: AtomicU64,
}

impl Pace {
    /// Counts bytes.
    pub(crate) fn count(&self, bytes: u64, stamp: u64) {
        let second = stamp / 1000;
        let known = self.second.load(Ordering::Relaxed);
        if known == second {
            self.now.fetch_add(bytes, Ordering::Relaxed);
            return;
        }
        if known == 0 {
            self.begun.store(stamp, Ordering::Relaxed);
        }
        let last = self.now.swap(bytes, Ordering::Relaxed);
        let before = if known + 1 == second { last } else { 0 };
        self.before.store(before, Ordering::Relaxed);
        self.second.store(second, Ordering::Relaxed);
    }

    /// Bytes per second over the last one to two seconds.
    pub(crate) fn speed(&self, stamp: u64) -> u64 {
        let known = self.second.load(Ordering::Relaxed);
        let (now, before) = match (stamp / 1000).saturating_sub(known) {
            0 => (&self.now, Some(&self.before)),
            1 => (&self.now, None),
            _ => return 0,
        };
        let bytes =
            now.load(Ordering::Relaxed) + before.map_or(0, |before| before.load(Ordering::Relaxed));
        let begun = self.begun.load(Ordering::Relaxed);
        let time = (1000 + stamp % 1000)
            .min(stamp.saturating_sub(begun))
            .max(SHORTEST);
        u64::try_from(u128::from(bytes) * 1000 / u128::from(time)).unwrap_or(u64::MAX)
    }

    /// Whether nothing was counted for some seconds.
    pub(crate) fn rests(&self, stamp: u64) -> bool {
        (stamp / 1000).saturating_sub(self.second.load(Ordering::Relaxed)) > 3
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_speed_is_that_of_the_last_seconds() {
        let pace = Pace::default();
        assert_eq!(pace.speed(5_000_000), 0);
        for tenth in 0..40 {
            pace.count(100, 5_000_000 + tenth * 100);
        }
        assert_eq!(pace.speed(5_003_999), 2000 * 1000 / 1999);
        assert_eq!(pace.speed(5_004_000), 1000, "the last whole second");
        assert_eq!(pace.speed(5_005_100), 0, "it rests");
        assert!(pace.rests(5_010_000) && !pace.rests(5_004_000));
    }

    #[test]
    fn what_has_just_begun_is_not_taken_for_fast() {
        let pace = Pace::default();
        pace.count(1000, 7_000_001);
        assert_eq!(pace.speed(7_000_001), 4000);
        pace.count(1000, 7_000_501);
        assert_eq!(pace.speed(7_000_501), 4000);
    }
}
