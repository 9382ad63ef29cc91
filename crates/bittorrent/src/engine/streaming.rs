//! The streaming engine: the crate `swarm` behind the seam.

mod disk;

use std::{
    collections::HashMap,
    ops::Range,
    sync::{Arc, Mutex},
    time::Duration,
};

use async_trait::async_trait;
use bytes::Bytes;
use librqbit_core::hash_id::Id20;
use tokio::task::spawn_blocking;
use universal_p2p_core::{Error, Result};
use universal_p2p_swarm::{self as swarm, Forgetting, Need, Pieces, Session, Swarm, WebFile};

use self::disk::Disk;
use crate::{
    config::Settings,
    engine::{Engine, Fetch, StartError, Vitals},
    sources::Sources,
    torrent::{Torrent, disk_error, guard},
};

/// The streaming engine.
pub(crate) struct Streaming {
    session: Session,
    joined: Mutex<HashMap<Id20, Joined>>,
    park_after: Duration,
}

/// A torrent whose swarm is joined.
#[derive(Clone)]
struct Joined {
    torrent: Arc<Torrent>,
    swarm: Arc<Swarm>,
}

impl Streaming {
    /// Opens the sockets.
    pub(crate) async fn start(settings: &Settings) -> std::result::Result<Self, StartError> {
        let options = swarm::Options {
            policy: settings.policy(),
            interface: settings.interface.clone(),
            port: settings.port,
            encryption: settings.encryption,
            dht: settings.dht,
            dht_bootstrap: settings.dht_bootstrap.clone(),
            trackers: settings.trackers.clone(),
            upload_limit: settings.upload_limit,
            peers_per_torrent: settings.peers_per_torrent,
            upnp: settings.upnp,
            state: settings.state.clone(),
        };
        let started = Session::start(options).await;
        Ok(Self {
            session: started.map_err(|error| StartError(error.to_string()))?,
            joined: Mutex::default(),
            park_after: settings.park_after,
        })
    }

    fn swarm(&self, infohash: Id20) -> Option<Arc<Swarm>> {
        let joined = guard(&self.joined);
        joined
            .get(&infohash)
            .map(|joined| Arc::clone(&joined.swarm))
    }
}

#[async_trait]
impl Engine for Streaming {
    async fn metadata(&self, infohash: Id20, sources: &Sources, limit: Duration) -> Result<Bytes> {
        let finder = self.session.finder();
        finder
            .metadata(infohash, &sources.to_swarm(), None, limit)
            .await
    }

    async fn join(&self, torrent: &Arc<Torrent>) -> Result<()> {
        let sources = torrent.sources().to_swarm();
        let mut joined = guard(&self.joined);
        if let Some(joined) = joined.get(&torrent.metainfo.infohash) {
            joined.swarm.add(&sources);
            return Ok(());
        }
        let swarm = self.session.join(described(torrent)?, &sources);
        let swarm = Joined {
            torrent: Arc::clone(torrent),
            swarm: Arc::new(swarm),
        };
        joined.insert(torrent.metainfo.infohash, swarm);
        Ok(())
    }

    fn fetch(
        &self,
        torrent: &Arc<Torrent>,
        _: usize,
        range: Range<u64>,
        need: Need,
    ) -> Box<dyn Fetch> {
        let swarm = self.swarm(torrent.metainfo.infohash);
        Box::new(Fetching(swarm.map(|swarm| swarm.read(range, need, u64::MAX))))
    }

    async fn hurry(&self, torrent: &Arc<Torrent>) -> Result<()> {
        self.swarm(torrent.metainfo.infohash)
            .map_or(Ok(()), |swarm| {
                swarm
                    .hurry()
                    .map_err(|error| disk_error("writing a piece", error))
            })
    }

    async fn forget(&self, torrent: &Arc<Torrent>, pieces: &[u32]) -> Result<()> {
        let swarm = self.swarm(torrent.metainfo.infohash);
        let forgetting = swarm.as_ref().map(|swarm| swarm.forget(pieces));
        let gone = forgetting.as_ref().map_or(pieces, Forgetting::pieces);
        let (object, gone) = (Arc::clone(&torrent.object), gone.to_vec());
        let giving_up = move || {
            let forgotten = object.forget(&gone);
            // Only now may they be fetched again, also where nobody waits for this any more.
            drop(forgetting);
            forgotten
        };
        let forgotten = spawn_blocking(giving_up).await;
        let forgotten = forgotten.map_err(|error| Error::internal("forgetting pieces", error))?;
        forgotten.map_err(|error| disk_error("forgetting pieces", error))
    }

    async fn park_idle(&self) {
        let park_after = self.park_after;
        guard(&self.joined).retain(|infohash, joined| {
            let stays = joined.torrent.idle() < park_after;
            if !stays {
                tracing::debug!(infohash = %infohash.as_string(), "parking a torrent nobody reads");
            }
            stays
        });
    }

    fn vitals(&self, infohash: Id20) -> Option<Vitals> {
        let vitals = self.swarm(infohash)?.vitals();
        Some(Vitals {
            peers: vitals.peers,
            speed: vitals.speed,
        })
    }

    async fn stop(&self) {
        guard(&self.joined).clear();
        self.session.stop().await;
    }
}

/// A reader's place in the swarm.
struct Fetching(Option<swarm::Reader>);

impl Fetch for Fetching {
    fn move_to(&self, at: u64) {
        if let Some(reader) = &self.0 {
            reader.move_to(at, u64::MAX);
        }
    }
}

/// The torrent as the swarm sees it.
fn described(torrent: &Torrent) -> Result<swarm::Torrent> {
    let metainfo = &torrent.metainfo;
    let piece_length = u32::try_from(metainfo.layout.chunk_length());
    let pieces = piece_length
        .ok()
        .and_then(|length| Pieces::new(metainfo.layout.length(), length));
    let files = metainfo.files.iter().map(|file| WebFile {
        path: file.names.clone(),
        offset: file.offset,
        length: file.length,
        padding: file.padding,
    });
    Ok(swarm::Torrent {
        infohash: metainfo.infohash,
        info: metainfo.info(),
        private: metainfo.private,
        pieces: pieces.ok_or_else(|| Error::internal("joining a swarm", "pieces of 4 GiB"))?,
        name: metainfo.name.clone(),
        files: files.collect(),
        single_file: metainfo.single_file,
        content: Arc::new(Disk::of(torrent)),
    })
}
