//! Fetches under way: one for all who want the same block.

use std::{
    collections::HashMap,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError, Weak,
        atomic::{AtomicU64, Ordering},
    },
};

use cid::{Cid, multihash::Multihash};
use futures_util::{
    FutureExt,
    future::{BoxFuture, Shared, WeakShared},
};
use universal_p2p_core::Result;

use crate::{Block, Want};

/// A fetch that any number of readers wait for. It ends when nobody does.
pub(super) type Flight = Shared<BoxFuture<'static, Result<Block>>>;

/// The fetches under way.
#[derive(Default)]
pub(super) struct Flights {
    running: Mutex<HashMap<Multihash<64>, Vec<Running>>>,
    begun: AtomicU64,
}

/// One of them.
struct Running {
    number: u64,
    /// The peers that it asks beside those it finds.
    peers: Arc<[String]>,
    flight: WeakShared<BoxFuture<'static, Result<Block>>>,
}

impl Flights {
    /// The fetch of this block that asks at least the peers of this want, begun where there is none;
    /// and whether it was begun.
    pub(super) fn join(
        self: &Arc<Self>,
        cid: &Cid,
        want: &Want,
        begin: impl FnOnce() -> BoxFuture<'static, Result<Block>>,
    ) -> (Flight, bool) {
        let mut running = self.running();
        let flights = running.entry(*cid.hash()).or_default();
        let covers = |known: &Running| want.peers.iter().all(|peer| known.peers.contains(peer));
        let joined = flights.iter().filter(|known| covers(known));
        if let Some(flight) = joined.filter_map(|known| known.flight.upgrade()).next() {
            return (flight, false);
        }
        let number = self.begun.fetch_add(1, Ordering::Relaxed);
        let landing = Landing {
            flights: Arc::downgrade(self),
            hash: *cid.hash(),
            number,
        };
        let fetch = begin();
        let flight = async move {
            let _landing = landing;
            fetch.await
        };
        let flight = flight.boxed().shared();
        flights.extend(flight.downgrade().map(|weak| Running {
            number,
            peers: Arc::clone(&want.peers),
            flight: weak,
        }));
        (flight, true)
    }

    /// How many fetches are under way.
    #[cfg(test)]
    pub(super) fn count(&self) -> usize {
        self.running().values().map(Vec::len).sum()
    }

    fn running(&self) -> MutexGuard<'_, HashMap<Multihash<64>, Vec<Running>>> {
        self.running.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Strikes a fetch off the list when it has ended or nobody waits for it any more.
struct Landing {
    flights: Weak<Flights>,
    hash: Multihash<64>,
    number: u64,
}

impl Drop for Landing {
    fn drop(&mut self) {
        let Some(flights) = self.flights.upgrade() else {
            return;
        };
        let mut running = flights.running();
        if let Some(of_block) = running.get_mut(&self.hash) {
            of_block.retain(|known| known.number != self.number);
            if of_block.is_empty() {
                running.remove(&self.hash);
            }
        }
    }
}
