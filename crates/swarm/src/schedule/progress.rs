//! What is there of the pieces, and who was asked for the rest.

mod asks;
mod begun;
mod whole;

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::time::Duration;

pub(super) use begun::{Begun, Unasked};

use crate::schedule::PeerKey;
use crate::schedule::progress::asks::Asks;
use crate::{Bits, Block, Pieces};

/// Which pieces are held, which blocks are there, and who was asked for what and when.
///
/// It takes only what it is told: a caller that gets blocks it did not ask for decides whether they
/// count ([`Arrival::asked_at`]), since each begun piece costs four bytes per block.
#[derive(Clone, Debug)]
pub(crate) struct Progress {
    pieces: Pieces,
    held: Bits,
    begun: HashMap<u32, Begun>,
    asks: Asks,
    touched: HashMap<PeerKey, BTreeMap<u32, u32>>,
    distrust: HashMap<u32, Distrust>,
}

/// What is remembered of a piece whose hash was wrong, until it is held.
#[derive(Clone, Debug, Default)]
struct Distrust {
    alone: BTreeSet<PeerKey>,
}

/// What a block that came changed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Arrival {
    /// When it was asked of the peer that sent it; `None`: it was not, or that was withdrawn.
    pub(crate) asked_at: Option<Duration>,
    /// Who else was asked for it, and is now to be told that nobody waits for it.
    pub(crate) others: Vec<PeerKey>,
    /// Whether it was there already, so that its bytes are wasted.
    pub(crate) duplicate: bool,
    /// Whether it was the last one of its piece, which is now to be hashed.
    pub(crate) completes_piece: bool,
}

impl Progress {
    /// Begins with the pieces that are held.
    pub(crate) fn new(pieces: Pieces, held: Bits) -> Self {
        Self {
            pieces,
            held,
            begun: HashMap::new(),
            asks: Asks::default(),
            touched: HashMap::new(),
            distrust: HashMap::new(),
        }
    }

    /// The pieces that are held.
    pub(crate) fn held(&self) -> &Bits {
        &self.held
    }

    /// Notes that a piece is held (its hash was right), or that it is not any more. Either way its
    /// blocks and the requests for them are forgotten.
    pub(crate) fn set_held(&mut self, piece: u32, held: bool) {
        self.forget(piece);
        self.held.set(piece, held);
        if held {
            self.distrust.remove(&piece);
        }
    }

    /// Notes that a block is asked of a peer. Asked of the same peer twice, it counts once.
    pub(crate) fn ask(&mut self, block: Block, peer: PeerKey, now: Duration) {
        if self.held.has(block.piece) || !self.asks.add(block, peer, now) {
            return;
        }
        self.begin(block.piece).asked(block.index, peer);
        self.touch(peer, block.piece);
    }

    /// Notes that a peer will not send a block: it was told to cancel, refused or choked us. Says
    /// whether it was asked.
    pub(crate) fn withdraw(&mut self, block: Block, peer: PeerKey) -> bool {
        if self.asks.remove(block, peer).is_none() {
            return false;
        }
        self.untouch(peer, block.piece, 1);
        self.release(block);
        true
    }

    /// Notes that a block came from a peer.
    pub(crate) fn arrive(&mut self, block: Block, peer: PeerKey, now: Duration) -> Arrival {
        let asked_at = self.asks.remove(block, peer);
        self.asks.hear(peer, now);
        if asked_at.is_some() {
            self.untouch(peer, block.piece, 1);
        }
        if self.has(block) {
            return Arrival {
                asked_at,
                others: Vec::new(),
                duplicate: true,
                completes_piece: false,
            };
        }
        let others = self.asks.peers_of(block);
        for other in &others {
            self.asks.remove(block, *other);
            self.untouch(*other, block.piece, 1);
        }
        self.touch(peer, block.piece);
        let begun = self.begin(block.piece);
        begun.arrive(block.index, peer);
        Arrival {
            asked_at,
            others,
            duplicate: false,
            completes_piece: begun.is_complete(),
        }
    }

    /// Whether a block is there; one that does not exist counts as there.
    pub(crate) fn has(&self, block: Block) -> bool {
        let exists = block.index < self.pieces.blocks_in(block.piece);
        let begun = self.begun.get(&block.piece);
        !exists || self.held.has(block.piece) || begun.is_some_and(|begun| begun.has(block.index))
    }

    /// Whether a block is asked of a peer.
    pub(crate) fn is_asked_of(&self, block: Block, peer: PeerKey) -> bool {
        self.asks.peers_of(block).contains(&peer)
    }

    /// Who is asked for a block, in the order of asking.
    pub(crate) fn askers(&self, block: Block) -> Vec<PeerKey> {
        self.asks.peers_of(block)
    }

    /// Forgets what was asked of a peer that is gone, and says how many blocks that were. What it
    /// sent stays known as its own.
    pub(crate) fn leave(&mut self, peer: PeerKey) -> u32 {
        let blocks: Vec<Block> = self.blocks_of(peer).collect();
        for block in &blocks {
            self.withdraw(*block, peer);
        }
        for piece in self.pieces_of(peer).collect::<Vec<_>>() {
            if let Some(begun) = self.begun.get_mut(&piece) {
                begun.disown(peer);
            }
        }
        blocks.len() as u32
    }

