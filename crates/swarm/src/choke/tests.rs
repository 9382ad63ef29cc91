use std::collections::HashSet;

use proptest::prelude::*;

use super::*;

const ROUND: Duration = Duration::from_secs(10);

fn candidate(key: u32) -> Candidate {
    Candidate {
        key,
        interested: true,
        rate_to_us: 0.0,
        rate_from_us: 0.0,
        unchoked: false,
        since_unchoked: Duration::ZERO,
        waiting: Duration::ZERO,
        is_new: false,
        upload_only: false,
    }
}

/// Does what was decided, and lets a round pass.
fn pass(peers: &mut [Candidate], chosen: &[u32]) {
    for peer in peers {
        let unchoked = chosen.contains(&peer.key);
        let (since, waiting) = match (peer.unchoked, unchoked) {
            (true, true) => (peer.since_unchoked + ROUND, Duration::ZERO),
            (_, true) => (ROUND, Duration::ZERO),
            (_, false) => (Duration::ZERO, peer.waiting + ROUND),
        };
        (peer.unchoked, peer.since_unchoked, peer.waiting) = (unchoked, since, waiting);
        peer.rate_from_us = f64::from(u8::from(unchoked)) * f64::from(peer.key + 1);
    }
}

fn crowd() -> impl Strategy<Value = Vec<Candidate>> {
    let one = (any::<[bool; 4]>(), 0_u32..1000, 0_u64..100, 0_u64..100);
    proptest::collection::vec(one, 0..30).prop_map(|peers| {
        let keyed = (0..).zip(peers);
        let made = keyed.map(
            |(key, ([interested, unchoked, is_new, rest], rate, a, b))| Candidate {
                interested,
                rate_to_us: f64::from(rate),
                rate_from_us: f64::from(rate / 2),
                unchoked,
                since_unchoked: Duration::from_secs(if unchoked { a } else { 0 }),
                waiting: Duration::from_secs(if unchoked { 0 } else { b }),
                is_new,
                upload_only: rest && key % 5 == 0,
                ..candidate(key)
            },
        );
        made.collect()
    })
}

proptest! {
    /// Never more than the slots, never somebody who wants nothing, nobody twice, and no slot left
    /// empty while somebody wants it.
    #[test]
    fn slots_are_used_and_never_exceeded(
        peers in crowd(), slots in 0_usize..12, seeding: bool, round in 0_u64..100,
    ) {
        let chosen = unchoke(&peers, slots, seeding, round);
        let wanting = peers.iter().filter(|peer| peer.interested && !peer.upload_only);
        let wanting: HashSet<u32> = wanting.map(|peer| peer.key).collect();
        prop_assert_eq!(chosen.len(), slots.min(wanting.len()));
        prop_assert!(chosen.iter().all(|key| wanting.contains(key)));
        prop_assert_eq!(chosen.iter().collect::<HashSet<_>>().len(), chosen.len());
    }

    /// Whoever sends us most of all keeps a slot in every round.
    #[test]
    fn the_best_reciprocators_stay(peers in crowd(), slots in 2_usize..12, round in 0_u64..100) {
        let chosen = unchoke(&peers, slots, false, round);
        let wanting = peers.iter().filter(|peer| peer.interested && !peer.upload_only);
        for peer in wanting.clone() {
            let better = wanting.clone().filter(|other| other.rate_to_us >= peer.rate_to_us);
            if better.count() < slots {
                prop_assert!(chosen.contains(&peer.key), "{peer:?} is not in {chosen:?}");
            }
        }
    }

    /// Everybody who waits gets a turn, however much others give and however many are new.
    #[test]
    fn nobody_waits_for_ever(mut peers in crowd(), slots in 1_usize..6, seeding: bool) {
        for peer in &mut peers {
            peer.interested = true;
            peer.upload_only = false;
        }
        let mut served = HashSet::new();
        let rounds = 12 * (peers.len() as u64 + 3) * 3;
        for round in 0..rounds {
            let chosen = unchoke(&peers, slots, seeding, round);
            served.extend(chosen.iter().copied());
            pass(&mut peers, &chosen);
        }
        prop_assert_eq!(served.len(), peers.len());
    }
}

#[test]
fn the_optimistic_slot_rotates_every_third_round() {
    let mut peers: Vec<Candidate> = (0..6).map(candidate).collect();
    peers[0].rate_to_us = 9.0;
    let mut lucky = Vec::new();
    for round in 0..12 {
        let chosen = unchoke(&peers, 2, false, round);
        assert_eq!(chosen[0], 0);
        lucky.push(chosen[1]);
        pass(&mut peers, &chosen);
    }
    assert_eq!(lucky, [1, 1, 1, 2, 2, 2, 3, 3, 3, 4, 4, 4]);
}

#[test]
fn new_peers_wait_a_third_as_long() {
    let mut peers: Vec<Candidate> = (0..3).map(candidate).collect();
    peers[0].rate_to_us = 9.0;
    peers[1].waiting = Duration::from_secs(50);
    peers[2].waiting = Duration::from_secs(20);
    assert_eq!(unchoke(&peers, 2, false, 0), [0, 1]);
    peers[2].is_new = true;
    assert_eq!(unchoke(&peers, 2, false, 0), [0, 2]);
}

#[test]
fn a_seed_gives_turns_of_a_minute_and_takes_back_what_is_not_used() {
    let mut peers: Vec<Candidate> = (0..3).map(candidate).collect();
    let mut holders = Vec::new();
    for round in 0..14 {
        let chosen = unchoke(&peers, 1, true, round);
        pass(&mut peers, &chosen);
        peers[1].rate_from_us = 0.0;
        holders.push(chosen[0]);
    }
    assert_eq!(holders, [0, 0, 0, 0, 0, 0, 1, 1, 2, 2, 2, 2, 2, 2]);
}
