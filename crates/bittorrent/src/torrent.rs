//! One known torrent: its metadata, its object on disk, where it may be found, who reads it.

use std::{
    io,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use universal_p2p_core::{Error, Result};
use universal_p2p_sharing::Share;
use universal_p2p_store::{Held, Object, Store};

use crate::{infohash, metainfo::Metainfo, sources::Sources, tree::Branch};

/// A torrent whose metadata is known.
pub(crate) struct Torrent {
    pub(crate) metainfo: Arc<Metainfo>,
    pub(crate) object: Arc<Object>,
    pub(crate) root: Arc<Branch>,
    /// The user's own files, where the user shares it.
    pub(crate) share: Option<Arc<Share>>,
    sources: Mutex<Sources>,
    visits: Mutex<Visits>,
}

/// Who needs the swarm.
struct Visits {
    now: usize,
    since: Instant,
}

impl Torrent {
    /// Opens the torrent's object. Blocks on the disk for a moment.
    pub(crate) fn open(
        metainfo: Metainfo,
        sources: Sources,
        share: Option<Arc<Share>>,
        store: &Arc<Store>,
    ) -> Result<Arc<Self>> {
        let item = infohash::item(&metainfo.infohash);
        store.describe(&item, &metainfo.name);
        let metainfo = Arc::new(metainfo);
        let check = Arc::clone(&metainfo);
        let object = store
            .object(
                &item,
                metainfo.layout,
                Arc::new(move |piece, bytes| check.is_piece(piece, bytes)),
            )
            .map_err(|error| disk_error("opening a torrent's file", error))?;
        let root = Branch::of(&metainfo.files);
        let visits = Mutex::new(Visits {
            now: 0,
            since: Instant::now(),
        });
        Ok(Arc::new(Self {
            metainfo,
            object,
            root,
            share,
            sources: Mutex::new(sources),
            visits,
        }))
    }

    /// What is known of a piece, in the user's files or in the store.
    pub(crate) fn held(&self, piece: u32) -> Held {
        if self.is_lent(piece) {
            Held::Checked
        } else {
            self.object.held(piece)
        }
    }

    /// Whether a piece can be read from the user's files.
    pub(crate) fn is_lent(&self, piece: u32) -> bool {
        let share = self.share.as_ref();
        share.is_some_and(|share| share.has_piece(piece))
    }

    /// Bytes of it on the own disk.
    pub(crate) fn bytes_held(&self) -> u64 {
        let held = self.object.bytes_held();
        self.share
            .as_ref()
            .map_or(held, |share| held.max(share.length()))
    }

    /// Where it may be found, as far as requests said.
    pub(crate) fn sources(&self) -> Sources {
        guard(&self.sources).clone()
    }

    /// Remembers more places, and says whether any was new.
    pub(crate) fn add_sources(&self, more: &Sources) -> bool {
        guard(&self.sources).add(more)
    }

    /// Notes that somebody needs bytes from the swarm, until the visit is dropped.
    pub(crate) fn visit(self: &Arc<Self>) -> Visit {
        guard(&self.visits).now += 1;
        Visit(Arc::clone(self))
    }

    /// For how long nobody has needed the swarm.
    pub(crate) fn idle(&self) -> Duration {
        let visits = guard(&self.visits);
        if visits.now > 0 {
            Duration::ZERO
        } else {
            visits.since.elapsed()
        }
    }
}

/// Somebody needs the swarm of a torrent.
#[must_use = "a torrent is parked when its last visit is dropped"]
pub(crate) struct Visit(Arc<Torrent>);

impl Drop for Visit {
    fn drop(&mut self) {
        let mut visits = guard(&self.0.visits);
        visits.now -= 1;
        visits.since = Instant::now();
    }
}

/// An I/O error on the own disk as what its reader can do about it.
pub(crate) fn disk_error(doing: &'static str, error: io::Error) -> Error {
    match error.kind() {
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => Error::NoSpace {
            why: "the disk is full; free some space and try again".into(),
        },
        _ => Error::internal(doing, error),
    }
}

/// Whether an error is the store's word that there is no room within its limit, and not the file
/// system's.
pub(crate) fn is_lack_of_room(error: &io::Error) -> bool {
    error.kind() == io::ErrorKind::StorageFull && error.raw_os_error().is_none()
}

/// What a reader gets whose torrent was removed.
pub(crate) fn removed() -> Error {
    Error::NotFound {
        what: "such torrent any more: it was removed while it was read".into(),
    }
}

pub(crate) fn guard<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
