//! Unpacking by UnRAR in a process of its own what the other decoder has given up on.
//!
//! It gets volumes that are made as it asks for them: own headers, and packed bytes from where they lie.
//! What the other has handed on already it decodes again, and that has to be the same.

use std::{
    io::{self, Read, Write},
    time::Duration,
};

use crc32fast::Hasher;
use universal_p2p_core::Error;
use universal_p2p_unrar::{Exchange, Failure, Order, decode};

use super::{
    excerpt::packed_of,
    member::{self, Part},
    unpack::{Given, Task},
};
use crate::spool::Context;

/// Packed bytes in the first volume, for which the first byte waits.
const FIRST: usize = 64 << 10;

/// Packed bytes in any volume, at the most. Each is twice as long as the one before.
const MOST: usize = 4 << 20;

/// How long the decoder may work on one volume without a word.
const SILENCE: Duration = Duration::from_secs(60);

/// Unpacks all members behind what was given already.
///
/// # Errors
/// For what cannot be unpacked, or where the writer takes no more. `None` where no decoder can be
/// started.
pub(super) fn unpack(
    task: &Task,
    context: &Context,
    given: Given,
    into: &mut dyn Write,
) -> Option<io::Result<()>> {
    let order = Order {
        program: context.unrar(),
        members: u32::try_from(task.members.len()).ok()?,
        length: task.length(),
        memory: task.memory,
        silence: SILENCE,
    };
    let mut set = Set {
        task,
        context,
        packed: context.reader(&packed_of(&task.members)),
        place: 0,
        done: 0,
        most: FIRST,
        again: Again {
            left: given.bytes,
            right: given.sum,
            sum: Hasher::new(),
        },
        into,
    };
    match decode(&order, &mut set) {
        Ok(()) => Some(Ok(())),
        Err(Failure::NotStarted(error)) => {
            tracing::warn!(%error, "UnRAR cannot be started");
            None
        }
        Err(failure) => Some(Err(told(context, failure))),
    }
}

/// A failure as whoever reads is told it.
fn told(context: &Context, failure: Failure) -> io::Error {
    match failure {
        Failure::Cancelled => io::ErrorKind::Interrupted.into(),
        Failure::Volume(error) | Failure::Taken(error) => error,
        Failure::TooMuchMemory => io::ErrorKind::OutOfMemory.into(),
        Failure::Unknown => {
            let what = "how it is packed, which UnRAR does not know either".to_owned();
            context.fail(Error::Unsupported { what });
            io::Error::other(failure)
        }
        // That lies not in the archive: the next time it may go well.
        Failure::Ended => {
            let what = format!("an entry of the archive: {failure}");
            context.fail(Error::Corrupt { what });
            io::Error::other(failure)
        }
        _ => io::Error::other(failure),
    }
}

/// The members as a set of volumes, each with a part of one of them.
struct Set<'a, R> {
    task: &'a Task,
    context: &'a Context,
    /// The packed bytes of all of them.
    packed: R,
    /// Which member is next.
    place: usize,
    /// Packed bytes of it that went into volumes.
    done: u64,
    /// Packed bytes of the next volume, at the most.
    most: usize,
    again: Again,
    into: &'a mut dyn Write,
}

impl<R: Read> Exchange for Set<'_, R> {
    fn volume(&mut self) -> io::Result<Vec<u8>> {
        let members = &self.task.members;
        let (is_five, is_solid) = (self.task.is_five, members.len() > 1);
        let Some(member) = members.get(self.place) else {
            return Err(io::ErrorKind::UnexpectedEof.into());
        };
        let left = member.packed().saturating_sub(self.done);
        let packed = left.min(self.most as u64);
        let part = Part {
            packed,
            goes_on_from: self.done > 0,
            goes_on: packed < left,
        };
        let mut volume = member::start(is_five, is_solid, true);
        volume.extend(member.header(is_five, self.place, &part));
        let read = self.packed.by_ref().take(packed).read_to_end(&mut volume)?;
        if (read as u64) < packed {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        self.most = (self.most * 2).min(MOST);
        self.done += packed;
        if !part.goes_on {
            (self.place, self.done) = (self.place + 1, 0);
        }
        volume.extend(member::end(is_five, self.place < members.len()));
        Ok(volume)
    }

    fn take(&mut self, bytes: &[u8]) -> io::Result<()> {
        let new = self.again.pass(bytes)?;
        self.into.write_all(new)
    }

    fn is_cancelled(&self) -> bool {
        self.context.is_cancelled()
    }
}

/// What was handed on before, which is to come once more.
struct Again {
    /// Bytes of it that are still to come.
    left: u64,
    /// The checksum of all of it.
    right: Hasher,
    /// The checksum of what came.
    sum: Hasher,
}

impl Again {
    /// Checks what is not new among these bytes, and gives back the rest.
    fn pass<'a>(&mut self, bytes: &'a [u8]) -> io::Result<&'a [u8]> {
        if self.left == 0 {
            return Ok(bytes);
        }
        let most = usize::try_from(self.left).unwrap_or(usize::MAX);
        let (old, new) = bytes.split_at(most.min(bytes.len()));
        self.sum.update(old);
        self.left -= old.len() as u64;
        if self.left == 0 && self.sum.clone().finalize() != self.right.clone().finalize() {
            return Err(io::Error::other("two decoders do not agree about it"));
        }
        Ok(new)
    }
}
