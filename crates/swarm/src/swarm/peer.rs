//! One connected peer, as the state of the swarm sees it.

use std::{collections::VecDeque, net::SocketAddr, sync::Arc, time::Duration};

use librqbit_core::hash_id::Id20;
use tokio::sync::Notify;

use crate::{
    Bits, Block, Pieces,
    schedule::{self, Pace, PeerKey, Trust},
    wire::{
        Message, Request,
        extended::{DontHave, ExtensionIds},
    },
};

/// Requests of ours that a peer takes at most while it has not said more (BEP 10 reqq).
const USUAL_REQUESTS: u32 = 250;

/// Requests of theirs that wait at most; more are refused.
pub(super) const MOST_UPLOADS: usize = 250;

/// Outgoing messages of a peer that does not read, in bytes. With more it is dropped.
const MOST_OUTGOING: usize = 2 << 20;

/// Cancelled blocks that are remembered, because they may still come.
const MOST_STRAYS: usize = 1024;

/// A peer that has shaken hands.
pub(super) struct Newcomer {
    pub(super) address: SocketAddr,
    pub(super) id: Id20,
    /// Whether we dialled it, so that others can too.
    pub(super) outgoing: bool,
    /// A web server (BEP 19): it has everything, and there is no protocol.
    pub(super) web: bool,
    /// Whether it speaks the fast extension (BEP 6).
    pub(super) fast: bool,
    /// Whether it speaks extended messages (BEP 10).
    pub(super) extended: bool,
    /// Whether it has a DHT node (BEP 5).
    pub(super) dht: bool,
    /// What others are told of how it is reached (BEP 11).
    pub(super) flags: u8,
    /// Told when there is something to send.
    pub(super) wake: Arc<Notify>,
}

/// One connected peer.
pub(super) struct Peer {
    pub(super) address: SocketAddr,
    pub(super) id: Id20,
    pub(super) outgoing: bool,
    pub(super) web: bool,
    pub(super) fast: bool,
    pub(super) extended: bool,
    pub(super) dht: bool,
    pub(super) flags: u8,
    pub(super) since: Duration,
    /// Where others reach it, if that is known.
    pub(super) listens_at: Option<SocketAddr>,
    pub(super) have: Bits,
    /// Whether it has said what it has.
    pub(super) introduced: bool,
    pub(super) chokes_us: bool,
    pub(super) choked: bool,
    pub(super) interested: bool,
    pub(super) wanted: bool,
    pub(super) upload_only: bool,
    pub(super) allowed_fast: Vec<u32>,
    pub(super) ids: ExtensionIds,
    pub(super) most_requests: u32,
    pub(super) pace: Pace,
    pub(super) trust: Trust,
    /// With this many requests outstanding it is time to plan again.
    pub(super) low_water: u32,
    /// Bytes of blocks it sent that nobody had asked for.
    pub(super) unasked: u64,
    pub(super) downloaded: u64,
    pub(super) uploads: VecDeque<Request>,
    pub(super) uploaded: u64,
    /// What it had sent and got at the last round of choking.
    pub(super) at_last_round: (u64, u64),
    /// When it was choked or unchoked last.
    pub(super) turned: Duration,
    /// Peers it was told of (BEP 11).
    pub(super) told: Vec<SocketAddr>,
    /// When it may be told again.
    pub(super) exchange_at: Duration,
    strays: VecDeque<Block>,
    /// What a web server is asked for.
    pub(super) blocks: VecDeque<Block>,
    outgoing_bytes: Vec<u8>,
    wake: Arc<Notify>,
    /// Why the connection is to be closed.
    pub(super) closing: Option<&'static str>,
}

impl Peer {
    pub(super) fn new(newcomer: Newcomer, pieces: u32, now: Duration) -> Self {
        let Newcomer {
            address,
            id,
            outgoing,
            web,
            fast,
            extended,
            dht,
            flags,
            wake,
        } = newcomer;
        Self {
            address,
            id,
            outgoing,
            web,
            fast,
            extended,
            dht,
            flags,
            since: now,
            listens_at: outgoing.then_some(address),
            have: if web {
                Bits::all(pieces)
            } else {
                Bits::none(pieces)
            },
            introduced: web,
            chokes_us: !web,
            choked: true,
            interested: false,
            wanted: false,
            upload_only: web,
            allowed_fast: Vec::new(),
            ids: ExtensionIds::default(),
            most_requests: USUAL_REQUESTS,
            pace: Pace::new(),
            trust: Trust::Unproven,
            low_water: 0,
            unasked: 0,
            downloaded: 0,
            uploads: VecDeque::new(),
            uploaded: 0,
            at_last_round: (0, 0),
            turned: now,
            told: Vec::new(),
            exchange_at: now,
            strays: VecDeque::new(),
            blocks: VecDeque::new(),
            outgoing_bytes: Vec::new(),
            wake,
            closing: None,
        }
    }

