//! Extended messages.

use std::time::Duration;

use std::net::{Ipv4Addr, SocketAddr};

use super::{
    memory::{Memory, Sample},
    scene::{OUR_PORT, Scene},
};
use crate::{
    schedule::PeerKey,
    swarm::messages::{Heard, Misbehaviour},
    wire::{
        Message, Request,
        extended::{self, DontHave, ExtensionHandshake, ExtensionIds, Pex, PexPeer, UtMetadata},
    },
};

/// Ids that are not ours, so that mixing both up shows.
const IDS: ExtensionIds = ExtensionIds {
    lt_donthave: Some(21),
    ut_metadata: Some(22),
    ut_pex: Some(23),
};

impl Scene {
    fn extends(&mut self, key: PeerKey, id: u8, payload: &[u8]) -> Result<Heard, Misbehaviour> {
        self.tries(key, &Message::Extended { id, payload })
    }

    /// A peer that has sent its handshake of the extensions.
    fn meet_modern(&mut self) -> PeerKey {
        let key = self.meet();
        self.greets(key, None, None);
        self.heard(key);
        key
    }

    fn greets(&mut self, key: PeerKey, port: Option<u16>, reqq: Option<u32>) {
        let greeting = ExtensionHandshake {
            ids: IDS,
            port,
            reqq,
            ..ExtensionHandshake::default()
        };
        self.extends(key, extended::HANDSHAKE, &greeting.encode())
            .expect("well-formed");
    }
}

fn port(port: u16) -> SocketAddr {
    SocketAddr::from((Ipv4Addr::LOCALHOST, port))
}

#[test]
fn we_say_what_we_speak() {
    for (private, pex) in [(false, Some(extended::UT_PEX)), (true, None)] {
        let memory = Memory::full(&Sample::new(100_000, 65_536));
        let length = memory.sample.info.len();
        let mut scene = Scene::private(memory, private);
        let key = scene.meet();
        let said = scene.heard(key).extended(extended::HANDSHAKE);
        let ours = ExtensionHandshake::parse(&said.expect("said")).expect("well-formed");
        assert_eq!(ours.ids.ut_pex, pex);
        assert_eq!(ours.ids.lt_donthave, Some(extended::LT_DONTHAVE));
        assert_eq!(ours.metadata_size.map(|size| size as usize), Some(length));
        assert_eq!(ours.port, Some(OUR_PORT));
        let plain = scene.meet_as(|newcomer| newcomer.extended = false);
        let said = scene.heard(plain.expect("room"));
        assert_eq!(said.extended(extended::HANDSHAKE), None);
    }
}

#[test]
fn what_cannot_be_read_is_misbehaviour() {
    for id in [
        extended::HANDSHAKE,
        extended::UT_METADATA,
        extended::LT_DONTHAVE,
        extended::UT_PEX,
    ] {
        for payload in [&b""[..], b"x", b"i1e", b"d", b"d1:md", b"\xff\xff\xff"] {
            let mut scene = Scene::seeding();
            let key = scene.meet();
            scene
                .extends(key, id, payload)
                .expect_err("nobody can read that");
        }
    }
    let mut scene = Scene::seeding();
    let key = scene.meet();
    assert_eq!(scene.extends(key, 99, b"x"), Ok(Heard::default()));
}

#[test]
fn a_greeting_is_believed_within_bounds() {
    let mut scene = Scene::reading();
    let key = scene.meet();
    for (said, taken) in [(0, 1), (7, 7), (u32::MAX, 2000)] {
        scene.greets(key, Some(7000), Some(said));
        let peer = &scene.state.peers[&key];
        assert_eq!((peer.ids, peer.most_requests), (IDS, taken));
        assert_eq!(peer.listens_at, Some(port(7000)));
    }
    // Where we dialled it, it is where it was dialled.
    let dialled = scene.meet_as(|newcomer| newcomer.outgoing = true);
    let dialled = dialled.expect("room");
    scene.greets(dialled, Some(7000), None);
    let peer = &scene.state.peers[&dialled];
    assert_eq!(peer.listens_at, Some(peer.address));
}

#[test]
fn no_more_is_asked_than_a_peer_takes() {
    let mut scene = Scene::reading();
    let key = scene.meet_seed();
    scene.greets(key, None, Some(3));
    scene.conduct();
    assert_eq!(scene.asked(key).len(), 3);
}

#[test]
fn metadata_is_served_by_pieces() {
    let mut scene = Scene::seeding();
    let key = scene.meet_modern();
    let info = scene.memory.sample.info.clone();
    let mut got = Vec::new();
    for piece in 0..3 {
        let request = UtMetadata::Request(piece).encode();
        scene
            .extends(key, extended::UT_METADATA, &request)
            .expect("well-formed");
        let said = scene.heard(key).extended(22).expect("an answer");
        match UtMetadata::parse(&said).expect("well-formed") {
            UtMetadata::Data {
                piece: number,
                total_size,
                data,
            } => {
                assert_eq!((number, total_size as usize), (piece, info.len()));
                got.extend(data);
            }
            other => panic!("{other:?}"),
        }
    }
    assert_eq!(got, info);
    for beyond in [3, u32::MAX] {
        let request = UtMetadata::Request(beyond).encode();
        scene
            .extends(key, extended::UT_METADATA, &request)
            .expect("well-formed");
        let said = scene.heard(key).extended(22).expect("an answer");
        assert_eq!(UtMetadata::parse(&said), Ok(UtMetadata::Reject(beyond)));
    }
}

