//! Reading what a peer says, on any number of streams, in bounded room.

use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering},
};

use bytes::Bytes;
use cid::Cid;
use futures_util::AsyncRead;
use tokio::sync::Semaphore;

use crate::bitswap::{
    frame,
    message::{Entry, Hash, LONGEST, Message, Payload},
};

/// Room is counted in these units, in bytes.
const UNIT: usize = 1024;

/// The room for messages of a peer that was asked for nothing, in units: wants have room in it.
const STRANGER: usize = 1024;

/// The room for messages of a peer that was asked for blocks, in units.
const ASKED: usize = 16 * 1024;

/// How much of one connection's messages is read at the same time.
#[derive(Debug)]
pub(super) struct Intake {
    room: Semaphore,
    is_asked: AtomicBool,
}

/// What a peer said, and the blocks that it sent under the hashes that they have.
#[derive(Debug, Default)]
pub(crate) struct Said {
    /// Whether the entries are all that it wants.
    pub(crate) full: bool,
    /// What it wants, and no longer wants.
    pub(crate) entries: Vec<Entry>,
    /// Blocks. Each was hashed.
    pub(crate) blocks: Vec<(Hash, Bytes)>,
    /// What it has, and has not.
    pub(crate) presences: Vec<(Cid, bool)>,
}

impl Intake {
    pub(super) fn new() -> Self {
        Self {
            room: Semaphore::new(STRANGER),
            is_asked: AtomicBool::new(false),
        }
    }

    /// Blocks may come from now on.
    pub(super) fn ask(&self) {
        if !self.is_asked.swap(true, Ordering::Relaxed) {
            self.room.add_permits(ASKED - STRANGER);
        }
    }

    fn longest(&self) -> usize {
        if self.is_asked.load(Ordering::Relaxed) {
            LONGEST
        } else {
            STRANGER * UNIT
        }
    }

    /// Reads one message; none where the stream ends, or is of no more use.
    async fn message(&self, stream: &mut (impl AsyncRead + Unpin)) -> Option<Said> {
        let length = frame::read_length(stream, LONGEST).await.ok()??;
        if length > self.longest() {
            return None;
        }
        let units = u32::try_from(length.div_ceil(UNIT)).ok()?;
        let _room = self.room.acquire_many(units).await.ok()?;
        let bytes = frame::read_body(stream, length).await.ok()?;
        let message = Message::decode(bytes).ok()?;
        Some(check(message, length))
    }
}

/// Reads the next message of a stream, and gives the stream back for the one after it.
pub(super) async fn next<S: AsyncRead + Unpin>(
    intake: Arc<Intake>,
    mut stream: S,
) -> Option<(S, Said)> {
    let said = intake.message(&mut stream).await?;
    Some((stream, said))
}

/// Hashes the blocks of a message.
fn check(message: Message, length: usize) -> Said {
    let block = |payload: Payload| {
        let hash = payload.hash()?;
        // A short part would keep the whole message in memory.
        let is_most = payload.bytes.len() >= length / 2;
        let bytes = if is_most {
            payload.bytes
        } else {
            Bytes::copy_from_slice(&payload.bytes)
        };
        Some((hash, bytes))
    };
    Said {
        full: message.full,
        entries: message.entries,
        blocks: message.payloads.into_iter().filter_map(block).collect(),
        presences: message.presences,
    }
}

#[cfg(test)]
mod tests {
    use futures_util::io::Cursor;
    use multihash_codetable::{Code, MultihashDigest};

    use super::*;
    use crate::bitswap::version::Version;

    async fn framed(length: usize) -> Vec<u8> {
        let bytes = vec![7; length];
        let cid = Cid::new_v1(0x55, Code::Sha2_256.digest(&bytes));
        let message = Message {
            payloads: vec![Payload::of(&cid, bytes.into())],
            ..Message::default()
        };
        let mut out = Cursor::new(Vec::new());
        frame::write(&mut out, &message.encode(Version::V1_2))
            .await
            .unwrap();
        out.into_inner()
    }

    #[tokio::test]
    async fn who_was_asked_for_nothing_sends_no_large_messages() {
        let intake = Arc::new(Intake::new());
        let large = framed(3 << 19).await;
        assert!(
            next(Arc::clone(&intake), Cursor::new(&large))
                .await
                .is_none()
        );
        intake.ask();
        let (_, said) = next(Arc::clone(&intake), Cursor::new(&large))
            .await
            .unwrap();
        assert_eq!(said.blocks.len(), 1);
        assert_eq!(said.blocks[0].0, Code::Sha2_256.digest(&vec![7; 3 << 19]));
        // The room is free again.
        assert_eq!(intake.room.available_permits(), ASKED);
    }

    #[tokio::test(start_paused = true)]
    async fn messages_under_way_wait_for_room() {
        let intake = Arc::new(Intake::new());
        let (begun, small) = (framed(900 << 10).await, framed(200 << 10).await);
        // It never ends.
        let stalled = Stalled(Cursor::new(begun[..100].to_vec()));
        let first = tokio::time::timeout(
            std::time::Duration::from_millis(20),
            next(Arc::clone(&intake), stalled),
        );
        let second = async {
            tokio::task::yield_now().await;
            let read = next(Arc::clone(&intake), Cursor::new(&small));
            tokio::time::timeout(std::time::Duration::from_millis(5), read).await
        };
        let (first, second) = tokio::join!(first, second);
        assert!(first.is_err());
        assert!(second.is_err(), "it was read beyond the room");
        assert_eq!(intake.room.available_permits(), STRANGER);
    }

    /// A stream that stays open after its last byte.
    struct Stalled(Cursor<Vec<u8>>);

    impl AsyncRead for Stalled {
        fn poll_read(
            mut self: std::pin::Pin<&mut Self>,
            cx: &mut std::task::Context<'_>,
            buffer: &mut [u8],
        ) -> std::task::Poll<std::io::Result<usize>> {
            match std::pin::Pin::new(&mut self.0).poll_read(cx, buffer) {
                std::task::Poll::Ready(Ok(0)) => std::task::Poll::Pending,
                other => other,
            }
        }
    }
}
