//! The blocks that peers want of us: who gets which, and when.

mod bucket;
mod ledger;

use std::{
    collections::{HashMap, VecDeque},
    num::NonZeroU32,
    sync::Arc,
    task::{Context, Poll},
    time::{Duration, Instant},
};

use futures_util::{FutureExt, StreamExt, future::BoxFuture, stream::FuturesUnordered};
use libp2p::PeerId;
use tokio::time::Sleep;
use universal_p2p_core::Dial;

use super::message::{Entry, Hash, Message, Payload};
use crate::node::Held;
use bucket::Bucket;
use ledger::{Batch, Ledger};

/// The most answers under way to one peer.
const TO_ONE: usize = 4;

/// The bytes under way to all peers beyond which none has a second answer under way.
const MANY: u64 = 8 << 20;

/// The bytes under way to all peers beyond which no more is read.
const MOST: u64 = 32 << 20;

/// How long one answer may take while others wait.
const SLOW: Duration = Duration::from_secs(10);

/// How many wants of blocks that were not held are looked at again at once.
const LOOKS: usize = 1024;

/// An answer that was put together.
struct Answer {
    peer: PeerId,
    bytes: u64,
    message: Message,
}

/// What every peer wants, and what is on the way to it.
pub(crate) struct Server {
    held: Arc<dyn Held>,
    ledgers: HashMap<PeerId, Ledger>,
    /// Peers to be answered, the one that waits the longest first.
    turns: VecDeque<PeerId>,
    reads: FuturesUnordered<BoxFuture<'static, Answer>>,
    bytes: u64,
    bucket: Bucket,
    pause: Option<std::pin::Pin<Box<Sleep>>>,
}

impl Server {
    /// Serves what is held, at so many bytes a second in all.
    pub(crate) fn new(held: Arc<dyn Held>, limit: &Dial<Option<NonZeroU32>>) -> Self {
        Self {
            held,
            ledgers: HashMap::new(),
            turns: VecDeque::new(),
            reads: FuturesUnordered::new(),
            bytes: 0,
            bucket: Bucket::new(limit, Instant::now()),
            pause: None,
        }
    }

    /// A peer says what it wants and what it no longer wants.
    pub(crate) fn wants(&mut self, peer: PeerId, full: bool, entries: &[Entry]) {
        let ledger = self.ledgers.entry(peer).or_default();
        if full {
            ledger.clear();
        }
        for entry in entries {
            ledger.enter(entry, |hash| self.held.has(hash));
        }
        self.queue(peer);
    }

    /// Answers on the way to a peer are lost with the connection.
    pub(crate) fn lost(&mut self, peer: &PeerId) {
        if let Some(ledger) = self.ledgers.get_mut(peer) {
            let under_way = ledger.under_way.drain(..);
            self.bytes -= under_way.map(|(bytes, _)| bytes).sum::<u64>();
        }
    }

    /// A peer is gone.
    pub(crate) fn gone(&mut self, peer: &PeerId) {
        self.lost(peer);
        self.ledgers.remove(peer);
    }

    /// The oldest answer to a peer is written.
    pub(crate) fn answered(&mut self, peer: PeerId) {
        if let Some(ledger) = self.ledgers.get_mut(&peer)
            && let Some((bytes, _)) = ledger.under_way.pop_front()
        {
            self.bytes -= bytes;
        }
        self.queue_all();
    }

    /// Looks whether what peers want came to be held, and says who is to be left, because it reads so
    /// slowly that others wait. Called about once a second.
    pub(crate) fn look(&mut self, now: Instant) -> Vec<PeerId> {
        let mut looks = LOOKS;
        for ledger in self.ledgers.values_mut() {
            looks -= ledger.look(looks, |hash| self.held.has(hash));
            if looks == 0 {
                break;
            }
        }
        self.queue_all();
        if self.bytes < MANY {
            return Vec::new();
        }
        let is_slow = |ledger: &Ledger| {
            let oldest = ledger.under_way.front();
            oldest.is_some_and(|(_, since)| now.saturating_duration_since(*since) > SLOW)
        };
        let ledgers = self.ledgers.iter();
        let slow = ledgers.filter(|(_, ledger)| is_slow(ledger));
        slow.map(|(peer, _)| *peer).collect()
    }

