//! The states of the decoder that are kept, so that a reader need not begin at the start.

use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};

use miniz_oxide::inflate::core::{BlockBoundaryState, DecompressorOxide};
use universal_p2p_core::Item;

use super::shelf::Shelf;
use crate::slots::{self, Slots};

/// Bytes of output that DEFLATE can refer back to.
pub(super) const WINDOW: usize = 32 << 10;

/// Fewest bytes of output from one checkpoint to the next.
const SPAN: u64 = 1 << 20;

/// Most checkpoints of one stream: 9 MiB.
const MOST: u64 = 256;

/// Streams of more bytes have theirs on disk too.
const LONG: u64 = 4 << 20;

/// Bytes of a slot on disk.
const SLOT: usize = 36 << 10;

/// Bytes before the window: how much went in and came out, and bits of the last byte that are not used up.
const HEAD: usize = 8 + 8 + 2;

/// Without the end of a block for so many spans, a decoder is kept as it is.
const PATIENCE: u64 = 4;

/// A place in a stream to begin at.
pub(super) struct Checkpoint {
    /// Bytes of input that the decoder has taken.
    pub(super) input: u64,
    /// Bytes of output it has made of them.
    pub(super) output: u64,
    pub(super) state: State,
    /// The output before this place, as far as it can be referred back to.
    pub(super) window: Box<[u8; WINDOW]>,
}

/// How a decoder stands.
pub(super) enum State {
    /// Between two blocks: bits of the last byte that it took, and how many.
    Between { bits: u8, count: u8 },
    /// Anywhere else.
    Within(Box<DecompressorOxide>),
}

impl Checkpoint {
    /// A decoder that goes on here.
    pub(super) fn decoder(&self) -> Box<DecompressorOxide> {
        match &self.state {
            State::Between { bits, count } => {
                let between = BlockBoundaryState {
                    num_bits: *count,
                    bit_buf: *bits,
                    ..BlockBoundaryState::default()
                };
                Box::new(DecompressorOxide::from_block_boundary_state(&between))
            }
            State::Within(decoder) => decoder.clone(),
        }
    }

    /// What is written to disk, where that can be done.
    fn encode(&self) -> Option<Vec<u8>> {
        let State::Between { bits, count } = self.state else {
            return None;
        };
        let mut bytes = Vec::with_capacity(HEAD + WINDOW);
        bytes.extend(self.input.to_le_bytes());
        bytes.extend(self.output.to_le_bytes());
        bytes.extend([bits, count]);
        bytes.extend(self.window.as_slice());
        Some(bytes)
    }

    fn decode(bytes: &[u8]) -> Option<Self> {
        let (input, rest) = bytes.split_first_chunk()?;
        let (output, rest) = rest.split_first_chunk()?;
        let ([bits, count], window) = rest.split_first_chunk()?;
        let window: &[u8; WINDOW] = window.try_into().ok()?;
        Some(Self {
            input: u64::from_le_bytes(*input),
            output: u64::from_le_bytes(*output),
            state: State::Between {
                bits: *bits,
                count: *count,
            },
            window: Box::new(*window),
        })
    }
}

/// The checkpoints of one stream: in each span of what comes out the first that was come by.
pub(super) struct Checkpoints {
    span: u64,
    /// Bytes that go in, and that come out.
    packed: u64,
    length: u64,
    item: Item,
    shelf: Arc<Shelf>,
    /// Those on disk, once they were opened.
    slots: Mutex<Option<Arc<Slots>>>,
    name: OnceLock<String>,
}

impl Checkpoints {
    /// Of a stream of so many bytes that gives so many: those that were kept under its item.
    pub(super) fn new(packed: u64, length: u64, item: Item, shelf: &Arc<Shelf>) -> Self {
        Self {
            span: SPAN.max(length.div_ceil(MOST)),
            packed,
            length,
            item,
            shelf: Arc::clone(shelf),
            slots: Mutex::default(),
            name: OnceLock::new(),
        }
    }

    /// Names what is on disk by what comes out.
    pub(super) fn describe(&self, entry: &str) {
        self.name.get_or_init(|| {
            let name = format!("{entry} (checkpoints)");
            if let Some(store) = self.shelf.store().filter(|_| self.opened().is_some()) {
                store.describe(&self.item, &name);
            }
            name
        });
    }

