//! How many requests one server gets at a time, and whose turn is next.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use cid::multihash::Multihash;
use tokio::sync::{Notify, Semaphore, SemaphorePermit};

use crate::Urgency;

/// Requests at a time, and how many of them may be for what is wanted soon.
const AT_ONCE: usize = 16;
const SOON_AT_ONCE: usize = 12;

/// The requests to one server. What somebody waits for never queues behind what is wanted soon.
#[derive(Debug)]
pub(crate) struct Queue {
    all: Semaphore,
    soon: Semaphore,
    /// What is wanted soon and waits for its turn.
    waiting: Mutex<HashMap<Multihash<64>, Waiting>>,
}

#[derive(Debug, Default)]
struct Waiting {
    count: usize,
    hurry: Arc<Notify>,
}

/// The right to one request.
#[derive(Debug)]
#[must_use = "the turn ends when it is dropped"]
pub(crate) struct Turn<'a> {
    _soon: Option<SemaphorePermit<'a>>,
    _all: Option<SemaphorePermit<'a>>,
}

impl Default for Queue {
    fn default() -> Self {
        Self {
            all: Semaphore::new(AT_ONCE),
            soon: Semaphore::new(SOON_AT_ONCE),
            waiting: Mutex::default(),
        }
    }
}

impl Queue {
    /// Waits for the turn of a block.
    pub(crate) async fn turn(&self, hash: &Multihash<64>, urgency: Urgency) -> Turn<'_> {
        let soon = match urgency {
            Urgency::Now => None,
            Urgency::Soon => self.soon_turn(hash).await,
        };
        // Nobody closes it.
        let all = self.all.acquire().await.ok();
        Turn {
            _soon: soon,
            _all: all,
        }
    }

    /// Waits until there is room for one more that is wanted soon, or it is wanted now.
    async fn soon_turn(&self, hash: &Multihash<64>) -> Option<SemaphorePermit<'_>> {
        let place = Place::new(self, hash);
        tokio::select! {
            permit = self.soon.acquire() => permit.ok(),
            () = place.hurry.notified() => None,
        }
    }

    /// Lets a block go ahead of those that are only wanted soon.
    pub(crate) fn hurry(&self, hash: &Multihash<64>) {
        if let Some(waiting) = self.waiting().get(hash) {
            waiting.hurry.notify_waiters();
        }
    }

    fn waiting(&self) -> MutexGuard<'_, HashMap<Multihash<64>, Waiting>> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A place in the queue.
struct Place<'a> {
    queue: &'a Queue,
    hash: Multihash<64>,
    hurry: Arc<Notify>,
}

impl<'a> Place<'a> {
    fn new(queue: &'a Queue, hash: &Multihash<64>) -> Self {
        let mut all = queue.waiting();
        let waiting = all.entry(*hash).or_default();
        waiting.count += 1;
        let hurry = Arc::clone(&waiting.hurry);
        drop(all);
        Self {
            queue,
            hash: *hash,
            hurry,
        }
    }
}

impl Drop for Place<'_> {
    fn drop(&mut self) {
        let mut all = self.queue.waiting();
        if let Some(waiting) = all.get_mut(&self.hash) {
            waiting.count -= 1;
            if waiting.count == 0 {
                all.remove(&self.hash);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt;

    use super::*;
    use crate::testing::raw;

    #[tokio::test]
    async fn what_is_wanted_now_does_not_queue_behind_what_is_wanted_soon() {
        let queue = Queue::default();
        let hash = |number: u8| *raw(&[number]).0.hash();
        let mut turns = Vec::new();
        let mut soon: Vec<_> = (0..40)
            .map(|at| Box::pin(queue.turn_of(hash(at))))
            .collect();
        for turn in &mut soon {
            turns.extend(turn.now_or_never());
        }
        assert_eq!(turns.len(), SOON_AT_ONCE);
        let now = queue.turn(&hash(99), Urgency::Now).now_or_never();
        assert!(now.is_some());
        // One of those that wait is wanted now after all.
        queue.hurry(&hash(30));
        let hurried: Vec<_> = (soon.iter_mut().enumerate().skip(SOON_AT_ONCE))
            .filter_map(|(at, turn)| Some((at, turn.now_or_never()?)))
            .collect();
        assert_eq!(hurried.iter().map(|(at, _)| *at).collect::<Vec<_>>(), [30]);
        drop((soon, turns, now, hurried));
        assert!(queue.waiting().is_empty());
        assert_eq!(queue.all.available_permits(), AT_ONCE);
    }

    impl Queue {
        async fn turn_of(&self, hash: Multihash<64>) -> Turn<'_> {
            self.turn(&hash, Urgency::Soon).await
        }
    }
}
