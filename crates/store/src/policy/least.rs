//! The few of many that rank least, without sorting the many.
//!
//! A heap of those that go would take n log n steps when they arrive in the wrong order, or when
//! most of them go. Here candidates gather until there are twice as many as were enough the last
//! time; then those that are not needed are dropped by selection, which is linear, and whatever
//! ranks behind the last that is needed is not even gathered any more.

use std::cmp::Ordering;

use super::Candidate;

/// A candidate by its place in the list, and its score.
#[derive(Clone, Copy)]
pub(super) struct Ranked {
    pub(super) score: f64,
    pub(super) index: usize,
}

impl Ranked {
    /// Less goes first. No two places are equal.
    fn order(&self, other: &Self, candidates: &[Candidate]) -> Ordering {
        let ties = |ranked: &Self| {
            candidates.get(ranked.index).map(|candidate| {
                let first = candidate.chunks.start;
                (candidate.standing.stamp, candidate.item, first)
            })
        };
        self.score
            .total_cmp(&other.score)
            .then_with(|| ties(self).cmp(&ties(other)))
            .then_with(|| self.index.cmp(&other.index))
    }
}

/// How many gather before the first selection.
const GATHERED: usize = 1024;

/// Gathers those that rank least and together free enough.
pub(super) struct Least<'a> {
    candidates: &'a [Candidate],
    need: u64,
    gathered: Vec<Ranked>,
    /// What all that gathered would free.
    bytes: u64,
    /// How many gather before the next selection.
    room: usize,
    /// Those that go without what ranks behind it are enough.
    bound: Option<Ranked>,
}

impl<'a> Least<'a> {
    pub(super) fn new(candidates: &'a [Candidate], need: u64) -> Self {
        Self {
            candidates,
            need,
            gathered: Vec::new(),
            bytes: 0,
            room: GATHERED,
            bound: None,
        }
    }

    /// Takes one more into account.
    pub(super) fn offer(&mut self, ranked: Ranked) {
        let is_behind = |bound: Ranked| ranked.order(&bound, self.candidates).is_gt();
        if self.bound.is_some_and(is_behind) {
            return;
        }
        self.gathered.push(ranked);
        self.bytes = self.bytes.saturating_add(bytes(self.candidates, &ranked));
        if self.gathered.len() >= self.room && self.bytes >= self.need {
            self.select();
            self.room = GATHERED.max(self.gathered.len().saturating_mul(2));
            self.bound = self.gathered.last().copied();
        }
    }

    /// Those that go, in no order but that the one to go last is the last, and how much of the need
    /// is left to that one; more than it frees where all of them are not enough.
    pub(super) fn finish(mut self) -> (Vec<Ranked>, u64) {
        let left = self.select();
        (self.gathered, left)
    }

    /// Drops what is not needed, moves the one to go last to the end and says what is left to it.
    ///
    /// Halves the part in which the last must be, so that all selections together are linear.
    fn select(&mut self) -> u64 {
        let candidates = self.candidates;
        let (mut low, mut high) = (0, self.gathered.len());
        let mut left = self.need;
        while high - low > 1 {
            let part = &mut self.gathered[low..high];
            let half = part.len() / 2;
            let (lower, ..) =
                part.select_nth_unstable_by(half, |one, other| one.order(other, candidates));
            let freed = lower.iter().fold(0_u64, |sum, ranked| {
                sum.saturating_add(bytes(candidates, ranked))
            });
            if freed >= left {
                high = low + half;
            } else {
                left -= freed;
                low += half;
            }
        }
        self.gathered.truncate(high);
        let last = self.gathered.last();
        let last = last.map_or(0, |last| bytes(candidates, last));
        self.bytes = (self.need - left).saturating_add(last);
        left
    }
}

fn bytes(candidates: &[Candidate], ranked: &Ranked) -> u64 {
    candidates
        .get(ranked.index)
        .map_or(0, |candidate| candidate.bytes)
}
