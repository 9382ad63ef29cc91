//! Where a torrent may be found: what its requests named.

use std::{collections::BTreeSet, net::SocketAddr};

use url::Url;

/// Peers remembered for one torrent.
const MOST_PEERS: usize = 512;

/// Trackers remembered for one torrent.
const MOST_TRACKERS: usize = 32;

/// Peers and trackers that requests named for one torrent.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Sources {
    /// Peers by address, already checked.
    pub(crate) peers: BTreeSet<SocketAddr>,
    /// Trackers, already checked as far as their text shows.
    pub(crate) trackers: BTreeSet<Url>,
}

impl Sources {
    /// Adds what is new, up to a bound, and says whether anything was.
    pub(crate) fn add(&mut self, other: &Self) -> bool {
        let before = (self.peers.len(), self.trackers.len());
        self.peers
            .extend(other.peers.iter().take(MOST_PEERS.saturating_sub(before.0)));
        let room = MOST_TRACKERS.saturating_sub(before.1);
        self.trackers
            .extend(other.trackers.iter().take(room).cloned());
        (self.peers.len(), self.trackers.len()) != before
    }

    /// Whether everything of the other is known already.
    pub(crate) fn covers(&self, other: &Self) -> bool {
        other.peers.is_subset(&self.peers) && other.trackers.is_subset(&self.trackers)
    }
}