    fn queue_all(&mut self) {
        let peers: Vec<PeerId> = self.ledgers.keys().copied().collect();
        for peer in peers {
            self.queue(peer);
        }
    }

    /// Gives a peer its turn if there is anything for it.
    fn queue(&mut self, peer: PeerId) {
        if let Some(ledger) = self.ledgers.get_mut(&peer)
            && !ledger.is_queued
            && !ledger.is_idle()
        {
            ledger.is_queued = true;
            self.turns.push_back(peer);
        }
    }

    /// The next answer to be sent.
    pub(crate) fn poll(&mut self, cx: &mut Context<'_>) -> Poll<(PeerId, Message)> {
        loop {
            self.begin(cx);
            let Poll::Ready(Some(answer)) = self.reads.poll_next_unpin(cx) else {
                return Poll::Pending;
            };
            let length: usize = answer
                .message
                .payloads
                .iter()
                .map(|one| one.bytes.len())
                .sum();
            self.bucket.take(length as u64);
            self.bytes -= answer.bytes;
            let Some(ledger) = self.ledgers.get_mut(&answer.peer) else {
                continue;
            };
            // A peer that is back has a new ledger.
            ledger.reading = ledger.reading.saturating_sub(1);
            if answer.message == Message::default() {
                continue;
            }
            ledger.under_way.push_back((length as u64, Instant::now()));
            self.bytes += length as u64;
            return Poll::Ready((answer.peer, answer.message));
        }
    }

    /// Begins answers, one for each peer in turn.
    fn begin(&mut self, cx: &mut Context<'_>) {
        for _ in 0..self.turns.len() {
            if self.is_pausing(cx) {
                return;
            }
            let Some(peer) = self.turns.pop_front() else {
                return;
            };
            let Some(ledger) = self.ledgers.get_mut(&peer) else {
                continue;
            };
            ledger.is_queued = false;
            let begun = ledger.reading + ledger.under_way.len();
            let is_due = match self.bytes {
                MOST.. => false,
                MANY.. => begun == 0,
                _ => begun < TO_ONE,
            };
            // It is given its turn again when an answer is written.
            if is_due && let Some(batch) = ledger.batch() {
                ledger.reading += 1;
                self.bytes += batch.bytes;
                let held = Arc::clone(&self.held);
                self.reads.push(read(held, peer, batch).boxed());
                self.queue(peer);
            }
        }
    }

    /// Whether the limit forbids to send anything now. Wakes when it no longer does.
    fn is_pausing(&mut self, cx: &mut Context<'_>) -> bool {
        if let Some(pause) = &mut self.pause {
            if pause.poll_unpin(cx).is_pending() {
                return true;
            }
            self.pause = None;
        }
        let Some(pause) = self.bucket.pause(Instant::now()) else {
            return false;
        };
        let mut pause = Box::pin(tokio::time::sleep(pause));
        let is_pausing = pause.poll_unpin(cx).is_pending();
        self.pause = Some(pause);
        is_pausing
    }
}

/// Reads the blocks of an answer.
async fn read(held: Arc<dyn Held>, peer: PeerId, batch: Batch) -> Answer {
    let mut message = Message {
        presences: batch.presences,
        ..Message::default()
    };
    for cid in batch.blocks {
        let hash: &Hash = cid.hash();
        match held.read(hash).await {
            Some(bytes) => message.payloads.push(Payload::of(&cid, bytes)),
            // It was given up since it was wanted.
            None => message.presences.push((cid, false)),
        }
    }
    Answer {
        peer,
        bytes: batch.bytes,
        message,
    }
}

#[cfg(test)]
mod tests;
