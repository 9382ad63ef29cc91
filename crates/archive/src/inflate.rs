//! Random access into a raw DEFLATE stream.
//!
//! DEFLATE can only be read from its start, so the state of the decoder is kept every so often while
//! somebody reads forwards; a later reader begins at the nearest such checkpoint, also after a restart
//! where the stream is long. What is too short for that is unpacked as a whole.

mod checkpoints;
mod cursor;
mod shelf;
mod short;
#[cfg(test)]
mod tests;

use std::{
    ops::Range,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Instant,
};

use bytes::{Bytes, BytesMut};
use futures_util::{StreamExt, stream};
use tokio::task::spawn_blocking;
use universal_p2p_core::{ByteStream, Error, Item, ReadCx, Result};

use crate::{content::Segment, failures, map};
use checkpoints::{Checkpoint, Checkpoints};
use cursor::{Cursor, Outcome};

pub(crate) use shelf::Shelf;

/// Most bytes of input that one step on a blocking thread takes.
const STEP: usize = 256 << 10;

/// A raw DEFLATE stream of known length. Cheap to clone; clones share their checkpoints.
#[derive(Clone)]
pub(crate) struct Stream {
    /// The compressed bytes.
    segments: Arc<[Segment]>,
    /// Bytes in them.
    packed: u64,
    /// Bytes that come out, as the archive has it.
    length: u64,
    /// What the CRC-32 of those is to be.
    crc: Option<u32>,
    checkpoints: Arc<Checkpoints>,
    damage: Arc<Mutex<Option<Damage>>>,
}

/// Why a stream cannot be read from a place on.
#[derive(Clone)]
struct Damage {
    error: Error,
    /// What comes out before that is given to whoever asks.
    from: u64,
    since: Instant,
}

impl Stream {
    /// Describes a stream; nothing is read. Its checkpoints are on the shelf, under an item that stands
    /// for its bytes.
    pub(crate) fn new(
        segments: Vec<Segment>,
        length: u64,
        crc: Option<u32>,
        shelf: &Arc<Shelf>,
        item: Item,
    ) -> Self {
        let packed = segments
            .iter()
            .map(Segment::length)
            .fold(0, u64::saturating_add);
        Self {
            packed,
            segments: segments.into(),
            length,
            crc,
            checkpoints: Arc::new(Checkpoints::new(packed, length, item, shelf)),
            damage: Arc::default(),
        }
    }

    /// Names what of it is on disk by its entry.
    pub(crate) fn describe(&self, entry: &str) {
        self.checkpoints.describe(entry);
    }

    fn damage(&self) -> MutexGuard<'_, Option<Damage>> {
        self.damage.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Remembers damage for a while, behind which there is nothing.
    fn note(&self, error: &Error, from: u64) {
        if matches!(error, Error::Corrupt { .. }) {
            *self.damage() = Some(Damage {
                error: error.clone(),
                from,
                since: Instant::now(),
            });
        }
    }

    /// Why nothing of a range can be had, as was found out a moment ago.
    fn damage_of(&self, range: &Range<u64>) -> Option<Error> {
        let known = self.damage().clone()?;
        let is_fresh = known.since.elapsed() < failures::LONGEST;
        // Whoever wants all of it gets nothing but an end that is wrong.
        let is_whole = *range == (0..self.length) && known.from >= self.length;
        (is_fresh && (is_whole || range.start >= known.from)).then_some(known.error)
    }

    /// Looks for a checkpoint, which may be on disk.
    async fn checkpoint(
        &self,
        look: impl FnOnce(&Checkpoints) -> Option<Arc<Checkpoint>> + Send + 'static,
    ) -> Option<Arc<Checkpoint>> {
        if !self.checkpoints.are_on_disk() {
            return look(&self.checkpoints);
        }
        let checkpoints = Arc::clone(&self.checkpoints);
        let found = spawn_blocking(move || look(&checkpoints)).await;
        found.ok().flatten()
    }

