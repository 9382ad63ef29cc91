//! Who goes: from what is known of stretches of chunks to those that are given up, as pure
//! functions of plain values.
//!
//! A policy is one function from a [`Standing`] to a score; the less the score, the sooner the
//! stretch goes. Everything else, which chunks may go at all, how many are enough, is the same for
//! every policy and is in [`choose`].

mod least;

use std::ops::Range;

use self::least::{Least, Ranked};

/// Which policy chooses what is given up (config key `disk.policy`).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Policy {
    /// What was not used for the longest time goes first, whatever its size.
    #[default]
    Lru,
    /// What is large and seldom used goes first, so that one film does not drive out a thousand
    /// pictures; what was used often is forgotten in time.
    ///
    /// GreedyDual-Size-Frequency: L. Cherkasova, "Improving WWW Proxies Performance with
    /// Greedy-Dual-Size-Frequency Caching Policy", HPL-98-69R1, 1998; with the square root of the
    /// size in place of the size, which gives up some hits of small items for hits in bytes.
    Gdsf,
}

impl Policy {
    /// The score of a stretch: the less, the sooner it goes.
    pub(crate) fn score(self, standing: &Standing) -> f64 {
        match self {
            Self::Lru => lru(standing),
            Self::Gdsf => gdsf(standing),
        }
    }
}

/// What a policy sees of a stretch of chunks.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Standing {
    /// Last use of the chunks, in milliseconds since 1970.
    pub(crate) stamp: u64,
    /// Streams of the item so far.
    pub(crate) uses: u32,
    /// Bytes of the item on disk.
    pub(crate) size: u64,
    /// [`Choice::floor`] as it was when the item was last used: by this, items that are still used
    /// rise above those that were used often once.
    pub(crate) floor: f64,
}

/// Scores by the last use alone.
pub(crate) fn lru(standing: &Standing) -> f64 {
    standing.stamp as f64
}

/// Scores by uses per square root of size, on top of the floor at the last use.
///
/// All chunks of an item score the same, so that among them the stamp decides. An empty item counts
/// as one byte.
pub(crate) fn gdsf(standing: &Standing) -> f64 {
    standing.floor + f64::from(standing.uses) / (standing.size.max(1) as f64).sqrt()
}

/// A stretch of chunks that may go.
#[derive(Clone, Debug)]
pub(crate) struct Candidate {
    /// The caller's number of the item.
    pub(crate) item: u32,
    /// The chunks; no two candidates of an item overlap.
    pub(crate) chunks: Range<u32>,
    /// Bytes that giving up all of it frees.
    pub(crate) bytes: u64,
    /// Whether it is pinned, or in the window of a reader: then it never goes.
    pub(crate) kept: bool,
    /// What the policy sees of it.
    pub(crate) standing: Standing,
}

impl Candidate {
    /// Whether giving it up is allowed and frees anything.
    fn may_go(&self) -> bool {
        !self.kept && self.bytes > 0 && !self.chunks.is_empty()
    }

    /// As few chunks from its front as free that many bytes, where every chunk frees the same.
    fn front(&self, need: u64) -> Victim {
        let chunks = self.chunks.len() as u128;
        let bytes = u128::from(self.bytes);
        let taken = (u128::from(need) * chunks).div_ceil(bytes).min(chunks);
        Victim {
            item: self.item,
            chunks: self.chunks.start..self.chunks.start + taken as u32,
            bytes: (bytes * taken / chunks) as u64,
        }
    }
}

/// Chunks of an item that go.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Victim {
    /// The caller's number of the item.
    pub(crate) item: u32,
    /// The chunks.
    pub(crate) chunks: Range<u32>,
    /// Bytes that this frees.
    pub(crate) bytes: u64,
}

/// What goes.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Choice {
    /// In the order of items and chunks; no two of them touch.
    pub(crate) victims: Vec<Victim>,
    /// Bytes that all of them free.
    pub(crate) bytes: u64,
    /// The largest score among the victims, 0 without any.
    ///
    /// Only [`gdsf`]'s is a floor to be kept for [`Standing::floor`]: the scores of [`lru`] are
    /// times, which are so much larger that no use would count beside one.
    pub(crate) floor: f64,
}

/// Chooses what goes so that at least `need` bytes are freed, or everything that may go.
///
/// The least score goes first; of equal ones the older, then the lower item, then the lower chunk.
/// The last to go is cut: only as many chunks from its front as are needed go. Takes time in
/// proportion to the candidates and memory in proportion to the victims.
pub(crate) fn choose(candidates: &[Candidate], policy: Policy, need: u64) -> Choice {
    if need == 0 {
        return Choice::default();
    }
    let mut least = Least::new(candidates, need);
    for (index, candidate) in candidates.iter().enumerate() {
        if candidate.may_go() {
            let score = policy.score(&candidate.standing);
            least.offer(Ranked { score, index });
        }
    }
    let (ranked, left) = least.finish();
    let scores = ranked.iter().map(|ranked| ranked.score);
    let floor = scores.max_by(f64::total_cmp).unwrap_or_default();
    let mut victims: Vec<Victim> = ranked
        .iter()
        .filter_map(|ranked| candidates.get(ranked.index))
        .map(|candidate| candidate.front(candidate.bytes))
        .collect();
    if let Some(last) = ranked.last().and_then(|last| candidates.get(last.index)) {
        victims.pop();
        victims.push(last.front(left));
    }
    let victims = joined(victims);
    let bytes = victims
        .iter()
        .fold(0_u64, |sum, victim| sum.saturating_add(victim.bytes));
    Choice {
        victims,
        bytes,
        floor,
    }
}

/// Puts victims in order and makes one of those that touch.
fn joined(mut victims: Vec<Victim>) -> Vec<Victim> {
    victims.sort_unstable_by_key(|victim| (victim.item, victim.chunks.start));
    victims.dedup_by(|next, last| {
        let touch = last.item == next.item && last.chunks.end == next.chunks.start;
        if touch {
            last.chunks.end = next.chunks.end;
            last.bytes = last.bytes.saturating_add(next.bytes);
        }
        touch
    });
    victims
}

#[cfg(test)]
mod tests;
