//! So many bytes a second.

use std::{
    num::NonZeroU32,
    time::{Duration, Instant},
};

use universal_p2p_core::Dial;

/// For how long what was not used adds up.
const BURST: Duration = Duration::from_millis(500);

/// A limit on bytes per second. What is taken is known only afterwards, so it may owe.
#[derive(Debug)]
pub(super) struct Bucket {
    rate: Dial<Option<NonZeroU32>>,
    /// When what was taken so far is paid off.
    paid: Instant,
}

impl Bucket {
    pub(super) fn new(rate: &Dial<Option<NonZeroU32>>, now: Instant) -> Self {
        Self {
            rate: rate.clone(),
            paid: now,
        }
    }

    /// How long to wait before anything is sent.
    pub(super) fn pause(&mut self, now: Instant) -> Option<Duration> {
        self.rate.get()?;
        let earliest = now.checked_sub(BURST).unwrap_or(now);
        self.paid = self.paid.max(earliest);
        let pause = self.paid.checked_duration_since(now)?;
        (!pause.is_zero()).then_some(pause)
    }

    /// So many bytes are sent.
    pub(super) fn take(&mut self, bytes: u64) {
        if let Some(rate) = self.rate.get() {
            let nanoseconds = u128::from(bytes) * 1_000_000_000 / u128::from(rate.get());
            // A day of debt is more than any message can make.
            let debt = u64::try_from(nanoseconds).unwrap_or(u64::MAX);
            self.paid += Duration::from_nanos(debt).min(Duration::from_secs(86_400));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_sent_keeps_to_the_rate() {
        let start = Instant::now();
        let mut now = start;
        let mut bucket = Bucket::new(&Dial::new(NonZeroU32::new(1000)), now);
        let mut sent = 0;
        while now < start + Duration::from_secs(10) {
            match bucket.pause(now) {
                Some(pause) => now += pause,
                None => {
                    bucket.take(250);
                    sent += 250;
                }
            }
        }
        assert!((10_000..=10_750).contains(&sent), "{sent}");
    }

    #[test]
    fn without_a_limit_nothing_waits() {
        let now = Instant::now();
        let mut bucket = Bucket::new(&Dial::new(None), now);
        bucket.take(u64::MAX);
        assert_eq!(bucket.pause(now), None);
    }
}
