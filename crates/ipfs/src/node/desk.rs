//! What readers want of the node, between them and the task that drives it.

use std::{
    collections::{HashMap, HashSet, VecDeque},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use bytes::Bytes;
use cid::Cid;
use libp2p::Multiaddr;
use tokio::{
    sync::{Notify, oneshot},
    time::Instant,
};
use universal_p2p_core::{Error, Result};

use super::{call::Call, reason};
use crate::{
    Block, Urgency, Want,
    bitswap::{Failure, Hash},
};

/// The most blocks that are wanted at the same time.
const WANTS: usize = 4096;

/// The most readers of one block.
const READERS: usize = 1024;

/// The most calls that wait to be looked at.
const CALLS: usize = 1024;

/// The longest wait.
const LONGEST: Duration = Duration::from_secs(86_400);

/// How long before the end of a wait it is said why it was in vain.
const MARGIN: Duration = Duration::from_millis(200);

/// What is wanted, and who waits for it.
#[derive(Default)]
pub(super) struct Desk {
    state: Mutex<State>,
    changed: Notify,
}

#[derive(Default)]
struct State {
    wants: HashMap<Hash, Wanted>,
    changed: HashSet<Hash>,
    calls: VecDeque<Call>,
    count: u64,
    is_closed: bool,
}

struct Wanted {
    root: Cid,
    urgency: Urgency,
    waiters: Vec<Waiter>,
}

struct Waiter {
    number: u64,
    cid: Cid,
    since: Instant,
    until: Instant,
    answer: oneshot::Sender<Result<Block>>,
}

/// What the driver is to do about one block.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Change {
    /// It is wanted, or more urgently.
    Want(Cid, Cid, Urgency),
    /// Nobody waits for it any more.
    End(Hash),
}

/// The place of one reader. Dropping it takes the want back.
#[must_use = "dropping it takes the want back"]
pub(super) struct Ticket {
    desk: Arc<Desk>,
    hash: Hash,
    number: u64,
    answer: oneshot::Receiver<Result<Block>>,
}

impl Desk {
    /// Wants a block, of whose root these peers may have others.
    ///
    /// # Errors
    /// [`Error::Busy`] where too much is wanted, [`Error::Stopping`] when the node is.
    pub(super) fn want(
        self: &Arc<Self>,
        cid: &Cid,
        want: &Want,
        peers: Vec<Multiaddr>,
    ) -> Result<Ticket> {
        let mut state = self.state();
        if state.is_closed {
            return Err(Error::Stopping);
        }
        let hash = *cid.hash();
        let readers = state.wants.get(&hash).map(|wanted| wanted.waiters.len());
        let is_full = readers.map_or(state.wants.len() >= WANTS, |readers| readers >= READERS);
        if is_full || state.changed.len() >= 2 * WANTS {
            return Err(busy());
        }
        state.count += 1;
        let (number, since) = (state.count, Instant::now());
        let (sender, answer) = oneshot::channel();
        let wanted = state.wants.entry(hash).or_insert_with(|| Wanted {
            root: want.root,
            urgency: want.urgency,
            waiters: Vec::new(),
        });
        wanted.urgency = wanted.urgency.min(want.urgency);
        let within = want.within - (want.within / 10).min(MARGIN);
        wanted.waiters.push(Waiter {
            number,
            cid: *cid,
            since,
            until: since + within.min(LONGEST),
            answer: sender,
        });
        state.changed.insert(hash);
        // Together with the want: it would fail at once where nobody else is known.
        if !peers.is_empty() && state.calls.len() < CALLS {
            state.calls.push_back(Call::Hint(want.root, peers));
        }
        drop(state);
        self.changed.notify_one();
        Ok(Ticket {
            desk: Arc::clone(self),
            hash,
            number,
            answer,
        })
    }

    /// Somebody waits now for a block that is wanted.
    pub(super) fn hurry(&self, hash: &Hash) {
        let mut state = self.state();
        let Some(wanted) = state.wants.get_mut(hash) else {
            return;
        };
        if wanted.urgency != Urgency::Now {
            wanted.urgency = Urgency::Now;
            state.changed.insert(*hash);
            drop(state);
            self.changed.notify_one();
        }
    }

