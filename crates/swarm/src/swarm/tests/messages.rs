//! What peers say, and what is answered.

use super::{
    memory::{Memory, Sample},
    scene::Scene,
};
use crate::{
    BLOCK,
    swarm::peer::MOST_UPLOADS,
    wire::{Message, Request},
};

fn request(piece: u32, begin: u32, length: u32) -> Request {
    Request {
        piece,
        begin,
        length,
    }
}

#[test]
fn what_we_have_is_said_first() {
    let sample = Sample::new(300_000, 65_536);
    let whole = Scene::new(Memory::full(&sample));
    let half = Scene::new(Memory::with(&sample, |piece| piece < 2));
    let empty = Scene::new(Memory::empty(&sample));
    let bits = Message::Bitfield(&[0b1100_0000]);
    for (mut scene, fast, first) in [
        (whole, true, Some(Message::HaveAll)),
        (half, true, Some(bits)),
        (empty, true, Some(Message::HaveNone)),
        (
            Scene::seeding(),
            false,
            Some(Message::Bitfield(&[0b1111_1000])),
        ),
        (Scene::reading(), false, None),
    ] {
        let plain = |newcomer: &mut crate::swarm::peer::Newcomer| {
            (newcomer.fast, newcomer.extended) = (fast, false);
        };
        let key = scene.meet_as(plain).expect("room");
        assert_eq!(scene.heard(key).messages().next(), first);
    }
}

#[test]
fn nonsense_is_misbehaviour() {
    let long = [0xff; 3];
    let spare = [0xff];
    for (said, why) in [
        (vec![Message::Have(5)], "has a piece that does not exist"),
        (
            vec![Message::Have(u32::MAX)],
            "has a piece that does not exist",
        ),
        (vec![Message::HaveAll, Message::HaveNone], "twice"),
        (vec![Message::Bitfield(&[0]), Message::HaveNone], "twice"),
        (vec![Message::Have(1), Message::HaveAll], "twice"),
        (vec![Message::Bitfield(&long)], "bitfield"),
        (vec![Message::Bitfield(&spare)], "bitfield"),
        (vec![Message::Bitfield(&[])], "bitfield"),
        (vec![Message::Request(request(0, 0, 0))], "no piece has"),
        (
            vec![Message::Request(request(0, 0, 65_537))],
            "no piece has",
        ),
        (
            vec![Message::Request(request(0, 65_535, 2))],
            "no piece has",
        ),
        (
            vec![Message::Request(request(4, 0, 65_536))],
            "no piece has",
        ),
        (vec![Message::Request(request(5, 0, 1))], "no piece has"),
        (
            vec![Message::Request(request(0, u32::MAX, u32::MAX))],
            "no piece has",
        ),
        (
            vec![Message::Request(request(u32::MAX, 0, BLOCK))],
            "no piece has",
        ),
    ] {
        let mut scene = Scene::seeding();
        let key = scene.meet();
        let (last, before) = said.split_last().expect("something");
        for message in before {
            scene.says(key, message);
        }
        let misbehaviour = scene.tries(key, last).expect_err("it is nonsense");
        assert!(misbehaviour.0.contains(why), "{misbehaviour}: {said:?}");
    }
}

#[test]
fn the_fast_extension_has_to_be_offered() {
    for message in [Message::HaveAll, Message::HaveNone] {
        let mut scene = Scene::reading();
        let key = scene
            .meet_as(|newcomer| newcomer.fast = false)
            .expect("room");
        scene
            .tries(key, &message)
            .expect_err("it did not offer that");
    }
}

#[test]
fn requests_have_a_bound_and_more_are_refused() {
    let mut scene = Scene::seeding();
    let key = scene.meet_leech(true);
    let bound = u32::try_from(MOST_UPLOADS).expect("small");
    for begin in 0..bound {
        scene.says(key, &Message::Request(request(0, begin, 100)));
        // Asking twice for the same takes no place.
        scene.says(key, &Message::Request(request(0, begin, 100)));
    }
    assert_eq!(scene.state.peers[&key].uploads.len(), MOST_UPLOADS);
    scene.heard(key);
    scene.says(key, &Message::Request(request(1, 0, 100)));
    assert!(scene.heard(key).has(&Message::Reject(request(1, 0, 100))));
    assert_eq!(scene.state.peers[&key].uploads.len(), MOST_UPLOADS);
}

#[test]
fn who_may_not_have_it_is_refused_and_stays() {
    let sample = Sample::new(300_000, 65_536);
    let mut scene = Scene::new(Memory::with(&sample, |piece| piece == 0));
    let choked = scene.meet();
    let wanted = request(0, 0, BLOCK);
    scene.says(choked, &Message::Request(wanted));
    assert!(scene.heard(choked).has(&Message::Reject(wanted)));
    let leech = scene.meet_leech(true);
    let absent = request(1, 0, BLOCK);
    scene.says(leech, &Message::Request(absent));
    assert!(scene.heard(leech).has(&Message::Reject(absent)));
    scene.says(leech, &Message::Request(wanted));
    assert!(scene.heard(leech).is_nothing());
    assert_eq!(scene.state.peers[&leech].uploads, [wanted]);
    let silent = scene.meet_leech(false);
    scene.says(silent, &Message::Request(absent));
    assert!(scene.heard(silent).is_nothing());
}