    /// How many blocks are asked of a peer.
    pub(crate) fn asked_of(&self, peer: PeerKey) -> u32 {
        self.asks.queue(peer).len() as u32
    }

    /// The blocks that are asked of a peer, oldest first.
    pub(crate) fn blocks_of(&self, peer: PeerKey) -> impl Iterator<Item = Block> + '_ {
        self.asks.queue(peer).iter().map(|(block, _)| *block)
    }

    /// The blocks that are asked of a peer and when, oldest first.
    pub(super) fn asks_of(
        &self,
        peer: PeerKey,
    ) -> impl ExactSizeIterator<Item = (Block, Duration)> + '_ {
        self.asks.queue(peer).iter().copied()
    }

    /// Since when a peer that owes blocks has sent nothing; `None`: it owes nothing.
    pub(super) fn silent_since(&self, peer: PeerKey) -> Option<Duration> {
        self.asks.silent_since(peer)
    }

    /// Takes note that the hash of a piece was wrong: every block of it is missing again, and it
    /// is next asked of one peer alone, if that can be. Returns the peers that sent it.
    pub(crate) fn reset(&mut self, piece: u32) -> Vec<PeerKey> {
        let contributors = self.contributors(piece);
        self.forget(piece);
        self.held.set(piece, false);
        let distrust = self.distrust.entry(piece).or_default();
        if let [alone] = contributors[..] {
            distrust.alone.insert(alone);
        }
        contributors
    }

    /// The peers whose blocks are in a piece that is begun, each once.
    pub(crate) fn contributors(&self, piece: u32) -> Vec<PeerKey> {
        let senders = self.begun.get(&piece).map(Begun::senders);
        let peers: BTreeSet<PeerKey> = senders.into_iter().flatten().collect();
        peers.into_iter().collect()
    }

    /// Whether all blocks of a piece are there, but it is not known yet whether its hash is right.
    pub(crate) fn is_being_checked(&self, piece: u32) -> bool {
        self.begun.get(&piece).is_some_and(Begun::is_complete)
    }

    /// A piece of which something is there or asked for.
    pub(super) fn begun(&self, piece: u32) -> Option<&Begun> {
        self.begun.get(&piece)
    }

    /// Whether the hash of a piece was wrong the last time.
    pub(super) fn is_retried(&self, piece: u32) -> bool {
        self.distrust.contains_key(&piece)
    }

    /// Whether a peer alone sent a piece whose hash was wrong.
    pub(super) fn spoiled_alone(&self, piece: u32, peer: PeerKey) -> bool {
        let distrust = self.distrust.get(&piece);
        distrust.is_some_and(|distrust| distrust.alone.contains(&peer))
    }

    /// The pieces in which a peer has sent blocks or is asked for some, and that are not held.
    pub(super) fn pieces_of(&self, peer: PeerKey) -> impl Iterator<Item = u32> + '_ {
        let pieces = self.touched.get(&peer);
        pieces.into_iter().flatten().map(|(piece, _)| *piece)
    }

    /// The pieces of which blocks are asked of anybody.
    pub(super) fn asked_pieces(&self) -> impl Iterator<Item = u32> + '_ {
        self.asks.pieces()
    }

    /// The blocks of a piece that are asked of somebody, and of whom.
    pub(crate) fn asks_in(&self, piece: u32) -> Vec<(PeerKey, Block)> {
        self.asks.in_piece(piece)
    }

    fn begin(&mut self, piece: u32) -> &mut Begun {
        let blocks = self.pieces.blocks_in(piece);
        self.begun
            .entry(piece)
            .or_insert_with(|| Begun::new(blocks))
    }

    /// Makes a block free to be asked of anybody, unless somebody else is asked for it.
    fn release(&mut self, block: Block) {
        if self.asks.is_asked(block) {
            return;
        }
        let Some(begun) = self.begun.get_mut(&block.piece) else {
            return;
        };
        begun.unask(block.index);
        if begun.is_untouched() {
            self.begun.remove(&block.piece);
        }
    }

    /// Drops all that is known of a piece's blocks.
    fn forget(&mut self, piece: u32) {
        for (peer, block) in self.asks.in_piece(piece) {
            self.asks.remove(block, peer);
            self.untouch(peer, piece, 1);
        }
        let senders = self.begun.remove(&piece);
        for peer in senders.iter().flat_map(Begun::senders) {
            self.untouch(peer, piece, 1);
        }
    }

    fn touch(&mut self, peer: PeerKey, piece: u32) {
        *self
            .touched
            .entry(peer)
            .or_default()
            .entry(piece)
            .or_default() += 1;
    }

    fn untouch(&mut self, peer: PeerKey, piece: u32, by: u32) {
        let Some(pieces) = self.touched.get_mut(&peer) else {
            return;
        };
        if let Some(count) = pieces.get_mut(&piece) {
            *count = count.saturating_sub(by);
            if *count == 0 {
                pieces.remove(&piece);
            }
        }
        if pieces.is_empty() {
            self.touched.remove(&peer);
        }
    }
}
