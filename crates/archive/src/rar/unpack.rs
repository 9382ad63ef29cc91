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

use crc32fast::Hasher;
use rars::{ArchiveReadOptions, ArchiveReader, Error as RarsError, ErrorKind, ReadCancellation};
use universal_p2p_core::Error;

#[cfg(feature = "unrar")]
use super::unrar;
use super::{excerpt::Excerpt, member::Member};
use crate::spool::Context;

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
    /// Bytes of memory that a decoder may take.
    pub(super) memory: u64,
    /// Bytes of it for what the entries refer back to.
    pub(super) window: u64,
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

    /// Unpacks all members, one behind the other. What `rars` cannot unpack, UnRAR may: both check what
    /// comes out.
    ///
    /// # Errors
    /// For what cannot be unpacked, or where the writer takes no more.
    pub(super) fn run(&self, context: &Context, into: &mut dyn Write) -> io::Result<()> {
        let mut given = Given::default();
        let mut noted = Noted {
            into,
            given: &mut given,
        };
        let Err(error) = self.by_rars(context, &mut noted)? else {
            return Ok(());
        };
        let is_bounded = self.window.saturating_add(BESIDES) < self.memory;
        let may_have_more = is_bounded && context.ration().may_have_more();
        if may_have_more && error.kind() == ErrorKind::ResourceLimit {
            return Err(io::ErrorKind::OutOfMemory.into());
        }
        #[cfg(feature = "unrar")]
        if !context.unrar().is_empty() && may_be_its_own_fault(&error) {
            tracing::debug!(%error, "it is left to UnRAR");
            if let Some(done) = unrar::unpack(self, context, given, into) {
                return done;
            }
        }
        Err(told(context, error))
    }

    /// The decoder has a thread of its own, because it writes to what it owns; this one hands on.
    pub(super) fn by_rars(
        &self,
        context: &Context,
        into: &mut dyn Write,
    ) -> io::Result<Result<(), RarsError>> {
        let may = context.ration().have(self.window.saturating_add(BESIDES))?;
        let excerpt = Arc::new(Excerpt::new(self.is_five, &self.members));
        let cancellation = ReadCancellation::new();
        let (give, take) = sync_channel(AHEAD);
        let (handed, decoded) = thread::scope(|scope| {
            let decoder = scope.spawn(|| {
                let reader = excerpt.reader(context);
                let decode = || self.decode(reader, give, may, &cancellation);
                context.ration().within(decode)
            });
            let handed = hand_on(take, context, into);
            cancellation.cancel();
            (handed, decoder.join())
        });
        let decoded = decoded.unwrap_or_else(|panic| std::panic::resume_unwind(panic));
        handed?;
        Ok(decoded)
    }

    fn decode(
        &self,
        reader: impl Read + Seek + Send + 'static,
        give: SyncSender<Vec<u8>>,
        may: u64,
        cancellation: &ReadCancellation,
    ) -> Result<(), RarsError> {
        let options = ArchiveReadOptions::new()
            .with_cancellation(cancellation)
            .with_rar50_dictionary_size_limit(self.memory.min(may))
            .with_max_reader_workspace_bytes(may)
            .with_max_total_output_bytes(self.length());
        let archive = ArchiveReader::read_reader_with_options(reader, options)?;
        archive.extract_to_with_options(options, |_| {
            let (batch, give) = (Vec::new(), give.clone());
            Ok(Box::new(Batches { batch, give }))
        })
    }
}

/// What was handed on so far.
#[derive(Default)]
pub(super) struct Given {
    pub(super) bytes: u64,
    /// The checksum of it.
    pub(super) sum: Hasher,
}

/// Takes note of what goes through.
struct Noted<'a> {
    into: &'a mut dyn Write,
    given: &'a mut Given,
}

impl Write for Noted<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let written = self.into.write(bytes)?;
        self.given.bytes += written as u64;
        self.given.sum.update(&bytes[..written]);
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.into.flush()
    }
}

/// Whether another decoder may come further: not where the packed bytes stayed away, nor where nobody
/// wants any more. What is damaged may be all right, as this one checks more than it has to.
#[cfg(feature = "unrar")]
fn may_be_its_own_fault(error: &RarsError) -> bool {
    !matches!(
        error.kind(),
        ErrorKind::Cancelled | ErrorKind::Io | ErrorKind::WriterFailure
    )
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
