//! Sessions that come and go, and peers that are told of each other.

use std::time::Duration;

use tokio::time::{sleep, timeout};

use super::{
    memory::{Memory, Sample},
    nodes::{Node, peers, until},
};

#[tokio::test]
async fn a_session_that_stops_leaves_the_others_working() {
    let sample = Sample::new(2_000_000, 65_536);
    let leaver = Node::start(Memory::full(&sample), &[]).await;
    let half = Memory::with(&sample, |piece| piece < 10);
    let stayer = Node::start(half, &[&leaver]).await;
    let leech = Node::start(Memory::empty(&sample), &[&leaver, &stayer]).await;
    let reader = stayer.reader();
    let other = leech.reader();
    until("they have begun", || {
        leech.swarm.vitals().totals.downloaded > 0
    })
    .await;
    let stopping = timeout(Duration::from_secs(10), leaver.session.stop());
    stopping.await.expect("it has an end");
    until("it is gone", || leaver.swarm.vitals().peers == 0).await;
    leaver.swarm.add(&peers(&[stayer.address()]));
    let _unread = leaver.reader();
    let _ = leaver.swarm.hurry();
    drop((reader, other));
    // The stayer has lost its source perhaps; with another one both finish.
    let seed = Node::start(Memory::full(&sample), &[]).await;
    for node in [&stayer, &leech] {
        node.swarm.add(&peers(&[seed.address()]));
    }
    tokio::join!(stayer.read_all(), leech.read_all());
}

#[tokio::test]
async fn a_session_may_be_dropped_before_its_swarm() {
    let sample = Sample::new(300_000, 65_536);
    let seed = Node::start(Memory::full(&sample), &[]).await;
    let leech = Node::start(Memory::empty(&sample), &[&seed]).await;
    leech.read_all().await;
    let Node { session, swarm, .. } = leech;
    drop(session);
    until("the seed has heard of it", || {
        seed.swarm.vitals().peers == 0
    })
    .await;
    let reader = swarm.read(0..300_000, crate::Need::Now, u64::MAX);
    swarm.add(&peers(&[seed.address()]));
    let _ = swarm.hurry();
    drop(swarm.forget(&[0]));
    assert_eq!(swarm.vitals().totals.downloaded, 300_000);
    drop(reader);
}

#[tokio::test]
async fn a_torrent_can_be_left_and_joined_again() {
    let sample = Sample::new(1_000_000, 65_536);
    let seed = Node::start(Memory::full(&sample), &[]).await;
    let Node {
        session,
        mut swarm,
        memory,
    } = Node::start(Memory::empty(&sample), &[&seed]).await;
    for round in 1..=3 {
        let begun = swarm.read(0..1_000_000, crate::Need::Now, u64::MAX);
        until("it has begun", || swarm.vitals().totals.downloaded > 0).await;
        drop(begun);
        drop(swarm);
        until("the seed has heard of it", || {
            seed.swarm.vitals().peers == 0
        })
        .await;
        memory.give_up(round);
        swarm = session.join(memory.torrent(), &peers(&[seed.address()]));
    }
    let _reader = swarm.read(0..1_000_000, crate::Need::Now, u64::MAX);
    until("every byte is there", || memory.is_whole()).await;
    // A reader that comes to it later is let in.
    let late = Node {
        session,
        swarm,
        memory,
    };
    let other = Node::start(Memory::empty(&sample), &[&late]).await;
    other.read_all().await;
}

/// C knows only A, and A knows B. Says what C has met in the end.
async fn gossip(private: bool) -> usize {
    let sample = Sample::new(1_000_000, 65_536);
    let start = async |memory, others: &[&Node]| {
        Node::start_as(memory, others, |_, torrent| torrent.private = private).await
    };
    let b = start(Memory::full(&sample), &[]).await;
    let a = start(Memory::with(&sample, |piece| piece == 0), &[&b]).await;
    let c = start(Memory::empty(&sample), &[&a]).await;
    let _reading = (a.reader(), c.reader());
    a.meets(2).await;
    // Later than any peer that has come may be told.
    let later = Duration::from_secs(3600);
    for _ in 0..20 {
        a.swarm.live().state().exchange_peers(later);
        sleep(Duration::from_millis(20)).await;
        if c.swarm.vitals().peers == 2 {
            break;
        }
    }
    until("every byte is there", || c.memory.is_whole()).await;
    c.swarm.vitals().peers
}

#[tokio::test]
async fn peers_are_found_by_hearsay() {
    assert_eq!(gossip(false).await, 2);
}

#[tokio::test]
async fn hearsay_does_not_count_for_private_torrents() {
    assert_eq!(gossip(true).await, 1);
}
