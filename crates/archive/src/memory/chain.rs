//! Decoders that read from each other, and what they have together.

use std::{
    cell::RefCell,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Instant,
};

use tokio_util::sync::CancellationToken;
use universal_p2p_core::Error;

use super::{Memory, busy};

thread_local! {
    /// The chain of the decoder that this thread works for.
    static HERE: RefCell<Option<Arc<Chain>>> = const { RefCell::new(None) };
}

/// The chain of the decoder that asks, if one does: what it waits for must not wait for what it has.
pub(crate) fn chain_here() -> Option<Arc<Chain>> {
    HERE.with_borrow(Clone::clone)
}

/// Does work as a decoder of a chain.
pub(crate) fn within<T>(chain: &Arc<Chain>, work: impl FnOnce() -> T) -> T {
    /// Also where the work panics, the thread does not stay a decoder.
    struct Before(Option<Arc<Chain>>);
    impl Drop for Before {
        fn drop(&mut self) {
            HERE.set(self.0.take());
        }
    }
    let _before = Before(HERE.replace(Some(Arc::clone(chain))));
    work()
}

/// What decoders have that read from each other.
pub(crate) struct Chain {
    memory: Arc<Memory>,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    /// Bytes that it has.
    taken: u64,
    /// Bytes of them that its decoders have.
    used: u64,
    /// The most that its decoders wanted to have at the same time.
    needs: u64,
    /// What it takes at once when it takes anything.
    at_once: u64,
    /// Whether one of them waits.
    is_waiting: bool,
}

impl Chain {
    /// A chain that has nothing yet, and takes so much at once when it takes anything.
    pub(super) fn new(memory: &Arc<Memory>, at_once: u64) -> Arc<Self> {
        Arc::new(Self {
            memory: Arc::clone(memory),
            state: Mutex::new(State {
                at_once,
                ..State::default()
            }),
        })
    }

    pub(super) fn memory(&self) -> &Arc<Memory> {
        &self.memory
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Bytes that its decoders have.
    pub(super) fn used(&self) -> u64 {
        self.state().used
    }

    /// The most that its decoders wanted to have at the same time.
    pub(super) fn needs(&self) -> u64 {
        self.state().needs
    }

    /// The most that its decoders wanted, or that was known before.
    pub(super) fn wanted(&self) -> u64 {
        let state = self.state();
        state.needs.max(state.at_once)
    }

    /// Takes bytes for one of its decoders. Blocks where it has nothing yet.
    ///
    /// # Errors
    /// [`Error::Busy`] where it has something already and there is not enough left, or none came in
    /// time; [`Error::Stopping`] where nobody wants it any more.
    pub(super) fn take(
        &self,
        bytes: u64,
        deadline: Instant,
        cancel: &CancellationToken,
    ) -> Result<(), Error> {
        let mut state = self.state();
        let used = state.used.saturating_add(bytes);
        state.needs = state.needs.max(used);
        if state.taken > 0 || state.is_waiting {
            let more = used.saturating_sub(state.taken);
            if !self.memory.try_take(more) {
                return Err(busy());
            }
            (state.taken, state.used) = (state.taken + more, used);
            return Ok(());
        }
        // As much as was not enough before is of no use; what is more than all is tried all the same.
        let all = state.needs.max(state.at_once);
        let all = all.min(self.memory.most()).max(bytes);
        state.is_waiting = true;
        drop(state);
        let waited = self.memory.take(all, deadline, cancel);
        let mut state = self.state();
        state.is_waiting = false;
        waited?;
        (state.taken, state.used) = (state.taken + all, state.used + bytes);
        Ok(())
    }

    /// Gives back what one of its decoders had. What was taken to spare is kept while the first has
    /// something.
    pub(super) fn give_back(&self, bytes: u64, is_first: bool) {
        let mut state = self.state();
        state.used -= bytes;
        if is_first || state.used == 0 {
            let spare = state.taken - state.used;
            state.taken = state.used;
            self.memory.give_back(spare);
        }
    }
}
