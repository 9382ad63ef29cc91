mod order;

use std::time::Duration;

use multihash_codetable::{Code, MultihashDigest};

use super::*;

fn cid(seed: u8) -> Cid {
    Cid::new_v1(0x55, Code::Sha2_256.digest(&[seed]))
}

fn asks(actions: &[Action], of: PeerId) -> Vec<Option<Ask>> {
    let told = actions.iter().filter_map(|action| match action {
        Action::Tell(peer, _, ask) if *peer == of => Some(*ask),
        _ => None,
    });
    told.collect()
}

#[test]
fn who_says_that_it_has_the_root_is_asked_for_all_of_it() {
    let (mut client, now, peer) = (Client::default(), Instant::now(), PeerId::random());
    client.connected(peer, true, now);
    client.want(cid(0), cid(0), Urgency::Now, now);
    assert_eq!(asks(&client.actions(now), peer), [Some(Ask::Have)]);
    client.presence(peer, cid(0).hash(), true);
    assert_eq!(asks(&client.actions(now), peer), [Some(Ask::Block)]);
    assert_eq!(client.block(peer, cid(0).hash(), now), Arrival::Wanted);
    client.want(cid(1), cid(0), Urgency::Now, now);
    assert_eq!(asks(&client.actions(now), peer), [None, Some(Ask::Block)]);
}

#[test]
fn a_silent_peer_is_overtaken() {
    let (mut client, now) = (Client::default(), Instant::now());
    let peers = [PeerId::random(), PeerId::random()];
    client.want(cid(0), cid(0), Urgency::Soon, now);
    for peer in peers {
        client.connected(peer, true, now);
        client.hint(cid(0).hash(), peer);
    }
    let first = client.actions(now);
    let later = now + Duration::from_secs(6);
    client.tick(later);
    let second = client.actions(later);
    let asked = |actions: &[Action], peer| asks(actions, peer).contains(&Some(Ask::Block));
    let silent = peers.into_iter().find(|peer| asked(&first, *peer)).unwrap();
    let other = peers.into_iter().find(|peer| *peer != silent).unwrap();
    assert_eq!(asks(&second, silent), [None]);
    assert!(asked(&second, other), "{second:?}");
}

#[test]
fn the_only_peer_is_asked_anew() {
    let (mut client, now, peer) = (Client::default(), Instant::now(), PeerId::random());
    client.want(cid(0), cid(0), Urgency::Now, now);
    client.connected(peer, true, now);
    client.hint(cid(0).hash(), peer);
    client.actions(now);
    let later = now + Duration::from_secs(6);
    client.tick(later);
    assert_eq!(asks(&client.actions(later), peer), [None, Some(Ask::Block)]);
}

#[test]
fn what_nobody_has_is_searched_for_and_then_fails() {
    let (mut client, now) = (Client::default(), Instant::now());
    client.want(cid(0), cid(0), Urgency::Now, now);
    assert_eq!(client.actions(now), [Action::Search(cid(0))]);
    client.searched(cid(0).hash(), now);
    assert_eq!(client.actions(now), [Action::Fail(*cid(0).hash())]);
    assert_eq!(client.end(cid(0).hash(), now), Some(Failure::default()));
}

#[test]
fn blocks_nobody_asked_for_cost_the_connection() {
    let (mut client, now, peer) = (Client::default(), Instant::now(), PeerId::random());
    client.connected(peer, true, now);
    for seed in 1..=3 {
        assert_eq!(client.block(peer, cid(seed).hash(), now), Arrival::Unasked);
    }
    assert_eq!(client.actions(now), [Action::Leave(peer)]);
}

#[test]
fn a_block_taken_back_is_late_and_no_lie() {
    let (mut client, now, peer) = (Client::default(), Instant::now(), PeerId::random());
    client.want(cid(0), cid(0), Urgency::Now, now);
    client.connected(peer, true, now);
    client.hint(cid(0).hash(), peer);
    client.actions(now);
    client.end(cid(0).hash(), now);
    assert_eq!(asks(&client.actions(now), peer), [None]);
    assert_eq!(client.block(peer, cid(0).hash(), now), Arrival::Late);
}

