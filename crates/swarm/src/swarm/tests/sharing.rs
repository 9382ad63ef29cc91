//! Sessions that fetch from each other.

use std::{num::NonZeroU32, sync::atomic::Ordering, time::Duration};

use tokio::time::{Instant, sleep};

use super::{
    memory::{Memory, Sample},
    nodes::{Node, address, options, peers, until},
};
use crate::{Encryption, Session};

#[tokio::test]
async fn a_torrent_comes_over_whole() {
    let sample = Sample::new(3_000_000, 131_072);
    let seed = Node::start(Memory::full(&sample), &[]).await;
    let leech = Node::start(Memory::empty(&sample), &[&seed]).await;
    leech.read_all().await;
    let length = sample.pieces.length();
    until("all is counted", || {
        leech.swarm.vitals().totals.downloaded == length
    })
    .await;
    let totals = leech.swarm.vitals().totals;
    assert_eq!((totals.wasted, totals.bad_pieces), (0, 0));
    assert_eq!(seed.swarm.vitals().totals.uploaded, length);
    assert_eq!(leech.memory.written.load(Ordering::Relaxed), length);
}

#[tokio::test]
async fn nothing_is_fetched_while_nobody_reads() {
    let sample = Sample::new(300_000, 65_536);
    let seed = Node::start(Memory::full(&sample), &[]).await;
    let leech = Node::start(Memory::empty(&sample), &[&seed]).await;
    sleep(Duration::from_millis(300)).await;
    assert_eq!(leech.swarm.vitals().totals.downloaded, 0);
    assert_eq!(seed.swarm.vitals().peers, 0);
    leech.read_all().await;
}

#[tokio::test]
async fn metadata_comes_from_a_session_that_has_joined() {
    let sample = Sample::new(300_000, 65_536);
    let seed = Node::start(Memory::full(&sample), &[]).await;
    let session = Session::start(options()).await.expect("loopback");
    let named = peers(&[seed.address()]);
    let limit = Duration::from_secs(30);
    let finding = session
        .finder()
        .metadata(sample.infohash, &named, None, limit);
    assert_eq!(finding.await.expect("it is served"), sample.info);
    until("it has left", || seed.swarm.vitals().peers == 0).await;
}

#[tokio::test]
async fn two_that_have_all_share_the_work() {
    let sample = Sample::new(6_000_000, 65_536);
    let limited = |options: &mut crate::Options, _: &mut crate::Torrent| {
        options.upload_limit = NonZeroU32::new(4_000_000).into();
    };
    let one = Node::start_as(Memory::full(&sample), &[], limited).await;
    let other = Node::start_as(Memory::full(&sample), &[], limited).await;
    let leech = Node::start(Memory::empty(&sample), &[&one, &other]).await;
    leech.read_all().await;
    for node in [&one, &other] {
        let share = node.swarm.vitals().totals.uploaded;
        assert!(share > 1_000_000, "{share}");
    }
}

#[tokio::test]
async fn two_halves_make_a_whole() {
    let sample = Sample::new(3_000_000, 65_536);
    let even = Node::start(Memory::with(&sample, |piece| piece % 2 == 0), &[]).await;
    let odd = Node::start(Memory::with(&sample, |piece| piece % 2 == 1), &[]).await;
    let leech = Node::start(Memory::empty(&sample), &[&even, &odd]).await;
    leech.read_all().await;
    assert_eq!(leech.swarm.vitals().totals.bad_pieces, 0);
}

#[tokio::test]
async fn two_that_know_each_other_and_miss_half_both_get_it() {
    let sample = Sample::new(3_000_000, 65_536);
    let even = Node::start(Memory::with(&sample, |piece| piece % 2 == 0), &[]).await;
    let odd = Node::start(Memory::with(&sample, |piece| piece % 2 == 1), &[&even]).await;
    even.swarm.add(&peers(&[odd.address()]));
    tokio::join!(even.read_all(), odd.read_all());
    assert_eq!(even.swarm.vitals().peers, 1);
    assert_eq!(odd.swarm.vitals().peers, 1);
}

#[tokio::test]
async fn two_that_dial_each_other_at_the_same_time_meet() {
    let sample = Sample::new(300_000, 65_536);
    for _ in 0..5 {
        let even = Node::start(Memory::with(&sample, |piece| piece % 2 == 0), &[]).await;
        let odd = Node::start(Memory::with(&sample, |piece| piece % 2 == 1), &[]).await;
        let _readers = (even.reader(), odd.reader());
        even.swarm.add(&peers(&[odd.address()]));
        odd.swarm.add(&peers(&[even.address()]));
        until("both have all", || {
            even.memory.is_whole() && odd.memory.is_whole()
        })
        .await;
    }
}

#[tokio::test]
async fn a_session_does_not_talk_to_itself() {
    let sample = Sample::new(300_000, 65_536);
    let node = Node::start(Memory::empty(&sample), &[]).await;
    node.swarm.add(&peers(&[address(&node.session)]));
    let _reader = node.reader();
    until("it has tried", || node.state(|state| state.book.len() == 0)).await;
    assert_eq!(node.swarm.vitals().peers, 0);
}

#[tokio::test]
async fn encryption_is_agreed_upon_or_there_is_no_connection() {
    use Encryption::{Allow, Off, Prefer, Require};
    let sample = Sample::new(300_000, 65_536);
    for (theirs, ours, meet) in [
        (Off, Off, true),
        (Off, Prefer, true),
        (Off, Require, false),
        (Allow, Require, true),
        (Require, Allow, true),
        (Require, Off, false),
        (Prefer, Prefer, true),
        (Require, Require, true),
    ] {
        let full = Memory::full(&sample);
        let seed = Node::start_as(full, &[], |options, _| options.encryption = theirs).await;
        let empty = Memory::empty(&sample);
        let leech = Node::start_as(empty, &[&seed], |options, _| options.encryption = ours).await;
        if meet {
            leech.read_all().await;
        } else {
            let _reader = leech.reader();
            sleep(Duration::from_millis(700)).await;
            assert_eq!(leech.swarm.vitals().peers, 0, "{theirs:?} {ours:?}");
            assert_eq!(leech.swarm.vitals().totals.downloaded, 0);
        }
    }
}

#[tokio::test]
async fn an_upload_limit_is_kept() {
    let sample = Sample::new(1_000_000, 65_536);
    let mut took = Vec::new();
    for rate in [1_000_000, 500_000] {
        let full = Memory::full(&sample);
        let limit = NonZeroU32::new(rate);
        let seed =
            Node::start_as(full, &[], |options, _| options.upload_limit = limit.into()).await;
        let leech = Node::start(Memory::empty(&sample), &[&seed]).await;
        let started = Instant::now();
        leech.read_all().await;
        took.push(started.elapsed().as_secs_f64());
    }
    let ratio = took[1] / took[0];
    assert!((1.3..3.0).contains(&ratio), "{took:?}");
}

#[tokio::test]
async fn more_want_to_download_than_may_at_once_and_all_get_it() {
    let sample = Sample::new(500_000, 65_536);
    let seed = Node::start(Memory::full(&sample), &[]).await;
    let mut leeches = Vec::new();
    for _ in 0..12 {
        leeches.push(Node::start(Memory::empty(&sample), &[&seed]).await);
    }
    let reading: Vec<_> = leeches.iter().map(Node::read_all).collect();
    futures_util::future::join_all(reading).await;
    let unchoked = seed.state(|state| state.peers.values().filter(|peer| !peer.choked).count());
    assert!(unchoked <= 8, "{unchoked}");
}
