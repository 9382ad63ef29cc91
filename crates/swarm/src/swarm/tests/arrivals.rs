//! Blocks that come, pieces that are right or wrong, and who is to blame.

use std::time::Duration;

use super::{
    memory::{Memory, Sample},
    scene::Scene,
};
use crate::{
    Block, Content, Holding,
    schedule::{PeerKey, Trust},
    swarm::arrivals::{Verdict, Welcome},
    wire::Message,
};

#[test]
fn a_torrent_comes_from_one_peer_and_is_told_to_another() {
    let mut scene = Scene::reading();
    let (seed, other) = (scene.meet_seed(), scene.meet());
    scene.heard(other);
    for _ in 0..100 {
        scene.conduct();
        scene.now += Duration::from_millis(20);
        scene.serve(seed, true);
    }
    scene.conduct();
    assert!(scene.memory.is_whole() && scene.state.progress.held().is_full());
    let heard = scene.heard(other);
    assert!((0..5).all(|piece| heard.has(&Message::Have(piece))));
    assert!(scene.heard(seed).has(&Message::NotInterested));
    let totals = scene.state.totals;
    assert_eq!(
        (totals.downloaded, totals.wasted, totals.bad_pieces),
        (300_000, 0, 0)
    );
    assert_eq!(scene.state.peers[&seed].trust, Trust::Proven);
}

#[test]
fn what_nobody_asked_for_is_left_and_too_much_of_it_is_misbehaviour() {
    let mut scene = Scene::reading();
    let key = scene.meet_seed();
    for (piece, begin, length) in [(0, 0, 1), (0, 1, 16_384), (99, 0, 16_384), (0, 0, 0)] {
        let welcome = scene.state.welcome(key, piece, begin, length);
        assert_eq!(welcome, Ok(Welcome::Leave));
    }
    let sent = (0..1000).take_while(|_| scene.state.welcome(key, 0, 0, 16_384).is_ok());
    let bytes = sent.count() * 16_384;
    assert!((7 << 20..9 << 20).contains(&bytes), "{bytes}");
    assert!(scene.state.progress.authors(0).is_empty());
}

#[test]
fn a_cancelled_block_that_comes_all_the_same_is_kept_once() {
    let mut scene = Scene::reading();
    let key = scene.meet_seed();
    scene.conduct();
    let block = scene.asked(key)[0];
    scene.state.readers.clear();
    scene.conduct();
    assert!(scene.asked(key).is_empty());
    assert_eq!(scene.block(key, block, true), Ok(None));
    assert!(scene.state.progress.has(block));
    let before = scene.state.totals;
    assert_eq!(scene.block(key, block, true), Ok(None));
    assert_eq!(scene.state.totals.downloaded, before.downloaded);
    assert_eq!(scene.state.totals.wasted, before.wasted + 16_384);
    assert!(scene.state.peers[&key].unasked > 0);
}

#[test]
fn a_piece_from_one_peer_names_the_liar() {
    let mut scene = Scene::reading();
    let (liar, honest) = (scene.meet_seed(), scene.meet_seed());
    let address = scene.state.peers[&liar].address;
    scene.conduct();
    let piece = scene.asked(liar)[0].piece;
    let pieces = scene.memory.sample.pieces;
    for index in 0..pieces.blocks_in(piece) {
        let block = Block { piece, index };
        for key in [liar, honest] {
            scene.state.progress.withdraw(block, key);
        }
        scene.state.progress.ask(block, liar, scene.now);
        if let Some(piece) = scene.block(liar, block, index > 0).expect("asked") {
            scene.check(piece);
        }
    }
    assert_eq!(scene.state.totals.bad_pieces, 1);
    assert!(scene.is_closing(liar) && !scene.is_closing(honest));
    assert!(!scene.state.book.may_come(address));
    // Nothing it says counts, and nothing waits for it.
    scene
        .tries(liar, &Message::Unchoke)
        .expect_err("it is being closed");
    scene
        .state
        .welcome(liar, 0, 0, 16_384)
        .expect_err("the same");
    scene.conduct();
    assert!(scene.asked(liar).is_empty());
}

/// Has the blocks of a piece come from peers in turn; the liar's are wrong.
fn spoil(scene: &mut Scene, piece: u32, peers: &[PeerKey], liar: Option<PeerKey>) {
    let pieces = scene.memory.sample.pieces;
    for index in 0..pieces.blocks_in(piece) {
        let block = Block { piece, index };
        let from = peers[index as usize % peers.len()];
        scene.state.progress.ask(block, from, scene.now);
        let right = Some(from) != liar;
        if let Some(piece) = scene.block(from, block, right).expect("asked") {
            scene.check(piece);
        }
    }
}

