//! Where a decoder writes to: whole chunks go to the store, as far as somebody wants them.

use std::{
    io::{self, Write},
    sync::{Arc, atomic::Ordering},
    time::{Duration, Instant},
};

use tokio_util::sync::CancellationToken;
use universal_p2p_core::Error;
use universal_p2p_store::Held;

use super::{CHUNK, Spools, corrupt, disk_error, job::Shared, removed};

/// How often it is looked whether there is room, or somebody came nearer.
const LOOK_EVERY: Duration = Duration::from_millis(50);

/// How long a decoder that is far enough ahead keeps others waiting.
const LONGEST_AHEAD: Duration = Duration::from_secs(10);

/// With so many chunks free a decoder does not wait for its readers.
pub(super) const PLENTY: u32 = 256;

/// Takes what is decoded, in order.
pub(super) struct Sink<'a> {
    spools: &'a Arc<Spools>,
    shared: &'a Shared,
    stop: &'a CancellationToken,
    /// Bytes that are to come.
    length: u64,
    chunk: Vec<u8>,
    /// Bytes that went into chunks before this one.
    done: u64,
    failure: Option<Error>,
    has_made_place: bool,
}

impl<'a> Sink<'a> {
    pub(super) fn new(
        spools: &'a Arc<Spools>,
        shared: &'a Shared,
        stop: &'a CancellationToken,
        length: u64,
    ) -> Self {
        Self {
            spools,
            shared,
            stop,
            length,
            chunk: Vec::new(),
            done: 0,
            failure: None,
            has_made_place: false,
        }
    }

    /// Why nothing more is taken, if it is not the decoder's fault.
    pub(super) fn take_failure(&mut self) -> Option<Error> {
        self.failure.take()
    }

    /// Whether it was ended because others wait for a decoder and nobody is near.
    pub(super) fn has_made_place(&self) -> bool {
        self.has_made_place
    }

    /// The decoder says that this was all.
    ///
    /// # Errors
    /// [`Error::Corrupt`] where it was not; what kept the last chunk from being written.
    pub(super) fn finish(&mut self) -> Result<(), Error> {
        let came = self.done + self.chunk.len() as u64;
        if came < self.length {
            let right = self.length;
            return Err(corrupt(format!("it has {came} bytes instead of {right}")));
        }
        if !self.chunk.is_empty() && self.put().is_err() {
            // Whoever made it stop knows why; what there is stays.
            return self.failure.take().map_or(Ok(()), Err);
        }
        Ok(())
    }

    /// Puts a whole chunk where readers find it.
    fn put(&mut self) -> io::Result<()> {
        let object = &self.shared.object;
        let number = object.layout().chunk_at(self.done);
        let end = self.done + self.chunk.len() as u64;
        self.await_readers()?;
        let object = Arc::clone(&self.shared.object);
        while object.held(number) != Held::Checked {
            if self.stop.is_cancelled() {
                return Err(io::ErrorKind::Interrupted.into());
            }
            if object.is_gone() {
                return Err(self.fail(removed()));
            }
            let has_room = object.reserve(number);
            let written = has_room.then(|| object.write_at(self.done, &self.chunk));
            match written {
                Some(Ok(())) => object.mark_checked(number),
                Some(Err(error)) if !is_lack_of_room(&error) => {
                    return Err(self.fail(disk_error("writing what is unpacked", error)));
                }
                // Where nobody waits for it, it is decoded again when somebody does.
                _ if !self.is_wanted(end) => break,
                _ => self.shared.await_move(LOOK_EVERY),
            }
        }
        self.chunk.clear();
        self.done = end;
        self.shared.decoded.store(end, Ordering::Release);
        Ok(())
    }

    /// Lets readers catch up, unless there is plenty of room.
    fn await_readers(&mut self) -> io::Result<()> {
        let since = Instant::now();
        loop {
            if self.stop.is_cancelled() {
                return Err(io::ErrorKind::Interrupted.into());
            }
            let places = self.shared.places();
            // What a reader wants may end within this chunk.
            let is_near = places.is_empty() || places.iter().any(|(_, upto)| self.done < *upto);
            if is_near || self.shared.object.room() >= PLENTY {
                return Ok(());
            }
            if self.spools.has_waiting() && since.elapsed() >= LONGEST_AHEAD {
                self.has_made_place = true;
                return Err(io::ErrorKind::Interrupted.into());
            }
            self.shared.await_move(LOOK_EVERY);
        }
    }

    /// Whether a reader has not got past the chunk that ends here.
    fn is_wanted(&self, end: u64) -> bool {
        let wants = |(at, upto): &(u64, u64)| *at < end && end.saturating_sub(CHUNK) < *upto;
        self.shared.places().iter().any(wants)
    }

    fn fail(&mut self, error: Error) -> io::Error {
        let told = io::Error::other(error.to_string());
        self.failure = Some(error);
        told
    }
}

impl Write for Sink<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.stop.is_cancelled() || self.has_made_place || self.failure.is_some() {
            return Err(io::Error::other("nobody wants it any more"));
        }
        let layout = self.shared.object.layout();
        let whole = layout.bytes_of(layout.chunk_at(self.done));
        let whole = whole.end.min(self.length).saturating_sub(whole.start);
        let whole = usize::try_from(whole).map_err(io::Error::other)?;
        // The last chunk waits for the decoder's own word that it is right.
        if self.chunk.len() == whole {
            let is_last = self.done + whole as u64 >= self.length;
            if is_last {
                return Err(io::Error::other("it is longer than it says"));
            }
            self.put().map_err(io::Error::other)?;
            return self.write(bytes);
        }
        self.chunk
            .try_reserve(whole - self.chunk.len())
            .map_err(io::Error::other)?;
        let taken = bytes.len().min(whole - self.chunk.len());
        self.chunk.extend_from_slice(&bytes[..taken]);
        Ok(taken)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Whether an error is the store's word that there is no room within its limit.
fn is_lack_of_room(error: &io::Error) -> bool {
    error.kind() == io::ErrorKind::StorageFull && error.raw_os_error().is_none()
}
