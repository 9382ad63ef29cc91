//! Disks that take some pieces only.

use std::{sync::atomic::Ordering, time::Duration};

use tokio::time::sleep;

use super::{
    memory::{Memory, Sample},
    nodes::{Node, until},
    scene::Scene,
};
use crate::{Block, Content, Holding, Need, wire::Message};

const PIECE: u32 = 65_536;

/// Gives up held pieces but for those from `at` on, as far as room is short.
fn make_room(node: &Node, at: u32) {
    let held = |piece: &u32| node.memory.holding(*piece) == Holding::Checked;
    let count = node.memory.sample.pieces.count();
    let behind = (0..at).chain(at + 3..count).filter(held);
    let surplus: Vec<_> = behind.take(2).collect();
    if node.memory.room() > 0 || surplus.is_empty() {
        return;
    }
    let forgetting = node.swarm.forget(&surplus);
    for piece in forgetting.pieces() {
        node.memory.give_up(*piece);
    }
}

#[tokio::test]
async fn a_torrent_larger_than_the_disk_is_read_twice_and_with_jumps() {
    let sample = Sample::new(3_000_000, PIECE);
    let seed = Node::start(Memory::full(&sample), &[]).await;
    let leech = Node::start(Memory::empty(&sample), &[&seed]).await;
    leech.memory.most_pieces.store(5, Ordering::Relaxed);
    let count = sample.pieces.count();
    let reach = 2 * u64::from(PIECE);
    let reader = leech
        .swarm
        .read(0..sample.pieces.length(), Need::Now, reach);
    leech.meets(1).await;
    let before = leech.connections();
    let jumps = [40, 3, 30, 2, 45];
    for piece in (0..count).chain(0..count).chain(jumps) {
        reader.move_to(sample.pieces.bytes_of(piece).start, reach);
        until("the piece is there", || {
            make_room(&leech, piece);
            leech.memory.holding(piece) == Holding::Checked
        })
        .await;
        assert!(leech.memory.is_right(piece), "piece {piece}");
    }
    assert_eq!(leech.connections(), before);
    let totals = leech.swarm.vitals().totals;
    assert_eq!(totals.bad_pieces, 0);
    assert!(totals.downloaded > 2 * sample.pieces.length() - 10 * reach);
    assert!(leech.swarm.hurry().is_ok());
}

#[tokio::test]
async fn what_is_under_way_is_given_up_and_comes_again() {
    let sample = Sample::new(2_000_000, 1 << 20);
    let slow = |options: &mut crate::Options, _: &mut crate::Torrent| {
        options.upload_limit = std::num::NonZeroU32::new(2_000_000).into();
    };
    let seed = Node::start_as(Memory::full(&sample), &[], slow).await;
    let leech = Node::start(Memory::empty(&sample), &[&seed]).await;
    let reader = leech.reader();
    until("it has begun", || {
        leech.swarm.vitals().totals.downloaded > 100_000
    })
    .await;
    let before = leech.connections();
    let mut given_up = 0;
    for _ in 0..20 {
        let forgetting = leech.swarm.forget(&[0, 1]);
        given_up += forgetting.pieces().len();
        for piece in forgetting.pieces() {
            leech.memory.give_up(*piece);
        }
        sleep(Duration::from_millis(2)).await;
        drop(forgetting);
        sleep(Duration::from_millis(5)).await;
    }
    assert!(given_up > 0);
    reader.move_to(0, u64::MAX);
    until("it is there after all", || leech.memory.is_whole()).await;
    assert_eq!(leech.connections(), before);
    assert_eq!(leech.swarm.vitals().totals.bad_pieces, 0);
    drop(reader);
}