#[test]
fn a_piece_from_several_names_the_liar_when_it_is_right_at_last() {
    let mut scene = Scene::reading();
    let peers = [(); 3].map(|()| scene.meet_seed());
    let [_, liar, honest] = peers;
    spoil(&mut scene, 0, &peers, Some(liar));
    assert!(peers.iter().all(|key| !scene.is_closing(*key)));
    assert_eq!(scene.state.peers[&liar].trust, Trust::Parole);
    spoil(&mut scene, 0, &[honest], None);
    assert!(scene.is_closing(liar));
    assert!(
        peers
            .iter()
            .all(|key| *key == liar || !scene.is_closing(*key))
    );
    assert_eq!(scene.state.totals.bad_pieces, 1);
    assert_eq!(scene.memory.sample.pieces.count(), 5);
    assert!(scene.state.progress.held().has(0));
}

#[test]
fn an_honest_suspect_is_off_parole_once_its_piece_is_right() {
    let mut scene = Scene::reading();
    let (liar, honest) = (scene.meet_seed(), scene.meet_seed());
    spoil(&mut scene, 0, &[liar, honest], Some(liar));
    assert_eq!(scene.state.peers[&honest].trust, Trust::Parole);
    spoil(&mut scene, 0, &[honest], None);
    assert!(scene.is_closing(liar));
    assert_eq!(scene.state.peers[&honest].trust, Trust::Proven);
}

#[test]
fn what_comes_late_does_not_share_the_blame_for_a_piece_that_was_wrong() {
    let mut scene = Scene::reading();
    let (liar, honest) = (scene.meet_seed(), scene.meet_seed());
    let late = Block { piece: 0, index: 1 };
    // Both are asked for a block, the liar sends it first, and so the other is told to keep it.
    scene.state.progress.ask(late, honest, scene.now);
    spoil(&mut scene, 0, &[honest, liar], Some(liar));
    assert_eq!(scene.state.totals.bad_pieces, 1);
    assert_eq!(scene.block(honest, late, true), Ok(None));
    assert!(!scene.state.progress.has(late));
    assert_eq!(scene.state.peers[&honest].unasked, 0);
    spoil(&mut scene, 0, &[liar], Some(liar));
    assert_eq!(scene.state.totals.bad_pieces, 2);
    assert!(scene.is_closing(liar) && !scene.is_closing(honest));
}

#[test]
fn a_liar_that_has_left_is_banned_all_the_same() {
    let mut scene = Scene::reading();
    let (liar, honest) = (scene.meet_seed(), scene.meet_seed());
    let address = scene.state.peers[&liar].address;
    spoil(&mut scene, 0, &[honest, liar], Some(liar));
    scene.state.leave(liar, scene.now);
    spoil(&mut scene, 0, &[honest], None);
    assert!(!scene.state.book.may_come(address));
    assert!(!scene.is_closing(honest));
}

/// A scene with pieces that an unclean stop has left behind: 0 is right, 1 is not.
fn doubtful() -> Scene {
    let sample = Sample::new(300_000, 65_536);
    let memory = Memory::with(&sample, |piece| piece < 2);
    memory.give_up(1);
    for piece in [0, 1] {
        memory.doubt(piece);
    }
    Scene::new(memory)
}

#[test]
fn what_an_unclean_stop_left_is_hashed_before_anybody_is_asked_for_it() {
    let mut scene = doubtful();
    let seed = scene.meet_seed();
    assert_eq!(scene.state.progress.held().ones(), 0);
    assert!(scene.conduct().check.is_empty(), "nobody reads");
    scene.read(0);
    let orders = scene.conduct();
    assert_eq!(orders.check, [0, 1]);
    let asked = scene.asked(seed);
    assert!(!asked.is_empty() && asked.iter().all(|block| block.piece >= 2));
    for piece in orders.check {
        scene.check(piece);
    }
    assert!(scene.state.progress.held().has(0));
    assert_eq!(scene.memory.holding(0), Holding::Checked);
    // Nobody lied.
    assert_eq!(scene.state.totals.bad_pieces, 0);
    assert_eq!(scene.state.totals.wasted, 0);
    scene.serve(seed, true);
    scene.conduct();
    assert!(scene.conduct().check.is_empty());
    assert!(scene.asked(seed).iter().any(|block| block.piece == 1));
}

#[test]
fn what_cannot_be_hashed_is_fetched_again_without_blame() {
    let mut scene = Scene::reading();
    let seed = scene.meet_seed();
    scene.conduct();
    let piece = scene.asked(seed)[0].piece;
    for index in 0..4 {
        let block = Block { piece, index };
        scene.state.progress.ask(block, seed, scene.now);
        scene.block(seed, block, true).expect("asked");
    }
    assert!(scene.state.progress.is_being_checked(piece));
    let broken = std::io::Error::other("broken");
    let told = scene.state.checked(piece, Verdict::Unknown(broken));
    assert!(told.is_some() && scene.state.stopped);
    assert!(!scene.is_closing(seed) && !scene.state.progress.is_being_checked(piece));
    assert_eq!(scene.state.totals.bad_pieces, 0);
    scene.conduct();
    assert!(scene.asked(seed).is_empty(), "nothing can be kept");
    scene.state.stopped = false;
    scene.conduct();
    assert!(scene.asked(seed).iter().any(|block| block.piece == piece));
}
