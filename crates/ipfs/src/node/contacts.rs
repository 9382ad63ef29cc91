//! The peers that are dialled because somebody named them.

use std::{collections::HashMap, time::Duration};

use libp2p::{Multiaddr, PeerId, multiaddr::Protocol, swarm::ConnectionId};
use tokio::time::Instant;

use crate::bitswap::Hash;

/// How soon a peer to stay connected with is dialled again, at first and in the end.
const SOON: Duration = Duration::from_secs(1);
const LATE: Duration = Duration::from_secs(30);

/// How long a peer that is connected may take to say that it speaks bitswap.
const GREETING: Duration = Duration::from_secs(3);

/// How long a hint is not dialled again for the same root.
const AGAIN: Duration = Duration::from_secs(2);

/// The most hints that are remembered.
const HINTS: usize = 1024;

/// Peers that the configuration or a request names.
#[derive(Debug)]
pub(super) struct Contacts {
    fixed: Vec<Fixed>,
    /// Roots that a peer without a name may have, by the attempt to reach it.
    nameless: HashMap<ConnectionId, Hash>,
    hinted: HashMap<(Hash, Multiaddr), Instant>,
    /// Where connected peers were reached, and whether they are to be again. As many as connections.
    reached: HashMap<PeerId, (Multiaddr, bool)>,
}

/// A peer to stay connected with.
#[derive(Debug)]
struct Fixed {
    address: Multiaddr,
    peer: Option<PeerId>,
    state: State,
    wait: Duration,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Waiting(Instant),
    Dialling(ConnectionId),
    Connected(ConnectionId, Instant),
}

impl Contacts {
    pub(super) fn new(peers: &[Multiaddr]) -> Self {
        let now = Instant::now();
        let fixed = peers.iter().map(|address| Fixed {
            address: address.clone(),
            peer: peer(address),
            state: State::Waiting(now),
            wait: SOON,
        });
        Self {
            fixed: fixed.collect(),
            nameless: HashMap::new(),
            hinted: HashMap::new(),
            reached: HashMap::new(),
        }
    }

    /// The next peer to stay connected with that is to be dialled.
    pub(super) fn due(&self) -> Option<(usize, Multiaddr)> {
        let now = Instant::now();
        let is_due = |fixed: &Fixed| matches!(fixed.state, State::Waiting(at) if at <= now);
        let at = self.fixed.iter().position(is_due)?;
        Some((at, self.fixed.get(at)?.address.clone()))
    }

    /// It is dialled; none where it cannot be.
    pub(super) fn dialled(&mut self, at: usize, connection: Option<ConnectionId>) {
        if let Some(fixed) = self.fixed.get_mut(at) {
            match connection {
                Some(connection) => fixed.state = State::Dialling(connection),
                None => fixed.wait_on(),
            }
        }
    }

    /// A peer without a name is dialled, which may have a root.
    pub(super) fn hoped(&mut self, connection: ConnectionId, root: Hash) {
        if self.nameless.len() < HINTS {
            self.nameless.insert(connection, root);
        }
    }

    /// A connection is made: the root that the peer may have, and whether to stay connected.
    pub(super) fn made(&mut self, peer: PeerId, connection: ConnectionId) -> (Option<Hash>, bool) {
        let mut is_fixed = false;
        for fixed in &mut self.fixed {
            if fixed.state == State::Dialling(connection) || fixed.peer == Some(peer) {
                fixed.peer = Some(peer);
                fixed.state = State::Connected(connection, Instant::now());
                fixed.wait = SOON;
                is_fixed = true;
            }
        }
        (self.nameless.remove(&connection), is_fixed)
    }

    /// A connection failed, or the last one of a peer was closed.
    pub(super) fn lost(&mut self, peer: Option<PeerId>, connection: ConnectionId) {
        self.nameless.remove(&connection);
        for fixed in &mut self.fixed {
            let is_it = match fixed.state {
                State::Dialling(dialled) => dialled == connection,
                State::Connected(..) => peer.is_some() && fixed.peer == peer,
                State::Waiting(_) => false,
            };
            if is_it {
                fixed.wait_on();
            }
        }
    }

    /// A connected peer was reached at this address.
    pub(super) fn reached(&mut self, peer: PeerId, address: Multiaddr) {
        self.reached.insert(peer, (address, false));
    }

    /// A peer is to be reached again when its connections are closed; false where it is not known how.
    pub(super) fn renew(&mut self, peer: &PeerId) -> bool {
        let reached = self.reached.get_mut(peer);
        reached.is_some_and(|(_, again)| !std::mem::replace(again, true))
    }

