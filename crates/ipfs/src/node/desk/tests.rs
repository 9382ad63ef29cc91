use multihash_codetable::{Code, MultihashDigest};

use super::*;
use crate::testing::{raw, want};

fn cid(seed: u16) -> Cid {
    Cid::new_v1(0x55, Code::Sha2_256.digest(&seed.to_le_bytes()))
}

#[tokio::test(start_paused = true)]
async fn all_who_wait_are_handed_the_block_as_they_named_it() {
    let desk = Arc::new(Desk::default());
    let (cid, block) = raw(b"hello");
    let other = Cid::new_v1(0x70, *cid.hash());
    let soon = desk
        .want(&cid, &want(cid, Urgency::Soon), Vec::new())
        .unwrap();
    let now = desk
        .want(&other, &want(cid, Urgency::Now), Vec::new())
        .unwrap();
    assert_eq!(desk.take().0, [Change::Want(cid, cid, Urgency::Now)]);
    desk.deliver(cid.hash(), block.bytes());
    assert_eq!(soon.answer().await.unwrap(), block);
    assert_eq!(now.answer().await.unwrap().cid(), &other);
    assert!(!desk.is_waiting());
    assert!(desk.take().0.is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_reader_that_leaves_takes_its_want_back() {
    let desk = Arc::new(Desk::default());
    let tickets = [0, 0].map(|_| {
        desk.want(&cid(1), &want(cid(1), Urgency::Soon), Vec::new())
            .unwrap()
    });
    desk.take();
    let [first, second] = tickets;
    drop(first);
    assert!(desk.take().0.is_empty());
    drop(second);
    assert_eq!(desk.take().0, [Change::End(*cid(1).hash())]);
}

#[tokio::test(start_paused = true)]
async fn a_wait_ends_in_time_and_says_why() {
    let desk = Arc::new(Desk::default());
    let ticket = desk
        .want(&cid(1), &want(cid(1), Urgency::Now), Vec::new())
        .unwrap();
    desk.expire(|_| Failure::default());
    assert!(desk.is_waiting());
    tokio::time::advance(Duration::from_millis(29_900)).await;
    let failure = Failure {
        peers: 2,
        wrong: false,
    };
    desk.expire(|_| failure);
    let error = ticket.answer().await.unwrap_err();
    assert!(matches!(error, Error::Stalled { peers: 2, .. }), "{error}");
    // The want is taken back with the ticket.
    assert_eq!(desk.take().0, [Change::End(*cid(1).hash())]);
}

#[tokio::test(start_paused = true)]
async fn what_is_wanted_at_the_same_time_is_bounded() {
    let desk = Arc::new(Desk::default());
    let ask = |seed| desk.want(&cid(seed), &want(cid(seed), Urgency::Soon), Vec::new());
    let tickets: Vec<_> = (0..WANTS as u16).map(|seed| ask(seed).unwrap()).collect();
    assert!(matches!(ask(60_000), Err(Error::Busy { .. })));
    drop(tickets);
    assert!(ask(60_000).is_ok());
    desk.close();
    assert!(matches!(ask(1), Err(Error::Stopping)));
}
