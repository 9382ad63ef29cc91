//! Where the states of decoders are kept: the last used of all streams in memory, those of long streams
//! on disk too.

use std::{
    collections::{BTreeMap, HashMap},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use universal_p2p_core::Id;
use universal_p2p_store::Store;

use super::checkpoints::{Checkpoint, WINDOW};

/// Which stream, and which of its spans.
type Place = (Id, u32);

/// The checkpoints of all streams together.
pub(crate) struct Shelf {
    store: Option<Arc<Store>>,
    kept: Mutex<Kept>,
    /// How many are kept in memory.
    most: usize,
}

#[derive(Default)]
struct Kept {
    lines: HashMap<Place, (Arc<Checkpoint>, u64)>,
    /// Places by their last use, the longest ago first.
    order: BTreeMap<u64, Place>,
    uses: u64,
}

impl Shelf {
    /// Keeps them in so many bytes of memory, about, and those of long streams in a store.
    pub(crate) fn new(bytes: usize, store: Option<Arc<Store>>) -> Arc<Self> {
        Arc::new(Self {
            store,
            kept: Mutex::default(),
            most: bytes / WINDOW,
        })
    }

    pub(super) fn store(&self) -> Option<&Arc<Store>> {
        self.store.as_ref()
    }

    fn kept(&self) -> MutexGuard<'_, Kept> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The one of a place, if it is in memory.
    pub(super) fn get(&self, place: &Place) -> Option<Arc<Checkpoint>> {
        let mut kept = self.kept();
        let Kept { lines, order, uses } = &mut *kept;
        let (checkpoint, used) = lines.get_mut(place)?;
        *uses += 1;
        order.remove(used);
        order.insert(*uses, place.clone());
        *used = *uses;
        Some(Arc::clone(checkpoint))
    }

    /// Keeps one, and gives up what was used longest ago.
    pub(super) fn put(&self, place: Place, checkpoint: Arc<Checkpoint>) {
        if self.most == 0 {
            return;
        }
        let mut kept = self.kept();
        kept.uses += 1;
        let used = kept.uses;
        if let Some((_, before)) = kept.lines.insert(place.clone(), (checkpoint, used)) {
            kept.order.remove(&before);
        }
        kept.order.insert(used, place);
        while kept.lines.len() > self.most {
            let Some((_, oldest)) = kept.order.pop_first() else {
                return;
            };
            kept.lines.remove(&oldest);
        }
    }

    /// How many there are in memory.
    #[cfg(test)]
    pub(super) fn count(&self) -> usize {
        let kept = self.kept();
        assert_eq!(kept.lines.len(), kept.order.len());
        kept.lines.len()
    }
}
