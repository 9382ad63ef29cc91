//! Addresses at which others say that they see this node.
//!
//! The library asks peers to dial back every one of them, and remembers all. Strangers name them, so few are
//! let through, and none that strangers may not lead to.

use std::{
    collections::HashSet,
    task::{Context, Poll},
};

use libp2p::{
    Multiaddr, PeerId,
    core::{Endpoint, transport::PortUse},
    swarm::{
        ConnectionDenied, ConnectionId, FromSwarm, NetworkBehaviour, THandler, THandlerInEvent,
        THandlerOutEvent, ToSwarm,
    },
};

use super::{relays::is_relayed, rule::Rule};

/// The most of them.
const MOST: usize = 64;

/// Lets a protocol hear of few candidates.
pub(super) struct Candidates<B> {
    inner: B,
    rule: Rule,
    known: HashSet<Multiaddr>,
}

impl<B> Candidates<B> {
    pub(super) fn new(inner: B, rule: Rule) -> Self {
        Self {
            inner,
            rule,
            known: HashSet::new(),
        }
    }

    /// Whether a candidate is one of the few.
    fn takes(&mut self, address: &Multiaddr) -> bool {
        if self.known.contains(address) {
            return true;
        }
        let is_taken =
            self.known.len() < MOST && !is_relayed(address) && self.rule.allows_dial(address);
        is_taken && self.known.insert(address.clone())
    }
}

impl<B: NetworkBehaviour> NetworkBehaviour for Candidates<B> {
    type ConnectionHandler = B::ConnectionHandler;
    type ToSwarm = B::ToSwarm;

    fn handle_pending_inbound_connection(
        &mut self,
        connection: ConnectionId,
        local: &Multiaddr,
        remote: &Multiaddr,
    ) -> Result<(), ConnectionDenied> {
        self.inner
            .handle_pending_inbound_connection(connection, local, remote)
    }

    fn handle_established_inbound_connection(
        &mut self,
        connection: ConnectionId,
        peer: PeerId,
        local: &Multiaddr,
        remote: &Multiaddr,
    ) -> Result<THandler<Self>, ConnectionDenied> {
        self.inner
            .handle_established_inbound_connection(connection, peer, local, remote)
    }

    fn handle_pending_outbound_connection(
        &mut self,
        connection: ConnectionId,
        peer: Option<PeerId>,
        addresses: &[Multiaddr],
        role: Endpoint,
    ) -> Result<Vec<Multiaddr>, ConnectionDenied> {
        self.inner
            .handle_pending_outbound_connection(connection, peer, addresses, role)
    }

    fn handle_established_outbound_connection(
        &mut self,
        connection: ConnectionId,
        peer: PeerId,
        address: &Multiaddr,
        role: Endpoint,
        port: PortUse,
    ) -> Result<THandler<Self>, ConnectionDenied> {
        self.inner
            .handle_established_outbound_connection(connection, peer, address, role, port)
    }

    fn on_swarm_event(&mut self, event: FromSwarm<'_>) {
        let is_taken = match &event {
            FromSwarm::NewExternalAddrCandidate(candidate) => self.takes(candidate.addr),
            _ => true,
        };
        if is_taken {
            self.inner.on_swarm_event(event);
        }
    }

    fn on_connection_handler_event(
        &mut self,
        peer: PeerId,
        connection: ConnectionId,
        event: THandlerOutEvent<Self>,
    ) {
        self.inner
            .on_connection_handler_event(peer, connection, event);
    }

    fn poll(
        &mut self,
        cx: &mut Context<'_>,
    ) -> Poll<ToSwarm<Self::ToSwarm, THandlerInEvent<Self>>> {
        self.inner.poll(cx)
    }
}

#[cfg(test)]
mod tests {
    use libp2p::{
        identity::Keypair,
        swarm::{NewExternalAddrCandidate, dummy},
    };

    use super::*;
    use crate::node::settings::{Identity, NodeSettings, Scope};

    #[test]
    fn however_many_addresses_strangers_name_few_are_looked_at() {
        let rule = Rule::of(&NodeSettings {
            scope: Scope::Internet,
            port: 0,
            bootstrap: Vec::new(),
            peers: Vec::new(),
            announce: false,
            upload_limit: None.into(),
            allow_private: false,
            identity: Identity::Key(Keypair::generate_ed25519().into()),
        });
        let mut candidates = Candidates::new(dummy::Behaviour, rule);
        let relayed = format!("/ip4/1.1.1.1/tcp/1/p2p/{}/p2p-circuit", PeerId::random());
        for near in [
            "/ip4/10.0.0.1/tcp/4001",
            "/ip4/127.0.0.1/tcp/4001",
            &relayed,
        ] {
            assert!(!candidates.takes(&near.parse().unwrap()), "{near}");
        }
        for port in 1..1000 {
            let addr = &format!("/ip4/1.1.1.1/tcp/{port}").parse().unwrap();
            let said = NewExternalAddrCandidate { addr };
            candidates.on_swarm_event(FromSwarm::NewExternalAddrCandidate(said));
        }
        assert_eq!(candidates.known.len(), MOST);
        assert!(candidates.takes(&"/ip4/1.1.1.1/tcp/1".parse().unwrap()));
    }
}
