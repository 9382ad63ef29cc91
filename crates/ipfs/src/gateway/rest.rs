//! When a gateway that fails is left alone: plain values, no clock.

use std::time::Duration;

use tokio::time::Instant;

/// How long it rests after its first failure, and at most.
const FIRST: Duration = Duration::from_millis(500);
const LONGEST: Duration = Duration::from_secs(60);

/// The longest rest that a gateway can ask for.
const LONGEST_ASKED: Duration = Duration::from_secs(300);

/// How a gateway has done lately.
#[derive(Debug, Default)]
pub(super) struct Rest {
    /// Failures in a row.
    failures: u32,
    last: Option<Instant>,
    until: Option<Instant>,
}

impl Rest {
    /// How much longer it is left alone, if it is.
    pub(super) fn left(&self, now: Instant) -> Option<Duration> {
        let left = self.until?.saturating_duration_since(now);
        (!left.is_zero()).then_some(left)
    }

    /// It answered.
    pub(super) fn answered(&mut self) {
        self.failures = 0;
    }

    /// It failed a request that was sent at this time. Of requests sent together one counts.
    pub(super) fn failed(&mut self, sent: Instant, now: Instant) {
        if self.last.is_some_and(|last| sent < last) {
            return;
        }
        self.last = Some(now);
        let pause = FIRST * 2_u32.saturating_pow(self.failures.min(16));
        self.failures = self.failures.saturating_add(1);
        self.rest(now, pause.min(LONGEST));
    }

    /// It asks to be left alone.
    pub(super) fn asked(&mut self, now: Instant, pause: Duration) {
        self.rest(now, pause.clamp(FIRST, LONGEST_ASKED));
    }

    fn rest(&mut self, now: Instant, pause: Duration) {
        let until = now + pause;
        self.until = Some(self.until.map_or(until, |known| known.max(until)));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MS: Duration = Duration::from_millis(1);

    #[test]
    fn rests_grow_with_failures_in_a_row() {
        let mut now = Instant::now();
        let mut rest = Rest::default();
        assert_eq!(rest.left(now), None);
        let mut pauses = Vec::new();
        for _ in 0..10 {
            rest.failed(now, now);
            let left = rest.left(now).expect("a rest");
            pauses.push(left);
            now += left;
            assert_eq!(rest.left(now), None);
        }
        assert_eq!(pauses[..3], [FIRST, FIRST * 2, FIRST * 4]);
        assert_eq!(pauses[9], LONGEST);
        rest.answered();
        rest.failed(now, now);
        assert_eq!(rest.left(now), Some(FIRST));
    }

    #[test]
    fn requests_that_fail_together_are_one_failure() {
        let sent = Instant::now();
        let mut rest = Rest::default();
        for late in 1..50 {
            rest.failed(sent, sent + MS * late);
        }
        assert_eq!(rest.left(sent + MS), Some(FIRST));
    }

    #[test]
    fn nobody_can_ask_for_ever() {
        let now = Instant::now();
        let mut rest = Rest::default();
        rest.asked(now, Duration::MAX);
        assert_eq!(rest.left(now), Some(LONGEST_ASKED));
        rest.asked(now, Duration::ZERO);
        assert_eq!(rest.left(now), Some(LONGEST_ASKED));
    }
}
