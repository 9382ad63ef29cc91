//! Who is let in, who may download, and who has left.

use std::time::Duration;

use librqbit_core::hash_id::Id20;

use super::scene::{MOST_PEERS, Scene};
use crate::{Block, swarm::state::NotWelcome, wire::Message};

#[test]
fn who_is_too_many_or_here_already_is_not_let_in() {
    let mut scene = Scene::reading();
    let first = scene.meet();
    let (id, address) = (
        scene.state.peers[&first].id,
        scene.state.peers[&first].address,
    );
    let twice = scene.meet_as(|newcomer| newcomer.id = id);
    assert_eq!(twice, Err(NotWelcome::Twice));
    for _ in 1..MOST_PEERS {
        scene.meet();
    }
    assert_eq!(scene.meet_as(|_| {}), Err(NotWelcome::Full));
    scene.state.leave(first, scene.now);
    scene.state.book.ban(address);
    let banned = scene.meet_as(|newcomer| newcomer.address = address);
    assert_eq!(banned, Err(NotWelcome::Shunned));
    scene.meet();
}

#[test]
fn a_slot_that_is_free_is_given_on_at_once() {
    let mut scene = Scene::seeding();
    let keys: Vec<_> = (0..11).map(|_| scene.meet()).collect();
    for key in &keys {
        scene.says(*key, &Message::Interested);
    }
    scene.conduct();
    let unchoked = |scene: &Scene| {
        let peers = scene.state.peers.iter();
        let unchoked = peers.filter(|(_, peer)| !peer.choked);
        unchoked.map(|(key, _)| *key).collect::<Vec<_>>()
    };
    let first = unchoked(&scene);
    assert_eq!(first.len(), 8);
    scene.says(first[0], &Message::NotInterested);
    scene.conduct();
    assert_eq!(unchoked(&scene).len(), 8);
    assert!(!unchoked(&scene).contains(&first[0]));
    scene.state.leave(first[1], scene.now);
    scene.conduct();
    assert_eq!(unchoked(&scene).len(), 8);
}

#[test]
fn who_leaves_frees_what_it_was_asked_for() {
    let mut scene = Scene::reading();
    let first = scene.meet_seed();
    scene.conduct();
    let asked = scene.asked(first);
    scene.state.leave(first, scene.now);
    let second = scene.meet_seed();
    scene.conduct();
    assert_eq!(scene.asked(second)[0], asked[0]);
    assert!(scene.block(first, Block { piece: 0, index: 0 }, true) == Ok(None));
}

#[test]
fn of_two_connections_that_cross_both_keep_the_same() {
    // We are 7777…
    for (theirs, kept_is_ours) in [(1, true), (9, false)] {
        for first_is_ours in [true, false] {
            let mut scene = Scene::reading();
            let [first, second] = [first_is_ours, !first_is_ours].map(|outgoing| {
                scene.meet_as(|newcomer| {
                    (newcomer.id, newcomer.outgoing) = (Id20::new([theirs; 20]), outgoing);
                })
            });
            let first = first.expect("the first is let in");
            assert_eq!(scene.is_closing(first), first_is_ours != kept_is_ours);
            assert_eq!(second.is_err(), first_is_ours == kept_is_ours);
        }
    }
    // A long while later it is no coincidence.
    let mut scene = Scene::reading();
    let mut meet = |outgoing| {
        scene.now += Duration::from_secs(60);
        scene.meet_as(|newcomer| {
            (newcomer.id, newcomer.outgoing) = (Id20::new([1; 20]), outgoing);
        })
    };
    meet(false).expect("the first is let in");
    assert_eq!(meet(true), Err(NotWelcome::Twice));
}
