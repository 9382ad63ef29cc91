//! The states of the decoder that are kept, so that a reader need not begin at the start.

use std::{
    collections::BTreeMap,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicUsize, Ordering},
    },
};

use miniz_oxide::inflate::core::DecompressorOxide;

/// Bytes of output that DEFLATE can refer back to.
pub(super) const WINDOW: usize = 32 << 10;

/// Fewest bytes of output from one checkpoint to the next.
const SPAN: u64 = 1 << 20;

/// Most checkpoints of one stream: 11 MiB with their decoders.
const MOST: u64 = 256;

/// How many checkpoints may be kept, over several streams together.
pub(crate) struct Room(AtomicUsize);

impl Room {
    /// Room for so many bytes of checkpoints.
    pub(crate) fn new(bytes: u64) -> Self {
        let each = (WINDOW + size_of::<DecompressorOxide>()) as u64;
        Self(AtomicUsize::new(
            usize::try_from(bytes / each).unwrap_or(usize::MAX),
        ))
    }

    fn take(&self) -> bool {
        let less = |left: usize| left.checked_sub(1);
        let taken = self
            .0
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, less);
        taken.is_ok()
    }
}

/// A place in a stream to begin at.
pub(super) struct Checkpoint {
    /// Bytes of input that the decoder has taken.
    pub(super) input: u64,
    /// Bytes of output it has made of them.
    pub(super) output: u64,
    /// The decoder.
    pub(super) decoder: Box<DecompressorOxide>,
    /// The output before this place, as far as it can be referred back to.
    pub(super) window: Box<[u8; WINDOW]>,
}

/// The checkpoints of one stream, by what has come out before them.
pub(super) struct Checkpoints {
    span: u64,
    room: Arc<Room>,
    known: Mutex<BTreeMap<u64, Arc<Checkpoint>>>,
}

impl Checkpoints {
    /// None yet, for a stream that gives so many bytes.
    pub(super) fn new(length: u64, room: Arc<Room>) -> Self {
        Self {
            span: SPAN.max(length.div_ceil(MOST)),
            room,
            known: Mutex::default(),
        }
    }

    /// The last one at or before a place in the output.
    pub(super) fn before(&self, output: u64) -> Option<Arc<Checkpoint>> {
        let known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        known.range(..=output).next_back().map(|(_, at)| at.clone())
    }

    /// The first one at or behind a place in the output.
    pub(super) fn after(&self, output: u64) -> Option<Arc<Checkpoint>> {
        let known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        known.range(output..).next().map(|(_, at)| at.clone())
    }

    /// Keeps one, unless there is one nearer than the span or no room.
    pub(super) fn offer(&self, output: u64, make: impl FnOnce() -> Checkpoint) {
        // The start is one by itself.
        if output < self.span {
            return;
        }
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        let near = output - self.span + 1..output.saturating_add(self.span);
        if known.range(near).next().is_none() && self.room.take() {
            known.insert(output, Arc::new(make()));
        }
    }

    /// How many there are.
    #[cfg(test)]
    pub(super) fn count(&self) -> usize {
        let known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        known.len()
    }
}
