use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;

use super::*;

/// Few enough stamps that neighbours are often equal, and the two extremes.
fn any_stamp() -> impl Strategy<Value = u64> {
    prop_oneof![6 => 0_u64..4, 3 => 1_700_000_000_000_u64..1_700_000_001_000, 1 => Just(u64::MAX)]
}

/// Runs in order with gaps between some of them.
fn some_runs(most: usize) -> impl Strategy<Value = Vec<Run>> {
    let run = (0_u32..4, 1_u32..6, any_stamp());
    prop::collection::vec(run, 0..most).prop_map(|runs| {
        let mut end = 0;
        let each = runs.into_iter().map(|(gap, count, stamp)| {
            let first = end + gap;
            end = first + count;
            Run {
                first,
                count,
                stamp,
            }
        });
        each.collect()
    })
}

/// The stamp of every chunk that is in a run.
fn spread(runs: &[Run]) -> BTreeMap<u32, u64> {
    let chunks = |run: &Run| run.first..run.end();
    runs.iter()
        .flat_map(|run| chunks(run).map(|chunk| (chunk, run.stamp)))
        .collect()
}

/// Joins the nearest, again and again.
fn naively_coarse(runs: &[Run], most: usize) -> Vec<Run> {
    let mut groups: Vec<Vec<Run>> = runs.iter().map(|run| vec![*run]).collect();
    while groups.len() > most {
        let apart = |left: usize| {
            let stamps = groups[left..=left + 1]
                .iter()
                .flatten()
                .map(|run| run.stamp);
            stamps.clone().max().unwrap() - stamps.min().unwrap()
        };
        let nearest = (0..groups.len() - 1)
            .min_by_key(|left| apart(*left))
            .unwrap();
        let joined = groups.remove(nearest + 1);
        groups[nearest].extend(joined);
    }
    let join = |group: Vec<Run>| Run {
        first: group[0].first,
        count: group.last().unwrap().end() - group[0].first,
        stamp: group.iter().map(|run| run.stamp).max().unwrap(),
    };
    groups.into_iter().map(join).collect()
}

const PAGE: u32 = PAGE_CHUNKS;

/// Chunks about the borders of pages.
fn any_chunk() -> impl Strategy<Value = u32> {
    prop_oneof![0_u32..6, PAGE - 3..PAGE + 3, 2 * PAGE - 3..2 * PAGE + 3]
}

proptest! {
    #[test]
    fn remembers_uses_like_a_map(
        chunks in any_chunk(),
        touches in prop::collection::vec((any_chunk(), any_stamp()), 0..60),
    ) {
        let mut recency = Recency::new(chunks);
        let mut model = BTreeMap::new();
        for (chunk, stamp) in touches {
            recency.touch(chunk, stamp);
            if chunk < chunks {
                model.insert(chunk, stamp);
            }
        }
        for chunk in 0..chunks + 3 {
            prop_assert_eq!(recency.stamp(chunk), model.get(&chunk).copied().unwrap_or(0));
        }
    }

    #[test]
    fn runs_are_exactly_the_held_chunks(
        chunks in any_chunk(),
        touches in prop::collection::vec((any_chunk(), any_stamp()), 0..30),
        held in prop::collection::btree_set(any_chunk(), 0..20),
    ) {
        let mut recency = Recency::new(chunks);
        for (chunk, stamp) in touches {
            recency.touch(chunk, stamp);
        }
        let runs = recency.runs(held.iter().copied());
        let there: BTreeSet<u32> = held.range(..chunks).copied().collect();
        let expected: BTreeMap<u32, u64> =
            there.iter().map(|chunk| (*chunk, recency.stamp(*chunk))).collect();
        prop_assert_eq!(spread(&runs), expected);
        for pair in runs.windows(2) {
            prop_assert!(pair[0].end() <= pair[1].first, "in order");
            let touch = pair[0].end() == pair[1].first;
            prop_assert!(!touch || pair[0].stamp != pair[1].stamp, "joined");
        }
    }

    #[test]
    fn comes_back_from_runs(
        chunks in any_chunk(),
        runs in prop::collection::vec((any_chunk(), 1_u32..3 * PAGE, any_stamp()), 0..5),
    ) {
        let run = |(first, count, stamp)| Run { first, count, stamp };
        let runs: Vec<Run> = runs.into_iter().map(run).collect();
        let recency = Recency::from_runs(chunks, &runs);
        let model = spread(&runs);
        for chunk in 0..chunks + 3 {
            let expected = model.get(&chunk).filter(|_| chunk < chunks);
            prop_assert_eq!(recency.stamp(chunk), expected.copied().unwrap_or(0));
        }
    }

    #[test]
    fn coarse_runs_cover_the_same_and_never_look_older(runs in some_runs(40), most in 1_usize..45) {
        let coarse = coarsen(runs.clone(), most);
        prop_assert_eq!(coarse.len(), runs.len().min(most));
        prop_assert_eq!(&coarse, &naively_coarse(&runs, most));
        let stamps = spread(&coarse);
        for (chunk, stamp) in spread(&runs) {
            prop_assert!(stamps.get(&chunk).is_some_and(|coarse| *coarse >= stamp));
        }
    }
}

#[test]
fn a_long_play_becomes_even_stretches() {
    let play = |place: u32| Run {
        first: place,
        count: 1,
        stamp: 1000 + u64::from(place),
    };
    let coarse = coarsen((0..1024).map(play).collect(), 100);
    assert_eq!(coarse.len(), 100);
    assert!(coarse.iter().all(|run| run.count <= 16), "{coarse:?}");
}

#[test]
fn a_huge_object_takes_little_until_its_chunks_differ() {
    let chunks = u32::MAX;
    let whole = Run {
        first: 0,
        count: chunks,
        stamp: 5,
    };
    let mut recency = Recency::from_runs(chunks, &[whole]);
    recency.touch(chunks - 1, 9);
    let uneven = |page: &&Page| matches!(page, Page::Uneven(_));
    assert_eq!(recency.pages.iter().filter(uneven).count(), 1);
    assert_eq!(recency.runs([7, 8, chunks - 1].into_iter()).len(), 2);
}
