//! Cutting what a peer sends into messages.

use std::{io, ops::Range};

use tokio::io::{AsyncRead, AsyncReadExt};

use super::{Malformed, Message};

/// Bytes of buffer for a peer that sends little.
const SMALL: usize = 32 << 10;
/// Bytes of buffer for one that sends much, so that one system call reads many blocks.
const LARGE: usize = 256 << 10;
/// After so many reads in a row that a small buffer would have held, it becomes small again.
const PATIENCE: u8 = 32;

/// Why there are no more messages from a peer.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ReadError {
    /// The connection failed.
    #[error("reading from a peer: {0}")]
    Io(#[from] io::Error),
    /// It was closed within a message.
    #[error("a peer closed the connection within a message")]
    Closed,
    /// A message was announced that is longer than any that makes sense.
    #[error("a peer announced a message of {length} bytes; the longest would be {longest}")]
    TooLong {
        /// What it said, in bytes.
        length: u32,
        /// What was allowed, in bytes.
        longest: u32,
    },
    /// A message contradicts its kind.
    #[error(transparent)]
    Malformed(#[from] Malformed),
}

/// The messages of one peer, out of the bytes it sends.
///
/// The buffer grows only as bytes come, never because a length was announced.
pub(crate) struct Frames<R> {
    reader: R,
    longest: u32,
    buffer: Vec<u8>,
    unread: Range<usize>,
    small_reads: u8,
}

impl<R: AsyncRead + Unpin> Frames<R> {
    /// Reads messages of up to `longest` bytes; see [`super::longest_message`].
    pub(crate) fn new(reader: R, longest: u32) -> Self {
        Self {
            reader,
            longest,
            buffer: vec![0; SMALL],
            unread: 0..0,
            small_reads: 0,
        }
    }

    /// The next message, or `None` where the peer closed the connection after a whole one.
    ///
    /// When the future is dropped, nothing is lost.
    ///
    /// # Errors
    /// After an error there is nothing more to be had from the peer.
    pub(crate) async fn next(&mut self) -> Result<Option<Message<'_>>, ReadError> {
        let frame = loop {
            if let Some(frame) = self.buffered()? {
                break frame;
            }
            self.make_room();
            let read = self
                .reader
                .read(&mut self.buffer[self.unread.end..])
                .await?;
            if read == 0 {
                let whole = self.unread.is_empty();
                return whole.then_some(None).ok_or(ReadError::Closed);
            }
            self.unread.end += read;
            self.note(read);
        };
        self.unread.start = frame.end;
        Ok(Some(Message::parse(&self.buffer[frame])?))
    }

    /// Whether [`Frames::next`] would return at once. While it does, answers can be gathered.
    pub(crate) fn has_buffered_message(&self) -> bool {
        !matches!(self.buffered(), Ok(None))
    }

    /// Where in the buffer the next message is, without its length prefix, if it is there whole.
    fn buffered(&self) -> Result<Option<Range<usize>>, ReadError> {
        let unread = &self.buffer[self.unread.clone()];
        let Some(prefix) = unread.first_chunk() else {
            return Ok(None);
        };
        let length = u32::from_be_bytes(*prefix);
        if length > self.longest {
            return Err(ReadError::TooLong {
                length,
                longest: self.longest,
            });
        }
        let start = self.unread.start + prefix.len();
        let end = start + length as usize;
        Ok((end <= self.unread.end).then_some(start..end))
    }

    /// Moves what is unread to the front, and gives or takes memory as the last reads suggest.
    fn make_room(&mut self) {
        if self.unread.start > 0 {
            self.buffer.copy_within(self.unread.clone(), 0);
            self.unread = 0..self.unread.len();
        }
        if self.unread.end == self.buffer.len() {
            let longest = LARGE.max(self.longest as usize + 4);
            self.buffer.resize((self.buffer.len() * 2).min(longest), 0);
        } else if self.small_reads >= PATIENCE && self.unread.end < SMALL {
            self.buffer.truncate(SMALL);
            self.buffer.shrink_to_fit();
            self.small_reads = 0;
        }
    }

    /// Learns from a read whether the buffer has the right size.
    fn note(&mut self, read: usize) {
        if read > SMALL / 2 {
            self.small_reads = 0;
        } else {
            self.small_reads = self.small_reads.saturating_add(1);
        }
        if self.unread.end == self.buffer.len() && self.buffer.len() < LARGE {
            self.buffer.resize((self.buffer.len() * 2).min(LARGE), 0);
        }
    }

    #[cfg(test)]
    pub(super) fn memory(&self) -> usize {
        self.buffer.capacity()
    }
}
