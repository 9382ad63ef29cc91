//! The stock engine: librqbit as published.
//!
//! What it cannot do, and what is done about it:
//! - it cannot be told of a new peer, nor give up a piece it has: the torrent is restarted with a
//!   bitfield made from the store, at most every few seconds and only when nothing else comes;
//! - a peer with nothing to ask for naps for five seconds, and pieces that were under way when the
//!   last reader left are asked for no more: where one or two peers are all there is, a reader who
//!   comes back gets a restart, and so does one who waits in vain;
//! - its readers block one of a few permits each and are never woken when the torrent goes: the
//!   permits are many, and its readers are only used to say where we are, never to read;
//! - it drops peers after ten idle seconds: the timeout is raised;
//! - it re-adds what it remembers at every start: its notes are removed first.

mod fetching;
mod session;
mod storage;

use std::{
    collections::{BTreeSet, HashMap},
    net::SocketAddr,
    path::PathBuf,
    sync::{Arc, Mutex},
    time::{Duration, Instant},
};

use async_trait::async_trait;
use futures_util::{StreamExt, stream::BoxStream};
use librqbit::{
    AddTorrent, AddTorrentOptions, AddTorrentResponse, ManagedTorrent, ManagedTorrentState, Session,
};
use librqbit_core::hash_id::Id20;
use tokio::sync::watch;
use tokio_util::task::AbortOnDropHandle;
use universal_p2p_core::{Error, Result};

use crate::{
    config::Settings,
    discovery::{Discovery, Identity},
    engine::{Engine, Fetch, StartError, Vitals, rqbit::storage::StoreFactory},
    infohash,
    policy::Policy,
    torrent::{Torrent, disk_error, guard},
};

/// The shortest time between two restarts of one torrent.
const RESTART_EVERY: Duration = Duration::from_secs(5);

/// With more peers than this somebody soon wakes and takes over what another left lying.
const FEW_PEERS: usize = 2;

/// How long nothing may come in while a reader waits.
const IN_VAIN: Duration = Duration::from_millis(900);

/// Peers of the last run that are tried again after a restart.
const MOST_AGAIN: usize = 200;

/// The running torrent, or none while it is parked or restarting. Who fetches follows it.
type Current = watch::Sender<Option<Arc<ManagedTorrent>>>;

/// Stock librqbit behind the seam.
pub(crate) struct Rqbit {
    session: Arc<Session>,
    discovery: Arc<Discovery>,
    trackers: Vec<String>,
    bitfields: PathBuf,
    park_after: Duration,
    swarms: Mutex<HashMap<Id20, Arc<Swarm>>>,
}

/// One torrent's place in the engine.
struct Swarm {
    current: Current,
    readers: Arc<fetching::Readers>,
    /// Held while the torrent is joined, restarted or parked.
    changing: tokio::sync::Mutex<Joined>,
}

/// What a running torrent was given.
#[derive(Default)]
struct Joined {
    torrent: Option<Arc<Torrent>>,
    peers: BTreeSet<SocketAddr>,
    /// Peers of the run before, for the next one.
    again: BTreeSet<SocketAddr>,
    since: Option<Instant>,
    /// Bytes that had come in when a waiting reader last looked, and since when it is so many.
    fetched: Option<(u64, Instant)>,
    failure: storage::Failure,
    _listening: Option<AbortOnDropHandle<()>>,
}

impl Joined {
    /// Whether nothing has come in for a while.
    fn is_in_vain(&mut self, torrent: Option<&Arc<ManagedTorrent>>) -> bool {
        let live = torrent.and_then(|torrent| torrent.live());
        let fetched = live.map_or(0, |live| live.stats_snapshot().fetched_bytes);
        match self.fetched {
            Some((before, since)) if before == fetched => since.elapsed() >= IN_VAIN,
            _ => {
                self.fetched = Some((fetched, Instant::now()));
                false
            }
        }
    }
}

impl Rqbit {
    /// Starts the session and the search for peers.
    pub(crate) async fn start(
        settings: &Settings,
    ) -> std::result::Result<(Self, Arc<Discovery>, Identity), StartError> {
        let bitfields = settings.state.join("session");
        let peer_id = session::peer_id();
        let started = session::start(settings, peer_id, &bitfields).await;
        let session = started.map_err(|error| StartError(format!("{error:#}")))?;
        let port = session
            .announce_port()
            .or_else(|| session.listen_addr().map(|address| address.port()));
        let me = Identity {
            peer_id,
            port: port.unwrap_or(settings.port),
        };
        let device = session::device(settings).map_err(|error| StartError(error.to_string()))?;
        let policy = Policy::of(settings);
        let stop = session.cancellation_token().child_token();
        let discovery =
            Discovery::start(policy, me, settings.trackers.clone(), device.as_ref(), stop).await?;
        let discovery = Arc::new(discovery);
        let engine = Self {
            session,
            discovery: Arc::clone(&discovery),
            trackers: settings.trackers.iter().map(ToString::to_string).collect(),
            bitfields,
            park_after: settings.park_after,
            swarms: Mutex::default(),
        };
        Ok((engine, discovery, me))
    }

