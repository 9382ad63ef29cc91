//! Liars, full disks, and readers that change their minds.

use std::{
    io::ErrorKind,
    num::NonZeroU32,
    sync::{Arc, atomic::Ordering},
    time::Duration,
};

use tokio::time::sleep;

use super::{
    memory::{Memory, Sample},
    nodes::{Node, until},
};
use crate::{Content, Holding};

/// A session that has everything and sends about so many bytes per second.
async fn slow_seed(sample: &Arc<Sample>, rate: u32) -> Node {
    Node::start_as(Memory::full(sample), &[], |options, _| {
        options.upload_limit = NonZeroU32::new(rate).into();
    })
    .await
}

#[tokio::test]
async fn a_liar_is_found_among_honest_peers() {
    let sample = Sample::new(6_000_000, 131_072);
    let liar = Node::start(Memory::full(&sample), &[]).await;
    liar.memory.lies.store(true, Ordering::Relaxed);
    let one = slow_seed(&sample, 4_000_000).await;
    let other = slow_seed(&sample, 4_000_000).await;
    let leech = Node::start(Memory::empty(&sample), &[&liar, &one, &other]).await;
    leech.read_all().await;
    let bad = leech.swarm.vitals().totals.bad_pieces;
    assert!((1..=2).contains(&bad), "{bad} bad pieces");
    until("the liar is gone", || liar.swarm.vitals().peers == 0).await;
    let left = leech.state(|state| {
        let ports = state.peers.values().map(|peer| peer.address.port());
        ports.collect::<Vec<_>>()
    });
    for honest in [&one, &other] {
        assert!(left.contains(&honest.session.port()));
    }
    let banned = liar.address();
    assert!(leech.state(|state| !state.book.may_come(banned)));
}

#[tokio::test]
async fn who_lies_alone_is_banned_at_once() {
    let sample = Sample::new(1_000_000, 131_072);
    let liar = Node::start(Memory::full(&sample), &[]).await;
    liar.memory.lies.store(true, Ordering::Relaxed);
    let leech = Node::start(Memory::empty(&sample), &[&liar]).await;
    let _reader = leech.reader();
    until("it has lied", || leech.swarm.vitals().totals.bad_pieces > 0).await;
    until("it is gone", || liar.swarm.vitals().peers == 0).await;
    let seed = Node::start(Memory::full(&sample), &[]).await;
    leech.swarm.add(&super::nodes::peers(&[seed.address()]));
    until("every byte is right", || leech.memory.is_whole()).await;
    assert!(leech.swarm.vitals().totals.bad_pieces <= 2);
}

#[tokio::test]
async fn a_full_disk_is_told_and_is_no_end() {
    let sample = Sample::new(2_000_000, 65_536);
    let seed = Node::start(Memory::full(&sample), &[]).await;
    let leech = Node::start(Memory::empty(&sample), &[&seed]).await;
    leech.memory.room.store(500_000, Ordering::Relaxed);
    let reader = leech.reader();
    let mut told = None;
    until("it is told", || {
        told = leech.swarm.hurry().err();
        told.is_some()
    })
    .await;
    assert_eq!(told.map(|error| error.kind()), Some(ErrorKind::StorageFull));
    until("it has stopped again", || {
        leech.state(|state| state.stopped)
    })
    .await;
    leech.memory.room.store(i64::MAX, Ordering::Relaxed);
    // Whoever comes next is not told what is over.
    drop(reader);
    let _reader = leech.reader();
    leech.swarm.hurry().expect("there is room");
    until("every byte is there", || leech.memory.is_whole()).await;
    assert_eq!(leech.swarm.vitals().peers, 1);
    assert_eq!(leech.swarm.vitals().totals.bad_pieces, 0);
}

#[tokio::test]
async fn a_disk_that_cannot_be_read_is_told_and_nobody_is_blamed() {
    let sample = Sample::new(1_000_000, 65_536);
    let seed = Node::start(Memory::full(&sample), &[]).await;
    let leech = Node::start(Memory::empty(&sample), &[&seed]).await;
    leech.memory.broken.store(true, Ordering::Relaxed);
    let _reader = leech.reader();
    until("it is told", || leech.swarm.hurry().is_err()).await;
    until("it has stopped again", || {
        leech.state(|state| state.stopped)
    })
    .await;
    leech.memory.broken.store(false, Ordering::Relaxed);
    until("every byte is there", || {
        let _ = leech.swarm.hurry();
        leech.memory.is_whole()
    })
    .await;
    assert_eq!(leech.swarm.vitals().peers, 1);
    assert_eq!(leech.swarm.vitals().totals.bad_pieces, 0);
}

#[tokio::test]
async fn nothing_more_comes_when_nobody_reads() {
    let sample = Sample::new(4_000_000, 65_536);
    let seed = slow_seed(&sample, 1_000_000).await;
    let leech = Node::start(Memory::empty(&sample), &[&seed]).await;
    let reader = leech.reader();
    until("it has begun", || {
        leech.swarm.vitals().totals.downloaded > 100_000
    })
    .await;
    drop(reader);
    until("all is cancelled", || {
        leech.state(|state| {
            state
                .peers
                .keys()
                .all(|key| state.progress.asked_of(*key) == 0)
        }) && seed.state(|state| state.peers.values().all(|peer| peer.uploads.is_empty()))
    })
    .await;
    // What was under way may still come.
    sleep(Duration::from_millis(200)).await;
    let before = leech.swarm.vitals().totals;
    sleep(Duration::from_millis(500)).await;
    assert_eq!(leech.swarm.vitals().totals, before);
    assert!(before.downloaded < 2_000_000, "{before:?}");
    assert_eq!(leech.swarm.vitals().peers, 1);
}

#[tokio::test]
async fn a_seek_cancels_what_is_behind_and_coming_back_gets_it() {
    let sample = Sample::new(3_000_000, 65_536);
    let seed = slow_seed(&sample, 2_000_000).await;
    let leech = Node::start(Memory::empty(&sample), &[&seed]).await;
    let reader = leech.reader();
    until("it has begun", || {
        leech.swarm.vitals().totals.downloaded > 100_000
    })
    .await;
    reader.move_to(2_500_000, u64::MAX);
    let first = sample.pieces.piece_at(2_500_000);
    until("what is behind is cancelled", || {
        leech.state(|state| {
            let mut asked = state
                .peers
                .keys()
                .flat_map(|key| state.progress.blocks_of(*key));
            asked.all(|block| block.piece >= first)
        })
    })
    .await;
    // There and back again, faster than the peer can answer.
    for at in [0, 2_500_000, 0, 2_500_000] {
        reader.move_to(at, u64::MAX);
        sleep(Duration::from_millis(3)).await;
    }
    let is_there = |piece| leech.memory.holding(piece) == Holding::Checked;
    let count = sample.pieces.count();
    until("the end is there", || (first..count).all(is_there)).await;
    assert!(!leech.memory.is_whole());
    reader.move_to(0, u64::MAX);
    until("the rest is there", || leech.memory.is_whole()).await;
    let wasted = leech.swarm.vitals().totals.wasted;
    assert!(wasted < 500_000, "{wasted}");
}