#[test]
fn a_cancelled_upload_is_refused_once_and_not_sent() {
    let mut scene = Scene::seeding();
    let key = scene.meet_leech(true);
    let [first, second] = [0, BLOCK].map(|begin| request(0, begin, BLOCK));
    for wanted in [first, second] {
        scene.says(key, &Message::Request(wanted));
    }
    scene.says(key, &Message::Cancel(first));
    assert!(scene.heard(key).has(&Message::Reject(first)));
    assert_eq!(scene.state.peers[&key].uploads, [second]);
    // What is not waiting was sent already: that is the answer.
    scene.says(key, &Message::Cancel(first));
    assert!(scene.heard(key).is_nothing());
}

#[test]
fn who_does_not_read_is_closed_and_takes_no_more_memory() {
    let mut scene = Scene::seeding();
    let key = scene.meet();
    let refused = Message::Request(request(0, 0, 1));
    let mut most = 0;
    for _ in 0..300_000 {
        let _ = scene.tries(key, &refused);
        most = scene.state.peers[&key].waiting_bytes();
    }
    assert!(scene.is_closing(key));
    assert!(most < 3 << 20, "{most}");
    scene
        .tries(key, &refused)
        .expect_err("nobody talks to it any more");
}

#[test]
fn a_choke_takes_requests_back_unless_rejects_will() {
    let mut scene = Scene::reading();
    let plain = scene
        .meet_as(|newcomer| newcomer.fast = false)
        .expect("room");
    scene.says(plain, &Message::Bitfield(&[0b1111_1000]));
    scene.says(plain, &Message::Unchoke);
    scene.conduct();
    let asked = scene.asked(plain);
    assert!(!asked.is_empty());
    scene.says(plain, &Message::Choke);
    assert!(scene.asked(plain).is_empty());
    // It was on its way when it choked us.
    scene.block(plain, asked[0], true).expect("it is no lie");
    assert!(scene.state.progress.has(asked[0]));
    assert_eq!(scene.state.totals.wasted, 0);

    let mut scene = Scene::reading();
    let fast = scene.meet_seed();
    scene.conduct();
    let asked = scene.asked(fast);
    scene.says(fast, &Message::Choke);
    assert_eq!(scene.asked(fast), asked);
    let requests = scene.heard(fast).requests();
    for request in &requests {
        scene.says(fast, &Message::Reject(*request));
    }
    assert!(scene.asked(fast).is_empty());
    scene.says(fast, &Message::Unchoke);
    scene.conduct();
    assert_eq!(scene.asked(fast).len(), asked.len());
}

#[test]
fn a_reject_means_that_the_piece_is_not_there() {
    let mut scene = Scene::reading();
    let key = scene.meet_seed();
    scene.conduct();
    let first = scene.heard(key).requests()[0];
    scene.says(key, &Message::Reject(first));
    assert!(!scene.state.peers[&key].have.has(first.piece));
    scene.conduct();
    let again = scene.heard(key).requests();
    assert!(again.iter().all(|request| request.piece != first.piece));
    scene.says(key, &Message::Have(first.piece));
    assert!(scene.state.peers[&key].have.has(first.piece));
}

#[test]
fn the_reject_that_answers_a_cancel_says_nothing_of_the_next_request() {
    let mut scene = Scene::reading();
    let key = scene.meet_seed();
    scene.conduct();
    let asked = scene.heard(key).requests();
    // The reader goes away and comes back before the peer has heard of it.
    scene.state.readers.clear();
    scene.conduct();
    let cancelled = scene.heard(key).cancels();
    assert_eq!(cancelled.len(), asked.len());
    scene.read(0);
    scene.conduct();
    let again = scene.heard(key).requests();
    assert!(!again.is_empty());
    for request in cancelled {
        scene.says(key, &Message::Reject(request));
    }
    let peer = &scene.state.peers[&key];
    assert!(again.iter().all(|request| peer.have.has(request.piece)));
    assert_eq!(scene.asked(key).len(), again.len());
    // One that is not about a cancelled request is.
    scene.says(key, &Message::Reject(again[0]));
    assert!(!scene.state.peers[&key].have.has(again[0].piece));
}

#[test]
fn interest_is_said_when_there_is_something_to_get() {
    let mut scene = Scene::reading();
    let key = scene.meet();
    scene.says(key, &Message::HaveNone);
    assert!(!scene.heard(key).has(&Message::Interested));
    scene.says(key, &Message::Have(3));
    assert!(scene.heard(key).has(&Message::Interested));
    scene.says(key, &Message::Have(4));
    assert!(!scene.heard(key).has(&Message::Interested));
    assert_eq!(scene.state.peers[&key].have.ones(), 2);
    scene.says(key, &Message::Have(4));
    assert_eq!(scene.state.peers[&key].have.ones(), 2);
}

#[test]
fn allowed_pieces_are_asked_for_while_choked_up_to_a_bound() {
    let mut scene = Scene::reading();
    let key = scene.meet();
    scene.says(key, &Message::HaveAll);
    for piece in (0..1000).chain([2, 2]) {
        scene.says(key, &Message::AllowedFast(piece));
    }
    assert_eq!(scene.state.peers[&key].allowed_fast, [0, 1, 2, 3, 4]);
    scene.conduct();
    assert!(!scene.asked(key).is_empty());
}

#[test]
fn what_is_not_for_us_is_ignored() {
    let mut scene = Scene::reading();
    let key = scene.meet();
    scene.heard(key);
    let absurd = request(u32::MAX, u32::MAX, u32::MAX);
    for message in [
        Message::KeepAlive,
        Message::Port(1),
        Message::Suggest(u32::MAX),
        Message::Unknown(99),
        Message::Reject(absurd),
        Message::Cancel(absurd),
        Message::AllowedFast(u32::MAX),
    ] {
        scene.says(key, &message);
    }
    assert!(scene.heard(key).is_nothing());
}
