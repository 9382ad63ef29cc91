//! What is decoded before anybody reads it: kept for those who will, as far as there is plenty of room.

use std::{
    io::{self, Read},
    sync::Arc,
};

use tokio_util::sync::CancellationToken;
use universal_p2p_core::Result;
use universal_p2p_store::Object;

use super::{Spools, What, opened, sink::PLENTY};

/// So many chunks are kept in any case in which there is room for them at all.
const ALWAYS: u32 = 32;

/// A decoder whose output is kept as it is read. It ends when nobody waits for that any more.
pub(crate) struct Early<R> {
    decoder: R,
    cancel: CancellationToken,
    object: Option<Arc<Object>>,
    chunk: Vec<u8>,
    /// Bytes that went into chunks before this one.
    done: u64,
}

impl<R: Read> Early<R> {
    /// Keeps what comes out where a recipe of this will find it, of which the length is not known yet.
    pub(crate) fn new(
        spools: &Arc<Spools>,
        what: &What<'_>,
        decoder: R,
        cancel: CancellationToken,
    ) -> Result<Self> {
        let (item, layout) = (what.item()?, what.layout()?);
        let object = opened(&spools.store, &item, layout);
        let object = object.inspect_err(|error| tracing::debug!(%error, "nothing is kept early"));
        Ok(Self {
            decoder,
            cancel,
            object: object.ok(),
            chunk: Vec::new(),
            done: 0,
        })
    }

    /// The decoder came to its end and was right: what is left is kept too.
    pub(crate) fn finish(mut self) {
        self.put();
    }

    fn keep(&mut self, mut bytes: &[u8]) {
        while let Some(object) = &self.object {
            let layout = object.layout();
            let whole = layout.bytes_of(layout.chunk_at(self.done));
            let whole = usize::try_from(whole.end - whole.start).unwrap_or(0);
            let (now, later) = bytes.split_at(bytes.len().min(whole - self.chunk.len().min(whole)));
            self.chunk.extend_from_slice(now);
            if self.chunk.len() < whole || whole == 0 {
                return;
            }
            self.put();
            bytes = later;
        }
    }

    fn put(&mut self) {
        let Some(object) = &self.object else { return };
        let number = object.layout().chunk_at(self.done);
        let has_room = number < ALWAYS || object.room() >= PLENTY;
        if !self.chunk.is_empty() && has_room && object.reserve(number) {
            match object.write_at(self.done, &self.chunk) {
                Ok(()) => object.mark_checked(number),
                Err(error) => tracing::debug!(%error, "a chunk is not kept early"),
            }
        }
        self.done += self.chunk.len() as u64;
        self.chunk.clear();
    }
}

impl<R: Read> Read for Early<R> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        if self.cancel.is_cancelled() {
            return Err(io::Error::other("nobody waits for it any more"));
        }
        let length = self.decoder.read(into)?;
        self.keep(&into[..length]);
        Ok(length)
    }
}