#[test]
fn what_was_asked_on_the_connection_before_is_no_lie() {
    let (mut client, now, peer) = (Client::default(), Instant::now(), PeerId::random());
    for seed in 0..5 {
        client.want(cid(seed), cid(0), Urgency::Now, now);
    }
    client.connected(peer, true, now);
    client.hint(cid(0).hash(), peer);
    client.actions(now);
    client.gone(peer);
    client.connected(peer, true, now);
    for seed in 0..5 {
        client.end(cid(seed).hash(), now);
        assert_eq!(client.block(peer, cid(seed).hash(), now), Arrival::Late);
    }
}

#[test]
fn a_want_fails_once_the_peer_that_was_dialled_lacks_it() {
    let (mut client, now, peer) = (Client::default(), Instant::now(), PeerId::random());
    client.want(cid(0), cid(0), Urgency::Now, now);
    client.hint(cid(0).hash(), peer);
    client.actions(now);
    client.searched(cid(0).hash(), now);
    assert_eq!(client.actions(now), []);
    client.connected(peer, true, now);
    client.actions(now);
    client.presence(peer, cid(0).hash(), false);
    assert_eq!(client.actions(now), [Action::Fail(*cid(0).hash())]);
    // It was reached, and yet nobody is known who has it.
    assert_eq!(client.end(cid(0).hash(), now), Some(Failure::default()));
}

#[test]
fn a_connection_that_stays_silent_is_made_anew() {
    let (mut client, mut now, peer) = (Client::default(), Instant::now(), PeerId::random());
    client.want(cid(0), cid(0), Urgency::Now, now);
    client.connected(peer, true, now);
    client.hint(cid(0).hash(), peer);
    client.actions(now);
    client.searched(cid(0).hash(), now);
    let mut renewed = 0;
    while renewed == 0 {
        now += Duration::from_secs(6);
        client.tick(now);
        let actions = client.actions(now);
        renewed += usize::from(actions.contains(&Action::Renew(peer)));
        let is_given_up = actions
            .iter()
            .any(|action| matches!(action, Action::Fail(_)));
        assert!(!is_given_up, "{actions:?}");
    }
    client.gone(peer);
    client.redialled(peer);
    assert_eq!(client.actions(now), []);
    client.connected(peer, true, now);
    assert_eq!(asks(&client.actions(now), peer), [Some(Ask::Block)]);
}

#[test]
fn a_small_block_in_answer_to_a_question_is_no_lie() {
    let (mut client, now) = (Client::default(), Instant::now());
    let peers = [PeerId::random(), PeerId::random()];
    client.want(cid(0), cid(0), Urgency::Now, now);
    for peer in peers {
        client.connected(peer, true, now);
    }
    client.actions(now);
    assert_eq!(client.block(peers[0], cid(0).hash(), now), Arrival::Wanted);
    assert_eq!(client.block(peers[1], cid(0).hash(), now), Arrival::Late);
}

#[test]
fn a_block_that_no_peer_of_the_root_has_is_searched_for_itself() {
    let (mut client, now, peer) = (Client::default(), Instant::now(), PeerId::random());
    client.want(cid(1), cid(0), Urgency::Now, now);
    assert_eq!(client.actions(now), [Action::Search(cid(0))]);
    client.searched(cid(0).hash(), now);
    assert_eq!(client.actions(now), [Action::Search(cid(1))]);
    client.hint(cid(1).hash(), peer);
    client.searched(cid(1).hash(), now);
    assert_eq!(client.actions(now), []);
    client.connected(peer, true, now);
    assert_eq!(asks(&client.actions(now), peer), [Some(Ask::Block)]);
    client.presence(peer, cid(1).hash(), false);
    assert_eq!(client.actions(now), [Action::Fail(*cid(1).hash())]);
}
