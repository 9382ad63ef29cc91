//! Whatever happens in whatever order, nothing is forgotten.

use proptest::prelude::*;

use super::*;
use crate::bitswap::client::{assign::AT_ONCE, peer::WIDEST};

/// Something that happens.
#[derive(Clone, Copy, Debug)]
enum Event {
    Want(u8, u8, bool),
    End(u8),
    Connected(usize, bool),
    Gone(usize),
    Hint(u8, usize),
    Redialled(usize),
    Unreachable(usize),
    Searched(u8),
    Presence(usize, u8, bool),
    Block(usize, u8),
    Wait(u64),
    Act,
}

fn event() -> impl Strategy<Value = Event> {
    let (block, root, peer) = (0..12_u8, 0..3_u8, 0..4_usize);
    prop_oneof![
        4 => (block.clone(), root.clone(), any::<bool>()).prop_map(|(b, r, now)| Event::Want(b, r, now)),
        1 => block.clone().prop_map(Event::End),
        3 => (peer.clone(), any::<bool>()).prop_map(|(p, haves)| Event::Connected(p, haves)),
        1 => peer.clone().prop_map(Event::Gone),
        2 => (block.clone(), peer.clone()).prop_map(|(b, p)| Event::Hint(b, p)),
        1 => peer.clone().prop_map(Event::Redialled),
        1 => peer.clone().prop_map(Event::Unreachable),
        2 => block.clone().prop_map(Event::Searched),
        3 => (peer.clone(), block.clone(), any::<bool>()).prop_map(|(p, b, has)| Event::Presence(p, b, has)),
        2 => (peer, block).prop_map(|(p, b)| Event::Block(p, b)),
        3 => (0..8000_u64).prop_map(Event::Wait),
        4 => Just(Event::Act),
    ]
}

fn check(client: &Client) {
    for (hash, want) in &client.wants {
        let key = (want.order.0, want.order.1, *hash);
        assert_eq!(client.idle.contains(&key), want.asked.is_empty());
        assert!(want.asked.len() <= AT_ONCE);
        for (peer, _) in &want.asked {
            assert!(client.peers[peer].asked.contains_key(hash));
        }
        assert!(client.sessions.contains_key(&want.root));
    }
    for (.., hash) in &client.idle {
        assert!(client.wants.contains_key(hash));
    }
    for (id, peer) in &client.peers {
        assert!(peer.asked.len() <= WIDEST);
        for hash in peer.asked.keys() {
            let asked = &client.wants[hash].asked;
            assert!(asked.iter().any(|(asked, _)| asked == id));
        }
    }
    for (root, session) in &client.sessions {
        let wants = client.wants.values().filter(|want| want.root == *root);
        assert_eq!(session.wants, wants.count());
    }
}

proptest! {
    #[test]
    fn no_want_is_lost(events in prop::collection::vec(event(), 0..200)) {
        let (mut client, mut now) = (Client::default(), Instant::now());
        let peers: Vec<PeerId> = (0..4).map(|_| PeerId::random()).collect();
        for event in events {
            match event {
                Event::Want(block, root, is_now) => {
                    let urgency = if is_now { Urgency::Now } else { Urgency::Soon };
                    client.want(cid(block), cid(root), urgency, now);
                }
                Event::End(block) => drop(client.end(cid(block).hash(), now)),
                Event::Connected(peer, haves) => client.connected(peers[peer], haves, now),
                Event::Gone(peer) => client.gone(peers[peer]),
                Event::Hint(block, peer) => client.hint(cid(block).hash(), peers[peer]),
                Event::Redialled(peer) => client.redialled(peers[peer]),
                Event::Unreachable(peer) => client.unreachable(&peers[peer]),
                Event::Searched(block) => client.searched(cid(block).hash(), now),
                Event::Presence(peer, block, has) => {
                    client.presence(peers[peer], cid(block).hash(), has);
                }
                Event::Block(peer, block) => {
                    client.block(peers[peer], cid(block).hash(), now);
                }
                Event::Wait(milliseconds) => {
                    now += Duration::from_millis(milliseconds);
                    client.tick(now);
                }
                Event::Act => drop(client.actions(now)),
            }
            check(&client);
        }
        // Whatever was, whoever has it now is asked for it, or it is given up.
        let last = PeerId::random();
        for peer in peers {
            client.gone(peer);
        }
        client.connected(last, true, now);
        for _ in 0..200 {
            now += Duration::from_millis(500);
            client.tick(now);
            for action in client.actions(now) {
                match action {
                    Action::Search(root) => client.searched(root.hash(), now),
                    Action::Fail(hash) => drop(client.end(&hash, now)),
                    Action::Tell(peer, cid, Some(Ask::Have)) => client.presence(peer, cid.hash(), true),
                    Action::Tell(peer, cid, Some(Ask::Block)) if peer == last => {
                        client.block(peer, cid.hash(), now);
                    }
                    _ => {}
                }
            }
            for peer in dialled(&client) {
                client.unreachable(&peer);
            }
            check(&client);
        }
        prop_assert_eq!(client.wants.len(), 0);
    }
}

fn dialled(client: &Client) -> Vec<PeerId> {
    let sessions = client.sessions.values();
    sessions
        .flat_map(|session| session.dialled.iter().copied())
        .collect()
}
