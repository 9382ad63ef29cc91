//! The embedded node: finds peers that have a block, fetches it, and serves what is held.

mod announcer;
mod call;
mod candidates;
mod contacts;
mod desk;
mod driver;
mod guard;
mod held;
mod key;
mod listen;
mod network;
mod oneway;
mod records;
mod relays;
mod rule;
mod searches;
mod settings;
mod standing;
mod transport;

use std::{
    io,
    path::PathBuf,
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};

use async_trait::async_trait;
use bytes::Bytes;
use cid::Cid;
use libp2p::{Multiaddr, PeerId, identity::Keypair};
use multihash_codetable::Code;
use tokio::{sync::oneshot, task::JoinSet, time::timeout};
use tokio_util::sync::CancellationToken;
use universal_p2p_core::{Error, Result};

use crate::{Block, BlockSource, Want, bitswap::Failure};
use call::Call;
use contacts::Contacts;
use desk::Desk;
use driver::Driver;
pub use held::Held;
use relays::Relays;
use rule::Rule;
use searches::Searches;
pub use settings::{Identity, NodeSettings, Scope};
use standing::Standing;

/// How long connections may take to be closed at the end.
const CLOSING: Duration = Duration::from_secs(2);

/// How long it may take to be told of what goes on.
const TELLING: Duration = Duration::from_secs(1);

/// The most peers that are taken of one hint.
const HINTS: usize = 32;

/// Why the node does not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The key cannot be read or made.
    #[error(
        "the key of the IPFS node, {path}, cannot be used: {cause}; where it is damaged, remove it and start again"
    )]
    Key {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        cause: io::Error,
    },
    /// The port cannot be listened on.
    #[error(
        "the IPFS node cannot listen at {address}: {cause}; set another port, or 0 for any, in [ipfs]"
    )]
    Listen {
        /// Where.
        address: Multiaddr,
        /// What is wrong.
        cause: io::Error,
    },
    /// The transports cannot be set up.
    #[error("the IPFS node cannot reach the network: {0}")]
    Transport(io::Error),
}

/// A peer among peers. Dropping it ends it.
pub struct Node {
    id: PeerId,
    desk: Arc<Desk>,
    standing: Arc<Standing>,
    stop: CancellationToken,
    tasks: Mutex<JoinSet<()>>,
}

impl Node {
    /// Starts a node that serves what is held.
    ///
    /// # Errors
    /// [`StartError`] where it has no key, no port or no network.
    pub async fn start(settings: NodeSettings, held: Arc<dyn Held>) -> Result<Self, StartError> {
        let key = key(&settings.identity)?;
        let id = key.public().to_peer_id();
        let mut swarm =
            network::swarm(&key, &settings, Arc::clone(&held)).map_err(StartError::Transport)?;
        let standing = Arc::new(Standing::default());
        listen::begin(&mut swarm, &settings, &standing).await?;
        let (desk, stop) = (Arc::new(Desk::default()), CancellationToken::new());
        let driver = Driver {
            swarm,
            desk: Arc::clone(&desk),
            standing: Arc::clone(&standing),
            rule: Rule::of(&settings),
            contacts: Contacts::new(&settings.peers),
            relays: Relays::new(settings.scope),
            searches: Searches::new(
                id,
                !settings.bootstrap.is_empty(),
                !settings.peers.is_empty(),
            ),
            bootstrap: settings.bootstrap,
            joined: None,
            stop: stop.clone(),
        };
        let mut tasks = JoinSet::new();
        tasks.spawn(driver.run());
        if settings.announce {
            tasks.spawn(announcer::run(held, Arc::clone(&desk), stop.clone()));
        }
        Ok(Self {
            id,
            desk,
            standing,
            stop,
            tasks: Mutex::new(tasks),
        })
    }

    /// Who it is.
    #[must_use]
    pub fn id(&self) -> PeerId {
        self.id
    }

    /// Where it listens.
    #[must_use]
    pub fn addresses(&self) -> Vec<Multiaddr> {
        self.standing.addresses()
    }

    /// How many peers that exchange blocks are connected.
    #[must_use]
    pub fn peers(&self) -> usize {
        self.standing.peers()
    }

    /// How many peers are connected, those of the DHT among them.
    #[must_use]
    pub fn connected(&self) -> usize {
        self.standing.connected()
    }

