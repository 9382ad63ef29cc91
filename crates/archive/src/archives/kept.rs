//! Opened archives that are kept in memory, and those that are being opened.

use std::{
    collections::{BTreeMap, HashMap},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use futures_util::{
    FutureExt,
    future::{BoxFuture, Shared, WeakShared},
};
use universal_p2p_core::Result;

use super::Opened;

/// Bytes of memory that opened archives may take, about.
const MOST_BYTES: usize = 64 << 20;

/// An archive that is being opened, which any number wait for. It ends when nobody does.
pub(super) type Opening = Shared<BoxFuture<'static, Result<Arc<Opened>>>>;

/// Opened archives by what they are made of.
#[derive(Default)]
pub(super) struct Kept {
    inner: Mutex<Inner>,
}

#[derive(Default)]
struct Inner {
    opened: HashMap<String, Line>,
    /// Keys by their last use, the longest ago first.
    order: BTreeMap<u64, String>,
    opening: HashMap<String, WeakShared<BoxFuture<'static, Result<Arc<Opened>>>>>,
    bytes: usize,
    uses: u64,
}

struct Line {
    opened: Arc<Opened>,
    bytes: usize,
    used: u64,
}

impl Kept {
    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The archive of this key, if it is kept.
    pub(super) fn get(&self, key: &str) -> Option<Arc<Opened>> {
        let mut inner = self.lock();
        let Inner {
            opened,
            order,
            uses,
            ..
        } = &mut *inner;
        let line = opened.get_mut(key)?;
        *uses += 1;
        order.remove(&line.used);
        order.insert(*uses, key.to_owned());
        line.used = *uses;
        Some(Arc::clone(&line.opened))
    }

    /// Keeps an archive, and gives up what was used longest ago where that is too much. One that takes
    /// more than half of all is not kept.
    pub(super) fn insert(&self, key: &str, opened: &Arc<Opened>) {
        let bytes = opened.tree.weight() + 2 * key.len();
        if bytes > MOST_BYTES / 2 {
            return;
        }
        let mut inner = self.lock();
        inner.remove(key);
        inner.uses += 1;
        let used = inner.uses;
        let line = Line {
            opened: Arc::clone(opened),
            bytes,
            used,
        };
        inner.opened.insert(key.to_owned(), line);
        inner.order.insert(used, key.to_owned());
        inner.bytes += bytes;
        while inner.bytes > MOST_BYTES {
            let Some((_, oldest)) = inner.order.pop_first() else {
                return;
            };
            inner.remove(&oldest);
        }
    }

    /// The opening of this key that is under way, else the one that `begin` makes.
    pub(super) fn opening(
        &self,
        key: &str,
        begin: impl FnOnce() -> BoxFuture<'static, Result<Arc<Opened>>>,
    ) -> Opening {
        let mut inner = self.lock();
        let known = inner.opening.get(key).and_then(WeakShared::upgrade);
        // One that has ended has failed, or it would be kept.
        if let Some(known) = known.filter(|known| known.peek().is_none()) {
            return known;
        }
        inner
            .opening
            .retain(|_, opening| opening.upgrade().is_some());
        let opening = begin().shared();
        if let Some(weak) = opening.downgrade() {
            inner.opening.insert(key.to_owned(), weak);
        }
        opening
    }
}

impl Inner {
    fn remove(&mut self, key: &str) {
        if let Some(line) = self.opened.remove(key) {
            self.order.remove(&line.used);
            self.bytes -= line.bytes;
        }
    }
}
