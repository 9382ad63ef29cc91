//! Unpacking an excerpt, from its first entry to its last.

use std::{
    io::{self, Read, Seek, Write},
    sync::{
        Arc,
        mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel},
    },
    thread,
    time::Duration,
};

use rars::{ArchiveReadOptions, ArchiveReader, Error as RarsError, ErrorKind, ReadCancellation};
use universal_p2p_core::Error;

use super::excerpt::{Excerpt, Member};
use crate::spool::{Context, as_decoder};

/// Bytes that the decoder hands over at a time.
const BATCH: usize = 256 << 10;

/// Batches that it may be ahead.
const AHEAD: usize = 4;

/// How often it is looked whether anybody still wants it.
const LOOK_EVERY: Duration = Duration::from_millis(100);

/// Bytes of memory besides its window that a decoder may need for tables and filters.
const BESIDES: u64 = 16 << 20;

/// What is unpacked, and within which bounds.
pub(super) struct Task {
    pub(super) is_five: bool,
    pub(super) members: Vec<Member>,
    /// Bytes of memory that the decoder may take for what it refers back to.
    pub(super) memory: u64,
}

impl Task {
    /// Bytes that come out.
    pub(super) fn length(&self) -> u64 {
        let lengths = self.members.iter().map(|member| member.length);
        lengths.fold(0, u64::saturating_add)
    }

    /// Bytes that go in.
    pub(super) fn packed(&self) -> u64 {
        let lengths = self.members.iter().map(Member::packed);
        lengths.fold(0, u64::saturating_add)
    }

    /// Unpacks all members, one behind the other.
    ///
    /// The decoder has a thread of its own, because it writes to what it owns; this one hands on.
    ///
    /// # Errors
    /// For what cannot be unpacked, or where the writer takes no more.
    pub(super) fn run(&self, context: &Context, into: &mut dyn Write) -> io::Result<()> {
        let excerpt = Arc::new(Excerpt::new(self.is_five, &self.members));
        let cancellation = ReadCancellation::new();
        let (give, take) = sync_channel(AHEAD);
        let (handed, decoded) = thread::scope(|scope| {
            let decoder = scope.spawn(|| {
                let reader = excerpt.reader(context);
                as_decoder(|| self.decode(reader, give, &cancellation))
            });
            let handed = hand_on(take, context, into);
            cancellation.cancel();
            (handed, decoder.join())
        });
        let decoded = decoded.unwrap_or_else(|panic| std::panic::resume_unwind(panic));
        handed?;
        decoded.map_err(|error| told(context, error))
    }

    fn decode(
        &self,
        reader: impl Read + Seek + Send + 'static,
        give: SyncSender<Vec<u8>>,
        cancellation: &ReadCancellation,
    ) -> Result<(), RarsError> {
        let options = ArchiveReadOptions::new()
            .with_cancellation(cancellation)
            .with_rar50_dictionary_size_limit(self.memory)
            .with_max_reader_workspace_bytes(self.memory.saturating_add(BESIDES))
            .with_max_total_output_bytes(self.length());
        let archive = ArchiveReader::read_reader_with_options(reader, options)?;
        archive.extract_to_with_options(options, |_| {
            let (batch, give) = (Vec::new(), give.clone());
            Ok(Box::new(Batches { batch, give }))
        })
    }
}

/// A decoder's error as whoever reads is told it.
fn told(context: &Context, error: RarsError) -> io::Error {
    match error.kind() {
        ErrorKind::ResourceLimit => io::ErrorKind::OutOfMemory.into(),
        ErrorKind::UnsupportedFormat | ErrorKind::UnsupportedFeature => {
            let what = format!("how it is packed ({error})");
            context.fail(Error::Unsupported { what });
            io::Error::other(error)
        }
        _ => io::Error::other(error),
    }
}

/// Writes all that the decoder gives, until there is no more or nobody wants it.
fn hand_on(take: Receiver<Vec<u8>>, context: &Context, into: &mut dyn Write) -> io::Result<()> {
    loop {
        match take.recv_timeout(LOOK_EVERY) {
            Ok(batch) => into.write_all(&batch)?,
            Err(RecvTimeoutError::Timeout) if context.is_cancelled() => {
                return Err(io::ErrorKind::Interrupted.into());
            }
            Err(RecvTimeoutError::Timeout) => {}
            Err(RecvTimeoutError::Disconnected) => return Ok(()),
        }
    }
}

/// Where the decoder writes an entry to.
struct Batches {
    batch: Vec<u8>,
    give: SyncSender<Vec<u8>>,
}

impl Write for Batches {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let taken = bytes.len().min(BATCH - self.batch.len());
        self.batch.extend_from_slice(&bytes[..taken]);
        if self.batch.len() == BATCH {
            self.flush()?;
        }
        Ok(taken)
    }

    fn flush(&mut self) -> io::Result<()> {
        let batch = std::mem::take(&mut self.batch);
        let given = self.give.send(batch);
        given.map_err(|_| io::Error::other("nobody wants it any more"))
    }
}

impl Drop for Batches {
    fn drop(&mut self) {
        // Where nobody takes it, nobody misses it.
        let _ = self.flush();
    }
}
