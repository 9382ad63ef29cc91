//! What all swarms share: sockets, limits, ways to find peers.

mod incoming;
mod options;
mod ways;

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError, Weak},
    time::Duration,
};

use librqbit_core::{hash_id::Id20, peer_id::generate_azereus_style};
use librqbit_lsd::LocalServiceDiscovery;
use tokio::{runtime::Handle, sync::Semaphore, time::timeout};
use tokio_util::{sync::CancellationToken, task::TaskTracker};

pub use options::{Options, StartError};

use crate::{
    Finder, Home, Policy, Sources, Swarm, Torrent, http,
    limiter::Limiter,
    net::Sockets,
    swarm::Live,
    tracker::{Announcer, Identity},
};

/// Connections that are being made at the same time, over all torrents.
const HALF_OPEN: usize = 48;

/// Connections in all.
const CONNECTIONS: usize = 1000;

/// How long trackers are given to hear that we leave.
const GOODBYE: Duration = Duration::from_secs(2);

/// Everything that swarms share. It has a thread of its own, and ends when it is dropped.
pub struct Session {
    shared: Arc<Shared>,
    _home: Home,
}

/// What all swarms share.
pub(crate) struct Shared {
    pub(crate) options: Options,
    pub(crate) policy: Policy,
    /// The port others reach us at.
    pub(crate) port: u16,
    pub(crate) home: Handle,
    pub(crate) finder: Finder,
    pub(crate) http: reqwest::Client,
    pub(crate) lsd: Option<LocalServiceDiscovery>,
    pub(crate) uploads: Limiter,
    pub(crate) half_open: Semaphore,
    pub(crate) connections: Semaphore,
    pub(crate) stop: CancellationToken,
    tasks: TaskTracker,
    swarms: Mutex<HashMap<Id20, Weak<Live>>>,
}

impl Session {
    /// Opens the sockets and, where allowed, joins the DHT.
    ///
    /// # Errors
    /// [`StartError`] where a port is taken or the interface does not exist.
    pub async fn start(options: Options) -> Result<Self, StartError> {
        let home = Home::start("swarms").map_err(StartError::new)?;
        let starting = home.run(Shared::start(options, home.handle()));
        let shared = starting.await.map_err(StartError::new)??;
        Ok(Self {
            shared,
            _home: home,
        })
    }

    /// The port others reach us at.
    #[must_use]
    pub fn port(&self) -> u16 {
        self.shared.port
    }

    /// What finds torrents by their infohash.
    #[must_use]
    pub fn finder(&self) -> &Finder {
        &self.shared.finder
    }

    /// Joins the swarm of a torrent. It is left when the result is dropped.
    pub fn join(&self, torrent: Torrent, sources: &Sources) -> Swarm {
        let infohash = torrent.infohash;
        let swarm = Swarm::join(torrent, Arc::clone(&self.shared));
        let live = Arc::downgrade(swarm.live());
        self.shared.swarms().insert(infohash, live);
        swarm.add(sources);
        swarm
    }

    /// Leaves every swarm and closes every socket. Trackers are told, within two seconds.
    pub async fn stop(&self) {
        self.shared.stop.cancel();
        self.shared.tasks.close();
        let _ = timeout(GOODBYE, self.shared.tasks.wait()).await;
    }
}

impl Drop for Session {
    fn drop(&mut self) {
        self.shared.stop.cancel();
    }
}

impl Shared {
    async fn start(options: Options, home: Handle) -> Result<Arc<Self>, StartError> {
        let device = options.device()?;
        let sockets = Sockets::bind(&options.listen(device.clone()))
            .await
            .map_err(StartError::new)?;
        let policy = options.policy;
        let peer_id = generate_azereus_style(*b"UP", (0, 1, 0, 0));
        let port = sockets.port();
        let http = http::client(policy, device.as_ref()).map_err(StartError::new)?;
        let me = Identity { peer_id, port };
        let stop = CancellationToken::new();
        let announcer = Announcer::new(http.clone(), policy, me, device.clone());
        let finder = Finder {
            policy,
            peer_id,
            sockets,
            encryption: options.encryption,
            announcer: announcer.map_err(StartError::new)?,
            dht: ways::dht(&options, device.as_ref(), &stop).await,
            trackers: options.trackers.clone(),
        };
        let lsd = ways::lsd(&options, device.as_ref(), &stop).await;
        let shared = Arc::new(Self {
            policy,
            port,
            home,
            finder,
            http,
            lsd,
            uploads: Limiter::new(&options.upload_limit),
            half_open: Semaphore::new(HALF_OPEN),
            connections: Semaphore::new(CONNECTIONS),
            stop,
            tasks: TaskTracker::new(),
            swarms: Mutex::default(),
            options,
        });
        shared.spawn(incoming::accept(Arc::clone(&shared)));
        ways::forward_port(&shared, device);
        Ok(shared)
    }

    /// Runs a task at home. Every task ends when its swarm or the session does.
    pub(crate) fn spawn(&self, task: impl Future<Output = ()> + Send + 'static) {
        self.tasks.spawn_on(task, &self.home);
    }

    /// The swarm of a torrent, while it is joined.
    pub(crate) fn live(&self, infohash: Id20) -> Option<Arc<Live>> {
        let live = self.swarms().get(&infohash).and_then(Weak::upgrade);
        live.filter(|live| !live.stop.is_cancelled())
    }

    /// Every torrent whose swarm is joined.
    pub(crate) fn infohashes(&self) -> Vec<Id20> {
        let mut swarms = self.swarms();
        swarms.retain(|_, live| live.upgrade().is_some_and(|live| !live.stop.is_cancelled()));
        swarms.keys().copied().collect()
    }

    fn swarms(&self) -> MutexGuard<'_, HashMap<Id20, Weak<Live>>> {
        self.swarms.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
