//! Two agents that keep to this machine: the one that pages ask, and the peer that it gets everything from.

use std::{
    fs,
    net::{Ipv4Addr, SocketAddr},
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use anyhow::{Context, Result, bail};
use tokio::time::{sleep, timeout};
use universal_p2p_bittorrent::BitTorrent;
use universal_p2p_core::{Backend, Id};
use universal_p2p_sharing::{Networks, Report, Shares, State};

use crate::{
    agent::{Agent, Start},
    arguments::Overrides,
    config::{Config, Scope, Size},
    listening::Passed,
};

/// What the shared folder is called, which others see.
const SHARED: &str = "demo";

/// The most that an agent keeps, in bytes: many times what there is.
const LIMIT: Size = Size(64_000_000);

/// How long it may take until everything is shared. It is hardly a megabyte.
const SHARED_WITHIN: Duration = Duration::from_secs(30);

/// How often it is looked whether the torrent is served.
const LOOK_EVERY: Duration = Duration::from_millis(5);

/// Makes the folder that the peer is to share.
///
/// # Errors
/// What the disk says.
pub(super) fn folder_to_share(folder: &Path) -> Result<PathBuf> {
    let shared = folder.join(SHARED);
    fs::create_dir(&shared).context("making the folder that is shared")?;
    Ok(shared)
}

/// Starts an agent below a folder, under a name.
///
/// # Errors
/// As [`Agent::start`].
pub(super) async fn start(folder: &Path, name: &str) -> Result<Agent> {
    let config = config()?;
    // Its dashboard changes this file, and not that of the user.
    let file = folder.join(format!("{name}.toml"));
    fs::write(&file, config.to_toml()?).context("writing a configuration")?;
    let start = Start {
        config,
        overrides: Overrides {
            config: Some(file),
            ..Overrides::default()
        },
        passed: Passed::default(),
        loudness: None,
    };
    Agent::start(start, &folder.join(name)).await
}

/// Any free ports, nobody but this machine, little room on disk; whatever the user has set for another agent.
fn config() -> Result<Config> {
    let mut config = Config::built_in()?;
    let any = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
    (config.listen.content, config.listen.management) = (any, any);
    config.network.scope = Scope::Loopback;
    (config.disk.limit, config.disk.keep_free) = (LIMIT, Size(0));
    config.bittorrent.dht = false;
    (config.ipfs.bootstrap, config.ipfs.announce) = (false, false);
    Ok(config)
}

/// Where others find what is shared.
pub(super) struct Addresses {
    /// The torrent, and a peer that has it.
    pub(super) infohash: String,
    pub(super) peer: SocketAddr,
    /// The folder in IPFS, and a node that has it.
    pub(super) cid: String,
    pub(super) node: String,
}

/// The agent that shares.
pub(super) struct Peer {
    shares: Arc<Shares>,
    bittorrent: Option<Arc<BitTorrent>>,
    node: Option<String>,
}

impl Peer {
    pub(super) fn of(agent: &Agent) -> Self {
        let nodes = agent.nodes().into_iter();
        Self {
            shares: agent.shares(),
            bittorrent: agent.bittorrent(),
            // Of all its addresses the one that every machine has.
            node: nodes
                .filter(|node| node.starts_with("/ip4/"))
                .find(|node| node.contains("/tcp/")),
        }
    }

    /// Shares a folder on both networks, and waits until it is served.
    ///
    /// # Errors
    /// What keeps it from being shared.
    pub(super) async fn share(self, folder: PathBuf) -> Result<Addresses> {
        let sharing = timeout(SHARED_WITHIN, self.served(folder));
        let served = sharing.await.context("sharing takes too long")?;
        let (infohash, cid, port) = served.context("sharing the files of the peer")?;
        Ok(Addresses {
            infohash,
            peer: (Ipv4Addr::LOCALHOST, port).into(),
            cid,
            node: self
                .node
                .context("the peer's node of IPFS does not listen")?,
        })
    }

    /// Gives infohash and CID, and the port of the one who has the torrent.
    async fn served(&self, folder: PathBuf) -> Result<(String, String, u16)> {
        let networks = Networks {
            bittorrent: true,
            ipfs: true,
        };
        let mut changes = self.shares.subscribe();
        let job = self.shares.begin(vec![folder], networks)?;
        let report = loop {
            let report = self.shares.report(job).context("it is gone")?;
            match report.state {
                State::Hashing => changes.changed().await?,
                State::Ready => break report,
                State::Failed => bail!(report.error.unwrap_or_default()),
            }
        };
        let Report { infohash, cid, .. } = report;
        let (infohash, cid) = infohash.zip(cid).context("a network is missing")?;
        let bittorrent = self.bittorrent.as_ref().context("BitTorrent is off")?;
        // Who comes before the swarm is joined is sent away, and comes again only after a while.
        let id = Id::new(&infohash)?;
        while bittorrent.vitals(&id).is_none() {
            sleep(LOOK_EVERY).await;
        }
        let port = bittorrent.port().context("BitTorrent does not listen")?;
        Ok((infohash, cid, port))
    }
}
