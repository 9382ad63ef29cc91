//! Reaching peers: those that are configured, those that a request names, those that the DHT names.

use cid::Cid;
use libp2p::{
    Multiaddr, PeerId,
    core::ConnectedPoint,
    identify::Info,
    kad, relay,
    swarm::{ConnectionId, DialError, dial_opts::DialOpts},
};
use tokio::time::Instant;

use super::Driver;
use crate::node::{contacts, relays::is_relayed, searches::Found, settings::Scope};

/// The most addresses of one peer that are kept for the DHT.
const ADDRESSES: usize = 8;

impl Driver {
    /// Dials peers to stay connected with, when it is time.
    pub(super) fn dial_fixed(&mut self) {
        while let Some((at, address)) = self.contacts.due() {
            let options: DialOpts = match contacts::peer(&address) {
                Some(peer) => DialOpts::peer_id(peer).addresses(vec![address]).build(),
                None => DialOpts::unknown_peer_id().address(address).build(),
            };
            let connection = options.connection_id();
            let result = self.swarm.dial(options);
            self.contacts
                .dialled(at, result.is_ok().then_some(connection));
        }
    }

    /// Tells bitswap whether it is worth to wait for peers.
    pub(super) fn expect(&mut self) {
        let bitswap = &mut self.swarm.behaviour_mut().bitswap;
        let is_expecting = self.contacts.is_expecting(|peer| bitswap.speaks(peer));
        bitswap.expect(is_expecting);
    }

    /// Somebody says that peers at these addresses have a root.
    pub(super) fn hint(&mut self, root: &Cid, addresses: Vec<Multiaddr>) {
        let rule = &self.rule;
        let allowed = |address: &Multiaddr| rule.allows_name(address);
        let addresses = addresses.into_iter().filter(allowed).collect();
        for (peer, mut addresses) in contacts::by_peer(addresses) {
            if let Some(peer) = peer
                && self.swarm.is_connected(&peer)
            {
                self.swarm.behaviour_mut().bitswap.hint(root.hash(), peer);
                continue;
            }
            addresses.retain(|address| self.contacts.is_worth(root.hash(), address));
            match peer {
                Some(_) if addresses.is_empty() => {}
                Some(peer) => {
                    self.swarm.behaviour_mut().bitswap.hint(root.hash(), peer);
                    self.dial(peer, addresses);
                }
                None => self.dial_nameless(root, addresses),
            }
        }
    }

    /// Dials peers that may have a root, and will say who they are.
    fn dial_nameless(&mut self, root: &Cid, addresses: Vec<Multiaddr>) {
        for address in addresses {
            let options = DialOpts::unknown_peer_id().address(address).build();
            let connection = options.connection_id();
            if self.swarm.dial(options).is_ok() {
                self.contacts.hoped(connection, *root.hash());
            }
        }
    }

    /// Looks for peers that have a root.
    pub(super) fn search(&mut self, root: Cid) {
        let kad = &mut self.swarm.behaviour_mut().kad;
        let is_begun = self.searches.search(root);
        self.searches.begin(kad);
        if !is_begun {
            self.swarm.behaviour_mut().bitswap.searched(root.hash());
        }
    }

    /// Takes what searches brought.
    pub(super) fn found(&mut self, found: Vec<Found>) {
        for found in found {
            match found {
                Found::Providers(root, peers) => {
                    for peer in peers {
                        self.swarm.behaviour_mut().bitswap.hint(&root, peer);
                        // Its addresses are known only while the search runs.
                        self.dial(peer, Vec::new());
                    }
                }
                Found::Over(root) => self.swarm.behaviour_mut().bitswap.searched(&root),
                Found::Addresses(peer, addresses) if addresses.is_empty() => {
                    self.swarm.behaviour_mut().bitswap.unreachable(&peer);
                }
                Found::Addresses(peer, addresses) => self.dial(peer, addresses),
            }
        }
    }

    /// Dials a peer at these addresses, and at those that are known of it.
    fn dial(&mut self, peer: PeerId, addresses: Vec<Multiaddr>) {
        let is_known_only = addresses.is_empty();
        let options = DialOpts::peer_id(peer)
            .addresses(addresses)
            .extend_addresses_through_behaviour()
            .build();
        match self.swarm.dial(options) {
            Ok(()) | Err(DialError::DialPeerConditionFalse(_)) => {}
            Err(DialError::NoAddresses) if is_known_only => {
                let network = self.swarm.behaviour_mut();
                if !self.searches.find(&mut network.kad, peer) {
                    network.bitswap.unreachable(&peer);
                }
            }
            Err(_) => self.swarm.behaviour_mut().bitswap.unreachable(&peer),
        }
    }

