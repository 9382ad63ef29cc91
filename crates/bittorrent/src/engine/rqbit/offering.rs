//! How pieces are taken back of a torrent that librqbit has in its session.
//!
//! It cannot un-have a piece. So the torrent leaves the session, the store gives the pieces up, and
//! it comes back with a bitfield that lacks them: all its peers are met anew.

use std::{
    sync::{Arc, Weak, mpsc},
    time::Duration,
};

use tokio::{sync::OwnedMutexGuard, time::timeout};
use universal_p2p_store::{Announcer, Withdrawn};

use super::{
    swarm::{Run, Swarm},
    swarms::Swarms,
};
use crate::torrent::Torrent;

/// How long the store waits at most. What cannot be taken back by then stays.
const PATIENCE: Duration = Duration::from_secs(3);

/// How long it is waited for whoever starts or stops the torrent at this moment.
const LONGEST_TURN: Duration = Duration::from_secs(2);

/// A torrent's swarm as one who told peers of pieces.
pub(super) struct Offering {
    swarms: Weak<Swarms>,
    swarm: Weak<Swarm>,
    torrent: Weak<Torrent>,
}

impl Offering {
    pub(super) fn of(
        swarms: &Arc<Swarms>,
        swarm: &Arc<Swarm>,
        torrent: &Arc<Torrent>,
    ) -> Arc<Self> {
        Arc::new(Self {
            swarms: Arc::downgrade(swarms),
            swarm: Arc::downgrade(swarm),
            torrent: Arc::downgrade(torrent),
        })
    }
}

impl Announcer for Offering {
    /// Waits for the session's own thread, which never waits for the store.
    fn withdraw(&self, chunks: &[u32]) -> Box<dyn Withdrawn> {
        let (Some(swarms), Some(swarm)) = (self.swarms.upgrade(), self.swarm.upgrade()) else {
            return Box::new(Nobody(chunks.to_vec()));
        };
        let (answer, answered) = mpsc::sync_channel(1);
        let (home, torrent) = (swarms.home.clone(), self.torrent.clone());
        let taking = async move {
            // Nobody waits any more where this fails: the torrent comes back at once.
            let _ = answer.send(Out::take(swarms, swarm, torrent).await);
        };
        drop(home.spawn(taking));
        match answered.recv_timeout(PATIENCE) {
            Ok(Some(out)) => Box::new(Taken {
                chunks: chunks.to_vec(),
                _out: out,
            }),
            Ok(None) | Err(_) => Box::new(Nobody(Vec::new())),
        }
    }
}

/// Chunks that nobody was told of, or none at all.
struct Nobody(Vec<u32>);

impl Withdrawn for Nobody {
    fn chunks(&self) -> &[u32] {
        &self.0
    }
}

/// Chunks of a torrent that is out of the session.
struct Taken {
    chunks: Vec<u32>,
    _out: Out,
}

impl Withdrawn for Taken {
    fn chunks(&self) -> &[u32] {
        &self.chunks
    }
}

/// A torrent that is out of the session. When this is dropped it comes back, if it was in it.
struct Out {
    swarms: Arc<Swarms>,
    swarm: Arc<Swarm>,
    /// Nobody joins, restarts or parks it meanwhile.
    run: Option<OwnedMutexGuard<Run>>,
    torrent: Option<Arc<Torrent>>,
}

impl Out {
    /// Takes the torrent out of the session. Not more often than twice a second, unless nothing can
    /// be written otherwise: then readers would wait for as long.
    async fn take(swarms: Arc<Swarms>, swarm: Arc<Swarm>, torrent: Weak<Torrent>) -> Option<Self> {
        let turn = timeout(LONGEST_TURN, Arc::clone(&swarm.run).lock_owned());
        let mut run = turn.await.ok()?;
        let torrent = torrent.upgrade().filter(|_| swarm.is_running());
        if let Some(torrent) = &torrent {
            if torrent.object.room() > 0 {
                tokio::time::sleep(run.until_rested()).await;
            }
            let infohash = torrent.metainfo.infohash;
            swarms.remove(infohash, &swarm, &mut run).await;
        }
        Some(Self {
            swarms,
            swarm,
            run: Some(run),
            torrent,
        })
    }
}

impl Drop for Out {
    fn drop(&mut self) {
        let (Some(mut run), Some(torrent)) = (self.run.take(), self.torrent.take()) else {
            return;
        };
        let is_wanted = !torrent.object.is_gone() && torrent.idle().is_zero();
        let (swarms, swarm) = (Arc::clone(&self.swarms), Arc::clone(&self.swarm));
        let home = swarms.home.clone();
        let coming_back = async move {
            if let Err(error) = swarms.add(&torrent, &swarm, &mut run).await {
                tracing::warn!(%error, "a torrent did not come back after it gave pieces up");
            }
        };
        // Without readers it is parked; whoever comes next joins it again.
        if is_wanted {
            drop(home.spawn(coming_back));
        }
    }
}
