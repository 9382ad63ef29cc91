//! Where a torrent may be found: what its requests named.

use std::{collections::BTreeSet, net::SocketAddr};

use url::Url;

/// Peers remembered for one torrent.
const MOST_PEERS: usize = 512;

/// Trackers remembered for one torrent, and web servers likewise.
const MOST_URLS: usize = 32;

/// Peers, trackers and web servers that requests named for one torrent.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Sources {
    /// Peers by address, already checked.
    pub(crate) peers: BTreeSet<SocketAddr>,
    /// Trackers, already checked as far as their text shows.
    pub(crate) trackers: BTreeSet<Url>,
    /// Web servers that have the files (BEP 19), checked likewise.
    pub(crate) webseeds: BTreeSet<Url>,
}

impl Sources {
    /// Adds what is new, up to a bound, and says whether anything was.
    pub(crate) fn add(&mut self, other: &Self) -> bool {
        let before = self.len();
        self.peers.extend(
            other
                .peers
                .iter()
                .take(MOST_PEERS.saturating_sub(self.peers.len())),
        );
        for (urls, more) in [
            (&mut self.trackers, &other.trackers),
            (&mut self.webseeds, &other.webseeds),
        ] {
            let room = MOST_URLS.saturating_sub(urls.len());
            urls.extend(more.iter().take(room).cloned());
        }
        self.len() != before
    }

    fn len(&self) -> usize {
        self.peers.len() + self.trackers.len() + self.webseeds.len()
    }

    /// As the crate swarm takes them.
    pub(crate) fn to_swarm(&self) -> universal_p2p_swarm::Sources {
        universal_p2p_swarm::Sources {
            peers: self.peers.iter().copied().collect(),
            trackers: self.trackers.iter().cloned().collect(),
            webseeds: self.webseeds.iter().cloned().collect(),
        }
    }

    /// Whether everything of the other is known already.
    pub(crate) fn covers(&self, other: &Self) -> bool {
        other.peers.is_subset(&self.peers)
            && other.trackers.is_subset(&self.trackers)
            && other.webseeds.is_subset(&self.webseeds)
    }
}