    pub(super) fn made(
        &mut self,
        peer: PeerId,
        connection: ConnectionId,
        endpoint: &ConnectedPoint,
    ) {
        if let ConnectedPoint::Dialer { address, .. } = endpoint {
            self.contacts.reached(peer, address.clone());
        }
        let (root, is_fixed) = self.contacts.made(peer, connection);
        let bitswap = &mut self.swarm.behaviour_mut().bitswap;
        if let Some(root) = root {
            bitswap.hint(&root, peer);
        }
        if is_fixed {
            bitswap.keep(peer, connection);
        }
    }

    /// The last connection of a peer was closed.
    pub(super) fn lost(&mut self, peer: PeerId, connection: ConnectionId) {
        self.contacts.lost(Some(peer), connection);
        self.relays.gone(&peer);
        if let Some(address) = self.contacts.left(&peer) {
            self.swarm.behaviour_mut().bitswap.redialled(peer);
            self.dial(peer, vec![address]);
        }
    }

    /// Connects anew with a peer that has fallen silent, where it is known how to reach it.
    pub(super) fn renew(&mut self, peer: PeerId) {
        if self.contacts.renew(&peer) {
            tracing::debug!(%peer, "a peer has fallen silent, and is connected with anew");
            // An error is that it is not connected any more.
            let _ = self.swarm.disconnect_peer_id(peer);
        }
    }

    pub(super) fn not_made(
        &mut self,
        peer: Option<PeerId>,
        connection: ConnectionId,
        error: &DialError,
    ) {
        tracing::debug!(?peer, %error, "a peer cannot be reached");
        self.contacts.lost(None, connection);
        if let Some(peer) = peer
            && !self.swarm.is_connected(&peer)
        {
            self.swarm.behaviour_mut().bitswap.unreachable(&peer);
        }
    }

    /// Joins the DHT, where it is to be.
    pub(super) fn join(&mut self) {
        self.joined = Some(Instant::now());
        let kad = &mut self.swarm.behaviour_mut().kad;
        for address in &self.bootstrap {
            let mut bare = address.clone();
            match (contacts::peer(address), bare.pop()) {
                (Some(peer), Some(_)) => {
                    kad.add_address(&peer, bare);
                }
                _ => tracing::warn!(%address, "a bootstrap peer has no /p2p/ in its address"),
            }
        }
        if !self.bootstrap.is_empty() && kad.bootstrap().is_err() {
            tracing::debug!("the DHT is not joined: no peer of it is known");
        }
    }

    /// A connected peer says what it can do, and where it is.
    pub(super) fn meet(&mut self, peer: PeerId, info: Info) {
        let direct = |address: &Multiaddr| self.rule.allows_dial(address) && !is_relayed(address);
        if info.protocols.contains(&relay::HOP_PROTOCOL_NAME)
            && let Some(address) = info.listen_addrs.iter().find(|address| direct(address))
        {
            self.relays.able(peer, address.clone());
        }
        if info.protocols.contains(&kad::PROTOCOL_NAME) {
            let dialable = |address: &_| self.rule.allows_name(address);
            let addresses = info.listen_addrs.into_iter().filter(dialable);
            let kad = &mut self.swarm.behaviour_mut().kad;
            for address in addresses.take(ADDRESSES) {
                kad.add_address(&peer, address);
            }
            self.searches.begin(kad);
        }
    }

    /// Holds places at relays while nobody reaches the node directly, and gives them up where somebody does.
    pub(super) fn hold_places(&mut self) {
        for place in self.relays.surplus() {
            self.relays.closed(place);
            self.swarm.remove_listener(place);
        }
        while let Some((peer, address)) = self.relays.due() {
            tracing::debug!(%peer, "a place is asked for at a relay");
            let place = self.swarm.listen_on(address);
            self.relays.asked(peer, place.ok());
        }
    }

    /// Somebody reached the node at this address.
    pub(super) fn reached(&mut self, address: &Multiaddr) {
        if self.relays.reached(address) {
            self.serve_dht(true);
        }
    }

    /// Serves the DHT where the node is reached directly, and only asks in it where it is not.
    pub(super) fn serve_dht(&mut self, is_reached: bool) {
        if self.rule.scope() == Scope::Internet {
            let mode = if is_reached {
                kad::Mode::Server
            } else {
                kad::Mode::Client
            };
            self.swarm.behaviour_mut().kad.set_mode(Some(mode));
        }
    }
}
