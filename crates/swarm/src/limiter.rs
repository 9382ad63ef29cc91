//! How fast bytes may go out.

use std::{num::NonZeroU32, time::Duration};

use tokio::{
    sync::Mutex,
    time::{Instant, sleep_until},
};
use universal_p2p_core::Dial;

/// A rate that all peers share. Whoever comes takes its turn after those before, so that any rate
/// works, however small beside a block. Who leaves while it waits costs nothing.
#[derive(Debug)]
pub(crate) struct Limiter {
    bytes_per_second: Dial<Option<NonZeroU32>>,
    /// When everything that was let through so far is paid for. Whose turn it is holds it.
    paid: Mutex<Instant>,
}

impl Limiter {
    /// A limit in bytes per second, or none.
    pub(crate) fn new(bytes_per_second: &Dial<Option<NonZeroU32>>) -> Self {
        Self {
            bytes_per_second: bytes_per_second.clone(),
            paid: Mutex::new(Instant::now()),
        }
    }

    /// Waits until so many bytes may go out.
    pub(crate) async fn pass(&self, bytes: u32) {
        let Some(rate) = self.bytes_per_second.get() else {
            return;
        };
        let mut paid = self.paid.lock().await;
        sleep_until(*paid).await;
        let cost = Duration::from_secs_f64(f64::from(bytes) / f64::from(rate.get()));
        *paid = (*paid).max(Instant::now()) + cost;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn all_together_keep_to_the_rate() {
        let limiter = Limiter::new(&Dial::new(NonZeroU32::new(1000)));
        let start = Instant::now();
        futures_util::future::join_all((0..11).map(|_| limiter.pass(500))).await;
        // The first passes at once, and each of the others half a second after the one before.
        assert_eq!(start.elapsed(), Duration::from_secs(5));
    }

    #[tokio::test(start_paused = true)]
    async fn who_leaves_while_it_waits_costs_nothing() {
        let limiter = Limiter::new(&Dial::new(NonZeroU32::new(1000)));
        let start = Instant::now();
        limiter.pass(500).await;
        for _ in 0..100 {
            let hasty = tokio::time::timeout(Duration::from_millis(1), limiter.pass(100_000));
            hasty.await.expect_err("it is not its turn");
        }
        limiter.pass(500).await;
        assert_eq!(start.elapsed(), Duration::from_millis(500));
    }

    #[tokio::test(start_paused = true)]
    async fn no_limit_is_no_wait() {
        let limiter = Limiter::new(&Dial::new(None));
        let start = Instant::now();
        limiter.pass(u32::MAX).await;
        assert_eq!(start.elapsed(), Duration::ZERO);
    }

    #[tokio::test(start_paused = true)]
    async fn a_limit_changes_while_it_is_used() {
        let rate = Dial::new(NonZeroU32::new(1000));
        let limiter = Limiter::new(&rate);
        let start = Instant::now();
        limiter.pass(1000).await;
        rate.set(NonZeroU32::new(4000));
        limiter.pass(1000).await;
        limiter.pass(1000).await;
        assert_eq!(start.elapsed(), Duration::from_millis(1250));
        rate.set(None);
        limiter.pass(u32::MAX).await;
        assert_eq!(start.elapsed(), Duration::from_millis(1250));
    }
}
