//! What can be set.

use std::{
    net::{Ipv4Addr, Ipv6Addr, SocketAddr},
    num::NonZeroU32,
    path::PathBuf,
};

use librqbit_dualstack_sockets::BindDevice;
use universal_p2p_core::Dial;

use crate::{
    Policy, Scope,
    net::{self, Encryption},
};

/// The name of the loopback device.
const LOOPBACK: &str = if cfg!(target_os = "macos") {
    "lo0"
} else {
    "lo"
};

/// The settings of a session.
#[derive(Clone, Debug)]
pub struct Options {
    /// Which addresses may be reached.
    pub policy: Policy,
    /// The network interface that every socket is bound to; none: any.
    pub interface: Option<String>,
    /// The port for peers, TCP and UDP; 0 takes any free one.
    pub port: u16,
    /// Whether conversations with peers are encrypted.
    pub encryption: Encryption,
    /// Whether the DHT is used for public torrents.
    pub dht: bool,
    /// `host:port` of nodes to join the DHT through; none: the well-known ones.
    pub dht_bootstrap: Vec<String>,
    /// Trackers to ask for every public torrent.
    pub trackers: Vec<url::Url>,
    /// Bytes per second sent to others; none: no limit. It may be turned while the session runs.
    pub upload_limit: Dial<Option<NonZeroU32>>,
    /// Peers connected at the same time for one torrent.
    pub peers_per_torrent: usize,
    /// Whether the router is asked to forward the port (UPnP).
    pub upnp: bool,
    /// A folder of the own, for the DHT's table.
    pub state: PathBuf,
}

/// Why a session could not be started.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct StartError(String);

impl StartError {
    pub(crate) fn new(why: impl std::fmt::Display) -> Self {
        Self(why.to_string())
    }
}

impl Options {
    /// The device that every socket is bound to.
    pub(super) fn device(&self) -> Result<Option<BindDevice>, StartError> {
        let name = match (&self.interface, self.policy.scope()) {
            (Some(name), _) => name.as_str(),
            (None, Scope::Loopback) if !cfg!(windows) => LOOPBACK,
            (None, _) => return Ok(None),
        };
        BindDevice::new_from_name(name).map(Some).map_err(|error| {
            let why = format!("the network interface {name} (network.interface): {error}");
            StartError(why)
        })
    }

    /// What is listened on.
    pub(super) fn listen(&self, device: Option<BindDevice>) -> net::Options {
        let address = match self.policy.scope() {
            Scope::Loopback => SocketAddr::from((Ipv4Addr::LOCALHOST, self.port)),
            Scope::Internet => SocketAddr::from((Ipv6Addr::UNSPECIFIED, self.port)),
        };
        net::Options {
            address,
            device,
            tcp: true,
            utp: true,
        }
    }
}