    /// A peer is not connected any more: where to reach it again, if it is to be.
    pub(super) fn left(&mut self, peer: &PeerId) -> Option<Multiaddr> {
        let (address, again) = self.reached.remove(peer)?;
        again.then_some(address)
    }

    /// Whether a peer that may have anything is being reached for the first time.
    pub(super) fn is_expecting(&self, speaks: impl Fn(&PeerId) -> bool) -> bool {
        self.fixed.iter().any(|fixed| match fixed.state {
            // Twice is enough to know that it is not there.
            State::Waiting(_) | State::Dialling(_) => fixed.wait <= SOON * 2,
            State::Connected(_, since) => {
                let is_known = fixed.peer.is_some_and(|peer| speaks(&peer));
                !is_known && since.elapsed() < GREETING
            }
        })
    }

    /// Whether a dial for a root is worth it: not where it was tried a moment ago.
    pub(super) fn is_worth(&mut self, root: &Hash, address: &Multiaddr) -> bool {
        let now = Instant::now();
        if self.hinted.len() >= HINTS {
            self.hinted.retain(|_, at| now.duration_since(*at) < AGAIN);
        }
        let hint = (*root, address.clone());
        let last = self.hinted.get(&hint);
        let is_worth = last.is_none_or(|at| now.duration_since(*at) >= AGAIN);
        if is_worth && self.hinted.len() < HINTS {
            self.hinted.insert(hint, now);
            return true;
        }
        false
    }
}

/// Addresses by the peers that they name.
pub(super) fn by_peer(addresses: Vec<Multiaddr>) -> HashMap<Option<PeerId>, Vec<Multiaddr>> {
    let mut peers: HashMap<_, Vec<_>> = HashMap::new();
    for address in addresses {
        peers.entry(peer(&address)).or_default().push(address);
    }
    peers
}

impl Fixed {
    fn wait_on(&mut self) {
        self.state = State::Waiting(Instant::now() + self.wait);
        self.wait = (self.wait * 2).min(LATE);
    }
}

/// The peer that an address names last: before it stands the relay.
pub(super) fn peer(address: &Multiaddr) -> Option<PeerId> {
    match address.iter().last() {
        Some(Protocol::P2p(peer)) => Some(peer),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use multihash_codetable::{Code, MultihashDigest};

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_peer_to_stay_connected_with_is_dialled_again_and_again() {
        let mut contacts = Contacts::new(&["/ip4/1.2.3.4/tcp/1".parse().unwrap()]);
        let (peer, connection) = (PeerId::random(), ConnectionId::new_unchecked(1));
        assert!(contacts.is_expecting(|_| false));
        let mut dials = 0;
        for _ in 0..100 {
            if let Some((at, _)) = contacts.due() {
                contacts.dialled(at, Some(connection));
                contacts.lost(None, connection);
                dials += 1;
            }
            tokio::time::advance(Duration::from_secs(1)).await;
        }
        assert!((5..=8).contains(&dials), "{dials}");
        assert!(
            !contacts.is_expecting(|_| false),
            "it would be waited for in vain"
        );
        tokio::time::advance(LATE).await;
        let (at, _) = contacts.due().unwrap();
        contacts.dialled(at, Some(connection));
        assert_eq!(contacts.made(peer, connection), (None, true));
        assert!(contacts.due().is_none());
        assert!(contacts.is_expecting(|_| false));
        assert!(!contacts.is_expecting(|speaking| *speaking == peer));
        contacts.lost(Some(peer), connection);
        tokio::time::advance(SOON).await;
        assert!(contacts.due().is_some());
    }

    #[tokio::test(start_paused = true)]
    async fn the_same_hint_is_dialled_once_in_a_while() {
        let mut contacts = Contacts::new(&[]);
        let [root, other] = [b"root", b"rest"].map(|seed| Code::Sha2_256.digest(seed));
        let id = PeerId::random();
        let address: Multiaddr = format!("/ip4/1.2.3.4/tcp/1/p2p/{id}").parse().unwrap();
        assert!(contacts.is_worth(&root, &address));
        assert!(!contacts.is_worth(&root, &address));
        assert!(contacts.is_worth(&other, &address));
        tokio::time::advance(AGAIN).await;
        assert!(contacts.is_worth(&root, &address));
        let nameless: Multiaddr = "/ip4/1.2.3.4/tcp/1".parse().unwrap();
        let peers = by_peer(vec![address.clone(), nameless.clone(), address.clone()]);
        assert_eq!(peers[&Some(id)], [address.clone(), address]);
        assert_eq!(peers[&None], [nameless]);
    }
}