    /// Opens a range of what comes out. Dropping the stream stops the work after the step it is in.
    ///
    /// # Errors
    /// [`Error::Corrupt`] where the data is not DEFLATE, has another length than the archive says, or
    /// was read from its start to its end and has another checksum; whatever kept the compressed
    /// bytes away.
    pub(crate) async fn open(&self, range: Range<u64>, cx: &ReadCx) -> Result<ByteStream> {
        if range.start > range.end || range.end > self.length {
            return Err(corrupt("the range lies past the entry's end"));
        }
        if range.is_empty() {
            return Ok(stream::empty().boxed());
        }
        if let Some(damage) = self.damage_of(&range) {
            return Err(damage);
        }
        if self.packed.max(self.length) <= short::MOST {
            let opened = self.open_short(range, cx).await;
            return opened.inspect_err(|error| self.note(error, 0));
        }
        let Range { start, end } = range;
        let cursor = match self.checkpoint(move |all| all.before(start)).await {
            Some(known) => Cursor::resume(&known),
            None => Cursor::begin(),
        };
        // The last bytes are only given out after the stream was seen to end, so that needs all of it.
        let upto = match end < self.length {
            true => self.checkpoint(move |all| all.after(end)).await,
            false => None,
        };
        let upto = upto.map_or(self.packed, |known| known.input);
        let input = map::open(&self.segments, cursor.input()..upto, cx).await?;
        let mut reading = Reading {
            stream: self.clone(),
            range,
            cursor: Some(cursor),
            input,
            waiting: Bytes::new(),
            ended: false,
        };
        let first = reading.next().await?;
        let rest = stream::try_unfold(reading, |mut reading| async move {
            let bytes = reading.next().await?;
            Ok(bytes.map(|bytes| (bytes, reading)))
        });
        Ok(stream::iter(first.map(Ok)).chain(rest).boxed())
    }

    /// Opens a range of what comes out of a stream that is short.
    async fn open_short(&self, range: Range<u64>, cx: &ReadCx) -> Result<ByteStream> {
        let too_long = |error| Error::internal("unpacking an entry", error);
        let place = |at: u64| usize::try_from(at).map_err(too_long);
        let (length, crc) = (place(self.length)?, self.crc);
        let input = map::open(&self.segments, 0..self.packed, cx).await?;
        let input = short::collect(input, place(self.packed)?).await?;
        let done = spawn_blocking(move || short::unpack(&input, length, crc)).await;
        let whole = done.map_err(|error| Error::internal("unpacking an entry", error))??;
        let part = whole.slice(place(range.start)?..place(range.end)?);
        Ok(stream::once(async { Ok(part) }).boxed())
    }
}

/// One reader's way through a stream.
struct Reading {
    stream: Stream,
    range: Range<u64>,
    /// None once all is given out.
    cursor: Option<Cursor>,
    input: ByteStream,
    waiting: Bytes,
    ended: bool,
}

impl Reading {
    /// The next bytes of the range; none at its end.
    async fn next(&mut self) -> Result<Option<Bytes>> {
        let mut held = BytesMut::new();
        while let Some(cursor) = self.cursor.take() {
            if self.waiting.is_empty() && !self.ended {
                match self.input.next().await {
                    Some(bytes) => self.waiting = bytes?,
                    None => self.ended = true,
                }
            }
            let input = self.waiting.split_to(self.waiting.len().min(STEP));
            let step = Step {
                stream: self.stream.clone(),
                range: self.range.clone(),
                cursor,
                is_last: self.ended,
                input,
                output: held,
            };
            // The decoder is given away and comes back, so a dropped reader leaves nothing behind.
            let done = spawn_blocking(move || step.run()).await;
            let done = done.map_err(|error| Error::internal("unpacking an entry", error))?;
            let (step, outcome) = done?;
            self.put_back(step.input);
            held = step.output;
            let at_end = step.cursor.output() >= self.range.end;
            let is_over = match outcome {
                Outcome::Finished => true,
                Outcome::More => at_end && self.range.end < self.stream.length,
            };
            if is_over {
                return Ok((!held.is_empty()).then(|| held.freeze()));
            }
            self.cursor = Some(step.cursor);
            // Bytes up to the declared length wait until it is known that the stream ends there.
            if !held.is_empty() && !at_end {
                return Ok(Some(held.freeze()));
            }
        }
        Ok(None)
    }

    /// Keeps what a step left for the next one.
    fn put_back(&mut self, rest: Bytes) {
        if self.waiting.is_empty() {
            self.waiting = rest;
        } else if !rest.is_empty() {
            let both = [rest, std::mem::take(&mut self.waiting)].concat();
            self.waiting = both.into();
        }
    }
}

/// What is done at once on a blocking thread.
struct Step {
    stream: Stream,
    range: Range<u64>,
    cursor: Cursor,
    input: Bytes,
    /// No input follows this.
    is_last: bool,
    output: BytesMut,
}

impl Step {
    fn run(mut self) -> Result<(Self, Outcome)> {
        let (stream, cursor) = (&self.stream, &mut self.cursor);
        let from = cursor.output();
        let outcome = cursor.advance(
            &mut self.input,
            self.is_last,
            stream.length,
            &self.range,
            &mut self.output,
            &stream.checkpoints,
        );
        let outcome = outcome.inspect_err(|error| stream.note(error, from))?;
        if matches!(outcome, Outcome::Finished) && !cursor.agrees(stream.crc) {
            let error = corrupt("the entry's checksum is another");
            stream.note(&error, stream.length);
            return Err(error);
        }
        Ok((self, outcome))
    }
}

fn corrupt(what: &str) -> Error {
    Error::Corrupt { what: what.into() }
}
