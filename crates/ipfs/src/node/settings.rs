//! How a node is set up.

use std::{num::NonZeroU32, path::PathBuf};

use libp2p::{Multiaddr, identity::Keypair};
use universal_p2p_core::Dial;

/// How far sockets may reach.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scope {
    /// Anywhere.
    Internet,
    /// No socket leaves this machine: loopback addresses only, no names, no bootstrap peers but those there.
    Loopback,
}

/// The key that makes a node the peer that it is.
#[derive(Clone, Debug)]
pub enum Identity {
    /// The key in this file, which is made at the first start.
    File(PathBuf),
    /// This key.
    Key(Box<Keypair>),
}

/// The settings of the embedded node.
#[derive(Clone, Debug)]
pub struct NodeSettings {
    /// How far sockets may reach.
    pub scope: Scope,
    /// The port for peers, TCP and UDP; 0 takes any free one.
    pub port: u16,
    /// Peers through which the DHT is joined; none: it is not.
    pub bootstrap: Vec<Multiaddr>,
    /// Peers to stay connected with. Literal addresses among them may be private.
    pub peers: Vec<Multiaddr>,
    /// Whether the roots that are held are announced in the DHT.
    pub announce: bool,
    /// Bytes per second sent to others; none: no limit. It may be turned while the node runs.
    pub upload_limit: Dial<Option<NonZeroU32>>,
    /// Whether a peer that the network or a URL names may have a private address.
    pub allow_private: bool,
    /// Who it is.
    pub identity: Identity,
}
