//! A decoder somewhere in a stream.

use std::ops::Range;

use bytes::{Buf, Bytes, BytesMut};
use crc32fast::Hasher;
use miniz_oxide::inflate::{
    TINFLStatus,
    core::{
        DecompressorOxide, decompress_with_limit,
        inflate_flags::{TINFL_FLAG_HAS_MORE_INPUT, TINFL_FLAG_STOP_ON_BLOCK_BOUNDARY},
    },
};
use universal_p2p_core::Result;

use super::{
    checkpoints::{Checkpoint, Checkpoints, State, WINDOW},
    corrupt,
};

/// Bytes of the ring that the decoder writes into: a power of two, and more than the window.
const RING: usize = 128 << 10;

/// Most bytes that come out of one step, however much the input blows up: what a reader that has
/// left still costs, and what is in memory for one that has not.
const MOST_OUT: u64 = 2 << 20;

/// What became of a step.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Outcome {
    /// It goes on, with the input that is left or with more.
    More,
    /// The stream is over, at the length that it was to have.
    Finished,
}

/// A decoder somewhere in a stream.
pub(super) struct Cursor {
    decoder: Box<DecompressorOxide>,
    ring: Box<[u8]>,
    input: u64,
    output: u64,
    /// Where a checkpoint was left last.
    left: u64,
    /// The output so far, where that is all of it.
    hasher: Option<Hasher>,
}

impl Cursor {
    /// Begins at the start.
    pub(super) fn begin() -> Self {
        Self {
            decoder: Box::default(),
            ring: vec![0; RING].into(),
            input: 0,
            output: 0,
            left: 0,
            hasher: Some(Hasher::new()),
        }
    }

    /// Begins at a checkpoint.
    pub(super) fn resume(known: &Checkpoint) -> Self {
        let mut cursor = Self {
            decoder: known.decoder(),
            ring: vec![0; RING].into(),
            input: known.input,
            output: known.output,
            left: known.output,
            hasher: None,
        };
        let at = cursor.at();
        for (back, byte) in (1..=WINDOW).zip(known.window.iter().rev()) {
            cursor.ring[(at + RING - back) % RING] = *byte;
        }
        cursor
    }

    /// Bytes of input that are taken.
    pub(super) fn input(&self) -> u64 {
        self.input
    }

    /// Bytes of output that are made.
    pub(super) fn output(&self) -> u64 {
        self.output
    }

    /// Whether the output is what the checksum says, where all of it was seen.
    pub(super) fn agrees(&self, crc: Option<u32>) -> bool {
        let made = self.hasher.clone().map(Hasher::finalize);
        made.zip(crc).is_none_or(|(made, crc)| made == crc)
    }

    /// Takes input, puts what lies in `range` into `into`, leaves checkpoints on the way.
    pub(super) fn advance(
        &mut self,
        input: &mut Bytes,
        is_last: bool,
        length: u64,
        range: &Range<u64>,
        into: &mut BytesMut,
        checkpoints: &Checkpoints,
    ) -> Result<Outcome> {
        let more = if is_last {
            0
        } else {
            TINFL_FLAG_HAS_MORE_INPUT
        };
        let flags = TINFL_FLAG_STOP_ON_BLOCK_BOUNDARY | more;
        let stop = self.output.saturating_add(MOST_OUT);
        loop {
            let at = self.at();
            // One byte more than there may be shows that the stream goes on.
            let most = length.saturating_add(1).min(stop) - self.output;
            let most = usize::try_from(most).unwrap_or(RING).min(RING - at);
            let (status, taken, made) =
                decompress_with_limit(&mut self.decoder, input, &mut self.ring, at, most, flags);
            input.advance(taken);
            self.input += taken as u64;
            self.give(at, made, range, into);
            if self.output > length {
                return Err(corrupt("the entry goes on past its length"));
            }
            match status {
                TINFLStatus::Done if self.output == length => return Ok(Outcome::Finished),
                TINFLStatus::Done => return Err(corrupt("the entry ends before its length")),
                TINFLStatus::NeedsMoreInput
                | TINFLStatus::HasMoreOutput
                | TINFLStatus::BlockBoundary => {}
                _ => return Err(corrupt("the entry's compressed data")),
            }
            let is_between = status == TINFLStatus::BlockBoundary;
            if checkpoints.wants(self.output, self.left, is_between) {
                checkpoints.offer(self.output, || self.checkpoint());
                self.left = self.output;
            }
            let needs_input = status == TINFLStatus::NeedsMoreInput;
            let has_range = self.output >= range.end && range.end < length;
            if needs_input || has_range || self.output >= stop {
                return Ok(Outcome::More);
            }
        }
    }

    /// Where the ring is written next.
    fn at(&self) -> usize {
        (self.output % RING as u64) as usize
    }

    fn give(&mut self, at: usize, made: usize, range: &Range<u64>, into: &mut BytesMut) {
        let bytes = &self.ring[at..at + made];
        if let Some(hasher) = &mut self.hasher {
            hasher.update(bytes);
        }
        let within = |place: u64| {
            let place = place.saturating_sub(self.output);
            usize::try_from(place).unwrap_or(made).min(made)
        };
        into.extend_from_slice(&bytes[within(range.start)..within(range.end)]);
        self.output += made as u64;
    }

    fn checkpoint(&self) -> Checkpoint {
        let at = self.at();
        let mut window = Box::new([0; WINDOW]);
        for (back, byte) in (1..=WINDOW).zip(window.iter_mut().rev()) {
            *byte = self.ring[(at + RING - back) % RING];
        }
        Checkpoint {
            input: self.input,
            output: self.output,
            state: match self.decoder.block_boundary_state() {
                Some(between) => State::Between {
                    bits: between.bit_buf,
                    count: between.num_bits,
                },
                None => State::Within(self.decoder.clone()),
            },
            window,
        }
    }
}