    fn swarm(&self, infohash: Id20) -> Arc<Swarm> {
        let mut swarms = guard(&self.swarms);
        Arc::clone(swarms.entry(infohash).or_insert_with(|| {
            Arc::new(Swarm {
                current: watch::Sender::new(None),
                readers: Arc::default(),
                changing: tokio::sync::Mutex::default(),
            })
        }))
    }

    /// Adds the torrent to the session, with every peer that is known by now.
    async fn add(&self, torrent: &Arc<Torrent>, swarm: &Swarm, joined: &mut Joined) -> Result<()> {
        let mut peers = torrent.sources().peers;
        peers.append(&mut joined.again);
        let metainfo = &torrent.metainfo;
        let bitfield = self
            .bitfields
            .join(format!("{}.bitv", infohash::id(&metainfo.infohash)));
        let written = tokio::fs::write(&bitfield, torrent.object.bitfield()).await;
        written.map_err(|error| disk_error("writing a bitfield", error))?;
        let failure = storage::Failure::default();
        let options = AddTorrentOptions {
            only_files: Some(Vec::new()),
            overwrite: true,
            initial_peers: Some(peers.iter().copied().collect()),
            // Only the trackers of the request may know of a private torrent (BEP 27).
            trackers: (!metainfo.private).then(|| self.trackers.clone()),
            storage_factory: Some(StoreFactory::create_boxed(
                Arc::clone(&torrent.object),
                failure.clone(),
            )),
            output_folder: Some(self.bitfields.join("unused").to_string_lossy().into_owned()),
            ..AddTorrentOptions::default()
        };
        let adding = AddTorrent::from_bytes(metainfo.torrent_file());
        let added = self
            .session
            .add_torrent(adding, Some(options))
            .await
            .map_err(refused)?;
        let (AddTorrentResponse::Added(_, handle) | AddTorrentResponse::AlreadyManaged(_, handle)) =
            added
        else {
            return Err(Error::internal(
                "joining a swarm",
                "the torrent was only listed",
            ));
        };
        handle.wait_until_initialized().await.map_err(refused)?;
        joined.torrent = Some(Arc::clone(torrent));
        joined.peers = peers;
        joined.since = Some(Instant::now());
        joined.failure = failure;
        joined._listening = Some(self.listen(torrent));
        swarm.current.send_replace(Some(handle));
        Ok(())
    }

    /// Collects peers from the trackers that requests named: they are checked there, and handed
    /// over at the next restart.
    fn listen(&self, torrent: &Arc<Torrent>) -> AbortOnDropHandle<()> {
        let mut sources = torrent.sources();
        sources.peers.clear();
        let mut found = self
            .discovery
            .peers(torrent.metainfo.infohash, &sources, false);
        let torrent = Arc::downgrade(torrent);
        let listening = async move {
            while let Some(peer) = found.next().await {
                let Some(torrent) = torrent.upgrade() else {
                    return;
                };
                let mut more = crate::sources::Sources::default();
                more.peers.insert(peer);
                torrent.add_sources(&more);
            }
        };
        #[expect(
            clippy::disallowed_methods,
            reason = "the handle is kept with the swarm and aborts with it"
        )]
        AbortOnDropHandle::new(tokio::spawn(listening))
    }

    async fn remove(&self, infohash: Id20, swarm: &Swarm, joined: &mut Joined) {
        let before = swarm.current.send_replace(None);
        let again = before
            .map(|handle| known_peers(&handle))
            .unwrap_or_default();
        *joined = Joined {
            again,
            ..Joined::default()
        };
        if let Err(error) = self.session.delete(infohash.into(), false).await {
            tracing::debug!(%error, "the torrent had gone by itself");
        }
    }
}

