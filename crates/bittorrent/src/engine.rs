//! The seam between a torrent and whatever fetches its pieces.
//!
//! What is present is no question to the engine: the torrent's [`Object`] says so, the engine
//! writes to it and marks a piece as checked when its hash was right. What remains are three
//! wishes: be in the swarm, fetch from here so far ahead, leave. Pieces are given up by the store,
//! which has the engine take them back from peers first ([`Announcer`]).
//!
//! [`Object`]: universal_p2p_store::Object
//! [`Announcer`]: universal_p2p_store::Announcer

mod rqbit;
mod streaming;

use std::{ops::Range, sync::Arc, time::Duration};

use async_trait::async_trait;
use bytes::Bytes;
use librqbit_core::hash_id::Id20;
use universal_p2p_core::Result;
use universal_p2p_swarm::Need;

use crate::{
    config::{Kind, Settings},
    sources::Sources,
    torrent::Torrent,
};

use self::{rqbit::Rqbit, streaming::Streaming};

/// Why the engine could not be started.
#[derive(Debug, thiserror::Error)]
#[error("BitTorrent cannot start: {0}; check the port and network keys of the configuration")]
pub struct StartError(pub(crate) String);

/// How a torrent is doing in its swarm.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Vitals {
    /// Peers connected now.
    pub(crate) peers: usize,
    /// Bytes per second coming in.
    pub(crate) speed: u64,
}

/// How something is wished for.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Wish {
    /// How soon.
    pub(crate) need: Need,
    /// How many bytes from where the reader is may be fetched.
    pub(crate) reach: u64,
}

/// A reader's wish for bytes from a position onwards. Dropping it ends the fetching.
pub(crate) trait Fetch: Send + Sync {
    /// Says that the reader is at this offset of the torrent now, and how many bytes from there on may
    /// be fetched.
    fn move_to(&self, at: u64, reach: u64);
}

/// What fetches pieces.
#[async_trait]
pub(crate) trait Engine: Send + Sync {
    /// Finds the info dictionary that an infohash names.
    async fn metadata(&self, infohash: Id20, sources: &Sources, limit: Duration) -> Result<Bytes>;

    /// Joins the swarm of a torrent. Does nothing where it is in it already. Fails where the torrent
    /// was removed.
    async fn join(&self, torrent: &Arc<Torrent>) -> Result<()>;

    /// Begins to fetch a range of a file, in offsets of the torrent, no further ahead of the reader
    /// than its reach.
    fn fetch(
        &self,
        torrent: &Arc<Torrent>,
        file: usize,
        range: Range<u64>,
        wish: Wish,
    ) -> Box<dyn Fetch>;

    /// Tells the engine, several times a second, that a reader is waiting for a piece: whatever can be
    /// tried is tried now. Fails where the torrent cannot go on.
    async fn hurry(&self, torrent: &Arc<Torrent>, piece: u32) -> Result<()>;

    /// Leaves the swarm of a torrent. Who reads it gets no more of it.
    async fn leave(&self, infohash: Id20);

    /// Leaves the swarms of torrents that nobody has needed for a while.
    async fn park_idle(&self);

    /// How a torrent is doing, if it is in its swarm.
    fn vitals(&self, infohash: Id20) -> Option<Vitals>;

    /// Peers connected now, over all torrents.
    fn peers(&self) -> usize;

    /// The port at which others reach it, where it listens.
    fn port(&self) -> Option<u16>;

    /// Leaves every swarm and closes every socket.
    async fn stop(&self);
}

/// Starts the engine that the settings name.
pub(crate) async fn start(settings: &Settings) -> std::result::Result<Arc<dyn Engine>, StartError> {
    Ok(match settings.engine {
        Kind::Streaming => Arc::new(Streaming::start(settings).await?),
        Kind::Librqbit => Arc::new(Rqbit::start(settings).await?),
    })
}