    /// Hands something else to the driver; false where too much waits.
    pub(super) fn call(&self, call: Call) -> bool {
        let mut state = self.state();
        if state.is_closed || state.calls.len() >= CALLS {
            return false;
        }
        state.calls.push_back(call);
        drop(state);
        self.changed.notify_one();
        true
    }

    /// Waits until there is something to do.
    pub(super) async fn changed(&self) {
        self.changed.notified().await;
    }

    /// What there is to do: wants first, because calls may be about them.
    pub(super) fn take(&self) -> (Vec<Change>, VecDeque<Call>) {
        let mut state = self.state();
        let changed = std::mem::take(&mut state.changed);
        let change = |hash: Hash| match state.wants.get(&hash) {
            Some(wanted) => {
                let cid = wanted.waiters.first().map(|waiter| waiter.cid);
                let cid = cid.unwrap_or_else(|| Cid::new_v1(0x55, hash));
                Change::Want(cid, wanted.root, wanted.urgency)
            }
            None => Change::End(hash),
        };
        let changes = changed.into_iter().map(change).collect();
        (changes, std::mem::take(&mut state.calls))
    }

    /// Hands a block, which was hashed, to all who wait for it.
    pub(super) fn deliver(&self, hash: &Hash, bytes: &Bytes) {
        for waiter in self.waiters(hash) {
            let block = Block::held(waiter.cid, bytes.clone());
            let _ = waiter.answer.send(Ok(block));
        }
    }

    /// Tells all who wait for a block that nobody has it.
    pub(super) fn fail(&self, hash: &Hash, failure: Failure) {
        for waiter in self.waiters(hash) {
            let error = reason(failure, waiter.since.elapsed());
            let _ = waiter.answer.send(Err(error));
        }
    }

    fn waiters(&self, hash: &Hash) -> Vec<Waiter> {
        let mut state = self.state();
        // Nothing is left to be taken back.
        state.changed.remove(hash);
        let wanted = state.wants.remove(hash);
        wanted.map(|wanted| wanted.waiters).unwrap_or_default()
    }

    /// Ends the waits whose time is over.
    pub(super) fn expire(&self, failure: impl Fn(&Hash) -> Failure) {
        let now = Instant::now();
        let mut over = Vec::new();
        let mut state = self.state();
        for (hash, wanted) in &mut state.wants {
            let is_over = |waiter: &mut Waiter| waiter.until <= now;
            over.extend(
                wanted
                    .waiters
                    .extract_if(.., is_over)
                    .map(|waiter| (*hash, waiter)),
            );
        }
        drop(state);
        for (hash, waiter) in over {
            let error = reason(failure(&hash), waiter.since.elapsed());
            let _ = waiter.answer.send(Err(error));
        }
    }

    /// Whether anybody waits.
    pub(super) fn is_waiting(&self) -> bool {
        !self.state().wants.is_empty()
    }

    /// Ends all waits, and takes no more.
    pub(super) fn close(&self) {
        let mut state = self.state();
        state.is_closed = true;
        state.calls.clear();
        // Who waits hears that it stops when the sender is gone.
        state.wants.clear();
    }

    fn leave(&self, hash: &Hash, number: u64) {
        let mut state = self.state();
        let Some(wanted) = state.wants.get_mut(hash) else {
            return;
        };
        wanted.waiters.retain(|waiter| waiter.number != number);
        if wanted.waiters.is_empty() {
            state.wants.remove(hash);
            state.changed.insert(*hash);
            drop(state);
            self.changed.notify_one();
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Ticket {
    /// Waits for the block.
    pub(super) async fn answer(mut self) -> Result<Block> {
        (&mut self.answer).await.unwrap_or(Err(Error::Stopping))
    }
}

impl Drop for Ticket {
    fn drop(&mut self) {
        self.desk.leave(&self.hash, self.number);
    }
}

fn busy() -> Error {
    Error::Busy {
        what: format!("{WANTS} blocks are wanted of peers already"),
        retry_after: Duration::from_secs(5),
    }
}

#[cfg(test)]
mod tests;
