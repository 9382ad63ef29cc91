//! What one decoder has of the memory.

use std::{
    io,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, Instant},
};

use tokio_util::sync::CancellationToken;
use universal_p2p_core::Error;

use super::{Chain, Memory, within};

/// Bytes that every decoder takes: pages that it reads, a chunk that it fills, tables.
const EACH: u64 = 3 << 20;

/// How often in a row a chain has to need more than there is until it is believed: a decoder that was
/// given up may still have its share when the next one begins.
const BELIEVED: u32 = 4;

/// What one decoder has of the memory, for as long as this lives.
pub(crate) struct Ration {
    chain: Arc<Chain>,
    /// Whether no decoder reads from this one.
    is_first: bool,
    deadline: Instant,
    cancel: CancellationToken,
    is_waiting: Arc<AtomicBool>,
    /// It takes all that can be had, because less was too little.
    takes_all: bool,
    /// How often in a row its chain needed more than there is.
    crowded: u32,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    bytes: u64,
    failure: Option<Error>,
}

/// What a decoder broke off for, which may not be so the next time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Lack {
    /// It needs more memory than it has.
    Memory,
    /// A decoder that it reads from found too little left.
    Turn,
}

impl Ration {
    /// Nothing yet, for a decoder whose reader is in a chain, or for the first of a new one. Waits for so
    /// long at most.
    pub(crate) fn new(
        memory: &Arc<Memory>,
        around: Option<Arc<Chain>>,
        longest: Duration,
        cancel: CancellationToken,
    ) -> Self {
        Self {
            is_first: around.is_none(),
            chain: around.unwrap_or_else(|| Chain::new(memory, 0)),
            deadline: Instant::now() + longest,
            cancel,
            is_waiting: Arc::default(),
            takes_all: false,
            crowded: 0,
            state: Mutex::default(),
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Says whether it waits at the moment, also when it begins again.
    pub(crate) fn is_waiting(&self) -> &Arc<AtomicBool> {
        &self.is_waiting
    }

    /// The chain that it belongs to.
    #[cfg(test)]
    pub(crate) fn chain(&self) -> &Arc<Chain> {
        &self.chain
    }

    /// Does work as this decoder, so that decoders that it reads from belong to its chain.
    pub(crate) fn within<T>(&self, work: impl FnOnce() -> T) -> T {
        within(&self.chain, work)
    }

    /// Has so many bytes from now on, besides what every decoder takes; what it had before must not be in
    /// use any more. Says how many it has. Blocks.
    ///
    /// # Errors
    /// [`io::ErrorKind::OutOfMemory`] for more than there is at all. Where there is not enough left,
    /// [`Ration::take_failure`] says so.
    pub(crate) fn have(&self, bytes: u64) -> io::Result<u64> {
        let most = self.chain.memory().most();
        let wanted = bytes.saturating_add(EACH);
        if wanted > most {
            return Err(io::ErrorKind::OutOfMemory.into());
        }
        let mut state = self.state();
        if wanted > state.bytes {
            self.let_go(&mut state);
            let wanted = match self.takes_all {
                true => wanted.max(most.saturating_sub(self.chain.used())),
                false => wanted,
            };
            self.is_waiting.store(true, Ordering::Release);
            let taken = self.chain.take(wanted, self.deadline, &self.cancel);
            self.is_waiting.store(false, Ordering::Release);
            if let Err(error) = taken {
                let told = io::Error::other(error.to_string());
                state.failure = Some(error);
                return Err(told);
            }
            state.bytes = wanted;
        }
        Ok(state.bytes - EACH)
    }

    fn let_go(&self, state: &mut State) {
        let bytes = std::mem::take(&mut state.bytes);
        if bytes > 0 {
            self.chain.give_back(bytes, self.is_first);
        }
    }

    /// Whether there may be more to have after a decoder found that too little.
    #[cfg(feature = "rar")]
    pub(crate) fn may_have_more(&self) -> bool {
        !self.takes_all && self.crowded == 0
    }

    /// Why there was nothing to have.
    pub(crate) fn take_failure(&self) -> Option<Error> {
        self.state().failure.take()
    }

    /// Gives everything back after a decoder broke off, and has another try at it where that may be of
    /// use. None where it may not. Blocks for a moment.
    pub(crate) fn again(&self, lack: Lack) -> Option<Self> {
        self.let_go(&mut self.state());
        let memory = self.chain.memory();
        let crowded = self.crowded_now();
        let may = match lack {
            Lack::Memory => !self.takes_all && self.crowded == 0,
            Lack::Turn => self.is_first && crowded < BELIEVED && Instant::now() < self.deadline,
        };
        if !may || self.cancel.is_cancelled() {
            return None;
        }
        if lack == Lack::Turn {
            self.is_waiting.store(true, Ordering::Release);
            memory.rest();
        }
        let chain = match self.is_first {
            // What the one before still has is being given back, and not its own any more.
            true => Chain::new(memory, self.chain.wanted()),
            false => Arc::clone(&self.chain),
        };
        Some(Self {
            chain,
            is_first: self.is_first,
            deadline: self.deadline,
            cancel: self.cancel.clone(),
            is_waiting: Arc::clone(&self.is_waiting),
            takes_all: self.takes_all || lack == Lack::Memory,
            crowded,
            state: Mutex::default(),
        })
    }

    /// Whether its chain needs more than there is, and was alone with all of it again and again.
    pub(crate) fn is_hopeless(&self) -> bool {
        self.crowded_now() >= BELIEVED
    }

    /// How often in a row its chain needed more than there is, this time included.
    fn crowded_now(&self) -> u32 {
        match self.chain.needs() > self.chain.memory().most() {
            true => self.crowded + 1,
            false => 0,
        }
    }
}

impl Drop for Ration {
    fn drop(&mut self) {
        let mut state = self.state();
        let bytes = std::mem::take(&mut state.bytes);
        drop(state);
        if bytes > 0 {
            self.chain.give_back(bytes, self.is_first);
        }
    }
}
