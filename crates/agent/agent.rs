//! An agent: bound, opened and started from top to bottom, then run until it is told to stop.

mod parts;
#[cfg(all(feature = "rar", feature = "zip"))]
mod peer;

use std::{
    convert::Infallible,
    path::Path,
    sync::Arc,
    time::{Duration, Instant, SystemTime},
};

use anyhow::{Context, Result};
use tokio::{net::TcpListener, time::timeout};
use tokio_util::sync::CancellationToken;
use universal_p2p_bittorrent::BitTorrent;
use universal_p2p_core::Backend;
use universal_p2p_gateway::{Gateway, Registry};
use universal_p2p_management::{Facts, Plane, Token};
use universal_p2p_sharing::Shares;
use universal_p2p_store::Store;

use crate::{
    arguments::Overrides,
    config::Config,
    ipfs,
    listening::Passed,
    logging::Loudness,
    running::Running,
    settings::{Dials, Live, Settings},
};

/// What is left of the five seconds after a signal when streams have ended.
const LEAVE: Duration = Duration::from_secs(1);

/// How often shared files are looked at.
const LOOK_AT_SHARES: Duration = Duration::from_secs(30);

/// What an agent starts with.
pub(crate) struct Start {
    /// How it is to run.
    pub(crate) config: Config,
    /// What of that came from the command line.
    pub(crate) overrides: Overrides,
    /// Sockets that were opened for it.
    pub(crate) passed: Passed,
    /// How much it tells; none where that cannot be changed.
    pub(crate) loudness: Option<Loudness>,
}

/// An agent that is in its networks and takes connections, which it answers once it is run.
#[must_use = "nothing is answered before it is run"]
pub(crate) struct Agent {
    content: (TcpListener, String),
    management: (TcpListener, String),
    token: Token,
    gateway: Gateway,
    plane: Plane,
    bittorrent: Option<Arc<BitTorrent>>,
    ipfs: Option<ipfs::Started>,
    shares: Arc<Shares>,
    store: Arc<Store>,
    running: Running,
}

impl Agent {
    /// Starts an agent that keeps everything in a data directory.
    ///
    /// # Errors
    /// What is wrong with the configuration, a port or the data directory.
    pub(crate) async fn start(start: Start, data_dir: &Path) -> Result<Self> {
        let Start {
            config,
            overrides,
            passed,
            loudness,
        } = start;
        // First what others may hold: who cannot have it should fail before anything is touched.
        let (content, management) = passed.listen(&config.listen).await?;
        let store = Store::open(data_dir, parts::store(&config))?;
        let token =
            Token::load_or_make(data_dir).context("making the token in the data directory")?;
        let content_url = format!("http://{}", content.local_addr()?);
        let management_url = format!("http://{}", management.local_addr()?);

        let shares = shares(&store, data_dir)?;
        let dials = Dials::of(&config);
        let bittorrent = parts::bittorrent(&config, &dials, &store, &shares).await?;
        let bittorrent = bittorrent.map(Arc::new);
        let ipfs = ipfs::start(&config, &dials, &store, &shares).await?;
        let mut backends: Vec<_> = bittorrent
            .iter()
            .map(|backend| Arc::clone(backend) as Arc<dyn Backend>)
            .collect();
        backends.extend(ipfs.iter().flat_map(|ipfs| ipfs.backends.iter().cloned()));
        let settings = parts::gateway(&config, &dials, &backends, &management_url, &token)?;
        let registry = Registry::new(backends.clone());
        let archives = parts::archives(&config, &dials, &store);
        let gateway = Gateway::new(
            registry,
            Arc::clone(&store),
            Arc::clone(&archives),
            settings,
        );

        let facts = Facts {
            version: env!("CARGO_PKG_VERSION"),
            content: content_url.clone(),
            started: SystemTime::now(),
            since: Instant::now(),
            networks: vec!["bittorrent", "ipfs"],
        };
        let live = Live {
            dials,
            store: Some(Arc::clone(&store)),
            loudness,
        };
        let settings = Arc::new(Settings::new(&config, overrides, live)?);
        let plane = Plane::new(facts, Arc::clone(&store), backends, archives, settings)
            .sharing(Arc::clone(&shares));
        let running = Running::tell(data_dir, content.local_addr()?, management.local_addr()?)
            .context("writing agent.json in the data directory")?;
        Ok(Self {
            content: (content, content_url),
            management: (management, management_url),
            token,
            gateway,
            plane,
            bittorrent,
            ipfs,
            shares,
            store,
            running,
        })
    }

    /// Where it serves content, as a link without a path.
    pub(crate) fn content(&self) -> &str {
        &self.content.1
    }

    /// Where its dashboard is, as a link without a path.
    pub(crate) fn management(&self) -> &str {
        &self.management.1
    }

    /// Answers until `told` ends, then lets streams end and leaves the networks.
    ///
    /// # Errors
    /// What a listener says, or the disk where the data directory cannot be closed.
    pub(crate) async fn run(self, told: impl Future<Output = ()>) -> Result<()> {
        let stop = CancellationToken::new();
        let stopped = {
            let (content, management) = (self.content.0, self.management.0);
            let serving = async {
                tokio::try_join!(
                    self.gateway.serve(content, stop.clone()),
                    universal_p2p_management::serve(
                        management,
                        self.token,
                        self.plane,
                        stop.clone()
                    ),
                )
            };
            tokio::pin!(serving);
            tokio::select! {
                ended = &mut serving => ended.map(|_| ()),
                never = look_at_shares(&self.shares) => match never {},
                () = told => {
                    stop.cancel();
                    // A management call that hangs must not keep the agent from going.
                    let ended = timeout(Duration::from_secs(4), serving).await;
                    ended.map_or(Ok(()), |ended| ended.map(|_| ()))
                }
            }
        };
        // While the data directory is still held, or the note could be that of the next agent.
        drop(self.running);
        if let Some(backend) = self.bittorrent {
            // Peers that do not answer lose their goodbye, not the user's data.
            let _ = timeout(LEAVE, backend.stop()).await;
        }
        if let Some(ipfs) = self.ipfs {
            ipfs.stop(LEAVE).await;
        }
        let store = self.store;
        tokio::task::spawn_blocking(move || store.close())
            .await?
            .context("closing the data directory")?;
        stopped.context("serving")
    }
}

/// What the user shares, as it was noted.
fn shares(store: &Store, data_dir: &Path) -> Result<Arc<Shares>> {
    let opened = store
        .scratch("sharing")
        .and_then(|folder| Shares::open(&folder, data_dir));
    opened.context("opening the notes of what is shared in the data directory")
}

/// Notices when shared files change or vanish, also while nobody asks for them.
async fn look_at_shares(shares: &Arc<Shares>) -> Infallible {
    loop {
        let looked_at = Arc::clone(shares);
        let looking = tokio::task::spawn_blocking(move || looked_at.look()).await;
        if let Err(error) = looking {
            tracing::warn!(%error, "shared files could not be looked at");
        }
        tokio::time::sleep(LOOK_AT_SHARES).await;
    }
}