#[async_trait]
impl Engine for Rqbit {
    fn find_peers(&self, infohash: Id20) -> Option<BoxStream<'static, SocketAddr>> {
        self.session
            .get_dht()
            .map(|dht| dht.get_peers(infohash, None).boxed())
    }

    async fn join(&self, torrent: &Arc<Torrent>) -> Result<()> {
        let swarm = self.swarm(torrent.metainfo.infohash);
        let mut joined = swarm.changing.lock().await;
        if swarm.current.borrow().is_some() {
            let few = self
                .vitals(torrent.metainfo.infohash)
                .is_none_or(|vitals| vitals.peers <= FEW_PEERS);
            if !(swarm.readers.all_left() && few) {
                return Ok(());
            }
            self.remove(torrent.metainfo.infohash, &swarm, &mut joined)
                .await;
        }
        self.add(torrent, &swarm, &mut joined).await
    }

    fn fetch(&self, torrent: &Arc<Torrent>, file: usize, offset: u64) -> Box<dyn Fetch> {
        let swarm = self.swarm(torrent.metainfo.infohash);
        Box::new(fetching::Fetching::start(
            &swarm.readers,
            swarm.current.subscribe(),
            file,
            offset,
        ))
    }

    async fn hurry(&self, torrent: &Arc<Torrent>) -> Result<()> {
        let infohash = torrent.metainfo.infohash;
        let swarm = self.swarm(infohash);
        let mut joined = swarm.changing.lock().await;
        let current = swarm.current.borrow().clone();
        let broken = current.as_ref().is_none_or(|handle| {
            handle.with_state(|state| matches!(state, ManagedTorrentState::Error(_)))
        });
        if let Some(error) = joined.failure.take() {
            self.remove(infohash, &swarm, &mut joined).await;
            return Err(disk_error("writing a piece", error));
        }
        let rested = joined
            .since
            .is_none_or(|since| since.elapsed() >= RESTART_EVERY);
        let few = self
            .vitals(infohash)
            .is_none_or(|vitals| vitals.peers <= FEW_PEERS);
        if broken || (rested && few && joined.is_in_vain(current.as_ref())) {
            tracing::debug!(broken, "restarting a torrent for a reader who waits");
            self.remove(infohash, &swarm, &mut joined).await;
            self.add(torrent, &swarm, &mut joined).await?;
        }
        Ok(())
    }

    async fn forget(&self, torrent: &Arc<Torrent>, pieces: &[u32]) -> Result<()> {
        let swarm = self.swarm(torrent.metainfo.infohash);
        let mut joined = swarm.changing.lock().await;
        let running = swarm.current.borrow().is_some();
        if running {
            self.remove(torrent.metainfo.infohash, &swarm, &mut joined)
                .await;
        }
        let (object, gone) = (Arc::clone(&torrent.object), pieces.to_vec());
        let forgetting = tokio::task::spawn_blocking(move || object.forget(&gone)).await;
        let forgotten = forgetting.map_err(|error| Error::internal("forgetting pieces", error))?;
        forgotten.map_err(|error| disk_error("forgetting pieces", error))?;
        if running {
            self.add(torrent, &swarm, &mut joined).await
        } else {
            Ok(())
        }
    }

    async fn park_idle(&self) {
        let all: Vec<_> = guard(&self.swarms)
            .iter()
            .map(|(hash, swarm)| (*hash, Arc::clone(swarm)))
            .collect();
        for (infohash, swarm) in all {
            let mut joined = swarm.changing.lock().await;
            let idle = joined
                .torrent
                .as_ref()
                .is_none_or(|torrent| torrent.idle() >= self.park_after);
            if idle && swarm.current.borrow().is_some() {
                tracing::debug!(infohash = %infohash.as_string(), "parking a torrent nobody reads");
                self.remove(infohash, &swarm, &mut joined).await;
            }
            drop(joined);
            let mut swarms = guard(&self.swarms);
            // Nobody else holds it: no reader follows it and nobody waits to join.
            if swarm.current.borrow().is_none()
                && swarm.current.receiver_count() == 0
                && Arc::strong_count(&swarm) == 2
            {
                swarms.remove(&infohash);
            }
        }
    }

    fn vitals(&self, infohash: Id20) -> Option<Vitals> {
        let swarm = guard(&self.swarms).get(&infohash).map(Arc::clone)?;
        let live = swarm.current.borrow().as_ref()?.live()?;
        let peers = live.stats_snapshot().peer_stats.live as usize;
        Some(Vitals {
            peers,
            speed: live.down_speed_estimator().bps(),
        })
    }

    async fn stop(&self) {
        for swarm in guard(&self.swarms).values() {
            swarm.current.send_replace(None);
        }
        self.session.stop().await;
    }
}

/// Every peer that the torrent has met.
fn known_peers(torrent: &ManagedTorrent) -> BTreeSet<SocketAddr> {
    let Some(live) = torrent.live() else {
        return BTreeSet::new();
    };
    // The filter's type is not exported, but it can be read from its JSON form.
    let Ok(every) = serde_json::from_str(r#"{"state":"all"}"#) else {
        return BTreeSet::new();
    };
    let met = live.per_peer_stats_snapshot(every);
    met.peers
        .keys()
        .filter_map(|peer| peer.parse().ok())
        .take(MOST_AGAIN)
        .collect()
}

/// The engine would not take the torrent.
fn refused(error: anyhow::Error) -> Error {
    let text = format!("{error:#}");
    let hostile = ["traversal", "separator", "duplicate", "filename"]
        .iter()
        .any(|word| text.to_lowercase().contains(word));
    if hostile {
        return Error::Unsupported {
            what: format!("a torrent with unsafe or repeated file names ({text})"),
        };
    }
    Error::internal("joining a swarm", error)
}
