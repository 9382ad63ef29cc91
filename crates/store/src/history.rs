//! The collections of this run.

use std::{
    collections::VecDeque,
    sync::{Mutex, MutexGuard, PoisonError},
};

use crate::Collection;

/// Collections that are remembered.
const MOST: usize = 100;

/// The last collections, and the sums of all since the start.
#[derive(Default)]
pub(crate) struct History(Mutex<Done>);

#[derive(Default)]
struct Done {
    /// The newest last.
    last: VecDeque<Collection>,
    count: u64,
    freed: u64,
}

impl History {
    /// Takes note of one.
    pub(crate) fn note(&self, collection: Collection) {
        let mut done = self.done();
        done.count += 1;
        done.freed = done.freed.saturating_add(collection.freed);
        if done.last.len() == MOST {
            done.last.pop_front();
        }
        done.last.push_back(collection);
    }

    /// The last one.
    pub(crate) fn last(&self) -> Option<Collection> {
        self.done().last.back().cloned()
    }

    /// How many there were, and those after the first so many of them, as far as they are remembered;
    /// the oldest first.
    pub(crate) fn since(&self, seen: u64) -> (u64, Vec<Collection>) {
        let done = self.done();
        let new = usize::try_from(done.count.saturating_sub(seen)).unwrap_or(MOST);
        let known = done.last.len();
        let new = done.last.iter().skip(known - new.min(known));
        (done.count, new.cloned().collect())
    }

    /// How many there were, and the bytes that they freed.
    pub(crate) fn sums(&self) -> (u64, u64) {
        let done = self.done();
        (done.count, done.freed)
    }

    fn done(&self) -> MutexGuard<'_, Done> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Reason;

    fn collection(at: u64) -> Collection {
        Collection {
            at,
            reason: Reason::Limit,
            freed: 10,
            chunks: 1,
            items: 1,
            took_ms: 0,
        }
    }

    #[test]
    fn the_last_hundred_are_remembered() {
        let history = History::default();
        assert_eq!(history.last(), None);
        assert_eq!(history.since(0), (0, Vec::new()));
        for at in 0..250 {
            history.note(collection(at));
        }
        let (count, all) = history.since(0);
        assert_eq!((count, all.len()), (250, 100));
        assert_eq!(all.first().map(|one| one.at), Some(150));
        assert_eq!(history.last().map(|one| one.at), Some(249));
        assert_eq!(history.since(248).1.len(), 2);
        assert_eq!(history.since(250).1, []);
        assert_eq!(history.since(999).1, []);
        assert_eq!(history.sums(), (250, 2500));
    }
}
