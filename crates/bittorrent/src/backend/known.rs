//! The torrents in memory, the searches under way, and the last failures.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex},
};

use futures_util::{
    FutureExt,
    future::{BoxFuture, Shared, WeakShared},
};
use librqbit_core::hash_id::Id20;
use tokio::sync::Notify;
use universal_p2p_core::{Error, Result};

use crate::{
    sources::Sources,
    torrent::{Torrent, guard},
};

/// Torrents kept in memory; more are dropped while nobody uses them.
const MOST_TORRENTS: usize = 256;

/// Failures that are remembered.
const MOST_FAILURES: usize = 256;

/// A search that any number of requests wait for. It ends when nobody does.
pub(super) type Search = Shared<BoxFuture<'static, Result<()>>>;

/// A search as long as somebody waits for it, and what it knew when it was begun.
type Running = (Sources, WeakShared<BoxFuture<'static, Result<()>>>);

/// The torrents in memory, the searches under way, and the last failures.
#[derive(Default)]
pub(super) struct Known {
    torrents: Mutex<HashMap<Id20, Arc<Torrent>>>,
    searches: Mutex<HashMap<Id20, Vec<Running>>>,
    failures: Mutex<HashMap<Id20, String>>,
    arrived: Notify,
}

impl Known {
    pub(super) fn get(&self, infohash: Id20) -> Option<Arc<Torrent>> {
        guard(&self.torrents).get(&infohash).cloned()
    }

    /// Keeps a torrent, unless somebody was quicker: then that one is the torrent.
    pub(super) fn insert(&self, torrent: Arc<Torrent>) -> Arc<Torrent> {
        let mut torrents = guard(&self.torrents);
        if torrents.len() >= MOST_TORRENTS {
            torrents.retain(|_, known| Arc::strong_count(known) > 1);
        }
        let infohash = torrent.metainfo.infohash;
        let kept = Arc::clone(torrents.entry(infohash).or_insert(torrent));
        drop(torrents);
        self.arrived.notify_waiters();
        kept
    }

    /// Lets a torrent go, and what is known of its last failure.
    pub(super) fn forget(&self, infohash: Id20) {
        guard(&self.torrents).remove(&infohash);
        guard(&self.failures).remove(&infohash);
    }

    /// Waits until a torrent is in memory.
    pub(super) async fn arrival(&self, infohash: Id20) {
        loop {
            let arrived = self.arrived.notified();
            tokio::pin!(arrived);
            arrived.as_mut().enable();
            if self.get(infohash).is_some() {
                return;
            }
            arrived.await;
        }
    }

    /// A search for this infohash that knows of all these sources, begun where there is none.
    pub(super) fn search(
        &self,
        infohash: Id20,
        sources: &Sources,
        begin: impl FnOnce() -> BoxFuture<'static, Result<()>>,
    ) -> Search {
        let mut searches = guard(&self.searches);
        searches.retain(|_, running| {
            running.retain(|(_, search)| is_running(search));
            !running.is_empty()
        });
        let running = searches.entry(infohash).or_default();
        let joined = running.iter().find(|(known, _)| known.covers(sources));
        if let Some(search) = joined.and_then(|(_, search)| search.upgrade()) {
            return search;
        }
        let search = begin().shared();
        running.extend(search.downgrade().map(|weak| (sources.clone(), weak)));
        search
    }

    pub(super) fn is_searched(&self, infohash: Id20) -> bool {
        guard(&self.searches)
            .get(&infohash)
            .is_some_and(|running| running.iter().any(|(_, search)| is_running(search)))
    }

    /// Remembers a failure, or that there is none any more.
    pub(super) fn note(&self, infohash: Id20, failure: Option<&Error>) {
        let mut failures = guard(&self.failures);
        match failure {
            Some(error) if failures.len() < MOST_FAILURES || failures.contains_key(&infohash) => {
                failures.insert(infohash, error.to_string());
            }
            Some(error) => {
                failures.clear();
                failures.insert(infohash, error.to_string());
            }
            None => {
                failures.remove(&infohash);
            }
        }
    }

    pub(super) fn last_error(&self, infohash: Id20) -> Option<String> {
        guard(&self.failures).get(&infohash).cloned()
    }
}

fn is_running(search: &WeakShared<BoxFuture<'static, Result<()>>>) -> bool {
    search
        .upgrade()
        .is_some_and(|search| search.peek().is_none())
}
