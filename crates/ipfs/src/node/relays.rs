//! Peers through which others reach a node that nobody reaches directly.
//!
//! Whether anybody does is what other peers found out by dialling back (`AutoNAT`). While nobody does, places
//! are held at a few relays; who comes that way is then connected with directly (`DCUtR`), where the
//! routers in between let that happen.

use std::{collections::HashMap, time::Duration};

use libp2p::{Multiaddr, PeerId, core::transport::ListenerId, multiaddr::Protocol};
use tokio::time::Instant;

use super::settings::Scope;

/// How many relays a place is held at.
const PLACES: usize = 2;

/// How long it is waited, after the start too, for somebody to find the node reachable.
const PATIENCE: Duration = Duration::from_secs(if cfg!(test) { 1 } else { 60 });

/// For how long a relay is not asked again that gave no place, or took it back.
const REFUSED: Duration = Duration::from_secs(600);

/// The most of them that are remembered.
const MOST_REFUSED: usize = 256;

/// The most addresses at which the node is known to be reached.
const MOST_DIRECT: usize = 32;

/// What is known of relays, and whether any is needed.
#[derive(Debug)]
pub(super) struct Relays {
    scope: Scope,
    /// Since when nobody reaches the node directly.
    hidden: Instant,
    /// Where it is reached directly.
    direct: Vec<Multiaddr>,
    /// Connected peers that are relays, and where they are. As many as connections.
    able: HashMap<PeerId, Multiaddr>,
    /// Places that are held or asked for.
    places: HashMap<ListenerId, PeerId>,
    refused: HashMap<PeerId, Instant>,
}

impl Relays {
    pub(super) fn new(scope: Scope) -> Self {
        Self {
            scope,
            hidden: Instant::now(),
            direct: Vec::new(),
            able: HashMap::new(),
            places: HashMap::new(),
            refused: HashMap::new(),
        }
    }

    /// A connected peer is a relay.
    pub(super) fn able(&mut self, peer: PeerId, address: Multiaddr) {
        if self.scope == Scope::Internet {
            self.able.insert(peer, address);
        }
    }

    /// A peer is connected no longer.
    pub(super) fn gone(&mut self, peer: &PeerId) {
        self.able.remove(peer);
    }

    /// Somebody reached the node at this address. False where that was through a relay.
    pub(super) fn reached(&mut self, address: &Multiaddr) -> bool {
        if is_relayed(address) {
            return false;
        }
        if self.direct.len() < MOST_DIRECT && !self.direct.contains(address) {
            self.direct.push(address.clone());
        }
        true
    }

    /// It is reached at an address no longer; whether it is still reached directly.
    pub(super) fn unreached(&mut self, address: &Multiaddr) -> bool {
        let before = self.direct.len();
        self.direct.retain(|known| known != address);
        if before > 0 && self.direct.is_empty() {
            self.hidden = Instant::now();
        }
        !self.direct.is_empty()
    }

    /// The next relay to ask for a place: its peer, and the address to listen on.
    pub(super) fn due(&mut self) -> Option<(PeerId, Multiaddr)> {
        let is_hidden = self.direct.is_empty() && self.hidden.elapsed() >= PATIENCE;
        if !is_hidden || self.scope == Scope::Loopback || self.places.len() >= PLACES {
            return None;
        }
        self.refused.retain(|_, since| since.elapsed() < REFUSED);
        let is_free = |peer: &PeerId| {
            !self.refused.contains_key(peer) && self.places.values().all(|held| held != peer)
        };
        let (peer, address) = self.able.iter().find(|(peer, _)| is_free(peer))?;
        let address = address.clone().with_p2p(*peer).ok()?;
        Some((*peer, address.with(Protocol::P2pCircuit)))
    }

    /// A relay is asked; none where that failed at once.
    pub(super) fn asked(&mut self, peer: PeerId, place: Option<ListenerId>) {
        match place {
            Some(place) => {
                self.places.insert(place, peer);
            }
            None => self.refuse(peer),
        }
    }

    /// A place is held no longer; whether it was one at a relay.
    pub(super) fn closed(&mut self, place: ListenerId) -> bool {
        let held = self.places.remove(&place);
        if let Some(peer) = held {
            self.refuse(peer);
        }
        held.is_some()
    }

    /// Places of no use: the node is reached directly.
    pub(super) fn surplus(&self) -> Vec<ListenerId> {
        let is_needed = self.direct.is_empty();
        let places = self.places.keys().filter(|_| !is_needed);
        places.copied().collect()
    }

    fn refuse(&mut self, peer: PeerId) {
        self.able.remove(&peer);
        if self.refused.len() < MOST_REFUSED {
            self.refused.insert(peer, Instant::now());
        }
    }
}

/// Whether an address leads through a relay.
pub(super) fn is_relayed(address: &Multiaddr) -> bool {
    address.iter().any(|part| part == Protocol::P2pCircuit)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn address(text: &str) -> Multiaddr {
        text.parse().unwrap()
    }

    fn relays(scope: Scope, count: usize) -> Relays {
        let mut relays = Relays::new(scope);
        for number in 0..count {
            let at = address(&format!("/ip4/1.2.3.{number}/tcp/4001"));
            relays.able(PeerId::random(), at);
        }
        relays
    }

    #[tokio::test(start_paused = true)]
    async fn places_are_held_while_nobody_reaches_the_node() {
        let mut relays = relays(Scope::Internet, 5);
        assert_eq!(relays.due(), None, "somebody may reach it yet");
        tokio::time::advance(PATIENCE).await;
        let mut places = Vec::new();
        while let Some((peer, at)) = relays.due() {
            assert!(is_relayed(&at));
            assert!(at.to_string().contains(&peer.to_string()));
            places.push(ListenerId::next());
            relays.asked(peer, places.last().copied());
        }
        assert_eq!(places.len(), PLACES);
        // One that gives no place makes room for another.
        assert!(relays.closed(places[0]) && !relays.closed(places[0]));
        let (third, _) = relays.due().unwrap();
        relays.asked(third, None);
        relays.able(third, address("/ip4/1.2.3.3/tcp/4001"));
        assert!(relays.due().is_some_and(|(peer, _)| peer != third));
        assert_eq!(relays.surplus(), []);
        let direct = address("/ip4/1.2.3.99/tcp/4001");
        assert!(relays.reached(&direct));
        assert_eq!((relays.due(), relays.surplus()), (None, vec![places[1]]));
        assert!(!relays.unreached(&direct));
        assert_eq!(relays.due(), None, "it may be back in a moment");
        tokio::time::advance(PATIENCE).await;
        assert!(relays.due().is_some());
    }

    #[tokio::test(start_paused = true)]
    async fn a_place_at_a_relay_does_not_make_the_node_reachable() {
        let mut relays = relays(Scope::Internet, 1);
        let (_, at) = relays.able.iter().next().unwrap();
        let place = at.clone().with(Protocol::P2pCircuit);
        assert!(!relays.reached(&place));
        tokio::time::advance(PATIENCE).await;
        assert!(relays.due().is_some());
    }

    #[tokio::test(start_paused = true)]
    async fn on_loopback_no_relay_is_asked() {
        let mut relays = relays(Scope::Loopback, 5);
        tokio::time::advance(PATIENCE * 100).await;
        assert_eq!((relays.due(), relays.able.len()), (None, 0));
    }
}
