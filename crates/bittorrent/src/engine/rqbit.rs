//! The stock engine: librqbit as published.
//!
//! What it cannot do, and what is done about it:
//! - it cannot be told of a new peer, nor give up a piece it has: the torrent is restarted with a
//!   bitfield made from the store;
//! - a peer with nothing to ask for naps for five seconds, and pieces that were under way when the
//!   last reader left are asked for no more: where one or two peers are all there is, a reader who
//!   comes back gets a restart, and so does one who waits in vain;
//! - it fetches 32 MiB ahead of every reader, however short its reach is, and stops altogether when a
//!   block cannot be written: where the disk has no room for so much, the torrent is started again
//!   when there is room for the piece that a reader waits for;
//! - before the store gives up pieces of a torrent that is running, the torrent leaves the session,
//!   twice a second at most while others can wait; all its peers are met anew;
//! - its readers block one of a few permits each and are never woken when the torrent goes: the
//!   permits are many, and its readers are only used to say where we are, never to read;
//! - it drops peers after ten idle seconds: the timeout is raised;
//! - on a runtime of many threads it changes threads for every block of 16 KiB it writes, which costs
//!   a third of the processor time: it gets a runtime of one thread, where it does not. What is
//!   begun there is finished there, also when the reader who asked for it has left;
//! - it may take two torrents that are added at the same time for one: it is told their numbers;
//! - it re-adds what it remembers at every start: its notes are removed first.

mod fetching;
mod joining;
mod offering;
mod session;
mod storage;
mod swarm;
mod swarms;

use std::{ops::Range, sync::Arc, time::Duration};

use async_trait::async_trait;
use bytes::Bytes;
use librqbit_core::hash_id::Id20;
use universal_p2p_core::{Error, Result};
use universal_p2p_swarm::Home;

use self::swarms::Swarms;
use crate::{
    config::Settings,
    engine::{Engine, Fetch, StartError, Vitals, Wish},
    sources::Sources,
    torrent::Torrent,
};

/// Stock librqbit behind the seam.
pub(crate) struct Rqbit {
    home: Home,
    swarms: Arc<Swarms>,
}

impl Rqbit {
    /// Starts the session and the search for peers.
    pub(crate) async fn start(settings: &Settings) -> std::result::Result<Self, StartError> {
        let home = Home::start("librqbit").map_err(|error| StartError(error.to_string()))?;
        let settings = settings.clone();
        let here = home.handle();
        let starting = home.run(async move { Swarms::start(&settings, here).await });
        let swarms = starting
            .await
            .map_err(|error| StartError(error.to_string()))??;
        Ok(Self {
            home,
            swarms: Arc::new(swarms),
        })
    }

    /// Does something with the swarms at their home, and to its end.
    async fn at_home<F: Future<Output = Result<()>> + Send + 'static>(
        &self,
        work: impl FnOnce(Arc<Swarms>) -> F,
    ) -> Result<()> {
        let done = self.home.run(work(Arc::clone(&self.swarms))).await;
        done.map_err(|error| Error::internal("working on a swarm", error))?
    }
}

#[async_trait]
impl Engine for Rqbit {
    async fn metadata(&self, infohash: Id20, sources: &Sources, limit: Duration) -> Result<Bytes> {
        self.swarms.metadata(infohash, sources, limit).await
    }

    async fn join(&self, torrent: &Arc<Torrent>) -> Result<()> {
        let torrent = Arc::clone(torrent);
        self.at_home(|swarms| async move { swarms.join(&torrent).await })
            .await
    }

    fn fetch(
        &self,
        torrent: &Arc<Torrent>,
        file: usize,
        range: Range<u64>,
        _: Wish,
    ) -> Box<dyn Fetch> {
        Box::new(self.swarms.fetch(torrent, file, range.start))
    }

    async fn hurry(&self, torrent: &Arc<Torrent>, piece: u32) -> Result<()> {
        let torrent = Arc::clone(torrent);
        self.at_home(|swarms| async move { swarms.hurry(&torrent, piece).await })
            .await
    }

    async fn leave(&self, infohash: Id20) {
        let left = self.at_home(move |swarms| async move {
            swarms.leave(infohash).await;
            Ok(())
        });
        if let Err(error) = left.await {
            tracing::error!(%error, "a torrent that was removed stays connected");
        }
    }

    async fn park_idle(&self) {
        let parked = self.at_home(|swarms| async move {
            swarms.park_idle().await;
            Ok(())
        });
        if let Err(error) = parked.await {
            tracing::error!(%error, "idle torrents stay connected");
        }
    }

    fn vitals(&self, infohash: Id20) -> Option<Vitals> {
        self.swarms.vitals(infohash)
    }

    fn peers(&self) -> usize {
        self.swarms.peers()
    }

    fn port(&self) -> Option<u16> {
        self.swarms
            .session
            .listen_addr()
            .map(|address| address.port())
    }

    async fn stop(&self) {
        let stopped = self.at_home(|swarms| async move {
            swarms.stop().await;
            Ok(())
        });
        if let Err(error) = stopped.await {
            tracing::debug!(%error, "the session was gone already");
        }
    }
}
