//! Adding a torrent to the session and taking it out again.

use std::{
    sync::{Arc, atomic::Ordering},
    time::{Duration, Instant},
};

use futures_util::StreamExt;
use librqbit::{AddTorrent, AddTorrentOptions, AddTorrentResponse};
use librqbit_core::hash_id::Id20;
use tokio::time::timeout;
use tokio_util::task::AbortOnDropHandle;
use universal_p2p_core::{Error, Result};

use super::{
    storage::{Failure, StoreFactory},
    swarm::{Run, Swarm},
    swarms::Swarms,
};
use crate::{
    infohash,
    sources::Sources,
    torrent::{Torrent, disk_error},
};

/// The longest wait for a torrent to start, which hashes a few pieces of what is there.
const LONGEST_START: Duration = Duration::from_secs(20);

impl Swarms {
    /// Adds the torrent to the session, with every peer that is known by now.
    pub(super) async fn add(
        &self,
        torrent: &Arc<Torrent>,
        swarm: &Swarm,
        run: &mut Run,
    ) -> Result<()> {
        let metainfo = &torrent.metainfo;
        let mut peers = torrent.sources().peers;
        peers.append(&mut run.again);
        // Without a bitfield it would hash the whole file, which may be many gigabytes of nothing.
        let bitfield = self
            .notes
            .join(format!("{}.bitv", infohash::id(&metainfo.infohash)));
        let written = tokio::fs::write(&bitfield, torrent.object.bitfield()).await;
        written.map_err(|error| disk_error("writing a bitfield", error))?;
        let failure = Failure::default();
        let storage = StoreFactory::create_boxed(Arc::clone(&torrent.object), failure.clone());
        let options = AddTorrentOptions {
            only_files: Some(Vec::new()),
            overwrite: true,
            initial_peers: Some(peers.into_iter().collect()),
            // Only the trackers of the request may know of a private torrent (BEP 27).
            trackers: (!metainfo.private).then(|| self.trackers.clone()),
            storage_factory: Some(storage),
            // Left to itself the session gives two torrents that are added at the same time one
            // number, and takes the second for the first.
            preferred_id: Some(self.next_number.fetch_add(1, Ordering::Relaxed)),
            output_folder: Some(self.notes.join("unused").to_string_lossy().into_owned()),
            ..AddTorrentOptions::default()
        };
        let adding = AddTorrent::from_bytes(metainfo.torrent_file());
        let added = self
            .session
            .add_torrent(adding, Some(options))
            .await
            .map_err(refused)?;
        let AddTorrentResponse::Added(_, handle) = added else {
            return Err(Error::internal(
                "joining a swarm",
                "the torrent had not been left",
            ));
        };
        let starting = timeout(LONGEST_START, handle.wait_until_initialized()).await;
        let started = starting.map_err(|error| Error::internal("starting a torrent", error));
        if let Err(error) = started.and_then(|started| started.map_err(refused)) {
            // Left in the session it would stand in the way of the next reader.
            self.remove(metainfo.infohash, swarm, run).await;
            return Err(error);
        }
        run.torrent = Some(Arc::clone(torrent));
        run.since = Some(Instant::now());
        run.failure = failure;
        run.listening = Some(self.listen(torrent));
        swarm.current.send_replace(Some(handle));
        Ok(())
    }

    /// Takes the torrent out of the session; what it had met is kept for the next run.
    pub(super) async fn remove(&self, infohash: Id20, swarm: &Swarm, run: &mut Run) {
        let before = swarm.current.send_replace(None);
        *run = run.over(before.as_ref());
        drop(before);
        if let Err(error) = self.session.delete(infohash.into(), false).await {
            tracing::debug!(%error, "the torrent had gone by itself");
        }
    }

    /// Collects peers from the trackers that requests named: they are checked there, and handed
    /// over at the next restart.
    fn listen(&self, torrent: &Arc<Torrent>) -> AbortOnDropHandle<()> {
        let sources = Sources {
            trackers: torrent.sources().trackers,
            ..Sources::default()
        };
        let mut found = self
            .finder
            .peers_of_trackers(torrent.metainfo.infohash, &sources.to_swarm());
        let torrent = Arc::downgrade(torrent);
        let listening = async move {
            while let Some(peer) = found.next().await {
                let Some(torrent) = torrent.upgrade() else {
                    return;
                };
                torrent.add_sources(&Sources {
                    peers: [peer].into(),
                    ..Sources::default()
                });
            }
        };
        #[expect(
            clippy::disallowed_methods,
            reason = "the handle is kept with the run and aborts with it"
        )]
        AbortOnDropHandle::new(tokio::spawn(listening))
    }
}

/// The session would not take the torrent.
fn refused(error: anyhow::Error) -> Error {
    let text = format!("{error:#}");
    let lower = text.to_lowercase();
    let hostile = ["traversal", "separator", "duplicate", "filename"];
    if hostile.iter().any(|word| lower.contains(word)) {
        return Error::Unsupported {
            what: format!("a torrent with unsafe or repeated file names ({text})"),
        };
    }
    Error::internal("joining a swarm", error)
}
