use proptest::prelude::*;

use super::*;

fn candidate(item: u32, chunks: Range<u32>, bytes: u64, stamp: u64) -> Candidate {
    Candidate {
        item,
        chunks,
        bytes,
        kept: false,
        standing: Standing {
            stamp,
            uses: 1,
            size: bytes,
            floor: 0.0,
        },
    }
}

fn victim(item: u32, chunks: Range<u32>, bytes: u64) -> Victim {
    Victim {
        item,
        chunks,
        bytes,
    }
}

/// Everything in order, taken one by one, chunk by chunk.
fn naive(candidates: &[Candidate], policy: Policy, need: u64) -> Choice {
    let score = |candidate: &Candidate| match policy {
        Policy::Lru => candidate.standing.stamp as f64,
        Policy::Gdsf => gdsf(&candidate.standing),
    };
    let mut order: Vec<&Candidate> = candidates.iter().collect();
    order.retain(|candidate| !candidate.kept && candidate.bytes > 0);
    order.sort_by(|one, other| {
        let ties = |of: &Candidate| (of.standing.stamp, of.item, of.chunks.start);
        let scores = score(one).partial_cmp(&score(other)).unwrap();
        scores.then(ties(one).cmp(&ties(other)))
    });
    let mut choice = Choice::default();
    let mut taken: Vec<Victim> = Vec::new();
    for candidate in order {
        let before = choice.bytes;
        let count = candidate.chunks.len() as u64;
        for done in 1..=count {
            if choice.bytes >= need {
                break;
            }
            let chunk = candidate.chunks.start + done as u32 - 1;
            let bytes = before + candidate.bytes * done / count;
            taken.push(victim(
                candidate.item,
                chunk..chunk + 1,
                bytes - choice.bytes,
            ));
            choice.bytes = bytes;
            choice.floor = choice.floor.max(score(candidate));
        }
    }
    taken.sort_by_key(|victim| (victim.item, victim.chunks.start));
    for next in taken {
        match choice.victims.last_mut() {
            Some(last) if last.item == next.item && last.chunks.end == next.chunks.start => {
                last.chunks.end = next.chunks.end;
                last.bytes += next.bytes;
            }
            _ => choice.victims.push(next),
        }
    }
    choice
}

/// Stretches of a few items, in any order; many stamps and scores are equal, a few are extreme.
fn some_candidates(most: usize) -> impl Strategy<Value = Vec<Candidate>> {
    let stamp = prop_oneof![4 => 0_u64..20, 4 => 1_700_000_000_000_u64..1_700_000_100_000, 1 => u64::MAX - 3000..];
    let standing = (stamp, 0_u32..4, 0_u64..1 << 36, 0_u32..3);
    let stretch = (
        0_u32..5,
        0_u32..3,
        1_u32..6,
        0_u64..5000,
        prop::bool::weighted(0.2),
        standing,
    );
    prop::collection::vec(stretch, 0..most)
        .prop_map(|stretches| {
            let mut ends = [0; 5];
            let each = stretches.into_iter().map(
                |(item, gap, count, bytes, kept, (stamp, uses, size, floor))| {
                    let first = ends[item as usize] + gap;
                    ends[item as usize] = first + count;
                    let floor = f64::from(floor) / 1000.0;
                    Candidate {
                        item,
                        chunks: first..first + count,
                        bytes,
                        kept,
                        standing: Standing {
                            stamp,
                            uses,
                            size,
                            floor,
                        },
                    }
                },
            );
            each.collect::<Vec<_>>()
        })
        .prop_shuffle()
}

fn any_policy() -> impl Strategy<Value = Policy> {
    prop_oneof![Just(Policy::Lru), Just(Policy::Gdsf)]
}

/// The bytes that may go, as a sum.
fn all(candidates: &[Candidate]) -> u64 {
    let may_go = candidates.iter().filter(|candidate| !candidate.kept);
    may_go.map(|candidate| candidate.bytes).sum()
}

/// Whether a chunk of an item is among the victims.
fn goes(choice: &Choice, item: u32, chunk: u32) -> bool {
    let mut victims = choice.victims.iter();
    victims.any(|victim| victim.item == item && victim.chunks.contains(&chunk))
}