    /// As the scheduler sees it.
    pub(super) fn view(&self, key: PeerKey, now: Duration) -> schedule::Peer<'_> {
        schedule::Peer {
            key,
            have: &self.have,
            choked: self.chokes_us,
            allowed_fast: &self.allowed_fast,
            rate: self.pace.rate(now),
            delay: self.pace.delay(),
            growing: self.pace.growing(),
            most_requests: self.most_requests,
            trust: self.trust,
            snubbed: self.pace.is_snubbed(now),
        }
    }

    /// Puts a message into the outgoing queue.
    pub(super) fn send(&mut self, message: &Message<'_>) {
        if self.web || self.closing.is_some() {
            return;
        }
        message.write(&mut self.outgoing_bytes);
        if self.outgoing_bytes.len() > MOST_OUTGOING {
            self.close("it does not read what it is sent");
        }
        self.wake.notify_one();
    }

    /// Asks it for a block.
    pub(super) fn request(&mut self, block: Block, pieces: Pieces) {
        if self.web {
            self.blocks.push_back(block);
            self.wake.notify_one();
        } else {
            self.send(&Message::Request(request_of(block, pieces)));
        }
    }

    /// Takes a request back. The block may come all the same.
    pub(super) fn cancel(&mut self, block: Block, pieces: Pieces) {
        if self.web {
            self.blocks.retain(|waiting| *waiting != block);
            self.wake.notify_one();
        } else {
            self.send(&Message::Cancel(request_of(block, pieces)));
        }
        self.expect_stray(block);
    }

    /// Remembers that a block may come that is not asked for any more.
    pub(super) fn expect_stray(&mut self, block: Block) {
        if self.strays.len() >= MOST_STRAYS {
            self.strays.pop_front();
        }
        self.strays.push_back(block);
    }

    /// Whether a block was asked for and taken back; it is only once.
    pub(super) fn take_stray(&mut self, block: Block) -> bool {
        let at = self.strays.iter().position(|stray| *stray == block);
        at.and_then(|at| self.strays.remove(at)).is_some()
    }

    /// Tells a peer that knows the word for it that a piece is gone (BEP 54).
    pub(super) fn send_dont_have(&mut self, piece: u32) {
        if let Some(id) = self.ids.lt_donthave {
            let payload = DontHave(piece).encode();
            self.send(&Message::Extended {
                id,
                payload: &payload,
            });
        }
    }

    /// Refuses a request. Without the fast extension silence is all there is.
    pub(super) fn refuse(&mut self, request: Request) {
        if self.fast {
            self.send(&Message::Reject(request));
        }
    }

    /// Refuses what it waits for of a piece.
    pub(super) fn refuse_piece(&mut self, piece: u32) {
        let uploads = std::mem::take(&mut self.uploads);
        for request in uploads {
            if request.piece == piece {
                self.refuse(request);
            } else {
                self.uploads.push_back(request);
            }
        }
    }

    /// Tells the connection that there is something to send.
    pub(super) fn wake(&self) {
        self.wake.notify_one();
    }

    /// Has the connection closed.
    pub(super) fn close(&mut self, why: &'static str) {
        self.closing.get_or_insert(why);
        self.wake.notify_one();
    }

    /// Moves what is to be sent into a buffer, and says whether there was anything.
    pub(super) fn take_outgoing(&mut self, into: &mut Vec<u8>) -> bool {
        if into.is_empty() {
            std::mem::swap(&mut self.outgoing_bytes, into);
        } else {
            into.append(&mut self.outgoing_bytes);
        }
        !into.is_empty()
    }

    /// Bytes that wait to be sent.
    #[cfg(test)]
    pub(super) fn waiting_bytes(&self) -> usize {
        self.outgoing_bytes.len()
    }
}

/// The request for a block as it goes over the wire.
pub(super) fn request_of(block: Block, pieces: Pieces) -> Request {
    let bytes = pieces.bytes_of_block(block);
    let start = pieces.bytes_of(block.piece).start;
    let narrow = |number: u64| u32::try_from(number).expect("a piece has 32 bits of length");
    Request {
        piece: block.piece,
        begin: narrow(bytes.start - start),
        length: narrow(bytes.end - bytes.start),
    }
}
