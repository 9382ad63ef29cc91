//! Which connections there are, and on which is spoken with whom.

use std::collections::HashMap;

use libp2p::{PeerId, swarm::ConnectionId};

use crate::bitswap::version::Version;

/// The connections of all peers. As many as the node allows.
#[derive(Debug, Default)]
pub(super) struct Links(HashMap<PeerId, Link>);

/// The connections of one peer.
#[derive(Debug, Default)]
struct Link {
    open: Vec<ConnectionId>,
    /// Those that speak bitswap, the first of them being spoken on.
    speaking: Vec<(ConnectionId, Version)>,
    /// Whether it is known that the newest does not.
    is_mute: bool,
}

/// What became of the connection on which is spoken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Change {
    /// Nothing.
    None,
    /// There is one.
    Begun(Version),
    /// It is another.
    Moved(Version),
    /// There is none, though the peer is connected.
    Silent,
    /// The peer is gone.
    Ended,
}

impl Links {
    /// A connection was made.
    pub(super) fn made(&mut self, peer: PeerId, connection: ConnectionId) {
        let link = self.0.entry(peer).or_default();
        link.open.push(connection);
        link.is_mute = false;
    }

    /// A connection does not speak bitswap.
    pub(super) fn mute(&mut self, peer: &PeerId) {
        if let Some(link) = self.0.get_mut(peer) {
            link.is_mute = true;
        }
    }

    /// Whether a peer is connected, and never says anything.
    pub(super) fn is_mute(&self, peer: &PeerId) -> bool {
        let link = self.0.get(peer);
        link.is_some_and(|link| link.is_mute && link.speaking.is_empty())
    }

    /// A connection speaks bitswap.
    pub(super) fn speaks(
        &mut self,
        peer: PeerId,
        connection: ConnectionId,
        version: Version,
    ) -> Change {
        let Some(link) = self.0.get_mut(&peer) else {
            return Change::None;
        };
        link.speaking.push((connection, version));
        match link.speaking.len() {
            1 => Change::Begun(version),
            _ => Change::None,
        }
    }

    /// A connection was closed.
    pub(super) fn closed(&mut self, peer: &PeerId, connection: ConnectionId) -> Change {
        let Some(link) = self.0.get_mut(peer) else {
            return Change::None;
        };
        link.open.retain(|open| *open != connection);
        let spoken = link.speaking.first().map(|(spoken, _)| *spoken);
        link.speaking.retain(|(open, _)| *open != connection);
        let next = link.speaking.first().map(|(_, version)| *version);
        if link.open.is_empty() {
            self.0.remove(peer);
            return Change::Ended;
        }
        match (spoken == Some(connection), next) {
            (false, _) => Change::None,
            (true, Some(version)) => Change::Moved(version),
            (true, None) => Change::Silent,
        }
    }

    /// The connection on which is spoken with a peer.
    pub(super) fn spoken(&self, peer: &PeerId) -> Option<ConnectionId> {
        let link = self.0.get(peer)?;
        link.speaking.first().map(|(connection, _)| *connection)
    }

    /// The connection on which is spoken with a peer, else any.
    pub(super) fn any(&self, peer: &PeerId) -> Option<ConnectionId> {
        let first = || self.0.get(peer)?.open.first().copied();
        self.spoken(peer).or_else(first)
    }

    /// How many peers speak bitswap.
    pub(super) fn speaking(&self) -> usize {
        let links = self.0.values();
        links.filter(|link| !link.speaking.is_empty()).count()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn when_a_connection_ends_the_next_is_spoken_on() {
        let (mut links, peer) = (Links::default(), PeerId::random());
        let [first, second] = [0, 1].map(ConnectionId::new_unchecked);
        links.made(peer, first);
        links.mute(&peer);
        assert!(links.is_mute(&peer));
        assert_eq!((links.spoken(&peer), links.any(&peer)), (None, Some(first)));
        links.made(peer, second);
        assert!(!links.is_mute(&peer), "it may speak there");
        let begun = links.speaks(peer, second, Version::V1_2);
        assert_eq!(begun, Change::Begun(Version::V1_2));
        assert_eq!(links.speaks(peer, first, Version::V1_1), Change::None);
        assert_eq!(links.spoken(&peer), Some(second));
        let moved = links.closed(&peer, second);
        assert_eq!(moved, Change::Moved(Version::V1_1));
        assert_eq!(links.spoken(&peer), Some(first));
        assert_eq!(links.closed(&peer, first), Change::Ended);
        assert_eq!(links.speaking(), 0);
    }
}
