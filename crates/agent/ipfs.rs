//! Putting the backends of IPFS together: the own node, a daemon, gateways, names.

use std::{sync::Arc, time::Duration};

use anyhow::{Context, Result};
use tokio::time::timeout;
use universal_p2p_core::Backend;
use universal_p2p_ipfs::{
    BlockSource, Disk, Dns, Gateway, GatewaySettings, Identity, Ipfs, Ipns, Kept, Kubo,
    KuboSettings, Lent, Multiaddr, Names, Node, NodeSettings, Records, Resolver, Scope, Settings,
    Sources,
};
use universal_p2p_sharing::Shares;
use universal_p2p_store::Store;

use crate::{
    config::{self, Config, IpfsSource},
    settings::Dials,
};

/// Peers through which the network is joined, one a line.
const BOOTSTRAP: &str = include_str!("../../config/ipfs-bootstrap.txt");

/// What runs.
pub(crate) struct Started {
    /// What answers addresses.
    pub(crate) backends: [Arc<dyn Backend>; 2],
    node: Option<Arc<Node>>,
}

impl Started {
    /// Where other peers on this machine reach the own node, as multiaddresses that end with its id.
    #[cfg(all(feature = "rar", feature = "zip"))]
    pub(crate) fn addresses(&self) -> Vec<String> {
        let node = self.node.iter();
        let told = node.flat_map(|node| {
            let addresses = node.addresses().into_iter();
            addresses.map(|address| format!("{address}/p2p/{}", node.id()))
        });
        told.collect()
    }

    /// Leaves the network, and waits no longer than this for peers to take note.
    pub(crate) async fn stop(self, within: Duration) {
        if let Some(node) = self.node {
            let _ = timeout(within, node.stop()).await;
        }
    }
}

/// Starts what the configuration asks for.
///
/// # Errors
/// What is wrong with the configuration, or with a port.
pub(crate) async fn start(
    config: &Config,
    dials: &Dials,
    store: &Arc<Store>,
    shares: &Arc<Shares>,
) -> Result<Option<Started>> {
    let section = &config.ipfs;
    if !section.enabled {
        return Ok(None);
    }
    let is_loopback_only = config.network.scope == config::Scope::Loopback;
    let disk = Arc::new(Disk::new(Arc::clone(store)));
    let disk = Arc::new(Lent::new(disk, Arc::clone(shares)));
    let mut sources: Vec<Arc<dyn BlockSource>> = Vec::new();
    let mut records: Vec<Arc<dyn Records>> = Vec::new();
    let mut node = None;
    for source in &section.source {
        match source {
            IpfsSource::Embedded => {
                let settings = node_settings(config, dials, store)?;
                let started = Node::start(settings, Arc::clone(&disk) as _).await;
                let started = Arc::new(started.context("starting the node of IPFS")?);
                sources.push(Arc::clone(&started) as _);
                records.push(Arc::clone(&started) as _);
                node = Some(started);
            }
            IpfsSource::Kubo => {
                let settings = KuboSettings {
                    api: section.kubo_api.clone(),
                    is_loopback_only,
                };
                sources.push(Kubo::new(&settings).context("ipfs.kubo_api")?);
            }
            IpfsSource::Gateway => {
                let settings = GatewaySettings {
                    gateways: section.gateways.clone(),
                    is_loopback_only,
                };
                for gateway in Gateway::all(&settings).context("ipfs.gateways")? {
                    sources.push(Arc::clone(&gateway) as _);
                    records.push(gateway);
                }
            }
        }
    }
    let sources = Arc::new(Sources::new(disk, sources));
    let metadata = dials.metadata.clone();
    let content = Arc::new(Ipfs::new(
        sources,
        Settings {
            metadata: metadata.clone(),
        },
    ));
    let resolver = match is_loopback_only {
        true => None,
        false => Dns::of_system()
            .inspect_err(|error| tracing::warn!(%error, "no domain is looked up"))
            .ok()
            .map(|dns| Arc::new(dns) as Arc<dyn Resolver>),
    };
    let names = Names {
        records,
        resolver,
        kept: Some(Arc::new(Arc::clone(store)) as Arc<dyn Kept>),
        within: metadata,
    };
    let named = Ipns::new(Arc::clone(&content), names);
    Ok(Some(Started {
        backends: [content, Arc::new(named)],
        node,
    }))
}

fn node_settings(config: &Config, dials: &Dials, store: &Arc<Store>) -> Result<NodeSettings> {
    let section = &config.ipfs;
    let scope = match config.network.scope {
        config::Scope::Internet => Scope::Internet,
        config::Scope::Loopback => Scope::Loopback,
    };
    let joins = section.bootstrap && scope == Scope::Internet;
    let lines = BOOTSTRAP.lines().filter(|line| !line.starts_with('#'));
    Ok(NodeSettings {
        scope,
        port: section.port,
        bootstrap: lines
            .filter(|_| joins)
            .map(|line| line.parse().context("a peer to join the network of IPFS through"))
            .collect::<Result<_>>()?,
        peers: section
            .peers
            .iter()
            .map(|peer| {
                peer.parse::<Multiaddr>().with_context(|| {
                    format!("ipfs.peers: \"{peer}\" is no multiaddress such as /ip4/203.0.113.7/tcp/4001/p2p/12D3Koo…")
                })
            })
            .collect::<Result<_>>()?,
        announce: section.announce,
        upload_limit: dials.ipfs_upload.clone(),
        allow_private: config.network.allow_private,
        identity: Identity::File(
            store
                .scratch("ipfs")
                .context("making a folder in the data directory")?
                .join("key"),
        ),
    })
}
