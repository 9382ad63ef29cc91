//! Opened archives that are kept in memory, and those that are being opened.

use std::{
    collections::{BTreeMap, HashMap},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use futures_util::{
    FutureExt,
    future::{BoxFuture, Shared, WeakShared},
};
use universal_p2p_core::{Error, Result};

use super::Opened;
use crate::failures::Failures;

/// What comes of an opening: nothing where there is no archive.
type Outcome = Result<Option<Arc<Opened>>>;

/// An archive that is being opened, which any number wait for. It ends when nobody does.
pub(super) type Opening = Shared<BoxFuture<'static, Outcome>>;

/// Opened archives by what they are made of.
pub(super) struct Kept {
    inner: Mutex<Inner>,
    failures: Failures<String>,
    /// Bytes of memory that they may take, about.
    most: usize,
}

#[derive(Default)]
struct Inner {
    opened: HashMap<String, Line>,
    /// Keys by their last use, the longest ago first.
    order: BTreeMap<u64, String>,
    opening: HashMap<String, WeakShared<BoxFuture<'static, Outcome>>>,
    bytes: usize,
    uses: u64,
}

struct Line {
    opened: Arc<Opened>,
    bytes: usize,
    used: u64,
}

impl Kept {
    /// Keeps archives in so many bytes of memory, about.
    pub(super) fn new(most: usize) -> Self {
        Self {
            inner: Mutex::default(),
            failures: Failures::default(),
            most,
        }
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The archive of this key, if it is kept.
    ///
    /// # Errors
    /// Why it could not be read a moment ago.
    pub(super) fn get(&self, key: &str) -> Outcome {
        let mut inner = self.lock();
        let Inner {
            opened,
            order,
            uses,
            ..
        } = &mut *inner;
        let Some(line) = opened.get_mut(key) else {
            drop(inner);
            return self.failures.get(&key.to_owned()).map_or(Ok(None), Err);
        };
        *uses += 1;
        order.remove(&line.used);
        order.insert(*uses, key.to_owned());
        line.used = *uses;
        Ok(Some(Arc::clone(&line.opened)))
    }

    /// Remembers why an archive could not be read.
    pub(super) fn note_failure(&self, key: &str, error: &Error) {
        self.failures.note(&key.to_owned(), error);
    }

    /// Keeps an archive, and gives up what was used longest ago where that is too much. One that takes
    /// more than half of all is not kept.
    pub(super) fn insert(&self, key: &str, opened: &Arc<Opened>) {
        let bytes = opened.tree.weight() + 2 * key.len();
        if bytes > self.most / 2 {
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
        while inner.bytes > self.most {
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
        begin: impl FnOnce() -> BoxFuture<'static, Outcome>,
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

#[cfg(test)]
mod tests {
    use std::time::Instant;

    use super::*;
    use crate::{
        Entry, Index, Limits, State, content::Content, names::RawName, testing, tree::Tree,
    };

    fn opened(entries: usize) -> Arc<Opened> {
        let entry = |number: usize| Entry {
            name: RawName {
                bytes: number.to_string().into_bytes().into(),
                text: Some(number.to_string().into()),
                is_dos: false,
            },
            is_dir: false,
            length: 0,
            packed: None,
            method: "stored",
            modified: None,
            checksum: 0,
            state: State::Ready,
            content: Arc::new(Content::Nothing),
        };
        let index = Index {
            format: "tar",
            entries: (0..entries).map(entry).collect(),
        };
        let limits = Limits::default();
        let tree = Tree::new(index, &limits, String::new(), &testing::outer());
        Arc::new(Opened {
            tree: Arc::new(tree.expect("within the limits")),
            sources: Vec::new(),
            told: Mutex::new(Instant::now()),
        })
    }

    fn has(kept: &Kept, key: &str) -> bool {
        kept.get(key).is_ok_and(|opened| opened.is_some())
    }

    #[test]
    fn what_was_used_longest_ago_goes_when_there_is_too_much() {
        let one = opened(100);
        let kept = Kept::new(10 * (one.tree.weight() + 10));
        for number in 0..10 {
            kept.insert(&number.to_string(), &opened(100));
        }
        assert!((0..10).all(|number| has(&kept, &number.to_string())));
        // Asked for in this order, the first is now the oldest but for being asked for again.
        assert!(has(&kept, "0"));
        kept.insert("10", &opened(100));
        assert!(has(&kept, "0") && has(&kept, "10") && !has(&kept, "1"));
        for number in 11..1000 {
            kept.insert(&number.to_string(), &opened(100));
            assert!(kept.lock().bytes <= kept.most);
        }
        let inner = kept.lock();
        assert_eq!(inner.opened.len(), inner.order.len());
        let counted: usize = inner.opened.values().map(|line| line.bytes).sum();
        assert_eq!(counted, inner.bytes);
    }

    #[test]
    fn one_that_takes_most_of_it_is_not_kept() {
        let kept = Kept::new(100_000);
        kept.insert("small", &opened(1));
        kept.insert("large", &opened(10_000));
        assert!(has(&kept, "small") && !has(&kept, "large"));
    }
}
