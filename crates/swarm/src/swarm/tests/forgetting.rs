//! Pieces that are given up, and fetched again.

use std::{num::NonZeroU32, time::Duration};

use tokio::time::{Instant, sleep};

use super::{
    memory::{Memory, Sample},
    nodes::{Node, until},
};

/// Whether the only peer of a node is known to have a piece.
fn offers(node: &Node, piece: u32) -> bool {
    node.state(|state| state.peers.values().all(|peer| peer.have.has(piece)))
}

#[tokio::test]
async fn what_is_given_up_comes_again_by_the_same_connection() {
    let sample = Sample::new(1_000_000, 65_536);
    let seed = Node::start(Memory::full(&sample), &[]).await;
    let leech = Node::start(Memory::empty(&sample), &[&seed]).await;
    leech.read_all().await;
    until("the seed has heard of all", || offers(&seed, 3)).await;
    let before = [seed.connections(), leech.connections()];
    for _ in 0..3 {
        let forgetting = leech.swarm.forget(&[3, 7]);
        assert_eq!(forgetting.pieces(), [3, 7]);
        for piece in [3, 7] {
            leech.memory.give_up(piece);
        }
        until("the seed has heard of it", || {
            !offers(&seed, 3) && !offers(&seed, 7)
        })
        .await;
        let _reader = leech.reader();
        sleep(Duration::from_millis(50)).await;
        assert!(
            !leech.memory.is_whole(),
            "it was fetched while it was being given up"
        );
        drop(forgetting);
        let started = Instant::now();
        until("it is there again", || leech.memory.is_whole()).await;
        println!("given up and there again after {:?}", started.elapsed());
        until("the seed has heard of that", || {
            offers(&seed, 3) && offers(&seed, 7)
        })
        .await;
    }
    assert_eq!([seed.connections(), leech.connections()], before);
    let totals = leech.swarm.vitals().totals;
    assert_eq!((totals.bad_pieces, totals.wasted), (0, 0));
}

#[tokio::test]
async fn who_wants_what_was_given_up_waits_and_gets_it_later() {
    let sample = Sample::new(1_000_000, 65_536);
    let origin = Node::start(Memory::full(&sample), &[]).await;
    let cache = Node::start(Memory::full(&sample), &[&origin]).await;
    let leech = Node::start(Memory::empty(&sample), &[&cache]).await;
    let forgetting = cache.swarm.forget(&[2]);
    cache.memory.give_up(2);
    let reader = leech.reader();
    let rest = 1_000_000 - 65_536;
    until("the rest is there", || {
        leech.swarm.vitals().totals.downloaded == rest
    })
    .await;
    drop(reader);
    let before = [leech.connections(), cache.connections()];
    drop(forgetting);
    tokio::join!(cache.read_all(), leech.read_all());
    assert_eq!(leech.connections(), before[0]);
    assert!(cache.connections().starts_with(&before[1]));
}

#[tokio::test]
async fn what_is_given_up_while_a_peer_downloads_it_is_refused_and_never_wrong() {
    let sample = Sample::new(1_000_000, 65_536);
    let origin = Node::start(Memory::full(&sample), &[]).await;
    let slow = |options: &mut crate::Options, _: &mut crate::Torrent| {
        options.upload_limit = NonZeroU32::new(1_500_000).into();
    };
    let cache = Node::start_as(Memory::full(&sample), &[&origin], slow).await;
    let leech = Node::start(Memory::empty(&sample), &[&cache]).await;
    let _reader = leech.reader();
    until("it has begun", || {
        leech.swarm.vitals().totals.downloaded > 100_000
    })
    .await;
    let before = leech.connections();
    let all: Vec<_> = (0..sample.pieces.count()).collect();
    let forgetting = cache.swarm.forget(&all);
    assert_eq!(forgetting.pieces(), all);
    for piece in all {
        cache.memory.give_up(piece);
    }
    until("nothing more is asked", || {
        leech.state(|state| {
            state
                .peers
                .keys()
                .all(|key| state.progress.asked_of(*key) == 0)
        })
    })
    .await;
    drop(forgetting);
    cache.read_all().await;
    until("the leech has it too", || leech.memory.is_whole()).await;
    assert_eq!(leech.connections(), before);
    assert_eq!(leech.swarm.vitals().totals.bad_pieces, 0);
}