#[test]
fn who_asks_for_metadata_and_does_not_read_is_closed() {
    let mut scene = Scene::seeding();
    let key = scene.meet_modern();
    let request = UtMetadata::Request(0).encode();
    for _ in 0..1000 {
        let _ = scene.extends(key, extended::UT_METADATA, &request);
    }
    assert!(scene.is_closing(key));
    assert!(scene.state.peers[&key].waiting_bytes() < 3 << 20);
}

#[test]
fn a_piece_that_is_gone_is_not_asked_for() {
    let mut scene = Scene::reading();
    let key = scene.meet_seed();
    scene.conduct();
    let first = scene.asked(key)[0];
    let heard = scene.extends(key, extended::LT_DONTHAVE, &DontHave(first.piece).encode());
    assert!(heard.expect("well-formed").replan);
    assert!(
        scene
            .asked(key)
            .iter()
            .all(|block| block.piece != first.piece)
    );
    assert!(!scene.state.peers[&key].have.has(first.piece));
    scene
        .extends(key, extended::LT_DONTHAVE, &DontHave(u32::MAX).encode())
        .expect("it has not got what does not exist");
}

#[test]
fn what_is_given_up_is_said_and_refused_and_said_again_when_it_is_back() {
    let mut scene = Scene::seeding();
    let [modern, plain] = [true, false].map(|fast| scene.meet_leech(fast));
    scene.greets(modern, None, None);
    let wanted = [0, 1].map(|piece| Request {
        piece,
        begin: 0,
        length: 16_384,
    });
    for key in [modern, plain] {
        for request in wanted {
            scene.says(key, &Message::Request(request));
        }
        scene.says(key, &Message::Have(1));
    }
    scene.heard(modern);
    assert_eq!(scene.state.forget(&[1, 1, 99]), [1]);
    scene.memory.give_up(1);
    let said = scene.heard(modern);
    let gone = said.extended(21).map(|gone| DontHave::parse(&gone));
    assert_eq!(gone, Some(Ok(DontHave(1))));
    assert!(said.has(&Message::Reject(wanted[1])) && said.has(&Message::Interested));
    assert_eq!(scene.heard(plain).extended(21), None);
    for key in [modern, plain] {
        assert_eq!(scene.state.peers[&key].uploads, [wanted[0]]);
    }
    // A second time there is nothing to give up.
    assert!(scene.state.forget(&[1]).is_empty());

    // Until it is released nobody is asked for it.
    let seed = scene.meet_seed();
    scene.read(0);
    scene.conduct();
    assert!(scene.asked(seed).is_empty());
    scene.state.release(&[1]);
    scene.conduct();
    assert!(!scene.asked(seed).is_empty());
    scene.serve(seed, true);
    assert!(scene.memory.is_whole());
    // Even those are told who have it: they were told that we have not.
    assert!(scene.heard(modern).has(&Message::Have(1)));
}

#[test]
fn peers_are_told_of_each_other_and_of_their_leaving() {
    let mut scene = Scene::seeding();
    let [first, second] = [7001, 7002].map(|port| {
        let key = scene.meet();
        scene.greets(key, Some(port), None);
        scene.heard(key);
        key
    });
    let silent = scene.meet();
    scene.state.exchange_peers(scene.now);
    let told = |scene: &mut Scene, key| {
        let said = scene.heard(key).extended(23);
        said.map(|said| Pex::parse(&said).expect("well-formed"))
    };
    let added = |pex: &Pex| {
        pex.added
            .iter()
            .map(|peer| peer.address)
            .collect::<Vec<_>>()
    };
    assert_eq!(
        told(&mut scene, first).map(|pex| added(&pex)),
        Some(vec![port(7002)])
    );
    assert_eq!(
        told(&mut scene, second).map(|pex| added(&pex)),
        Some(vec![port(7001)])
    );
    assert_eq!(told(&mut scene, silent), None);
    scene.state.exchange_peers(scene.now);
    assert_eq!(told(&mut scene, first), None);
    scene.state.leave(second, scene.now);
    scene
        .state
        .exchange_peers(scene.now + Duration::from_secs(59));
    assert_eq!(told(&mut scene, first), None, "it heard a moment ago");
    scene
        .state
        .exchange_peers(scene.now + Duration::from_secs(60));
    let gone = told(&mut scene, first).expect("news");
    assert_eq!((gone.added, gone.dropped), (vec![], vec![port(7002)]));
}

#[test]
fn peers_of_a_private_torrent_are_not_told_and_not_believed() {
    let peer = PexPeer {
        address: port(7003),
        flags: 0,
    };
    let pex = Pex {
        added: vec![peer],
        dropped: vec![],
    };
    for (private, believed) in [(false, vec![port(7003)]), (true, vec![])] {
        let memory = Memory::full(&Sample::new(100_000, 65_536));
        let mut scene = Scene::private(memory, private);
        let keys = [scene.meet_modern(), scene.meet_modern()];
        for key in keys {
            scene.greets(key, Some(7001), None);
        }
        let heard = scene.extends(keys[0], extended::UT_PEX, &pex.encode());
        assert_eq!(heard.expect("well-formed").peers, believed);
        scene.greets(keys[1], Some(7002), None);
        scene.state.exchange_peers(scene.now);
        assert_eq!(scene.heard(keys[0]).extended(23).is_some(), !private);
    }
}
