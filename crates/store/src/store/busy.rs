//! Items that are worked on without being open: nobody opens them meanwhile.

use std::sync::{Arc, PoisonError};

use universal_p2p_core::Item;

use super::{Store, guard};

/// An item that nobody else opens or works on while this is held.
#[must_use = "the item can be opened again when it is dropped"]
pub(crate) struct Busy {
    store: Arc<Store>,
    item: Item,
}

impl Store {
    /// Keeps a closed item closed. None where it is open, or worked on already.
    pub(crate) fn make_busy(self: &Arc<Self>, item: &Item) -> Option<Busy> {
        // In the order in which an object is opened: first busy, then open.
        let mut busy = guard(&self.busy);
        let is_open = guard(&self.objects)
            .get(item)
            .is_some_and(|object| object.strong_count() > 0);
        (!is_open && busy.insert(item.clone())).then(|| Busy {
            store: Arc::clone(self),
            item: item.clone(),
        })
    }

    /// Waits until nobody works on an item, and keeps others from beginning to.
    pub(super) fn wait_busy(self: &Arc<Self>, item: &Item) -> Busy {
        let mut busy = guard(&self.busy);
        while busy.contains(item) {
            busy = self.idle.wait(busy).unwrap_or_else(PoisonError::into_inner);
        }
        busy.insert(item.clone());
        Busy {
            store: Arc::clone(self),
            item: item.clone(),
        }
    }
}

impl Drop for Busy {
    fn drop(&mut self) {
        guard(&self.store.busy).remove(&self.item);
        self.store.idle.notify_all();
    }
}
