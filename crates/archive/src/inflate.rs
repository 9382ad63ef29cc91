//! Random access into a raw DEFLATE stream.
//!
//! DEFLATE can only be read from its start, so the state of the decoder is kept every so often while
//! somebody reads forwards; a later reader begins at the nearest such checkpoint. What is too short for
//! that is unpacked as a whole.

mod checkpoints;
mod cursor;
mod short;
#[cfg(test)]
mod tests;

use std::{ops::Range, sync::Arc};

use bytes::{Bytes, BytesMut};
use futures_util::{StreamExt, stream};
use tokio::task::spawn_blocking;
use universal_p2p_core::{ByteStream, Error, ReadCx, Result};

use crate::{content::Segment, map};
use checkpoints::Checkpoints;
use cursor::{Cursor, Outcome};

pub(crate) use checkpoints::Room;

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
}

impl Stream {
    /// Describes a stream; nothing is read. `room` bounds what it keeps together with its like.
    pub(crate) fn new(
        segments: Vec<Segment>,
        length: u64,
        crc: Option<u32>,
        room: Arc<Room>,
    ) -> Self {
        Self {
            packed: segments
                .iter()
                .map(Segment::length)
                .fold(0, u64::saturating_add),
            segments: segments.into(),
            length,
            crc,
            checkpoints: Arc::new(Checkpoints::new(length, room)),
        }
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
        if self.packed.max(self.length) <= short::MOST {
            return self.open_short(range, cx).await;
        }
        let cursor = match self.checkpoints.before(range.start) {
            Some(known) => Cursor::resume(&known),
            None => Cursor::begin(),
        };
        // The last bytes are only given out after the stream was seen to end, so that needs all of it.
        let upto = match self.checkpoints.after(range.end) {
            Some(known) if range.end < self.length => known.input,
            _ => self.packed,
        };
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
        let outcome = cursor.advance(
            &mut self.input,
            self.is_last,
            stream.length,
            &self.range,
            &mut self.output,
            &stream.checkpoints,
        )?;
        if matches!(outcome, Outcome::Finished) && !cursor.agrees(stream.crc) {
            return Err(corrupt("the entry's checksum is another"));
        }
        Ok((self, outcome))
    }
}

fn corrupt(what: &str) -> Error {
    Error::Corrupt { what: what.into() }
}
