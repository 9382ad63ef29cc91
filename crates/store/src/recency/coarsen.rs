//! Fewer runs that say nearly the same.

use std::{cmp::Reverse, collections::BinaryHeap};

use super::Run;

/// Joins neighbours until there are at most `most` runs (at least one, where there are any).
///
/// The runs come in order and do not overlap. Those are joined first of which the stamps are
/// nearest: whose oldest and youngest stamp, of all that is in them by then, lie closest together;
/// of equal ones the lower. So a long play, all of whose neighbours are equally near, becomes even
/// stretches and not one that swallows the others. The younger stamp wins, that nothing looks older
/// than it is; what is between two runs becomes part of theirs. Takes n log n steps.
pub(crate) fn coarsen(runs: Vec<Run>, most: usize) -> Vec<Run> {
    let most = most.max(1);
    if runs.len() <= most {
        return runs;
    }
    let mut chain = Chain::of(&runs);
    let mut near: BinaryHeap<_> = (0..runs.len())
        .filter_map(|left| chain.pair(left))
        .collect();
    let mut excess = runs.len() - most;
    while excess > 0
        && let Some(pair) = near.pop()
    {
        let Reverse((_, left, right)) = pair;
        // What became of a pair since it was put here is in the heap again, as another pair.
        if chain.pair(left) != Some(pair) {
            continue;
        }
        chain.join(left, right);
        excess -= 1;
        near.extend(chain.pair(left));
        near.extend(chain.before(left).and_then(|before| chain.pair(before)));
    }
    chain.into_runs()
}

/// How far the stamps of two neighbours lie apart, and their places: the least is joined first.
type Pair = Reverse<(u64, usize, usize)>;

/// Runs that know their neighbours, by the places they had in the list.
struct Chain {
    links: Vec<Link>,
}

#[derive(Clone, Copy)]
struct Link {
    first: u32,
    end: u32,
    oldest: u64,
    youngest: u64,
    before: Option<usize>,
    after: Option<usize>,
    /// It became part of the one before it.
    is_joined: bool,
}

impl Chain {
    fn of(runs: &[Run]) -> Self {
        let link = |(place, run): (usize, &Run)| Link {
            first: run.first,
            end: run.end(),
            oldest: run.stamp,
            youngest: run.stamp,
            before: place.checked_sub(1),
            after: (place + 1 < runs.len()).then_some(place + 1),
            is_joined: false,
        };
        Self {
            links: runs.iter().enumerate().map(link).collect(),
        }
    }

    /// A link and the one after it, if both are there.
    fn pair(&self, left: usize) -> Option<Pair> {
        let link = self.links.get(left).filter(|link| !link.is_joined)?;
        let right = link.after?;
        let next = self.links.get(right)?;
        let apart = link.youngest.max(next.youngest) - link.oldest.min(next.oldest);
        Some(Reverse((apart, left, right)))
    }

    fn before(&self, place: usize) -> Option<usize> {
        self.links.get(place)?.before
    }

    /// Makes the right one part of the left one.
    fn join(&mut self, left: usize, right: usize) {
        let gone = self.links[right];
        self.links[right].is_joined = true;
        let link = &mut self.links[left];
        link.end = gone.end;
        link.oldest = link.oldest.min(gone.oldest);
        link.youngest = link.youngest.max(gone.youngest);
        link.after = gone.after;
        if let Some(after) = gone.after {
            self.links[after].before = Some(left);
        }
    }

    fn into_runs(self) -> Vec<Run> {
        let there = self.links.into_iter().filter(|link| !link.is_joined);
        there
            .map(|link| Run {
                first: link.first,
                count: link.end.saturating_sub(link.first),
                stamp: link.youngest,
            })
            .collect()
    }
}
