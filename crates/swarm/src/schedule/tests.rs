//! What every plan keeps to, on random pictures.

mod cost;
mod scene;

use std::time::Duration;

use proptest::prelude::*;

use crate::Block;
use crate::schedule::tests::scene::{PIECES, Scene, Sketch, Step, sketch, step};
use crate::schedule::{PeerKey, Trust};

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn plans_keep_the_rules(
        sketches in proptest::collection::vec(sketch(), 0..6),
        readers in proptest::collection::vec((0..u64::from(PIECES), 0_u64..12, prop_oneof![Just(0.0), 1e4..1e7]), 0..3),
        blocks in 1_u32..70,
        steps in proptest::collection::vec(step(), 0..80),
    ) {
        let mut scene = Scene::new(sketches, &readers, blocks);
        scene.happen(Step::Plan);
        for step in steps {
            scene.happen(step);
        }
        // Without readers nothing stays asked for.
        scene.readers.clear();
        scene.happen(Step::Plan);
        prop_assert_eq!(scene.progress.asked_pieces().count(), 0);
    }

}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(60))]

    #[test]
    fn reading_goes_on_as_long_as_somebody_sends(
        sketches in proptest::collection::vec(sketch(), 1..6),
        blocks in 1_u32..40,
    ) {
        // Every piece that an open peer has is got in the end, whatever trust there is.
        let mut scene = Scene::new(sketches, &[(0, u64::from(PIECES), 0.0)], blocks);
        let reachable: Vec<u32> = (0..PIECES)
            .filter(|piece| scene.peers().iter().any(|peer| {
                (!peer.choked || peer.allowed_fast.contains(piece)) && peer.have.has(*piece)
            }))
            .collect();
        for _ in 0..20_000 {
            scene.happen(Step::Plan);
            for number in 0..scene.sketches.len() {
                scene.happen(Step::Arrive(number));
            }
            scene.happen(Step::Hash(true));
            if scene.progress.held().ones() as usize == reachable.len() {
                break;
            }
        }
        for piece in reachable {
            prop_assert!(scene.progress.held().has(piece), "piece {} is not there", piece);
        }
    }
}

fn proven(rate: f64) -> Sketch {
    Sketch {
        have: vec![true; PIECES as usize],
        choked: false,
        allowed_fast: Vec::new(),
        rate,
        delay_ms: 50,
        most_requests: 500,
        trust: Trust::Proven,
        snubbed: false,
    }
}

#[test]
fn a_bad_piece_is_next_fetched_from_one_peer() {
    let mut scene = Scene::new(vec![proven(1e6); 4], &[(0, 1, 0.0)], 64);
    let spoil = |scene: &mut Scene| {
        for _ in 0..200 {
            scene.happen(Step::Plan);
            for number in 0..4 {
                scene.happen(Step::Arrive(number));
            }
            if scene.progress.is_being_checked(0) {
                break;
            }
        }
        scene.progress.reset(0)
    };
    assert!(spoil(&mut scene).len() > 1);
    let alone = spoil(&mut scene);
    assert_eq!(alone.len(), 1);
    let next = spoil(&mut scene);
    assert!(next.len() == 1 && next != alone, "{next:?} after {alone:?}");
}

#[test]
fn a_late_block_is_raced_to_one_other_peer() {
    let mut scene = Scene::new(vec![proven(1e6); 3], &[(0, 1, 0.0)], 8);
    scene.happen(Step::Plan);
    let silent = PeerKey(0);
    let held: Vec<Block> = scene.progress.blocks_of(silent).collect();
    assert!(!held.is_empty());
    for _ in 0..8 {
        scene.happen(Step::Arrive(1));
        scene.happen(Step::Arrive(2));
    }
    scene.now += Duration::from_secs(3);
    scene.happen(Step::Plan);
    for block in &held {
        assert_eq!(scene.progress.askers(*block).len(), 2, "{block:?}");
    }
    let second = scene.progress.askers(held[0])[1];
    let arrival = scene.progress.arrive(held[0], second, scene.now);
    assert_eq!(arrival.others, [silent]);
}

#[test]
fn choked_peers_send_what_they_allow() {
    let mut sketch = proven(1e6);
    sketch.choked = true;
    sketch.allowed_fast = vec![2];
    let mut scene = Scene::new(vec![sketch], &[(0, 8, 0.0)], 4);
    scene.happen(Step::Plan);
    assert_eq!(scene.progress.asked_pieces().collect::<Vec<_>>(), [2]);
}

