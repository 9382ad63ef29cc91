//! How well sources have done, and what follows from it: plain values, no clock.

use std::time::Duration;

use universal_p2p_core::Error;

use crate::Urgency;

/// How long a source is waited for that never answered yet, before the next is asked too.
const FIRST: Duration = Duration::from_millis(300);

/// The bounds of that wait later.
const SHORTEST: Duration = Duration::from_millis(30);
const LONGEST: Duration = Duration::from_secs(2);

/// After so many races lost in a row a source is hardly waited for.
const HOPELESS: u32 = 8;

/// After so many wrong blocks more than right ones a source is asked last.
const LIAR: u32 = 3;

/// How well each source has done.
#[derive(Debug)]
pub(super) struct Standings(Vec<Standing>);

#[derive(Clone, Debug, Default)]
struct Standing {
    /// The usual time of an answer and how much it varies, once one came.
    usual: Option<(Duration, Duration)>,
    /// Races lost to a later source in a row.
    lost: u32,
    /// Wrong blocks; a right one takes one of them back.
    wrong: u32,
}

impl Standings {
    pub(super) fn new(sources: usize) -> Self {
        Self(vec![Standing::default(); sources])
    }

    /// The order to ask in: as configured, but liars last.
    pub(super) fn order(&self) -> Vec<usize> {
        let mut order: Vec<usize> = (0..self.0.len()).collect();
        order.sort_by_key(|source| self.0.get(*source).is_some_and(|one| one.wrong >= LIAR));
        order
    }

    /// How long a source is waited for before the next is asked too.
    pub(super) fn patience(&self, source: usize, urgency: Urgency) -> Duration {
        let Some(standing) = self.0.get(source) else {
            return FIRST;
        };
        let patience = match standing.usual {
            _ if standing.lost >= HOPELESS => SHORTEST,
            None => FIRST,
            Some((usual, spread)) => (usual + spread * 4).clamp(SHORTEST, LONGEST),
        };
        match urgency {
            Urgency::Now => patience,
            Urgency::Soon => patience * 2,
        }
    }

    /// A source was the first with a right answer, while others were still at it.
    pub(super) fn won(&mut self, source: usize, took: Duration, others: &[usize]) {
        for other in others {
            if let Some(standing) = self.0.get_mut(*other) {
                standing.lost = standing.lost.saturating_add(1);
            }
        }
        let Some(standing) = self.0.get_mut(source) else {
            return;
        };
        standing.lost = 0;
        standing.wrong = standing.wrong.saturating_sub(1);
        standing.usual = Some(match standing.usual {
            None => (took, took / 2),
            // As TCP estimates its round trip (RFC 6298).
            Some((usual, spread)) => (
                (usual * 7 + took) / 8,
                (spread * 3 + usual.abs_diff(took)) / 4,
            ),
        });
    }

    /// A source gave no right answer.
    pub(super) fn failed(&mut self, source: usize, error: &Error) {
        if let Some(standing) = self.0.get_mut(source)
            && is_wrong(error)
        {
            standing.wrong = (standing.wrong + 1).min(LIAR * 2);
        }
    }
}

/// Whether a source gave other bytes than it was asked for.
pub(super) fn is_wrong(error: &Error) -> bool {
    matches!(error, Error::Corrupt { .. })
}

#[cfg(test)]
mod tests {
    use super::*;

    const MS: Duration = Duration::from_millis(1);

    #[test]
    fn patience_follows_what_was_observed() {
        let mut standings = Standings::new(2);
        assert_eq!(standings.patience(0, Urgency::Now), FIRST);
        for _ in 0..50 {
            standings.won(0, MS * 10, &[]);
        }
        assert_eq!(standings.patience(0, Urgency::Now), SHORTEST);
        assert_eq!(standings.patience(0, Urgency::Soon), SHORTEST * 2);
        for _ in 0..50 {
            standings.won(0, MS * 900, &[]);
        }
        let patience = standings.patience(0, Urgency::Now);
        assert!(patience > MS * 850 && patience <= LONGEST, "{patience:?}");
        for _ in 0..HOPELESS {
            standings.won(1, MS, &[0]);
        }
        assert_eq!(standings.patience(0, Urgency::Now), SHORTEST);
        standings.won(0, MS * 900, &[]);
        assert!(standings.patience(0, Urgency::Now) > SHORTEST);
    }

    #[test]
    fn liars_are_asked_last() {
        let mut standings = Standings::new(3);
        let wrong = Error::Corrupt { what: "it".into() };
        for _ in 0..LIAR {
            assert_eq!(standings.order(), [0, 1, 2]);
            standings.failed(0, &wrong);
        }
        assert_eq!(standings.order(), [1, 2, 0]);
        standings.won(0, MS, &[]);
        assert_eq!(standings.order(), [0, 1, 2]);
    }
}
