//! When a tracker is asked again.

use std::time::Duration;

use super::answer::Answer;

/// The bounds of the interval that a tracker may wish.
const SHORTEST: Duration = Duration::from_secs(60);
const LONGEST: Duration = Duration::from_secs(3600);
/// The interval where a tracker names none.
const USUAL: Duration = Duration::from_secs(1800);
/// The wait after the first failure. It doubles.
const FIRST_BACK_OFF: Duration = Duration::from_secs(5);
/// The longest wait after failures.
const LONGEST_BACK_OFF: Duration = Duration::from_secs(1800);

/// When a tracker is asked again.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Rhythm {
    failures: u32,
    least: Option<Duration>,
}

impl Rhythm {
    /// The wait after an answer.
    pub(super) fn answered(&mut self, answer: &Answer) -> Duration {
        self.failures = 0;
        self.least = answer.least.map(|least| least.clamp(SHORTEST, LONGEST));
        let wish = answer.interval.unwrap_or(USUAL);
        wish.max(answer.least.unwrap_or_default())
            .clamp(SHORTEST, LONGEST)
    }

    /// The wait after a failure.
    pub(super) fn failed(&mut self) -> Duration {
        let factor = 2_u32.saturating_pow(self.failures);
        self.failures = self.failures.saturating_add(1);
        FIRST_BACK_OFF.saturating_mul(factor).min(LONGEST_BACK_OFF)
    }

    /// The shortest wait where we are in a hurry.
    pub(super) fn hurried(self) -> Duration {
        if self.failures > 0 {
            FIRST_BACK_OFF
        } else {
            self.least.unwrap_or(SHORTEST)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer(interval: Option<u64>, least: Option<u64>) -> Answer {
        Answer {
            interval: interval.map(Duration::from_secs),
            least: least.map(Duration::from_secs),
            ..Answer::default()
        }
    }

    #[test]
    fn trackers_rule_within_bounds() {
        let mut rhythm = Rhythm::default();
        for (interval, least, wait) in [
            (Some(0), None, 60),
            (Some(900), None, 900),
            (Some(900), Some(1200), 1200),
            (Some(u64::MAX), Some(u64::MAX), 3600),
            (None, None, 1800),
        ] {
            let waited = rhythm.answered(&answer(interval, least));
            assert_eq!(waited.as_secs(), wait, "{interval:?} and {least:?}");
            assert!(rhythm.hurried() <= waited);
        }
    }

    #[test]
    fn failures_double_the_wait() {
        let mut rhythm = Rhythm::default();
        let waits: Vec<u64> = (0..40).map(|_| rhythm.failed().as_secs()).collect();
        assert_eq!(waits[..4], [5, 10, 20, 40]);
        assert_eq!(waits[39], 1800);
        rhythm.answered(&answer(None, None));
        assert_eq!(rhythm.failed().as_secs(), 5);
    }
}