/// A peer that takes requests and has sent nothing: its rate is the most that it can be.
fn promising() -> Sketch {
    Sketch {
        rate: 12e3,
        delay_ms: 0,
        trust: Trust::Unproven,
        ..proven(0.0)
    }
}

fn on_parole(rate: f64) -> Sketch {
    Sketch {
        trust: Trust::Parole,
        ..proven(rate)
    }
}

/// All of the first piece is asked of the first peer, which sends nothing for three seconds.
fn let_the_first_peer_owe_all(scene: &mut Scene) {
    for index in 0..8 {
        let block = Block { piece: 0, index };
        scene.progress.ask(block, PeerKey(0), scene.now);
    }
    scene.now += Duration::from_secs(3);
    scene.happen(Step::Plan);
}

#[test]
fn a_piece_that_was_wrong_is_not_left_to_who_has_only_promised() {
    let mut sketches = vec![promising(); 20];
    sketches.push(on_parole(200e3));
    let mut scene = Scene::new(sketches, &[(0, 1, 0.0)], 64);
    for index in 0..64 {
        let (block, peer) = (Block { piece: 0, index }, PeerKey(19 + index % 2));
        scene.progress.ask(block, peer, scene.now);
        scene.progress.arrive(block, peer, scene.now);
    }
    assert_eq!(scene.progress.reset(0).len(), 2);
    scene.happen(Step::Plan);
    assert!((0..20).all(|key| scene.progress.asked_of(PeerKey(key)) == 0));
    assert!(scene.progress.asked_of(PeerKey(20)) > 0);
}

#[test]
fn who_is_on_parole_brings_what_others_owe_if_nobody_else_can() {
    // The one that owes the piece is silent, and others have only promised.
    let sketches = vec![promising(), on_parole(1e6), promising()];
    let mut scene = Scene::new(sketches, &[(0, 1, 0.0)], 8);
    let_the_first_peer_owe_all(&mut scene);
    assert_eq!(scene.progress.asked_of(PeerKey(1)), 8);
}

#[test]
fn who_is_on_parole_does_not_wait_for_peers_that_leave_a_late_block() {
    // Together they seem fast enough, but each of them is too slow to be asked for it.
    let slow = Sketch {
        rate: 20e3,
        delay_ms: 1200,
        ..proven(0.0)
    };
    let sketches = vec![
        promising(),
        on_parole(100e3),
        slow.clone(),
        slow.clone(),
        slow,
    ];
    let mut scene = Scene::new(sketches, &[(0, 1, 0.0)], 8);
    let_the_first_peer_owe_all(&mut scene);
    assert!(scene.progress.asked_of(PeerKey(1)) > 0);
}

#[test]
fn who_is_on_parole_does_not_help_where_others_can() {
    let sketches = vec![promising(), on_parole(1e6), proven(1e6)];
    let mut scene = Scene::new(sketches, &[(0, 1, 0.0)], 8);
    let_the_first_peer_owe_all(&mut scene);
    assert_eq!(scene.progress.asked_of(PeerKey(1)), 0);
    assert_eq!(scene.progress.asked_of(PeerKey(2)), 8);
}

#[test]
fn only_the_first_pieces_are_begun_where_there_is_room_for_few() {
    let mut scene = Scene::new(vec![proven(1e6); 3], &[(5, 8, 0.0)], 8);
    scene.room = 2;
    scene.happen(Step::Plan);
    assert_eq!(scene.progress.asked_pieces().collect::<Vec<_>>(), [5, 6]);
    assert_eq!(scene.plan().held_back, Some(7));
    for number in 0..3 {
        for _ in 0..16 {
            scene.happen(Step::Arrive(number));
        }
    }
    // What room was taken for is fetched whatever is left.
    scene.reserved.set(9, true);
    scene.happen(Step::Plan);
    assert_eq!(scene.progress.asked_pieces().collect::<Vec<_>>(), [9]);
}

#[test]
fn what_nobody_sends_takes_no_room() {
    let mut sketch = proven(1e6);
    sketch.have[0] = false;
    let mut scene = Scene::new(vec![sketch], &[(0, 8, 0.0)], 8);
    scene.room = 1;
    scene.happen(Step::Plan);
    assert_eq!(scene.progress.asked_pieces().collect::<Vec<_>>(), [1]);
}
