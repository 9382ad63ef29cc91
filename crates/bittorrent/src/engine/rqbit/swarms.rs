//! The torrents in the session: joining, restarting and parking them.

use std::{
    collections::HashMap,
    num::NonZeroU32,
    path::PathBuf,
    sync::{Arc, Mutex, atomic::AtomicUsize},
    time::Duration,
};

use bytes::Bytes;
use futures_util::StreamExt;
use librqbit::Session;
use librqbit_core::hash_id::Id20;
use tokio::runtime::Handle;
use universal_p2p_core::{Dial, Result};
use universal_p2p_swarm::Finder;

use super::{fetching::Fetching, session, swarm::Swarm};
use crate::{
    config::Settings,
    engine::{StartError, Vitals},
    sources::Sources,
    torrent::{Torrent, disk_error, guard, is_lack_of_room, removed},
};

/// Every torrent's swarm, on the session's own runtime.
pub(super) struct Swarms {
    pub(super) session: Arc<Session>,
    pub(super) finder: Finder,
    pub(super) trackers: Vec<String>,
    /// The folder of the session's own notes, bitfields among them.
    pub(super) notes: PathBuf,
    pub(super) next_number: AtomicUsize,
    /// Where all of this happens.
    pub(super) home: Handle,
    park_after: Duration,
    upload_limit: Dial<Option<NonZeroU32>>,
    swarms: Mutex<HashMap<Id20, Arc<Swarm>>>,
}

impl Swarms {
    /// Starts the session and the search for peers.
    pub(super) async fn start(
        settings: &Settings,
        home: Handle,
    ) -> std::result::Result<Self, StartError> {
        let notes = settings.state.join("session");
        let peer_id = session::peer_id();
        let started = session::start(settings, peer_id, &notes).await;
        let session = started.map_err(|error| StartError(format!("{error:#}")))?;
        let listening = session.listen_addr().map(|address| address.port());
        let port = session
            .announce_port()
            .or(listening)
            .unwrap_or(settings.port);
        let device = session::device(settings).map_err(|error| StartError(error.to_string()))?;
        let trackers = settings.trackers.clone();
        let finder = Finder::start(settings.policy(), peer_id, port, device, trackers)
            .map_err(|error| StartError(error.to_string()))?;
        Ok(Self {
            session,
            finder,
            trackers: settings.trackers.iter().map(ToString::to_string).collect(),
            notes,
            next_number: AtomicUsize::new(0),
            home,
            park_after: settings.park_after,
            upload_limit: settings.upload_limit.clone(),
            swarms: Mutex::default(),
        })
    }

    fn swarm(&self, infohash: Id20) -> Arc<Swarm> {
        let mut swarms = guard(&self.swarms);
        Arc::clone(
            swarms
                .entry(infohash)
                .or_insert_with(|| Arc::new(Swarm::parked())),
        )
    }
}

impl Swarms {
    pub(super) async fn metadata(
        &self,
        infohash: Id20,
        sources: &Sources,
        limit: Duration,
    ) -> Result<Bytes> {
        let dht = self.session.get_dht();
        let by_dht = dht.map(|dht| dht.get_peers(infohash, None).boxed());
        let sources = sources.to_swarm();
        self.finder
            .metadata(infohash, &sources, by_dht, limit)
            .await
    }

    pub(super) async fn join(self: &Arc<Self>, torrent: &Arc<Torrent>) -> Result<()> {
        let swarm = self.swarm(torrent.metainfo.infohash);
        let mut run = swarm.run.lock().await;
        if torrent.object.is_gone() {
            return Err(removed());
        }
        torrent
            .object
            .announce_through(swarm.offering(self, torrent));
        if swarm.is_running() {
            let is_idle = swarm.readers.all_left() && swarm.has_few_peers();
            if !is_idle && run.is_of(torrent) {
                return Ok(());
            }
            self.remove(torrent.metainfo.infohash, &swarm, &mut run)
                .await;
        }
        self.add(torrent, &swarm, &mut run).await
    }

    pub(super) fn fetch(&self, torrent: &Torrent, file: usize, at: u64) -> Fetching {
        let swarm = self.swarm(torrent.metainfo.infohash);
        let current = swarm.current.subscribe();
        let file_starts = torrent.metainfo.files[file].offset;
        Fetching::start(&swarm.readers, current, (file, file_starts), at)
    }

    pub(super) async fn hurry(&self, torrent: &Arc<Torrent>, piece: u32) -> Result<()> {
        let infohash = torrent.metainfo.infohash;
        let swarm = self.swarm(infohash);
        let mut run = swarm.run.lock().await;
        if torrent.object.is_gone() {
            return Err(removed());
        }
        if run.failure.is_lack_of_room() && !run.finds_room(torrent, piece) {
            // It stands still until there is some; the reader sees whether that can be.
            return Ok(());
        }
        match run.failure.take() {
            Some(error) if !is_lack_of_room(&error) => {
                self.remove(infohash, &swarm, &mut run).await;
                return Err(disk_error("writing a piece", error));
            }
            _ => {}
        }
        if run.is_hopeless(&swarm) {
            tracing::debug!(infohash = %infohash.as_string(), "restarting a torrent for a reader who waits");
            self.remove(infohash, &swarm, &mut run).await;
            self.add(torrent, &swarm, &mut run).await?;
        }
        Ok(())
    }

    pub(super) async fn leave(&self, infohash: Id20) {
        let swarm = guard(&self.swarms).remove(&infohash);
        if let Some(swarm) = swarm {
            self.remove(infohash, &swarm, &mut *swarm.run.lock().await)
                .await;
        }
    }

    pub(super) async fn park_idle(&self) {
        // The session is not told of a change at once, but within seconds.
        self.session
            .ratelimits
            .set_upload_bps(self.upload_limit.get());
        let swarms = guard(&self.swarms).clone();
        for (infohash, swarm) in swarms {
            let mut run = swarm.run.lock().await;
            let idle = run
                .torrent
                .as_ref()
                .is_none_or(|torrent| torrent.idle() >= self.park_after);
            if idle && swarm.is_running() {
                tracing::debug!(infohash = %infohash.as_string(), "parking a torrent nobody reads");
                self.remove(infohash, &swarm, &mut run).await;
            }
            drop(run);
            let mut swarms = guard(&self.swarms);
            // Nobody else holds it: no reader follows it, and nobody is about to join.
            let unused = swarm.current.receiver_count() == 0 && Arc::strong_count(&swarm) == 2;
            if unused && !swarm.is_running() {
                swarms.remove(&infohash);
            }
        }
    }

    pub(super) fn vitals(&self, infohash: Id20) -> Option<Vitals> {
        let swarm = guard(&self.swarms).get(&infohash).map(Arc::clone)?;
        let live = swarm.current.borrow().as_ref()?.live()?;
        let peers = live.stats_snapshot().peer_stats.live as usize;
        Some(Vitals {
            peers,
            speed: live.down_speed_estimator().bps(),
        })
    }

    pub(super) fn peers(&self) -> usize {
        let infohashes: Vec<_> = guard(&self.swarms).keys().copied().collect();
        let vitals = infohashes
            .into_iter()
            .filter_map(|infohash| self.vitals(infohash));
        vitals.map(|vitals| vitals.peers).sum()
    }

    pub(super) async fn stop(&self) {
        let swarms = guard(&self.swarms).clone();
        for (infohash, swarm) in swarms {
            self.remove(infohash, &swarm, &mut *swarm.run.lock().await)
                .await;
        }
        self.session.cancellation_token().cancel();
    }
}