    fn opened(&self) -> MutexGuard<'_, Option<Arc<Slots>>> {
        self.slots.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether they are on disk too, so that looking for one blocks.
    pub(super) fn are_on_disk(&self) -> bool {
        self.packed > LONG && self.shelf.store().is_some()
    }

    fn slot(&self, output: u64) -> u32 {
        u32::try_from(output / self.span).unwrap_or(u32::MAX)
    }

    /// Those on disk, made where they are not there yet.
    fn slots(&self, make: bool) -> Option<Arc<Slots>> {
        let store = self.shelf.store().filter(|_| self.are_on_disk())?;
        let mut slots = self.opened();
        if let Some(known) = slots.as_ref().filter(|known| !known.are_gone()) {
            return Some(Arc::clone(known));
        }
        if !make && !store.has_object(&self.item) {
            return None;
        }
        let count = self.slot(self.length).saturating_add(1);
        let opened = Slots::open(store, &self.item, count, SLOT - slots::HEAD);
        let opened = opened.inspect_err(|error| tracing::debug!(%error, "no checkpoints on disk"));
        let opened = Arc::new(opened.ok()?);
        if let Some(name) = self.name.get().filter(|_| make) {
            store.describe(&self.item, name);
        }
        *slots = Some(Arc::clone(&opened));
        Some(opened)
    }

    /// The one of a span. Blocks where it is on disk.
    fn of(&self, slot: u32, slots: Option<&Slots>) -> Option<Arc<Checkpoint>> {
        let place = (self.item.id.clone(), slot);
        if let Some(known) = self.shelf.get(&place) {
            return Some(known);
        }
        let kept = Checkpoint::decode(&slots?.get(slot)?)?;
        let is_sound = self.slot(kept.output) == slot && kept.input <= self.packed;
        let kept = Arc::new(is_sound.then_some(kept)?);
        self.shelf.put(place, Arc::clone(&kept));
        Some(kept)
    }

    /// The last one at or before a place in the output. Blocks where they are on disk.
    pub(super) fn before(&self, output: u64) -> Option<Arc<Checkpoint>> {
        let slots = self.slots(false);
        let mut places = (1..=self.slot(output)).rev();
        places.find_map(|slot| {
            let found = self.of(slot, slots.as_deref());
            found.filter(|found| found.output <= output)
        })
    }

    /// The first one at or behind a place in the output. Blocks where they are on disk.
    pub(super) fn after(&self, output: u64) -> Option<Arc<Checkpoint>> {
        let slots = self.slots(false);
        let mut places = self.slot(output).max(1)..=self.slot(self.length);
        places.find_map(|slot| {
            let found = self.of(slot, slots.as_deref());
            found.filter(|found| found.output >= output)
        })
    }

    /// Whether a decoder that has made so much, and was last kept there, is to be kept: between two
    /// blocks, or anywhere if it did not come to the end of one for long.
    pub(super) fn wants(&self, output: u64, last: u64, is_between: bool) -> bool {
        let spans = self.slot(output).saturating_sub(self.slot(last));
        spans > 0 && (is_between || u64::from(spans) >= PATIENCE)
    }

    /// Keeps one, unless its span has one already. Blocks where it goes to disk.
    pub(super) fn offer(&self, output: u64, make: impl FnOnce() -> Checkpoint) {
        let slot = self.slot(output);
        let place = (self.item.id.clone(), slot);
        let slots = self.slots(true);
        let known = self.shelf.get(&place);
        let is_on_disk = slots.as_ref().is_none_or(|slots| slots.has(slot));
        // What is on disk and not in memory is enough too.
        if is_on_disk && (known.is_some() || slots.is_some()) {
            return;
        }
        let checkpoint = known.unwrap_or_else(|| {
            let made = Arc::new(make());
            self.shelf.put(place, Arc::clone(&made));
            made
        });
        if let Some((slots, bytes)) = slots.zip(checkpoint.encode()) {
            slots.put(slot, &bytes);
        }
    }
}
