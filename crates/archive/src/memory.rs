//! One budget of memory for all decoders together.
//!
//! ```text
//! decoder ─ Ration::have(bytes) ─→ Chain ─→ Memory    what is left of it, or a place in the queue
//!                                    └ decoders that this one reads from, of archives around its own
//! ```
//! A decoder has its bytes before it allocates them. Who has none yet waits in turn, and not for ever.
//! Who has some never waits for more, so that nobody can wait for each other: decoders that read from
//! each other are a chain, and where one of it finds too little left, all of it is given up, and begins
//! again when there is enough for the whole chain at once.

mod chain;
mod ration;
#[cfg(test)]
mod tests;

use std::{
    collections::BTreeSet,
    sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use tokio_util::sync::CancellationToken;
use universal_p2p_core::Error;

pub(crate) use chain::{Chain, chain_here, within};
pub(crate) use ration::{Lack, Ration};

/// How often whoever waits looks whether anybody still wants it.
const LOOK_EVERY: Duration = Duration::from_millis(100);

/// When a client comes back that found no memory.
const COME_BACK: Duration = Duration::from_secs(5);

/// Bytes of memory that decoders share.
pub(crate) struct Memory {
    most: u64,
    state: Mutex<State>,
    freed: Condvar,
}

#[derive(Default)]
struct State {
    taken: u64,
    /// Who waits, by when they came.
    queue: BTreeSet<u64>,
    came: u64,
}

impl Memory {
    /// So many bytes for all of them.
    pub(crate) fn new(most: u64) -> Arc<Self> {
        Arc::new(Self {
            most,
            state: Mutex::default(),
            freed: Condvar::new(),
        })
    }

    /// Bytes that there are at all.
    pub(crate) fn most(&self) -> u64 {
        self.most
    }

    /// Whether a decoder waits for memory.
    pub(crate) fn has_waiting(&self) -> bool {
        !self.state().queue.is_empty()
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes bytes if they are left, whoever waits.
    fn try_take(&self, bytes: u64) -> bool {
        let mut state = self.state();
        let is_left = bytes <= self.most.saturating_sub(state.taken);
        if is_left {
            state.taken += bytes;
        }
        is_left
    }

    /// Takes bytes when they are left and all who came before are served. Blocks.
    ///
    /// # Errors
    /// [`Error::Busy`] after the deadline, [`Error::Stopping`] where nobody wants it any more.
    fn take(&self, bytes: u64, deadline: Instant, cancel: &CancellationToken) -> Result<(), Error> {
        let mut state = self.state();
        let place = state.came;
        state.came += 1;
        state.queue.insert(place);
        let verdict = loop {
            let is_first = state.queue.first() == Some(&place);
            if is_first && bytes <= self.most.saturating_sub(state.taken) {
                state.taken += bytes;
                break Ok(());
            }
            let now = Instant::now();
            if cancel.is_cancelled() {
                break Err(Error::Stopping);
            }
            if now >= deadline {
                break Err(busy());
            }
            let rest = LOOK_EVERY.min(deadline - now);
            let woken = self.freed.wait_timeout(state, rest);
            state = woken.unwrap_or_else(PoisonError::into_inner).0;
        };
        state.queue.remove(&place);
        drop(state);
        self.freed.notify_all();
        verdict
    }

    /// Waits a moment, or until something is given back.
    fn rest(&self) {
        let _woken = self.freed.wait_timeout(self.state(), LOOK_EVERY);
    }

    fn give_back(&self, bytes: u64) {
        self.state().taken -= bytes;
        self.freed.notify_all();
    }

    /// Bytes that are taken.
    #[cfg(test)]
    pub(crate) fn taken(&self) -> u64 {
        self.state().taken
    }
}

/// What a client is told that found no memory in time.
pub(crate) fn busy() -> Error {
    Error::Busy {
        what: "the memory for unpacking is in use; archive.memory raises the limit".into(),
        retry_after: COME_BACK,
    }
}