proptest! {
    #[test]
    fn chooses_what_sorting_everything_would(
        candidates in some_candidates(60),
        policy in any_policy(),
        share in 0_u64..=110,
    ) {
        let need = all(&candidates) * share / 100;
        prop_assert_eq!(choose(&candidates, policy, need), naive(&candidates, policy, need));
    }

    #[test]
    fn frees_enough_and_at_most_a_chunk_more(
        candidates in some_candidates(60),
        policy in any_policy(),
        need in 0_u64..100_000,
    ) {
        let choice = choose(&candidates, policy, need);
        let largest_chunk = candidates
            .iter()
            .map(|candidate| candidate.bytes.div_ceil(candidate.chunks.len() as u64))
            .max();
        prop_assert!(choice.bytes >= need.min(all(&candidates)));
        prop_assert!(choice.bytes <= need + largest_chunk.unwrap_or(0));
        prop_assert_eq!(choice.bytes, choice.victims.iter().map(|victim| victim.bytes).sum::<u64>());
        for kept in candidates.iter().filter(|candidate| candidate.kept) {
            for chunk in kept.chunks.clone() {
                prop_assert!(!goes(&choice, kept.item, chunk), "a kept chunk goes");
            }
        }
    }

    #[test]
    fn no_victim_is_younger_than_what_stays(candidates in some_candidates(60), need in 0_u64..100_000) {
        let choice = choose(&candidates, Policy::Lru, need);
        let may_go = candidates.iter().filter(|candidate| !candidate.kept && candidate.bytes > 0);
        let (mut youngest_gone, mut oldest_there) = (0, u64::MAX);
        for candidate in may_go {
            let stamp = candidate.standing.stamp;
            for chunk in candidate.chunks.clone() {
                if goes(&choice, candidate.item, chunk) {
                    youngest_gone = youngest_gone.max(stamp);
                } else {
                    oldest_there = oldest_there.min(stamp);
                }
            }
        }
        prop_assert!(youngest_gone <= oldest_there);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(8))]

    /// More than gather before the first selection, several times over.
    #[test]
    fn chooses_the_same_of_very_many(
        seed in any::<u64>(),
        ascending in any::<bool>(),
        policy in any_policy(),
        share in prop_oneof![0_u64..5, 5_u64..100],
    ) {
        let mut state = seed;
        let mut draw = || {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            state >> 33
        };
        let mut candidates: Vec<Candidate> = (0..10_000)
            .map(|place| {
                let first = place * 10;
                let stamp = draw() % 3000;
                let mut candidate = candidate(place % 7, first..first + 1 + place % 9, draw() % 9000, stamp);
                candidate.standing.uses = (draw() % 4) as u32;
                candidate
            })
            .collect();
        candidates.sort_by_key(|candidate| candidate.standing.stamp);
        if !ascending {
            candidates.reverse();
        }
        let need = all(&candidates) * share / 100;
        prop_assert_eq!(choose(&candidates, policy, need), naive(&candidates, policy, need));
    }
}

#[test]
fn the_last_is_cut_and_neighbours_are_joined() {
    let candidates = [
        candidate(1, 8..12, 400, 5),
        candidate(2, 0..10, 1000, 6),
        candidate(1, 4..8, 400, 4),
    ];
    let choice = choose(&candidates, Policy::Lru, 1001);
    assert_eq!(
        choice.victims,
        [victim(1, 4..12, 800), victim(2, 0..3, 300)]
    );
    assert_eq!((choice.bytes, choice.floor), (1100, 6.0));
}

#[test]
fn no_more_goes_when_it_is_just_enough() {
    let candidates = [
        candidate(1, 0..4, 400, 1),
        candidate(2, 0..4, 400, 2),
        candidate(3, 0..4, 400, 3),
    ];
    let choice = choose(&candidates, Policy::Lru, 800);
    assert_eq!(choice.victims, [victim(1, 0..4, 400), victim(2, 0..4, 400)]);
    assert_eq!(choose(&candidates, Policy::Lru, 0), Choice::default());
}

#[test]
fn what_frees_nothing_does_not_go() {
    let candidates = [candidate(1, 0..4, 0, 1), candidate(1, 4..4, 10, 2)];
    assert_eq!(
        choose(&candidates, Policy::Lru, u64::MAX),
        Choice::default()
    );
}

#[test]
fn a_small_item_often_used_outlives_a_large_one_used_once() {
    let mut picture = candidate(1, 0..1, 200_000, 1000);
    picture.standing.uses = 9;
    let film = candidate(2, 0..1000, 4_000_000_000, 2000);
    let candidates = [picture, film];
    let by_size = choose(&candidates, Policy::Gdsf, 1_000_000);
    assert_eq!(by_size.victims, [victim(2, 0..1, 4_000_000)]);
    let by_age = choose(&candidates, Policy::Lru, 1_000_000);
    assert_eq!(by_age.victims[0], victim(1, 0..1, 200_000));
}

/// Fills a cache with ever new pictures, of which the oldest was a favourite once, and says how
/// many came before it went.
fn rounds_until_the_favourite_goes(is_floor_kept: bool) -> Option<u32> {
    let mut favourite = candidate(0, 0..1, 10_000, 0);
    favourite.standing.uses = 50;
    let mut cache = vec![favourite];
    let mut floor = 0.0;
    for round in 1..2000 {
        let mut fresh = candidate(round, 0..1, 10_000, u64::from(round));
        fresh.standing.floor = floor;
        cache.push(fresh);
        if cache.len() > 10 {
            let choice = choose(&cache, Policy::Gdsf, 1);
            if is_floor_kept {
                floor = choice.floor;
            }
            cache.retain(|candidate| !goes(&choice, candidate.item, 0));
            if cache[0].item != 0 {
                return Some(round);
            }
        }
    }
    None
}

#[test]
fn a_favourite_of_long_ago_goes_in_the_end() {
    let rounds = rounds_until_the_favourite_goes(true).expect("it goes");
    assert!(rounds > 100, "fifty uses count for more than {rounds}");
    assert_eq!(rounds_until_the_favourite_goes(false), None);
}
