//! The streaming engine: the crate `swarm` behind the seam.

mod disk;
mod offering;

use std::{
    collections::HashMap,
    ops::Range,
    sync::{Arc, Mutex, Weak},
    time::Duration,
};

use async_trait::async_trait;
use bytes::Bytes;
use librqbit_core::hash_id::Id20;
use universal_p2p_core::{Error, Result};
use universal_p2p_store::Announcer;
use universal_p2p_swarm::{self as swarm, Pieces, Session, WebFile};

use self::{disk::Disk, offering::Offering};
use crate::{
    config::Settings,
    engine::{Engine, Fetch, StartError, Vitals, Wish},
    sources::Sources,
    torrent::{Torrent, disk_error, guard, is_lack_of_room, removed},
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
    offering: Arc<Offering>,
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
            upload_limit: settings.upload_limit.clone(),
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

    fn offering(&self, infohash: Id20) -> Option<Arc<Offering>> {
        let joined = guard(&self.joined);
        joined
            .get(&infohash)
            .map(|joined| Arc::clone(&joined.offering))
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
        if torrent.object.is_gone() {
            return Err(removed());
        }
        // One that was removed and came again has another object on disk.
        let same = |joined: &&Joined| Arc::ptr_eq(&joined.torrent.object, &torrent.object);
        if let Some(joined) = joined.get(&torrent.metainfo.infohash).filter(same) {
            joined.offering.swarm.add(&sources);
            return Ok(());
        }
        let swarm = self.session.join(described(torrent)?, &sources);
        let offering = Arc::new(Offering { swarm });
        let announcer: Weak<dyn Announcer> = Arc::<Offering>::downgrade(&offering);
        torrent.object.announce_through(announcer);
        let now_joined = Joined {
            torrent: Arc::clone(torrent),
            offering,
        };
        joined.insert(torrent.metainfo.infohash, now_joined);
        Ok(())
    }

    fn fetch(
        &self,
        torrent: &Arc<Torrent>,
        _: usize,
        range: Range<u64>,
        Wish { need, reach }: Wish,
    ) -> Box<dyn Fetch> {
        let offering = self.offering(torrent.metainfo.infohash);
        let reader = offering.map(|offering| offering.swarm.read(range, need, reach));
        Box::new(Fetching(reader))
    }

    async fn hurry(&self, torrent: &Arc<Torrent>, _: u32) -> Result<()> {
        let hurried = self
            .offering(torrent.metainfo.infohash)
            .map_or(Ok(()), |offering| offering.swarm.hurry());
        match hurried {
            // The reader sees for itself whether room can be made.
            Err(error) if is_lack_of_room(&error) => Ok(()),
            hurried => hurried.map_err(|error| disk_error("writing a piece", error)),
        }
    }

    async fn leave(&self, infohash: Id20) {
        guard(&self.joined).remove(&infohash);
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
        let vitals = self.offering(infohash)?.swarm.vitals();
        Some(Vitals {
            peers: vitals.peers,
            speed: vitals.speed,
        })
    }

    fn peers(&self) -> usize {
        let joined = guard(&self.joined).clone();
        let peers = joined
            .values()
            .map(|joined| joined.offering.swarm.vitals().peers);
        peers.sum()
    }

    fn port(&self) -> Option<u16> {
        Some(self.session.port())
    }

    async fn stop(&self) {
        guard(&self.joined).clear();
        self.session.stop().await;
    }
}

/// A reader's place in the swarm.
struct Fetching(Option<swarm::Reader>);

impl Fetch for Fetching {
    fn move_to(&self, at: u64, reach: u64) {
        if let Some(reader) = &self.0 {
            reader.move_to(at, reach);
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