    /// Says that these peers may have a root. What is no address of a peer that may be dialled is
    /// passed over, and so is what is said again within two seconds.
    pub fn hint<'a>(&self, root: &Cid, peers: impl IntoIterator<Item = &'a str>) {
        let peers = addresses(peers);
        if !peers.is_empty() {
            self.desk.call(Call::Hint(*root, peers));
        }
    }

    /// Announces in the DHT that a root is held here, and goes on announcing it. At most 1024 are;
    /// of more it is false.
    pub fn provide(&self, root: &Cid) -> bool {
        self.desk.call(Call::Provide(*root))
    }

    /// Announces a root no longer.
    pub fn withdraw(&self, root: &Cid) {
        self.desk.call(Call::Withdraw(*root));
    }

    /// Looks for values of a key in the DHT, such as records of IPNS (`/ipns/` and the bytes of the
    /// name). At most 16 different ones of at most 10 KiB are found, and none of them is checked.
    ///
    /// # Errors
    /// [`Error::NoProviders`] where there is none, [`Error::Busy`] where too much is looked for,
    /// [`Error::Stopping`] when the node is.
    pub async fn values(&self, key: &[u8], within: Duration) -> Result<Vec<Bytes>> {
        let started = Instant::now();
        let (reply, answer) = oneshot::channel();
        if self.stop.is_cancelled() {
            return Err(Error::Stopping);
        }
        if !self.desk.call(Call::Values(key.to_vec(), reply)) {
            return Err(Error::Busy {
                what: "much is looked for in the DHT already".into(),
                retry_after: Duration::from_secs(5),
            });
        }
        let found = timeout(within, answer).await;
        let found = found
            .ok()
            .and_then(std::result::Result::ok)
            .unwrap_or_default();
        if found.is_empty() {
            return Err(reason(Failure::default(), started.elapsed()));
        }
        Ok(found)
    }

    /// Leaves the network. Who waits for a block is told that the node stops.
    pub async fn stop(&self) {
        self.stop.cancel();
        self.desk.close();
        let mut tasks = {
            let mut tasks = self.tasks.lock().unwrap_or_else(PoisonError::into_inner);
            std::mem::take(&mut *tasks)
        };
        let ended = async { while tasks.join_next().await.is_some() {} };
        // What does not end is ended with the set.
        let _ = timeout(CLOSING, ended).await;
    }
}

#[async_trait]
impl BlockSource for Node {
    fn name(&self) -> &'static str {
        "embedded"
    }

    async fn get(&self, cid: &Cid, want: &Want) -> Result<Block> {
        if let Some(block) = Block::inline(cid) {
            return Ok(block);
        }
        if Code::try_from(cid.hash().code()).is_err() {
            return Err(Error::Unsupported {
                what: format!("the hash function {:#x} of {cid}", cid.hash().code()),
            });
        }
        let peers = addresses(want.peers.iter().map(String::as_str));
        let ticket = self.desk.want(cid, want, peers)?;
        ticket.answer().await
    }

    async fn peers(&self, root: &Cid) -> u64 {
        let (reply, answer) = oneshot::channel();
        if self.stop.is_cancelled() || !self.desk.call(Call::Peers(*root.hash(), reply)) {
            return 0;
        }
        let told = timeout(TELLING, answer).await.ok();
        told.and_then(std::result::Result::ok).unwrap_or_default()
    }

    fn hurry(&self, cid: &Cid) {
        self.desk.hurry(cid.hash());
    }

    fn connected_peers(&self) -> u64 {
        self.standing.peers() as u64
    }
}

fn addresses<'a>(peers: impl IntoIterator<Item = &'a str>) -> Vec<Multiaddr> {
    let peers = peers.into_iter().take(HINTS);
    peers.filter_map(|peer| peer.parse().ok()).collect()
}

fn key(identity: &Identity) -> Result<Keypair, StartError> {
    match identity {
        Identity::Key(key) => Ok(*key.clone()),
        Identity::File(path) => key::load_or_make(path).map_err(|cause| StartError::Key {
            path: path.clone(),
            cause,
        }),
    }
}

/// Why a block did not come, as it is told.
fn reason(failure: Failure, waited: Duration) -> Error {
    match failure {
        Failure { wrong: true, .. } => Error::Corrupt {
            what: "peers sent other bytes than they were asked for".into(),
        },
        Failure { peers: 0, .. } => Error::NoProviders {
            waited,
            cure: "name a peer that has it (peer=<multiaddress>) or a gateway in [ipfs], or try again later".into(),
        },
        Failure { peers, .. } => Error::Stalled { waited, peers },
    }
}

#[cfg(test)]
mod tests;
