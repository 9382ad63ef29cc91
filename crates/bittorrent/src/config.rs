//! What can be set.

use std::{num::NonZeroU32, path::PathBuf, time::Duration};

use universal_p2p_core::Dial;
use universal_p2p_swarm::{Encryption, Policy, Scope};
use url::Url;

/// What fetches pieces.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Kind {
    /// The own engine, made for reading while it downloads: what a reader needs next comes from all
    /// peers together, and a piece can be given up while the torrent is live.
    #[default]
    Streaming,
    /// Stock librqbit, tried by thousands on the open internet. One piece comes from one peer, so that
    /// large pieces and jumps take longer; no encryption, no webseeds; a torrent with unsafe or
    /// repeated file names is refused; and whenever room is made on disk in a torrent that is running,
    /// all its peers are left and met again.
    Librqbit,
}

/// The settings of the backend.
#[derive(Clone, Debug)]
pub struct Settings {
    /// What fetches pieces.
    pub engine: Kind,
    /// Whether conversations with peers are encrypted. Only the streaming engine does.
    pub encryption: Encryption,
    /// The network interface that every socket is bound to; none: any.
    pub interface: Option<String>,
    /// How far sockets may reach.
    pub scope: Scope,
    /// Whether a peer or tracker named in a URL may have a private address.
    pub allow_private: bool,
    /// The port for peers, TCP and UDP; 0 takes any free one.
    pub port: u16,
    /// Whether the DHT is used for public torrents.
    pub dht: bool,
    /// `host:port` of nodes to join the DHT through; none: the well-known ones.
    pub dht_bootstrap: Vec<String>,
    /// Trackers to ask for every public torrent.
    pub trackers: Vec<Url>,
    /// Bytes per second sent to others; none: no limit. It may be turned while the backend runs.
    pub upload_limit: Dial<Option<NonZeroU32>>,
    /// Peers connected at the same time for one torrent.
    pub peers_per_torrent: usize,
    /// Whether the router is asked to forward the port (UPnP).
    pub upnp: bool,
    /// How long metadata is looked for. It may be turned while the backend runs.
    pub metadata: Dial<Duration>,
    /// How long a torrent nobody reads stays connected.
    pub park_after: Duration,
    /// A folder of the own, for the DHT's table and the engine's notes.
    pub state: PathBuf,
}

impl Settings {
    /// The rule for addresses that strangers name.
    pub(crate) fn policy(&self) -> Policy {
        Policy::new(self.scope, self.allow_private)
    }
}