#[test]
fn nothing_is_asked_for_before_there_is_room_for_it() {
    let mut scene = Scene::reading();
    scene.memory.most_pieces.store(1, Ordering::Relaxed);
    let seed = scene.meet_seed();
    let rest = scene.conduct().rest;
    let asked = scene.asked(seed);
    assert!(!asked.is_empty() && asked.iter().all(|block| block.piece == 0));
    assert!(rest > Duration::ZERO);
    scene.serve(seed, true);
    // No room: looked for again soon, but less and less often.
    let first = scene.conduct().rest;
    assert!(scene.asked(seed).is_empty() && first <= Duration::from_millis(10));
    for _ in 0..50 {
        scene.now += Duration::from_millis(100);
        scene.conduct();
    }
    assert_eq!(scene.conduct().rest, Duration::from_millis(200));
    let gone = scene.state.forget(&[0]);
    scene.memory.give_up(0);
    scene.state.release(&gone);
    scene.conduct();
    assert!(!scene.asked(seed).is_empty());
}

#[test]
fn a_block_of_a_piece_that_was_given_up_is_not_written_and_nobody_blamed() {
    let mut scene = Scene::reading();
    let seed = scene.meet_seed();
    scene.conduct();
    let asked = scene.asked(seed);
    let block = asked[0];
    let gone = scene.state.forget(&[block.piece]);
    assert_eq!(gone, [block.piece]);
    let cancelled = scene.heard(seed).cancels();
    assert!(cancelled.iter().any(|cancel| cancel.piece == block.piece));
    for aside in [true, false] {
        if !aside {
            scene.state.release(&gone);
        }
        let before = scene.state.totals.wasted;
        assert_eq!(
            scene.block(
                seed,
                Block {
                    index: u32::from(aside),
                    ..block
                },
                true
            ),
            Ok(None)
        );
        assert_eq!(scene.state.totals.wasted, before + 16_384);
    }
    assert_eq!(scene.state.peers[&seed].unasked, 0);
    assert_eq!(scene.memory.written.load(Ordering::Relaxed), 0);
    // Asked for anew, it counts.
    scene.conduct();
    while !scene.memory.is_whole() {
        scene.serve(seed, true);
        scene.conduct();
    }
    assert_eq!(scene.state.totals.bad_pieces, 0);
}

#[test]
fn what_is_hashed_or_written_to_is_not_given_up() {
    let mut scene = Scene::reading();
    let seed = scene.meet_seed();
    scene.conduct();
    let blocks: Vec<_> = (0..4).map(|index| Block { piece: 0, index }).collect();
    scene.welcome(seed, blocks[0]).expect("asked");
    assert!(scene.state.forget(&[0]).is_empty());
    assert_eq!(scene.write(seed, blocks[0], true), None);
    for block in &blocks[1..] {
        scene.block(seed, *block, true).expect("asked");
    }
    assert!(scene.state.progress.is_being_checked(0));
    assert!(scene.state.forget(&[0]).is_empty());
    scene.check(0);
    assert_eq!(scene.state.forget(&[0]), [0]);
    // What is being given up stays so until whoever began that has ended it.
    assert!(scene.state.forget(&[0]).is_empty());
}

#[test]
fn what_stays_after_all_is_offered_again() {
    let mut scene = Scene::seeding();
    let leech = scene.meet_leech(true);
    let gone = scene.state.forget(&[1]);
    assert!(!scene.state.progress.held().has(1));
    scene.state.release(&gone);
    assert!(scene.state.progress.held().has(1));
    assert!(scene.heard(leech).has(&Message::Have(1)));
}

#[test]
fn who_pauses_does_not_fetch_again_what_is_given_up_ahead_of_him() {
    let mut scene = Scene::reading();
    let seed = scene.meet_seed();
    while !scene.memory.is_whole() {
        scene.conduct();
        scene.serve(seed, true);
    }
    let gone = scene.state.forget(&[3, 2]);
    for piece in &gone {
        scene.memory.give_up(*piece);
    }
    scene.state.release(&gone);
    scene.conduct();
    assert!(scene.asked(seed).is_empty());
    // What he waits for comes, and once he moves what is ahead does too.
    let moved = scene.state.readers.values_mut().next();
    let moved = moved.expect("somebody reads");
    moved.move_to(2 * u64::from(PIECE), true, scene.now);
    moved.set_reach(u64::MAX);
    scene.conduct();
    assert!(!scene.asked(seed).is_empty());
    scene.serve(seed, true);
    assert!(scene.memory.is_whole());
}
