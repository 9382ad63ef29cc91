//! What a peer sends during the negotiation, read in large steps and taken in small ones.

use std::io;

use tokio::io::AsyncReadExt;

use super::Failed;
use crate::net::Incoming;

/// Most bytes that are read at once.
const STEP: usize = 2 << 10;

/// What was received and not taken yet.
pub(super) struct Unread {
    read: Incoming,
    bytes: Vec<u8>,
}

impl Unread {
    /// Goes on from `first`, which was read before.
    pub(super) fn new(read: Incoming, first: &[u8]) -> Self {
        let bytes = first.to_vec();
        Self { read, bytes }
    }

    /// Takes so many bytes.
    pub(super) async fn take(&mut self, count: usize) -> io::Result<Vec<u8>> {
        while self.bytes.len() < count {
            self.more().await?;
        }
        let rest = self.bytes.split_off(count);
        Ok(std::mem::replace(&mut self.bytes, rest))
    }

    /// Takes as many bytes as the array has.
    pub(super) async fn array<const COUNT: usize>(&mut self) -> io::Result<[u8; COUNT]> {
        let taken = self.take(COUNT).await?;
        Ok(taken.try_into().expect("as many as asked for were taken"))
    }

    /// Takes everything up to a mark and the mark, before which are no more than `most` bytes.
    pub(super) async fn skip_past(&mut self, mark: &[u8], most: usize) -> Result<(), Failed> {
        loop {
            let mut places = self.bytes.windows(mark.len()).take(most + 1);
            if let Some(at) = places.position(|place| place == mark) {
                self.bytes.drain(..at + mark.len());
                return Ok(());
            }
            if self.bytes.len() >= most + mark.len() {
                return Err(Failed::OtherProtocol);
            }
            self.more().await?;
        }
    }

    /// The connection, and what was received but not taken.
    pub(super) fn into_parts(self) -> (Incoming, Vec<u8>) {
        (self.read, self.bytes)
    }

    async fn more(&mut self) -> io::Result<()> {
        let before = self.bytes.len();
        self.bytes.resize(before + STEP, 0);
        let read = self.read.read(&mut self.bytes[before..]).await;
        self.bytes.truncate(before + *read.as_ref().unwrap_or(&0));
        match read? {
            0 => Err(io::ErrorKind::UnexpectedEof.into()),
            _ => Ok(()),
        }
    }
}
