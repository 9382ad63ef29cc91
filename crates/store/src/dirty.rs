//! Objects whose index on disk is behind, and when each is due.
//!
//! Syncing while a download runs would make it wait for the disk, and loses nothing: what arrived
//! since the last sync is found and hashed again after an unclean stop. So an object is due when
//! nothing has arrived for a moment, and at the latest after a while.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};

use universal_p2p_core::Item;

use crate::Object;

/// How long nothing has to arrive.
const QUIET: Duration = Duration::from_secs(1);

/// How long it may go on arriving.
const LATEST: Duration = Duration::from_secs(15);

struct Waiting {
    object: Arc<Object>,
    first: Instant,
    last: Instant,
}

/// Objects that wait to be synced.
#[derive(Default)]
pub(crate) struct Dirty(Mutex<HashMap<Item, Waiting>>);

impl Dirty {
    /// Notes that something of an object changed just now.
    pub(crate) fn mark(&self, object: &Arc<Object>) {
        let now = Instant::now();
        let mut waiting = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let entry = waiting
            .entry(object.item().clone())
            .or_insert_with(|| Waiting {
                object: Arc::clone(object),
                first: now,
                last: now,
            });
        entry.last = now;
    }

    /// Takes those that are due, or all of them.
    pub(crate) fn take(&self, all: bool) -> Vec<Arc<Object>> {
        let now = Instant::now();
        let mut waiting = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let due =
            |entry: &mut Waiting| all || now - entry.last >= QUIET || now - entry.first >= LATEST;
        waiting
            .extract_if(|_, entry| due(entry))
            .map(|(_, entry)| entry.object)
            .collect()
    }
}
